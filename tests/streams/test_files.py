"""``files``: a row for each distribution file."""

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from source_pypi.streams import STREAMS
from source_pypi.streams.files import File, files_rows
from source_pypi.streams.stream import ProjectDocuments
from tests.fake_index import World
from tests.streams import ROOT, documents_of, documents_with


def files(document: dict[str, Any]) -> list[Any]:
    """The rows of a document."""
    return list(files_rows(documents_with(document)))


def row_with(filename: str, **changes: Any) -> File:
    """The row of a file with only a name and these values."""
    nothing: dict[str, Any] = dict.fromkeys(File.__struct_fields__)
    return File(**nothing | {"project": "foo", "version": "1.0", "filename": filename, "source": "document"} | changes)


def test_file_of_two_projects() -> None:
    """Keys begin with the project: a project that drops a file leaves the row of another one that lists it."""
    row = row_with("shared-1.0.tar.gz")
    keyed = [one for one in STREAMS if "filename" in one.key]
    assert sorted(one.name for one in keyed) == ["attestations", "core_metadata", "files"]
    assert {one.key[:2] for one in keyed} == {("project", "filename")}
    (files_stream,) = (one for one in keyed if one.name == "files")
    keys = {tuple(getattr(one, name) for name in files_stream.key) for one in (row, replace(row, project="bar"))}
    assert keys == {("foo", "shared-1.0.tar.gz"), ("bar", "shared-1.0.tar.gz")}


def test_files_of_the_index() -> None:
    """Each file of each version is a row with what the index publishes and the parts of a wheel's name."""
    world = World()
    wheel, archive, egg = "foo-1.0-2-cp39.cp310-abi3-win32.win_amd64.whl", "foo-1.0.tar.gz", "foo-0.9-py2.7.egg"
    digests = {name: {"blake2b_256": f"{name[:4]:x<64}", "md5": "aa", "sha256": "bb"} for name in (wheel, archive, egg)}
    world.release("foo", "1.0", {"requires_python": ">=3.9"})
    when = "2024-05-01T12:00:00.000001"
    world.upload("foo", "1.0", filename=wheel, size=100, uploaded_at=when, digests=digests[wheel], core_metadata="cc")
    world.upload("foo", "1.0", filename=archive, size=20, uploaded_at=when, digests=digests[archive])
    world.upload(
        "foo", "0.9", filename=egg, size=0, uploaded_at="2010-01-01T00:00:00", digests=digests[egg], comment_text="egg"
    )
    world.yank("foo", "0.9", "too old")
    values: dict[str, Any] = {
        "md5": "aa",
        "sha256": "bb",
        "has_core_metadata": False,
        "has_sig": False,
        "yanked": False,
    }
    may = datetime(2024, 5, 1, 12, 0, 0, 1, UTC)
    assert list(files_rows(documents_of(world, "foo"))) == [
        row_with(
            egg,
            version="0.9",
            packagetype="bdist_egg",
            python_version="2.7",
            size=0,
            url=f"{ROOT}/{world.projects['foo'].releases['0.9'].files[egg].path()}",
            blake2b_256=digests[egg]["blake2b_256"],
            uploaded_at=datetime(2010, 1, 1, tzinfo=UTC),
            comment_text="egg",
            **values | {"yanked": True, "yanked_reason": "too old"},
        ),
        row_with(
            wheel,
            packagetype="bdist_wheel",
            python_version="cp39.cp310",
            build_tag="2",
            python_tags=["cp39", "cp310"],
            abi_tags=["abi3"],
            platform_tags=["win32", "win_amd64"],
            size=100,
            url=f"{ROOT}/{world.projects['foo'].releases['1.0'].files[wheel].path()}",
            blake2b_256=digests[wheel]["blake2b_256"],
            core_metadata_sha256="cc",
            uploaded_at=may,
            requires_python=">=3.9",
            **values | {"has_core_metadata": True},
        ),
        row_with(
            archive,
            packagetype="sdist",
            python_version="source",
            size=20,
            url=f"{ROOT}/{world.projects['foo'].releases['1.0'].files[archive].path()}",
            blake2b_256=digests[archive]["blake2b_256"],
            uploaded_at=may,
            requires_python=">=3.9",
            **values,
        ),
    ]


def test_files_of_a_mirror_with_few_keys() -> None:
    """Relative URLs of a mirror are made absolute, and missing values are null."""
    world = World()
    world.upload("foo", "1.0", filename="foo-1.0-py3-none-any.whl")
    (made,) = files_rows(documents_of(world, "foo", poverty=True))
    assert isinstance(made, File)
    path = world.projects["foo"].releases["1.0"].files["foo-1.0-py3-none-any.whl"].path()
    assert (made.url, made.has_core_metadata, made.core_metadata_sha256) == (f"{ROOT}/{path}", False, None)


