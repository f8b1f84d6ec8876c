"""Encodes states in few bytes: as text for Airbyte and dlt, as a table row for destinations.

A row has the states of all streams of a project: some 60 bytes for three streams, since streams that were read together
share most of theirs.
"""

import base64
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import astuple, replace

from source_pypi.safety.limits import LARGEST_STATE
from source_pypi.services.index.documents.fingerprint import MD5_TAG, Fingerprint
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.sync.first_seen import FirstSeen
from source_pypi.sync.state import CODES, DIGEST, Partition, ProjectState, summary_of

#: Texts that are frequent in keys of rows. As the initial dictionary of the compression they make the state of a small
#: project up to 60 % smaller. Another dictionary could not read existing state: it needs a new version of the state.
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

#: First byte of an encoding: as it is, compressed, or (written by 0.4.0, only read) an ETag and digests.
_PLAIN, _DEFLATED, _BRIEF = b"0", b"1", b"2"
_NOT_A_STATE = "not a state that this program wrote"

_ENCODER, _DECODER = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(ProjectState)


def pack(state: ProjectState) -> bytes:
    """Return the state as bytes."""
    values = astuple(state)
    return _deflate(_ENCODER.encode(values if state.first_seen else values[:-1]))


def unpack(packed: bytes) -> ProjectState:
    """Return the state that ``pack`` encoded.

    :raises ValueError: when it is something else.
    """
    try:
        return _DECODER.decode(_inflate(packed))
    except (zlib.error, msgspec.DecodeError) as error:
        raise ValueError(_NOT_A_STATE) from error


def pack_text(state: ProjectState) -> str:
    """Return the state as ASCII text: ``checked_at``, a colon, and the rest in base64."""
    return f"{state.checked_at}:{base64.b64encode(pack(replace(state, checked_at=0))).decode()}"


def unpack_text(text: str) -> ProjectState:
    """Return the state that ``pack_text`` encoded.

    :raises ValueError: when it is something else.
    """
    checked_at, _, rest = text.partition(":")
    return replace(unpack(base64.b64decode(rest, validate=True)), checked_at=int(checked_at))


def with_time(text: str, checked_at: int) -> str:
    """Return the text of ``pack_text`` with another ``checked_at``."""
    return f"{checked_at}:{text.partition(':')[2]}"


def _deflate(plain: bytes) -> bytes:
    compressor = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=_COMMON)
    deflated = compressor.compress(plain) + compressor.flush()
    return _DEFLATED + deflated if len(deflated) < len(plain) else _PLAIN + plain


def _inflate(packed: bytes) -> bytes:
    if packed[:1] == _DEFLATED:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS, zdict=_COMMON)
        plain = inflater.decompress(packed[1:], LARGEST_STATE)
        if inflater.unconsumed_tail or not inflater.eof:
            raise ValueError(_NOT_A_STATE)
        return plain
    if packed[:1] != _PLAIN:
        raise ValueError(_NOT_A_STATE)
    return packed[1:]


class PackedState(NamedTuple):
    """The states of all streams of a project, as a table row.

    :ivar project: its normalised name; empty: the whole index.
    :ivar settings_digests: ``stream:digest``, comma-separated, by name of the stream, in hexadecimal. Few values occur.
    :ivar checked_at: the earliest of all streams' states, in seconds since 1970.
    :ivar serial: the lowest of all streams' states; None: one of them has none.
    :ivar absent: whether there was no project document.
    :ivar packed: the rest of the states.
    """

    project: str
    settings_digests: str
    checked_at: int
    serial: int | None
    absent: bool
    packed: bytes


#: What streams that were read together share: ``checked_at`` and the serial, both relative to those of the row,
#: ``existed``, and the fingerprints. In these, the serial -1 stands for that of the state.
_Shared = tuple[int, int | None, bool, dict[str, Fingerprint]]


