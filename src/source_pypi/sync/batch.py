"""A batch: the rows of one project, or of the whole index, with what is to be kept in state and reported."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct, field

from source_pypi.errors import NotOfferedError, SourceError, TooLargeError, UnknownReleaseError
from source_pypi.services.index.documents import plain
from source_pypi.services.index.documents.invalid_fields import InvalidField
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams.stream import ProjectDocuments, Stream
from source_pypi.sync.changes import Change, change_of
from source_pypi.sync.fetch_result import FetchResult
from source_pypi.sync.planner import PreviousState
from source_pypi.sync.releases import is_pinned


class Batch(Struct, frozen=True):
    """What a run found of one project, or of the whole index.

    :ivar project: the project; None: the whole index.
    :ivar seen_at: when it was requested (UTC).
    :ivar changes: how the rows changed, by name of the stream, for every selected stream that could be read.
    :ivar failures: why the other streams could not be read, by name.
    :ivar missing: whether the user named a project that the index does not have and never had.
    :ivar user_errors: pinned releases that the index does not have.
    :ivar warnings: what else the user should know.
    :ivar invalid_fields: fields of a wrong type, which became null.
    :ivar total_projects: the number of projects of the run, as far as it is known by now.
    """

    project: str | None
    seen_at: datetime
    changes: dict[str, Change] = field(default_factory=dict)
    failures: dict[str, SourceError] = field(default_factory=dict)
    missing: bool = False
    user_errors: tuple[SourceError, ...] = ()
    warnings: tuple[str, ...] = ()
    invalid_fields: tuple[InvalidField, ...] = ()
    total_projects: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """The number of rows to write, by name of the stream, for streams that changed; 0 if all rows are deleted."""
        return {name: change.count for name, change in self.changes.items() if change.count is not None}


def lines_of(stream: Stream, batch: Batch, *, begin: bytes = b"", end: bytes = b"") -> Iterator[bytes]:
    """Yield the rows to write as JSON lines, several at a time; rows of incremental streams have ``seen_at``.

    :param begin: written before each row, on its line; ``end``: written after it.
    """
    seen_at = b',"seen_at":%s' % msgspec.json.encode(batch.seen_at) if stream.incremental else b""
    end = seen_at + b"}" + end + b"\n"
    for lines in batch.changes[stream.name].lines:
        # a line break within a text is escaped: every line break ends a row
        if lines.find(b"\n") == len(lines) - 1:  # one row, which may be large: it is copied once
            yield b"".join((begin, memoryview(lines)[:-2], end))
            continue
        first, *rows = [row[:-1] for row in lines[:-1].split(b"\n")]
        yield (end + begin).join((begin + first, *rows[:-1], rows[-1] + end))


def rows_of(stream: Stream, change: Change) -> Iterator[Any]:
    """Yield the rows to write: instances of the stream's record, or dicts for documents that are passed on whole."""
    records = msgspec.json.Decoder(stream.record)
    for lines in change.lines:
        yield from map(plain, lines.splitlines()) if stream.raw else records.decode_lines(lines)


def batch_of(
    result: FetchResult,
    previous: PreviousState,
    settings_digests: Mapping[str, bytes],
    seen_at: datetime,
    *,
    keys: bool = False,
    total_projects: int = 0,
) -> Batch:
    """Return the batch of a fetch: make rows of the documents, and compare them with the previous ones.

    :param previous: the streams to make rows of, and what they read before.
    :param settings_digests: of this run, by name of the stream.
    :param keys: whether states hold the keys of rows.
    """
    documents = result.documents
    failures = {s.name: error for s in previous.streams if (error := _failure(s, result)) is not None}
    changes: dict[str, Change] = {}
    checked_at = int(seen_at.timestamp())
    for stream in previous.streams:
        if stream.name in failures or stream.required_documents & result.stale:
            continue
        try:
            change = change_of(stream, result, previous, settings_digests[stream.name], checked_at, keys=keys)
        except TooLargeError as error:
            failures[stream.name] = error
            continue
        if change.count == 0 and (not_offered := _not_offered(stream, documents)) is not None:
            failures[stream.name] = not_offered
        elif change.count or not _has_mistyped_pin(stream, result, previous):
            changes[stream.name] = change
    named = result.project is None or result.project.named
    return Batch(
        project=documents.project,
        seen_at=seen_at,
        changes=changes,
        failures=failures,
        missing=result.missing and named and not previous.existed,
        user_errors=tuple(result.user_errors),
        warnings=(*result.warnings, *_absence_warnings(result, previous, named=named)),
        invalid_fields=tuple(
            invalid_field for document in documents.all() for invalid_field in document.invalid_fields
        ),
        total_projects=total_projects,
    )


def _absence_warnings(result: FetchResult, previous: PreviousState, *, named: bool) -> list[str]:
    """What to report of a project that the index does not have, unless the user mistyped its name."""
    if not result.missing:
        return []
    if previous.existed:
        return [f"{result.documents.project} was removed from the index, and its rows are deleted"]
    return [] if named else [f"{result.documents.project} is listed or required, but the index does not have it"]


def _has_mistyped_pin(stream: Stream, result: FetchResult, previous: PreviousState) -> bool:
    """Whether a pinned version never existed; rows of releases then stay, unless there are new ones."""
    if not result.user_errors or stream.partition_kind is not DocumentKind.RELEASES:
        return False
    state = previous.states.get(stream.name)
    partitions = state.partitions if state is not None else {}
    existed = [name for name, one in partitions.items() if one.fingerprint is None or not one.fingerprint.absent]
    unknown = [error.version for error in result.user_errors if isinstance(error, UnknownReleaseError)]
    return any(not is_pinned(version, existed) for version in unknown)


def _failure(stream: Stream, result: FetchResult) -> SourceError | None:
    """Why a document that the stream reads could not be read; None: all could.

    A stream that reads the page has a row even of a project without document. Core metadata that is not offered fills
    no gap, which is no failure.
    """
    reads_page = DocumentKind.PAGE in stream.documents
    for kind in stream.documents:
        error = result.failures.get(kind)
        optional = reads_page and kind is DocumentKind.PROJECT and isinstance(error, NotOfferedError)
        if error is not None and not optional:
            return error
    fallbacks = stream.fallback_documents if result.documents.use_core_metadata else ()
    errors = (result.failures.get(kind) for kind in fallbacks)
    return next((error for error in errors if error is not None and not isinstance(error, NotOfferedError)), None)


def _not_offered(stream: Stream, documents: ProjectDocuments) -> SourceError | None:
    """Why a stream has no rows, if the project document lacks the very key that they are made of."""
    document = documents.document
    if document is None or stream.required_key is None or document.has(stream.required_key):
        return None
    if documents.use_core_metadata and documents.core_metadata and stream.fallback_documents:
        return None
    return NotOfferedError(f"{stream.required_key} of {documents.project}", document.url, "lacks it")
