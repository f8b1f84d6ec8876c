"""An index: endpoints -> documents. A 404 is None here; what None means is for those who asked to say.

Reading on
    index-api.md 1 (endpoints), 3 (what appears where), 19 (other indexes).
"""

import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

from msgspec import Struct

from source_pypi.config import Config
from source_pypi.errors import DocumentError, NotOfferedError, StaleError
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
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.services.index.documents.page import JSON_PAGE, newer_than_known

P = TypeVar("P", Page, Listing)

#: The media type of feeds.
FEED = "application/rss+xml, text/xml;q=0.9"
#: Where the documents are that tell of the index as a whole; with the slash, so that there is no redirect.
PATHS = {
    DocumentKind.STATISTICS: "/stats/",
    DocumentKind.RECENT_RELEASES: "/rss/updates.xml",
    DocumentKind.RECENT_PROJECTS: "/rss/packages.xml",
}
#: How often a document is asked for that turns out to be older than what was seen before (bandersnatch does the same).
STALE_TRIES = 3
#: Endings of an index's address that name one of its interfaces, not its root.
INTERFACES = ("/+simple", "/simple", "/pypi")


class Layout(Struct, frozen=True):
    """Where an index keeps its project documents and its pages, below its root (index-api.md 19)."""

    documents: str = "/pypi"
    pages: str = "/simple"


#: devpi serves pages at +simple/, and no project documents; pypiserver serves these without /pypi.
PUBLIC, DEVPI, PYPISERVER = Layout(), Layout(pages="/+simple"), Layout(documents="")


