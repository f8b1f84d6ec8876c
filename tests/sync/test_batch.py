"""sync/batch.py: everything that one visit gave."""

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
from source_pypi.sync.batch import Batch, batch_of, lines_of, rows_of
from source_pypi.sync.changes import SLICE, Change
from source_pypi.sync.fetch_result import FetchResult
from source_pypi.sync.planner import PreviousState
from source_pypi.sync.state import CODES, Partition, ProjectState
from tests.batches import SEEN, SEEN_AT, batch_with, change_with, rows_in
from tests.fake_index import World
from tests.streams import page_of, visit_to, visit_with

ADDRESS = "http://index.test/pypi/foo/json"
OUTAGE = UnavailableError(ADDRESS, 503, 7, 60.0, None)
NOT_OFFERED = NotOfferedError("something", ADDRESS)
FOO = SelectedProject("foo")  # type: ignore[arg-type]


def known(*names: str, seen: dict[str, ProjectState] | None = None) -> PreviousState:
    """Streams, and what they have seen, on terms of today."""
    return PreviousState(choose_streams(names), seen or {}, frozenset(seen or ()))


def batch(result: FetchResult, before: PreviousState, **more: Any) -> Batch:
    """What a visit gave."""
    return batch_of(result, before, {stream.name: b"term" for stream in before.streams}, SEEN_AT, **more)


def visited(world: World, **more: Any) -> FetchResult:
    """A visit to foo, which has one release."""
    world.add("foo", releases=["1.0"])
    visit = visit_to(world, "foo")
    assert visit.document is not None
    result = FetchResult(
        FOO, visit, {DocumentKind.PROJECT: visit.document.fingerprint}, {DocumentKind.RELEASES: {"1.0": None}}
    )
    for name, value in more.items():
        setattr(result, name, value)
    return result


def absent(**more: Any) -> FetchResult:
    """A visit to foo, which is not there."""
    return FetchResult(FOO, ProjectDocuments(project="foo"), {DocumentKind.PROJECT: ABSENT}, missing=True, **more)


# Rows ---------------------------------------------------------------------------------------------------------


def test_counts() -> None:
    """Rows are counted of streams that have changed, also where none is left; an unchanged stream has none to write."""
    changes = {"files": change_with([{"x": 1}, {"x": 2}]), "roles": change_with([]), "urls": Change(SEEN)}
    assert Batch("a", SEEN_AT, changes).counts == {"files": 2, "roles": 0}


ROWS = [{"project": "a", "info": {"text": "}\n{"}}, {"project": "b", "info": {}}]


def test_lines_have_the_time_of_the_visit() -> None:
    """Every row of an incremental stream has the time of the visit, whatever texts it holds; others have none."""
    project, stats = choose_streams(["project", "stats"])
    made = batch_with("a", {"project": ROWS, "stats": ROWS}, seen_at=datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC))
    lines = [json.loads(line) for line in b"".join(lines_of(project, made)).splitlines()]
    assert lines == [{**row, "seen_at": "2026-01-02T03:04:05.000006Z"} for row in ROWS]
    assert [json.loads(line) for line in b"".join(lines_of(stats, made)).splitlines()] == ROWS
    assert [*lines_of(project, batch_with("a", {"project": []}))] == []
    assert [*lines_of(project, batch_with("a", changes={"project": Change(SEEN)}))] == []


def test_what_stands_around_a_row() -> None:
    """What is to stand before and behind rows stands on the line of each."""
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
def test_many_rows(around: dict[str, bytes]) -> None:
    """Rows that are many come some at a time, in whole lines."""
    rows = [{"project": f"p{number}"} for number in range(2 * SLICE + 7)]
    (stream,) = choose_streams(["project"])
    slices = [*lines_of(stream, batch_with("a", {"project": rows}), **around)]
    assert [len(lines.splitlines()) for lines in slices] == [SLICE, SLICE, 7]
    assert all(lines.endswith(b"\n") for lines in slices)
    told = [json.loads(line.removeprefix(b"<").removesuffix(b">")) for line in b"".join(slices).splitlines()]
    assert told == [{**row, "seen_at": "2026-11-22T07:29:37Z"} for row in rows]


