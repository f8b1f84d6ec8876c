"""``versions``: a row for each version of a project, with or without files."""

from datetime import UTC, datetime
from typing import Any

import pytest

from source_pypi.standards.versions import sort_key
from source_pypi.streams.stream import ProjectDocuments
from source_pypi.streams.versions import Version, versions_rows
from tests.fake_index import World
from tests.streams import documents_of, documents_with


def versions(document: dict[str, Any]) -> list[Any]:
    """The rows of a document."""
    return list(versions_rows(documents_with(document)))


def row_with(text: str, **changes: Any) -> Version:
    """The row of a plain final version without files, with these changes."""
    plain: dict[str, Any] = {
        "project": "foo",
        "version": text,
        "valid_pep440": True,
        "normalized_version": text,
        "sort_key": sort_key(text),
        "is_prerelease": False,
        **dict.fromkeys(
            ("pre", "post", "dev", "local", "first_upload_at", "last_upload_at", "first_seen_at", "requires_python")
        ),
        "file_count": 0,
        "total_size": 0,
        "has_sdist": False,
        "has_wheel": False,
        "yanked": None,
        "yanked_reason": None,
        "is_latest": False,
        "source": "document",
    }
    if changes.get("file_count") and "total_size" not in changes:
        plain["total_size"] = None  # the files do not say
    return Version(**plain | changes)


def test_versions_of_the_index() -> None:
    """Each version is a row, in the document's order, with the summary of its files."""
    world = World()
    world.release("foo", "2.0", {"requires_python": ">=3.9"})
    world.upload("foo", "2.0", filename="foo-2.0.tar.gz", size=100, uploaded_at="2024-05-01T12:00:00")
    world.upload("foo", "2.0", filename="foo-2.0-py3-none-any.whl", size=20, uploaded_at="2024-05-02T12:00:00")
    world.upload("foo", "10.0b1", filename="foo-10.0b1.tar.gz", size=3, uploaded_at="2024-06-01T00:00:00")
    world.upload("foo", "1.0", filename="foo-1.0-py2.7.egg", size=4, uploaded_at="2010-01-01T00:00:00")
    world.release("foo", "0.1")
    world.yank("foo", "1.0", "too old")
    times = [datetime(2024, 5, 1, 12, tzinfo=UTC), datetime(2024, 5, 2, 12, tzinfo=UTC)]
    june, long_ago = datetime(2024, 6, 1, tzinfo=UTC), datetime(2010, 1, 1, tzinfo=UTC)
    assert list(versions_rows(documents_of(world, "foo"))) == [
        row_with("0.1"),
        row_with(
            "1.0",
            first_upload_at=long_ago,
            last_upload_at=long_ago,
            file_count=1,
            total_size=4,
            yanked=True,
            yanked_reason="too old",
        ),
        row_with(
            "10.0b1",
            is_prerelease=True,
            pre="b1",
            first_upload_at=june,
            last_upload_at=june,
            file_count=1,
            total_size=3,
            has_sdist=True,
            yanked=False,
        ),
        row_with(
            "2.0",
            first_upload_at=times[0],
            last_upload_at=times[1],
            file_count=2,
            total_size=120,
            has_sdist=True,
            has_wheel=True,
            requires_python=">=3.9",
            yanked=False,
            is_latest=True,
        ),
    ]


NOT_PEP_440: dict[str, Any] = {"valid_pep440": False, "normalized_version": None, "is_prerelease": None}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.0", {}),
        ("v1.0", {"normalized_version": "1.0"}),
        ("1.0.0", {}),
        ("01.00", {"normalized_version": "1.0"}),
        ("1.0-RC.2", {"normalized_version": "1.0rc2", "is_prerelease": True, "pre": "rc2"}),
        ("1.0alpha", {"normalized_version": "1.0a0", "is_prerelease": True, "pre": "a0"}),
        ("1.0-1", {"normalized_version": "1.0.post1", "post": 1}),
        ("1.0.dev3", {"is_prerelease": True, "dev": 3}),
        ("1.0.post0.dev0", {"is_prerelease": True, "post": 0, "dev": 0}),
        ("1.0+Ubuntu-1", {"normalized_version": "1.0+ubuntu.1", "local": "ubuntu.1"}),
        (
            "1!2.0b3.post4.dev5+x",
            {"is_prerelease": True, "pre": "b3", "post": 4, "dev": 5, "local": "x"},
        ),
        (f"1.post{2**63 - 1}", {"post": 2**63 - 1}),
        (f"1.post{2**63}", {}),
        (f"1.dev{10**30}", {"is_prerelease": True}),
        (f"1a{10**30}", {"is_prerelease": True, "pre": f"a{10**30}"}),
        ("2004d", NOT_PEP_440),
        ("1.0-final-x", NOT_PEP_440),
        ("", NOT_PEP_440),
        ("9" * 5000, NOT_PEP_440),
    ],
)
def test_version_is_parsed(text: str, expected: dict[str, Any]) -> None:
    """A row has the parts of PEP 440; a number that does not fit its column is only in the normal form."""
    assert versions({"info": {}, "releases": {text: []}}) == [row_with(text, **expected)]


