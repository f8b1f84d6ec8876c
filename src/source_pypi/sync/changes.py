"""How a stream's rows of a project changed: new and changed rows, keys of deleted rows, and the new state.

``change_of`` compares fingerprints first: rows are made only of documents that have changed. Rows are written only if
they differ from those of the run before.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha1
from itertools import chain, islice
from operator import attrgetter, itemgetter
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from source_pypi.errors import NotOfferedError, SourceError, TooLargeError, UnknownReleaseError
from source_pypi.safety.limits import LARGEST_ROW, MOST_ROWS
from source_pypi.services.index.documents import Document, Fingerprint
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams._values import own_keys
from source_pypi.streams.stream import ProjectDocuments, Row, Stream
from source_pypi.sync.batch import Batch, Change
from source_pypi.sync.fetch_result import FetchResult
from source_pypi.sync.first_seen import FirstSeen, as_datetimes, packed, times_of
from source_pypi.sync.notices import unknown_fields
from source_pypi.sync.planner import PreviousState
from source_pypi.sync.releases import is_pinned
from source_pypi.sync.state import CODES, DIGEST, VERSIONS_CODE, Key, Partition, ProjectState
from source_pypi.sync.unknown import INCOMPLETE, hides_rows, unknown_partitions

#: Rows that are made and encoded at a time. Files take some 700 bytes each as JSON, so that a slice fits into the
#: processor's cache, and needs no large block of memory.
SLICE = 100
#: Bytes of lines that are passed on at a time, about: neither a slice nor a row is cut.
CHUNK = 64 * 1024
_ENCODER = msgspec.json.Encoder()
#: The name of the only partition of streams that have one a project.
_ONLY = ""
#: The columns that rows of raw documents have besides the document's keys.
_ADDED_COLUMNS: Mapping[DocumentKind, tuple[str, ...]] = {
    DocumentKind.PROJECT: ("project",),
    DocumentKind.RELEASES: ("project", "version"),
    DocumentKind.STATISTICS: (),
}


class _Rows(Struct, frozen=True):
    """The rows of a partition: as JSON lines, their digest, and their keys (None: not kept)."""

    count: int
    lines: list[bytes]
    digest: bytes
    keys: tuple[Key, ...] | None


def batch_of(
    result: FetchResult,
    previous: PreviousState,
    settings_digests: Mapping[str, bytes],
    seen_at: datetime,
    *,
    keys: bool = False,
    total_projects: int = 0,
    missing_projects: Literal["auto", "fail", "warn"] = "auto",
) -> Batch:
    """Return the batch of a fetch: make rows of the documents, and compare them with the previous ones.

    :param previous: the streams to make rows of, and what they read before.
    :param settings_digests: of this run, by name of the stream.
    :param keys: whether states hold the keys of rows.
    :param missing_projects: as the setting.
    """
    checked_at = int(seen_at.timestamp())
    if result.documents.undated and any(stream.says_first_seen for stream in previous.streams):
        times = times_of(result.documents.undated, previous.first_seen, checked_at)
        result.documents, result.first_seen = replace(result.documents, first_seen=as_datetimes(times)), packed(times)
    documents = result.documents
    failures = {s.name: error for s in previous.streams if (error := _failure(s, result)) is not None}
    changes: dict[str, Change] = {}
    unknown_keys: list[str | None] = []
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
        elif change.count is not None and _rows_are_unknown(stream, documents, previous):
            unknown_keys += [stream.required_key] if stream.required_key else []
        elif change.count or not _has_mistyped_pin(stream, result, previous):
            changes[stream.name] = change
            unknown_keys += [stream.required_key] * bool(change.unknown_partitions and stream.required_key)
    named = result.project is None or result.project.named
    missing = result.missing and named
    allowed = missing and (missing_projects == "warn" or (missing_projects == "auto" and previous.existed))
    return Batch(
        project=documents.project,
        seen_at=seen_at,
        changes=changes,
        failures=failures,
        missing=missing and not allowed,
        missing_allowed=allowed and missing_projects == "warn",
        user_errors=tuple(result.user_errors),
        warnings=(
            *result.warnings,
            *_absence_warnings(result, previous, named=named, allowed=allowed),
            *_own_key_warnings(previous.streams, documents, changes),
        ),
        invalid_fields=tuple(
            invalid_field for document in documents.all() for invalid_field in document.invalid_fields
        ),
        notices=(*result.notices, *unknown_fields(key for key in unknown_keys if key)),
        total_projects=total_projects,
    )


def _rows_are_unknown(stream: Stream, documents: ProjectDocuments, previous: PreviousState) -> bool:
    """Whether all rows of a project stay, since the field that they are made of is missing or invalid."""
    state = previous.states.get(stream.name)
    unknown = unknown_partitions(stream, documents)
    return state is not None and hides_rows(stream, documents, unknown, state.partitions)


def _absence_warnings(result: FetchResult, previous: PreviousState, *, named: bool, allowed: bool) -> list[str]:
    """What to report of a project that the index does not have, unless that is an error."""
    if not result.missing:
        return []
    if previous.existed:
        return [f"{result.documents.project} was removed from the index, and its rows are deleted"]
    if allowed:
        return [f"{result.documents.project} is not on the index: check the spelling"]
    return [] if named else [f"{result.documents.project} is listed or required, but the index does not have it"]


def _own_key_warnings(
    streams: Iterable[Stream], documents: ProjectDocuments, changes: Mapping[str, Change]
) -> list[str]:
    """What to report of documents with keys that would set columns of our own: rows of raw streams lack them."""
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


def _not_offered(stream: Stream, documents: ProjectDocuments) -> SourceError | None:
    """Why a stream has no rows, if the project document lacks the very key that they are made of."""
    document = documents.document
    if document is None or stream.required_key is None or document.has(stream.required_key):
        return None
    if documents.use_core_metadata and documents.core_metadata and stream.fallback_documents:
        return None
    if stream.from_page and documents.completed:
        return None
    return NotOfferedError(f"{stream.required_key} of {documents.project}", document.url, "lacks it")


def change_of(
    stream: Stream, result: FetchResult, previous: PreviousState, settings_digest: bytes, checked_at: int, *, keys: bool
) -> Change:
    """Compare a project's documents with those that a stream read before.

    :param settings_digest: of this run (``settings_digest_of``).
    :param checked_at: when the project was requested, in seconds since 1970.
    :param keys: whether states hold the keys of rows, so that those of deleted rows can be listed.
    :raises TooLargeError: when there are too many rows, or a row is too large.
    """
    before = previous.states.get(stream.name)
    known = before.partitions if before is not None else {}
    fingerprints = _fingerprints(stream, result)
    comparable = stream.name in previous.comparable
    unchanged = comparable and before is not None and _same(fingerprints, before.fingerprints)
    current = _current_partitions(stream, result, known)
    outdated = [
        name
        for name, fingerprint in current.items()
        if not _is_unchanged(fingerprint, known.get(name), comparable=comparable, documents_unchanged=unchanged)
    ]
    kept_keys = keys and bool(_remaining_key(stream))
    made = {
        name: _make_rows(stream, result, rows, keys=kept_keys) for name, rows in _by_partition(stream, result, outdated)
    }
    unknown = unknown_partitions(stream, result.documents)
    kept = [name for name in made if comparable and name in unknown and _would_lose_rows(known.get(name), made[name])]
    made = {name: rows for name, rows in made.items() if name not in kept}
    partitions = {name: known[name] for name in current if name not in made}
    incomplete = INCOMPLETE if unknown and stream.partition_kind is None else None
    partitions |= {name: Partition(rows.digest, current[name] or incomplete, rows.keys) for name, rows in made.items()}
    changed = [name for name in made if name not in known or known[name].digest != partitions[name].digest]
    existed = previous.existed or not result.missing
    serial, requirements = _serial(stream, result), result.complete_requirements
    first_seen = _first_seen(stream, result, before, made=bool(made))
    state = ProjectState(
        checked_at, settings_digest, existed, serial, fingerprints, partitions, requirements, first_seen
    )
    if before is not None and not changed and known.keys() <= partitions.keys():
        only_time_changed = state == replace(before, checked_at=checked_at)
        return Change(state, only_time_changed=only_time_changed, unknown_partitions=tuple(kept))
    replaced = {*changed, *(known.keys() - partitions.keys())}
    return Change(
        state,
        count=sum(made[name].count for name in changed),
        lines=tuple(_in_chunks(lines for name in changed for lines in made[name].lines)),
        unchanged_partitions=tuple(name for name in partitions if name not in changed),
        deleted_keys=_deleted_keys(stream, result, known, partitions, replaced) if keys else [],
        unknown_partitions=tuple(kept),
    )


def _first_seen(stream: Stream, result: FetchResult, before: ProjectState | None, *, made: bool) -> FirstSeen:
    """When the files in a stream's rows were first seen: as in the last run if no rows were made."""
    if not stream.says_first_seen:
        return ()
    return result.first_seen if made or before is None else before.first_seen


