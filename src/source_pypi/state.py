"""What a stream has seen of each project: kept between runs, so that the next one costs what changed.

Words
    A ``Mark`` is what a document was (``documents/mark.py``). A ``Part`` is the rows that are replaced together: all of
    a project's, or, for streams that read a release or a file at a time, those of one release or file. ``Seen`` is what
    one stream has seen of one project. A ``Memory`` holds them; each front keeps its own beside the rows.

Rules
    State belongs to a stream and a project, never to one high-water mark: a project or a stream that is added later has
    nothing here, and is read from its beginning. Rows are written whole, then what was seen of them moves.
"""

import base64
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple, Protocol

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from source_pypi.documents.mark import MD5_TAG, UNKNOWN, Mark
from source_pypi.reads import Reads
from source_pypi.record import fields_of
from source_pypi.selection import Target
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


#: Texts that keys are full of: with them known, the keys of a small project compress as well as those of a large one.
#: Changing them breaks state that was written before: that takes a new version of the state.
_COMMON = (
    b"License :: OSI Approved :: GNU General Public License v3 (GPLv3)License :: OSI Approved :: BSD License"
    b"License :: OSI Approved :: Apache Software LicenseLicense :: OSI Approved :: MIT License"
    b"Intended Audience :: Science/ResearchIntended Audience :: System AdministratorsIntended Audience :: "
    b"Information TechnologyIntended Audience :: Developers"
    b"Environment :: ConsoleEnvironment :: Web EnvironmentNatural Language :: EnglishTyping :: Typed"
    b"Topic :: Scientific/EngineeringTopic :: UtilitiesTopic :: Internet :: WWW/HTTPTopic :: System :: "
    b"Topic :: Software Development :: Libraries :: Application FrameworksTopic :: Software Development :: "
    b"Libraries :: Python ModulesOperating System :: MacOSOperating System :: POSIX :: LinuxOperating System :: "
    b"Microsoft :: WindowsOperating System :: OS IndependentDevelopment Status :: 3 - AlphaDevelopment Status :: 4 - "
    b"BetaDevelopment Status :: 5 - Production/StableProgramming Language :: Python :: Implementation :: PyPy"
    b"Programming Language :: Python :: Implementation :: CPythonProgramming Language :: Python :: 2.7"
    b"Programming Language :: Python :: 3 :: OnlyProgramming Language :: Python :: 3.8Programming Language :: Python "
    b":: 3.9Programming Language :: Python :: 3.10Programming Language :: Python :: 3.11Programming Language :: Python "
    b":: 3.12Programming Language :: Python :: 3.13Programming Language :: Python :: 3.14DocumentationSourceHomepage"
    b"ChangelogIssuesRepositoryOwnerMaintainer.zip-win32.whl-win_amd64.whl-win_arm64.whl-py2-none-any.whl"
    b"-macosx_10_9_x86_64.whl-macosx_11_0_arm64.whl-manylinux_2_17_i686.manylinux2014_i686.whl-musllinux_1_2_aarch64.whl"
    b"-musllinux_1_2_x86_64.whl-manylinux_2_17_aarch64.manylinux2014_aarch64.whl-manylinux_2_17_x86_64."
    b"manylinux2014_x86_64.whl-cp39-cp39-cp310-cp310-cp311-cp311-cp312-cp312-cp313-cp313-cp314-cp314"
    b"-py2.py3-none-any.whl.tar.gz-py3-none-any.whl"
)
_ENCODER, _DECODER = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(Seen)
_PLAIN, _DEFLATED, _BRIEF = b"0", b"1", b"2"
_BEHIND_TIME = ":"
#: Bytes of a part's digest, and of an ETag that is an MD5.
DIGEST, _MD5 = 6, 16


def pack(seen: Seen) -> bytes:
    """What was seen, in few bytes."""
    return _deflate(_ENCODER.encode(seen))


def unpack(packed: bytes) -> Seen:
    """What was seen, from what ``pack`` made of it.

    :raises ValueError: when it is something else.
    """
    try:
        return _DECODER.decode(_inflate(packed))
    except (zlib.error, msgspec.DecodeError) as error:
        raise ValueError("no state of ours") from error


def pack_text(seen: Seen) -> str:
    """What was seen, as a text for places that hold no bytes: the time of the visit, and the rest, packed."""
    return _timed(seen.asked, base64.b64encode(pack(replace(seen, asked=0))).decode())


def seen_again(text: str, asked: int) -> str:
    """What was seen, as ``pack_text`` made it, of a later visit that found all of it as it was."""
    return _timed(asked, text.partition(_BEHIND_TIME)[2])


def _timed(asked: int, rest: str) -> str:
    return f"{asked}{_BEHIND_TIME}{rest}"


def unpack_text(text: str) -> Seen:
    """What was seen, from what ``pack_text`` made of it.

    :raises ValueError: when it is something else.
    """
    asked, _, rest = text.partition(_BEHIND_TIME)
    return replace(unpack(base64.b64decode(rest, validate=True)), asked=int(asked))


def _deflate(plain: bytes) -> bytes:
    deflating = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=_COMMON)
    deflated = deflating.compress(plain) + deflating.flush()
    return _DEFLATED + deflated if len(deflated) < len(plain) else _PLAIN + plain


