"""audit/outcome.py: what a run could not read."""

from datetime import UTC, datetime
from typing import Any

import pytest

from source_pypi.audit.outcome import FreshRun, Outcome
from source_pypi.errors import NotOfferedError, UnknownReleaseError, UnreachableError
from source_pypi.streams import choose_streams
from source_pypi.sync.batch import Batch, Change
from source_pypi.sync.state import NoState, ProjectState

STREAMS = choose_streams(["versions", "vulnerabilities"])
URL = "http://ann:hunter2@index.example/pypi/flask/json"


def change(**fields: Any) -> Change:
    """A stream that was read."""
    return Change(ProjectState(0, b"", True, None, {}, {}), **fields)


def outcome(**fields: Any) -> Outcome:
    """What a batch of the project flask tells, of which both streams were read unless the fields say otherwise."""
    made = Outcome(STREAMS)
    changes = {"versions": change(), "vulnerabilities": change()}
    made.add(Batch("flask", datetime(2026, 1, 1, tzinfo=UTC), **({"changes": changes} | fields)))
    return made


def test_what_was_read_has_no_problem() -> None:
    """A project of which all streams were read has no problem, also if nothing changed."""
    made = outcome()
    assert made.problem("flask", ["versions", "vulnerabilities"]) is None
    assert (list(made.projects), made.missing, made.answered) == (["flask"], set(), True)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"failures": {"vulnerabilities": UnreachableError(URL, "reset", 3, 2.0)}}, "cannot be reached: reset"),
        (
            {"lacking": {"vulnerabilities": NotOfferedError("release documents", URL)}},
            "offers no release documents of flask (",
        ),
        ({"user_errors": (UnknownReleaseError("flask", "9", URL),)}, "no release document of flask 9"),
        ({"changes": {"versions": change()}}, "an old or incomplete document"),
        (
            {"changes": {"versions": change(), "vulnerabilities": change(lacks_key=True)}},
            "a document of the index has no valid vulnerabilities",
        ),
        (
            {"changes": {"versions": change(), "vulnerabilities": change(unknown_partitions=("1.0",))}},
            "a document of the index has no valid vulnerabilities",
        ),
    ],
    ids=["failure", "lack", "unknown release", "unusable", "lacks key", "unknown partition"],
)
def test_problems(fields: dict[str, Any], problem: str) -> None:
    """Each way in which a stream was not read is a problem of this stream, without credentials, and of no other."""
    made = outcome(**fields)
    why = made.problem("flask", ["versions", "vulnerabilities"])
    assert why is not None
    assert problem in why
    assert "hunter2" not in why
    assert made.problem("flask", ["versions"]) is None


def test_missing_projects() -> None:
    """A project that the index does not have is missing, whether or not that is an error."""
    assert outcome(missing=True).missing == {"flask"}
    assert outcome(missing_allowed=True).missing == {"flask"}


def test_projects_that_were_not_reached() -> None:
    """A project without a batch was not read; the reason is what ended the run, or an error of the whole index."""
    made = outcome()
    assert made.problem("click", ["versions"]) == "this run did not read it"
    made.stop(UnreachableError(URL, "reset", 3, 2.0))
    assert "cannot be reached: reset" in str(made.problem("click", []))
    other = outcome()
    error = UnreachableError(URL, "too many", 1, 1.0)
    other.add(Batch(None, datetime(2026, 1, 1, tzinfo=UTC), failures={"versions": error}))
    assert "too many" in str(other.problem("click", ["versions"]))
    assert other.problem("flask", ["versions"]) is None


def test_interrupted_runs_are_not_continued() -> None:
    """A run of an audit requests every project, also if an earlier run was interrupted after reading it."""

    class Interrupted(NoState):
        unfinished: int | None = 5

    store = FreshRun(Interrupted())
    assert (store.unfinished, store.keys, store.unresolved) == (None, False, ())
    assert (store.load(["flask"]), list(store.summaries({}))) == ({}, [])
    store.finish()
