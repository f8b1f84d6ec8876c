"""destinations/duckdb/state.py: what was seen, beside the tables of a DuckDB file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from msgspec.structs import replace

from source_pypi.destinations.duckdb.state import VERSION, Remembered
from source_pypi.errors import DestinationError, StateError
from source_pypi.services.index.documents import ABSENT, UNKNOWN
from source_pypi.services.index.documents.fingerprint import fingerprint_of
from source_pypi.sync.resume import RESUME_WITHIN
from source_pypi.sync.state import Partition, ProjectState, ProjectSummary

ROOT = "http://index.test"
NOW = 1_795_332_577
BEGAN = NOW
SEEN = ProjectState(
    NOW, b"term", True, 7, {"d": fingerprint_of('"one"', b"", 7)}, {"": Partition(b"digest", None, (("a.whl",),))}
)
OTHER = ProjectState(NOW + 1, b"term", True, None, {}, {})
BOTH = ["files", "versions"]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database."""
    with duckdb.connect(":memory:") as made:
        yield made


def remembered(connection: duckdb.DuckDBPyConnection, root: str = ROOT, now: float = NOW) -> Remembered:
    """The memory, as a run has it."""
    return Remembered(connection, Path("x.duckdb"), root, now)


def filled(connection: duckdb.DuckDBPyConnection) -> Remembered:
    """A memory in which a run has noted something."""
    memory = remembered(connection)
    for stream, project, seen in (
        ("files", "foo", SEEN),
        ("versions", "foo", OTHER),
        ("files", "bar", OTHER),
        ("files", None, OTHER),
    ):
        memory.save(stream, project, seen)
    memory.write()
    return memory


def test_it_comes_back(connection: duckdb.DuckDBPyConnection) -> None:
    """What was noted by stream and project is there in the next run; of streams that are not asked for nothing is."""
    filled(connection)
    again = remembered(connection)
    assert again.load(["foo", "bar", "", "baz"], BOTH) == {
        "foo": {"files": SEEN, "versions": OTHER},
        "bar": {"files": OTHER},
        "": {"files": OTHER},
    }
    assert again.load(["foo"], ["versions"]) == {"foo": {"versions": OTHER}}
    assert again.load([], BOTH) == {}


ALIKE = ProjectState(
    NOW, b"term", True, 7, {"d": fingerprint_of('"y0Fny/WdfYJfMTlIoolx/Q"', b"", 7)}, {"": Partition(b"digest")}
)
LARGE = ProjectState(
    2**40, b"\x00\xff\x00'", False, 2**63 - 1, {"d": ABSENT, "p": UNKNOWN}, {"1.0\x00": Partition(b"\x00" * 6, ABSENT)}
)


@pytest.mark.parametrize(
    "seen",
    [{"files": ALIKE, "versions": ALIKE}, {"files": LARGE, "release": SEEN}, {"files": ALIKE, "versions": LARGE}],
    ids=["alike", "large", "both"],
)
def test_bytes_and_numbers(connection: duckdb.DuckDBPyConnection, seen: dict[str, ProjectState]) -> None:
    """Whatever was seen comes back from the database: any bytes, and numbers of 64 bits (see also test_state.py)."""
    memory = remembered(connection)
    for stream, one in seen.items():
        memory.save(stream, "foo", one)
    memory.write()
    assert memory.load(["foo"], list(seen)) == {"foo": seen}


def test_noted_again(connection: duckdb.DuckDBPyConnection) -> None:
    """What is noted again replaces what was noted of the same stream and project, and of nothing else."""
    memory = filled(connection)
    memory.save("files", "foo", OTHER)
    assert memory.load(["foo"], BOTH) == {"foo": {"files": SEEN, "versions": OTHER}}, "not written yet"
    memory.write()
    memory.write()
    assert memory.load(["foo", "bar"], BOTH) == {"foo": {"files": OTHER, "versions": OTHER}, "bar": {"files": OTHER}}


def test_forgotten(connection: duckdb.DuckDBPyConnection) -> None:
    """What one stream has seen is forgotten, and the others have what they had."""
    memory = filled(connection)
    memory.save("project", "foo", SEEN)
    memory.save("projects", "foo", SEEN)
    memory.write()
    memory.forget("files")
    memory.forget("project")
    everything = [*BOTH, "project", "projects"]
    assert memory.load(["foo", "bar", ""], everything) == {"foo": {"versions": OTHER, "projects": SEEN}}


