"""batch.py: everything that one visit gave."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from source_pypi.batch import CHUNK, Batch, batch_of, lines_of
from source_pypi.changes import Change
from source_pypi.documents import ABSENT, Mark
from source_pypi.errors import NotOfferedError, SourceError, UnavailableError, UnknownReleaseError
from source_pypi.reads import Reads
from source_pypi.selection import Target
from source_pypi.state import CODES, Known, Part, Seen
from source_pypi.streams import choose_streams
from source_pypi.streams.stream import Visit
from source_pypi.visit import Findings
from tests.batches import SEEN, SEEN_AT, batch_with
from tests.fake_index import World
from tests.streams import page_of, visit_to, visit_with

ADDRESS = "http://index.test/pypi/foo/json"
OUTAGE = UnavailableError(ADDRESS, 503, 7, 60.0, None)
NOT_OFFERED = NotOfferedError("something", ADDRESS)
FOO = Target("foo")  # type: ignore[arg-type]


def known(*names: str, seen: dict[str, Seen] | None = None) -> Known:
    """Streams, and what they have seen, on terms of today."""
    return Known(choose_streams(names), seen or {}, frozenset(seen or ()))


def batch(findings: Findings, before: Known, **more: Any) -> Batch:
    """What a visit gave."""
    return batch_of(findings, before, {stream.name: b"term" for stream in before.streams}, SEEN_AT, **more)


def visited(world: World, **more: Any) -> Findings:
    """A visit to foo, which has one release."""
    world.add("foo", releases=["1.0"])
    visit = visit_to(world, "foo")
    assert visit.document is not None
    findings = Findings(FOO, visit, {Reads.PROJECT: visit.document.mark}, {Reads.RELEASES: {"1.0": None}})
    for name, value in more.items():
        setattr(findings, name, value)
    return findings


def absent(**more: Any) -> Findings:
    """A visit to foo, which is not there."""
    return Findings(FOO, Visit(project="foo"), {Reads.PROJECT: ABSENT}, missing=True, **more)


# Rows ---------------------------------------------------------------------------------------------------------


def test_rows_to_write() -> None:
    """Rows are those of streams that have changed, also where none is left; an unchanged stream has none to write."""
    given = batch_with("a", {"files": [{"x": 1}], "versions": []}, changes=None)
    made = Batch("a", SEEN_AT, {"files": Change(SEEN, [{"x": 1}]), "roles": Change(SEEN, []), "urls": Change(SEEN)})
    assert given.changes is None
    assert made.rows == {"files": [{"x": 1}], "roles": []}


def test_lines_have_the_time_of_the_visit() -> None:
    """Every row of an incremental stream has the time of the visit, whatever texts it holds; others have none."""
    rows = [{"project": "a", "info": {"text": "}\n{"}}, {"project": "b", "info": {}}]
    project, stats = choose_streams(["project", "stats"])
    made = batch_with("a", {"project": rows, "stats": rows}, seen_at=datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC))
    lines = [json.loads(line) for line in b"".join(lines_of(project, made)).splitlines()]
    assert lines == [{**row, "seen_at": "2026-01-02T03:04:05.000006Z"} for row in rows]
    assert [json.loads(line) for line in b"".join(lines_of(stats, made)).splitlines()] == rows
    assert [*lines_of(project, batch_with("a", {"project": []}))] == []


def test_many_rows() -> None:
    """Rows that are many come some at a time, in whole lines."""
    rows = [{"project": f"p{number}", "info": "x" * 1000} for number in range(3 * CHUNK // 1000)]
    (stream,) = choose_streams(["project"])
    chunks = [*lines_of(stream, batch_with("a", {"project": rows}))]
    assert len(chunks) > 2
    assert all(CHUNK / 2 < len(chunk) < 2 * CHUNK for chunk in chunks[:-1])
    assert [json.loads(line)["project"] for chunk in chunks for line in chunk.splitlines()] == [
        row["project"] for row in rows
    ]


def test_a_visit(world: World) -> None:
    """A visit's batch has the change of every stream, what is to be said, and when it was."""
    findings = visited(world, notes=["a note"])
    given = batch(findings, known("files", "versions", "release"), of=7)
    assert {name: len(rows) for name, rows in given.rows.items()} == {"files": 2, "versions": 1, "release": 1}
    assert (given.project, given.seen_at, given.known, given.notes) == ("foo", SEEN_AT, 7, ("a note",))
    assert {change.seen.asked for change in given.changes.values()} == {int(SEEN_AT.timestamp())}
    assert (given.failures, given.missing, given.complaints, given.oddities) == ({}, False, (), ())


def test_keys_are_kept_where_they_are_wanted(world: World) -> None:
    """The keys of rows are remembered, or not."""
    findings = visited(world)
    wanted = batch(findings, known("files"), keys=True).changes["files"].seen.parts[""].keys
    assert wanted == (("foo-1.0-py3-none-any.whl",), ("foo-1.0.tar.gz",))
    assert batch(findings, known("files")).changes["files"].seen.parts[""].keys is None


# What could not be read ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failed", "costs"),
    [
        ({Reads.RELEASES: OUTAGE}, {"release", "dependencies"}),
        ({Reads.PAGE: OUTAGE}, {"statuses"}),
        ({Reads.PROJECT: OUTAGE}, {"files", "statuses"}),
        ({Reads.CORE_METADATA: OUTAGE}, set()),
    ],
    ids=lambda value: ",".join(sorted(read.name for read in value)) if isinstance(value, dict) else "",
)
def test_a_failure_costs_the_streams_that_read_it(
    world: World, failed: dict[Reads, SourceError], costs: set[str]
) -> None:
    """A stream that reads a document that failed has no change, so that its rows stay; the others have theirs."""
    names = ["files", "release", "dependencies", "statuses"]
    findings = visited(world, failures=failed)
    findings.marks[Reads.PAGE] = ABSENT
    given = batch(findings, known(*names))
    assert given.failures == dict.fromkeys(costs, OUTAGE)
    assert given.changes.keys() == set(names) - costs


