"""sync/state_codec.py: states as bytes, as text, and as table rows."""

from contextlib import suppress
from hashlib import blake2b
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import msgpack
from msgspec.structs import replace

from source_pypi.services.index.documents import ABSENT, UNKNOWN, Fingerprint
from source_pypi.services.index.documents.fingerprint import MD5_TAG, fingerprint_of
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams import STREAMS
from source_pypi.sync.state import CODES, DIGEST, Partition, ProjectState, summary_of
from source_pypi.sync.state_codec import (
    PackedState,
    pack,
    pack_row,
    pack_text,
    unpack,
    unpack_row,
    unpack_text,
    with_time,
)

SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
TIME, SERIAL = 1_795_332_577, 29_000_000
MD5, WEAK = '"y0Fny/WdfYJfMTlIoolx/Q"', 'W/"5f3a-18c2b7d9e40"'
PROJECT, PAGE = CODES[DocumentKind.PROJECT], CODES[DocumentKind.PAGE]


def digest(text: str) -> bytes:
    """A digest that does not compress."""
    return blake2b(text.encode(), digest_size=DIGEST).digest()


def states_of(etag: str = MD5, *names: str) -> dict[str, ProjectState]:
    """The states of three streams that read the same project document, or of others."""
    fingerprints = {PROJECT: fingerprint_of(etag, b"", SERIAL)}
    return {
        name: ProjectState(TIME, b"term", True, SERIAL, fingerprints, {"": Partition(digest(name))})
        for name in names or ("files", "projects", "versions")
    }


# Any state ----------------------------------------------------------------------------------------------------

SERIALS = st.none() | st.integers(0, 2**63 - 1)
TIMES = st.integers(0, 2**40)
DIGESTS = st.binary(min_size=DIGEST, max_size=DIGEST)
ETAGS = st.none() | st.just(MD5) | st.text("abc", max_size=5).map(lambda text: f'W/"{text}"')
FINGERPRINTS = st.builds(fingerprint_of, ETAGS, st.binary(max_size=2), SERIALS) | st.sampled_from([ABSENT, UNKNOWN])
KEYS = st.none() | st.lists(st.lists(st.text(max_size=8) | st.integers(0, 99), max_size=3).map(tuple)).map(tuple)
STATES = st.builds(
    ProjectState,
    TIMES,
    st.binary(min_size=4, max_size=4),
    st.booleans(),
    SERIALS,
    st.dictionaries(st.sampled_from(sorted(CODES.values())), FINGERPRINTS),
    st.dictionaries(
        st.sampled_from(["", "1.0", "2.0", "foo-1.0.tar.gz"]),
        st.builds(Partition, DIGESTS, st.none() | FINGERPRINTS, KEYS),
    ),
    st.none() | st.lists(st.text(max_size=8)).map(tuple),
)
#: The states of streams that read the same project document.
SIMILAR = st.builds(
    lambda checked_at, serial, digests: {
        name: ProjectState(
            checked_at,
            settings_digest,
            True,
            serial,
            {PROJECT: fingerprint_of(MD5, b"", serial)},
            {"": Partition(rows_digest)},
        )
        for name, (settings_digest, rows_digest) in digests.items()
    },
    TIMES,
    SERIALS,
    st.dictionaries(
        st.sampled_from(["files", "projects", "versions"]),
        st.tuples(st.binary(min_size=4, max_size=4), DIGESTS),
        min_size=1,
    ),
)
OF_STREAMS = SIMILAR | st.dictionaries(
    st.sampled_from([stream.name for stream in STREAMS]), STATES, min_size=1, max_size=4
)


@SLOW
@given(STATES)
def test_state_survives_packing(state: ProjectState) -> None:
    """A state is the same after it was packed and unpacked, and packing adds a byte at most."""
    packed = pack(state)
    assert unpack(packed) == state
    assert len(packed) <= 1 + len(msgpack.encode(state))


@SLOW
@given(OF_STREAMS)
def test_states_survive_a_row(states: dict[str, ProjectState]) -> None:
    """The states of several streams are the same after they were a row, and its columns summarise them."""
    row = pack_row("foo", states)
    assert unpack_row(row) == states
    assert (row.project, row.serial, row.checked_at, row.absent) == summary_of("foo", list(states.values()))[:4]
    assert row.settings_digests == ",".join(f"{name}:{states[name].settings_digest.hex()}" for name in sorted(states))