def test_glances(connection: duckdb.DuckDBPyConnection) -> None:
    """Projects are settled that all streams have seen on these terms, whatever others have; the index is none."""
    memory = filled(connection)
    memory.save("versions", "bar", SEEN)
    memory.save("roles", "bar", SEEN)
    memory.save("versions", "old", ProjectState(1, b"old.", True, 1, {}, {}))
    memory.save("files", "old", SEEN)
    memory.write()
    terms = dict.fromkeys(BOTH, b"term")
    assert sorted(summary for summary in memory.summaries(terms) if summary.comparable) == [
        ProjectSummary("bar", None, NOW, False),
        ProjectSummary("foo", None, NOW, False),
    ]
    assert [summary.project for summary in memory.summaries(terms) if not summary.comparable] == ["old"]
    assert sorted(memory.summaries({"files": b"term"})) == [
        ProjectSummary("bar", None, NOW + 1, False),
        ProjectSummary("foo", 7, NOW, False),
        ProjectSummary("old", 7, NOW, False),
    ]
    assert sorted(summary.project for summary in memory.summaries({"files": b"else"})) == ["bar", "foo", "old"]
    assert not any(summary.comparable for summary in memory.summaries({"files": b"else"}))


# Runs ---------------------------------------------------------------------------------------------------------


def test_a_run_that_came_to_its_end(connection: duckdb.DuckDBPyConnection) -> None:
    """After a run that came to its end the next one has nothing to take up."""
    memory = filled(connection)
    memory.finish()
    memory.write()
    again = remembered(connection, now=NOW + 60)
    assert (again.unfinished, again.notes) == (None, [])


def test_a_run_that_ended_early(connection: duckdb.DuckDBPyConnection) -> None:
    """A run that ended early is taken up within the hour of its beginning, however often, and that is said."""
    filled(connection)
    for seconds in (60, RESUME_WITHIN - 1):
        again = remembered(connection, now=NOW + seconds)
        assert again.unfinished == BEGAN
        assert again.notes == ["the last run ended early: what it has loaded is not asked for again"]
    late = remembered(connection, now=BEGAN + RESUME_WITHIN)
    assert (late.unfinished, late.notes) == (None, [])
    began = BEGAN + RESUME_WITHIN
    assert remembered(connection, now=began + 60).unfinished == began


def test_another_index(connection: duckdb.DuckDBPyConnection) -> None:
    """What was seen of another index is forgotten, with a word, also that its run ended early."""
    filled(connection)
    memory = remembered(connection, "http://other.test", NOW + 60)
    assert memory.load(["foo", ""], BOTH) == {}
    assert (memory.unfinished, memory.notes) == (
        None,
        [f"x.duckdb was loaded from another index, {ROOT}: everything is read anew"],
    )
    assert remembered(connection, "http://other.test", NOW + 60).notes == [
        "the last run ended early: what it has loaded is not asked for again"
    ]


# What cannot be read ------------------------------------------------------------------------------------------


def test_a_newer_release(connection: duckdb.DuckDBPyConnection) -> None:
    """What a newer release wrote is an error, and stays as it is."""
    filled(connection)
    connection.execute(f"UPDATE _run SET version = {VERSION + 1}")
    with pytest.raises(StateError, match="a newer release wrote it"):
        remembered(connection)
    assert connection.execute("SELECT count(*) FROM _state").fetchall() == [(3,)]


@pytest.mark.parametrize(
    "change",
    ["seen = 'x'", "seen = ''", "seen = '1garbage'", "terms = 'files'", "terms = ''", "terms = 'files:zz,versions:zz'"],
)
def test_what_is_broken(connection: duckdb.DuckDBPyConnection, change: str) -> None:
    """What is broken of a project is an error of one line that names file and project; others can be read."""
    memory = filled(connection)
    connection.execute(f"UPDATE _state SET {change} WHERE project = 'foo'")
    assert memory.load(["bar"], BOTH) == {"bar": {"files": OTHER}}
    with pytest.raises(StateError) as caught:
        memory.load(["foo"], BOTH)
    assert "what x.duckdb says of foo is broken" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["_state", "_run"])
def test_what_is_not_ours(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """A table of such a name that somebody else has made is never touched."""
    connection.execute(f"CREATE TABLE {name} (x INTEGER)")
    with pytest.raises(DestinationError, match="that is not ours"):
        remembered(connection)


def test_nothing_is_written_without_a_commit(tmp_path: Path) -> None:
    """What was noted is written in the transaction that is under way: rolled back, it is as if it never was."""
    with duckdb.connect(str(tmp_path / "x.duckdb")) as connection:
        memory = filled(connection)
        connection.begin()
        memory.save("files", "new", SEEN)
        memory.write()
        connection.rollback()
        assert memory.load(["new", "bar"], BOTH) == {"bar": {"files": OTHER}}
        assert _times(connection) == [(BEGAN,)]


def _times(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    return connection.execute("SELECT unfinished FROM _run").fetchall()


def test_a_run_in_the_second_of_the_last_visits(connection: duckdb.DuckDBPyConnection) -> None:
    """What the run before visited in this very second is none of this run's: its beginning is the next second."""
    memory = remembered(connection)
    memory.save("files", "foo", replace(SEEN, checked_at=BEGAN + 5))
    memory.finish()
    memory.write()
    remembered(connection, now=BEGAN + 5.5)
    assert remembered(connection, now=BEGAN + 8).unfinished == BEGAN + 6
