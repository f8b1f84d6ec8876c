"""What the entries of both feeds have in common: where they lead, what they say, and when."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_pypi.services.index.documents import Entry
from source_pypi.streams._feeds import project_path, published_at, summary


def an_entry(*, link: str | None = None, description: str | None = None, published: str | None = None) -> Entry:
    """An entry with nothing else in it."""
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
def test_where_an_entry_leads(link: str | None, expected: list[str]) -> None:
    """An entry leads to what stands behind ``/project/``, whatever stands before it; else it leads nowhere."""
    assert project_path(an_entry(link=link)) == expected


@pytest.mark.parametrize(
    ("description", "expected"),
    [("A framework", "A framework"), ("None", None), ("none", "none"), ("UNKNOWN", None), ("", None), (None, None)],
)
def test_summaries(description: str | None, expected: str | None) -> None:
    """A missing summary is null; the index writes it as the text None."""
    assert summary(an_entry(description=description)) == expected


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
def test_times(published: str | None, expected: datetime | None) -> None:
    """A time is told in UTC; what is no time of RFC 822 is null."""
    assert published_at(an_entry(published=published)) == expected


@given(st.text(), st.text(), st.text())
def test_whatever_an_entry_says(link: str, description: str, published: str) -> None:
    """No text in an entry can do more than be null."""
    entry = an_entry(link=f"http://index.test/project/{link}", description=description, published=published)
    assert all(project_path(entry))
    assert summary(entry) in (description, None)
    when = published_at(entry)
    assert when is None or when.tzinfo is UTC
