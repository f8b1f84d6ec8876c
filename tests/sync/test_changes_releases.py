"""sync/changes.py: how rows of releases changed, which are replaced by release."""

from collections.abc import Mapping

import pytest

from source_pypi.services.index.documents import ABSENT, UNKNOWN, Fingerprint
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams.stream import Stream
from source_pypi.sync.batch import Change
from source_pypi.sync.state import Partition
from tests.sync.changing import A, B, Piece, RowSource, change, found, piece, stream_of, written

TWO: dict[str, Fingerprint | None] = {"2.0": None, "1.0": B}


def test_releases_have_partitions_with_their_documents(pieces: Stream, source: RowSource) -> None:
    """Each release is a partition with the fingerprint of its document, or none if the project document was used."""
    source.rows = [*piece("2.0", "x"), *piece("1.0", "x", "y")]
    first = change(pieces, found(A, TWO))
    assert written(first, Piece) == source.rows
    assert {name: (partition.fingerprint, partition.keys) for name, partition in first.state.partitions.items()} == {
        "2.0": (None, (("x",),)),
        "1.0": (B, (("x",), ("y",))),
    }


@pytest.mark.parametrize(
    "partitions",
    [{"2.0": UNKNOWN, "1.0": UNKNOWN}, {"2.0": None, "1.0": B}, None, {"1.0": B, "2.0": UNKNOWN}],
    ids=["not requested", "requested", "nothing recorded", "in another order"],
)
def test_unchanged_releases_stay(
    pieces: Stream, source: RowSource, partitions: Mapping[str, Fingerprint | None] | None
) -> None:
    """Releases that were not requested, or have not changed, stay, and no rows are made."""
    source.rows = [*piece("2.0", "x"), *piece("1.0", "y")]
    first = change(pieces, found(A, TWO)).state
    source.calls = 0
    assert (change(pieces, found(A, partitions), first), source.calls) == (Change(first, only_time_changed=True), 0)


def test_changed_release_writes_its_rows_only(pieces: Stream, source: RowSource) -> None:
    """All rows of a changed release are written; those of the others stay."""
    source.rows = [*piece("3.0", "x"), *piece("1.0", "x", "y")]
    first = change(pieces, found(A, {"3.0": None, "2.0": A, "1.0": B})).state
    source.rows = piece("1.0", "y", "z")
    again = change(pieces, found(A, {"3.0": UNKNOWN, "2.0": UNKNOWN, "1.0": A}), first)
    assert (written(again, Piece), set(again.unchanged_partitions)) == (source.rows, {"3.0", "2.0"})
    assert again.deleted_keys == [{"project": "foo", "version": "1.0", "name": "x"}]
    assert again.state.partitions == {**first.partitions, "1.0": again.state.partitions["1.0"]}
    assert again.state.partitions["1.0"].fingerprint == A


def test_changed_release_with_the_same_rows_writes_nothing(pieces: Stream, source: RowSource) -> None:
    """If a release's document differs and its rows do not, nothing is written."""
    source.rows = [*piece("2.0", "x"), *piece("1.0", "y")]
    first = change(pieces, found(A, TWO)).state
    source.rows = piece("1.0", "y")
    again = change(pieces, found(A, {"2.0": UNKNOWN, "1.0": A}), first)
    assert written(again, Piece) is None
    assert again.state.partitions["1.0"] == Partition(first.partitions["1.0"].digest, A, (("y",),))


def test_release_without_rows_lists_its_keys_as_deleted(pieces: Stream, source: RowSource) -> None:
    """If a release has no rows any more, each key is listed as deleted, and there is no line."""
    source.rows = [*piece("2.0", "x"), *piece("1.0", "y")]
    first = change(pieces, found(A, TWO)).state
    source.rows = piece("2.0", "x")
    again = change(pieces, found(B, {"2.0": UNKNOWN, "1.0": Fingerprint(b"c")}), first)
    assert (again.count, again.lines, again.unchanged_partitions) == (0, (), ("2.0",))
    assert again.deleted_keys == [{"project": "foo", "version": "1.0", "name": "y"}]


def test_removed_release_lists_its_keys_as_deleted(pieces: Stream, source: RowSource) -> None:
    """The keys of a removed release are listed as deleted, and the other releases stay."""
    source.rows = [*piece("2.0", "x"), *piece("1.0", "x", "y")]
    first = change(pieces, found(A, TWO)).state
    source.rows = piece("2.0", "x")
    again = change(pieces, found(B, {"2.0": None}), first)
    assert (written(again, Piece), again.unchanged_partitions) == ([], ("2.0",))
    assert again.deleted_keys == [{"project": "foo", "version": "1.0", "name": name} for name in "xy"]
    assert again.state.partitions.keys() == {"2.0"}


