"""sync/state.py: what a stream has seen of each project."""

from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import msgpack, structs
from msgspec.structs import replace
from packaging.utils import NormalizedName

from source_pypi.selection import SelectedProject
from source_pypi.services.index.documents import ABSENT, UNKNOWN, Fingerprint
from source_pypi.services.index.documents.fingerprint import fingerprint_of
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams import STREAMS, choose_streams
from source_pypi.streams.stream import Stream
from source_pypi.sync.state import (
    CODES,
    WHOLE_INDEX,
    NoState,
    Partition,
    PreviousState,
    ProjectState,
    ProjectSummary,
    is_absent,
    settings_digest_of,
    summary_for,
    summary_of,
)
from source_pypi.sync.state_codec import (
    DIGEST,
    PackedState,
    pack,
    pack_row,
    pack_text,
    unpack,
    unpack_row,
    unpack_text,
    with_time,
)

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
FOO = SelectedProject(NormalizedName("foo"))

# What was seen, in bytes --------------------------------------------------------------------------------------

SERIALS = st.none() | st.integers(0, 2**63 - 1)
ETAGS = st.none() | st.just('"y0Fny/WdfYJfMTlIoolx/Q"') | st.text("abc", max_size=5).map(lambda text: f'W/"{text}"')
MARKS = st.builds(fingerprint_of, ETAGS, st.binary(max_size=2), SERIALS) | st.sampled_from([ABSENT, UNKNOWN])
KEYS = st.none() | st.lists(st.lists(st.text(max_size=8) | st.integers(0, 99), max_size=3).map(tuple)).map(tuple)
PARTS = st.builds(Partition, st.binary(min_size=DIGEST, max_size=DIGEST), st.none() | MARKS, KEYS)
NAMES = st.sampled_from(["", "1.0", "2.0", "foo-1.0.tar.gz"])
TIMES = st.integers(0, 2**40)
SEEN = st.builds(
    ProjectState,
    TIMES,
    st.binary(min_size=4, max_size=4),
    st.booleans(),
    SERIALS,
    st.dictionaries(st.sampled_from(sorted(CODES.values())), MARKS),
    st.dictionaries(NAMES, PARTS),
    st.none() | st.lists(st.text(max_size=8)).map(tuple),
)
#: What streams see of one project in one visit: the same document.
ALIKE = st.builds(
    lambda asked, serial, streams: {
        name: ProjectState(
            asked,
            terms,
            True,
            serial,
            {CODES[DocumentKind.PROJECT]: fingerprint_of(_MD5, b"", serial)},
            {"": Partition(digest)},
        )
        for name, (terms, digest) in streams.items()
    },
    TIMES,
    SERIALS,
    st.dictionaries(
        st.sampled_from(["files", "projects", "versions"]),
        st.tuples(st.binary(min_size=4, max_size=4), st.binary(min_size=DIGEST, max_size=DIGEST)),
        min_size=1,
    ),
)
_MD5 = '"y0Fny/WdfYJfMTlIoolx/Q"'
SEVERAL = ALIKE | st.dictionaries(st.sampled_from([stream.name for stream in STREAMS]), SEEN, min_size=1, max_size=4)


@CALM
@given(SEEN)
def test_what_was_seen_comes_back(seen: ProjectState) -> None:
    """Whatever was seen is the same after it was packed and unpacked."""
    assert unpack(pack(seen)) == seen


@CALM
@given(SEVERAL)
def test_rows_come_back(seen: dict[str, ProjectState]) -> None:
    """Whatever several streams have seen of a project is the same after it was a row, whose columns tell the truth."""
    row = pack_row("foo", seen)
    assert unpack_row(row) == seen
    assert (row.project, row.serial, row.checked_at, row.absent) == summary_of("foo", list(seen.values()))[:4]
    assert row.settings_digests == ",".join(f"{name}:{seen[name].settings_digest.hex()}" for name in sorted(seen))


def test_the_most_frequent_rows_are_short() -> None:
    """What three streams have seen in one document takes some forty bytes."""
    fingerprints = {CODES[DocumentKind.PROJECT]: fingerprint_of(_MD5, b"", 7)}
    seen = {
        s.name: ProjectState(1, b"term", True, 7, fingerprints, {"": Partition(b"digest")})
        for s in choose_streams(None)
    }
    assert len(pack_row("foo", seen).packed) == 1 + 16 + 3 * DIGEST


