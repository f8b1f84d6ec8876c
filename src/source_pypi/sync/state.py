"""What a stream has seen of each project: kept between runs, so that the next one costs what changed.

Words
    A ``Mark`` is what a document was (``documents/mark.py``). A ``Part`` is the rows that are replaced together: all of
    a project's, or, for streams that read a release or a file at a time, those of one release or file. ``Seen`` is what
    one stream has seen of one project. A ``Memory`` holds them; each front keeps its own beside the rows.

Rules
    State belongs to a stream and a project, never to one high-water mark: a project or a stream that is added later has
    nothing here, and is read from its beginning. Rows are written whole, then what was seen of them moves.
"""

from collections.abc import Collection, Iterable, Mapping
from hashlib import blake2b
from typing import NamedTuple, Protocol

from msgspec import Struct, field

from source_pypi.fields import fields_of
from source_pypi.selection import Target
from source_pypi.services.index.documents.fingerprint import UNKNOWN, Mark
from source_pypi.services.index.documents.kinds import Reads
from source_pypi.streams.stream import Stream

#: The key of what is seen of the index as a whole, where a project's name would stand.
WHOLE_INDEX = ""

#: The values of a row's key that its part does not tell: of files, ``(filename,)``.
Key = tuple[str | int, ...]


class Part(Struct, frozen=True, array_like=True, gc=False):
    """Rows that are replaced together.

    :ivar digest: of the rows.
    :ivar mark: of the document that only they are made from; None: they are made from the project's alone.
    :ivar keys: of the rows; None: not kept.
    """

    digest: bytes
    mark: Mark | None = None
    keys: tuple[Key, ...] | None = None


class Seen(Struct, frozen=True, array_like=True, gc=False):
    """What a stream has seen of a project.

    :ivar asked: time of the visit, in seconds since 1970.
    :ivar terms: digest of what else the rows depend on (``terms_of``): rows of other terms are read from the beginning.
    :ivar known: whether the index has ever had the project.
    :ivar serial: which all its documents had at least; None: they told none, or one was not there.
    :ivar marks: of the documents that are the project's own, by code (``CODES``).
    :ivar parts: by name: a version, a file's name, or empty where there is but one.
    :ivar needs: the requirements that its dependencies were followed by; None: they were not.
    """

    asked: int
    terms: bytes
    known: bool
    serial: int | None
    marks: dict[str, Mark]
    parts: dict[str, Part]
    needs: tuple[str, ...] | None = None


class Glance(NamedTuple):
    """What is told of a project in a few words: enough to see whether it need be visited.

    :ivar project: its normalised name (PEP 503).
    :ivar serial: the highest that all streams have seen; None: one of them has seen none.
    :ivar asked: time of the earliest of their last visits, in seconds since 1970.
    :ivar absent: whether there was no project document, as all that have seen the project tell.
    :ivar settled: whether all streams have seen it, on the terms on which they are read now.
    """

    project: str
    serial: int | None
    asked: int
    absent: bool
    settled: bool = True


class Memory(Protocol):
    """What was seen, as a front keeps it."""

    @property
    def unfinished(self) -> int | None:
        """When the last run began, if it did not come to its end, in seconds since 1970; None: it did."""

    @property
    def keys(self) -> bool:
        """Whether the keys of rows are to be remembered, so that those that are gone can be told one by one."""

    def recall(self, projects: Collection[str]) -> Mapping[str, Mapping[str, Seen]]:
        """What the selected streams have seen of these projects: by project, then by stream."""
        ...

    def glance(self, terms: Mapping[str, bytes]) -> Iterable[Glance]:
        """Every project that any of the streams in ``terms`` has seen, as ``glance_at`` tells of it, in any order."""
        ...


class NoMemory:
    """Nothing was seen before, and nothing is kept."""

    unfinished: int | None = None
    keys = False

    def recall(self, projects: Collection[str]) -> Mapping[str, Mapping[str, Seen]]:  # noqa: ARG002
        """Nothing."""
        return {}

    def glance(self, terms: Mapping[str, bytes]) -> Iterable[Glance]:  # noqa: ARG002
        """Nothing."""
        return ()


def glance_of(project: str, seen: Collection[Seen]) -> Glance:
    """What streams have seen of a project, in a few words; there is one at least."""
    serials = [one.serial for one in seen]
    lowest = None if None in serials else min(serial for serial in serials if serial is not None)
    return Glance(project, lowest, min(one.asked for one in seen), all(is_absent(one) for one in seen))