def _would_lose_rows(known: Partition | None, made: _Rows) -> bool:
    """Whether rows that were loaded would be replaced, although the field that they are made of is unknown."""
    return known is not None and known.has_rows and known.fingerprint != INCOMPLETE and known.digest != made.digest


# Which partitions there are, and which have changed -----------------------------------------------------------


def _fingerprints(stream: Stream, result: FetchResult) -> dict[str, Fingerprint]:
    fingerprints = {
        CODES[kind]: fingerprint
        for kind, fingerprint in result.fingerprints.items()
        if kind in CODES and (kind in _once_a_project(stream) or _uses_page(stream, result, kind))
    }
    return fingerprints if result.satisfied is None else {**fingerprints, VERSIONS_CODE: result.satisfied}


def _once_a_project(stream: Stream) -> frozenset[DocumentKind]:
    """The kinds of documents that a stream reads; core metadata only if it reads that of the latest release alone."""
    described = stream.from_metadata and stream.partition_kind is None
    return stream.required_documents - {DocumentKind.CORE_METADATA} | (
        {DocumentKind.CORE_METADATA} if described else set()
    )


def _uses_page(stream: Stream, result: FetchResult, kind: DocumentKind) -> bool:
    used = (stream.from_page and result.page_completes) or (stream.from_metadata and result.page_only)
    return kind is DocumentKind.PAGE and used


