"""Index products that cannot be installed here, simulated on the loopback.

    with Simulated(GitLab(fallback="http://127.0.0.1:8000/simple/")) as server:
        ... read from server.index ...
        assert server.asked == ["/api/v4/projects/1/packages/pypi/simple/tiny-tool/"]

They hold the uploads of packages.py. Nobody asked the products themselves: each class names the source, documentation
or report that its shapes come from, and what is assumed. For a variant, give the class other values:
``Nexus(algorithm="md5")``.
"""
# ruff: noqa: ARG002 - a product may ignore a part of the request

import base64
import hashlib
import html
import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import quote, unquote, urljoin, urlsplit

from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.servers.packages import (
    PROJECTS,
    REQUIRES,
    UPLOADED_AT,
    UPLOADS,
    Upload,
    is_yanked,
    metadata,
)

PAGE_JSON = "application/vnd.pypi.simple.v1+json"
PAGE_HTML = "application/vnd.pypi.simple.v1+html"
_LATEST_JSON, _LATEST_HTML = PAGE_JSON.replace("v1", "latest"), PAGE_HTML.replace("v1", "latest")
#: What every upload asks of Python.
REQUIRES_PYTHON = ">=3.9"
USER, PASSWORD = "reader", "open sesame"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent: status, body, and headers beside the length."""

    status: int
    body: bytes = b""
    content_type: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: path without the query, the media types of ``Accept``, the address of the server's root."""

    path: str
    accept: tuple[str, ...]
    base: str


@dataclass(frozen=True)
class Product:
    """What the products have in common: a list of projects, a page for each, and the files.

    fallback: where requests for missing projects are redirected to, an address that ends in ``/``; None: 404.
    """

    #: The path of the pages, as a user gives it to pip.
    root: ClassVar[str] = "/simple/"
    #: Whether it wants user name and password.
    is_private: ClassVar[bool] = False
    fallback: str | None = None

    def answer(self, asked: Asked) -> Answer:
        """Answer a request for a list, a page or anything else; files are answered before."""
        if not asked.path.startswith(self.root):
            return self.other(asked)
        name = asked.path.removeprefix(self.root).removesuffix("/")
        if not name:
            return self.listing(asked)
        return self.page(asked, name) if name in PROJECTS else self.missing(asked, name)

    def listing(self, asked: Asked) -> Answer:
        """Answer a request for the list of projects."""
        links = (f'<a href="{project}/">{project}</a><br/>' for project in PROJECTS)
        return _html_page("Simple Index", links)

    def page(self, asked: Asked, name: str) -> Answer:
        """Answer a request for a project's page."""
        return _html_page(f"Links for {name}", (self.link(asked, upload) for upload in uploads_of(name)))

    def link(self, asked: Asked, upload: Upload) -> str:
        """A file's anchor on the page."""
        return _anchor(f"{self.href(asked, upload)}#sha256={upload.sha256}", upload.filename)

    def href(self, asked: Asked, upload: Upload) -> str:
        """A file's address as the page has it, without a fragment."""
        raise NotImplementedError

    def missing(self, asked: Asked, name: str) -> Answer:
        """Answer a request for a project that is not there."""
        if self.fallback is None:
            return Answer(404, b"<html><body>Not Found</body></html>")
        return Answer(302, headers=(("Location", f"{self.fallback}{name}/"),))

    def other(self, asked: Asked) -> Answer:
        """Answer a request for something below another path."""
        return Answer(404, b"<html><body>Not Found</body></html>")

    def files(self, base: str) -> dict[str, bytes]:
        """What can be downloaded, by path."""
        found = {}
        for upload in UPLOADS:
            page = f"{self.root}{canonicalize_name(upload.project)}/"
            address = urljoin(f"{base}{page}", self.href(Asked(page, (), base), upload))
            found[unquote(urlsplit(address).path)] = upload.content
        return found


