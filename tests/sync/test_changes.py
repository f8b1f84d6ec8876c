"""sync/changes.py: how a stream's rows of a project changed."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from source_pypi.errors import TooLargeError
from source_pypi.services.index.documents import ABSENT, Fingerprint
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams.stream import ProjectDocuments, Row, Stream
from source_pypi.sync.batch import Change
from source_pypi.sync.changes import SLICE
from source_pypi.sync.state import CODES, ProjectState
from tests.batches import SEEN_AT
from tests.fake_index import World
from tests.sync.batching import batch, fetched, previous
from tests.sync.changing import (
    DIGEST,
    NOW,
    A,
    B,
    RowSource,
    Thing,
    change,
    found,
    listed,
    stream_of,
    thing,
    written,
)


def _rest(state: ProjectState) -> list[Any]:
    return [getattr(state, name) for name in state.__struct_fields__[1:]]


PAGED = (DocumentKind.PROJECT, DocumentKind.PAGE)


def test_first_read_makes_every_row_new(things: Stream, source: RowSource) -> None:
    """The first time every row is new, and the state has all of it."""
    source.rows = thing("x", "y")
    first = change(things, found(requirements=("bar",)))
    assert written(first) == source.rows
    assert [json.loads(line) for line in b"".join(first.lines).splitlines()] == [
        {"project": "foo", "name": "x", "value": 0},
        {"project": "foo", "name": "y", "value": 0},
    ]
    assert (first.unchanged_partitions, first.deleted_keys) == ((), [])
    (partition,) = first.state.partitions.values()
    assert first.state == ProjectState(
        NOW, DIGEST, True, 5, {CODES[DocumentKind.PROJECT]: A}, {"": partition}, ("bar",)
    )
    assert (partition.fingerprint, partition.keys) == (None, (("x",), ("y",)))


def test_first_read_without_rows_is_a_change(things: Stream) -> None:
    """The first time, no rows are a change, too: there may be some of an older release of this program."""
    assert written(change(things, found())) == []


def test_unchanged_document_makes_no_rows(things: Stream, source: RowSource) -> None:
    """No rows are made of an unchanged document; only the time in state moves."""
    source.rows = thing("x")
    first = change(things, found()).state
    source.calls = 0
    again = change(things, found(), ProjectState(1, *_rest(first)))
    assert (again, source.calls) == (Change(first, only_time_changed=True), 0)


def test_changed_document_with_the_same_rows_changes_the_state_only(things: Stream, source: RowSource) -> None:
    """If the document differs and the rows do not, nothing is written, and the state has the new fingerprint."""
    source.rows = thing("x")
    first = change(things, found()).state
    again = change(things, found(B), first)
    assert (written(again), again.lines, again.deleted_keys, source.calls) == (None, (), [], 2)
    assert (again.state.fingerprints, again.state.serial, again.state.partitions) == (
        {CODES[DocumentKind.PROJECT]: B},
        6,
        first.partitions,
    )


def test_changed_row_writes_all_rows_and_deleted_keys(things: Stream, source: RowSource) -> None:
    """If a row differs, all rows of the project are written, and the keys of deleted rows are listed."""
    source.rows = thing("x", "y", "z")
    first = change(things, found()).state
    source.rows = [*thing("x", value=1), *thing("z")]
    again = change(things, found(B), first)
    assert (written(again), again.unchanged_partitions) == (source.rows, ())
    assert again.deleted_keys == [{"project": "foo", "name": "y"}]
    assert again.state.partitions[""].keys == (("x",), ("z",))


def test_rows_in_another_order_are_written_again(things: Stream, source: RowSource) -> None:
    """Rows in another order are written again, and none is deleted."""
    source.rows = thing("x", "y")
    first = change(things, found()).state
    source.rows = thing("y", "x")
    again = change(things, found(B), first)
    assert (written(again), again.deleted_keys) == (source.rows, [])


def test_project_without_rows_lists_every_key_as_deleted(things: Stream, source: RowSource) -> None:
    """If no row is left, each key is listed as deleted."""
    source.rows = thing("x", "y")
    first = change(things, found()).state
    source.rows = []
    again = change(things, found(ABSENT, missing=True), first)
    assert (written(again), again.lines) == ([], ())
    assert again.deleted_keys == [{"project": "foo", "name": "x"}, {"project": "foo", "name": "y"}]
    assert (again.state.existed, again.state.serial) == (True, None)
    assert written(change(things, found(ABSENT, missing=True), again.state)) is None


def test_project_that_never_existed_is_so_in_state(things: Stream) -> None:
    """The state says if the index has never had the project."""
    assert not change(things, found(ABSENT, missing=True)).state.existed


def test_other_settings_make_rows_again(things: Stream, source: RowSource) -> None:
    """With other settings, rows are made of the same document again, and written if they differ."""
    source.rows = thing("x")
    first = change(things, found()).state
    assert written(change(things, found(), first, comparable=False)) is None
    assert source.calls == 2
    source.rows = thing("y")
    again = change(things, found(), first, comparable=False)
    assert (written(again), again.deleted_keys) == (source.rows, [{"project": "foo", "name": "x"}])


def test_no_deleted_keys_without_keys(things: Stream, source: RowSource) -> None:
    """If keys are not kept, no deleted keys are listed; nor can they be if they were not kept before."""
    source.rows = thing("x", "y")
    first = change(things, found(), keys=False).state
    assert first.partitions[""].keys is None
    source.rows = thing("x")
    without = change(things, found(B), first, keys=False)
    assert (written(without), without.deleted_keys) == (source.rows, [])
    later = change(things, found(B), first, keys=True)
    assert (written(later), later.deleted_keys, later.state.partitions[""].keys) == (source.rows, [], (("x",),))


def test_requirements_are_kept_if_they_are_complete(things: Stream) -> None:
    """Requirements are kept in state only if all of them could be read."""
    assert change(things, found(requirements=())).state.requirements == ()
    assert change(things, found(requirements=(), unusable={DocumentKind.RELEASES})).state.requirements is None


def test_only_time_changed(things: Stream, source: RowSource) -> None:
    """A state that differs in its time only says so; not if a fingerprint, serial or requirement has changed."""
    source.rows = thing("x")
    first = change(things, found(A)).state
    earlier = replace(first, checked_at=first.checked_at - 3600)
    assert change(things, found(A), earlier).only_time_changed
    assert not change(things, found(B), earlier).only_time_changed
    assert not change(things, found(A), replace(earlier, requirements=("bar",))).only_time_changed
    assert not change(things, found(A), replace(earlier, serial=4)).only_time_changed


def test_deleted_keys_of_the_index_have_no_project_added(listing: Stream, source: RowSource) -> None:
    """Deleted keys of a stream of the index have no project but their own."""
    source.rows = [Thing("foo", "x"), Thing("bar", "x")]
    first = change(listing, listed(A)).state
    source.rows = [Thing("foo", "x")]
    assert change(listing, listed(B), first).deleted_keys == [{"project": "bar"}]


def test_keys_that_are_no_longer_kept_list_no_deletions(things: Stream, source: RowSource) -> None:
    """If keys are no longer kept, no deleted keys are listed, although the state before has them."""
    source.rows = thing("x", "y")
    first = change(things, found()).state
    source.rows = thing("x")
    again = change(things, found(B), first, keys=False)
    assert (written(again), again.deleted_keys, again.state.partitions[""].keys) == (source.rows, [], None)


@pytest.mark.parametrize(
    ("count", "slices"),
    [(1, [1]), (SLICE, [SLICE]), (SLICE + 1, [SLICE, 1]), (2 * SLICE, [SLICE] * 2), (2 * SLICE + 7, [SLICE, SLICE, 7])],
)
def test_many_rows_come_in_slices(
    things: Stream, source: RowSource, monkeypatch: pytest.MonkeyPatch, count: int, slices: list[int]
) -> None:
    """Many rows come in slices of whole lines, each with the same number of rows but the last."""
    monkeypatch.setattr("source_pypi.sync.changes.CHUNK", 1)
    source.rows = thing(*map(str, range(count)))
    many = change(things, found())
    assert written(many) == source.rows
    assert all(lines.endswith(b"\n") for lines in many.lines)
    assert [lines.count(b"\n") for lines in many.lines] == slices


def test_slices_do_not_change_the_digest(things: Stream, source: RowSource, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where slices end makes no difference: rows are not written again for it."""
    source.rows = thing(*map(str, range(10)))
    first = change(things, found())
    monkeypatch.setattr("source_pypi.sync.changes.SLICE", 3)
    monkeypatch.setattr("source_pypi.sync.changes.CHUNK", 1)
    assert written(change(things, found(B), first.state)) is None
    again = change(things, found())
    assert ([lines.count(b"\n") for lines in again.lines], again.state) == ([3, 3, 3, 1], first.state)


