"""documents/identity.py: a document of another project or version is an error and never a row."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from source_pypi.errors import DocumentError
from source_pypi.services.index.api import Index
from source_pypi.services.index.documents import Document
from tests.fake_index import FakeIndex, World, faults
from tests.fake_index.site import Answer
from tests.streams.provenance import attestation, attested, bundle, provenance, statement_of

Connect = Callable[..., Index]

WHEEL = "foo_bar-1.0-py2.py3-none-any.whl"
INFO = {"name": "Other.Project", "version": "1.0"}
CASES: dict[str, tuple[str, Any, Callable[[Index, str], Any], str, str]] = {
    "project document": (
        "/pypi/flask/json",
        {"info": INFO, "releases": {}},
        lambda index, root: index.project("flask"),
        "the project document of flask",
        "that of 'Other.Project'",
    ),
    "release document": (
        "/pypi/flask/1.0/json",
        {"info": INFO},
        lambda index, root: index.release("flask", "1.0"),
        "the release document of version 1.0 of flask",
        "that of 'Other.Project'",
    ),
    "another version": (
        "/pypi/flask/1.0/json",
        {"info": {"name": "flask", "version": "1.1"}},
        lambda index, root: index.release("flask", "1.0"),
        "the release document of flask 1.0",
        "that of '1.1'",
    ),
    "project page": (
        "/simple/flask/",
        {"name": "other-project", "files": []},
        lambda index, root: index.page("flask"),
        "the project page of flask",
        "that of 'other-project'",
    ),
    "page that names no project": (
        "/simple/flask/",
        {"files": [{"filename": "flask_sock-1.0-py3-none-any.whl"}, {"filename": "x.zip"}]},
        lambda index, root: index.page("flask"),
        "the project page of flask",
        "files of another one: 'flask_sock-1.0-py3-none-any.whl'",
    ),
    "HTML page": (
        "/simple/flask/",
        b'<!DOCTYPE html><title>Links for other</title><a href="/files/other_project-1.0.tar.gz">x</a>',
        lambda index, root: index.page("flask"),
        "the project page of flask",
        "files of another one: 'other_project-1.0.tar.gz'",
    ),
    "provenance": (
        "/integrity/flask/1.0/flask-1.0.tar.gz/provenance",
        attested("flask-2.0.tar.gz"),
        lambda index, root: index.provenance(
            f"{root}/integrity/flask/1.0/flask-1.0.tar.gz/provenance", filename="flask-1.0.tar.gz"
        ),
        "the provenance of flask-1.0.tar.gz",
        "that of 'flask-2.0.tar.gz'",
    ),
    "core metadata": (
        "/files/f.whl.metadata",
        b"Metadata-Version: 2.1\nName: other_project\nVersion: 1.0\n",
        lambda index, root: index.core_metadata(f"{root}/files/f.whl.metadata", project="flask"),
        "the core metadata of flask",
        "that of 'other_project'",
    ),
}


@pytest.fixture
def lenient(world: World) -> Iterator[FakeIndex]:
    """An index that may be asked twice: a document of another project is requested once more."""
    with FakeIndex(world, strict=False) as index:
        yield index


@pytest.mark.parametrize("case", CASES)
def test_document_of_another_project_is_an_error(world: World, lenient: FakeIndex, connect: Connect, case: str) -> None:
    """A document, page or METADATA of another project is an error that gives both names, after one more request."""
    fake = lenient
    path, body, request, expected, found = CASES[case]
    world.override(path, body)
    with pytest.raises(DocumentError) as caught:
        request(connect(fake), fake.url)
    assert caught.value.args == (fake.url + path, expected, found)
    assert [request.path for request in fake.requests] == [path, path]


@pytest.mark.parametrize(
    "name", ["flask_sqlalchemy", "Flask-SQLAlchemy", "FLASK.sqlalchemy", " flask--sqlalchemy ", None]
)
def test_names_are_compared_normalized(world: World, fake: FakeIndex, connect: Connect, name: str | None) -> None:
    """Another spelling of the name (PEP 503) is the same project, and so is a document without a name."""
    named = {} if name is None else {"name": name}
    world.override("/pypi/flask-sqlalchemy/json", {"info": named, "releases": {}})
    world.override("/pypi/flask-sqlalchemy/1.0/json", {"info": named})
    world.override("/simple/flask-sqlalchemy/", {**named, "files": []})
    index = connect(fake)
    responses = (
        index.project("flask-sqlalchemy"),
        index.release("flask-sqlalchemy", "1.0"),
        index.page("flask-sqlalchemy"),
    )
    assert [isinstance(response, Document) for response in responses] == [True] * 3


@pytest.mark.parametrize("version", ["1.0", "1.0.0", "v1", None])
def test_versions_are_compared_as_versions(
    world: World, fake: FakeIndex, connect: Connect, version: str | None
) -> None:
    """An equal version (PEP 440) is the requested one, and so is a document without a version."""
    world.override("/pypi/flask/1.0/json", {"info": {"name": "flask", "version": version}})
    assert isinstance(connect(fake).release("flask", "1.0"), Document)


@pytest.mark.parametrize(
    "document",
    [
        attested("Foo.Bar-1.0-py3.py2-none-any.whl"),
        provenance(
            bundle(attestation(statement=statement_of("other.zip")), attestation(statement=statement_of(WHEEL)))
        ),
        provenance(bundle(attestation(statement="no statement"), {}, {"envelope": 1})),
        provenance(),
    ],
    ids=["other spelling", "one of several", "unreadable", "empty"],
)
def test_provenance_of_a_file(world: World, lenient: FakeIndex, connect: Connect, document: dict[str, Any]) -> None:
    """Provenance is a file's if one statement names it in any spelling, or if no statement names a file."""
    path = f"/integrity/foo-bar/1.0/{WHEEL}/provenance"
    world.override(path, document)
    found = connect(lenient).provenance(lenient.url + path, filename=WHEEL)
    assert isinstance(found, Document)
    assert [request.path for request in lenient.requests] == [path]


