"""sync/keys.py: the keys of rows, and which of them are gone."""

from typing import Any

import pytest

from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams.stream import Stream
from source_pypi.sync.keys import deleted_keys, keys_of, remaining_key
from source_pypi.sync.state import DIGEST_OF_NO_ROWS, Key, Partition
from tests.sync.changing import Piece, RowSource, Thing, stream_of

RELEASES = (DocumentKind.RELEASES,)
THINGS = stream_of(RowSource())
PIECES = stream_of(RowSource(), "pieces", Piece, ("project", "version", "name"), RELEASES)
WHOLE = stream_of(RowSource(), "whole", Piece, ("project", "version"), RELEASES)
LISTING = stream_of(RowSource(), "listing", key=("project",), documents=(DocumentKind.LISTING,))
FEED = stream_of(RowSource(), "feed", key=("project", "name"), documents=(DocumentKind.RECENT_RELEASES,))


@pytest.mark.parametrize(
    ("stream", "fields"),
    [(THINGS, ["name"]), (PIECES, ["name"]), (WHOLE, []), (LISTING, ["project"]), (FEED, ["project", "name"])],
    ids=lambda value: value.name if isinstance(value, Stream) else "",
)
def test_remaining_key(stream: Stream, fields: list[str]) -> None:
    """What state keeps of a key lacks the project of a project's rows, and the partition that the row is in."""
    assert remaining_key(stream) == fields


@pytest.mark.parametrize(
    ("stream", "rows", "keys"),
    [
        (THINGS, [Thing("foo", "x"), Thing("foo", "y")], (("x",), ("y",))),
        (PIECES, [{"project": "foo", "version": "1.0", "name": "x"}], (("x",),)),
        (FEED, [Thing("foo", "x"), Thing("bar", "x")], (("foo", "x"), ("bar", "x"))),
        (THINGS, [], ()),
        (WHOLE, [Piece("foo", "1.0", "x")], ()),
    ],
    ids=["records", "mappings", "several fields", "no rows", "no fields"],
)
def test_keys_of_rows(stream: Stream, rows: list[Any], keys: tuple[Key, ...]) -> None:
    """Each row, a record or a mapping, has a key; there are none if project and partition are the whole key."""
    assert keys_of(stream, rows) == keys


def partition(*names: str, keys: bool = True) -> Partition:
    """Return a partition with rows of these names, and perhaps their keys."""
    return Partition(b"digest", None, tuple((name,) for name in names) if keys else None)


def test_deleted_keys_of_a_project() -> None:
    """Keys that are in no row any more are listed in full; a row that is still there is not, nor is a new one."""
    known, current = {"": partition("x", "y", "z")}, {"": partition("new", "y")}
    expected = [{"project": "foo", "name": "x"}, {"project": "foo", "name": "z"}]
    assert deleted_keys(THINGS, "foo", known, current, {""}) == expected


def test_deleted_keys_of_partitions() -> None:
    """Keys are compared within a partition, of those that are named only, in their order; a lost one had its rows."""
    known = {"2.0": partition("x"), "1.0": partition("x", "y"), "0.9": partition("x")}
    current = {"2.0": partition(), "3.0": partition("y"), "0.9": partition()}
    assert deleted_keys(PIECES, "foo", known, current, {"3.0", "2.0", "1.0"}) == [
        {"project": "foo", "version": "1.0", "name": "x"},
        {"project": "foo", "version": "1.0", "name": "y"},
        {"project": "foo", "version": "2.0", "name": "x"},
    ]


def test_deleted_keys_are_in_the_order_of_partitions() -> None:
    """Deleted keys are listed partition by partition, in the order of their names."""
    known = {f"{number}.0": partition("x") for number in (5, 1, 8, 3, 9, 2, 7, 4, 6)}
    deleted = deleted_keys(PIECES, "foo", known, {}, set(known))
    assert [key["version"] for key in deleted] == [f"{number}.0" for number in range(1, 10)]


def test_partition_that_is_the_key_is_deleted_if_it_had_a_row() -> None:
    """If project and partition are the whole key, a partition that had a row and has none is one deleted key."""
    known = {"1.0": Partition(b"digest"), "2.0": Partition(b"digest"), "3.0": Partition(DIGEST_OF_NO_ROWS)}
    assert deleted_keys(WHOLE, "foo", known, {"2.0": Partition(b"other")}, {"1.0", "2.0", "3.0"}) == [
        {"project": "foo", "version": "1.0"}
    ]


def test_deleted_keys_of_the_index() -> None:
    """Rows of the index as a whole have no project but that in their key."""
    known, current = {"": partition("foo", "bar")}, {"": partition("foo")}
    assert deleted_keys(LISTING, None, known, current, {""}) == [{"project": "bar"}]


def test_keys_that_were_not_kept_list_no_deletions() -> None:
    """Without the keys of before, no row can be listed as deleted."""
    known, current = {"": partition("x", keys=False)}, {"": partition("y")}
    assert deleted_keys(THINGS, "foo", known, current, {""}) == []