def test_rows_are_records() -> None:
    """The rows of a stream of our own records are instances of them, however many slices they come in."""
    (stream,) = choose_streams(["roles"])
    made = [Role(project="foo", role="Owner", user=f"u{number}") for number in range(SLICE + 2)]
    assert [*rows_of(stream, change_with(made))] == made
    assert [*rows_of(stream, change_with([]))] == [*rows_of(stream, Change(SEEN))] == []


def test_rows_that_are_passed_on() -> None:
    """The rows of a document that is passed on are dicts of plain values, with all its keys, whatever their types."""
    (stream,) = choose_streams(["project"])
    made = [{"project": "foo", "info": {"name": 7}, "new": [1.5, None, Raw(b"1e999")]}, *ROWS]
    expected = [{"project": "foo", "info": {"name": 7}, "new": [1.5, None, None]}, *ROWS]
    assert [*rows_of(stream, change_with(made))] == expected


def test_a_visit(world: World) -> None:
    """A visit's batch has the change of every stream, what is to be said, and when it was."""
    result = visited(world, warnings=["a note"])
    given = batch(result, known("files", "versions", "release"), total_projects=7)
    assert given.counts == {"files": 2, "versions": 1, "release": 1}
    assert (given.project, given.seen_at, given.total_projects, given.warnings) == ("foo", SEEN_AT, 7, ("a note",))
    assert {change.state.checked_at for change in given.changes.values()} == {int(SEEN_AT.timestamp())}
    assert (given.failures, given.missing, given.user_errors, given.invalid_fields) == ({}, False, (), ())


def test_keys_are_kept_where_they_are_wanted(world: World) -> None:
    """The keys of rows are remembered, or not."""
    result = visited(world)
    wanted = batch(result, known("files"), keys=True).changes["files"].state.partitions[""].keys
    assert wanted == (("foo-1.0-py3-none-any.whl",), ("foo-1.0.tar.gz",))
    assert batch(result, known("files")).changes["files"].state.partitions[""].keys is None


# What could not be read ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failed", "costs"),
    [
        ({DocumentKind.RELEASES: OUTAGE}, {"release", "dependencies"}),
        ({DocumentKind.PAGE: OUTAGE}, {"statuses"}),
        ({DocumentKind.PROJECT: OUTAGE}, {"files", "statuses"}),
        ({DocumentKind.CORE_METADATA: OUTAGE}, set()),
    ],
    ids=lambda value: ",".join(sorted(read.name for read in value)) if isinstance(value, dict) else "",
)
def test_a_failure_costs_the_streams_that_read_it(
    world: World, failed: dict[DocumentKind, SourceError], costs: set[str]
) -> None:
    """A stream that reads a document that failed has no change, so that its rows stay; the others have theirs."""
    names = ["files", "release", "dependencies", "statuses"]
    result = visited(world, failures=failed)
    result.fingerprints[DocumentKind.PAGE] = ABSENT
    given = batch(result, known(*names))
    assert given.failures == dict.fromkeys(costs, OUTAGE)
    assert given.changes.keys() == set(names) - costs


@pytest.mark.parametrize(("error", "fails"), [(OUTAGE, True), (NOT_OFFERED, False)])
def test_a_gap_that_could_not_be_filled(world: World, error: SourceError, fails: bool) -> None:
    """Core metadata that could not be had costs the stream whose gaps it fills; where there is none, a gap stays."""
    result = visited(world, failures={DocumentKind.CORE_METADATA: error})
    result.documents = ProjectDocuments(
        project="foo", document=result.documents.document, releases=result.documents.releases, use_core_metadata=True
    )
    given = batch(result, known("dependencies", "classifiers"))
    assert given.failures.keys() == ({"dependencies"} if fails else set())
    assert "classifiers" in given.changes


