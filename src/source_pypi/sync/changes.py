"""How a stream's rows of a project changed: new and changed rows, keys of deleted rows, and the new state.

``change_of`` compares fingerprints first: rows are made only of documents that have changed. Rows are written only if
they differ from those of the run before.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from hashlib import sha1
from itertools import chain, islice
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from source_pypi.errors import TooLargeError
from source_pypi.safety.limits import LARGEST_ROW, MOST_ROWS
from source_pypi.services.index.documents import ABSENT, Fingerprint
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams.stream import ProjectDocuments, Row, Stream
from source_pypi.sync.batch import Batch, Change
from source_pypi.sync.capabilities import lacking_streams, provided_streams
from source_pypi.sync.failures import failure_of, has_mistyped_pin, not_offered
from source_pypi.sync.fetch_result import FetchResult
from source_pypi.sync.first_seen import FirstSeen, as_datetimes, known_times, packed, times_of
from source_pypi.sync.keys import deleted_keys, keys_of, remaining_key
from source_pypi.sync.notices import unknown_fields
from source_pypi.sync.planner import PreviousState
from source_pypi.sync.state import CODES, COUNT_CODE, DIGEST, VERSIONS_CODE, Key, Partition, ProjectState
from source_pypi.sync.unknown import INCOMPLETE, lacks_list, rows_are_unknown, unknown_partitions
from source_pypi.sync.warnings import absence_notices, absence_warnings, own_key_warnings

#: Rows that are made and encoded at a time. Files take some 700 bytes each as JSON, so that a slice fits into the
#: processor's cache, and needs no large block of memory.
SLICE = 100
#: Bytes of lines that are passed on at a time, about: neither a slice nor a row is cut.
CHUNK = 64 * 1024
_ENCODER = msgspec.json.Encoder()
#: The name of the only partition of streams that have one a project.
_ONLY = ""


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
    _add_first_seen(result, previous, checked_at)
    documents = result.documents
    failures = {s.name: error for s in previous.streams if (error := failure_of(s, result)) is not None}
    changes: dict[str, Change] = {}
    unknown_keys: list[str] = []
    for stream in previous.streams:
        if stream.name in failures or stream.required_documents & result.unusable:
            continue
        if documents.metadata_unknown and stream.from_metadata and stream.partition_kind is None:
            continue  # the row would lose what METADATA states
        try:
            change = change_of(stream, result, previous, settings_digests[stream.name], checked_at, keys=keys)
        except TooLargeError as error:
            failures[stream.name] = error
            continue
        if change.count == 0 and (lacking := not_offered(stream, documents)) is not None:
            failures[stream.name] = lacking
        elif change.count is not None and rows_are_unknown(stream, documents, previous.states.get(stream.name)):
            unknown_keys.append(stream.required_key or "")
        elif change.count or not has_mistyped_pin(stream, result, previous):
            changes[stream.name] = change
            unknown_keys += [stream.required_key or ""] * _leaves_unknown(change, stream, documents)
    named = result.project is None or result.project.named
    missing = result.missing and named
    warn = missing_projects == "warn" or (result.project is not None and result.project.may_be_missing)
    allowed = missing and (warn or (missing_projects == "auto" and previous.existed))
    return Batch(
        project=documents.project,
        seen_at=seen_at,
        changes=changes,
        failures=failures,
        missing=missing and not allowed,
        missing_allowed=allowed and warn,
        user_errors=tuple(result.user_errors),
        warnings=(
            *result.warnings,
            *absence_warnings(result, previous, named=named, allowed=allowed),
            *own_key_warnings(previous.streams, documents, changes),
        ),
        invalid_fields=tuple(
            invalid_field for document in documents.all() for invalid_field in document.invalid_fields
        ),
        notices=(*result.notices, *absence_notices(result, previous), *unknown_fields(unknown_keys)),
        total_projects=total_projects,
        provided=provided_streams(previous.streams, result, changes),
        lacking=lacking_streams(previous.streams, result, changes),
        versions=result.versions,
    )


def _leaves_unknown(change: Change, stream: Stream, documents: ProjectDocuments) -> bool:
    """Whether rows stay, or are none, because a field is unknown."""
    return bool(change.unknown_partitions) or (change.count is not None and lacks_list(stream, documents))


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
    fingerprints = _fingerprints(stream, result, before)
    comparable = stream.name in previous.comparable
    unchanged = comparable and before is not None and _same(fingerprints, before.fingerprints)
    current = _current_partitions(stream, result, known)
    outdated = [
        name
        for name, fingerprint in current.items()
        if not _is_unchanged(fingerprint, known.get(name), comparable=comparable, documents_unchanged=unchanged)
    ]
    kept_keys = keys and bool(remaining_key(stream))
    made = {
        name: _make_rows(stream, result, rows, keys=kept_keys) for name, rows in _by_partition(stream, result, outdated)
    }
    unknown = unknown_partitions(stream, result.documents)
    kept = [name for name in made if comparable and name in unknown and _would_lose_rows(known.get(name), made[name])]
    made = {name: rows for name, rows in made.items() if name not in kept}
    partitions = {name: _kept(known[name], fingerprint) for name, fingerprint in current.items() if name not in made}
    incomplete = INCOMPLETE if unknown and stream.partition_kind is None else None
    partitions |= {name: Partition(rows.digest, current[name] or incomplete, rows.keys) for name, rows in made.items()}
    changed = [name for name in made if name not in known or known[name].digest != partitions[name].digest]
    existed = previous.existed or not result.missing
    awaits = any(one.fingerprint == ABSENT for one in partitions.values()) and stream.partition_kind is not None
    serial, requirements = None if awaits else _serial(stream, result), result.complete_requirements
    first_seen = _first_seen(stream, result, before, made=bool(made))
    state = ProjectState(
        checked_at, settings_digest, existed, serial, fingerprints, partitions, requirements, first_seen
    )
    if before is not None and not changed and known.keys() <= partitions.keys():
        only_time_changed = state == replace(before, checked_at=checked_at)
        return Change(
            state, only_time_changed=only_time_changed, unknown_partitions=tuple(kept), lacks_key=bool(unknown)
        )
    replaced = {*changed, *(known.keys() - partitions.keys())}
    return Change(
        state,
        count=sum(made[name].count for name in changed),
        lines=tuple(_in_chunks(lines for name in changed for lines in made[name].lines)),
        unchanged_partitions=tuple(name for name in partitions if name not in changed),
        deleted_keys=deleted_keys(stream, result.documents.project, known, partitions, replaced) if keys else [],
        unknown_partitions=tuple(kept),
        lacks_key=bool(unknown),
    )


def _add_first_seen(result: FetchResult, previous: PreviousState, checked_at: int) -> None:
    """Add to a fetch when its files without upload time were first seen, if a stream says so."""
    undated, known = result.documents.undated, previous.first_seen
    if any(stream.says_first_seen for stream in previous.streams) and (undated or known):
        times = times_of(undated, known, checked_at)
        kept = known_times(result.documents.file_names, known, checked_at)
        result.documents, result.first_seen = (
            replace(result.documents, first_seen=as_datetimes(times)),
            packed(kept | times),
        )


def _first_seen(stream: Stream, result: FetchResult, before: ProjectState | None, *, made: bool) -> FirstSeen:
    """When the files in a stream's rows were first seen: as in the last run if no rows were made."""
    if not stream.says_first_seen:
        return ()
    return result.first_seen if made or before is None else before.first_seen


