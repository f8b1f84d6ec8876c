"""Requests the documents that describe the whole index: statistics, feeds, the list of projects."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from source_pypi.errors import NotOfferedError, SourceError, StaleError
from source_pypi.services.index.api import Index
from source_pypi.services.index.documents import UNCHANGED, UNKNOWN, Document, Fingerprint, Listing, Unchanged
from source_pypi.services.index.documents.kinds import INDEX_DOCUMENTS, DocumentKind
from source_pypi.streams.stream import ProjectDocuments
from source_pypi.sync.fetch_plan import in_full
from source_pypi.sync.fetch_result import FetchResult
from source_pypi.sync.planner import PreviousState

#: The attributes of ``ProjectDocuments`` that hold these documents.
_ATTRIBUTES = {
    DocumentKind.STATISTICS: "statistics",
    DocumentKind.LISTING: "listing",
    DocumentKind.RECENT_RELEASES: "recent_releases",
    DocumentKind.RECENT_PROJECTS: "recent_projects",
}


def fetch_index(index: Index, kinds: Collection[DocumentKind], list_condition: Fingerprint = UNKNOWN) -> FetchResult:
    """Request those of these kinds of documents that describe the whole index.

    :param list_condition: the condition for the list of projects; the other documents always come in full.
    """
    requests: Mapping[DocumentKind, Callable[[], Any]] = {
        DocumentKind.STATISTICS: index.statistics,
        DocumentKind.RECENT_RELEASES: index.recent_releases,
        DocumentKind.RECENT_PROJECTS: index.recent_projects,
    }
    result = FetchResult()
    documents: dict[str, Any] = {}
    for kind in sorted(INDEX_DOCUMENTS.intersection(kinds), key=lambda kind: kind.value):
        response: Document[Any] | Unchanged | None = None
        with result.recording_failures([kind]):
            response = index.listing(list_condition) if kind is DocumentKind.LISTING else requests[kind]()
        if response is None and result.answered(kind):
            url = index.locations.url_of(kind)
            result.failures[kind] = NotOfferedError(kind.value, url, index.locations.absence_at(url))
        elif response is UNCHANGED:
            result.fingerprints[kind] = list_condition
        elif isinstance(response, Document):
            result.fingerprints[kind] = response.fingerprint
            documents[_ATTRIBUTES[kind]] = response
    result.documents = ProjectDocuments(**documents)
    return result


class IndexDocuments:
    """The documents of a run that describe the whole index, each requested once.

    :param previous: the streams that read them, and their states.
    """

    def __init__(self, index: Index, previous: PreviousState) -> None:
        self._index = index
        self._kinds = {kind for stream in previous.streams for kind in stream.documents}
        condition = previous.condition(DocumentKind.LISTING)
        self._list_condition = Fingerprint(condition.tag) if previous.accepts_lower_serials else condition
        self._result: FetchResult | None = None

    @property
    def reads_list(self) -> bool:
        """Whether a stream reads the list of projects, so that it is requested in any case."""
        return DocumentKind.LISTING in self._kinds

    def result(self) -> FetchResult:
        """Return what was found; requested at the first call, unless ``projects`` has done that."""
        if self._result is None:
            self._result = fetch_index(self._index, self._kinds, self._list_condition)
        return self._result

    def projects(self) -> Listing | SourceError:
        """Return the list of projects, requested in full, or why it cannot be read.

        If a stream reads the list, its other documents are requested as well, and kept for ``result``.
        """
        listing, condition = DocumentKind.LISTING, in_full(self._list_condition)
        if listing in self._kinds:
            result = self._result = fetch_index(self._index, self._kinds, condition)
        else:
            result = fetch_index(self._index, {listing}, condition)
        if listing in result.failures:
            return result.failures[listing]
        if result.documents.listing is None:
            return StaleError(self._index.locations.url_of(listing), None, condition.serial)
        return result.documents.listing.content