class _Own(Struct, array_like=True, gc=False):
    """The rest of a stream's state.

    If there is nothing but the digest of one partition, and the first shared part, it is the digest alone.

    :ivar shared: the index of the shared part.
    :ivar first_seen: the index of the times of files (``_States.first_seen``), plus one; 0: there are none.
    """

    shared: int
    partitions: dict[str, Partition]
    requirements: tuple[str, ...] | None = None
    first_seen: int = 0


class _States(Struct, array_like=True, gc=False):
    """The states of a project, as they are encoded; streams that were read together share times of files, too."""

    shared: list[_Shared]
    owns: list[bytes | _Own]
    first_seen: list[FirstSeen] = []


_ROW_DECODER = msgspec.msgpack.Decoder(_States)


def pack_row(project: str, states: Mapping[str, ProjectState]) -> PackedState:
    """Return the states of a project, by name of the stream, as a row."""
    streams = sorted(states)
    summary = summary_of(project, states.values())
    shared: list[_Shared] = []
    owns: list[bytes | tuple[Any, ...]] = []
    times = list(dict.fromkeys(state.first_seen for state in states.values() if state.first_seen))
    for state in (states[name] for name in streams):
        fingerprints = {
            code: one if one.serial != state.serial else Fingerprint(one.tag, -1)
            for code, one in state.fingerprints.items()
        }
        serial = None if state.serial is None else state.serial - (summary.serial or 0)
        part = state.checked_at - summary.checked_at, serial, state.existed, fingerprints
        if part not in shared:
            shared.append(part)
        digest = state.partitions.get("", Partition(b"")).digest
        own: tuple[Any, ...] = (shared.index(part), state.partitions, state.requirements)
        if state.first_seen:
            own = (*own, times.index(state.first_seen) + 1)
        owns.append(digest if own == (0, {"": Partition(digest)}, None) else own)
    digests = ",".join(f"{name}:{states[name].settings_digest.hex()}" for name in streams)
    packed = _deflate(_ENCODER.encode((shared, owns, times) if times else (shared, owns)))
    return PackedState(project, digests, summary.checked_at, summary.serial, summary.absent, packed)


def unpack_row(row: PackedState) -> dict[str, ProjectState]:
    """Return the states of a project, by name of the stream.

    :raises ValueError: when ``pack_row`` did not make the row.
    """
    try:
        decoded = _decode_row(row.packed)
        names = [one.partition(":") for one in row.settings_digests.split(",")]
        return {
            name: _state(row, bytes.fromhex(digest), decoded, own)
            for (name, _, digest), own in zip(names, decoded.owns, strict=True)
        }
    except (zlib.error, msgspec.DecodeError, IndexError, TypeError, AttributeError) as error:  # the latter two: a null
        raise ValueError(_NOT_A_STATE) from error


def _decode_row(packed: bytes) -> _States:
    if packed[:1] != _BRIEF:
        return _ROW_DECODER.decode(_inflate(packed))
    fingerprint = Fingerprint(MD5_TAG + packed[1:17], -1)
    digests = packed[17:]
    return _States(
        [(0, 0, True, {CODES[DocumentKind.PROJECT]: fingerprint})],
        [digests[start : start + DIGEST] for start in range(0, len(digests), DIGEST)],
    )


def _state(row: PackedState, settings_digest: bytes, states: _States, own: bytes | _Own) -> ProjectState:
    if isinstance(own, bytes):
        own = _Own(0, {"": Partition(own)})
    checked_at, above, existed, relative = states.shared[own.shared]
    serial = None if above is None else (row.serial or 0) + above
    fingerprints = {code: one if one.serial != -1 else Fingerprint(one.tag, serial) for code, one in relative.items()}
    first_seen = states.first_seen[own.first_seen - 1] if own.first_seen else ()
    return ProjectState(
        row.checked_at + checked_at,
        settings_digest,
        existed,
        serial,
        fingerprints,
        own.partitions,
        own.requirements,
        first_seen,
    )
