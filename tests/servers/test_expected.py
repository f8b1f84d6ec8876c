"""Each server says what expected.py has of it: asked with a plain client, not with the product."""

import hashlib
import json

import pytest

from tests.servers.claims import NOBODY
from tests.servers.conftest import Start
from tests.servers.expected import (
    INDEXES,
    ExpectedFile,
    Says,
    document_url,
    page_url,
    said_of,
)
from tests.servers.packages import PROJECTS
from tests.servers.plain import HTML, JSON, Response, SeenFile, ask, files_of
from tests.servers.servers import Server
from tests.servers.simulated import uploads_of

pytestmark = pytest.mark.servers
EACH_INDEX = pytest.mark.parametrize("name", INDEXES)
EACH_PROJECT = pytest.mark.parametrize("project", PROJECTS)


def as_expected(file: SeenFile, version: str) -> ExpectedFile:
    """What was seen, in the shape of what is expected."""
    return ExpectedFile(
        filename=file.filename,
        version=version,
        md5=file.hashes.get("md5"),
        sha256=file.hashes.get("sha256"),
        size=file.size,
        uploaded_at=file.uploaded_at,
        requires_python=file.requires_python,
        yanked=file.yanked,
        yanked_reason=file.yanked_reason,
        core_metadata=file.core_metadata,
        core_metadata_sha256=file.core_metadata_sha256,
    )


def compare(response: Response, says: Says, project: str) -> None:
    """The files of an answer are the uploads, and of each is said what should be."""
    uploads = sorted(uploads_of(project), key=lambda upload: upload.filename)
    versions = {upload.filename: upload.version for upload in uploads}
    assert response.status == 200
    seen = [as_expected(file, versions[file.filename]) for file in files_of(response)]
    assert seen == [said_of(says, upload) for upload in uploads]


@EACH_PROJECT
@EACH_INDEX
def test_page_as_html(start: Start, name: str, project: str) -> None:
    """The page as HTML says of each file what is recorded."""
    index, server = INDEXES[name], start(name)
    response = ask(page_url(server, project), HTML)
    assert response.media_type == HTML
    compare(response, index.html, project)


@EACH_PROJECT
@EACH_INDEX
def test_page_as_json(start: Start, name: str, project: str) -> None:
    """A client that prefers JSON gets it, and what is recorded; or HTML from a server that has no JSON."""
    index, server = INDEXES[name], start(name)
    response = ask(page_url(server, project), f"{JSON}, {HTML};q=0.1")
    assert response.media_type == (HTML if index.json is None else JSON)
    compare(response, index.json or index.html, project)


@EACH_PROJECT
@EACH_INDEX
def test_document(start: Start, name: str, project: str) -> None:
    """The project document says of each file what is recorded; or it has no releases, or there is none."""
    index, server = INDEXES[name], start(name)
    response = ask(document_url(index, server, project))
    if index.document is not None:
        # A folder behind a web server sends documents as text; a page is what says so.
        compare(Response(response.url, response.status, "", response.headers, response.body), index.document, project)
    elif response.status == 200:
        assert "releases" not in json.loads(response.body)
    else:
        assert response.status >= 400


@EACH_INDEX
def test_missing_project(start: Start, name: str) -> None:
    """A project that the server does not have is answered with the status that is recorded, and without files."""
    response = ask(page_url(start(name), NOBODY))
    assert response.status == INDEXES[name].missing
    if response.status == 200:
        assert files_of(response) == []


@EACH_INDEX
def test_list(start: Start, name: str) -> None:
    """There is a list of projects, or there is none."""
    response = ask(start(name).index)
    assert response.status == (200 if INDEXES[name].has_list else 404)


@EACH_INDEX
def test_download(start: Start, name: str) -> None:
    """The addresses of a page lead to the files, and those of the metadata to the metadata."""
    server = start(name)
    for file in files_of(ask(page_url(server, "small-example"), f"{JSON}, {HTML};q=0.1")):
        upload = next(upload for upload in uploads_of("small-example") if upload.filename == file.filename)
        assert _download(file.url, server) == upload.content
        if file.core_metadata:
            described = _download(_metadata_url(file.url), server)
            assert described.startswith(b"Metadata-Version: 2.1\nName: Small_Example\n")
            assert file.core_metadata_sha256 in (None, hashlib.sha256(described).hexdigest())


def _metadata_url(url: str) -> str:
    path, mark, query = url.partition("?")
    return f"{path}.metadata{mark}{query}"


def _download(url: str, server: Server) -> bytes:
    """A file, with the credentials of the index."""
    credentials, mark, _ = server.index.removeprefix("http://").rpartition("@")
    response = ask(f"http://{credentials}{mark}{url.removeprefix('http://')}", "*/*")
    assert response.status == 200
    return response.body
