"""``core_metadata``: a row for each file whose METADATA is read."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from textwrap import dedent
from typing import Any

import pytest
from msgspec.structs import replace

from source_pypi.errors import DamagedError
from source_pypi.services.index.api import Index
from source_pypi.services.index.documents import open_core_metadata
from source_pypi.streams._metadata import versions_of_files
from source_pypi.streams.core_metadata import STREAM, CoreMetadata, core_metadata_rows
from source_pypi.streams.stream import ProjectDocuments
from tests.batches import rows_in
from tests.fake_index import FakeIndex, World
from tests.streams import ROOT, documents_with
from tests.sync.helpers import read

Connect = Callable[..., Index]
WHEEL = "foo-1.0-py3-none-any.whl"


def metadata(headers: str, body: str = "") -> bytes:
    """A METADATA file with a version, a name, these headers and this description."""
    return f"Metadata-Version: 2.1\nName: foo\n{dedent(headers).strip()}\n{body and chr(10)}{body}".encode()


def documents_with_metadata(files: Mapping[str, bytes], project: Mapping[str, Any] | None = None) -> ProjectDocuments:
    """The documents of a project with the metadata of these files."""
    listed = {"info": {"version": "1.0"}, "releases": {"1.0": [{"filename": name} for name in files]}}
    opened = {name: open_core_metadata(body, f"{ROOT}/{name}.metadata") for name, body in files.items()}
    return replace(documents_with(project or listed), core_metadata=opened)


def rows(body: bytes) -> list[Any]:
    """The rows of one wheel's METADATA."""
    return list(core_metadata_rows(documents_with_metadata({WHEEL: body})))


def row(**changes: Any) -> CoreMetadata:
    """The row of a METADATA with only version and name, with these changes."""
    nothing: dict[str, Any] = dict.fromkeys(CoreMetadata.__struct_fields__)
    bare = {"project": "foo", "version": "1.0", "filename": WHEEL, "metadata_version": "2.1", "declared_name": "foo"}
    return CoreMetadata(**nothing | bare | changes)


def test_metadata_2_4() -> None:
    """Every field of metadata 2.4 has its column, and the description is the text below the headers."""
    body = dedent("""\
        Metadata-Version: 2.4
        Name: Foo
        Version: 1.0.0
        Dynamic: License-File
        Summary: Does foo.
        Keywords: web,wsgi
        Author: Ann Uthor
        Author-email: Ann Uthor <ann@example.com>
        Maintainer: Max
        Maintainer-email: max@example.com
        License-Expression: MIT
        License-File: LICENSE
        License-File: vendored/NOTICE
        Classifier: Typing :: Typed
        Classifier: Framework :: Flask
        Requires-Python: >=3.9
        Requires-Dist: werkzeug>=3
        Requires-Dist: asgiref>=3.2; extra == "async"
        Provides-Extra: async
        Project-URL: Docs, https://example.com/docs
        Project-URL: Changes, https://example.com/a,b
        Description-Content-Type: text/markdown

        # Foo

        caf\u00e9 \U0001f40d
        """).encode()
    assert rows(body) == [
        row(
            metadata_version="2.4",
            declared_name="Foo",
            declared_version="1.0.0",
            dynamic=["License-File"],
            summary="Does foo.",
            keywords=["web", "wsgi"],
            author="Ann Uthor",
            author_email="Ann Uthor <ann@example.com>",
            maintainer="Max",
            maintainer_email="max@example.com",
            license_expression="MIT",
            license_files=["LICENSE", "vendored/NOTICE"],
            classifiers=["Typing :: Typed", "Framework :: Flask"],
            requires_python=">=3.9",
            requires_dist=["werkzeug>=3", 'asgiref>=3.2; extra == "async"'],
            provides_extra=["async"],
            project_urls={"Docs": "https://example.com/docs", "Changes": "https://example.com/a,b"},
            description_content_type="text/markdown",
            description="# Foo\n\ncaf\u00e9 \U0001f40d\n",
        )
    ]


