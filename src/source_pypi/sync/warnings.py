"""What the user should know of a project: the index does not have it, or its documents have keys of our own."""

from collections.abc import Iterable, Mapping
from typing import Any

from source_pypi.services.index.documents import Document
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams._values import own_keys
from source_pypi.streams.stream import ProjectDocuments, Stream
from source_pypi.sync.batch import Change, Notice
from source_pypi.sync.fetch_result import FetchResult
from source_pypi.sync.notices import NoticeKind
from source_pypi.sync.planner import PreviousState

#: The columns that rows of raw documents have besides the document's keys.
_ADDED_COLUMNS: Mapping[DocumentKind, tuple[str, ...]] = {
    DocumentKind.PROJECT: ("project",),
    DocumentKind.RELEASES: ("project", "version"),
    DocumentKind.STATISTICS: (),
}


def absence_notices(result: FetchResult, previous: PreviousState) -> list[Notice]:
    """Return what to report of a project that the index had before, together with others."""
    if not result.missing or not previous.existed:
        return []
    loaded = any(one.has_rows for state in previous.states.values() for one in state.partitions.values())
    return [Notice(NoticeKind.REMOVED_ROWS if loaded else NoticeKind.REMOVED)]


def absence_warnings(result: FetchResult, previous: PreviousState, *, named: bool, allowed: bool) -> list[str]:
    """Return what to report of a project that the index has never had, unless that is an error."""
    if not result.missing or previous.existed:
        return []
    if allowed:
        return [f"{result.documents.project} is not on the index: check the spelling"]
    return [] if named else [f"{result.documents.project} is listed or required, but the index does not have it"]


def own_key_warnings(
    streams: Iterable[Stream], documents: ProjectDocuments, changes: Mapping[str, Change]
) -> list[str]:
    """Return what to report of documents with keys that would set columns of our own: rows of raw streams lack them."""
    read = {kind for s in streams if s.raw and s.name in changes and changes[s.name].count for kind in s.documents}
    found: list[tuple[DocumentKind, Document[Any] | None]] = [
        (DocumentKind.PROJECT, documents.document),
        *((DocumentKind.RELEASES, release.document) for release in documents.releases),
        (DocumentKind.STATISTICS, documents.statistics),
    ]
    warnings = dict[str, str]()
    for kind, document in found:
        if document is not None and kind in read and (keys := own_keys(document.sections, _ADDED_COLUMNS[kind])):
            names = ", ".join(sorted(keys))
            warnings[document.url] = f"has keys that are columns of source-pypi, which are left out: {names}"
    return [f"{url} {warning}" for url, warning in warnings.items()]
