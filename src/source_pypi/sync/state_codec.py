"""What was seen, in few bytes: as a text for Airbyte and dlt, as a row of a table for destinations."""

import base64
import zlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from source_pypi.services.index.documents.fingerprint import MD5_TAG, UNKNOWN, Fingerprint
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.sync.state import CODES, Partition, ProjectState, ProjectSummary, summary_of

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


_ENCODER, _DECODER = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(ProjectState)


_PLAIN, _DEFLATED, _BRIEF = b"0", b"1", b"2"


_BEHIND_TIME = ":"


#: Bytes of a part's digest, and of an ETag that is an MD5.
DIGEST, _MD5 = 6, 16


def pack(seen: ProjectState) -> bytes:
    """What was seen, in few bytes."""
    return _deflate(_ENCODER.encode(seen))


def unpack(packed: bytes) -> ProjectState:
    """What was seen, from what ``pack`` made of it.

    :raises ValueError: when it is something else.
    """
    try:
        return _DECODER.decode(_inflate(packed))
    except (zlib.error, msgspec.DecodeError) as error:
        raise ValueError("no state of ours") from error


def pack_text(seen: ProjectState) -> str:
    """What was seen, as a text for places that hold no bytes: the time of the visit, and the rest, packed."""
    return _timed(seen.checked_at, base64.b64encode(pack(replace(seen, checked_at=0))).decode())


def with_time(text: str, asked: int) -> str:
    """What was seen, as ``pack_text`` made it, of a later visit that found all of it as it was."""
    return _timed(asked, text.partition(_BEHIND_TIME)[2])


def _timed(asked: int, rest: str) -> str:
    return f"{asked}{_BEHIND_TIME}{rest}"


def unpack_text(text: str) -> ProjectState:
    """What was seen, from what ``pack_text`` made of it.

    :raises ValueError: when it is something else.
    """
    asked, _, rest = text.partition(_BEHIND_TIME)
    return replace(unpack(base64.b64decode(rest, validate=True)), checked_at=int(asked))


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


class PackedState(NamedTuple):
    """What all streams have seen of a project, as a row of a table: most of it is the same for all of them.

    :ivar project: its normalised name; empty: the index as a whole.
    :ivar terms: the streams, in their order, each with its terms in hexadecimal: few projects differ in it.
    :ivar asked: time of the earliest of their last visits, in seconds since 1970.
    :ivar serial: the lowest that they have seen; None: one of them has seen none.
    :ivar absent: whether there was no project document.
    :ivar seen: the rest, packed.
    """

    project: str
    settings_digests: str
    checked_at: int
    serial: int | None
    absent: bool
    packed: bytes


#: The rest of what streams have seen: the visits that they took part in, and of each stream, which one, and its parts.
_Visited = tuple[int, int | None, bool, dict[str, Fingerprint]]


_Entry = bytes | tuple[int, dict[str, Partition], tuple[str, ...] | None]


_ROW_DECODER = msgspec.msgpack.Decoder(tuple[tuple[_Visited, ...], tuple[_Entry, ...]])


def pack_row(project: str, seen: Mapping[str, ProjectState]) -> PackedState:
    """What streams have seen of a project, as a row."""
    streams = sorted(seen)
    summary = summary_of(project, [seen[name] for name in streams])
    terms = ",".join(f"{name}:{seen[name].settings_digest.hex()}" for name in streams)
    packed = _brief([seen[name] for name in streams]) or _at_length([seen[name] for name in streams], summary)
    return PackedState(project, terms, summary.checked_at, summary.serial, summary.absent, packed)


def _brief(seen: Sequence[ProjectState]) -> bytes | None:
    """The most frequent kind: all streams have seen one project document, in one visit. None: it is another kind."""
    first, code = seen[0], CODES[DocumentKind.PROJECT]
    fingerprint = first.fingerprints.get(code, UNKNOWN)
    if not (fingerprint.tag[:1] == MD5_TAG and fingerprint.serial == first.serial is not None and first.existed):
        return None
    for one in seen:
        part = one.partitions.get("")
        if (
            one.checked_at != first.checked_at
            or one.serial != first.serial
            or one.fingerprints != {code: fingerprint}
            or not one.existed
        ):
            return None
        if (
            part is None
            or len(one.partitions) > 1
            or one.requirements is not None
            or part != Partition(part.digest[:DIGEST])
        ):
            return None
    return _BRIEF + fingerprint.tag[1:] + b"".join(one.partitions[""].digest for one in seen)


def _at_length(seen: Sequence[ProjectState], summary: ProjectSummary) -> bytes:
    base = summary.serial or 0
    visits: list[_Visited] = []
    entries: list[_Entry] = []
    for one in seen:
        fingerprints = {
            code: fingerprint if fingerprint.serial != one.serial else Fingerprint(fingerprint.tag, -1)
            for code, fingerprint in one.fingerprints.items()
        }
        visit = (
            one.checked_at - summary.checked_at,
            None if one.serial is None else one.serial - base,
            one.existed,
            fingerprints,
        )
        if visit not in visits:
            visits.append(visit)
        entries.append(_entry(visits.index(visit), one))
    return _deflate(_ENCODER.encode((visits, entries)))


def _entry(visit: int, seen: ProjectState) -> _Entry:
    """A stream's visit and parts; of the most frequent kind, only the digest."""
    part = seen.partitions.get("")
    plain = part is not None and part.fingerprint is None and part.keys is None and len(seen.partitions) == 1
    return (
        part.digest
        if part and plain and not visit and seen.requirements is None
        else (visit, seen.partitions, seen.requirements)
    )


def unpack_row(row: PackedState) -> dict[str, ProjectState]:
    """What streams have seen of a project, from a row.

    :raises ValueError: when it is none of ours.
    """
    try:
        visits, entries = _visits_and_entries(row.packed)
        named = [one.partition(":") for one in row.settings_digests.split(",")]
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
    visit: _Visited = 0, 0, True, {CODES[DocumentKind.PROJECT]: Fingerprint(tag, -1)}
    return (visit,), tuple(digests[start : start + DIGEST] for start in range(0, len(digests), DIGEST))


def _seen(row: PackedState, terms: bytes, visits: Sequence[_Visited], entry: _Entry) -> ProjectState:
    number, parts, needs = (0, {"": Partition(entry)}, None) if isinstance(entry, bytes) else entry
    asked, above, known, told = visits[number]
    serial = None if above is None else (row.serial or 0) + above
    fingerprints = {
        code: fingerprint if fingerprint.serial != -1 else Fingerprint(fingerprint.tag, serial)
        for code, fingerprint in told.items()
    }
    return ProjectState(row.checked_at + asked, terms, known, serial, fingerprints, parts, needs)
