"""The documents of a package index, one method for each kind; None stands for a 404, which the caller interprets.

Reading on
    index-api.md 3 (what appears where).
"""

import threading
from collections.abc import Callable
from functools import partial

from source_pypi.config import Config
from source_pypi.errors import DocumentError, NotOfferedError, SettingError, SourceError
from source_pypi.http.client import DEFAULT_RETRY_POLICY, Client, RetryPolicy
from source_pypi.http.credentials import credentials_for
from source_pypi.http.request_log import RequestLog, RetryWait
from source_pypi.http.user_agent import user_agent
from source_pypi.safety.limits import LONGEST_VERSION
from source_pypi.services.index.document_requests import DocumentRequests, accept_any
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
from source_pypi.services.index.documents.feed import FEED
from source_pypi.services.index.documents.html_page import P, open_page
from source_pypi.services.index.documents.identity import (
    check_core_metadata,
    check_feed,
    check_page,
    check_project_document,
    check_provenance,
    check_release_document,
)
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.services.index.documents.page import PAGE, unsupported_version
from source_pypi.services.index.locations import FLAT, PUBLIC, PYPISERVER, Locations
from source_pypi.services.index.on_disk import open_folder
from source_pypi.standards.index_urls import default_url, is_on_disk, is_public

#: Why the public index is not read without a rate limit (index-api.md 2.1).
_NO_LIMIT = (
    "is 0, no limit, which is for an index of your own: the operators of the public index ask clients not to send "
    "thousands of requests within minutes; give a rate, such as 5"
)