def alike(etag: str) -> dict[str, ProjectState]:
    """What three streams see of one project in one visit, of a document with this ETag."""
    fingerprints = {CODES[DocumentKind.PROJECT]: fingerprint_of(etag, b"", 29_000_000)}
    digests = {name: blake2b(name.encode(), digest_size=DIGEST).digest() for name in ("files", "projects", "versions")}
    return {
        name: ProjectState(1_795_332_577, b"term", True, 29_000_000, fingerprints, {"": Partition(digest)})
        for name, digest in digests.items()
    }


_WEAK = 'W/"5f3a-18c2b7d9e40"'
_DOCUMENT, _PART = alike(_WEAK)["files"].fingerprints["d"], Partition(b"digest")
#: What one of several streams may have seen otherwise than the others.
ODD: dict[str, dict[str, Any]] = {
    "at another time": {"checked_at": 1_795_332_578},
    "another serial": {"serial": 7},
    "without a serial": {"serial": None},
    "another document": {"fingerprints": {"d": fingerprint_of(_MD5, b"", 7)}},
    "a page": {"fingerprints": {"p": _DOCUMENT}},
    "a page beside it": {"fingerprints": {"d": _DOCUMENT, "p": _DOCUMENT}},
    "nothing, ever": {"existed": False},
    "no rows": {"partitions": {}},
    "a part by name": {"partitions": {"1.0": _PART}},
    "a part by name beside it": {"partitions": {"": _PART, "1.0": _PART}},
    "two parts by name beside it": {"partitions": {"": _PART, "1.0": _PART, "2.0": _PART}},
    "a part with a mark": {"partitions": {"": Partition(b"digest", _DOCUMENT)}},
    "a part with keys": {"partitions": {"": Partition(b"digest", None, (("a",),))}},
    "a part with no keys": {"partitions": {"": Partition(b"digest", None, ())}},
    "a longer digest": {"partitions": {"": Partition(b"digests")}},
    "needs": {"requirements": ("bar",)},
    "no needs": {"requirements": ()},
}


@pytest.mark.parametrize("changed", ODD.values(), ids=ODD.keys())
@pytest.mark.parametrize("stream", ["files", "versions"])
@pytest.mark.parametrize("etag", [_MD5, _WEAK], ids=["MD5", "weak"])
def test_rows_of_streams_that_differ_in_one_thing_come_back(etag: str, stream: str, changed: dict[str, Any]) -> None:
    """Where one stream, the first or the last, has seen something else than the others, nothing of it is lost."""
    several = alike(etag)
    several[stream] = structs.replace(several[stream], **changed)
    assert unpack_row(pack_row("foo", several)) == several


def test_rows_of_other_etags_are_short() -> None:
    """What streams have seen in one document of any ETag takes little more than the ETag and their digests."""
    assert len(pack_row("foo", alike(_WEAK)).packed) <= len(_WEAK) + 3 * (2 + DIGEST) + 16


def test_keys_of_a_small_project_are_short() -> None:
    """Keys that are texts of many projects take less than half of their length."""
    texts = [
        "Development Status :: 5 - Production/Stable",
        "License :: OSI Approved :: MIT License",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3 :: Only",
        "Typing :: Typed",
    ]
    parts = {"": Partition(b"digest", None, tuple((text,) for text in texts))}
    assert len(pack(ProjectState(1, b"term", True, 1, {}, parts))) < sum(map(len, texts)) / 2


@CALM
@given(SEEN)
def test_packing_costs_a_byte_at_most(seen: ProjectState) -> None:
    """What does not become shorter is kept as it is."""
    assert len(pack(seen)) <= 1 + len(msgpack.encode(seen))


FOREIGN = [
    b"",
    b"0",
    b"1",
    b"2",
    b"x",
    b"garbage",
    b"0garbage",
    b"1garbage",
    b"0\xc1",
    b"0\x90",
    b"0\xc0",
    b"1\xff" * 9,
]


@pytest.mark.parametrize("packed", FOREIGN, ids=lambda packed: f"x{packed.hex()[:8]}")
def test_foreign_bytes(packed: bytes) -> None:
    """What we never wrote is an error, of one kind."""
    with pytest.raises(ValueError, match=r"^no state of ours$|length|argument"):
        unpack(packed)
    with pytest.raises(ValueError, match=r"^no state of ours$|length|argument"):
        unpack_row(PackedState("foo", "files:7465726d", 1, 1, False, packed))