def _inflate(packed: bytes) -> bytes:
    kind, body = packed[:1], packed[1:]
    if kind == _DEFLATED:
        return zlib.decompressobj(-zlib.MAX_WBITS, zdict=_COMMON).decompress(body)
    if kind != _PLAIN:
        raise ValueError("no state of ours")
    return body


class Row(NamedTuple):
    """What all streams have seen of a project, as a row of a table: most of it is the same for all of them.

    :ivar project: its normalised name; empty: the index as a whole.
    :ivar terms: the streams, in their order, each with its terms in hexadecimal: few projects differ in it.
    :ivar asked: time of the earliest of their last visits, in seconds since 1970.
    :ivar serial: the lowest that they have seen; None: one of them has seen none.
    :ivar absent: whether there was no project document.
    :ivar seen: the rest, packed.
    """

    project: str
    terms: str
    asked: int
    serial: int | None
    absent: bool
    seen: bytes


#: The rest of what streams have seen: the visits that they took part in, and of each stream, which one, and its parts.
_Visited = tuple[int, int | None, bool, dict[str, Mark]]
_Entry = bytes | tuple[int, dict[str, Part], tuple[str, ...] | None]
_ROW_DECODER = msgspec.msgpack.Decoder(tuple[tuple[_Visited, ...], tuple[_Entry, ...]])


def pack_row(project: str, seen: Mapping[str, Seen]) -> Row:
    """What streams have seen of a project, as a row."""
    streams = sorted(seen)
    glance = glance_of(project, [seen[name] for name in streams])
    terms = ",".join(f"{name}:{seen[name].terms.hex()}" for name in streams)
    packed = _brief([seen[name] for name in streams]) or _at_length([seen[name] for name in streams], glance)
    return Row(project, terms, glance.asked, glance.serial, glance.absent, packed)


def _brief(seen: Sequence[Seen]) -> bytes | None:
    """The most frequent kind: all streams have seen one project document, in one visit. None: it is another kind."""
    first, code = seen[0], CODES[Reads.PROJECT]
    mark = first.marks.get(code, UNKNOWN)
    if not (mark.tag[:1] == MD5_TAG and mark.serial == first.serial is not None and first.known):
        return None
    for one in seen:
        part = one.parts.get("")
        if one.asked != first.asked or one.serial != first.serial or one.marks != {code: mark} or not one.known:
            return None
        if part is None or len(one.parts) > 1 or one.needs is not None or part != Part(part.digest[:DIGEST]):
            return None
    return _BRIEF + mark.tag[1:] + b"".join(one.parts[""].digest for one in seen)


def _at_length(seen: Sequence[Seen], glance: Glance) -> bytes:
    base = glance.serial or 0
    visits: list[_Visited] = []
    entries: list[_Entry] = []
    for one in seen:
        marks = {code: mark if mark.serial != one.serial else Mark(mark.tag, -1) for code, mark in one.marks.items()}
        visit = one.asked - glance.asked, None if one.serial is None else one.serial - base, one.known, marks
        if visit not in visits:
            visits.append(visit)
        entries.append(_entry(visits.index(visit), one))
    return _deflate(_ENCODER.encode((visits, entries)))


def _entry(visit: int, seen: Seen) -> _Entry:
    """A stream's visit and parts; of the most frequent kind, only the digest."""
    part = seen.parts.get("")
    plain = part is not None and part.mark is None and part.keys is None and len(seen.parts) == 1
    return part.digest if part and plain and not visit and seen.needs is None else (visit, seen.parts, seen.needs)


def unpack_row(row: Row) -> dict[str, Seen]:
    """What streams have seen of a project, from a row.

    :raises ValueError: when it is none of ours.
    """
    try:
        visits, entries = _visits_and_entries(row.seen)
        named = [one.partition(":") for one in row.terms.split(",")]
        return {
            name: _seen(row, bytes.fromhex(terms), visits, entry)
            for (name, _, terms), entry in zip(named, entries, strict=True)
        }
    except (zlib.error, msgspec.DecodeError, IndexError, TypeError, AttributeError) as error:  # the latter two: a null
        raise ValueError("no state of ours") from error


def _visits_and_entries(packed: bytes) -> tuple[tuple[_Visited, ...], tuple[_Entry, ...]]:
    if packed[:1] != _BRIEF:
        return _ROW_DECODER.decode(_inflate(packed))
    tag, digests = MD5_TAG + packed[1 : 1 + _MD5], packed[1 + _MD5 :]
    visit: _Visited = 0, 0, True, {CODES[Reads.PROJECT]: Mark(tag, -1)}
    return (visit,), tuple(digests[start : start + DIGEST] for start in range(0, len(digests), DIGEST))


def _seen(row: Row, terms: bytes, visits: Sequence[_Visited], entry: _Entry) -> Seen:
    number, parts, needs = (0, {"": Part(entry)}, None) if isinstance(entry, bytes) else entry
    asked, above, known, told = visits[number]
    serial = None if above is None else (row.serial or 0) + above
    marks = {code: mark if mark.serial != -1 else Mark(mark.tag, serial) for code, mark in told.items()}
    return Seen(row.asked + asked, terms, known, serial, marks, parts, needs)
