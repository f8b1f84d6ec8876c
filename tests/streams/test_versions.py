"""``versions``: a row for each version of a project, also one without files."""

from datetime import UTC, datetime
from typing import Any

import pytest

from source_pypi.standards.versions import sort_key
from source_pypi.streams.stream import ProjectDocuments
from source_pypi.streams.versions import Version, versions_rows
from tests.fake_index import World
from tests.streams import visit_to, visit_with


def versions(document: dict[str, Any]) -> list[Any]:
    """The rows that are made of a document."""
    return list(versions_rows(visit_with(document)))


def a_version(text: str, **given: Any) -> Version:
    """The row of a plain final version without files, but for what is given."""
    plain: dict[str, Any] = {
        "project": "foo",
        "version": text,
        "valid_pep440": True,
        "normalized_version": text,
        "sort_key": sort_key(text),
        "is_prerelease": False,
        **dict.fromkeys(("pre", "post", "dev", "local", "first_upload_at", "last_upload_at", "requires_python")),
        "file_count": 0,
        "total_size": 0,
        "has_sdist": False,
        "has_wheel": False,
        "yanked": None,
        "yanked_reason": None,
        "is_latest": False,
    }
    if given.get("file_count") and "total_size" not in given:
        plain["total_size"] = None  # the files do not say
    return Version(**plain | given)


def test_versions_of_the_index() -> None:
    """There is a row for each version in the document's order, with what its files tell."""
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
    assert list(versions_rows(visit_to(world, "foo"))) == [
        a_version("0.1"),
        a_version(
            "1.0",
            first_upload_at=long_ago,
            last_upload_at=long_ago,
            file_count=1,
            total_size=4,
            yanked=True,
            yanked_reason="too old",
        ),
        a_version(
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
        a_version(
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
def test_what_pep_440_reads(text: str, expected: dict[str, Any]) -> None:
    """A version is told in PEP 440's parts; what does not fit a column is still in the normal form."""
    assert versions({"info": {}, "releases": {text: []}}) == [a_version(text, **expected)]


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
            [{"yanked": False, "yanked_reason": "y", "requires_python": ">=2"}],
            {"is_latest": True, "file_count": 1, "yanked": False, "yanked_reason": "y", "requires_python": ">=2"},
        ),
        ({"version": "1.0.0"}, [], {}),
        (
            {},
            [{"requires_python": ""}, {"requires_python": ">=3", "yanked_reason": ""}, {"yanked_reason": "x"}],
            {"file_count": 3, "requires_python": ">=3", "yanked_reason": "x"},
        ),
        ({}, [{"size": 5}, {"size": None}, {"size": "7"}], {"file_count": 3, "total_size": 5}),
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
def test_what_the_files_tell(info: dict[str, Any], files: Any, expected: dict[str, Any]) -> None:
    """Files tell of their version first; of the latest release, its metadata tells what they do not."""
    assert versions({"info": info, "releases": {"1.0": files}}) == [a_version("1.0", **expected)]


def test_uploads() -> None:
    """First and last upload are compared in UTC, and times that cannot be read do not count."""
    times = ["2024-01-01T00:00:00", "yesterday", "2024-01-01T01:00:00+02:00", None]
    files = [{"upload_time_iso_8601": time} for time in times]
    expected = a_version(
        "1.0",
        file_count=4,
        first_upload_at=datetime(2023, 12, 31, 23, tzinfo=UTC),
        last_upload_at=datetime(2024, 1, 1, tzinfo=UTC),
    )
    assert versions({"info": {}, "releases": {"1.0": files}}) == [expected]


def test_two_spellings_of_a_version() -> None:
    """Versions that PEP 440 takes for one are two rows, as the index has two."""
    rows = versions({"info": {"version": "1.0"}, "releases": {"1.0": [], "1.0.0": []}})
    assert rows == [a_version("1.0", is_latest=True), a_version("1.0.0")]
    assert rows[0].sort_key == rows[1].sort_key


def test_a_sum_that_no_column_holds() -> None:
    """Sizes that add up to more than 64 bits do not make a row that no table can hold."""
    (made,) = versions({"info": {}, "releases": {"1.0": [{"size": 2**63 - 1}, {"size": 2**63 - 1}]}})
    assert made.total_size is None or made.total_size < 2**63


@pytest.mark.parametrize("document", [{"info": {}}, {"info": {}, "releases": None}, {"info": {}, "releases": {}}])
def test_no_releases_no_rows(document: dict[str, Any]) -> None:
    """A document that lists no releases gives no rows."""
    assert versions(document) == []


def test_no_document_no_rows() -> None:
    """Where there is no document there are no rows."""
    assert list(versions_rows(ProjectDocuments(project="foo"))) == []
    assert list(versions_rows(ProjectDocuments(project=None))) == []
