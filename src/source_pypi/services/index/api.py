"""The documents of a package index, one method for each kind; None stands for a 404, which the caller interprets.

Reading on
    index-api.md 1 (endpoints), 2.1 (what the operators ask of clients), 3 (what appears where), 19 (other indexes).
"""

import re
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

from msgspec import Struct

from source_pypi._version import __version__
from source_pypi.config import Config
from source_pypi.errors import DocumentError, NotOfferedError, ResponseError, SourceError, StaleError
from source_pypi.http.client import (
    DEFAULT_RETRY_POLICY,
    Client,
    RequestLog,
    Response,
    RetryPolicy,
    RetryWait,
)
from source_pypi.http.credentials import credentials_for
from source_pypi.safety.limits import LONGEST_VERSION
from source_pypi.services.index.documents import (
    UNCHANGED,
    UNKNOWN,
    CoreMetadata,
    Document,
    Feed,
    Fingerprint,
    Listing,
    Page,
    Project,
    Provenance,
    Release,
    Statistics,
    Unchanged,
    open_core_metadata,
    open_document,
    open_feed,
)
from source_pypi.services.index.documents.document import S, T
from source_pypi.services.index.documents.html_page import is_html, open_html_listing, open_html_page
from source_pypi.services.index.documents.identity import check_project, check_version
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.services.index.documents.page import PAGE, serial_of, unsupported_version
from source_pypi.standards.index_urls import INTERFACES, default_url

P = TypeVar("P", Page, Listing)

#: The media type of feeds.
FEED = "application/rss+xml, text/xml;q=0.9"
#: Paths of the documents about the whole index; with the final slash, which saves a redirect.
PATHS = {
    DocumentKind.STATISTICS: "/stats/",
    DocumentKind.RECENT_RELEASES: "/rss/updates.xml",
    DocumentKind.RECENT_PROJECTS: "/rss/packages.xml",
}
#: Tries of a document that is older than the one that was read before; bandersnatch tries as often (index-api.md 12).
STALE_TRIES = 3


class Layout(Struct, frozen=True):
    """The paths of project documents and project pages below the root of an index (index-api.md 19)."""

    documents: str = "/pypi"
    pages: str = "/simple"


#: devpi serves pages at +simple/ and no project documents; pypiserver serves project documents without /pypi; proxpi
#: serves pages right below its URL.
PUBLIC, DEVPI, PYPISERVER, FLAT = Layout(), Layout(pages="/+simple"), Layout(documents=""), Layout(pages="")


class _MisdirectedError(Exception):
    """A response that belongs to another request; ``error`` says so to the user."""

    def __init__(self, error: DocumentError) -> None:
        self.error = error
        super().__init__(error)


def _accept(document: Document[Any]) -> None:
    """Accept any document."""


def _check_project_document(project: str, document: Document[Project]) -> None:
    check_project(document.content.info.name, project, "project document", document.url)


def _check_release_document(project: str, version: str, document: Document[Release]) -> None:
    info = document.content.info
    check_project(info.name, project, f"release document of version {version[:60]}", document.url)
    check_version(info.version, project, version, document.url)


def _check_page(project: str, document: Document[Page]) -> None:
    check_project(document.content.name, project, "project page", document.url)


def _check_core_metadata(project: str, document: Document[CoreMetadata]) -> None:
    check_project(document.content.raw.get("name"), project, "core metadata", document.url)


