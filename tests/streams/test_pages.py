"""streams/_pages.py: a project page as a project document, and versions, files and projects made from it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from source_pypi.services.index.documents import Document, Page, open_document
from source_pypi.streams._pages import needs_page, releases_of, unreadable_names
from source_pypi.streams.files import files_rows
from source_pypi.streams.projects import projects_rows
from source_pypi.streams.stream import ProjectDocuments
from source_pypi.streams.versions import versions_rows
from tests.fake_index import World
from tests.services.index.documents.samples import encode
from tests.streams import documents_of, documents_with

URL = "http://index.test/simple/foo/"
SHA256 = "ab" * 32


def page_with(*files: dict[str, Any] | str, **values: Any) -> Document[Page]:
    """A page with these files; of a text, only the name is known."""
    listed = [{"filename": file} if isinstance(file, str) else file for file in files]
    return open_document(encode({"files": listed, **values}), Page, URL)


def with_page(page: Document[Page], document: Any = None) -> ProjectDocuments:
    """Documents of a project whose page completes its document, or stands for it."""
    opened = None if document is None else documents_with(document).document
    return ProjectDocuments(project="foo", document=opened, page=page, page_completes=True)


def values(rows: Any, *names: str) -> list[tuple[Any, ...]]:
    """Some values of each row."""
    return [tuple(getattr(row, name) for name in names) for row in rows]


def test_everything_that_a_page_says_of_a_file() -> None:
    """A row has what the page says; what it does not say is null."""
    page = page_with(
        {
            "filename": "foo-1.0-py3-none-any.whl",
            "url": "../../files/foo-1.0-py3-none-any.whl#sha256=00",
            "hashes": {"sha256": SHA256, "md5": "aa", "blake2b_256": "bb", "sha512": "cc"},
            "requires-python": ">=3.9",
            "size": 7,
            "upload-time": "2024-05-01T12:00:00+02:00",
            "yanked": "broken",
            "core-metadata": {"sha256": "dd"},
            "dist-info-metadata": False,
            "gpg-sig": True,
        }
    )
    (row,) = files_rows(with_page(page))
    told = {name: getattr(row, name) for name in row.__struct_fields__ if getattr(row, name) is not None}  # type: ignore[union-attr]
    assert told == {
        "project": "foo",
        "version": "1.0",
        "filename": "foo-1.0-py3-none-any.whl",
        "packagetype": "bdist_wheel",
        "python_version": "py3",
        "python_tags": ["py3"],
        "abi_tags": ["none"],
        "platform_tags": ["any"],
        "size": 7,
        "url": "http://index.test/files/foo-1.0-py3-none-any.whl",
        "md5": "aa",
        "sha256": SHA256,
        "blake2b_256": "bb",
        "has_core_metadata": True,
        "core_metadata_sha256": "dd",
        "uploaded_at": datetime(2024, 5, 1, 10, tzinfo=UTC),
        "requires_python": ">=3.9",
        "yanked": True,
        "yanked_reason": "broken",
        "has_sig": True,
        "source": "page",
    }


def test_file_of_which_only_the_name_is_known() -> None:
    """A file that the page only names has what its name says; without a mark it is not yanked (PEP 592)."""
    (row,) = files_rows(with_page(page_with("foo-1.0.tar.gz")))
    told = {name: getattr(row, name) for name in row.__struct_fields__ if getattr(row, name) is not None}  # type: ignore[union-attr]
    assert told == {
        "project": "foo",
        "version": "1.0",
        "filename": "foo-1.0.tar.gz",
        "packagetype": "sdist",
        "python_version": "source",
        "yanked": False,
        "source": "page",
    }


def test_versions_of_a_page() -> None:
    """Versions are those that the page lists and those of its files, in PEP 440's order, each once."""
    page = page_with("foo-1.0.tar.gz", "foo-1.0-py3-none-any.whl", "foo-10.0rc1.zip", "foo-2.0.tar.bz2", "foo-3.tgz")
    rows = list(versions_rows(with_page(page)))
    assert values(rows, "version", "file_count", "has_sdist", "has_wheel", "is_latest", "source") == [
        ("1.0", 2, True, True, False, "page"),
        ("2.0", 1, True, False, False, "page"),
        ("3", 1, True, False, True, "page"),
        ("10.0rc1", 1, True, False, False, "page"),
    ]


def test_spelling_and_versions_without_files() -> None:
    """A version is spelled as the page lists it (PEP 700); a listed version may have no files."""
    page = page_with("foo-1.0.0.tar.gz", "foo-2.tar.gz", versions=["0.9", "1.0"])
    assert {version: len(files or ()) for version, files in releases_of(page, "foo").items()} == {
        "0.9": 0,
        "1.0": 1,
        "2": 1,
    }


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([("1.0", False), ("2.0", False), ("3.0b1", False)], "2.0"),
        ([("1.0", False), ("2.0", "bad")], "1.0"),
        ([("1.0", True), ("2.0b1", False)], "2.0b1"),
        ([("1.0", True), ("2.0", True)], "2.0"),
        ([("1.9", False), ("1.10", False)], "1.10"),
        ([], None),
    ],
)
def test_latest_version(files: list[tuple[str, Any]], expected: str | None) -> None:
    """The latest is the highest stable version that is not yanked, else the highest pre-release, else the highest."""
    page = page_with(*({"filename": f"foo-{version}.zip", "yanked": yanked} for version, yanked in files))
    assert values(projects_rows(with_page(page)), "latest_version") == [(expected,)]


