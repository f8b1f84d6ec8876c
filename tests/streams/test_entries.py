"""The entries of both feeds: link, summary and time."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_pypi.services.index.documents import Entry
from source_pypi.services.index.documents.feed import project_path
from source_pypi.streams._feeds import published_at, summary


def entry_with(*, link: str | None = None, description: str | None = None, published: str | None = None) -> Entry:
    """An entry with only these elements."""
    return Entry(title=None, link=link, description=description, author=None, published=published)


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("http://index.test/project/foo/1.0/", ["foo", "1.0"]),
        ("http://index.test/project/foo/1.0", ["foo", "1.0"]),
        ("http://index.test/project/foo/", ["foo"]),
        ("http://index.test/root/mirror/project/foo/1.0/", ["foo", "1.0"]),
        ("http://index.test/project/project/1.0/", ["project", "1.0"]),
        ("http://index.test/project/foo/1.0%2Bubuntu.1/", ["foo", "1.0+ubuntu.1"]),
        ("http://index.test/project/foo/1!2.0/", ["foo", "1!2.0"]),
        ("/project/foo/1.0/?a=b#c", ["foo", "1.0"]),
        ("http://index.test/project/", []),
        ("http://index.test/help/", []),
        ("http://[index.test/project/foo/1.0/", []),
        ("", []),
        (None, []),
    ],
)
def test_path_after_project(link: str | None, expected: list[str]) -> None:
    """The path of an entry is what follows ``/project/`` in its link; other links have none."""
    assert project_path(entry_with(link=link)) == expected


@pytest.mark.parametrize(
    ("description", "expected"),
    [("A framework", "A framework"), ("None", None), ("none", "none"), ("UNKNOWN", None), ("", None), (None, None)],
)
def test_missing_summary_is_null(description: str | None, expected: str | None) -> None:
    """A missing summary, which the index writes as the text None, is null."""
    assert summary(entry_with(description=description)) == expected


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ("Mon, 01 Jan 2024 12:34:56 GMT", datetime(2024, 1, 1, 12, 34, 56, tzinfo=UTC)),
        ("01 Jan 2024 12:34:56 -0000", datetime(2024, 1, 1, 12, 34, 56, tzinfo=UTC)),
        ("Mon, 01 Jan 2024 12:34:56 +0130", datetime(2024, 1, 1, 11, 4, 56, tzinfo=UTC)),
        ("2024-01-01T12:34:56Z", None),
        ("Mon, 99 Jan 2024 12:34:56 GMT", None),
        ("Mon, 01 Jan 99999 00:00:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -0100", None),
        ("Mon, 01 Jan 2024 12:34:56 +99999999999999999999", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_times_are_in_utc(published: str | None, expected: datetime | None) -> None:
    """A time is converted to UTC; an invalid RFC 822 time is null."""
    assert published_at(entry_with(published=published)) == expected


@given(st.text(), st.text(), st.text())
def test_any_text_is_accepted(link: str, description: str, published: str) -> None:
    """No text in an entry raises an error."""
    entry = entry_with(link=f"http://index.test/project/{link}", description=description, published=published)
    assert all(project_path(entry))
    assert summary(entry) in (description, None)
    when = published_at(entry)
    assert when is None or when.tzinfo is UTC