@dataclass(frozen=True)
class Artifactory(Product):
    """A local repository of JFrog Artifactory.

    Based on: renovate PR 44222, 2026-06 (the project document of a local repository has no ``releases``); warehouse
    issue 3275 and uv issue 1362 (paths); pip issue 10825 (the list: relative addresses without a slash at the end,
    ``api-version`` 2); uv PR 18823, 2026-04 (neither PEP 691 nor PEP 700). Assumed: the other keys of the document, and
    the form of the page as JSON, which only newer versions have (``as_json``).
    """

    root: ClassVar[str] = "/artifactory/api/pypi/pypi-local/simple/"
    as_json: bool = False

    def listing(self, asked: Asked) -> Answer:
        """Addresses end without a slash."""
        links = (f'<a href="{project}" rel="internal">{project}</a><br />' for project in PROJECTS)
        return _html_page("Simple Index", links, '<meta name="api-version" value="2" />')

    def page(self, asked: Asked, name: str) -> Answer:
        """HTML, or from newer versions JSON."""
        if self.as_json and PAGE_JSON in asked.accept:
            return _json_page(name, [_file(upload, self.href(asked, upload)) for upload in uploads_of(name)], "1.0")
        return super().page(asked, name)

    def link(self, asked: Asked, upload: Upload) -> str:
        """With what Python is required."""
        attributes = {"data-requires-python": REQUIRES_PYTHON, "rel": "internal"}
        return _anchor(f"{self.href(asked, upload)}#sha256={upload.sha256}", upload.filename, attributes)

    def href(self, asked: Asked, upload: Upload) -> str:
        """Relative, by name and version."""
        return f"../../{canonicalize_name(upload.project)}/{upload.version}/{upload.filename}"

    def other(self, asked: Asked) -> Answer:
        """The project document, which lists the files of the latest version alone."""
        name = asked.path.removeprefix("/artifactory/api/pypi/pypi-local/pypi/").removesuffix("/json")
        if name not in PROJECTS:
            return super().other(asked)
        latest = _latest(name)
        urls = [{"filename": u.filename, "url": self._url(asked, u)} for u in uploads_of(name) if u.version == latest]
        return _json({"info": _info(name), "urls": urls})

    def _url(self, asked: Asked, upload: Upload) -> str:
        return urljoin(f"{asked.base}{self.root}{canonicalize_name(upload.project)}/", self.href(asked, upload))


@dataclass(frozen=True)
class Nexus(Product):
    """A hosted or group repository of Sonatype Nexus.

    Based on: nexus-public, ``plugins/nexus-repository-pypi``, templates ``pypi-index.vm`` and ``pypi-root-index.vm``
    (HTML, ``rel="internal"``, ``data-requires-python`` where it is not empty); PR 49 (relative addresses); issues 296
    and 998, 2026-05 (no PEP 658, no PEP 700); jython-gradle-plugin issue 22 (no project documents). Assumed: that a
    group answers with an empty page when no member has the project (``is_group``); that files from an old index have
    MD5 fragments (``algorithm``).
    """

    root: ClassVar[str] = "/repository/pypi-group/simple/"
    is_group: bool = True
    algorithm: str = "sha256"

    def page(self, asked: Asked, name: str) -> Answer:
        """Also the page of a project that is not there."""
        links = (self.link(asked, upload) for upload in uploads_of(name))
        return _html_page(f"Links for {name}", links, '<meta name="api-version" value="2"/>')

    def missing(self, asked: Asked, name: str) -> Answer:
        """A group has an empty page."""
        return self.page(asked, name) if self.is_group else super().missing(asked, name)

    def link(self, asked: Asked, upload: Upload) -> str:
        """With what Python is required."""
        digest = hashlib.new(self.algorithm, upload.content, usedforsecurity=False).hexdigest()
        attributes = {"rel": "internal", "data-requires-python": REQUIRES_PYTHON}
        return _anchor(f"{self.href(asked, upload)}#{self.algorithm}={digest}", upload.filename, attributes)

    def href(self, asked: Asked, upload: Upload) -> str:
        """Relative, by name and version."""
        return f"../../packages/{canonicalize_name(upload.project)}/{upload.version}/{upload.filename}"