_DOCUMENT, _PARTITION = fingerprint_of(WEAK, b"", SERIAL), Partition(b"digest")
#: In what the state of one stream may differ from those of the others.
DIFFERENCES: dict[str, dict[str, Any]] = {
    "time": {"checked_at": TIME + 1},
    "serial": {"serial": 7},
    "no serial": {"serial": None},
    "document": {"fingerprints": {PROJECT: fingerprint_of(MD5, b"", 7)}},
    "page only": {"fingerprints": {PAGE: _DOCUMENT}},
    "page as well": {"fingerprints": {PROJECT: _DOCUMENT, PAGE: _DOCUMENT}},
    "never existed": {"existed": False},
    "no partitions": {"partitions": {}},
    "named partition": {"partitions": {"1.0": _PARTITION}},
    "named partition as well": {"partitions": {"": _PARTITION, "1.0": _PARTITION}},
    "two named partitions as well": {"partitions": {"": _PARTITION, "1.0": _PARTITION, "2.0": _PARTITION}},
    "partition with a fingerprint": {"partitions": {"": Partition(b"digest", _DOCUMENT)}},
    "partition with a key": {"partitions": {"": Partition(b"digest", None, (("a",),))}},
    "partition without rows": {"partitions": {"": Partition(b"digest", None, ())}},
    "longer digest": {"partitions": {"": Partition(b"digests")}},
    "requirements": {"requirements": ("bar",)},
    "no requirements": {"requirements": ()},
}


@pytest.mark.parametrize("changed", DIFFERENCES.values(), ids=DIFFERENCES.keys())
@pytest.mark.parametrize("stream", ["files", "versions"])
@pytest.mark.parametrize("etag", [MD5, WEAK], ids=["MD5", "weak"])
def test_one_different_state_survives_a_row(etag: str, stream: str, changed: dict[str, Any]) -> None:
    """If the state of the first or the last stream differs from the others in one thing, nothing is lost."""
    states = states_of(etag)
    states[stream] = replace(states[stream], **changed)
    assert unpack_row(pack_row("foo", states)) == states


# Sizes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("etag", [MD5, WEAK], ids=["MD5", "weak"])
def test_row_of_three_streams_takes_some_sixty_bytes(etag: str) -> None:
    """Streams that read the same document add their digest to the row, and little else."""
    tag = fingerprint_of(etag, b"", SERIAL).tag
    assert len(pack_row("foo", states_of(etag)).packed) <= len(tag) + 3 * (2 + DIGEST) + 16


def test_frequent_texts_in_keys_take_less_than_half_their_length() -> None:
    """Texts that many projects have in their keys are compressed even in a small state."""
    texts = [
        "Development Status :: 5 - Production/Stable",
        "License :: OSI Approved :: MIT License",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3 :: Only",
        "Typing :: Typed",
    ]
    partitions = {"": Partition(b"digest", None, tuple((text,) for text in texts))}
    assert len(pack(ProjectState(1, b"term", True, 1, {}, partitions))) < sum(map(len, texts)) / 2


# What 0.4.0 wrote ---------------------------------------------------------------------------------------------

_FILES = tuple((f"foo-{number}.0-py3-none-any.whl",) for number in range(9))
_OLD_FINGERPRINTS = {PROJECT: Fingerprint(MD5_TAG + bytes(range(16)), SERIAL)}
_OLD_FILES = ProjectState(TIME, b"term", True, SERIAL, _OLD_FINGERPRINTS, {"": Partition(b"digest", None, _FILES)})


def test_brief_row_of_0_4_0_is_read() -> None:
    """A row in the short form that 0.4.0 used for most projects is read."""
    names = ("files", "projects", "versions")
    digests = ",".join(f"{name}:{b'term'.hex()}" for name in names)
    row = PackedState("foo", digests, TIME, SERIAL, False, b"2" + bytes(range(16)) + b"digest" * 3)
    state = ProjectState(TIME, b"term", True, SERIAL, _OLD_FINGERPRINTS, {"": Partition(b"digest")})
    assert unpack_row(row) == dict.fromkeys(names, state)