def _same(fingerprints: Mapping[str, Fingerprint], others: Mapping[str, Fingerprint]) -> bool:
    """Whether the same documents were read; which pins and ranges they satisfy makes no rows."""
    documents = others.keys() - {VERSIONS_CODE}
    return fingerprints.keys() - {VERSIONS_CODE} == documents and all(
        fingerprints[code].same(others[code]) for code in documents
    )


def _current_partitions(
    stream: Stream, result: FetchResult, known: Mapping[str, Partition]
) -> Mapping[str, Fingerprint | None]:
    """The partitions that exist now, with the fingerprints of their documents; ``UNKNOWN``: taken as unchanged."""
    if stream.partition_kind is None:
        return {_ONLY: None}
    if stream.partition_kind in result.partitions:
        return {
            name: fingerprint
            for name, fingerprint in result.partitions[stream.partition_kind].items()
            if fingerprint is None or (fingerprint.tag and _is_read(stream, fingerprint)) or name in known
        }
    if DocumentKind.PROJECT in result.fingerprints and result.fingerprints[DocumentKind.PROJECT].absent:
        return {}
    return {name: partition.fingerprint for name, partition in known.items()}


def _is_read(stream: Stream, fingerprint: Fingerprint) -> bool:
    """Whether a stream has rows of a partition: those of METADATA alone only if they can be made from it."""
    return stream.from_metadata or not fingerprint.listed


def _is_unchanged(
    fingerprint: Fingerprint | None, known: Partition | None, *, comparable: bool, documents_unchanged: bool
) -> bool:
    """Whether a partition's rows would be the same: its document has been read, with the same settings.

    :param comparable: whether the settings are the same; ``documents_unchanged``: and the project's own documents.
    """
    if known is None:
        return False
    if fingerprint is None:
        return documents_unchanged and known.fingerprint in (None, INCOMPLETE)
    return not fingerprint.tag or (comparable and fingerprint.same(known.fingerprint))


def _serial(stream: Stream, result: FetchResult) -> int | None:
    """The lowest serial of a stream's documents; None: none has a serial, or one is absent.

    If there is no project document, the page's serial stands for both.
    """
    fingerprints = result.fingerprints
    absent = {kind for kind, fingerprint in fingerprints.items() if fingerprint.absent}
    if DocumentKind.PAGE in absent and (
        DocumentKind.PROJECT in absent or DocumentKind.PAGE in stream.required_documents
    ):
        return None
    serials = [
        fingerprint.serial
        for kind, fingerprint in fingerprints.items()
        if kind not in absent and (absent or kind in stream.required_documents)
    ]
    return min((serial for serial in serials if serial is not None), default=None)


# Rows ---------------------------------------------------------------------------------------------------------