@dataclass(frozen=True)
class GitLab(Product):
    """The package registry of a GitLab project.

    Based on: gitlabhq, ``lib/api/pypi_packages.rb`` (paths, 302 to the public index for what the project does not
    have, both forms with the feature flag ``pypi_pep_691_json``), ``app/presenters/packages/pypi`` (absolute addresses
    with ``#sha256=``, also in the JSON form; ``data-requires-python`` on every link; version 1.0, no sizes, no times).
    """

    root: ClassVar[str] = "/api/v4/projects/1/packages/pypi/simple/"
    as_json: bool = False

    def listing(self, asked: Asked) -> Answer:
        """Absolute addresses without a slash at the end; the form that is asked for."""
        if self._wants_json(asked):
            projects = [{"name": project} for project in sorted(PROJECTS)]
            return _json({"meta": {"api-version": "1.0"}, "projects": projects}, f"{PAGE_JSON}; charset=utf-8")
        links = (_anchor(f"{asked.base}{self.root}{p}", p, {"data-requires-python": ""}) for p in PROJECTS)
        return _html_page("Links for example", links)

    def page(self, asked: Asked, name: str) -> Answer:
        """The form that is asked for."""
        if not self._wants_json(asked):
            return super().page(asked, name)
        files = [
            {
                "filename": upload.filename,
                "url": f"{self.href(asked, upload)}#sha256={upload.sha256}",
                "hashes": {"sha256": upload.sha256},
                "requires-python": REQUIRES_PYTHON,
            }
            for upload in uploads_of(name)
        ]
        return _json_page(name, files, "1.0", f"{PAGE_JSON}; charset=utf-8")

    def link(self, asked: Asked, upload: Upload) -> str:
        """With what Python is required."""
        attributes = {"data-requires-python": REQUIRES_PYTHON}
        return _anchor(f"{self.href(asked, upload)}#sha256={upload.sha256}", upload.filename, attributes)

    def href(self, asked: Asked, upload: Upload) -> str:
        """Absolute, by the digest."""
        return f"{asked.base}{self.root.removesuffix('simple/')}files/{upload.sha256}/{upload.filename}"

    def missing(self, asked: Asked, name: str) -> Answer:
        """A redirect, or an error object."""
        if self.fallback is None:
            return _json({"message": "404 Package Not Found"}, status=404)
        return super().missing(asked, name)

    def _wants_json(self, asked: Asked) -> bool:
        return self.as_json and any(kind in asked.accept for kind in (PAGE_JSON, _LATEST_JSON))


@dataclass(frozen=True)
class CodeArtifact(Product):
    """A repository of AWS CodeArtifact.

    Based on: its user guide, "Python compatibility" (no list of projects, no project documents, basic authentication;
    its newer version, with ``as_json``: API 1.1, JSON with sizes and times, 406 for an ``Accept`` header without any of
    its types); rules_python issue 2150 (the page, relative addresses); uv issue 1388 (addresses are relative to the
    page with a slash at its end). Assumed: that it sends the page without a redirect when the slash is missing.
    """

    root: ClassVar[str] = "/pypi/packages-prod/simple/"
    is_private: ClassVar[bool] = True
    as_json: bool = False

    def listing(self, asked: Asked) -> Answer:
        """There is none."""
        return self.missing(asked, "")

    def page(self, asked: Asked, name: str) -> Answer:
        """The form that is asked for; without a slash at the end the same page is sent."""
        known = {PAGE_JSON, PAGE_HTML, _LATEST_JSON, _LATEST_HTML, "text/html", "*/*"}
        if self.as_json and asked.accept and not known & set(asked.accept):
            return Answer(406)
        if self.as_json and any(kind in asked.accept for kind in (PAGE_JSON, _LATEST_JSON)):
            return _json_page(name, [_full_file(u, self.href(asked, u)) for u in uploads_of(name)], "1.1")
        return super().page(asked, name)

    def link(self, asked: Asked, upload: Upload) -> str:
        """With what Python is required."""
        attributes = {"data-requires-python": REQUIRES_PYTHON}
        return _anchor(f"{self.href(asked, upload)}#sha256={upload.sha256}", upload.filename, attributes)

    def href(self, asked: Asked, upload: Upload) -> str:
        """Relative to the page, by version."""
        return f"{upload.version}/{upload.filename}"


@dataclass(frozen=True)
class ArtifactRegistry(Product):
    """A repository of Google Artifact Registry.

    Based on: its documentation (PEP 503, basic authentication as ``oauth2accesstoken``); uv PR 14251 (paths). Assumed:
    that links have a sha256 fragment and no attributes, and that their addresses are relative.
    """

    root: ClassVar[str] = "/example/python/simple/"
    is_private: ClassVar[bool] = True

    def href(self, asked: Asked, upload: Upload) -> str:
        """Relative, by name."""
        return f"../../{canonicalize_name(upload.project)}/{upload.filename}"