@pytest.mark.parametrize(
    ("kinds", "project", "page", "serial"),
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
def test_state_has_the_lowest_serial(
    source: RowSource, kinds: tuple[DocumentKind, ...], project: Fingerprint, page: Fingerprint, serial: int | None
) -> None:
    """The serial is the lowest of the documents that are read; without a project document, the page's."""
    result = found(project)
    result.fingerprints[DocumentKind.PAGE] = page
    assert change(stream_of(source, documents=kinds), result).state.serial == serial


def test_state_has_fingerprints_of_read_documents_only(things: Stream) -> None:
    """The state has no fingerprints of documents that the stream does not read."""
    result = found()
    result.fingerprints |= {DocumentKind.PAGE: B, DocumentKind.STATISTICS: B}
    assert change(things, result).state.fingerprints == {CODES[DocumentKind.PROJECT]: A}


def test_too_many_rows_are_refused(things: Stream, source: RowSource, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to the limit, rows are accepted; beyond it the error says how many there were."""
    monkeypatch.setattr("source_pypi.sync.changes.MOST_ROWS", 1000)
    source.rows = thing(*map(str, range(1000)))
    assert written(change(things, found())) == source.rows
    for many in (1003, 12 * SLICE + 503):
        source.rows = thing(*map(str, range(many)))
        with pytest.raises(TooLargeError) as caught:
            change(things, found())
        assert caught.value.args == ("things of foo", f"{many:,} rows", "1,000")


def test_rows_of_the_index_are_not_limited_in_number(
    listing: Stream, source: RowSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream of the index may have any number of rows, none of them too large."""
    monkeypatch.setattr("source_pypi.sync.changes.MOST_ROWS", 1)
    monkeypatch.setattr("source_pypi.sync.changes.LARGEST_ROW", 1000)
    source.rows = thing("x", "y", "z")
    assert written(change(listing, listed(A))) == source.rows
    source.rows = thing("x" * 1000)
    with pytest.raises(TooLargeError) as caught:
        change(listing, listed(A))
    assert caught.value.args == ("listing of the index", "1,037 bytes in one row", "1,000")


def test_too_large_row_is_refused(things: Stream, source: RowSource, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each row may be as large as the limit, however large all of them are."""
    source.rows = thing("x " * 500, "y " * 500)
    monkeypatch.setattr("source_pypi.sync.changes.LARGEST_ROW", 1037)
    assert written(change(things, found())) == source.rows
    monkeypatch.setattr("source_pypi.sync.changes.LARGEST_ROW", 1036)
    with pytest.raises(TooLargeError) as caught:
        change(things, found())
    assert caught.value.args == ("things of foo", "1,037 bytes in one row", "1,036")


def test_rows_are_made_of_the_received_documents(things: Stream, source: RowSource) -> None:
    """A stream makes its rows of the documents that were received."""
    received: list[ProjectDocuments] = []

    def rows(documents: ProjectDocuments) -> list[Row]:
        received.append(documents)
        return []

    result = found()
    change(replace(things, rows=rows), result)
    assert received == [result.documents]


def test_digests_of_rows_tell_many_rows_apart(things: Stream, source: RowSource) -> None:
    """A thousand different rows have different digests: a shorter digest would miss changes."""
    digests = set()
    for number in range(1000):
        source.rows = thing(f"{number}")
        digests.add(change(things, found(A)).state.partitions[""].digest)
    assert len(digests) == 1000


# Batches --------------------------------------------------------------------------------------------------------------


def test_batch_has_changes_warnings_and_time(world: World) -> None:
    """A batch has the change of every stream, the warnings, and the time."""
    result = fetched(world, warnings=["a warning"])
    given = batch(result, previous("files", "versions", "release"), total_projects=7)
    assert given.counts == {"files": 2, "versions": 1, "release": 1}
    assert (given.project, given.seen_at, given.total_projects, given.warnings) == ("foo", SEEN_AT, 7, ("a warning",))
    assert {change.state.checked_at for change in given.changes.values()} == {int(SEEN_AT.timestamp())}
    assert (given.failures, given.missing, given.user_errors, given.invalid_fields) == ({}, False, (), ())


def test_keys_are_kept_if_the_store_keeps_them(world: World) -> None:
    """The keys of rows are kept in state, or not."""
    result = fetched(world)
    wanted = batch(result, previous("files"), keys=True).changes["files"].state.partitions[""].keys
    assert wanted == (("foo-1.0-py3-none-any.whl",), ("foo-1.0.tar.gz",))
    assert batch(result, previous("files")).changes["files"].state.partitions[""].keys is None


@pytest.mark.parametrize(
    ("stale", "unchanged"),
    [
        (DocumentKind.PROJECT, {"files", "release", "statuses", "attestations"}),
        (DocumentKind.RELEASES, {"release"}),
        (DocumentKind.PAGE, {"statuses", "attestations"}),
        (DocumentKind.PROVENANCE, {"attestations"}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_stale_document_leaves_its_streams_unchanged(world: World, stale: DocumentKind, unchanged: set[str]) -> None:
    """A stream that needs a document of which only old copies came neither changes nor fails."""
    names = ["files", "release", "statuses", "attestations"]
    result = fetched(world, unusable={stale})
    result.partitions[DocumentKind.PROVENANCE] = {}
    given = batch(result, previous(*names))
    assert (given.failures, set(given.changes)) == ({}, set(names) - unchanged)
