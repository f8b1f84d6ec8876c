"""Why a stream has no rows of a project: a document failed, or lacks the key of the rows, or a pin is mistyped.

The rows that were loaded before stay then.
"""

from source_pypi.errors import NotOfferedError, SourceError, UnknownReleaseError
from source_pypi.services.index.documents import UNKNOWN
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams.stream import ProjectDocuments, Stream
from source_pypi.sync.fetch_result import FetchResult
from source_pypi.sync.planner import PreviousState
from source_pypi.sync.releases import is_satisfied


def failure_of(stream: Stream, result: FetchResult) -> SourceError | None:
    """Return why a document that the stream reads could not be read; None: all could.

    A stream that reads the page, or can be made from it, has rows even of a project without document. Core metadata
    that is not offered fills no gap, which is no failure.
    """
    if stream.from_page and result.page_failure is not None:
        return result.page_failure
    if result.page_only and stream.from_metadata and stream.partition_kind is not None:
        return result.failures.get(DocumentKind.CORE_METADATA)
    reads_page = DocumentKind.PAGE in stream.documents
    for kind in stream.documents:
        error = result.failures.get(kind)
        has_page = reads_page or (stream.from_page and result.page_completes)
        optional = has_page and kind is DocumentKind.PROJECT and isinstance(error, NotOfferedError)
        if error is not None and not optional:
            return error
    fallbacks = stream.fallback_documents if result.documents.use_core_metadata else ()
    errors = (result.failures.get(kind) for kind in fallbacks)
    return next((error for error in errors if error is not None and not isinstance(error, NotOfferedError)), None)


def not_offered(stream: Stream, documents: ProjectDocuments) -> SourceError | None:
    """Return why a stream has no rows, if the project document lacks the very key that they are made of.

    None: it has the key, or other documents stand in for it.
    """
    document = documents.document
    if document is None or stream.required_key is None or document.has(stream.required_key):
        return None
    if documents.use_core_metadata and documents.core_metadata and stream.fallback_documents:
        return None
    if stream.from_page and documents.completed:
        return None
    what = f"field {stream.required_key} in project documents"
    return NotOfferedError(what, document.url, "lacks it", documents.project or "")


def has_mistyped_pin(stream: Stream, result: FetchResult, previous: PreviousState) -> bool:
    """Return whether a pin or range has never been satisfied; rows of releases then stay, unless there are new ones."""
    if not result.user_errors or stream.partition_kind is not DocumentKind.RELEASES:
        return False
    state = previous.states.get(stream.name)
    partitions = state.partitions if state is not None else {}
    existed = [name for name, one in partitions.items() if one.has_rows or not (one.fingerprint or UNKNOWN).absent]
    unknown = [error.version for error in result.user_errors if isinstance(error, UnknownReleaseError)]
    return any(not is_satisfied(version, existed) for version in unknown)