def test_project_of_a_page() -> None:
    """A project has counts, sizes and times of the page's files, what they say of the latest release, and a serial."""
    page = page_with(
        {"filename": "foo-1.0.zip", "size": 1, "upload-time": "2024-01-01T00:00:00Z"},
        {"filename": "foo-2.0.zip", "size": 2, "upload-time": "2024-02-01T00:00:00Z", "requires-python": ">=3.9"},
        name="foo",
        meta={"_last-serial": 7},
    )
    (row,) = projects_rows(with_page(page))
    told = {name: getattr(row, name) for name in row.__struct_fields__ if getattr(row, name) is not None}  # type: ignore[union-attr]
    assert told == {
        "project": "foo",
        "name": "foo",
        "latest_version": "2.0",
        "requires_python": ">=3.9",
        "yanked": False,
        "version_count": 2,
        "file_count": 2,
        "total_size": 3,
        "first_upload_at": datetime(2024, 1, 1, tzinfo=UTC),
        "last_upload_at": datetime(2024, 2, 1, tzinfo=UTC),
        "serial": 7,
        "source": "page",
    }


def test_page_completes_a_document_without_releases() -> None:
    """Versions and files that the document does not list come from the page; its own values stay."""
    latest = {"filename": "foo-2.0.zip", "url": "http://files.test/foo-2.0.zip", "yanked": True, "yanked_reason": "x"}
    page = page_with("foo-1.0.zip", {"filename": "foo-2.0.zip", "url": "other", "hashes": {"sha256": SHA256}})
    documents = with_page(page, {"info": {"version": "2.0", "summary": "s"}, "urls": [latest]})
    assert values(versions_rows(documents), "version", "file_count", "is_latest", "yanked", "source") == [
        ("2.0", 1, True, True, "document"),
        ("1.0", 1, False, False, "page"),
    ]
    assert values(files_rows(documents), "filename", "url", "sha256", "yanked_reason", "source") == [
        ("foo-2.0.zip", "http://files.test/foo-2.0.zip", SHA256, "x", "document"),
        ("foo-1.0.zip", None, None, None, "page"),
    ]
    assert values(projects_rows(documents), "summary", "version_count", "source") == [("s", 2, "document")]


def test_page_that_does_not_complete_changes_nothing() -> None:
    """If the document has everything, rows do not depend on whether another stream reads the page."""
    world = World()
    world.add("foo", ["1.0"])
    documents = documents_of(world, "foo")
    beside = ProjectDocuments(project="foo", document=documents.document, page=page_with("foo-9.zip"))
    for rows in (files_rows, versions_rows, projects_rows):
        assert list(rows(beside)) == list(rows(documents))


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"info": {}}, True),
        ({"info": {}, "releases": {}}, False),
        ({"info": {}, "releases": {"1": [{"url": "u"}]}}, True),
        ({"info": {}, "releases": {"1": [{"url": "u", "digests": {"md5": "a"}}]}}, True),
        ({"info": {}, "releases": {"1": [{"url": "u", "md5_digest": "a", "core-metadata": False}]}}, False),
    ],
)
def test_documents_that_leave_something_to_the_page(document: Any, expected: bool) -> None:
    """A document without releases, digests or word on METADATA leaves these to the page."""
    opened = documents_with(document).document
    assert opened is not None
    assert needs_page(opened.content) is expected


def test_names_without_a_version() -> None:
    """A file whose name has no version is in no release; its name is known."""
    page = page_with("foo.zip", "foo-1.0.zip", "README")
    assert unreadable_names(page.content, "foo") == ["foo.zip", "README"]
    assert values(files_rows(with_page(page)), "filename") == [("foo-1.0.zip",)]


def test_files_of_other_projects_on_a_page_make_no_rows() -> None:
    """A page that does not name its project may lead to files of others: these are no versions of the project."""
    page = page_with("foo-1.0.tar.gz", "Foo-1.1-py3-none-any.whl", "other-9.9.tar.gz", "foobar-9.8-py3-none-any.whl")
    assert values(versions_rows(with_page(page)), "version", "is_latest") == [("1.0", False), ("1.1", True)]
    assert values(files_rows(with_page(page)), "filename") == [("foo-1.0.tar.gz",), ("Foo-1.1-py3-none-any.whl",)]
    assert unreadable_names(page.content, "foo") == ["other-9.9.tar.gz", "foobar-9.8-py3-none-any.whl"]


def test_page_that_names_its_project_has_all_its_files() -> None:
    """Where a page names its project, each of its files is the project's, whatever its name begins with."""
    page = page_with("foo-1.0.tar.gz", "old-name-0.9.tar.gz", name="Foo")
    assert values(files_rows(with_page(page)), "filename") == [("old-name-0.9.tar.gz",), ("foo-1.0.tar.gz",)]


def test_file_that_a_page_lists_twice_counts_once() -> None:
    """Counts and sizes agree with the rows of files."""
    page = page_with(
        {"filename": "foo-1.0.zip", "url": "a", "size": 7}, {"filename": "foo-1.0.zip", "url": "b", "size": 8}
    )
    assert values(versions_rows(with_page(page)), "file_count", "total_size") == [(1, 7)]
    assert values(files_rows(with_page(page)), "url") == [("http://index.test/simple/foo/a",)]
