"""sync/releases.py: which releases are meant, and the URLs of documents about their files."""

import pytest

from source_pypi.selection import SelectedProject
from source_pypi.services.index.api import Index
from source_pypi.services.index.documents import Digests, Document, File, Info, Project
from source_pypi.services.index.documents.fingerprint import listed_fingerprint
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.services.index.locations import Locations
from source_pypi.sync.fetch import fetch_project
from source_pypi.sync.releases import MetadataSource, metadata_sources
from tests.fake_index import FakeIndex, World
from tests.sync.fetching import FOO, METADATA, PROVENANCE, Connect, plan, received

BASE = "https://files.test/packages"


@pytest.mark.parametrize(
    ("filenames", "chosen"),
    [
        (["foo-1.0-cp312-cp312-win32.whl", "foo-1.0-py3-none-any.whl", "foo-1.0.tar.gz"], "foo-1.0-py3-none-any.whl"),
        (["foo-1.0-py3-none-any.whl", "foo-1.0-py2-none-any.whl"], "foo-1.0-py2-none-any.whl"),
        (["foo-1.0-cp39-cp39-win32.whl", "foo-1.0-cp312-cp312-win32.whl"], "foo-1.0-cp312-cp312-win32.whl"),
        (["foo-1.0.tar.gz"], "foo-1.0.tar.gz"),
        (["foo-1.0.zip", "foo-1.0-py3.11.egg"], "foo-1.0.zip"),
        (["foo-1.0-py3.11.egg", "foo-1.0.win32.exe"], None),
    ],
)
def test_core_metadata_comes_from_one_file(
    world: World, fake: FakeIndex, connect: Connect, filenames: list[str], chosen: str | None
) -> None:
    """A release is described by the METADATA of a wheel for any platform, else of any wheel, else of the sdist."""
    for filename in filenames:
        world.upload("foo", "1.0", filename=filename, metadata=METADATA, core_metadata="0")
    result = fetch_project(connect(fake), SelectedProject(FOO), plan(DocumentKind.CORE_METADATA))
    assert list(result.documents.core_metadata) == ([] if chosen is None else [chosen])


def test_relative_urls_of_a_mirror_are_resolved(world: World, fake: FakeIndex, connect: Connect) -> None:
    """URLs that a mirror writes relative to a document are resolved against it; missing ones are left out."""
    files = [
        {"filename": "foo-1.tar.gz", "packagetype": "sdist", "url": "../../x/foo-1.tar.gz#a", "core-metadata": True}
    ]
    document = {"info": {"version": "1"}, "releases": {"1": files, "2": None}, "urls": files}
    world.override("/root/pypi/foo/json", document)
    page = {"files": [{"filename": "foo-1.tar.gz", "provenance": "../../p/1"}, {"filename": "b", "provenance": "q"}]}
    world.override("/root/simple/foo/", page)
    world.override("/root/x/foo-1.tar.gz.metadata", METADATA)
    world.override("/root/p/1", PROVENANCE)
    index = Index(connect(fake).client, Locations(f"{fake.url}/root"))
    result = fetch_project(index, SelectedProject(FOO), plan(DocumentKind.CORE_METADATA, DocumentKind.PROVENANCE))
    assert result.failures == {}
    assert list(result.documents.core_metadata) == list(result.documents.provenance) == ["foo-1.tar.gz"]
    assert [request.status for request in fake.requests] == [200] * 4


@pytest.mark.parametrize("where", ["url", "provenance"])
def test_broken_url_costs_its_document_only(world: World, fake: FakeIndex, connect: Connect, where: str) -> None:
    """A URL that does not parse costs the document that it leads to, and nothing else."""
    file = {"filename": "a.whl", "packagetype": "bdist_wheel", "core-metadata": True, where: "http://[x/a"}
    world.override("/pypi/foo/json", {"info": {"version": "1"}, "releases": {"1": [file]}})
    world.override("/simple/foo/", {"name": "foo", "files": [file]})
    result = fetch_project(
        connect(fake), SelectedProject(FOO), plan(DocumentKind.CORE_METADATA, DocumentKind.PROVENANCE)
    )
    assert {"project", "page"} <= received(result)


def test_where_metadata_is() -> None:
    """METADATA is at the file's URL, whose query it keeps; the digest listed of it, or of the file, identifies it."""
    digests = Digests(sha256="b" * 64)
    url = f"{BASE}/a.whl?token=1"
    verified = File(filename="a.whl", url=url, core_metadata={"sha256": "A" * 64}, digests=digests)
    by_file = File(filename="a.whl", url=url, core_metadata=True, digests=digests)
    bare = File(filename="a.whl", url=url, core_metadata=True)
    none = File(filename="a.whl", url=url, core_metadata=False)
    expected = f"{BASE}/a.whl.metadata?token=1"
    assert [sources_of(file) for file in (verified, by_file, bare, none)] == [
        [
            MetadataSource(
                "a.whl", f"{expected}#sha256={'a' * 64}", listed_fingerprint("a.whl", "a" * 64), verified=True
            )
        ],
        [MetadataSource("a.whl", expected, listed_fingerprint("a.whl", "b" * 64))],
        [MetadataSource("a.whl", expected)],
        [],
    ]
    assert listed_fingerprint("a.whl", "b").listed
    assert listed_fingerprint("a.whl", "b").etag is None
    assert not listed_fingerprint("a.whl", "b").same(listed_fingerprint("b.whl", "b"))


def sources_of(file: File) -> list[MetadataSource]:
    """Where the METADATA of a release with this file is."""
    project = Project(Info(version="1.0"), releases={"1.0": [file]})
    document = Document(f"{BASE}/doc", project, b"{}", None, None, ())
    return list(metadata_sources(document, ["1.0"]).values())
