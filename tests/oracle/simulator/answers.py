"""What a sound index answers: the way from a request's path to status, headers and body."""

import base64
import gzip
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.version import InvalidVersion, Version

from tests.oracle.simulator import documents, pages
from tests.oracle.simulator.documents import Site
from tests.oracle.simulator.model import DistFile, Index, Project, Release, normalized
from tests.oracle.simulator.provenance import provenance

_ROUTES = (
    ("project", re.compile(r"/pypi/(?P<project>[^/]+)/json/?")),
    ("release", re.compile(r"/pypi/(?P<project>[^/]+)/(?P<version>[^/]+)/json/?")),
    ("page", re.compile(r"/simple/(?P<project>[^/]+)/?")),
    ("list", re.compile(r"/simple/?")),
    ("stats", re.compile(r"/stats/?")),
    ("updates", re.compile(r"/rss/updates\.xml")),
    ("packages", re.compile(r"/rss/packages\.xml")),
    ("provenance", re.compile(r"/integrity/(?P<project>[^/]+)/(?P<version>[^/]+)/(?P<filename>[^/]+)/provenance")),
    ("metadata", re.compile(r"/packages/.+/(?P<filename>[^/]+)\.metadata")),
)


@dataclass(frozen=True)
class Question:
    """A request: its method and path, the kind of document that it asks for, and of what."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = "unknown"
    project: str = ""
    version: str = ""
    filename: str = ""

    @classmethod
    def of(cls, method: str, target: str, headers: dict[str, str]) -> "Question":
        """The question that a request asks, `headers` by their names in small letters."""
        path = urlsplit(target).path
        for kind, pattern in _ROUTES:
            if found := pattern.fullmatch(path):
                named = {name: unquote(text) for name, text in found.groupdict().items()}
                return cls(method, path, headers, kind, **named)
        return cls(method, path, headers)

    @property
    def key(self) -> str:
        """The normalised name of the project that is asked for, or whose file is; empty where none is."""
        return normalized(self.project or self.filename.partition("-")[0])


@dataclass(frozen=True)
class Answer:
    """A whole answer, before it is put on the wire."""

    status: int
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()

    def document(self) -> Any:
        """The body as JSON, unpacked."""
        packed = ("Content-Encoding", "gzip") in self.headers
        return json.loads(gzip.decompress(self.body) if packed else self.body)


_PAGE_JSON = "application/vnd.pypi.simple.v1+json"
_NO_DOCUMENT = Answer(404, "application/json", b'{"message": "Not Found"}')
_NO_PAGE = Answer(404, "text/plain; charset=UTF-8", b"404 Not Found")


def as_json(document: Any) -> bytes:
    """A document as the index writes it: sorted keys, no blanks, UTF-8, a line end."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def _release(project: Project | None, version: str) -> Release | None:
    """The release of that version, in any spelling."""
    if project is None:
        return None
    exact = [release for release in project.visible if release.version == version]
    return next(iter(exact or [one for one in project.visible if _same(one.version, version)]), None)


def _same(one: str, other: str) -> bool:
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return False


def _file(index: Index, filename: str) -> DistFile | None:
    every = (
        file for project in index.projects.values() for release in project.releases.values() for file in release.files
    )
    return next((file for file in every if file.filename == filename), None)


def _page(site: Site, index: Index, question: Question) -> Answer:
    project = index.projects.get(question.key)
    if question.kind == "page" and project is None:
        return _NO_PAGE
    if site.style.pages == "html" or "json" not in question.headers.get("accept", ""):
        text = pages.html_page(site, project) if project and question.kind == "page" else pages.html_listing(index)
        return Answer(200, "text/html; charset=utf-8", text.encode())
    document = pages.page(site, project) if project and question.kind == "page" else pages.listing(site, index)
    return Answer(200, _PAGE_JSON, as_json(document))


def _of_file(index: Index, question: Question) -> Answer:
    file = _file(index, question.filename)
    if question.kind == "metadata":
        if file is None or file.metadata is None:
            return _NO_PAGE
        return Answer(200, "application/octet-stream", file.metadata.encode())
    if file is None or not file.bundles:
        return Answer(404, "application/json", b'{"message":"No provenance available"}')
    return Answer(200, "application/vnd.pypi.integrity.v1+json", json.dumps(provenance(file), sort_keys=True).encode())


def _document(site: Site, index: Index, question: Question) -> Answer:
    project = index.projects.get(question.key)
    if question.kind == "project":
        found = documents.project_document(site, project) if project and project.has_document else None
    else:
        release = _release(project, question.version)
        found = documents.release_document(site, project, release) if project and release else None
    return _NO_DOCUMENT if found is None else Answer(200, "application/json", as_json(found))


def sound(site: Site, index: Index, question: Question) -> Answer:
    """The answer of a sound index, without regard to conditions and encodings."""
    is_there = site.style.documents or question.kind in {"page", "list", "metadata"}
    match question.kind if is_there else "unknown":
        case "project" | "release":
            return _document(site, index, question)
        case "page" | "list":
            return _page(site, index, question)
        case "provenance" | "metadata":
            return _of_file(index, question)
        case "stats":
            return Answer(200, "application/json", json.dumps(documents.statistics(index), sort_keys=True).encode())
        case "updates" | "packages" as kind:
            return Answer(200, "text/xml; charset=UTF-8", documents.feed(site, index, kind).encode())
    return _NO_PAGE


def conditioned(site: Site, question: Question, answer: Answer) -> Answer:
    """The answer as the client can take it: packed, with an ETag, or 304 where the client has it."""
    if answer.status != 200:
        return answer
    headers = [("Cache-Control", "max-age=600, public"), ("Vary", "Accept, Accept-Encoding")]
    body = answer.body
    if site.style.gzip and "gzip" in question.headers.get("accept-encoding", "") and len(body) > 200:
        body = gzip.compress(body, mtime=0)
        headers.append(("Content-Encoding", "gzip"))
    if site.style.etags != "none" and question.kind not in {"stats", "metadata"}:
        tag = '"' + base64.b64encode(hashlib.md5(body).digest()).decode().rstrip("=") + '"'
        headers.append(("ETag", f"W/{tag}" if site.style.etags == "weak" else tag))
        if tag in question.headers.get("if-none-match", ""):
            return Answer(304, "", b"", tuple(headers))
    return Answer(200, answer.content_type, body, tuple(headers))