def glance_at(project: str, seen: Mapping[str, Seen], terms: Mapping[str, bytes]) -> Glance | None:
    """What the streams in ``terms`` have seen of a project, in a few words; None: it is new to all of them."""
    known = {name: seen[name] for name in terms if name in seen}
    if not known or project == WHOLE_INDEX:
        return None
    settled = {name: one.terms for name, one in known.items()} == dict(terms)
    return glance_of(project, known.values())._replace(settled=settled)


def is_absent(seen: Seen) -> bool:
    """Whether there was no project document when a stream last saw the project."""
    return mark_in(seen, Reads.PROJECT).absent


def terms_of(
    stream: Stream, target: Target | None, releases: str, *, fill: bool, keys: bool, follow: bool = False
) -> bytes:
    """Digest of what state depends on besides documents: fields of rows, which releases are read, if keys are kept.

    Where dependencies are followed, what a project needs is part of every stream's state, and depends on the releases.
    """
    names = ",".join(field.name for field in fields_of(stream.record))
    terms = [names, str(stream.revision), str(keys)]
    if target is not None and (stream.part is not None or follow):
        unpinned = releases if target.unpinned else ""
        terms += [unpinned, *sorted(target.pins), str(fill and (follow or bool(stream.fills_from))), str(follow)]
    return blake2b("\n".join(terms).encode(), digest_size=4).digest()


class Known(Struct, frozen=True):
    """What the selected streams know of a project when it is visited.

    :ivar streams: those that read of projects.
    :ivar seen: what they have seen, by stream.
    :ivar settled: the streams whose rows stand as they are, if the documents do.
    :ivar deep: whether release documents are asked for even where the project did not change.
    """

    streams: tuple[Stream, ...] = ()
    seen: Mapping[str, Seen] = field(default_factory=dict)
    settled: frozenset[str] = frozenset()
    deep: bool = False

    def readers(self, kind: Reads) -> tuple[Stream, ...]:
        """The streams that need this kind of document."""
        return tuple(stream for stream in self.streams if kind in stream.needs)

    def mark(self, kind: Reads, name: str = "") -> Mark:
        """With which mark to ask: its ETag only where all readers' rows stand as they are if it has not changed."""
        readers = self.readers(kind)
        marks = [mark_in(self.seen[s.name], kind, name) for s in readers if s.name in self.seen]
        highest = max((mark.serial for mark in marks if mark.serial is not None), default=None)
        agreed = len({mark.tag for mark in marks}) == 1 and all(s.name in self.settled for s in readers)
        return Mark(marks[0].tag if agreed else b"", highest)

    def stands(self, kind: Reads, mark: Mark, readers: Iterable[Stream], name: str = "") -> bool:
        """Whether these streams have all seen this very document."""
        seen = [self.seen[s.name] if s.name in self.settled else None for s in readers]
        return bool(seen) and all(one is not None and mark_in(one, kind, name).same(mark) for one in seen)

    def parts(self, kind: Reads) -> dict[str, Mark | None]:
        """The documents of this kind that a stream has seen whose rows stand, with their marks."""
        settled = [self.seen[s.name] for s in self.readers(kind) if s.name in self.settled]
        return {name: part.mark for seen in settled[:1] for name, part in seen.parts.items()}

    @property
    def needs(self) -> tuple[str, ...] | None:
        """The requirements found when the project was last visited; None: nobody looked."""
        found = (self.seen[name].needs for name in sorted(self.settled))
        return next((needs for needs in found if needs is not None), None)

    @property
    def existed(self) -> bool:
        """Whether the index has ever had the project."""
        return any(seen.known for seen in self.seen.values())


#: What documents are called in state, of which there is one a project, or one in all.
CODES = {Reads.PROJECT: "d", Reads.PAGE: "p", Reads.LISTING: "l"}


def mark_in(seen: Seen, kind: Reads, name: str = "") -> Mark:
    """The mark of a document when a stream last saw it."""
    if not name:
        return seen.marks.get(CODES[kind], UNKNOWN) if kind in CODES else UNKNOWN
    part = seen.parts.get(name)
    return part.mark or UNKNOWN if part is not None else UNKNOWN
