"""sync/changes.py: what a visit changed, compared with what a stream has seen."""

import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Struct
from msgspec.structs import replace

from source_pypi.errors import TooLargeError
from source_pypi.fields import describe
from source_pypi.services.index.documents import ABSENT, UNKNOWN, Fingerprint
from source_pypi.services.index.documents.fingerprint import fingerprint_of
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams.stream import ProjectDocuments, Row, Stream
from source_pypi.sync.changes import SLICE, Change, change_of
from source_pypi.sync.fetch_result import FetchResult
from source_pypi.sync.planner import PreviousState
from source_pypi.sync.state import CODES, Partition, ProjectState

NOW = 1_795_332_577
TERMS = b"term"
A, B = fingerprint_of('"a"', b"", 5), fingerprint_of('"b"', b"", 6)


class Thing(Struct):
    """A row of a project."""

    project: Annotated[str, describe("The project.", source="-")]
    name: Annotated[str, describe("A name.", source="-")]
    value: Annotated[int, describe("A value.", source="-")] = 0


class Piece(Struct):
    """A row of a release."""

    project: Annotated[str, describe("The project.", source="-")]
    version: Annotated[str, describe("The release.", source="-")]
    name: Annotated[str, describe("A name.", source="-")]


class Given:
    """The rows that a stream makes of a visit, as the test says, and how often it was asked to."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.asked = 0

    def __call__(self, _: ProjectDocuments) -> Iterable[Row]:
        """The rows."""
        self.asked += 1
        return self.rows


@pytest.fixture
def made() -> Given:
    """The rows that the stream makes."""
    return Given()


@pytest.fixture
def things(made: Given) -> Stream:
    """A stream of rows that are replaced by project."""
    return Stream(
        name="things",
        row="a thing",
        record=Thing,
        key=("project", "name"),
        documents=(DocumentKind.PROJECT,),
        cost="",
        rows=made,
    )


@pytest.fixture
def pieces(made: Given) -> Stream:
    """A stream of rows that are replaced by release."""
    return Stream(
        name="pieces",
        row="a piece",
        record=Piece,
        key=("project", "version", "name"),
        documents=(DocumentKind.RELEASES,),
        cost="",
        rows=made,
    )


def found(
    fingerprint: Fingerprint | None = A,
    parts: Mapping[str, Fingerprint | None] | None = None,
    *,
    missing: bool = False,
    **more: Any,
) -> FetchResult:
    """What a visit to foo found."""
    result = FetchResult(documents=ProjectDocuments(project="foo"), missing=missing, **more)
    if fingerprint is not None:
        result.fingerprints[DocumentKind.PROJECT] = fingerprint
    if parts is not None:
        result.partitions[DocumentKind.RELEASES] = dict(parts)
    return result


def change(
    stream: Stream, result: FetchResult, seen: ProjectState | None = None, *, comparable: bool = True, keys: bool = True
) -> Change:
    """What changed since this was seen."""
    before = {} if seen is None else {stream.name: seen}
    known = PreviousState((stream,), before, frozenset(before if comparable else ()))
    return change_of(stream, result, known, TERMS, NOW, keys=keys)


def told(change: Change, record: type[Struct] = Thing) -> list[Any] | None:
    """The rows that are new or different, as many as it says that there are; None: nothing has changed."""
    if change.count is None:
        assert change.lines == ()
        return None
    rows = msgspec.json.Decoder(record).decode_lines(b"".join(change.lines))
    assert len(rows) == change.count
    return rows


def thing(*names: str, value: int = 0) -> list[Row]:
    """Rows of these names."""
    return [Thing("foo", name, value) for name in names]


def piece(version: str, *names: str) -> list[Row]:
    """Rows of a release."""
    return [Piece("foo", version, name) for name in names]


# Rows of a project --------------------------------------------------------------------------------------------


def test_the_first_visit(things: Stream, made: Given) -> None:
    """At the first visit every row is new, and all of it is remembered."""
    made.rows = thing("x", "y")
    first = change(things, found(requirements=("bar",)))
    assert told(first) == made.rows
    assert [json.loads(line) for line in b"".join(first.lines).splitlines()] == [
        {"project": "foo", "name": "x", "value": 0},
        {"project": "foo", "name": "y", "value": 0},
    ]
    assert (first.unchanged_partitions, first.deleted_keys) == ((), [])
    (part,) = first.state.partitions.values()
    assert first.state == ProjectState(NOW, TERMS, True, 5, {CODES[DocumentKind.PROJECT]: A}, {"": part}, ("bar",))
    assert (part.fingerprint, part.keys) == (None, (("x",), ("y",)))


def test_the_first_visit_without_rows(things: Stream) -> None:
    """At the first visit that there are no rows is news: there may be some of an older release."""
    assert told(change(things, found())) == []


def test_an_unchanged_document(things: Stream, made: Given) -> None:
    """Of a document that has not changed no rows are made; that it was asked for is remembered."""
    made.rows = thing("x")
    first = change(things, found()).state
    made.asked = 0
    again = change(things, found(), ProjectState(1, *_rest(first)))
    assert (again, made.asked) == (Change(first, only_time_changed=True), 0)


def _rest(seen: ProjectState) -> list[Any]:
    return [getattr(seen, name) for name in seen.__struct_fields__[1:]]


def test_a_document_that_changed_and_rows_that_did_not(things: Stream, made: Given) -> None:
    """Where the document differs and the rows do not, nothing is told, and the new document is remembered."""
    made.rows = thing("x")
    first = change(things, found()).state
    again = change(things, found(B), first)
    assert (told(again), again.lines, again.deleted_keys, made.asked) == (None, (), [], 2)
    assert (again.state.fingerprints, again.state.serial, again.state.partitions) == (
        {CODES[DocumentKind.PROJECT]: B},
        6,
        first.partitions,
    )


def test_rows_that_changed(things: Stream, made: Given) -> None:
    """Where a row differs all rows of the project are told, and the keys that are no more."""
    made.rows = thing("x", "y", "z")
    first = change(things, found()).state
    made.rows = [*thing("x", value=1), *thing("z")]
    again = change(things, found(B), first)
    assert (told(again), again.unchanged_partitions) == (made.rows, ())
    assert again.deleted_keys == [{"project": "foo", "name": "y"}]
    assert again.state.partitions[""].keys == (("x",), ("z",))


def test_the_order_of_rows_counts(things: Stream, made: Given) -> None:
    """Rows in another order are told again, with nothing gone."""
    made.rows = thing("x", "y")
    first = change(things, found()).state
    made.rows = thing("y", "x")
    again = change(things, found(B), first)
    assert (told(again), again.deleted_keys) == (made.rows, [])


def test_nothing_is_left(things: Stream, made: Given) -> None:
    """Where no row is left, that is told, each key as gone."""
    made.rows = thing("x", "y")
    first = change(things, found()).state
    made.rows = []
    again = change(things, found(ABSENT, missing=True), first)
    assert (told(again), again.lines) == ([], ())
    assert again.deleted_keys == [{"project": "foo", "name": "x"}, {"project": "foo", "name": "y"}]
    assert (again.state.existed, again.state.serial) == (True, None)
    assert told(change(things, found(ABSENT, missing=True), again.state)) is None


def test_a_project_that_never_was(things: Stream) -> None:
    """A project that the index has never had is remembered as one."""
    assert not change(things, found(ABSENT, missing=True)).state.existed


def test_other_terms(things: Stream, made: Given) -> None:
    """On other terms rows are made anew although the document is the same, and told where they differ."""
    made.rows = thing("x")
    first = change(things, found()).state
    assert told(change(things, found(), first, comparable=False)) is None
    assert made.asked == 2
    made.rows = thing("y")
    again = change(things, found(), first, comparable=False)
    assert (told(again), again.deleted_keys) == (made.rows, [{"project": "foo", "name": "x"}])


def test_without_keys(things: Stream, made: Given) -> None:
    """Where keys are not kept, none is told gone; where they were not kept before, none can be."""
    made.rows = thing("x", "y")
    first = change(things, found(), keys=False).state
    assert first.partitions[""].keys is None
    made.rows = thing("x")
    without = change(things, found(B), first, keys=False)
    assert (told(without), without.deleted_keys) == (made.rows, [])
    later = change(things, found(B), first, keys=True)
    assert (told(later), later.deleted_keys, later.state.partitions[""].keys) == (made.rows, [], (("x",),))


def test_needs_that_are_not_whole(things: Stream) -> None:
    """What is needed is remembered only where all of it could be read."""
    assert change(things, found(requirements=())).state.requirements == ()
    assert change(things, found(requirements=(), stale={DocumentKind.RELEASES})).state.requirements is None


# Rows of releases ---------------------------------------------------------------------------------------------

TWO: dict[str, Fingerprint | None] = {"2.0": None, "1.0": B}


def test_releases_at_first(pieces: Stream, made: Given) -> None:
    """Each release is remembered with its own document, or none if its rows come from the project's."""
    made.rows = [*piece("2.0", "x"), *piece("1.0", "x", "y")]
    first = change(pieces, found(A, TWO))
    assert told(first, Piece) == made.rows
    assert {name: (part.fingerprint, part.keys) for name, part in first.state.partitions.items()} == {
        "2.0": (None, (("x",),)),
        "1.0": (B, (("x",), ("y",))),
    }