@CALM
@given(SEEN, st.data())
def test_broken_bytes(seen: ProjectState, data: st.DataObject) -> None:
    """What was cut off or changed on the way is an error, or at least something that was seen."""
    packed = pack(seen)
    end = data.draw(st.integers(0, len(packed) - 1))
    broken = packed[:end] + data.draw(st.sampled_from([b"", b"\xc1", b"\x00", packed[end:][::-1]]))
    with suppress(ValueError):
        assert isinstance(unpack(broken), ProjectState)


# In a few words -----------------------------------------------------------------------------------------------


def seen(
    fingerprint: Fingerprint = UNKNOWN,
    *,
    asked: int = 100,
    serial: int | None = 7,
    existed: bool = True,
    **more: object,
) -> ProjectState:
    """What a stream has seen of the project document."""
    made = ProjectState(asked, b"term", existed, serial, {CODES[DocumentKind.PROJECT]: fingerprint}, {})
    return ProjectState(*(more.get(name, getattr(made, name)) for name in made.__struct_fields__))  # type: ignore[arg-type]


def test_glances() -> None:
    """A project is as old as what one of the streams has seen of it, and absent if it was to all."""
    streams = [seen(asked=100, serial=7), seen(asked=90, serial=9)]
    assert summary_of("foo", streams) == ProjectSummary("foo", 7, 90, False)
    assert summary_of("foo", [*streams, seen(serial=None)]) == ProjectSummary("foo", None, 90, False)
    assert summary_of("foo", [*streams, seen(ABSENT)]) == ProjectSummary("foo", 7, 90, False)
    assert summary_of("foo", [seen(ABSENT), seen(ABSENT)]).absent
    assert [is_absent(seen(ABSENT)), is_absent(seen(UNKNOWN))] == [True, False]


def test_a_glance_on_terms() -> None:
    """What not all streams have seen on these terms is not settled; what none has seen is nothing, nor is the index."""
    both = {"files": seen(asked=100, serial=7), "versions": seen(asked=90, serial=9)}
    terms = {"files": b"term", "versions": b"term"}
    assert summary_for("foo", both, terms) == ProjectSummary("foo", 7, 90, False)
    assert summary_for("foo", both, {"files": b"term"}) == ProjectSummary("foo", 7, 100, False)
    assert summary_for("foo", both, terms | {"files": b"else"}) == ProjectSummary("foo", 7, 90, False, comparable=False)
    assert summary_for("foo", both, terms | {"roles": b"term"}) == ProjectSummary("foo", 7, 90, False, comparable=False)
    assert [summary_for("foo", both, {"roles": b"term"}), summary_for(WHOLE_INDEX, both, terms)] == [None, None]


def test_no_memory() -> None:
    """Who remembers nothing has seen nothing, and does not ask for keys."""
    memory = NoState()
    assert (memory.load(["foo"]), list(memory.summaries({"files": b""})), memory.keys, memory.unfinished) == (
        {},
        [],
        False,
        None,
    )


# What is known in a visit -------------------------------------------------------------------------------------

VERSIONS, FILES, DEPENDENCIES, RELEASE = choose_streams(["versions", "files", "dependencies", "release"])
ONE, OTHER = fingerprint_of('"one"', b"", 5), fingerprint_of('"other"', b"", 9)


def known(comparable: bool = True, **fingerprints: Fingerprint) -> PreviousState:
    """What streams by these names know, of the project document."""
    streams = choose_streams(list(fingerprints))
    return PreviousState(
        streams,
        {name: seen(fingerprint) for name, fingerprint in fingerprints.items()},
        frozenset(fingerprints) if comparable else frozenset(),
    )


def by_name(*names: str) -> tuple[Stream, ...]:
    return choose_streams(names)


def test_a_mark_that_all_agree_on() -> None:
    """A document is asked for on condition where all streams that need it have seen it."""
    assert known(files=ONE, versions=ONE).fingerprint(DocumentKind.PROJECT) == ONE
    assert known(files=ONE, release=ONE).fingerprint(DocumentKind.PROJECT) == ONE


@pytest.mark.parametrize(
    ("before", "serial"),
    [
        (known(files=ONE, versions=OTHER), 9),
        (known(comparable=False, files=ONE), 5),
        (replace(known(files=ONE), streams=by_name("files", "versions")), 5),
        (replace(known(files=ONE, versions=ONE), comparable=frozenset({"files"})), 5),
        (known(files=ABSENT, versions=ONE), 5),
        (PreviousState(by_name("files")), None),
        (PreviousState(), None),
    ],
    ids=[
        "two documents",
        "other terms",
        "a stream selected later",
        "terms of one",
        "was absent",
        "nothing",
        "no stream",
    ],
)
def test_a_mark_that_not_all_agree_on(before: PreviousState, serial: int | None) -> None:
    """Else it is asked for whole; the highest serial counts all the same, so that an old copy is known for one."""
    assert before.fingerprint(DocumentKind.PROJECT) == Fingerprint(b"", serial)