@pytest.mark.parametrize(
    ("info", "files", "expected"),
    [
        ({}, None, {}),
        ({}, [{}], {"file_count": 1}),
        ({}, [{"yanked": False}], {"file_count": 1, "yanked": False}),
        ({}, [{"yanked": True}, {"yanked": None}], {"file_count": 2, "yanked": True}),
        ({}, [{"yanked": True}, {"yanked": False}], {"file_count": 2, "yanked": False}),
        ({"yanked": True, "yanked_reason": "x", "requires_python": ">=3"}, [], {}),
        (
            {"version": "1.0", "yanked": True, "yanked_reason": "x", "requires_python": ">=3"},
            [],
            {"is_latest": True, "yanked": True, "yanked_reason": "x", "requires_python": ">=3"},
        ),
        (
            {"version": "1.0", "yanked": True, "yanked_reason": "x", "requires_python": ">=3"},
            [{"yanked": False, "requires_python": ">=2"}],
            {"is_latest": True, "file_count": 1, "yanked": False, "requires_python": ">=2"},
        ),
        ({"version": "1.0.0"}, [], {}),
        (
            {},
            [{"requires_python": ""}, {"requires_python": ">=3", "yanked_reason": ""}, {"yanked_reason": "x"}],
            {"file_count": 3, "requires_python": ">=3", "yanked_reason": "x"},
        ),
        ({}, [{"size": 5}, {"size": None}, {"size": "7 MB"}], {"file_count": 3, "total_size": 5}),
        ({}, [{"packagetype": "bdist_wheel"}], {"file_count": 1, "has_wheel": True}),
        ({}, [{"packagetype": "sdist"}, {"packagetype": None}], {"file_count": 2, "has_sdist": True}),
        (
            {},
            [{"filename": "foo-1.0.tar.gz"}, {"url": "a/foo-1.0-py3-none-any.whl#x"}],
            {"file_count": 2, "has_sdist": True, "has_wheel": True},
        ),
        ({}, [{"filename": "foo-1.0.exe"}], {"file_count": 1}),
    ],
)
def test_values_of_files_come_before_those_of_the_release(
    info: dict[str, Any], files: Any, expected: dict[str, Any]
) -> None:
    """Values of the files come first; for the latest release, its metadata supplies missing ones."""
    assert versions({"info": info, "releases": {"1.0": files}}) == [row_with("1.0", **expected)]


def test_first_and_last_upload_in_utc() -> None:
    """The first and last uploads are compared in UTC; invalid times are ignored."""
    times = ["2024-01-01T00:00:00", "yesterday", "2024-01-01T01:00:00+02:00", None]
    files = [{"upload_time_iso_8601": time} for time in times]
    expected = row_with(
        "1.0",
        file_count=4,
        first_upload_at=datetime(2023, 12, 31, 23, tzinfo=UTC),
        last_upload_at=datetime(2024, 1, 1, tzinfo=UTC),
    )
    assert versions({"info": {}, "releases": {"1.0": files}}) == [expected]


def test_two_spellings_of_a_version_are_two_rows() -> None:
    """Two spellings of a version are two rows, as the index lists them."""
    rows = versions({"info": {"version": "1.0"}, "releases": {"1.0": [], "1.0.0": []}})
    assert rows == [row_with("1.0", is_latest=True), row_with("1.0.0")]
    assert rows[0].sort_key == rows[1].sort_key


def test_total_size_above_64_bits_is_null() -> None:
    """A total size that exceeds 64 bits is null."""
    (made,) = versions({"info": {}, "releases": {"1.0": [{"size": 2**63 - 1}, {"size": 2**63 - 1}]}})
    assert made.total_size is None or made.total_size < 2**63


@pytest.mark.parametrize("document", [{"info": {}}, {"info": {}, "releases": None}, {"info": {}, "releases": {}}])
def test_document_without_releases_has_no_rows(document: dict[str, Any]) -> None:
    """A document without releases has no rows."""
    assert versions(document) == []


def test_missing_document_has_no_rows() -> None:
    """Without a document there are no rows."""
    assert list(versions_rows(ProjectDocuments(project="foo"))) == []
    assert list(versions_rows(ProjectDocuments(project=None))) == []