@pytest.mark.parametrize(
    "parts",
    [{"2.0": UNKNOWN, "1.0": UNKNOWN}, {"2.0": None, "1.0": B}, None, {"1.0": B, "2.0": UNKNOWN}],
    ids=["not asked for", "asked for", "nothing said", "in another order"],
)
def test_releases_that_stay(pieces: Stream, made: Given, parts: Mapping[str, Fingerprint | None] | None) -> None:
    """Releases that were not asked for, or are the same, stay as they are, and no rows are made."""
    made.rows = [*piece("2.0", "x"), *piece("1.0", "y")]
    first = change(pieces, found(A, TWO)).state
    made.asked = 0
    assert (change(pieces, found(A, parts), first), made.asked) == (Change(first, only_time_changed=True), 0)


def test_again(things: Stream, made: Given) -> None:
    """A visit that finds a stream as it was says so, whatever the time; not where a mark or a need has moved."""
    made.rows = thing("x")
    first = change(things, found(A)).state
    earlier = replace(first, checked_at=first.checked_at - 3600)
    assert change(things, found(A), earlier).only_time_changed
    assert not change(things, found(B), earlier).only_time_changed
    assert not change(things, found(A), replace(earlier, requirements=("bar",))).only_time_changed
    assert not change(things, found(A), replace(earlier, serial=4)).only_time_changed