class Index:
    """The documents of one index. Which software serves it, and so where they are, is found out from its answers.

    :param client: who asks.
    :param root: the index's root, without a trailing slash and without credentials.
    """

    def __init__(self, client: Client, root: str) -> None:
        self.client = client
        self.root = root
        self._layout = PUBLIC
        self._probing, self._probed = threading.Lock(), False

    def project(self, name: str, known: Fingerprint = UNKNOWN) -> Document[Project] | Unchanged | None:
        """The project document; None where the index has none: unknown, without releases, or quarantined."""
        return self._json(self.project_url(name), Project, known)

    def project_elsewhere(self, name: str) -> Document[Project] | None:
        """The project document where pypiserver keeps it, of a project that is known to be there.

        Found out once a run: an index either keeps its documents there or does not.
        """
        with self._probing:
            if self._layout is not PYPISERVER and self._probed:
                return None
            self._probed = True
            document = self._json(f"{self.root}{PYPISERVER.documents}/{name}/json", Project, UNKNOWN)
            if document is not None:
                self._layout = PYPISERVER
            return None if document is UNCHANGED else document

    def release(self, name: str, version: str, known: Fingerprint = UNKNOWN) -> Document[Release] | Unchanged | None:
        """The document of one release; None where the index has none, or the version can be no part of an address."""
        if version in (".", "..") or len(version) > LONGEST_VERSION:
            return None
        return self._json(self.release_url(name, version), Release, known)

    def page(self, name: str, known: Fingerprint = UNKNOWN) -> Document[Page] | Unchanged | None:
        """The project page; None where the index does not know the project."""
        return self._page(lambda: self.page_url(name), Page, known, "project page")

    def provenance(self, url: str, known: Fingerprint = UNKNOWN) -> Document[Provenance] | Unchanged | None:
        """The provenance document that a page names; None where it is gone."""
        return self._json(url, Provenance, known)

    def core_metadata(self, url: str, known: Fingerprint = UNKNOWN) -> Document[CoreMetadata] | Unchanged | None:
        """The METADATA at this address, which may end in its digest (``#sha256=...``); None where there is none."""
        place, _, fragment = url.partition("#")
        opened = partial(open_core_metadata, sha256=fragment.removeprefix("sha256=") or None)
        return self._ask(place, opened, known, accept="*/*")

    def listing(self, known: Fingerprint = UNKNOWN) -> Document[Listing] | Unchanged | None:
        """The list of projects; None where the index has none."""
        return self._page(lambda: self.url_of(DocumentKind.LISTING), Listing, known, "list of projects")

    def statistics(self) -> Document[Statistics] | None:
        """The index's statistics; None where it keeps none."""
        return _whole(self._json(self.url_of(DocumentKind.STATISTICS), Statistics, UNKNOWN))

    def recent_releases(self) -> Document[Feed] | None:
        """The feed of recent releases; None where the index has none."""
        return _whole(self._ask(self.url_of(DocumentKind.RECENT_RELEASES), open_feed, UNKNOWN, accept=FEED))

    def recent_projects(self) -> Document[Feed] | None:
        """The feed of recent projects; None where the index has none."""
        return _whole(self._ask(self.url_of(DocumentKind.RECENT_PROJECTS), open_feed, UNKNOWN, accept=FEED))

    def project_url(self, name: str) -> str:
        """Where the document of a project with this normalised name is."""
        return f"{self.root}{self._layout.documents}/{name}/json"

    def release_url(self, name: str, version: str) -> str:
        """Where the document of a release is."""
        return f"{self.root}{self._layout.documents}/{name}/{quote(version, safe='!+')}/json"

    def page_url(self, name: str) -> str:
        """Where the page of a project with this normalised name is; with the slash, so that there is no redirect."""
        return f"{self.root}{self._layout.pages}/{name}/"

    def url_of(self, read: DocumentKind) -> str:
        """Where a document is that tells of the index as a whole."""
        return self.root + (f"{self._layout.pages}/" if read is DocumentKind.LISTING else PATHS[read])

    def _page(
        self, url: Callable[[], str], type_: type[P], known: Fingerprint, what: str
    ) -> Document[P] | Unchanged | None:
        """A page as JSON; asked for once more where the first answer shows that pages are elsewhere.

        :raises NotOfferedError: when the index has it as HTML only (PEP 503).
        :raises DocumentError: when it is of a version that we do not know.
        """
        asked = url()
        document = self._json(asked, type_, known, JSON_PAGE, what)
        if document is None and url() != asked:
            document = self._json(url(), type_, known, JSON_PAGE, what)
        if isinstance(document, Document) and (version := newer_than_known(document.content.meta)) is not None:
            raise DocumentError(document.url, "version 1 of the interface (PEP 629)", f"version {version}")
        return document

    def _json(
        self,
        url: str,
        type_: type[S],
        known: Fingerprint,
        accept: str = "application/json",
        page: str = "",
    ) -> Document[S] | Unchanged | None:
        def opened(body: bytes, place: str, *, etag: str | None, serial: int | None) -> Document[S]:
            if page and body.lstrip().startswith(b"<"):
                raise NotOfferedError(f"{page} as JSON (PEP 691)", place, "answered HTML")
            return open_document(body, type_, place, etag=etag, serial=serial)

        return self._ask(url, opened, known, accept)

    def _ask(
        self,
        url: str,
        opened: Callable[..., Document[T]],
        known: Fingerprint,
        accept: str,
    ) -> Document[T] | Unchanged | None:
        """Ask, and check the answer at the door; with a mark, only for what has changed and is no older.

        :raises DocumentError: when the answer is no such document; and what ``Client.get`` raises.
        :raises StaleError: when the answer is older than the mark, however often it is asked for.
        """
        for tries in range(1, STALE_TRIES + 1):
            answer = self.client.get(url, accept=accept, etag=known.etag)
            if answer.devpi:
                self._layout = DEVPI
            if answer.status == 404:
                return None
            if answer.status == 304 and known.etag is not None:
                return UNCHANGED
            document = self._checked(answer, opened)
            serial = document.best_serial
            if known.serial is None or serial is None or serial >= known.serial:
                return document
            if tries < STALE_TRIES:
                self.client.pause(url, f"an old copy, serial {serial} instead of {known.serial}", tries)
        raise StaleError(document.url, serial, known.serial)

    def _checked(self, answer: Response, opened: Callable[..., Document[T]]) -> Document[T]:
        """An answer as a document; where it is none, its beginning is told, but not if that repeats the credentials."""
        try:
            return opened(answer.body, answer.url, etag=answer.etag, serial=answer.serial)
        except DocumentError as error:
            if not self.client.is_echoed_in(answer.body):
                raise
            raise DocumentError(error.url, error.expected, "the credentials that were sent") from None


def _whole(document: Document[T] | Unchanged | None) -> Document[T] | None:
    """A document that was asked for without condition, and so came whole."""
    return None if document is UNCHANGED else document


def open_index(
    config: Config,
    tell: Callable[[RetryWait | RequestLog], None] = lambda event: None,
    retry_policy: RetryPolicy = DEFAULT_RETRY_POLICY,
) -> Index:
    """The index that a configuration names. Nothing is sent yet.

    :param tell: told of each wait and of each answer; ``retry_policy``: with an index that is not well.
    :raises SettingError: when the certificates or credentials that it names cannot be had.
    :raises ExtraMissingError: when the library for its credentials is not installed.
    """
    url = config.index_url or default_url()
    root = root_of(url)
    client = Client(
        contact=config.contact,
        credentials=credentials_for(config, url),
        requests_per_second=config.requests_per_second,
        timeout=config.request_timeout_seconds,
        connections=config.max_concurrency,
        retry_policy=retry_policy,
        ca_bundle=config.ca_bundle,
        tell=tell,
    )
    return Index(client, root)


def default_url() -> str:
    """The public index's address, from the library that has it as a public constant."""
    from distlib.index import DEFAULT_INDEX

    return str(DEFAULT_INDEX)


def root_of(url: str) -> str:
    """The root of an index: its address without credentials, query, trailing slash and name of an interface."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    for interface in INTERFACES:
        if path.endswith(interface):
            path = path.removesuffix(interface)
            break
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, path.rstrip("/"), "", ""))