def test_streams_that_do_not_read_a_document() -> None:
    """Who does not read a document has no say in how it is asked for."""
    page = ProjectState(1, b"term", True, 7, {CODES[DocumentKind.PROJECT]: ONE, CODES[DocumentKind.PAGE]: OTHER}, {})
    both = PreviousState(
        by_name("files", "statuses"), {"statuses": page, "files": seen(ONE)}, frozenset({"statuses", "files"})
    )
    assert both.fingerprint(DocumentKind.PAGE) == OTHER
    assert both.fingerprint(DocumentKind.PROJECT) == ONE
    assert [stream.name for stream in both.readers(DocumentKind.PAGE)] == ["statuses"]
    assert both.readers(DocumentKind.PROVENANCE) == ()


def test_marks_of_parts() -> None:
    """A release has a mark of its own; one that was read from the project's document has none."""
    parts = {"1.0": Partition(b"digest", OTHER), "2.0": Partition(b"digest")}
    release = PreviousState(by_name("release"), {"release": seen(ONE, partitions=parts)}, frozenset({"release"}))
    assert release.fingerprint(DocumentKind.RELEASES, "1.0") == OTHER
    assert (
        release.fingerprint(DocumentKind.RELEASES, "2.0")
        == release.fingerprint(DocumentKind.RELEASES, "3.0")
        == UNKNOWN
    )
    assert release.fingerprint(DocumentKind.RELEASES, "") == UNKNOWN, "an index may list a release without a version"
    assert release.fingerprints_of(DocumentKind.RELEASES) == {"1.0": OTHER, "2.0": None}
    assert replace(release, comparable=frozenset()).fingerprints_of(DocumentKind.RELEASES) == {}
    assert release.is_unchanged(DocumentKind.RELEASES, OTHER, release.streams, "1.0")
    assert not release.is_unchanged(DocumentKind.RELEASES, ONE, release.streams, "1.0")
    assert not release.is_unchanged(DocumentKind.RELEASES, OTHER, release.streams, "3.0")


def test_what_stands() -> None:
    """A document stands where each of these streams has seen it; without any stream there is nothing to stand."""
    both = known(files=ONE, versions=ONE)
    assert both.is_unchanged(DocumentKind.PROJECT, replace_serial(ONE, 99), both.streams)
    assert not both.is_unchanged(DocumentKind.PROJECT, OTHER, both.streams)
    assert not both.is_unchanged(DocumentKind.PROJECT, ONE, [])
    assert not both.is_unchanged(DocumentKind.PROJECT, UNKNOWN, both.streams)
    assert not both.is_unchanged(DocumentKind.PROJECT, ONE, by_name("files", "projects"))
    assert not replace(both, comparable=frozenset({"files"})).is_unchanged(DocumentKind.PROJECT, ONE, both.streams)


def replace_serial(fingerprint: Fingerprint, serial: int) -> Fingerprint:
    return Fingerprint(fingerprint.tag, serial)


def test_needs_and_existence() -> None:
    """What a project needs is known from any stream whose rows stand; that it was there, from any at all."""
    files, versions = seen(requirements=None), seen(requirements=("bar",), existed=False)
    both = PreviousState(
        by_name("files", "versions"), {"files": files, "versions": versions}, frozenset({"files", "versions"})
    )
    assert (both.requirements, both.existed) == (("bar",), True)
    unsettled = replace(both, comparable=frozenset({"files"}))
    assert (unsettled.requirements, unsettled.existed) == (None, True)
    assert (PreviousState().requirements, PreviousState().existed) == (None, False)
    assert not PreviousState(by_name("files"), {"files": seen(existed=False)}).existed


# Terms --------------------------------------------------------------------------------------------------------


def terms(stream: Stream = RELEASE, target: SelectedProject = FOO, **more: object) -> bytes:
    given_ = {"releases": "latest", "fill": False, "keys": True, **more}
    releases = str(given_.pop("releases"))
    return settings_digest_of(stream, target, releases, fill=bool(given_["fill"]), keys=bool(given_["keys"]))


PINNED = SelectedProject(NormalizedName("foo"), ("1.0",), unpinned=False)


