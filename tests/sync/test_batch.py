"""sync/batch.py: the rows of one project, with what is kept in state and reported."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import Raw

from source_pypi.errors import NotOfferedError, SourceError, UnavailableError, UnknownReleaseError
from source_pypi.selection import SelectedProject
from source_pypi.services.index.documents import ABSENT, Fingerprint
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams import choose_streams
from source_pypi.streams.roles import Role
from source_pypi.streams.stream import ProjectDocuments
from source_pypi.sync.batch import Batch, Change, lines_of, rows_of
from source_pypi.sync.changes import SLICE, batch_of
from source_pypi.sync.fetch_result import FetchResult
from source_pypi.sync.planner import PreviousState
from source_pypi.sync.state import CODES, Partition, ProjectState
from tests.batches import SEEN, SEEN_AT, batch_with, change_with, rows_in
from tests.fake_index import World
from tests.streams import documents_of, documents_with, page_of

ADDRESS = "http://index.test/pypi/foo/json"
OUTAGE = UnavailableError(ADDRESS, 503, 7, 60.0, None)
NOT_OFFERED = NotOfferedError("something", ADDRESS)
FOO = SelectedProject("foo")  # type: ignore[arg-type]


def previous(*names: str, states: dict[str, ProjectState] | None = None) -> PreviousState:
    """Return what streams have in state, with the settings of this run."""
    return PreviousState(choose_streams(names), states or {}, frozenset(states or ()))


def batch(result: FetchResult, before: PreviousState, **more: Any) -> Batch:
    """Return the batch of a fetch."""
    return batch_of(result, before, {stream.name: b"term" for stream in before.streams}, SEEN_AT, **more)


def fetched(world: World, **more: Any) -> FetchResult:
    """Return the result of a fetch of foo, which has one release."""
    world.add("foo", releases=["1.0"])
    documents = documents_of(world, "foo")
    assert documents.document is not None
    result = FetchResult(
        FOO, documents, {DocumentKind.PROJECT: documents.document.fingerprint}, {DocumentKind.RELEASES: {"1.0": None}}
    )
    for name, value in more.items():
        setattr(result, name, value)
    return result


def absent(**more: Any) -> FetchResult:
    """Return the result of a fetch of foo, which does not exist."""
    return FetchResult(FOO, ProjectDocuments(project="foo"), {DocumentKind.PROJECT: ABSENT}, missing=True, **more)


# Rows ---------------------------------------------------------------------------------------------------------


def test_counts_are_of_changed_streams() -> None:
    """Rows are counted for streams that changed, also if none is left; an unchanged stream has none to write."""
    changes = {"files": change_with([{"x": 1}, {"x": 2}]), "roles": change_with([]), "urls": Change(SEEN)}
    assert Batch("a", SEEN_AT, changes).counts == {"files": 2, "roles": 0}


ROWS = [{"project": "a", "info": {"text": "}\n{"}}, {"project": "b", "info": {}}]


def test_lines_of_incremental_streams_have_seen_at() -> None:
    """Rows of an incremental stream have ``seen_at``, whatever texts they hold; other rows have none."""
    project, stats = choose_streams(["project", "stats"])
    made = batch_with("a", {"project": ROWS, "stats": ROWS}, seen_at=datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC))
    lines = [json.loads(line) for line in b"".join(lines_of(project, made)).splitlines()]
    assert lines == [{**row, "seen_at": "2026-01-02T03:04:05.000006Z"} for row in ROWS]
    assert [json.loads(line) for line in b"".join(lines_of(stats, made)).splitlines()] == ROWS
    assert [*lines_of(project, batch_with("a", {"project": []}))] == []
    assert [*lines_of(project, batch_with("a", changes={"project": Change(SEEN)}))] == []


def test_begin_and_end_are_on_the_line_of_each_row() -> None:
    """What is written before and after rows is on the line of each."""
    project, stats = choose_streams(["project", "stats"])
    made = batch_with("a", {"project": ROWS, "stats": ROWS})
    around = {"begin": b"<", "end": b">"}
    assert b"".join(lines_of(project, made, **around)) == (
        b'<{"project":"a","info":{"text":"}\\n{"},"seen_at":"2026-11-22T07:29:37Z"}>\n'
        b'<{"project":"b","info":{},"seen_at":"2026-11-22T07:29:37Z"}>\n'
    )
    assert b"".join(lines_of(stats, made, **around)) == (
        b'<{"project":"a","info":{"text":"}\\n{"}}>\n<{"project":"b","info":{}}>\n'
    )
    assert [*lines_of(project, batch_with("a", {"project": []}), **around)] == []


@pytest.mark.parametrize("around", [{}, {"begin": b"<", "end": b">"}], ids=["bare", "wrapped"])
def test_many_lines_come_in_slices(around: dict[str, bytes]) -> None:
    """Many rows come several at a time, in whole lines."""
    rows = [{"project": f"p{number}"} for number in range(2 * SLICE + 7)]
    (stream,) = choose_streams(["project"])
    slices = [*lines_of(stream, batch_with("a", {"project": rows}), **around)]
    assert [len(lines.splitlines()) for lines in slices] == [SLICE, SLICE, 7]
    assert all(lines.endswith(b"\n") for lines in slices)
    lines = [json.loads(line.removeprefix(b"<").removesuffix(b">")) for line in b"".join(slices).splitlines()]
    assert lines == [{**row, "seen_at": "2026-11-22T07:29:37Z"} for row in rows]


def test_rows_are_instances_of_the_record() -> None:
    """Rows of a stream with a record are instances of it, however many slices they come in."""
    (stream,) = choose_streams(["roles"])
    made = [Role(project="foo", role="Owner", user=f"u{number}") for number in range(SLICE + 2)]
    assert [*rows_of(stream, change_with(made))] == made
    assert [*rows_of(stream, change_with([]))] == [*rows_of(stream, Change(SEEN))] == []


def test_documents_passed_on_whole_are_dicts() -> None:
    """Rows that are documents passed on whole are dicts of plain values, with all keys, whatever their types."""
    (stream,) = choose_streams(["project"])
    made = [{"project": "foo", "info": {"name": 7}, "new": [1.5, None, Raw(b"1e999")]}, *ROWS]
    expected = [{"project": "foo", "info": {"name": 7}, "new": [1.5, None, None]}, *ROWS]
    assert [*rows_of(stream, change_with(made))] == expected


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


# What could not be read ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failed", "costs"),
    [
        ({DocumentKind.RELEASES: OUTAGE}, {"release", "dependencies"}),
        ({DocumentKind.PAGE: OUTAGE}, {"statuses"}),
        ({DocumentKind.PROJECT: OUTAGE}, {"files", "statuses"}),
        ({DocumentKind.CORE_METADATA: OUTAGE}, set()),
    ],
    ids=lambda value: ",".join(sorted(kind.name for kind in value)) if isinstance(value, dict) else "",
)
def test_failure_costs_the_streams_that_read_the_document(
    world: World, failed: dict[DocumentKind, SourceError], costs: set[str]
) -> None:
    """A stream that reads a document that failed has no change, so that its rows stay; the others have theirs."""
    names = ["files", "release", "dependencies", "statuses"]
    result = fetched(world, failures=failed)
    result.fingerprints[DocumentKind.PAGE] = ABSENT
    given = batch(result, previous(*names))
    assert given.failures == dict.fromkeys(costs, OUTAGE)
    assert given.changes.keys() == set(names) - costs


@pytest.mark.parametrize(("error", "fails"), [(OUTAGE, True), (NOT_OFFERED, False)])
def test_failed_core_metadata_costs_the_stream_that_it_fills(world: World, error: SourceError, fails: bool) -> None:
    """Core metadata that could not be read costs the stream that it fills; if it is not offered, the gap stays."""
    result = fetched(world, failures={DocumentKind.CORE_METADATA: error})
    result.documents = ProjectDocuments(
        project="foo", document=result.documents.document, releases=result.documents.releases, use_core_metadata=True
    )
    given = batch(result, previous("dependencies", "classifiers"))
    assert given.failures.keys() == ({"dependencies"} if fails else set())
    assert "classifiers" in given.changes


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


def test_document_without_the_required_key_is_not_offered() -> None:
    """If a document lacks the key that rows are made of, the index does not offer them, and no row is deleted."""
    documents = documents_with({"info": {"name": "foo", "version": "1.0"}, "releases": {}, "urls": []})
    assert documents.document is not None
    result = FetchResult(FOO, documents, {DocumentKind.PROJECT: documents.document.fingerprint})
    given = batch(result, previous("roles", "files"))
    assert (set(given.failures), set(given.changes)) == ({"roles"}, {"files"})
    assert isinstance(given.failures["roles"], NotOfferedError)
    given = batch(result, previous("roles", "files", states={"roles": BEFORE}))
    assert (given.failures, given.counts, len(given.notices)) == ({}, {"files": 0}, 1)
    assert given.changes["roles"].state.partitions == BEFORE.partitions
    offered = documents_with({"info": {"name": "foo", "version": "1.0"}, "ownership": {"roles": []}})
    result = FetchResult(FOO, offered, {DocumentKind.PROJECT: documents.document.fingerprint})
    assert rows_in(batch(result, previous("roles", states={"roles": BEFORE}))) == {"roles": []}


def test_stream_of_pages_is_read_without_project_documents(world: World) -> None:
    """If an index has pages and no project documents, the stream ``statuses`` is read nevertheless."""
    world.add("foo", releases=["1.0"])
    page = page_of(world, "foo")
    fingerprints = {DocumentKind.PROJECT: ABSENT, DocumentKind.PAGE: page.fingerprint}
    failures: dict[DocumentKind, SourceError] = {DocumentKind.PROJECT: NOT_OFFERED}
    result = FetchResult(FOO, ProjectDocuments(project="foo", page=page), fingerprints, failures=failures)
    given = batch(result, previous("statuses", "files"))
    assert (given.failures, set(given.changes)) == ({"files": NOT_OFFERED}, {"statuses"})


# What is not there --------------------------------------------------------------------------------------------

BEFORE = ProjectState(
    1,
    b"term",
    True,
    5,
    {CODES[DocumentKind.PROJECT]: Fingerprint(b'"x"', 5)},
    {"": Partition(b"digest", None, (("a.whl",),))},
)


def test_named_project_that_never_existed_is_missing() -> None:
    """A named project that the index has never had is missing, without a warning."""
    given = batch(absent(), previous("files"))
    assert (given.missing, given.warnings, rows_in(given)) == (True, (), {"files": []})


def test_unnamed_project_that_does_not_exist_is_a_warning() -> None:
    """A project that is only listed or required, and does not exist, is a warning."""
    result = FetchResult(
        SelectedProject("foo", named=False),  # type: ignore[arg-type]
        ProjectDocuments(project="foo"),
        {DocumentKind.PROJECT: ABSENT},
        missing=True,
    )
    given = batch(result, previous("files"))
    warning = "foo is listed or required, but the index does not have it"
    assert (given.missing, given.warnings) == (False, (warning,))


def test_removed_project_is_a_warning_and_deletes_its_rows() -> None:
    """A removed project is a warning, and its rows are deleted."""
    given = batch(absent(warnings=["first"]), previous("files", states={"files": BEFORE}), keys=True)
    assert (given.missing, given.warnings) == (
        False,
        ("first", "foo was removed from the index, and its rows are deleted"),
    )
    assert given.changes["files"].deleted_keys == [{"project": "foo", "filename": "a.whl"}]


def batch_with_unknown_pin(world: World, partitions: dict[str, Partition]) -> Batch:
    """Return the batch of a fetch with the pin 9, which does not exist, after these releases were read."""
    error = UnknownReleaseError("foo", "9.0", f"{ADDRESS}/9.0")
    result = fetched(world, user_errors=[error], partitions={DocumentKind.RELEASES: {}})
    state = ProjectState(1, b"term", True, 5, {}, partitions)
    return batch(result, previous("release", "files", states={"release": state}))


def test_mistyped_pin_deletes_no_rows(world: World) -> None:
    """A pin that never existed deletes no rows of the stream of releases; other streams are read."""
    given = batch_with_unknown_pin(world, {"1.0": Partition(b"digest")})
    assert (set(given.changes), [str(error)[:42] for error in given.user_errors]) == (
        {"files"},
        ["the index has no release document of foo 9"],
    )


def test_removed_pin_deletes_its_rows(world: World) -> None:
    """A pin that was read, in any spelling, and is removed deletes its rows."""
    given = batch_with_unknown_pin(world, {"9": Partition(b"digest")})
    assert rows_in(given)["release"] == []
    assert len(given.user_errors) == 1
