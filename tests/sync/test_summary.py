"""sync/summary.py: what came of a run, in words."""

from source_pypi.errors import NotOfferedError, RefusedError, StoppedError, UnavailableError, UnknownReleaseError
from source_pypi.services.index.documents.invalid_fields import InvalidField
from source_pypi.sync.batch import Change
from source_pypi.sync.summary import MAX_LISTED_ERRORS, RunSummary, warnings_of
from tests.batches import SEEN, batch_with, change_with

INDEX = "http://index.test"


def test_rows_and_projects_are_counted() -> None:
    """Rows are counted by stream, also if there are none; missing and failed projects do not count as read."""
    summary = RunSummary(INDEX)
    summary.add(batch_with("a", {"files": [{}, {}], "versions": []}))
    summary.add(batch_with("b", {"files": [{}], "versions": [{}]}))
    summary.add(batch_with("c", missing=True))
    summary.add(batch_with("d", failures={"files": NotOfferedError("files", INDEX)}))
    summary.add(batch_with(None, {"stats": [{}]}))
    assert (summary.projects, summary.unchanged, dict(summary.rows)) == (2, 0, {"files": 3, "versions": 1, "stats": 1})


def test_unchanged_projects_are_counted() -> None:
    """A project without news in any stream is unchanged; one that lost rows is not."""
    summary = RunSummary(INDEX)
    summary.add(batch_with("a", changes={"files": Change(SEEN), "versions": Change(SEEN)}))
    summary.add(batch_with("b", changes={"files": Change(SEEN), "versions": change_with([{}])}))
    summary.add(batch_with("c", changes={"files": change_with([], deleted_keys=[{"filename": "c.whl"}])}))
    summary.add(batch_with("d", changes={"files": Change(SEEN)}, missing=True))
    summary.add(batch_with(None, changes={"listing": Change(SEEN)}))
    assert (summary.projects, summary.unchanged, dict(summary.rows)) == (3, 1, {"files": 0, "versions": 1})


def test_lines_list_failures_then_pins_then_missing_names() -> None:
    """Failures come first, with their streams, then pins, then the missing names in one line."""
    outage = UnavailableError(f"{INDEX}/pypi/d/json", 503, 7, 63.0, None)
    summary = RunSummary(INDEX)
    summary.add(batch_with("c", missing=True))
    summary.add(batch_with("d", failures={"files": outage, "versions": outage}))
    summary.add(batch_with("e", {"files": []}, user_errors=(UnknownReleaseError("e", "1", f"{INDEX}/pypi/e/1/json"),)))
    summary.add(batch_with("f", missing=True))
    assert summary.lines() == [
        f"files, versions: {INDEX}/pypi/d/json answered 503 (7 tries in 63.0 s): try later",
        f"the index has no release document of e 1 ({INDEX}/pypi/e/1/json answered 404): "
        "check the version, or drop the pin to read the latest release",
        f"not on the index {INDEX}: c, f (check the spelling and index_url)",
    ]
    assert [type(error).__name__ for error in summary.errors] == [
        "UnavailableError",
        "UnknownReleaseError",
        "UnknownProjectsError",
    ]
    assert summary.of_stream("files") == [outage]
    assert summary.of_stream("stats") == []


def test_further_failures_are_named() -> None:
    """Ten failures are listed; of the others, the projects are named; what ended the run comes last."""
    summary = RunSummary(INDEX)
    for number in range(MAX_LISTED_ERRORS + 3):
        summary.add(batch_with(f"p{number}", failures={"files": RefusedError(f"{INDEX}/{number}", 403, "")}))
    assert len(summary.lines()) == MAX_LISTED_ERRORS + 1
    assert summary.lines()[-1] == "and 3 more failures like these, of p10, p11, p12"
    summary.stop(stopped := StoppedError(3, 7), ("files",))
    assert summary.lines()[-2:] == ["and 3 more failures like these, of p10, p11, p12", f"files: {stopped}"]


def test_document_that_is_not_offered_is_listed_once_a_stream() -> None:
    """Documents that an index does not offer are one line a stream, however many projects and streams lack them."""
    summary = RunSummary(INDEX)
    for number in range(3):
        error = NotOfferedError("documents", f"{INDEX}/{number}", project=f"p{number}")
        summary.add(
            batch_with(f"p{number}", failures={"files": error, "versions": error} if number else {"files": error})
        )
    assert summary.lines() == [
        f"versions: this index offers no documents ({INDEX}/1 answered 404): "
        "leave the stream out, or read an index that has it",
        f"files: this index offers no documents ({INDEX}/0 answered 404): "
        "leave the stream out, or read an index that has it",
    ]
    assert [str(error) for error in summary.of_stream("files")] == [summary.lines()[1].removeprefix("files: ")]


def test_document_that_some_projects_lack_is_listed_with_them() -> None:
    """If the index has the documents of other projects, the line names the first project that lacks them."""
    summary = RunSummary(INDEX)
    for number in range(3):
        error = NotOfferedError("documents", f"{INDEX}/{number}", project=f"p{number}")
        summary.add(batch_with(f"p{number}", failures={"files": error}))
    summary.add(batch_with("p3", {"files": [{}]}, provided=frozenset({"files"})))
    assert summary.lines() == [
        f"files: this index offers no documents of p0 and 2 more projects ({INDEX}/0 answered 404): "
        "leave the stream out, or read an index that has it"
    ]


def test_each_unavailable_stream_has_its_line_beside_many_failures() -> None:
    """What the index does not offer is listed for each stream, even after more failures than are listed."""
    summary = RunSummary(INDEX)
    for number in range(MAX_LISTED_ERRORS + 1):
        summary.add(batch_with(f"p{number}", failures={"files": RefusedError(f"{INDEX}/{number}", 403, "")}))
    error = NotOfferedError("documents", INDEX)
    summary.add(batch_with("q", failures={"roles": error, "urls": error}))
    assert [line.partition(":")[0] for line in summary.lines()[MAX_LISTED_ERRORS + 1 :]] == ["urls", "roles"]


def test_invalid_fields_are_counted_and_three_listed() -> None:
    """Invalid fields are counted by project, and the first three listed."""
    odd = tuple(InvalidField(f"$.a{number}", "text", "7") for number in range(5))
    assert warnings_of(batch_with("a", {"files": []}, invalid_fields=odd, warnings=("note",))) == [
        "note",
        "a: 5 fields of a wrong type became null: $.a0: expected text, found 7; $.a1: expected text, found 7; "
        "$.a2: expected text, found 7; and 2 more",
    ]


def test_run_without_errors_has_no_lines() -> None:
    """A run without errors has no lines."""
    summary = RunSummary(INDEX)
    assert warnings_of(batch_with("a", {"files": []})) == []
    assert (summary.errors, summary.lines()) == ([], [])