def test_one_release_changed(pieces: Stream, made: Given) -> None:
    """Of a release that changed all rows are told; those of the others stay."""
    made.rows = [*piece("3.0", "x"), *piece("1.0", "x", "y")]
    first = change(pieces, found(A, {"3.0": None, "2.0": A, "1.0": B})).state
    made.rows = piece("1.0", "y", "z")
    again = change(pieces, found(A, {"3.0": UNKNOWN, "2.0": UNKNOWN, "1.0": A}), first)
    assert (told(again, Piece), set(again.unchanged_partitions)) == (made.rows, {"3.0", "2.0"})
    assert again.deleted_keys == [{"project": "foo", "version": "1.0", "name": "x"}]
    assert again.state.partitions == {**first.partitions, "1.0": again.state.partitions["1.0"]}
    assert again.state.partitions["1.0"].fingerprint == A


def test_a_release_that_changed_and_rows_that_did_not(pieces: Stream, made: Given) -> None:
    """Where a release's document differs and its rows do not, nothing is told."""
    made.rows = [*piece("2.0", "x"), *piece("1.0", "y")]
    first = change(pieces, found(A, TWO)).state
    made.rows = piece("1.0", "y")
    again = change(pieces, found(A, {"2.0": UNKNOWN, "1.0": A}), first)
    assert told(again, Piece) is None
    assert again.state.partitions["1.0"] == Partition(first.partitions["1.0"].digest, A, (("y",),))