class Index:
    """The documents of one index. Its responses show which software serves it, and so where its documents are.

    :param client: sends the requests.
    :param root: the URL of the index, without a trailing slash and without credentials.
    :param other_root: the root if the end of the URL is part of the root's path, not the name of an interface; None:
        there is none to try.
    :param may_be_flat: whether pages may be right below the root: its URL names no interface.
    """

    def __init__(self, client: Client, root: str, other_root: str | None = None, *, may_be_flat: bool = False) -> None:
        self.client = client
        self.root = root
        self._layout, self._may_be_flat = PUBLIC, may_be_flat
        self._other_root, self._root_lock = other_root, threading.Lock()
        self._redirects: dict[str, str] = {}
        self._reported_lock, self._reported = threading.Lock(), set[str]()
        self._pypiserver_lock, self._pypiserver_checked = threading.Lock(), False

    def first_time(self, subject: str) -> bool:
        """Whether this is the first call with a subject: what concerns the whole index is reported once a run."""
        with self._reported_lock:
            first = subject not in self._reported
            self._reported.add(subject)
            return first

    def project(self, name: str, previous: Fingerprint = UNKNOWN) -> Document[Project] | Unchanged | None:
        """The project document; None where the index has none: unknown, without releases, or quarantined."""
        check = partial(_check_project_document, name)
        return self._json(self.project_url(name), Project, previous, check=check)

    def project_elsewhere(self, name: str, tried: str) -> Document[Project] | None:
        """The project document of a project that the index has, at another URL; None: it is not there.

        It is requested below the root if another response has shown that the root or the layout differs from what was
        assumed, and at pypiserver's path. Only the first call of a run requests the latter, unless that finds it: an
        index uses the same path for all projects.

        :param tried: the URL where it is not.
        """
        if self.project_url(name) != tried:
            found = _changed(self.project(name))
            if found is not None:
                return found
        with self._pypiserver_lock:
            if self._layout is not PYPISERVER and self._pypiserver_checked:
                return None
            self._pypiserver_checked = True
            url, check = f"{self.root}{PYPISERVER.documents}/{name}/json", partial(_check_project_document, name)
            document = self._json(url, Project, UNKNOWN, check=check)
            if document is not None:
                self._layout = PYPISERVER
            return None if document is UNCHANGED else document

    def release(self, name: str, version: str, previous: Fingerprint = UNKNOWN) -> Document[Release] | Unchanged | None:
        """The release document; None where the index has none, or the version cannot be part of a URL."""
        if version in (".", "..") or len(version) > LONGEST_VERSION:
            return None
        check = partial(_check_release_document, name, version)
        return self._json(self.release_url(name, version), Release, previous, check=check)

    def page(self, name: str, previous: Fingerprint = UNKNOWN) -> Document[Page] | Unchanged | None:
        """The project page; None where the index does not know the project."""
        return self._page(lambda: self.page_url(name), Page, previous, "project page", partial(_check_page, name))

    def provenance(self, url: str, previous: Fingerprint = UNKNOWN) -> Document[Provenance] | Unchanged | None:
        """The provenance document at a URL from a project page; None where the index has none."""
        return self._json(url, Provenance, previous, same_host=False)

    def core_metadata(
        self, url: str, previous: Fingerprint = UNKNOWN, *, project: str | None = None
    ) -> Document[CoreMetadata] | Unchanged | None:
        """The METADATA at a URL, which may end in its digest (``#sha256=...``); None where the index has none.

        :param project: the normalized name of the project; None: do not compare it with the name in the document.
        """
        url, _, fragment = url.partition("#")
        parse = partial(open_core_metadata, sha256=fragment.removeprefix("sha256=") or None)
        check = _accept if project is None else partial(_check_core_metadata, project)
        return self._request(url, parse, previous, accept="*/*", check=check, same_host=False)

    def listing(self, previous: Fingerprint = UNKNOWN) -> Document[Listing] | Unchanged | None:
        """The list of projects; None where the index has none."""
        return self._page(lambda: self.url_of(DocumentKind.LISTING), Listing, previous, "list of projects")

    def statistics(self) -> Document[Statistics] | None:
        """The index's statistics; None where the index has none."""
        return _changed(self._json(self.url_of(DocumentKind.STATISTICS), Statistics, UNKNOWN))

    def recent_releases(self) -> Document[Feed] | None:
        """The feed of recent releases; None where the index has none."""
        return _changed(self._request(self.url_of(DocumentKind.RECENT_RELEASES), open_feed, UNKNOWN, accept=FEED))

    def recent_projects(self) -> Document[Feed] | None:
        """The feed of recent projects; None where the index has none."""
        return _changed(self._request(self.url_of(DocumentKind.RECENT_PROJECTS), open_feed, UNKNOWN, accept=FEED))

    def project_url(self, name: str) -> str:
        """The URL of a project document; ``name`` is normalized."""
        return f"{self.root}{self._layout.documents}/{name}/json"

    def release_url(self, name: str, version: str) -> str:
        """The URL of a release document; ``name`` is normalized."""
        return f"{self.root}{self._layout.documents}/{name}/{quote(version, safe='!+')}/json"

    def page_url(self, name: str) -> str:
        """The URL of a project page, with the final slash, which saves a redirect; ``name`` is normalized."""
        return f"{self.root}{self._layout.pages}/{name}/"

    def url_of(self, kind: DocumentKind) -> str:
        """The URL of a document about the whole index."""
        return self.root + (f"{self._layout.pages}/" if kind is DocumentKind.LISTING else PATHS[kind])

    def _page(
        self,
        url: Callable[[], str],
        type_: type[P],
        previous: Fingerprint,
        what: str,
        check: Callable[[Document[P]], None] = _accept,
    ) -> Document[P] | Unchanged | None:
        """A page, as JSON or HTML; requested again if the first response shows that this index has pages elsewhere.

        :raises NotOfferedError: when the index has it in another form only (406).
        :raises DocumentError: when it is no page, or the version of its format is not supported.
        """
        parse = partial(_open_page, type_)
        first_url = url()
        request = partial(self._request, parse=parse, previous=previous, accept=PAGE, check=check, page=what)
        document = request(first_url)
        if document is None and url() == first_url:
            document = self._page_below_other_root(first_url, request)
        if document is None and url() != first_url:
            document = request(url())
        if document is None and self._may_be_flat and self._layout is PUBLIC:
            document = self._flat_page(url(), request)
        elif document is not None:
            self._may_be_flat = False
        if isinstance(document, Document) and (version := unsupported_version(document.content.meta)) is not None:
            raise DocumentError(document.url, "version 1 of the interface (PEP 629)", f"version {version}")
        return document

    def redirect_of(self, url: str) -> str | None:
        """The URL on another host to which the index redirected a request that was answered as 404; else None."""
        return self._redirects.pop(url, None)

    def _page_below_other_root(
        self, url: str, request: Callable[[str], Document[P] | Unchanged | None]
    ) -> Document[P] | Unchanged | None:
        """Request the page that is missing at a URL below the other root; if it is there, that is the root.

        Only the first call of a run does so.
        """
        with self._root_lock:
            other, self._other_root = self._other_root, None
            if other is None or not url.startswith(self.root):
                return None
            try:
                page = request(other + url.removeprefix(self.root))
            except NotOfferedError:
                self.root = other
                raise
            except SourceError:
                return None  # the request was only a guess
            if page is not None:
                self.root = other
            return page

    def _flat_page(
        self, url: str, request: Callable[[str], Document[P] | Unchanged | None]
    ) -> Document[P] | Unchanged | None:
        """The page right below the root that is missing at a URL; where one is found, all are."""
        page = request(url.replace(f"{self.root}{PUBLIC.pages}/", f"{self.root}/", 1))
        if page is not None:
            self._layout = FLAT
        return page

    def _json(
        self,
        url: str,
        type_: type[S],
        previous: Fingerprint,
        check: Callable[[Document[S]], None] = _accept,
        *,
        same_host: bool = True,
    ) -> Document[S] | Unchanged | None:
        def parse(body: bytes, url: str, *, etag: str | None, serial: int | None) -> Document[S]:
            return open_document(body, type_, url, etag=etag, serial=serial)

        return self._request(url, parse, previous, "application/json", check, same_host=same_host)

    def _request(
        self,
        url: str,
        parse: Callable[..., Document[T]],
        previous: Fingerprint,
        accept: str,
        check: Callable[[Document[T]], None] = _accept,
        *,
        page: str = "",
        same_host: bool = True,
    ) -> Document[T] | Unchanged | None:
        """Request a document; a conditional request if the previous fingerprint has an ETag.

        A response that belongs to another request shows that a proxy or server mixes up the responses of a connection.
        The document is then requested once more, in full and over a new connection.

        :raises DocumentError: when the response is another document; also raises what ``Client.get`` raises.
        :raises StaleError: when the document is older than the previous one in all tries.
        """
        get = partial(self._get, url, accept=accept, page=page, same_host=same_host)
        try:
            return self._read(get, parse, previous, check)
        except _MisdirectedError:
            self.client.renew_connections()
        try:
            return self._read(get, parse, Fingerprint(serial=previous.serial), check)
        except _MisdirectedError as error:
            self.client.renew_connections()
            raise error.error from None

    def _read(
        self,
        get: Callable[[str | None], Response],
        parse: Callable[..., Document[T]],
        previous: Fingerprint,
        check: Callable[[Document[T]], None],
    ) -> Document[T] | Unchanged | None:
        """Request a document, again if it is older than the previous one.

        :raises _MisdirectedError: when the response belongs to another request.
        """
        for tries in range(1, STALE_TRIES + 1):
            response = get(previous.etag)
            if response.status == 404:
                return None
            if response.status == 304:
                if previous.etag is not None and _is_same_etag(previous.etag, response.etag):
                    return UNCHANGED
                raise _MisdirectedError(DocumentError(response.url, "a document", "304 to another request"))
            document = self._parsed(response, parse, check)
            serial = document.best_serial
            if previous.serial is None or serial is None or serial >= previous.serial:
                return document
            if tries < STALE_TRIES:
                reason = f"an old copy, serial {serial} instead of {previous.serial}"
                self.client.wait_before_retry(response.url, reason, tries)
        raise StaleError(document.url, serial, previous.serial)

    def _get(self, url: str, etag: str | None, *, accept: str, page: str, same_host: bool) -> Response:
        """Request a URL, and learn from the response which software serves the index.

        :raises NotOfferedError: when the index has a page, but neither as JSON nor as HTML (406).
        """
        response = self.client.get(url, accept=accept, etag=etag, same_host=same_host)
        if "X-Devpi-Serial" in response.headers:
            self._layout = DEVPI
        if response.status == 200 and same_host:
            self._other_root = None  # the root is right
        if response.redirect is not None:
            self._redirects[url] = response.redirect
        if response.status == 406 and page:
            raise NotOfferedError(f"{page} as JSON or HTML (PEP 691)", response.url, "answered 406")
        if response.status == 406:
            raise ResponseError(response.url, "406 Not Acceptable")
        return response

    def _parsed(
        self, response: Response, parse: Callable[..., Document[T]], check: Callable[[Document[T]], None]
    ) -> Document[T]:
        """Parse a response; the error quotes the beginning of the body, unless that contains the credentials."""
        serial = serial_of(response.headers.get("X-PyPI-Last-Serial"))
        try:
            document = parse(response.body, response.url, etag=response.etag, serial=serial)
        except DocumentError as error:
            if not self.client.repeats_credentials(response.body):
                raise
            raise DocumentError(error.url, error.expected, "the credentials that were sent") from None
        try:
            check(document)
        except DocumentError as error:
            raise _MisdirectedError(error) from None
        return document