@pytest.mark.parametrize(
    ("left", "stay"),
    [
        (DocumentKind.PROJECT, {"files", "release", "statuses", "attestations"}),
        (DocumentKind.RELEASES, {"release"}),
        (DocumentKind.PAGE, {"statuses", "attestations"}),
        (DocumentKind.PROVENANCE, {"attestations"}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_old_copies_leave_streams_as_they_are(world: World, left: DocumentKind, stay: set[str]) -> None:
    """A stream that needs a document of which only old copies came neither changes nor fails."""
    names = ["files", "release", "statuses", "attestations"]
    result = visited(world, stale={left})
    result.partitions[DocumentKind.PROVENANCE] = {}
    given = batch(result, known(*names))
    assert (given.failures, set(given.changes)) == ({}, set(names) - stay)


def test_a_document_that_lacks_what_rows_are_made_from() -> None:
    """Where a document has not even the key that rows are made from, the index does not offer them: none go."""
    visit = visit_with({"info": {"name": "foo", "version": "1.0"}, "releases": {}, "urls": []})
    assert visit.document is not None
    result = FetchResult(FOO, visit, {DocumentKind.PROJECT: visit.document.fingerprint})
    given = batch(result, known("roles", "files", seen={"roles": BEFORE}))
    assert (set(given.failures), set(given.changes)) == ({"roles"}, {"files"})
    assert isinstance(given.failures["roles"], NotOfferedError)
    offered = visit_with({"info": {"name": "foo", "version": "1.0"}, "ownership": {"roles": []}})
    result = FetchResult(FOO, offered, {DocumentKind.PROJECT: visit.document.fingerprint})
    assert rows_in(batch(result, known("roles", seen={"roles": BEFORE}))) == {"roles": []}


def test_a_stream_of_pages_tells_of_projects_without_documents(world: World) -> None:
    """Where an index has pages and no documents, the stream of statuses is read all the same."""
    world.add("foo", releases=["1.0"])
    page = page_of(world, "foo")
    fingerprints = {DocumentKind.PROJECT: ABSENT, DocumentKind.PAGE: page.fingerprint}
    failures: dict[DocumentKind, SourceError] = {DocumentKind.PROJECT: NOT_OFFERED}
    result = FetchResult(FOO, ProjectDocuments(project="foo", page=page), fingerprints, failures=failures)
    given = batch(result, known("statuses", "files"))
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


def test_a_mistake_of_the_user() -> None:
    """A name that was given and that the index has never had is missing, without another word."""
    given = batch(absent(), known("files"))
    assert (given.missing, given.warnings, rows_in(given)) == (True, (), {"files": []})


def test_a_name_that_nobody_gave() -> None:
    """A name that is only listed or needed, and is not there, is a note."""
    result = FetchResult(
        SelectedProject("foo", named=False),  # type: ignore[arg-type]
        ProjectDocuments(project="foo"),
        {DocumentKind.PROJECT: ABSENT},
        missing=True,
    )
    given = batch(result, known("files"))
    told = "foo is listed or required, but the index does not have it"
    assert (given.missing, given.warnings) == (False, (told,))


def test_a_project_that_was_there() -> None:
    """A project that is gone is a note, and its rows are gone."""
    given = batch(absent(warnings=["first"]), known("files", seen={"files": BEFORE}), keys=True)
    assert (given.missing, given.warnings) == (
        False,
        ("first", "foo was removed from the index, and its rows are deleted"),
    )
    assert given.changes["files"].deleted_keys == [{"project": "foo", "filename": "a.whl"}]


def slip(world: World, parts: dict[str, Partition]) -> Batch:
    """A visit for a pin, 9, that is not there, after these releases were seen."""
    complaint = UnknownReleaseError("foo", "9.0", f"{ADDRESS}/9.0")
    result = visited(world, user_errors=[complaint], partitions={DocumentKind.RELEASES: {}})
    seen = ProjectState(1, b"term", True, 5, {}, parts)
    return batch(result, known("release", "files", seen={"release": seen}))


def test_a_pin_that_never_was(world: World) -> None:
    """A pin that is a mistake takes no rows away of the stream of releases; other streams are read."""
    given = slip(world, {"1.0": Partition(b"digest")})
    assert (set(given.changes), [str(error)[:42] for error in given.user_errors]) == (
        {"files"},
        ["the index has no release document of foo 9"],
    )


def test_a_pin_that_is_gone(world: World) -> None:
    """A pin that was read, in whatever spelling, and is not there any more takes its rows away."""
    given = slip(world, {"9": Partition(b"digest")})
    assert rows_in(given)["release"] == []
    assert len(given.user_errors) == 1
