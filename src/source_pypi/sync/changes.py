"""What a visit changed: of each stream the rows that are new or different, those that are gone, and what was seen.

Flow
    ``change_of`` compares the documents that a visit brought with those that a stream has seen. Rows are made only from
    documents that have changed, and are told only where they differ from those that were told before.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import sha1
from itertools import chain, islice
from operator import attrgetter, itemgetter
from typing import Any

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from source_pypi.errors import TooLargeError
from source_pypi.safety.limits import LARGEST_ROW, MOST_ROWS
from source_pypi.services.index.documents import Fingerprint
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams.stream import Row, Stream
from source_pypi.sync.fetch_result import FetchResult
from source_pypi.sync.state import (
    CODES,
    Key,
    Partition,
    PreviousState,
    ProjectState,
)
from source_pypi.sync.state_codec import DIGEST

#: Rows that are held at a time, of streams whose rows have no parts: files take some 700 bytes each as JSON. What is
#: made of so many stays in the processor's cache, and takes no large block of memory.
SLICE = 100
#: Bytes of lines that are handed over at a time, about; those of a slice are not cut, nor is a row.
CHUNK = 64 * 1024
_ENCODER = msgspec.json.Encoder()
#: The name of the only part of streams that have but one.
_ALL = ""


class Change(Struct, frozen=True):
    """What became of a stream's rows of a project.

    :ivar seen: what is to be remembered, once the rows are written.
    :ivar count: how many rows the parts have that are new or different; None: nothing has changed.
    :ivar lines: these rows as JSON, a line each, some lines at a time.
    :ivar kept: the parts whose rows stay; those of all other parts give way to these.
    :ivar gone: the keys of rows that are no more.
    :ivar again: whether all of ``seen`` but the time of the visit is what was remembered before.
    """

    state: ProjectState
    count: int | None = None
    lines: tuple[bytes, ...] = ()
    unchanged_partitions: tuple[str, ...] = ()
    deleted_keys: list[dict[str, str | int]] = field(default_factory=list)
    only_time_changed: bool = False


def change_of(
    stream: Stream, result: FetchResult, known: PreviousState, terms: bytes, now: int, *, keys: bool
) -> Change:
    """Compare a visit's documents with what a stream has seen.

    :param terms: what else the rows depend on now (``terms_of``).
    :param now: time of the visit, in seconds since 1970.
    :param keys: whether the keys of rows are kept, so that one can tell later which are gone.
    :raises TooLargeError: when there are more rows, or larger ones, than are taken.
    """
    before = known.states.get(stream.name)
    old = before.partitions if before is not None else {}
    fingerprints = _fingerprints(stream, result)
    comparable = stream.name in known.comparable
    stands = comparable and before is not None and _same(fingerprints, before.fingerprints)
    there = _there(stream, result, old)
    stale = [
        name
        for name, fingerprint in there.items()
        if not _unchanged(fingerprint, old.get(name), comparable=comparable, stands=stands)
    ]
    told = keys and bool(_rest(stream))
    made = {name: _made(stream, result, rows, keys=told) for name, rows in _by_part(stream, result, stale)}
    new: dict[str, Partition] = {name: old[name] for name in there if name not in made}
    new |= {name: Partition(one.digest, there[name], one.keys) for name, one in made.items()}
    changed = [name for name in made if name not in old or old[name].digest != new[name].digest]
    seen = ProjectState(
        now, terms, _existed(result, known), _serial(stream, result), fingerprints, new, result.complete_requirements
    )
    if before is not None and not changed and old.keys() <= new.keys():
        return Change(seen, only_time_changed=seen == replace(before, checked_at=now))
    kept = tuple(name for name in new if name not in changed)
    gone = _gone(stream, result.documents.project, old, new, {*changed, *(old.keys() - new.keys())}) if keys else []
    count = sum(made[name].count for name in changed)
    lines = _joined(piece for name in changed for piece in made[name].lines)
    return Change(seen, count, tuple(lines), kept, gone)


class _Made(Struct, frozen=True):
    """The rows of a part: how many, as JSON, what tells them from others, and what is left of their keys (if told)."""

    count: int
    lines: list[bytes]
    digest: bytes
    keys: tuple[Key, ...] | None


def _made(stream: Stream, result: FetchResult, slices: Iterable[list[Row]], *, keys: bool) -> _Made:
    """Turn rows into JSON slice by slice, so that few of them are held at once."""
    count, lines = 0, list[bytes]()
    told: list[Key] = []
    digest = sha1(usedforsecurity=False)  # the fastest there is: all rows go through it
    for rows in slices:
        count += len(rows)
        lines.append(_encoded(stream, result, rows))
        digest.update(lines[-1])
        told += _keys(stream, rows) if keys else ()
    return _Made(count, lines, digest.digest()[:DIGEST], tuple(told) if keys else None)


def _joined(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Lines, some ``CHUNK`` bytes at a time: a project may have thousands of releases with a row each."""
    held, size = list[bytes](), 0
    for piece in pieces:
        if held and size + len(piece) > CHUNK:
            yield b"".join(held)
            held, size = [], 0
        held.append(piece)
        size += len(piece)
    if held:
        yield b"".join(held)


_NO_ROWS = sha1(usedforsecurity=False).digest()[:DIGEST]


def _fingerprints(stream: Stream, result: FetchResult) -> dict[str, Fingerprint]:
    return {
        CODES[read]: fingerprint
        for read, fingerprint in result.fingerprints.items()
        if read in stream.required_documents and read in CODES
    }