@dataclass(frozen=True)
class Azure(Product):
    """A feed of Azure Artifacts.

    Based on: uv issue 10394, 2025-01 (a page: absolute addresses by name and version, ``#sha256=``,
    ``data-requires-python``, no times); its documentation (basic authentication). Assumed: that names stand in titles,
    lists and addresses as they were uploaded, in upper and lower case.
    """

    root: ClassVar[str] = "/example/_packaging/feed/pypi/simple/"
    is_private: ClassVar[bool] = True

    def listing(self, asked: Asked) -> Answer:
        """Names as they were uploaded."""
        names = dict.fromkeys(upload.project for upload in UPLOADS)
        return _html_page("Simple Index", (_anchor(f"{asked.base}{self.root}{name}/", name) for name in names))

    def answer(self, asked: Asked) -> Answer:
        """Any spelling of a name is answered."""
        head, found, name = asked.path.partition(self.root)
        return super().answer(Asked(f"{head}{found}{canonicalize_name(name)}", asked.accept, asked.base))

    def page(self, asked: Asked, name: str) -> Answer:
        """Titled with the name as it was uploaded."""
        uploads = uploads_of(name)
        return _html_page(f"Links for {uploads[0].project}", (self.link(asked, upload) for upload in uploads))

    def link(self, asked: Asked, upload: Upload) -> str:
        """With what Python is required."""
        attributes = {"data-requires-python": REQUIRES_PYTHON}
        return _anchor(f"{self.href(asked, upload)}#sha256={upload.sha256}", upload.filename, attributes)

    def href(self, asked: Asked, upload: Upload) -> str:
        """Absolute, by name and version."""
        folder = self.root.removesuffix("simple/")
        return f"{asked.base}{folder}download/{upload.project}/{upload.version}/{upload.filename}"


@dataclass(frozen=True)
class Gitea(Product):
    """The package registry of a Gitea or Forgejo user.

    Based on: gitea, ``templates/api/packages/pypi/simple.tmpl`` (absolute addresses by name and version,
    ``data-requires-python``; ``#sha256-`` in older versions: ``separator``); uv issue 3017 and Forgejo issue 3189,
    2024-04 (``#sha256-`` is an error of theirs). Assumed: that there is no list of projects, as its documentation names
    none.
    """

    root: ClassVar[str] = "/api/packages/alice/pypi/simple/"
    separator: str = "="

    def listing(self, asked: Asked) -> Answer:
        """There is none."""
        return self.missing(asked, "")

    def link(self, asked: Asked, upload: Upload) -> str:
        """With what Python is required."""
        address = f"{self.href(asked, upload)}#sha256{self.separator}{upload.sha256}"
        return _anchor(address, upload.filename, {"data-requires-python": REQUIRES_PYTHON})

    def href(self, asked: Asked, upload: Upload) -> str:
        """Absolute, by name and version."""
        folder = self.root.removesuffix("simple/")
        return f"{asked.base}{folder}files/{canonicalize_name(upload.project)}/{upload.version}/{upload.filename}"


