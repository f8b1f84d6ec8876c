"""A plain client of package indexes, which shares no code with the product: what a page or a document says of files."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import urllib3

JSON, HTML = "application/vnd.pypi.simple.v1+json", "text/html"

_http = urllib3.PoolManager(retries=False, timeout=20)


@dataclass(frozen=True, slots=True)
class Response:
    """What came: the address that was asked, status, media type without parameters, headers, body."""

    url: str
    status: int
    media_type: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file, as a page or a document shows it. None: not said."""

    filename: str
    url: str
    hashes: Mapping[str, str] = field(default_factory=dict)
    size: int | None = None
    uploaded_at: datetime | None = None
    requires_python: str | None = None
    yanked: bool = False
    yanked_reason: str | None = None
    core_metadata: bool = False
    core_metadata_sha256: str | None = None


def ask(url: str, accept: str = HTML) -> Response:
    """Send a request, with the credentials that the address has, and follow no redirect."""
    parts = urlsplit(url)
    headers = {"Accept": accept}
    if parts.username is not None:
        headers |= urllib3.make_headers(basic_auth=unquote(f"{parts.username}:{parts.password}"))
    url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    answer = _http.request("GET", url, headers=headers, redirect=False)
    media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip()
    return Response(url, answer.status, media_type, dict(answer.headers), answer.data)


def files_of(response: Response) -> list[SeenFile]:
    """The files of a project page in either form, or of a project document, by name."""
    if response.media_type == HTML:
        page = _Page(response.url)
        page.feed(response.body.decode())
        page.close()
        return sorted(page.files, key=lambda file: file.filename)
    document = json.loads(response.body)
    if "files" in document:
        found = [_page_file(response.url, file) for file in document["files"]]
    else:
        releases = document.get("releases", {}).values()
        found = [_document_file(response.url, file) for files in releases for file in files]
    return sorted(found, key=lambda file: file.filename)


def _page_file(base: str, file: Mapping[str, Any]) -> SeenFile:
    """A file of a page as JSON (PEP 691, 700, 714)."""
    return SeenFile(
        file["filename"],
        urljoin(base, file["url"]),
        file["hashes"],
        file.get("size"),
        _time(file.get("upload-time")),
        file.get("requires-python") or None,
        *_yanked(file.get("yanked", False)),
        *_described(file.get("core-metadata", file.get("dist-info-metadata", False))),
    )


def _document_file(base: str, file: Mapping[str, Any]) -> SeenFile:
    """A file of a project document."""
    url = urljoin(base, file["url"])
    return SeenFile(
        file.get("filename") or _last(url),
        url,
        {name: digest for name, digest in file.get("digests", {}).items() if digest},
        file.get("size"),
        _time(file.get("upload_time_iso_8601") or file.get("upload_time")),
        file.get("requires_python"),
        bool(file.get("yanked")),
        file.get("yanked_reason"),
        *_described(file.get("core-metadata", False)),
    )


class _Page(HTMLParser):
    """Reads the links of a page as HTML (PEP 503, 592, 658, 714) that have a distribution's ending."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base
        self.files: list[SeenFile] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "base":
            self.base = urljoin(self.base, given.get("href") or "")
        if tag == "a" and (href := given.get("href")):
            url, _, fragment = urljoin(self.base, href).partition("#")
            if _last(url).endswith((".whl", ".tar.gz")):
                self.files.append(_link(url, fragment, given))


def _link(url: str, fragment: str, given: Mapping[str, str | None]) -> SeenFile:
    """A file of a page as HTML."""
    hashed = re.fullmatch(r"(\w+)[=-]([0-9a-f]+)", fragment)
    # proxpi writes the attribute without a value; pip takes anything that is no hash for "true".
    described = given.get("data-core-metadata", given.get("data-dist-info-metadata", "false")) or "true"
    yanked = given.get("data-yanked") or "data-yanked" in given
    return SeenFile(
        _last(url),
        url,
        {hashed[1]: hashed[2]} if hashed else {},
        None,
        None,
        given.get("data-requires-python") or None,
        *_yanked(yanked),
        *_described(dict([described.split("=", 1)]) if "=" in described else described != "false"),
    )


def _yanked(value: bool | str) -> tuple[bool, str | None]:
    return (True, value) if isinstance(value, str) else (value, None)


def _described(value: bool | Mapping[str, str]) -> tuple[bool, str | None]:
    return (value, None) if isinstance(value, bool) else (True, value.get("sha256"))


def _time(value: str | None) -> datetime | None:
    """A time; one without a zone is in UTC."""
    if not value:
        return None
    return datetime.fromisoformat(value if "+" in value or value.endswith("Z") else f"{value}+00:00")


def _last(url: str) -> str:
    """The last part of an address's path."""
    return unquote(urlsplit(url).path.rpartition("/")[2])
