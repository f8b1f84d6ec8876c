"""A batch: everything that one visit gave, as fronts take it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct, field

from source_pypi.errors import NotOfferedError, SourceError, TooLargeError, UnknownReleaseError
from source_pypi.services.index.documents import plain
from source_pypi.services.index.documents.invalid_fields import InvalidField
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.standards.versions import same_version
from source_pypi.streams.stream import ProjectDocuments, Stream
from source_pypi.sync.changes import Change, change_of
from source_pypi.sync.fetch_result import FetchResult
from source_pypi.sync.state import PreviousState


class Batch(Struct, frozen=True):
    """Everything that one visit gave.

    :ivar project: the project visited; None: the index as a whole.
    :ivar seen_at: time of the visit (UTC).
    :ivar changes: what became of the rows, by stream, of every selected stream that could be read here.
    :ivar failures: why a stream could not be read here, by stream.
    :ivar missing: whether the index does not have the project, although the user named it, and never had.
    :ivar complaints: pinned releases that the index does not have.
    :ivar notes: what else should be said.
    :ivar oddities: fields of a wrong type, that were nulled.
    :ivar known: projects that are to be visited in all, as far as is known by now.
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
        """How many rows there are to write, by stream, of those that have changed here: also where none are left."""
        return {name: change.count for name, change in self.changes.items() if change.count is not None}


def lines_of(stream: Stream, batch: Batch, *, begin: bytes = b"", end: bytes = b"") -> Iterator[bytes]:
    """The rows to write as JSON, a line each, some lines at a time; those of incremental streams with ``seen_at``.

    :param begin: what to write before each row, on its line; ``end``: what to write behind it.
    """
    seen_at = b',"seen_at":%s' % msgspec.json.encode(batch.seen_at) if stream.incremental else b""
    end = seen_at + b"}" + end + b"\n"
    for lines in batch.changes[stream.name].lines:
        # a line break within a text is escaped, so that this is where a row ends
        if lines.find(b"\n") == len(lines) - 1:  # one row, which may be large: it is copied once
            yield b"".join((begin, memoryview(lines)[:-2], end))
            continue
        first, *rows = [row[:-1] for row in lines[:-1].split(b"\n")]
        yield (end + begin).join((begin + first, *rows[:-1], rows[-1] + end))


def rows_of(stream: Stream, change: Change) -> Iterator[Any]:
    """The rows to write: a record's instance a row, or where rows are documents as the index sent them, a dict."""
    records = msgspec.json.Decoder(stream.record)
    for lines in change.lines:
        yield from map(plain, lines.splitlines()) if stream.raw else records.decode_lines(lines)


def batch_of(
    result: FetchResult,
    known: PreviousState,
    terms: Mapping[str, bytes],
    seen_at: datetime,
    *,
    keys: bool = False,
    of: int = 0,
) -> Batch:
    """Make rows of what a visit found, and see what of it is new.

    :param known: the streams to make rows of, and what they have seen.
    :param terms: what else their rows depend on now, by stream (``terms_of``).
    :param keys: whether the keys of rows are remembered.
    :param of: projects that are to be visited in all.
    """
    visit = result.documents
    failures = {s.name: error for s in known.streams if (error := _failure(s, result)) is not None}
    changes: dict[str, Change] = {}
    for stream in known.streams:
        if stream.name in failures or stream.required_documents & result.stale:
            continue
        try:
            change = change_of(stream, result, known, terms[stream.name], int(seen_at.timestamp()), keys=keys)
        except TooLargeError as large:
            failures[stream.name] = large
            continue
        if change.count == 0 and (error := _lacking(stream, visit)) is not None:
            failures[stream.name] = error
        elif not (result.user_errors and _is_slip(stream, result, known) and not change.count):
            changes[stream.name] = change
    named = result.project is None or result.project.named
    return Batch(
        project=visit.project,
        seen_at=seen_at,
        changes=changes,
        failures=failures,
        missing=result.missing and named and not known.existed,
        user_errors=tuple(result.user_errors),
        warnings=(*result.warnings, *_absence(result, known, named=named)),
        invalid_fields=tuple(invalid_field for document in visit.all() for invalid_field in document.invalid_fields),
        total_projects=of,
    )


def _absence(result: FetchResult, known: PreviousState, *, named: bool) -> list[str]:
    """What to say of a project that the index does not have, unless it is the user's mistake."""
    if not result.missing:
        return []
    if known.existed:
        return [f"{result.documents.project} is gone from the index, and so are its rows"]
    return [] if named else [f"{result.documents.project} is listed or needed, and the index does not have it"]


def _is_slip(stream: Stream, result: FetchResult, known: PreviousState) -> bool:
    """Whether a version that was pinned was never there: what was loaded stays where nothing new came."""
    seen = known.states.get(stream.name)
    parts = seen.partitions if seen is not None else {}
    there = [name for name, part in parts.items() if part.fingerprint is None or not part.fingerprint.absent]
    unknown = [error.version for error in result.user_errors if isinstance(error, UnknownReleaseError)]
    return stream.partition_kind is DocumentKind.RELEASES and any(
        not any(same_version(version, name) for name in there) for version in unknown
    )


def _failure(stream: Stream, result: FetchResult) -> SourceError | None:
    """Why a stream cannot be read here, if so: a document that it reads could not be had.

    A stream that reads the page tells of projects without documents, and a gap that cannot be filled stays one.
    """
    told = DocumentKind.PAGE in stream.documents
    for read in stream.documents:
        error = result.failures.get(read)
        if error is not None and not (told and read is DocumentKind.PROJECT and isinstance(error, NotOfferedError)):
            return error
    filling = (result.failures.get(read) for read in stream.fallback_documents if result.documents.use_core_metadata)
    return next((error for error in filling if error is not None and not isinstance(error, NotOfferedError)), None)


def _lacking(stream: Stream, visit: ProjectDocuments) -> SourceError | None:
    """Why a stream has no rows here, if it is because the document has not even the key that they are made from."""
    document = visit.document
    if document is None or stream.required_key is None or document.has(stream.required_key):
        return None
    if visit.use_core_metadata and visit.core_metadata and stream.fallback_documents:
        return None
    return NotOfferedError(f"{stream.required_key} of {visit.project}", document.url, "lacks it")