@dataclass(frozen=True)
class Pulp(Product):
    """A distribution of Pulp's Python plugin, from a repository without publications.

    Based on: pulp_python, ``pulp_python/app/utils.py`` and ``app/pypi/views.py`` (documents with ``last_serial`` 0, and
    ``PYPI_SERIAL_CONSTANT`` in the header), ``tests/functional/api/test_pypi_simple_json_api.py`` (pages and lists as
    JSON, the same constant in them), PR 956 and issue 996 (PEP 658, PEP 700). Assumed: that documents are found by
    normalised names, as newer versions do.
    """

    root: ClassVar[str] = "/pypi/example/simple/"
    #: The serial of everything.
    SERIAL: ClassVar[int] = 1000000000

    def listing(self, asked: Asked) -> Answer:
        """The form that is asked for; every project has the same serial."""
        if PAGE_JSON not in asked.accept:
            return self._marked(super().listing(asked))
        projects = [{"name": project, "_last-serial": self.SERIAL} for project in PROJECTS]
        return self._marked(_json({"meta": self._meta(), "projects": projects}, PAGE_JSON))

    def page(self, asked: Asked, name: str) -> Answer:
        """The form that is asked for."""
        uploads = uploads_of(name)
        if PAGE_JSON not in asked.accept:
            return self._marked(_html_page(f"Links for {name}", (self.link(asked, upload) for upload in uploads)))
        files = []
        for upload in uploads:
            described = _metadata_digest(upload)
            file = _full_file(upload, self.href(asked, upload)) | {"yanked": False}
            files.append(file | {"core-metadata": described, "data-dist-info-metadata": described})
        versions = sorted({upload.version for upload in uploads})
        return self._marked(
            _json({"meta": self._meta(), "name": name, "versions": versions, "files": files}, PAGE_JSON)
        )

    def link(self, asked: Asked, upload: Upload) -> str:
        """With what Python is required."""
        attributes = {"rel": "internal", "data-requires-python": REQUIRES_PYTHON}
        if (described := _metadata_digest(upload)) is not False:
            attributes["data-core-metadata"] = f"sha256={described['sha256']}"
        return _anchor(f"{self.href(asked, upload)}#sha256={upload.sha256}", upload.filename, attributes)

    def href(self, asked: Asked, upload: Upload) -> str:
        """Absolute, below another path."""
        return f"{asked.base}/pulp/content/example/{upload.filename}"

    def files(self, base: str) -> dict[str, bytes]:
        """The files, and the metadata of the wheels."""
        described = {
            f"/pulp/content/example/{upload.filename}.metadata": metadata(upload.project, upload.version)
            for upload in UPLOADS
            if upload.filetype == "bdist_wheel"
        }
        return super().files(base) | described

    def other(self, asked: Asked) -> Answer:
        """Project documents and release documents."""
        name, _, version = asked.path.removeprefix("/pypi/example/pypi/").removesuffix("/json").partition("/")
        uploads = [upload for upload in uploads_of(name) if version in ("", upload.version)]
        if not uploads:
            return super().other(asked)
        shown = version or _latest(name)
        releases: dict[str, list[dict[str, Any]]] = {}
        for upload in uploads_of(name):
            releases.setdefault(upload.version, []).append(self._document_file(asked, upload))
        document = {"last_serial": 0, "info": _info(name, shown), "releases": releases, "urls": releases[shown]}
        return self._marked(_json(document))

    def _document_file(self, asked: Asked, upload: Upload) -> dict[str, Any]:
        return {
            "comment_text": "",
            "digests": {"md5": "", "sha256": upload.sha256},
            "downloads": -1,
            "filename": upload.filename,
            "has_sig": False,
            "md5_digest": "",
            "packagetype": upload.filetype,
            "python_version": upload.pyversion,
            "requires_python": REQUIRES_PYTHON,
            "size": len(upload.content),
            "upload_time": str(UPLOADED_AT),
            "upload_time_iso_8601": UPLOADED_AT.isoformat(),
            "url": self.href(asked, upload),
            "yanked": False,
            "yanked_reason": None,
        }

    def _meta(self) -> dict[str, Any]:
        return {"api-version": "1.1", "_last-serial": self.SERIAL}

    def _marked(self, answer: Answer) -> Answer:
        headers = (("X-PyPI-Last-Serial", str(self.SERIAL)),)
        return Answer(answer.status, answer.body, answer.content_type, headers)


@dataclass(frozen=True)
class Awkward(Product):
    """No product: what the specifications allow and few indexes do, all on one page.

    ``<base>``, single quotes and none, upper-case tags and attributes, a link that is no file, percent-encoded and
    signed addresses, ``data-yanked`` without a value, ``data-dist-info-metadata`` alone, ``data-gpg-sig``, another hash
    (PEP 503, 592, 658, 714).
    """

    algorithm: str = "sha512"

    def page(self, asked: Asked, name: str) -> Answer:
        """With a base, and links to other places."""
        links = [*(self.link(asked, upload) for upload in uploads_of(name)), "<a href=https://example.com/>Home</a>"]
        return _html_page(
            name, links, f"<BASE HREF='{asked.base}/files/'><meta name=pypi:repository-version content=1.3>"
        )

    def link(self, asked: Asked, upload: Upload) -> str:
        """Every attribute that there is."""
        digest = hashlib.new(self.algorithm, upload.content).hexdigest()
        yanked = " data-yanked" if is_yanked(upload) else ""
        described = " data-dist-info-metadata=true" if upload.filetype == "bdist_wheel" else ""
        required = f"data-requires-python='{html.escape(REQUIRES_PYTHON)}'"
        name = html.escape(upload.filename)
        address = f"{self.href(asked, upload)}?token=a%2Fb&amp;expires=1#{self.algorithm}={digest}"
        return f"<A HREF='{address}' {required}{yanked}{described} data-gpg-sig=false>\n  {name}\n</A>"

    def href(self, asked: Asked, upload: Upload) -> str:
        """Relative to the base, with characters encoded that need not be."""
        return upload.filename.replace("-", "%2D").replace("_", "%5F")

    def files(self, base: str) -> dict[str, bytes]:
        """The files, and the metadata of the wheels."""
        found = {}
        for upload in UPLOADS:
            path = f"/files/{upload.filename}"
            found[path] = upload.content
            if upload.filetype == "bdist_wheel":
                found[f"{path}.metadata"] = metadata(upload.project, upload.version)
        return found