def test_a_release_without_rows(pieces: Stream, made: Given) -> None:
    """Of a release that is still there and has no rows any more every key is told, and no line is left."""
    made.rows = [*piece("2.0", "x"), *piece("1.0", "y")]
    first = change(pieces, found(A, TWO)).state
    made.rows = piece("2.0", "x")
    again = change(pieces, found(B, {"2.0": UNKNOWN, "1.0": Fingerprint(b"c")}), first)
    assert (again.count, again.lines, again.unchanged_partitions) == (0, (), ("2.0",))
    assert again.deleted_keys == [{"project": "foo", "version": "1.0", "name": "y"}]


def test_a_release_that_is_gone(pieces: Stream, made: Given) -> None:
    """Of a release that is gone every key is told, and the other releases stay."""
    made.rows = [*piece("2.0", "x"), *piece("1.0", "x", "y")]
    first = change(pieces, found(A, TWO)).state
    made.rows = piece("2.0", "x")
    again = change(pieces, found(B, {"2.0": None}), first)
    assert (told(again, Piece), again.unchanged_partitions) == ([], ("2.0",))
    assert again.deleted_keys == [{"project": "foo", "version": "1.0", "name": name} for name in "xy"]
    assert again.state.partitions.keys() == {"2.0"}


def test_releases_on_other_terms(pieces: Stream, made: Given) -> None:
    """On other terms the rows of all releases are made anew, also from the same documents; told is what differs."""
    made.rows = [*piece("2.0", "x"), *piece("1.0", "y")]
    first = change(pieces, found(A, TWO), keys=False).state
    made.rows = [*piece("2.0", "x"), *piece("1.0", "z")]
    again = change(pieces, found(A, TWO), first, comparable=False)
    assert (told(again, Piece), again.unchanged_partitions) == (piece("1.0", "z"), ("2.0",))
    assert {name: part.keys for name, part in again.state.partitions.items()} == {"2.0": (("x",),), "1.0": (("z",),)}


def test_a_new_release(pieces: Stream, made: Given) -> None:
    """A new release is told alone; one that makes no rows is remembered, so that it is not asked for again."""
    made.rows = piece("2.0", "x")
    first = change(pieces, found(A, {"2.0": None})).state
    made.rows = [*piece("3.0", "x"), *piece("2.0", "x")]
    again = change(pieces, found(B, {"3.0": None, "2.0": A, "1.0": A}), first)
    assert (told(again, Piece), again.unchanged_partitions) == (piece("3.0", "x"), ("2.0",))
    assert again.state.partitions.keys() == {"3.0", "2.0", "1.0"}
    assert again.state.partitions["2.0"].fingerprint == A


def test_what_was_not_asked_for_and_never_seen(pieces: Stream, made: Given) -> None:
    """What was not asked for since it is as it was is no part of a stream that has never seen it."""
    assert change(pieces, found(A, {"1.0": UNKNOWN})).state.partitions == {}


@pytest.mark.parametrize("parts", [None, {}], ids=["nothing said", "none"])
def test_an_absent_project_has_no_releases(
    pieces: Stream, made: Given, parts: Mapping[str, Fingerprint | None] | None
) -> None:
    """Where the project document is not there, all releases are gone."""
    made.rows = [*piece("2.0", "x"), *piece("1.0", "y")]
    first = change(pieces, found(A, TWO)).state
    again = change(pieces, found(ABSENT, parts), first)
    assert (told(again, Piece), again.unchanged_partitions, again.state.partitions) == ([], (), {})
    assert [gone["version"] for gone in again.deleted_keys] == ["1.0", "2.0"]


def test_keys_that_the_part_tells_whole(made: Given) -> None:
    """Where project and release are the whole key, none is kept, and a release is gone if it had a row."""
    stream = Stream(
        name="whole",
        row="one",
        record=Piece,
        key=("project", "version"),
        documents=(DocumentKind.RELEASES,),
        cost="",
        rows=made,
    )
    made.rows = piece("1.0", "x")
    first = change(stream, found(A, {"2.0": A, "1.0": B})).state
    assert [part.keys for part in first.partitions.values()] == [None, None]
    assert change(stream, found(B, {}), first).deleted_keys == [{"project": "foo", "version": "1.0"}]


