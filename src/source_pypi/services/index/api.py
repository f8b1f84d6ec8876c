"""The documents of a package index, one method for each kind; None stands for a 404, which the caller interprets.

Reading on
    index-api.md 1 (endpoints), 2.1 (what the operators ask of clients), 3 (what appears where), 19 (other indexes).
"""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

from msgspec import Struct

from source_pypi._version import __version__
from source_pypi.config import Config
from source_pypi.errors import DocumentError, NotOfferedError, ResponseError, StaleError
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
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.services.index.documents.page import PAGE, serial_of, unsupported_version

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
#: Endings of an index's URL that name one of its interfaces, not its root.
INTERFACES = ("/+simple", "/simple", "/pypi")


class Layout(Struct, frozen=True):
    """The paths of project documents and project pages below the root of an index (index-api.md 19)."""

    documents: str = "/pypi"
    pages: str = "/simple"


#: devpi serves pages at +simple/ and no project documents; pypiserver serves project documents without /pypi; proxpi
#: serves pages right below its URL.
PUBLIC, DEVPI, PYPISERVER, FLAT = Layout(), Layout(pages="/+simple"), Layout(documents=""), Layout(pages="")


class Index:
    """The documents of one index. Its responses show which software serves it, and so where its documents are.

    :param client: sends the requests.
    :param root: the URL of the index, without a trailing slash and without credentials.
    :param may_be_flat: whether pages may be right below the root: its URL names no interface.
    """

    def __init__(self, client: Client, root: str, *, may_be_flat: bool = False) -> None:
        self.client = client
        self.root = root
        self._layout, self._may_be_flat = PUBLIC, may_be_flat
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
        return self._json(self.project_url(name), Project, previous)

    def project_elsewhere(self, name: str) -> Document[Project] | None:
        """The project document at pypiserver's path, of a project that the index has; None: it is not there.

        Only the first call of a run requests it, unless that finds it: an index uses the same path for all projects.
        """
        with self._pypiserver_lock:
            if self._layout is not PYPISERVER and self._pypiserver_checked:
                return None
            self._pypiserver_checked = True
            document = self._json(f"{self.root}{PYPISERVER.documents}/{name}/json", Project, UNKNOWN)
            if document is not None:
                self._layout = PYPISERVER
            return None if document is UNCHANGED else document

    def release(self, name: str, version: str, previous: Fingerprint = UNKNOWN) -> Document[Release] | Unchanged | None:
        """The release document; None where the index has none, or the version cannot be part of a URL."""
        if version in (".", "..") or len(version) > LONGEST_VERSION:
            return None
        return self._json(self.release_url(name, version), Release, previous)

    def page(self, name: str, previous: Fingerprint = UNKNOWN) -> Document[Page] | Unchanged | None:
        """The project page; None where the index does not know the project."""
        return self._page(lambda: self.page_url(name), Page, previous)

    def provenance(self, url: str, previous: Fingerprint = UNKNOWN) -> Document[Provenance] | Unchanged | None:
        """The provenance document at a URL from a project page; None where the index has none."""
        return self._json(url, Provenance, previous)

    def core_metadata(self, url: str, previous: Fingerprint = UNKNOWN) -> Document[CoreMetadata] | Unchanged | None:
        """The METADATA at a URL, which may end in its digest (``#sha256=...``); None where the index has none."""
        url, _, fragment = url.partition("#")
        parse = partial(open_core_metadata, sha256=fragment.removeprefix("sha256=") or None)
        return self._request(url, parse, previous, accept="*/*")

    def listing(self, previous: Fingerprint = UNKNOWN) -> Document[Listing] | Unchanged | None:
        """The list of projects; None where the index has none."""
        return self._page(lambda: self.url_of(DocumentKind.LISTING), Listing, previous)

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

    def _page(self, url: Callable[[], str], type_: type[P], previous: Fingerprint) -> Document[P] | Unchanged | None:
        """A page, as JSON or HTML; requested again if the first response shows that this index has pages elsewhere.

        :raises NotOfferedError: when the index has it in another form only (406).
        :raises DocumentError: when it is no page, or the version of its format is not supported.
        """
        parse = partial(_open_page, type_)
        first_url = url()
        try:
            document = self._request(first_url, parse, previous, PAGE)
        except ResponseError as error:
            if not error.answer.startswith("406"):
                raise
            what = "project page" if type_ is Page else "list of projects"
            raise NotOfferedError(f"{what} as JSON or HTML (PEP 691)", first_url, "answered 406") from error
        if document is None and url() != first_url:
            document = self._request(url(), parse, previous, PAGE)
        if document is None and self._may_be_flat and self._layout is PUBLIC:
            document = self._flat_page(url, parse, previous)
        elif document is not None:
            self._may_be_flat = False
        if isinstance(document, Document) and (version := unsupported_version(document.content.meta)) is not None:
            raise DocumentError(document.url, "version 1 of the interface (PEP 629)", f"version {version}")
        return document

    def _flat_page(
        self, url: Callable[[], str], parse: Callable[..., Document[P]], previous: Fingerprint
    ) -> Document[P] | Unchanged | None:
        """A page right below the root; where one is found, all are."""
        flat_url = url().replace(f"{self.root}{PUBLIC.pages}/", f"{self.root}/", 1)
        document = self._request(flat_url, parse, previous, PAGE)
        if document is not None:
            self._layout = FLAT
        return document

    def _json(self, url: str, type_: type[S], previous: Fingerprint) -> Document[S] | Unchanged | None:
        def parse(body: bytes, url: str, *, etag: str | None, serial: int | None) -> Document[S]:
            return open_document(body, type_, url, etag=etag, serial=serial)

        return self._request(url, parse, previous, "application/json")

    def _request(
        self,
        url: str,
        parse: Callable[..., Document[T]],
        previous: Fingerprint,
        accept: str,
    ) -> Document[T] | Unchanged | None:
        """Request a document; a conditional request if the previous fingerprint has an ETag.

        :raises DocumentError: when the response is another document; also raises what ``Client.get`` raises.
        :raises StaleError: when the document is older than the previous one in all tries.
        """
        for tries in range(1, STALE_TRIES + 1):
            response = self.client.get(url, accept=accept, etag=previous.etag)
            if "X-Devpi-Serial" in response.headers:
                self._layout = DEVPI
            if response.status == 404:
                return None
            if response.status == 304 and previous.etag is not None:
                return UNCHANGED
            document = self._parsed(response, parse)
            serial = document.best_serial
            if previous.serial is None or serial is None or serial >= previous.serial:
                return document
            if tries < STALE_TRIES:
                reason = f"an old copy, serial {serial} instead of {previous.serial}"
                self.client.wait_before_retry(url, reason, tries)
        raise StaleError(document.url, serial, previous.serial)

    def _parsed(self, response: Response, parse: Callable[..., Document[T]]) -> Document[T]:
        """Parse a response; the error quotes the beginning of the body, unless that contains the credentials."""
        serial = serial_of(response.headers.get("X-PyPI-Last-Serial"))
        try:
            return parse(response.body, response.url, etag=response.etag, serial=serial)
        except DocumentError as error:
            if not self.client.repeats_credentials(response.body):
                raise
            raise DocumentError(error.url, error.expected, "the credentials that were sent") from None


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
    root = root_of(url)
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
    return Index(client, root, may_be_flat=_names_no_interface(url))


def _names_no_interface(url: str) -> bool:
    """Whether a URL has a path that does not end in the name of an interface."""
    path = urlsplit(url).path.rstrip("/")
    return bool(path) and not path.endswith(INTERFACES)


def user_agent(contact: str | None) -> str:
    """The User-Agent, by which the operators can identify the client and reach the user (index-api.md 2.1)."""
    return f"source-pypi/{__version__}" + (f" (+{contact})" if contact else "")


def default_url() -> str:
    """The URL of the public index, from the library that defines it."""
    from distlib.index import DEFAULT_INDEX

    return str(DEFAULT_INDEX)


def root_of(url: str) -> str:
    """The root of an index: its URL without credentials, query, final slash and the name of an interface."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    for interface in INTERFACES:
        if path.endswith(interface):
            path = path.removesuffix(interface)
            break
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, path.rstrip("/"), "", ""))