@pytest.mark.parametrize(
    "other",
    [
        lambda: terms(releases="all"),
        lambda: terms(target=PINNED),
        lambda: terms(target=replace(PINNED, unpinned=True)),
        lambda: terms(keys=False),
        lambda: terms(replace(RELEASE, revision=1)),
        lambda: terms(replace(RELEASE, record=VERSIONS.record)),
    ],
)
def test_other_terms(other: Callable[[], bytes]) -> None:
    """Rows of releases depend on which are read, on the record, and on whether keys are kept."""
    assert other() != terms()


def test_terms_that_do_not_matter() -> None:
    """Who reads no releases does not depend on which are read; the order of pins is nothing, nor is another project."""
    assert terms(FILES) == terms(FILES, PINNED) == terms(FILES, releases="all") == terms(FILES, fill=True)
    two = replace(PINNED, pins=("1.0", "2.0"))
    assert terms(target=two) == terms(target=replace(two, pins=("2.0", "1.0")))
    assert terms(target=PINNED) == terms(target=PINNED, releases="all")
    assert terms() == terms(target=replace(FOO, project=NormalizedName("bar"), depth=3, named=False))
    assert terms() == terms(fill=True)
    assert terms(DEPENDENCIES) != terms(DEPENDENCIES, fill=True)


def test_parts_are_in_the_key() -> None:
    """Rows that are replaced by part have the part in their key: else a row could move, and be told gone."""
    assert {stream.partition_field in stream.key for stream in STREAMS if stream.partition_field is not None} == {True}


@pytest.mark.parametrize("null", [{"settings_digests": None}, {"checked_at": None}])
def test_a_row_with_a_null(null: dict[str, Any]) -> None:
    """A row that somebody has put a null into is none of ours."""
    row = pack_row("foo", {"files": ProjectState(1, b"term", True, 1, {}, {})})._replace(**null)
    with pytest.raises(ValueError, match=r"^no state of ours$"):
        unpack_row(row)


@pytest.mark.parametrize("terms", ["files:1:7465726d", "files:x", "files:7465726d,roles:7465726d", ":::"])
def test_a_row_of_foreign_terms(terms: str) -> None:
    """A row whose terms are not those of its streams, in hexadecimal, is none of ours."""
    row = pack_row("foo", {"files": ProjectState(1, b"term", True, 1, {}, {})})._replace(settings_digests=terms)
    with pytest.raises(ValueError, match=r"hexadecimal|argument"):
        unpack_row(row)


def test_a_text() -> None:
    """What was seen comes back from a text of ASCII, and from nothing that is none."""
    one = seen(ONE, partitions={"1.0": Partition(b"digest", OTHER)})
    text = pack_text(one)
    assert (text.isascii(), unpack_text(text)) == (True, one)
    with pytest.raises(ValueError, match="Only base64 data is allowed"):
        unpack_text(f"{text[:4]}!{text[4:]}")


def test_a_text_of_a_later_visit() -> None:
    """A visit that found everything as it was moves the time alone, and the rest of the text stays."""
    one = seen(ONE, partitions={"1.0": Partition(b"digest", OTHER)})
    later = replace(one, checked_at=one.checked_at + 3600)
    assert with_time(pack_text(one), later.checked_at) == pack_text(later)
    assert unpack_text(pack_text(later)) == later


@pytest.mark.parametrize("text", ["", "1:", ":", "MAAA", "x:MAAA", "1:MAAA", "1:1:MAAA"])
def test_a_foreign_text(text: str) -> None:
    """A text that has no time before what was seen, or nothing behind it, is none of ours."""
    with pytest.raises(ValueError):  # noqa: PT011 - which of its parts is wrong does not matter
        unpack_text(text)


def test_terms_stay() -> None:
    """Terms are the same in every version, or everything would be read anew, and take four bytes a stream."""
    assert [terms().hex(), terms(target=PINNED, fill=True).hex()] == ["af3de021", "88ef8ef6"]
    followed = [
        settings_digest_of(FILES, FOO, "latest", fill=False, keys=True, follow=follow) for follow in (False, True)
    ]
    assert followed[0] != followed[1]


def test_parts_of_the_first_stream() -> None:
    """Which releases were read is told by one stream whose rows stand: all of them have read the same."""
    streams = by_name("release", "dependencies")
    first, second = (
        seen(ONE, partitions={"1.0": Partition(b"digest", OTHER)}),
        seen(ONE, partitions={"2.0": Partition(b"digest")}),
    )
    both = PreviousState(streams, {"release": first, "dependencies": second}, frozenset({"release", "dependencies"}))
    assert both.fingerprints_of(DocumentKind.RELEASES) in ({"1.0": OTHER}, {"2.0": None})