def test_the_index_as_a_whole(made: Given) -> None:
    """Rows of the index have no project in what is told gone but their own."""
    stream = Stream(
        name="listing", row="one", record=Thing, key=("project",), documents=(DocumentKind.LISTING,), cost="", rows=made
    )
    made.rows = [Thing("foo", "x"), Thing("bar", "x")]
    result = FetchResult()
    result.fingerprints[DocumentKind.LISTING] = A
    first = change(stream, result).state
    made.rows = [Thing("foo", "x")]
    result.fingerprints[DocumentKind.LISTING] = B
    assert change(stream, result, first).deleted_keys == [{"project": "bar"}]


def test_keys_that_were_kept_before(things: Stream, made: Given) -> None:
    """Where keys are not kept any more, none is told gone, also of rows whose keys are remembered."""
    made.rows = thing("x", "y")
    first = change(things, found()).state
    made.rows = thing("x")
    again = change(things, found(B), first, keys=False)
    assert (told(again), again.deleted_keys, again.state.partitions[""].keys) == (made.rows, [], None)


@pytest.mark.parametrize(("chunk", "lengths"), [(4 * 45, [4]), (4 * 45 - 1, [3, 1]), (45, [1, 2, 1]), (1, [1, 2, 1])])
def test_lines_of_several_releases(
    pieces: Stream, made: Given, monkeypatch: pytest.MonkeyPatch, chunk: int, lengths: list[int]
) -> None:
    """The lines are those of the rows, release by release, with nothing between; so many at a time as make a chunk."""
    monkeypatch.setattr("source_pypi.sync.changes.CHUNK", chunk)
    made.rows = [*piece("3.0", "w"), *piece("2.0", "x", "y"), *piece("1.0", "z")]
    given = change(pieces, found(A, {"3.0": A, "2.0": A, "1.0": B})).lines
    rows = ((b"3.0", b"w"), (b"2.0", b"x"), (b"2.0", b"y"), (b"1.0", b"z"))
    assert b"".join(given) == b"".join(b'{"project":"foo","version":"%s","name":"%s"}\n' % row for row in rows)
    assert [lines.count(b"\n") for lines in given] == lengths


@pytest.mark.parametrize(
    ("count", "slices"),
    [(1, [1]), (SLICE, [SLICE]), (SLICE + 1, [SLICE, 1]), (2 * SLICE, [SLICE] * 2), (2 * SLICE + 7, [SLICE, SLICE, 7])],
)
def test_many_rows(things: Stream, made: Given, monkeypatch: pytest.MonkeyPatch, count: int, slices: list[int]) -> None:
    """Rows that are many come in slices of whole lines, each of as many as are held at a time but the last."""
    monkeypatch.setattr("source_pypi.sync.changes.CHUNK", 1)
    made.rows = thing(*map(str, range(count)))
    many = change(things, found())
    assert told(many) == made.rows
    assert all(lines.endswith(b"\n") for lines in many.lines)
    assert [lines.count(b"\n") for lines in many.lines] == slices