def test_other_settings_make_all_releases_again(pieces: Stream, source: RowSource) -> None:
    """With other settings, rows of all releases are made again of the same documents, and written if they differ."""
    source.rows = [*piece("2.0", "x"), *piece("1.0", "y")]
    first = change(pieces, found(A, TWO), keys=False).state
    source.rows = [*piece("2.0", "x"), *piece("1.0", "z")]
    again = change(pieces, found(A, TWO), first, comparable=False)
    assert (written(again, Piece), again.unchanged_partitions) == (piece("1.0", "z"), ("2.0",))
    assert {name: partition.keys for name, partition in again.state.partitions.items()} == {
        "2.0": (("x",),),
        "1.0": (("z",),),
    }


def test_new_release_is_written_alone(pieces: Stream, source: RowSource) -> None:
    """Only a new release is written; one without rows is in state as well, so that it is not requested again."""
    source.rows = piece("2.0", "x")
    first = change(pieces, found(A, {"2.0": None})).state
    source.rows = [*piece("3.0", "x"), *piece("2.0", "x")]
    again = change(pieces, found(B, {"3.0": None, "2.0": A, "1.0": A}), first)
    assert (written(again, Piece), again.unchanged_partitions) == (piece("3.0", "x"), ("2.0",))
    assert again.state.partitions.keys() == {"3.0", "2.0", "1.0"}
    assert again.state.partitions["2.0"].fingerprint == A


def test_release_that_was_not_requested_and_never_read_is_no_partition(pieces: Stream, source: RowSource) -> None:
    """A release that was not requested is no partition of a stream that has never read it."""
    assert change(pieces, found(A, {"1.0": UNKNOWN})).state.partitions == {}


@pytest.mark.parametrize("partitions", [None, {}], ids=["nothing recorded", "none"])
def test_absent_project_has_no_releases(
    pieces: Stream, source: RowSource, partitions: Mapping[str, Fingerprint | None] | None
) -> None:
    """If there is no project document, all releases are deleted."""
    source.rows = [*piece("2.0", "x"), *piece("1.0", "y")]
    first = change(pieces, found(A, TWO)).state
    again = change(pieces, found(ABSENT, partitions), first)
    assert (written(again, Piece), again.unchanged_partitions, again.state.partitions) == ([], (), {})
    assert [key["version"] for key in again.deleted_keys] == ["1.0", "2.0"]


def test_key_that_is_project_and_release_is_not_kept(source: RowSource) -> None:
    """If project and release are the whole key, it is not kept, and a release is deleted if it had a row."""
    stream = stream_of(source, "whole", Piece, ("project", "version"), (DocumentKind.RELEASES,))
    source.rows = piece("1.0", "x")
    first = change(stream, found(A, {"2.0": A, "1.0": B})).state
    assert [partition.keys for partition in first.partitions.values()] == [None, None]
    assert change(stream, found(B, {}), first).deleted_keys == [{"project": "foo", "version": "1.0"}]


@pytest.mark.parametrize(("chunk", "lengths"), [(4 * 45, [4]), (4 * 45 - 1, [3, 1]), (45, [1, 2, 1]), (1, [1, 2, 1])])
def test_lines_of_several_releases_are_chunked(
    pieces: Stream, source: RowSource, monkeypatch: pytest.MonkeyPatch, chunk: int, lengths: list[int]
) -> None:
    """Lines come release by release, as many at a time as fit into a chunk."""
    monkeypatch.setattr("source_pypi.sync.changes.CHUNK", chunk)
    source.rows = [*piece("3.0", "w"), *piece("2.0", "x", "y"), *piece("1.0", "z")]
    given = change(pieces, found(A, {"3.0": A, "2.0": A, "1.0": B})).lines
    rows = ((b"3.0", b"w"), (b"2.0", b"x"), (b"2.0", b"y"), (b"1.0", b"z"))
    assert b"".join(given) == b"".join(b'{"project":"foo","version":"%s","name":"%s"}\n' % row for row in rows)
    assert [lines.count(b"\n") for lines in given] == lengths


def test_rows_may_be_mappings(pieces: Stream, source: RowSource) -> None:
    """A row may be a mapping: its partition and key are read by name."""
    source.rows = [{"project": "foo", "version": "2.0", "name": "x"}, {"project": "foo", "version": "2.0", "name": "y"}]
    first = change(pieces, found(A, TWO)).state
    assert {name: partition.keys for name, partition in first.partitions.items()} == {
        "2.0": (("x",), ("y",)),
        "1.0": (),
    }
    source.rows = source.rows[:1]
    again = change(pieces, found(B, {"2.0": A, "1.0": B}), first)
    assert again.deleted_keys == [{"project": "foo", "version": "2.0", "name": "y"}]
