"""What a visit changed: of each stream the rows that are new or different, those that are gone, and what was seen.

Flow
    ``change_of`` compares the documents that a visit brought with those that a stream has seen. Rows are made only from
    documents that have changed, and are told only where they differ from those that were told before.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec
from msgspec import Struct

from source_pypi.documents import Mark
from source_pypi.reads import Reads
from source_pypi.state import CODES, DIGEST, Key, Known, Part, Seen
from source_pypi.streams.stream import Row, Stream
from source_pypi.visit import Findings

_ENCODER = msgspec.json.Encoder()
#: The name of the only part of streams that have but one.
_ALL = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a stream's rows of a project.

    :ivar seen: what is to be remembered, once the rows are written.
    :ivar rows: those of the parts that are new or different; None: nothing has changed.
    :ivar lines: the same as JSON, a line each.
    :ivar kept: the parts whose rows stay; those of all other parts give way to ``rows``.
    :ivar gone: the keys of rows that are no more.
    """

    seen: Seen
    rows: list[Row] | None = None
    lines: bytes = b""
    kept: tuple[str, ...] = ()
    gone: list[dict[str, str | int]] = field(default_factory=list)


def change_of(stream: Stream, findings: Findings, known: Known, terms: bytes, now: int, *, keys: bool) -> Change:
    """Compare a visit's documents with what a stream has seen.

    :param terms: what else the rows depend on now (``terms_of``).
    :param now: time of the visit, in seconds since 1970.
    :param keys: whether the keys of rows are kept, so that one can tell later which are gone.
    """
    before = known.seen.get(stream.name)
    old = before.parts if before is not None else {}
    marks = _marks(stream, findings)
    stands = stream.name in known.settled and before is not None and _same(marks, before.marks)
    there = _there(stream, findings, old)
    stale = [name for name, mark in there.items() if not _unchanged(name, mark, old, stands=stands)]
    made = _rows_by_part(stream, findings, stale)
    new: dict[str, Part] = {name: old[name] for name in there if name not in made}
    lines: dict[str, bytes] = {}
    for name, rows in made.items():
        lines[name] = _ENCODER.encode_lines(rows)
        told = tuple(_keys(stream, rows)) if keys and _rest(stream) else None
        new[name] = Part(_digest(lines[name]), there[name], told)
    changed = [name for name in made if name not in old or old[name].digest != new[name].digest]
    seen = Seen(now, terms, _existed(findings, known), _serial(stream, findings), marks, new, findings.whole_needs)
    if before is not None and not changed and old.keys() <= new.keys():
        return Change(seen)
    kept = tuple(name for name in new if name not in changed)
    gone = _gone(stream, findings.visit.project, old, new, {*changed, *(old.keys() - new.keys())}) if keys else []
    rows = [row for name in changed for row in made[name]]
    return Change(seen, rows, b"".join(lines[name] for name in changed), kept, gone)


def _digest(lines: bytes) -> bytes:
    return blake2b(lines, digest_size=DIGEST).digest()


_NO_ROWS = _digest(b"")


def _marks(stream: Stream, findings: Findings) -> dict[str, Mark]:
    return {CODES[read]: mark for read, mark in findings.marks.items() if read in stream.needs and read in CODES}


def _same(new: Mapping[str, Mark], old: Mapping[str, Mark]) -> bool:
    return new.keys() == old.keys() and all(mark.same(old[name]) for name, mark in new.items())


def _there(stream: Stream, findings: Findings, old: Mapping[str, Part]) -> Mapping[str, Mark | None]:
    """The parts that there are now, with their marks; an empty mark: it is as it was."""
    if stream.part_kind is None:
        return {_ALL: None}
    if stream.part_kind in findings.parts:
        there = findings.parts[stream.part_kind]
        return {name: mark for name, mark in there.items() if mark is None or mark.tag or name in old}
    if Reads.PROJECT in findings.marks and findings.marks[Reads.PROJECT].absent:
        return {}
    return {name: part.mark for name, part in old.items()}


def _unchanged(name: str, mark: Mark | None, old: Mapping[str, Part], *, stands: bool) -> bool:
    """Whether the document that a part is made from is the one that was seen."""
    if name not in old:
        return False
    if mark is None:
        return stands and old[name].mark is None
    return not mark.tag or mark.same(old[name].mark)


def _rows_by_part(stream: Stream, findings: Findings, names: Iterable[str]) -> dict[str, list[Row]]:
    """The rows of the parts by these names."""
    made: dict[str, list[Row]] = {name: [] for name in names}
    if not made:
        return made
    for row in stream.rows(findings.visit):
        name = _ALL if stream.part is None else str(_value(row, stream.part))
        if name in made:
            made[name].append(row)
    return made


def _existed(findings: Findings, known: Known) -> bool:
    return known.existed or not findings.missing


def _serial(stream: Stream, findings: Findings) -> int | None:
    """The serial that all documents of a stream have at least; None: they tell none, or one is not there.

    Where there is no project document, the page tells it, in the place of both.
    """
    marks = findings.marks
    absent = {read for read, mark in marks.items() if mark.absent}
    if Reads.PAGE in absent and (Reads.PROJECT in absent or Reads.PAGE in stream.needs):
        return None
    told = [m.serial for read, m in marks.items() if read not in absent and (absent or read in stream.needs)]
    return min((serial for serial in told if serial is not None), default=None)


def _rest(stream: Stream) -> list[str]:
    """The fields of the key that neither the project nor the part tells."""
    known = {"project"} if stream.of_project else set()
    return [name for name in stream.key if name not in known and name != stream.part]


def _keys(stream: Stream, rows: Iterable[Row]) -> Iterable[Key]:
    names = _rest(stream)
    return (tuple(_value(row, name) for name in names) for row in rows)


def _gone(
    stream: Stream, project: str | None, old: Mapping[str, Part], new: Mapping[str, Part], names: set[str]
) -> list[dict[str, str | int]]:
    """The keys of these parts' rows that were there before, and are not any more."""
    base: dict[str, str | int] = {} if project is None else {"project": project}
    rest = _rest(stream)
    gone = []
    for name in sorted(names & old.keys()):
        there = set(_keys_of(new.get(name), rest))
        part = {} if stream.part is None else {stream.part: name}
        vanished = (key for key in _keys_of(old[name], rest) if key not in there)
        gone += [base | part | dict(zip(rest, key, strict=True)) for key in vanished]
    return gone


def _keys_of(part: Part | None, rest: Sequence[str]) -> Sequence[Key]:
    """The keys that a part's rows have; where project and part tell all of it, there is one if there is a row."""
    if part is None:
        return ()
    return part.keys or () if rest else ((),) * (part.digest != _NO_ROWS)


def _value(row: Row, name: str) -> str | int:
    value: str | int = getattr(row, name) if isinstance(row, Struct) else row[name]  # type: ignore[assignment]
    return value