def test_long_row_of_0_4_0_is_read() -> None:
    """A row in the other form of 0.4.0 is read."""
    packed = bytes.fromhex(
        "319b34690afb39c65d8d96871b17a64c3a2258c7c0c8c4ccc2cac6cec1c9c5cdc3cbc7ff7f0a0303448e355c5fa942e9ffa4"
        "c90c8d0b261f614bc94c4f2d2e393073e28eb4fc7c5d033d030cb321328638658c70ca18e39431c129638a53c60ca78c394e"
        "190b2c32072633362d067a07eef9494718750f1c586c842474e0c0c4c549894500"
    )
    row = PackedState("foo", "files:7465726d,release:656c7365", TIME - 7, 7, False, packed)
    partitions = {"1.0": Partition(b"digest", ABSENT), "2.0": Partition(b"digest")}
    fingerprints = {PROJECT: Fingerprint(b'W/"x"', 7)}
    release = ProjectState(TIME - 7, b"else", True, 7, fingerprints, partitions, ("bar",))
    assert unpack_row(row) == {"files": _OLD_FILES, "release": release}


def test_text_of_0_4_0_is_read() -> None:
    """A text of 0.4.0 is read."""
    text = (
        "1795332577:MZvOcIQFWHjmHj7HuKvRoXFhyqQjgnUMjEzMLKxs7BycXNw8vHz8ELkFk4+wpWSmpxaXHJg5cUdafr6ugZ4BhoEQGUOcMkY4"
        "ZYxxypjglDHFKWOGU8Ycp4wFFpkDAA=="
    )
    assert unpack_text(text) == _OLD_FILES


# What is no state ---------------------------------------------------------------------------------------------

FOREIGN = [b"", b"0", b"1", b"x", b"garbage", b"0garbage", b"1garbage", b"0\xc1", b"0\x90", b"0\xc0", b"1\xff" * 9]
REFUSED = r"^not a state that this program wrote$|length|argument"


@pytest.mark.parametrize("packed", [*FOREIGN, b"2"], ids=lambda packed: f"x{packed.hex()[:8]}")
def test_foreign_bytes_are_refused(packed: bytes) -> None:
    """Bytes that this program did not write are a ``ValueError``."""
    with pytest.raises(ValueError, match=REFUSED):
        unpack(packed)
    with pytest.raises(ValueError, match=REFUSED):
        unpack_row(PackedState("foo", "files:7465726d", 1, 1, False, packed))


@SLOW
@given(STATES, st.data())
def test_broken_bytes_are_refused_or_a_state(state: ProjectState, data: st.DataObject) -> None:
    """Bytes that were cut off or changed are a ``ValueError``, or decode to a state."""
    packed = pack(state)
    end = data.draw(st.integers(0, len(packed) - 1))
    broken = packed[:end] + data.draw(st.sampled_from([b"", b"\xc1", b"\x00", packed[end:][::-1]]))
    with suppress(ValueError):
        assert isinstance(unpack(broken), ProjectState)


@pytest.mark.parametrize("null", [{"settings_digests": None}, {"checked_at": None}])
def test_row_with_a_null_is_refused(null: dict[str, Any]) -> None:
    """A row into which somebody has put a null is a ``ValueError``."""
    row = pack_row("foo", states_of(MD5, "files"))._replace(**null)
    with pytest.raises(ValueError, match=REFUSED):
        unpack_row(row)


@pytest.mark.parametrize("digests", ["files:1:7465726d", "files:x", "files:7465726d,roles:7465726d", ":::"])
def test_row_with_foreign_digests_is_refused(digests: str) -> None:
    """A row whose digests are not those of its streams, in hexadecimal, is a ``ValueError``."""
    row = pack_row("foo", states_of(MD5, "files"))._replace(settings_digests=digests)
    with pytest.raises(ValueError, match=r"hexadecimal|argument"):
        unpack_row(row)


# Text ---------------------------------------------------------------------------------------------------------


def test_state_survives_text() -> None:
    """A state is the same after it was a text of ASCII; a text that is not base64 is refused."""
    state = states_of()["files"]
    text = pack_text(state)
    assert (text.isascii(), unpack_text(text)) == (True, state)
    with pytest.raises(ValueError, match="Only base64 data is allowed"):
        unpack_text(f"{text}!")


def test_time_of_a_text_is_replaced() -> None:
    """If only the time of a state changes, the rest of its text stays."""
    state = states_of()["files"]
    later = replace(state, checked_at=TIME + 3600)
    assert with_time(pack_text(state), TIME + 3600) == pack_text(later)
    assert unpack_text(pack_text(later)) == later


@pytest.mark.parametrize("text", ["", "1:", ":", "MAAA", "x:MAAA", "1:MAAA", "1:1:MAAA"])
def test_foreign_text_is_refused(text: str) -> None:
    """A text without a time, or without a state after it, is a ``ValueError``."""
    with pytest.raises(ValueError):  # noqa: PT011 - which of its parts is wrong does not matter
        unpack_text(text)