class Simulated:
    """A product on a free port of the loopback; a context manager."""

    def __init__(self, product: Product) -> None:
        self.product = product
        #: The paths that were asked for, in order.
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.files = product.files(self.url)

    @property
    def index(self) -> str:
        """What a user gives to pip as the index, with credentials where they are wanted."""
        who = f"{quote(USER)}:{quote(PASSWORD)}@" if self.product.is_private else ""
        return f"http://{who}{self.url.removeprefix('http://')}{self.product.root}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def respond(self, path: str, accept: str, authorization: str | None) -> Answer:
        """Answer a request."""
        self.asked.append(path)
        if self.product.is_private and authorization != _basic():
            return Answer(401, headers=(("WWW-Authenticate", 'Basic realm="packages"'),))
        plain = unquote(urlsplit(path).path)
        if plain in self.files:
            return Answer(200, self.files[plain], "application/octet-stream")
        kinds = tuple(part.partition(";")[0].strip() for part in accept.split(",") if part.strip())
        return self.product.answer(Asked(plain, kinds, self.url))


def uploads_of(name: str) -> list[Upload]:
    """A project's uploads, by its normalised name."""
    return [upload for upload in UPLOADS if canonicalize_name(upload.project) == name]


def _handler(server: Simulated) -> type[BaseHTTPRequestHandler]:
    """A handler of requests to this server."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer = server.respond(self.path, self.headers.get("Accept", ""), self.headers.get("Authorization"))
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
            for name, value in answer.headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as in http.server
            pass

    return Handler


def _basic() -> str:
    return f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"


def _html_page(title: str, links: Iterable[str], head: str = "") -> Answer:
    title = html.escape(title)
    body = "\n".join((f"<h1>{title}</h1>", *links))
    page = f"<!DOCTYPE html>\n<html><head><title>{title}</title>{head}</head><body>\n{body}\n</body></html>\n"
    return Answer(200, page.encode())


def _anchor(address: str, text: str, attributes: Mapping[str, str] | None = None) -> str:
    written = "".join(f' {name}="{html.escape(value)}"' for name, value in (attributes or {}).items())
    return f'<a href="{html.escape(address)}"{written}>{html.escape(text)}</a><br/>'


def _json(document: Any, content_type: str = "application/json", status: int = 200) -> Answer:
    return Answer(status, json.dumps(document).encode(), content_type)


def _json_page(name: str, files: list[dict[str, Any]], version: str, content_type: str = PAGE_JSON) -> Answer:
    page: dict[str, Any] = {"meta": {"api-version": version}, "name": name, "files": files}
    if version != "1.0":
        page["versions"] = sorted({upload.version for upload in uploads_of(name)})
    return _json(page, content_type)


def _file(upload: Upload, address: str) -> dict[str, Any]:
    """A file of API 1.0."""
    hashes = {"sha256": upload.sha256}
    return {"filename": upload.filename, "url": address, "hashes": hashes, "requires-python": REQUIRES_PYTHON}


def _full_file(upload: Upload, address: str) -> dict[str, Any]:
    """A file of API 1.1."""
    return _file(upload, address) | {"size": len(upload.content), "upload-time": f"{UPLOADED_AT:%Y-%m-%dT%H:%M:%SZ}"}


def _metadata_digest(upload: Upload) -> dict[str, str] | Any:
    """What a page says of a file's metadata: its digest, or False."""
    if upload.filetype != "bdist_wheel":
        return False
    return {"sha256": hashlib.sha256(metadata(upload.project, upload.version)).hexdigest()}


def _info(name: str, version: str | None = None) -> dict[str, Any]:
    upload = uploads_of(name)[0]
    return {
        "name": upload.project,
        "version": version or _latest(name),
        "summary": f"{upload.project} is small",
        "classifiers": ["Programming Language :: Python :: 3"],
        "requires_dist": [REQUIRES],
        "requires_python": REQUIRES_PYTHON,
        "project_urls": None,
        "yanked": False,
        "yanked_reason": None,
    }


def _latest(name: str) -> str:
    return max((upload.version for upload in uploads_of(name)), key=Version)