def _kept(known: Partition, fingerprint: Fingerprint | None) -> Partition:
    """A partition whose rows stay; that the index does not have its document is kept in state."""
    return replace(known, fingerprint=fingerprint) if fingerprint is not None and fingerprint.absent else known


def _would_lose_rows(known: Partition | None, made: _Rows) -> bool:
    """Whether rows that were loaded would be replaced, although the field that they are made of is unknown."""
    return known is not None and known.has_rows and known.fingerprint != INCOMPLETE and known.digest != made.digest


# Which partitions there are, and which have changed -----------------------------------------------------------


def _fingerprints(stream: Stream, result: FetchResult, before: ProjectState | None) -> dict[str, Fingerprint]:
    """The fingerprints of the documents that a project, or the index, has once; and what else stands among them."""
    fingerprints = {
        CODES[kind]: fingerprint
        for kind, fingerprint in result.fingerprints.items()
        if kind in CODES and (kind in _once_a_project(stream) or _uses_page(stream, result, kind))
    }
    listing = result.documents.listing if DocumentKind.LISTING in stream.documents else None
    if listing is not None:
        fingerprints[COUNT_CODE] = Fingerprint(b"%d" % len(listing.content.projects))
    elif before is not None and COUNT_CODE in before.fingerprints:
        fingerprints[COUNT_CODE] = before.fingerprints[COUNT_CODE]
    return fingerprints if result.satisfied is None else {**fingerprints, VERSIONS_CODE: result.satisfied}


def _once_a_project(stream: Stream) -> frozenset[DocumentKind]:
    """The kinds of documents that a stream reads; core metadata only if it reads that of the latest release alone."""
    kinds = stream.required_documents - {DocumentKind.CORE_METADATA}
    reads_latest = stream.from_metadata and stream.partition_kind is None
    return kinds | {DocumentKind.CORE_METADATA} if reads_latest else kinds


def _uses_page(stream: Stream, result: FetchResult, kind: DocumentKind) -> bool:
    used = (stream.from_listed and result.page_completes) or (stream.from_metadata and result.page_only)
    return kind is DocumentKind.PAGE and used


def _same(fingerprints: Mapping[str, Fingerprint], others: Mapping[str, Fingerprint]) -> bool:
    """Whether the same documents were read, whatever else stands among their fingerprints."""
    codes = {*CODES.values()}
    documents = others.keys() & codes
    return fingerprints.keys() & codes == documents and all(fingerprints[code].same(others[code]) for code in documents)


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
    keeps_rows = fingerprint.absent and known.has_rows
    return not fingerprint.tag or keeps_rows or (comparable and fingerprint.same(known.fingerprint))


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
        row_keys += keys_of(stream, rows) if keys else ()
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


def _value(row: Row, name: str) -> str | int:
    value: str | int = getattr(row, name) if isinstance(row, Struct) else row[name]  # type: ignore[assignment]
    return value