@pytest.mark.parametrize(("error", "fails"), [(OUTAGE, True), (NOT_OFFERED, False)])
def test_a_gap_that_could_not_be_filled(world: World, error: SourceError, fails: bool) -> None:
    """Core metadata that could not be had costs the stream whose gaps it fills; where there is none, a gap stays."""
    findings = visited(world, failures={Reads.CORE_METADATA: error})
    findings.visit = Visit(project="foo", document=findings.visit.document, releases=findings.visit.releases, fill=True)
    given = batch(findings, known("dependencies", "classifiers"))
    assert given.failures.keys() == ({"dependencies"} if fails else set())
    assert "classifiers" in given.changes


@pytest.mark.parametrize(
    ("left", "stay"),
    [
        (Reads.PROJECT, {"files", "release", "statuses", "attestations"}),
        (Reads.RELEASES, {"release"}),
        (Reads.PAGE, {"statuses", "attestations"}),
        (Reads.PROVENANCE, {"attestations"}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_old_copies_leave_streams_as_they_are(world: World, left: Reads, stay: set[str]) -> None:
    """A stream that needs a document of which only old copies came neither changes nor fails."""
    names = ["files", "release", "statuses", "attestations"]
    findings = visited(world, left={left})
    findings.parts[Reads.PROVENANCE] = {}
    given = batch(findings, known(*names))
    assert (given.failures, set(given.changes)) == ({}, set(names) - stay)


def test_a_document_that_lacks_what_rows_are_made_from() -> None:
    """Where a document has not even the key that rows are made from, the index does not offer them: none go."""
    visit = visit_with({"info": {"name": "foo", "version": "1.0"}, "releases": {}, "urls": []})
    assert visit.document is not None
    findings = Findings(FOO, visit, {Reads.PROJECT: visit.document.mark})
    given = batch(findings, known("roles", "files", seen={"roles": BEFORE}))
    assert (set(given.failures), set(given.changes)) == ({"roles"}, {"files"})
    assert isinstance(given.failures["roles"], NotOfferedError)
    offered = visit_with({"info": {"name": "foo", "version": "1.0"}, "ownership": {"roles": []}})
    findings = Findings(FOO, offered, {Reads.PROJECT: visit.document.mark})
    assert batch(findings, known("roles", seen={"roles": BEFORE})).rows == {"roles": []}


def test_a_stream_of_pages_tells_of_projects_without_documents(world: World) -> None:
    """Where an index has pages and no documents, the stream of statuses is read all the same."""
    world.add("foo", releases=["1.0"])
    page = page_of(world, "foo")
    marks = {Reads.PROJECT: ABSENT, Reads.PAGE: page.mark}
    failures: dict[Reads, SourceError] = {Reads.PROJECT: NOT_OFFERED}
    findings = Findings(FOO, Visit(project="foo", page=page), marks, failures=failures)
    given = batch(findings, known("statuses", "files"))
    assert (given.failures, set(given.changes)) == ({"files": NOT_OFFERED}, {"statuses"})


# What is not there --------------------------------------------------------------------------------------------

BEFORE = Seen(1, b"term", True, 5, {CODES[Reads.PROJECT]: Mark(b'"x"', 5)}, {"": Part(b"digest", None, (("a.whl",),))})


def test_a_mistake_of_the_user() -> None:
    """A name that was given and that the index has never had is missing, without another word."""
    given = batch(absent(), known("files"))
    assert (given.missing, given.notes, given.rows) == (True, (), {"files": []})


def test_a_name_that_nobody_gave() -> None:
    """A name that is only listed or needed, and is not there, is a note."""
    findings = Findings(Target("foo", named=False), Visit(project="foo"), {Reads.PROJECT: ABSENT}, missing=True)  # type: ignore[arg-type]
    given = batch(findings, known("files"))
    told = "foo is listed or needed, and the index does not have it"
    assert (given.missing, given.notes) == (False, (told,))


def test_a_project_that_was_there() -> None:
    """A project that is gone is a note, and its rows are gone."""
    given = batch(absent(notes=["first"]), known("files", seen={"files": BEFORE}), keys=True)
    assert (given.missing, given.notes) == (False, ("first", "foo is gone from the index, and so are its rows"))
    assert given.changes["files"].gone == [{"project": "foo", "filename": "a.whl"}]


def slip(world: World, parts: dict[str, Part]) -> Batch:
    """A visit for a pin, 9, that is not there, after these releases were seen."""
    complaint = UnknownReleaseError("foo", "9.0", f"{ADDRESS}/9.0")
    findings = visited(world, complaints=[complaint], parts={Reads.RELEASES: {}})
    seen = Seen(1, b"term", True, 5, {}, parts)
    return batch(findings, known("release", "files", seen={"release": seen}))


def test_a_pin_that_never_was(world: World) -> None:
    """A pin that is a mistake takes no rows away of the stream of releases; other streams are read."""
    given = slip(world, {"1.0": Part(b"digest")})
    assert (set(given.changes), [str(error)[:42] for error in given.complaints]) == (
        {"files"},
        ["the index has no release document of foo 9"],
    )


def test_a_pin_that_is_gone(world: World) -> None:
    """A pin that was read, in whatever spelling, and is not there any more takes its rows away."""
    given = slip(world, {"9": Part(b"digest")})
    assert given.rows["release"] == []
    assert len(given.complaints) == 1