def test_old_metadata() -> None:
    """Old fields have columns, UNKNOWN is null, and a header may continue on further lines."""
    body = metadata("""
        Version: 1.0
        Summary: UNKNOWN
        Home-page: https://example.com/
        Download-URL: https://example.com/foo.zip
        Author: UNKNOWN
        License: BSD
                |All rights reserved.
        Keywords: web wsgi
        Platform: UNKNOWN
        Supported-Platform: linux-x86_64
        Requires: re
        Provides: foo
        Obsoletes: bar
        Provides-Dist: foo-core (1.0)
        Obsoletes-Dist: bar
        Requires-External: libfoo (>=1)
        Description: Does foo.
        """)
    assert rows(body) == [
        row(
            declared_version="1.0",
            home_page="https://example.com/",
            download_url="https://example.com/foo.zip",
            license="BSD\n        |All rights reserved.",
            keywords=["web", "wsgi"],
            supported_platforms=["linux-x86_64"],
            requires=["re"],
            provides=["foo"],
            obsoletes=["bar"],
            provides_dist=["foo-core (1.0)"],
            obsoletes_dist=["bar"],
            requires_external=["libfoo (>=1)"],
            description="Does foo.",
        )
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (metadata(""), {}),
        (metadata("Name: bar"), {"declared_name": None, "unparsed": {"name": ["foo", "bar"]}}),
        (metadata("SUMMARY: x\nsummary: y"), {"unparsed": {"summary": ["x", "y"]}}),
        (metadata("Summary: x\nX-Foo: 1\nx-foo: 2"), {"summary": "x", "unparsed": {"x-foo": ["1", "2"]}}),
        (metadata("Keywords: a\nKeywords: b"), {"unparsed": {"keywords": ["a", "b"]}}),
        (metadata("Keywords: a b, c,"), {"keywords": ["a b", "c"]}),
        (metadata("Keywords:"), {}),
        (metadata("Platform: any\nPlatform: UNKNOWN\nPlatform:"), {"platforms": ["any"]}),
        (metadata("Import-Name: foo\nImport-Name: _foo ; private"), {"import_names": ["foo", "_foo ; private"]}),
        (metadata("Import-Name:\nImport-Namespace: a.b"), {"import_names": [], "import_namespaces": ["a.b"]}),
        (
            metadata("Project-URL: https://example.com/\nProject-URL: Docs,\nProject-URL: , https://example.com/x"),
            {"project_urls": {"https://example.com/": None, "Docs": None, "": "https://example.com/x"}},
        ),
        (
            metadata("Project-URL: a, b\nProject-URL: a, c"),
            {"unparsed": {"project-url": ["a, b", "a, c"]}},
        ),
        (b"Metadata-Version: 2.1\nName: foo\nAuthor: Andr\xe9\n", {"unparsed": {"author": ["Andr\u00e9"]}}),
        ("Metadata-Version: 2.1\nName: foo\nAuthor: Andr\u00e9\n".encode(), {"author": "Andr\u00e9"}),
        (b"Metadata-Version: 2.1\nName: foo\n\nAndr\xe9\n", {"unparsed": {"description": ["Andr\u00e9\n"]}}),
        (
            metadata("Description: x\nSummary: s", "y\n"),
            {"summary": "s", "unparsed": {"description": ["x", "y\n"]}},
        ),
        (
            metadata("Content-Type: multipart/mixed; boundary=b", "--b\n\nx\n--b--\n"),
            {"unparsed": {"content-type": ["multipart/mixed; boundary=b"], "description": ["--b\n\nx\n--b--\n"]}},
        ),
        (metadata("no header\nSummary: x"), {"description": "no header\nSummary: x\n"}),
        (metadata("Summary: x", "UNKNOWN\n").replace(b"\n", b"\r\n"), {"summary": "x"}),
        (metadata("", "UNKNOWN\n\n\n"), {}),
        (metadata("", "\n text \n"), {"description": "\n\n text \n"}),
        (metadata("", " \n"), {}),
        (metadata("Metadata-Version: 1"), {"metadata_version": None, "unparsed": {"metadata-version": ["2.1", "1"]}}),
    ],
)
def test_invalid_headers_are_kept_unparsed(body: bytes, expected: dict[str, Any]) -> None:
    """Headers that cannot be parsed are kept by name, and empty ones are null."""
    assert rows(body) == [row(**expected)]


def test_version_that_lists_the_file() -> None:
    """A file has the first version that lists it, or the latest version if none is listed."""
    releases: dict[str, Any] = {"1.0": [{"filename": "a"}, {"url": "x"}], "1.0.0": [{"filename": "a"}], "0.9": None}
    project = {"info": {"version": "2.0"}, "releases": releases, "urls": [{"filename": "b"}, {"filename": "a"}]}
    document = documents_with(project).document
    assert document is not None
    assert versions_of_files(document.content) == {"a": "1.0", "b": "2.0"}


@pytest.mark.parametrize(
    "documents",
    [
        ProjectDocuments(project=None),
        ProjectDocuments(project="foo"),
        documents_with_metadata({}),
        documents_with_metadata({WHEEL: metadata("")}, {"info": {}, "releases": {"1.0": None}}),
    ],
)
def test_missing_documents_have_no_rows(documents: ProjectDocuments) -> None:
    """Without a document, or if it does not list the file, there are no rows."""
    assert list(core_metadata_rows(documents)) == []