#: What servers add to an ETag for a compressed body.
_CODING_OF_ETAG = re.compile(r"[-;:]+(gzip|br|df|deflate|zstd)$")


def _is_same_etag(sent: str, received: str | None) -> bool:
    """Whether a 304 with an ETag is about the ETag that was sent; a 304 may omit it."""
    if received is None:
        return True
    one, other = (
        _CODING_OF_ETAG.sub("", text.strip().removeprefix("W/").replace('"', "")) for text in (sent, received)
    )
    return one == other


def _open_page(type_: type[P], body: bytes, url: str, *, etag: str | None, serial: int | None) -> Document[P]:
    """Open a page in the form in which it came."""
    if not is_html(body):
        return open_document(body, type_, url, etag=etag, serial=serial)
    opened: Document[Any] = (open_html_page if type_ is Page else open_html_listing)(
        body, url, etag=etag, serial=serial
    )
    return opened


def _changed(document: Document[T] | Unchanged | None) -> Document[T] | None:
    """The document of an unconditional request, which is never unchanged."""
    return None if document is UNCHANGED else document


def open_index(
    config: Config,
    on_event: Callable[[RetryWait | RequestLog], None] = lambda event: None,
    retry_policy: RetryPolicy = DEFAULT_RETRY_POLICY,
) -> Index:
    """The index that a configuration names. Sends nothing yet.

    :param on_event: called before each wait and after each response.
    :raises SettingError: when certificates or credentials that the configuration names cannot be read.
    :raises ExtraMissingError: when the library for its credentials is not installed.
    """
    url = config.index_url or default_url()
    root, whole = root_of(url), _address_of(url)
    client = Client(
        user_agent=user_agent(config.contact),
        credentials=credentials_for(url, config.index_username, config.index_password, config.credentials_from),
        requests_per_second=config.requests_per_second,
        timeout=config.request_timeout_seconds,
        connections=config.max_concurrency,
        retry_policy=retry_policy,
        ca_bundle=config.ca_bundle,
        on_event=on_event,
    )
    may_be_flat = config.index_url is not None and _names_no_interface(url)
    other_root = whole if whole != root and config.index_url is not None else None
    return Index(client, root, other_root, may_be_flat=may_be_flat)


def _names_no_interface(url: str) -> bool:
    """Whether a URL has a path that does not end in the name of an interface."""
    path = urlsplit(url).path.rstrip("/")
    return bool(path) and not path.endswith(INTERFACES)


def user_agent(contact: str | None) -> str:
    """The User-Agent, by which the operators can identify the client and reach the user (index-api.md 2.1)."""
    return f"source-pypi/{__version__}" + (f" (+{contact})" if contact else "")


def root_of(url: str) -> str:
    """The root of an index: its URL without credentials, query, final slash and the name of an interface."""
    root = _address_of(url)
    ending = next((interface for interface in INTERFACES if urlsplit(root).path.endswith(interface)), "")
    return root.removesuffix(ending).rstrip("/")


def _address_of(url: str) -> str:
    """A URL without credentials, query and final slash."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