def _same(new: Mapping[str, Fingerprint], old: Mapping[str, Fingerprint]) -> bool:
    return new.keys() == old.keys() and all(fingerprint.same(old[name]) for name, fingerprint in new.items())


def _there(stream: Stream, result: FetchResult, old: Mapping[str, Partition]) -> Mapping[str, Fingerprint | None]:
    """The parts that there are now, with their marks; an empty mark: it is as it was."""
    if stream.partition_kind is None:
        return {_ALL: None}
    if stream.partition_kind in result.partitions:
        there = result.partitions[stream.partition_kind]
        return {
            name: fingerprint
            for name, fingerprint in there.items()
            if fingerprint is None or fingerprint.tag or name in old
        }
    if DocumentKind.PROJECT in result.fingerprints and result.fingerprints[DocumentKind.PROJECT].absent:
        return {}
    return {name: part.fingerprint for name, part in old.items()}


def _unchanged(fingerprint: Fingerprint | None, old: Partition | None, *, comparable: bool, stands: bool) -> bool:
    """Whether a part would be made as it was: from the document that was seen, and on the same terms.

    :param settled: whether the terms are the same; :param stands: whether the project's own documents are, too.
    """
    if old is None:
        return False
    if fingerprint is None:
        return stands and old.fingerprint is None
    return not fingerprint.tag or (comparable and fingerprint.same(old.fingerprint))


def _by_part(stream: Stream, result: FetchResult, names: Collection[str]) -> Iterable[tuple[str, Iterable[list[Row]]]]:
    """The rows of the parts by these names: in slices, or, where a project has several parts, each as a whole."""
    if not names or stream.partition_field is None:
        return [(name, _slices(stream, result)) for name in names]
    rows: dict[str, list[Row]] = {name: [] for name in names}
    for row in chain.from_iterable(_slices(stream, result)):
        name = str(_value(row, stream.partition_field))
        if name in rows:
            rows[name].append(row)
    return [(name, [part] if part else []) for name, part in rows.items()]


def _slices(stream: Stream, result: FetchResult) -> Iterator[list[Row]]:
    """The rows of a visit, some at a time, unless a project has more than are taken.

    :raises TooLargeError: when it has.
    """
    made, count = iter(stream.rows(result.documents)), 0
    while rows := list(islice(made, SLICE)):
        count += len(rows)
        if count > MOST_ROWS and stream.of_project:
            count += sum(1 for _ in made)
            raise TooLargeError(f"{stream.name} of {result.documents.project}", f"{count:,} rows", f"{MOST_ROWS:,}")
        yield rows


def _encoded(stream: Stream, result: FetchResult, rows: list[Row]) -> bytes:
    """Rows as JSON, a line each, unless one is larger than destinations take.

    :raises TooLargeError: when one is.
    """
    lines = _ENCODER.encode_lines(rows)
    if len(lines) > LARGEST_ROW and (size := max(map(len, lines.split(b"\n")))) > LARGEST_ROW:
        what = f"{stream.name} of {result.documents.project or 'the index'}"
        raise TooLargeError(what, f"{size:,} bytes in one row", f"{LARGEST_ROW:,}")
    return lines


def _existed(result: FetchResult, known: PreviousState) -> bool:
    return known.existed or not result.missing


def _serial(stream: Stream, result: FetchResult) -> int | None:
    """The serial that all documents of a stream have at least; None: they tell none, or one is not there.

    Where there is no project document, the page tells it, in the place of both.
    """
    fingerprints = result.fingerprints
    absent = {read for read, fingerprint in fingerprints.items() if fingerprint.absent}
    if DocumentKind.PAGE in absent and (
        DocumentKind.PROJECT in absent or DocumentKind.PAGE in stream.required_documents
    ):
        return None
    told = [
        m.serial
        for read, m in fingerprints.items()
        if read not in absent and (absent or read in stream.required_documents)
    ]
    return min((serial for serial in told if serial is not None), default=None)


def _rest(stream: Stream) -> list[str]:
    """The fields of the key that neither the project nor the part tells."""
    known = {"project"} if stream.of_project else set()
    return [name for name in stream.key if name not in known and name != stream.partition_field]


def _keys(stream: Stream, rows: Sequence[Any]) -> tuple[Key, ...]:
    """What is left of the rows' keys; in columns, which takes a fraction of the time that a row at a time does."""
    by_attribute = bool(rows) and isinstance(rows[0], Struct)
    columns = (map(attrgetter(name) if by_attribute else itemgetter(name), rows) for name in _rest(stream))
    return tuple(zip(*columns, strict=True))


def _gone(
    stream: Stream, project: str | None, old: Mapping[str, Partition], new: Mapping[str, Partition], names: set[str]
) -> list[dict[str, str | int]]:
    """The keys of these parts' rows that were there before, and are not any more."""
    base: dict[str, str | int] = {} if project is None else {"project": project}
    rest = _rest(stream)
    gone = []
    for name in sorted(names & old.keys()):
        there = set(_keys_of(new.get(name), rest))
        part = {} if stream.partition_field is None else {stream.partition_field: name}
        vanished = (key for key in _keys_of(old[name], rest) if key not in there)
        gone += [base | part | dict(zip(rest, key, strict=True)) for key in vanished]
    return gone


def _keys_of(part: Partition | None, rest: Sequence[str]) -> Sequence[Key]:
    """The keys that a part's rows have; where project and part tell all of it, there is one if there is a row."""
    if part is None:
        return ()
    return part.keys or () if rest else ((),) * (part.digest != _NO_ROWS)


def _value(row: Row, name: str) -> str | int:
    value: str | int = getattr(row, name) if isinstance(row, Struct) else row[name]  # type: ignore[assignment]
    return value