# Over the wire --------------------------------------------------------------------------------------------------


def add_described_releases(world: World, *versions: str) -> None:
    """Add releases of foo with two wheels and an sdist, each with its own metadata."""
    for version in versions:
        for end in ("-cp312-cp312-win32.whl", "-py3-none-any.whl", ".tar.gz"):
            body = metadata(f"Version: {version}\nSummary: of {end}")
            world.upload("foo", version, filename=f"foo-{version}{end}", core_metadata="cc", metadata=body)


def url(world: World, filename: str) -> str:
    """The path of a file's METADATA."""
    found = world.file(filename)
    assert found is not None
    return f"/{found[2].path()}.metadata"


@pytest.mark.parametrize(
    ("requested", "versions"),
    [(("foo", "latest"), ["2.0"]), (("foo==1.0", "latest"), ["1.0"]), (("foo", "all"), ["1.0", "2.0"])],
)
def test_one_request_per_release(
    world: World, fake: FakeIndex, connect: Connect, requested: tuple[str, str], versions: list[str]
) -> None:
    """One project document and, per selected release, one request for its most general wheel."""
    add_described_releases(world, "1.0", "2.0")
    name, releases = requested
    (batch,) = read(connect(fake), [name], [STREAM], releases=releases)
    made = rows_in(batch)["core_metadata"]
    wheels = {version: f"foo-{version}-py3-none-any.whl" for version in versions}
    assert sorted(made, key=lambda one: one.version) == [
        row(version=version, filename=wheel, declared_version=version, summary="of -py3-none-any.whl")
        for version, wheel in wheels.items()
    ]
    assert fake.counts == {"/pypi/foo/json": 1, **{url(world, wheel): 1 for wheel in wheels.values()}}


def test_sdist_is_read_if_there_is_no_wheel(world: World, fake: FakeIndex, connect: Connect) -> None:
    """For a release without wheels, the sdist's metadata is read."""
    sdist = "foo-1.0.tar.gz"
    world.upload("foo", "1.0", filename=sdist, core_metadata="cc", metadata=metadata("Dynamic: Requires-Dist"))
    (batch,) = read(connect(fake), ["foo"], [STREAM])
    assert rows_in(batch) == {"core_metadata": [row(filename=sdist, dynamic=["Requires-Dist"])]}
    assert fake.counts == {"/pypi/foo/json": 1, url(world, sdist): 1}


@pytest.mark.parametrize("offered", [None, "cc"])
def test_release_without_metadata_has_no_row(
    world: World, fake: FakeIndex, connect: Connect, offered: str | None
) -> None:
    """A release that offers no metadata takes no request; if the metadata is missing, there is no row."""
    world.upload("foo", "1.0", filename=WHEEL, core_metadata=offered, metadata=None)
    (batch,) = read(connect(fake), ["foo"], [STREAM])
    assert (rows_in(batch), batch.failures) == ({"core_metadata": []}, {})
    requests = {} if offered is None else {url(world, WHEEL): 1}
    assert fake.counts == {"/pypi/foo/json": 1, **requests}


@pytest.mark.parametrize("spelling", [str.lower, str.upper])
def test_truncated_metadata_is_a_failure(
    world: World, fake: FakeIndex, connect: Connect, spelling: Callable[[str], str]
) -> None:
    """Metadata whose digest differs from the published one is a failure of the project's rows."""
    whole = metadata("Summary: whole")
    digest, of_part = (sha256(body).hexdigest() for body in (whole, whole[:-2]))
    world.upload("foo", "1.0", filename=WHEEL, metadata=whole, core_metadata=spelling(digest))
    assert rows_in(*read(connect(fake), ["foo"], [STREAM])) == {"core_metadata": [row(summary="whole")]}
    fake.new_run()
    world.override(url(world, WHEEL), whole[:-2], "text/plain")
    (batch,) = read(connect(fake), ["foo"], [STREAM])
    place = f"{fake.url}{url(world, WHEEL)}"
    assert rows_in(batch) == {}
    assert str(batch.failures["core_metadata"]) == str(DamagedError(place, digest, of_part))


def test_response_that_is_not_metadata_is_a_failure(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A response that is not metadata is a failure of the project's rows, with the URL."""
    world.upload("foo", "1.0", filename=WHEEL, metadata=b"<html>")
    (batch,) = read(connect(fake), ["foo"], [STREAM])
    assert rows_in(batch) == {}
    place = f"{fake.url}{url(world, WHEEL)}"
    assert str(batch.failures["core_metadata"]).startswith(f"{place}: expected core metadata")