def test_long_name_is_cut(world: World, lenient: FakeIndex, connect: Connect) -> None:
    """The message quotes the beginning of a long name."""
    world.override("/pypi/flask/json", {"info": {"name": "x" * 10_000}})
    with pytest.raises(DocumentError, match=re.escape(f"found that of {'x' * 60!r}:")):
        connect(lenient).project("flask")


def test_document_that_belongs_to_another_request_is_requested_again(
    world: World, lenient: FakeIndex, connect: Connect
) -> None:
    """If only one response belongs to another request, the document is read all the same."""
    world.add("flask")
    other = Answer(200, "application/json", b'{"info":{"name":"other"}}')
    lenient.fault("/pypi/flask/json", faults.Fault("other", other), times=1)
    document = connect(lenient).project("flask")
    assert isinstance(document, Document)
    assert document.content.info.name == "flask"


@pytest.mark.parametrize(
    ("received", "unchanged"), [(None, True), ("same", True), ("weak", True), ("coded", True), ('"other"', False)]
)
def test_304_with_another_etag(
    world: World, lenient: FakeIndex, connect: Connect, received: str | None, unchanged: bool
) -> None:
    """A 304 whose ETag is another one belongs to another request: the document is then requested in full."""
    world.add("flask")
    index = connect(lenient)
    first = index.project("flask")
    assert isinstance(first, Document)
    etag = first.etag or ""
    tag = {"same": etag, "weak": f"W/{etag}", "coded": f'{etag[:-1]}-gzip"'}.get(received or "", received)
    headers = () if tag is None else (("ETag", tag),)
    lenient.fault("/pypi/flask/json", faults.Fault("304", Answer(304, "application/json", b"", headers)), times=1)
    assert isinstance(index.project("flask", first.fingerprint), Document) is not unchanged


@pytest.mark.parametrize(("wrong", "right"), [("updates", "packages"), ("packages", "updates")])
def test_other_feed_is_an_error(world: World, lenient: FakeIndex, connect: Connect, wrong: str, right: str) -> None:
    """The feed of releases in the place of that of projects, or the reverse, is an error; an empty feed is none."""
    world.add("flask", releases=["1.0"])
    index = connect(lenient)
    requests = {"updates": index.recent_releases, "packages": index.recent_projects}
    body = index.client.get(f"{lenient.url}/rss/{right}.xml").body
    world.override(f"/rss/{wrong}.xml", body, "text/xml")
    with pytest.raises(DocumentError, match=f"/rss/{wrong}.xml"):
        requests[wrong]()
    world.override(f"/rss/{wrong}.xml", b"<rss><channel></channel></rss>", "text/xml")
    document = requests[wrong]()
    assert document is not None
    assert document.content.entries == ()


def test_document_without_a_name_is_requested_again(world: World, lenient: FakeIndex, connect: Connect) -> None:
    """Once an index has named its documents, one without a name is requested again over a new connection."""
    world.add("flask")
    world.override("/pypi/other/json", {"info": {}, "releases": {}})
    index = connect(lenient)
    assert isinstance(index.project("other"), Document)
    assert isinstance(index.project("flask"), Document)
    nameless = Answer(200, "application/json", b'{"info":{}}')
    lenient.fault("/pypi/flask/json", faults.Fault("nameless", nameless), times=1)
    document = index.project("flask")
    assert isinstance(document, Document)
    assert (document.content.info.name, lenient.connections) == ("flask", 2)
    assert isinstance(index.project("other"), Document)
    assert [request.path for request in lenient.requests].count("/pypi/other/json") == 3