class Index:
    """The documents of one index. Its responses show which software serves it, and so where its documents are.

    :param client: sends the requests.
    :param locations: where its documents are.
    :ivar has_documents: whether the index has had any project document in this run, also an unchanged one.
    """

    def __init__(self, client: Client, locations: Locations) -> None:
        self.client, self.locations = client, locations
        self.has_documents = False
        self._requests = DocumentRequests(client, locations)
        self._root_lock = threading.Lock()
        self._pypiserver_lock, self._pypiserver_checked = threading.Lock(), False

    @property
    def root(self) -> str:
        """The URL of the index, without a trailing slash and without credentials."""
        return self.locations.root

    def project(self, name: str, previous: Fingerprint = UNKNOWN) -> Document[Project] | Unchanged | None:
        """The project document; None where the index has none: unknown, without releases, or quarantined."""
        check = partial(check_project_document, name)
        document = self._json(self.locations.project_url(name), Project, previous, check=check)
        self.has_documents = self.has_documents or document is not None
        return document

    def project_again(self, name: str) -> Document[Project] | None:
        """The project document that was missing, requested once more over a new connection; None: it is missing."""
        self.client.renew_connections()
        return _changed(self.project(name))

    def project_elsewhere(self, name: str, tried: str) -> Document[Project] | None:
        """The project document of a project that the index has, at another URL; None: it is not there.

        It is requested below the root if another response has shown that the root or the layout differs from what was
        assumed, and at pypiserver's path. Only the first call of a run requests the latter, unless that finds it: an
        index uses the same path for all projects.

        :param tried: the URL where it is not.
        """
        if self.locations.project_url(name) != tried:
            found = _changed(self.project(name))
            if found is not None:
                return found
        with self._pypiserver_lock:
            if self.locations.layout is not PYPISERVER and self._pypiserver_checked:
                return None
            self._pypiserver_checked = True
            url, check = f"{self.root}{PYPISERVER.documents}/{name}/json", partial(check_project_document, name)
            document = self._json(url, Project, UNKNOWN, check=check)
            if document is not None:
                self.locations.layout = PYPISERVER
            return None if document is UNCHANGED else document

    def release(self, name: str, version: str, previous: Fingerprint = UNKNOWN) -> Document[Release] | Unchanged | None:
        """The release document; None where the index has none, or the version cannot be part of a URL."""
        if version in (".", "..") or len(version) > LONGEST_VERSION:
            return None
        check = partial(check_release_document, name, version)
        return self._json(self.locations.release_url(name, version), Release, previous, check=check)

    def page(self, name: str, previous: Fingerprint = UNKNOWN) -> Document[Page] | Unchanged | None:
        """The project page; None where the index does not know the project."""
        return self._page(
            lambda: self.locations.page_url(name), Page, previous, "project page", partial(check_page, name)
        )

    def provenance(
        self, url: str, previous: Fingerprint = UNKNOWN, *, filename: str | None = None
    ) -> Document[Provenance] | Unchanged | None:
        """The provenance document at a URL from a project page; None where the index has none.

        :param filename: the file's name; None: do not compare it with those in the document.
        """
        check = accept_any if filename is None else partial(check_provenance, filename)
        return self._json(url, Provenance, previous, check, same_host=False)

    def core_metadata(
        self, url: str, previous: Fingerprint = UNKNOWN, *, project: str | None = None, version: str | None = None
    ) -> Document[CoreMetadata] | Unchanged | None:
        """The METADATA at a URL, which may end in its digest (``#sha256=...``); None where the index has none.

        :param project: the normalized name of the project; None: do not compare it with the name in the document.
        :param version: the version of the file; None: do not compare it.
        """
        url, _, fragment = url.partition("#")
        parse = partial(open_core_metadata, sha256=fragment.removeprefix("sha256=") or None)
        check = accept_any if project is None else partial(check_core_metadata, project, version=version)
        return self._requests.get(url, parse, previous, accept="*/*", check=check, same_host=False)

    def listing(self, previous: Fingerprint = UNKNOWN) -> Document[Listing] | Unchanged | None:
        """The list of projects; None where the index has none."""
        return self._page(lambda: self.locations.url_of(DocumentKind.LISTING), Listing, previous, "list of projects")

    def statistics(self) -> Document[Statistics] | None:
        """The index's statistics; None where the index has none."""
        return _changed(self._json(self.locations.url_of(DocumentKind.STATISTICS), Statistics, UNKNOWN))

    def recent_releases(self) -> Document[Feed] | None:
        """The feed of recent releases; None where the index has none."""
        return self._feed(DocumentKind.RECENT_RELEASES, 2)

    def recent_projects(self) -> Document[Feed] | None:
        """The feed of recent projects; None where the index has none."""
        return self._feed(DocumentKind.RECENT_PROJECTS, 1)

    def _feed(self, kind: DocumentKind, parts: int) -> Document[Feed] | None:
        check = partial(check_feed, kind.value, parts)
        return _changed(self._requests.get(self.locations.url_of(kind), open_feed, UNKNOWN, FEED, check))

    def _page(
        self,
        url: Callable[[], str],
        type_: type[P],
        previous: Fingerprint,
        what: str,
        check: Callable[[Document[P]], bool] = accept_any,
    ) -> Document[P] | Unchanged | None:
        """A page, as JSON or HTML; requested again if the first response shows that this index has pages elsewhere.

        :raises NotOfferedError: when the index has it in another form only (406).
        :raises DocumentError: when it is no page, or the version of its format is not supported.
        """
        parse = partial(open_page, type_=type_)
        first_url = url()
        request = partial(self._requests.get, parse=parse, previous=previous, accept=PAGE, check=check, page=what)
        document = request(first_url)
        if document is None and url() == first_url:
            document = self._page_below_other_root(first_url, request)
        if document is None and url() != first_url:
            document = request(url())
        if document is None and self.locations.may_be_flat and self.locations.layout is PUBLIC:
            document = self._flat_page(url(), request)
        elif document is not None:
            self.locations.may_be_flat = False
        if isinstance(document, Document) and (version := unsupported_version(document.content.meta)) is not None:
            raise DocumentError(document.url, "version 1 of the interface (PEP 629)", f"version {version}")
        return document

    def _page_below_other_root(
        self, url: str, request: Callable[[str], Document[P] | Unchanged | None]
    ) -> Document[P] | Unchanged | None:
        """Request the page that is missing at a URL below the other root; if it is there, that is the root.

        Only the first call of a run does so.
        """
        with self._root_lock:
            other, self.locations.other_root = self.locations.other_root, None
            if other is None or not url.startswith(self.root):
                return None
            try:
                page = request(other + url.removeprefix(self.root))
            except NotOfferedError:
                self.locations.root = other
                raise
            except SourceError:
                return None  # the request was only a guess
            if page is not None:
                self.locations.root = other
            return page

    def _flat_page(
        self, url: str, request: Callable[[str], Document[P] | Unchanged | None]
    ) -> Document[P] | Unchanged | None:
        """The page right below the root that is missing at a URL; where one is found, all are."""
        page = request(url.replace(f"{self.root}{PUBLIC.pages}/", f"{self.root}/", 1))
        if page is not None:
            self.locations.layout = FLAT
        return page

    def _json(
        self,
        url: str,
        type_: type[S],
        previous: Fingerprint,
        check: Callable[[Document[S]], bool] = accept_any,
        *,
        same_host: bool = True,
    ) -> Document[S] | Unchanged | None:
        parse = partial(open_document, type_=type_)
        return self._requests.get(url, parse, previous, "application/json", check, same_host=same_host)


def _changed(document: Document[T] | Unchanged | None) -> Document[T] | None:
    """The document of an unconditional request, which is never unchanged."""
    return None if document is UNCHANGED else document


def open_index(
    config: Config,
    on_event: Callable[[RetryWait | RequestLog], None] = lambda event: None,
    retry_policy: RetryPolicy = DEFAULT_RETRY_POLICY,
    *,
    is_read: bool = True,
) -> Index:
    """The index that a configuration names. Sends nothing yet. One on disk has no rate limit and gets no credentials.

    :param on_event: called before each wait and after each response.
    :param is_read: whether documents are requested from it; it is opened in any case.
    :raises SettingError: when certificates or credentials that the configuration names cannot be read, or the folder;
        when the public index would be read without a rate limit, or with credentials because no index is set.
    :raises ExtraMissingError: when the library for its credentials is not installed.
    """
    url = config.index_url or default_url()
    if is_read and not config.requests_per_second and is_public(url):
        raise SettingError("requests_per_second", _NO_LIMIT)
    if is_read and config.index_username is not None and config.index_url is None:
        raise SettingError("index_username", "is set, but no index is, and the public index gets no credentials")
    if is_on_disk(url):
        client = Client(requests_per_second=0, transport=open_folder(url), on_event=on_event)
        return Index(client, Locations.of_url(url, chosen=True))
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
    return Index(client, Locations.of_url(url, chosen=config.index_url is not None))