WHEN = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, {}),
        (dict.fromkeys(("size", "url", "digests", "core-metadata", "upload_time", "yanked", "downloads")), {}),
        (dict.fromkeys(("packagetype", "python_version", "requires_python", "yanked_reason", "comment_text"), ""), {}),
        ({"packagetype": "UNKNOWN", "size": "5 MB", "yanked": 1, "digests": []}, {}),
        ({"downloads": -1}, {}),
        ({"downloads": 0}, {"downloads": 0}),
        ({"downloads": 7, "has_sig": True}, {"downloads": 7, "has_sig": True}),
        ({"core-metadata": False}, {"has_core_metadata": False}),
        ({"core-metadata": True}, {"has_core_metadata": True}),
        ({"core-metadata": {}}, {"has_core_metadata": True}),
        ({"core-metadata": {"sha256": "aa"}}, {"has_core_metadata": True, "core_metadata_sha256": "aa"}),
        ({"core-metadata": {"md5": "aa"}}, {"has_core_metadata": True}),
        ({"core-metadata": "yes"}, {}),
        ({"digests": {"md5": "aa"}, "md5_digest": "bb"}, {"md5": "aa"}),
        ({"digests": {"md5": "", "sha256": ""}, "md5_digest": "bb"}, {"md5": "bb"}),
        ({"md5_digest": "bb"}, {"md5": "bb"}),
        ({"upload_time_iso_8601": "2024-01-01T00:00:00Z", "upload_time": "2020-01-01T00:00:00"}, {"uploaded_at": WHEN}),
        ({"upload_time_iso_8601": "2024-01-01T02:00:00+02:00"}, {"uploaded_at": WHEN}),
        ({"upload_time": "2024-01-01T00:00:00"}, {"uploaded_at": WHEN}),
        ({"upload_time_iso_8601": "yesterday", "upload_time": "2024-01-01T00:00:00"}, {"uploaded_at": WHEN}),
        ({"upload_time_iso_8601": "0001-01-01T00:00:00+02:00"}, {}),
        ({"url": "../../a/foo.zip"}, {"url": f"{ROOT}/a/foo.zip"}),
        ({"url": "https://files.example.com/foo.zip"}, {"url": "https://files.example.com/foo.zip"}),
    ],
)
def test_values_of_a_file(values: dict[str, Any], expected: dict[str, Any]) -> None:
    """Missing values are null, and equivalent forms of a value give the same row."""
    rows = files({"info": {}, "releases": {"1.0": [{"filename": "foo-1.0.zip", **values}]}})
    assert rows == [row_with("foo-1.0.zip", **expected)]


@pytest.mark.parametrize(
    "filename", ["foo-1.0.tar.gz", "foo-1.0.whl", "foo-2004d-py3-none-any.whl", "f__o-1.0-py3-none-any.whl", "x"]
)
def test_tags_of_other_files_are_null(filename: str) -> None:
    """For a file that is not a wheel, or has an invalid name, the tags are null."""
    assert files({"info": {}, "releases": {"1.0": [{"filename": filename}]}}) == [row_with(filename)]


@pytest.mark.parametrize(
    ("listed", "filenames"),
    [
        ([{"url": "../../a/foo-1.0.zip#sha256=aa"}], ["foo-1.0.zip"]),
        ([{"filename": "", "url": "foo-1.0.zip"}], ["foo-1.0.zip"]),
        ([{"filename": "a.zip", "url": "b.zip"}], ["a.zip"]),
        ([{"url": "http://index.test/a/"}], []),
        ([{"url": ""}, {"filename": ""}, {}], []),
        ([{"filename": 1}], []),
        ([{"filename": "a"}, {"filename": "b"}, {"filename": "a"}], ["a", "b"]),
    ],
)
def test_file_without_a_name_has_that_of_its_url(listed: list[dict[str, Any]], filenames: list[str]) -> None:
    """A file without a name has the name in its URL; without either, or if the name is repeated, it has no row."""
    assert [row.filename for row in files({"info": {}, "releases": {"1.0": listed}})] == filenames


def test_first_version_that_lists_a_file_counts() -> None:
    """A file that two versions list belongs to the first."""
    listed = [{"filename": "a"}]
    assert files({"info": {}, "releases": {"1.0": listed, "1.0.0": listed}}) == [row_with("a")]


def test_files_under_urls_are_not_repeated() -> None:
    """Files under ``urls`` are also under ``releases``, and only the latter count."""
    assert files({"info": {}, "urls": [{"filename": "a"}], "releases": {}}) == []


@pytest.mark.parametrize(
    "document", [{"info": {}}, {"info": {}, "releases": None}, {"info": {}, "releases": {"1.0": [], "2.0": None}}]
)
def test_document_without_files_has_no_rows(document: dict[str, Any]) -> None:
    """A document without files has no rows."""
    assert files(document) == []


def test_missing_document_has_no_rows() -> None:
    """Without a document there are no rows."""
    assert list(files_rows(ProjectDocuments(project="foo"))) == []
    assert list(files_rows(ProjectDocuments(project=None))) == []