def test_rows_are_the_same_however_they_are_sliced(
    things: Stream, made: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where slices end says nothing of the rows: they are not told again for it."""
    made.rows = thing(*map(str, range(10)))
    first = change(things, found())
    monkeypatch.setattr("source_pypi.sync.changes.SLICE", 3)
    monkeypatch.setattr("source_pypi.sync.changes.CHUNK", 1)
    assert told(change(things, found(B), first.state)) is None
    again = change(things, found())
    assert ([lines.count(b"\n") for lines in again.lines], again.state) == ([3, 3, 3, 1], first.state)


def test_rows_that_are_no_records(pieces: Stream, made: Given) -> None:
    """A row may be a mapping: its part and its key are read by their names."""
    made.rows = [{"project": "foo", "version": "2.0", "name": "x"}, {"project": "foo", "version": "2.0", "name": "y"}]
    first = change(pieces, found(A, TWO)).state
    assert {name: part.keys for name, part in first.partitions.items()} == {"2.0": (("x",), ("y",)), "1.0": ()}
    made.rows = made.rows[:1]
    again = change(pieces, found(B, {"2.0": A, "1.0": B}), first)
    assert again.deleted_keys == [{"project": "foo", "version": "2.0", "name": "y"}]


# Serials and marks --------------------------------------------------------------------------------------------

PAGED = (DocumentKind.PROJECT, DocumentKind.PAGE)


@pytest.mark.parametrize(
    ("reads", "project", "page", "serial"),
    [
        ((DocumentKind.PROJECT,), A, Fingerprint(b"p", 3), 5),
        (PAGED, A, Fingerprint(b"p", 3), 3),
        (PAGED, A, Fingerprint(b"p"), 5),
        ((DocumentKind.PROJECT,), A, ABSENT, 5),
        (PAGED, A, ABSENT, None),
        ((DocumentKind.PROJECT,), ABSENT, Fingerprint(b"p", 3), 3),
        (PAGED, ABSENT, ABSENT, None),
        ((DocumentKind.PROJECT,), ABSENT, ABSENT, None),
    ],
)
def test_serials(
    made: Given, reads: tuple[DocumentKind, ...], project: Fingerprint, page: Fingerprint, serial: int | None
) -> None:
    """The lowest of the documents that are read; where there is no project document, the page's."""
    stream = Stream(name="paged", row="one", record=Thing, key=("project", "name"), documents=reads, cost="", rows=made)
    result = found(project)
    result.fingerprints[DocumentKind.PAGE] = page
    assert change(stream, result).state.serial == serial


def test_only_marks_of_what_is_read(things: Stream) -> None:
    """Documents that the stream does not read are nothing to it, nor are those that have no place in the state."""
    result = found()
    result.fingerprints |= {DocumentKind.PAGE: B, DocumentKind.STATISTICS: B}
    assert change(things, result).state.fingerprints == {CODES[DocumentKind.PROJECT]: A}


# Bounds -------------------------------------------------------------------------------------------------------


def test_as_many_rows_as_are_taken(things: Stream, made: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many rows as are taken are; of more, none is, and how many there were is said."""
    monkeypatch.setattr("source_pypi.sync.changes.MOST_ROWS", 1000)
    made.rows = thing(*map(str, range(1000)))
    assert told(change(things, found())) == made.rows
    for many in (1003, 12 * SLICE + 503):
        made.rows = thing(*map(str, range(many)))
        with pytest.raises(TooLargeError) as caught:
            change(things, found())
        assert caught.value.args == ("things of foo", f"{many:,} rows", "1,000")


def test_rows_of_the_index_are_not_counted(made: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index as a whole may have as many rows as it likes, none of them larger than is taken."""
    monkeypatch.setattr("source_pypi.sync.changes.MOST_ROWS", 1)
    monkeypatch.setattr("source_pypi.sync.changes.LARGEST_ROW", 1000)
    stream = Stream(
        name="listing", row="one", record=Thing, key=("project",), documents=(DocumentKind.LISTING,), cost="", rows=made
    )
    made.rows = thing("x", "y", "z")
    result = FetchResult()
    result.fingerprints[DocumentKind.LISTING] = A
    assert told(change(stream, result)) == made.rows
    made.rows = thing("x" * 1000)
    with pytest.raises(TooLargeError) as caught:
        change(stream, result)
    assert caught.value.args == ("listing of the index", "a row of 1,037 bytes", "1,000")


def test_the_largest_row(things: Stream, made: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each row may be as large as is taken, however large all of them are; of more, none is taken."""
    made.rows = thing("x " * 500, "y " * 500)
    monkeypatch.setattr("source_pypi.sync.changes.LARGEST_ROW", 1037)
    assert told(change(things, found())) == made.rows
    monkeypatch.setattr("source_pypi.sync.changes.LARGEST_ROW", 1036)
    with pytest.raises(TooLargeError) as caught:
        change(things, found())
    assert caught.value.args == ("things of foo", "a row of 1,037 bytes", "1,036")


def test_rows_are_made_of_the_visit(things: Stream, made: Given) -> None:
    """What a stream's rows are made from is what the visit brought."""
    visits: list[ProjectDocuments] = []

    def noting(visit: ProjectDocuments) -> list[Row]:
        visits.append(visit)
        return []

    result = found()
    change(replace(things, rows=noting), result)
    assert visits == [result.documents]