def _by_partition(
    stream: Stream, result: FetchResult, names: Collection[str]
) -> Iterable[tuple[str, Iterable[list[Row]]]]:
    """The rows of these partitions, in slices; where a project has several, each partition is one slice."""
    if not names or stream.partition_field is None:
        return [(name, _slices(stream, result)) for name in names]
    by_name: dict[str, list[Row]] = {name: [] for name in names}
    for row in chain.from_iterable(_slices(stream, result)):
        name = str(_value(row, stream.partition_field))
        if name in by_name:
            by_name[name].append(row)
    return [(name, [rows] if rows else []) for name, rows in by_name.items()]


def _slices(stream: Stream, result: FetchResult) -> Iterator[list[Row]]:
    """A project's rows, some at a time.

    :raises TooLargeError: when there are more than ``MOST_ROWS``.
    """
    rows, count = iter(stream.rows(result.documents)), 0
    while some := list(islice(rows, SLICE)):
        count += len(some)
        if count > MOST_ROWS and stream.of_project:
            count += sum(1 for _ in rows)
            raise TooLargeError(f"{stream.name} of {result.documents.project}", f"{count:,} rows", f"{MOST_ROWS:,}")
        yield some


def _make_rows(stream: Stream, result: FetchResult, slices: Iterable[list[Row]], *, keys: bool) -> _Rows:
    """Encode rows slice by slice, so that few of them are in memory at once."""
    count, lines = 0, list[bytes]()
    row_keys: list[Key] = []
    digest = sha1(usedforsecurity=False)  # the fastest there is: all rows go through it
    for rows in slices:
        count += len(rows)
        lines.append(_encoded(stream, result, rows))
        digest.update(lines[-1])
        row_keys += _keys(stream, rows) if keys else ()
    return _Rows(count, lines, digest.digest()[:DIGEST], tuple(row_keys) if keys else None)


def _encoded(stream: Stream, result: FetchResult, rows: list[Row]) -> bytes:
    """Rows as JSON lines.

    :raises TooLargeError: when a row is larger than destinations accept.
    """
    lines = _ENCODER.encode_lines(rows)
    if len(lines) > LARGEST_ROW and (size := max(map(len, lines.split(b"\n")))) > LARGEST_ROW:
        what = f"{stream.name} of {result.documents.project or 'the index'}"
        raise TooLargeError(what, f"{size:,} bytes in one row", f"{LARGEST_ROW:,}")
    return lines


def _in_chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Lines, about ``CHUNK`` bytes at a time: a project may have thousands of releases with a row each."""
    chunk, size = list[bytes](), 0
    for piece in pieces:
        if chunk and size + len(piece) > CHUNK:
            yield b"".join(chunk)
            chunk, size = [], 0
        chunk.append(piece)
        size += len(piece)
    if chunk:
        yield b"".join(chunk)


# Keys ---------------------------------------------------------------------------------------------------------


def _remaining_key(stream: Stream) -> list[str]:
    """The fields of the key besides the project and the partition."""
    given = {"project"} if stream.of_project else set()
    return [name for name in stream.key if name not in given and name != stream.partition_field]


def _keys(stream: Stream, rows: Sequence[Any]) -> tuple[Key, ...]:
    """The rows' keys without project and partition; by columns, which is several times faster than row by row."""
    by_attribute = bool(rows) and isinstance(rows[0], Struct)
    columns = (map(attrgetter(name) if by_attribute else itemgetter(name), rows) for name in _remaining_key(stream))
    return tuple(zip(*columns, strict=True))


def _deleted_keys(
    stream: Stream,
    result: FetchResult,
    known: Mapping[str, Partition],
    partitions: Mapping[str, Partition],
    names: set[str],
) -> list[dict[str, str | int]]:
    """The keys of rows that these partitions had before, and have no more."""
    project = result.documents.project
    base: dict[str, str | int] = {} if project is None else {"project": project}
    fields = _remaining_key(stream)
    deleted = []
    for name in sorted(names & known.keys()):
        current = set(_keys_of(partitions.get(name), fields))
        partition = {} if stream.partition_field is None else {stream.partition_field: name}
        gone = (key for key in _keys_of(known[name], fields) if key not in current)
        deleted += [base | partition | dict(zip(fields, key, strict=True)) for key in gone]
    return deleted


def _keys_of(partition: Partition | None, fields: Sequence[str]) -> Sequence[Key]:
    """A partition's keys; if project and partition are the whole key, there is one if there is a row."""
    if partition is None:
        return ()
    return partition.keys or () if fields else ((),) * partition.has_rows


def _value(row: Row, name: str) -> str | int:
    value: str | int = getattr(row, name) if isinstance(row, Struct) else row[name]  # type: ignore[assignment]
    return value
