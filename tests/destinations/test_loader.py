"""destinations/loader.py: state, resumed runs and commits, whatever the store."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from msgspec.structs import replace

from source_pypi.config import make_config
from source_pypi.destinations.loader import Loader
from source_pypi.destinations.preparation import VERSION
from source_pypi.errors import DestinationError, StateError, UnavailableError
from source_pypi.selection import select
from source_pypi.services.index.api import Index
from source_pypi.services.index.documents import ABSENT, UNKNOWN
from source_pypi.services.index.documents.fingerprint import fingerprint_of
from source_pypi.streams import choose_streams
from source_pypi.sync.batch import Change
from source_pypi.sync.resume import RESUME_WITHIN
from source_pypi.sync.run import batches
from source_pypi.sync.state import WHOLE_INDEX, Partition, ProjectState, ProjectSummary
from tests.batches import SEEN, batch_with
from tests.destinations.loading import into_duckdb, into_folder, kill, rows, run
from tests.fake_index import FakeIndex, World

Connect = Callable[..., Index]
ROOT = "http://index.test"
NOW = 1_795_332_577
STATE = ProjectState(
    NOW, b"term", True, 7, {"d": fingerprint_of('"one"', b"", 7)}, {"": Partition(b"digest", None, (("a.whl",),))}
)
OTHER = ProjectState(NOW + 1, b"term", True, None, {}, {})
ALIKE = ProjectState(
    NOW, b"term", True, 7, {"d": fingerprint_of('"y0Fny/WdfYJfMTlIoolx/Q"', b"", 7)}, {"": Partition(b"digest")}
)
LARGE = ProjectState(
    2**40, b"\x00\xff\x00'", False, 2**63 - 1, {"d": ABSENT, "p": UNKNOWN}, {"1.0\x00": Partition(b"\x00" * 6, ABSENT)}
)
BOTH = ("files", "versions")
Open = Callable[..., Loader]


@pytest.fixture(params=["duckdb", "parquet"])
def open_loader(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Make a loader into the same store, of each kind that needs no server."""

    def make(streams: tuple[str, ...] = BOTH, *, root: str = ROOT, now: float = NOW, **options: Any) -> Loader:
        chosen = choose_streams(streams)
        if request.param == "duckdb":
            return into_duckdb(tmp_path / "x.duckdb", chosen, root=root, now=lambda: now, **options)
        return into_folder(tmp_path / "x", chosen, root=root, now=lambda: now, **options)

    return make


def state_file(folder: Path) -> Path:
    """The DuckDB file of the store's state."""
    return next(path for path in (folder / "x.duckdb", folder / "x" / "_state.duckdb") if path.exists())


def changes(states: dict[str, ProjectState]) -> dict[str, Change]:
    """Changes of state only."""
    return {stream: Change(state) for stream, state in states.items()}


def fill(loader: Loader, *, finish: bool = True) -> None:
    """Write some state."""
    with loader:
        loader.add(batch_with("foo", changes=changes({"files": STATE, "versions": OTHER})))
        loader.add(batch_with("bar", changes=changes({"files": OTHER})))
        loader.add(batch_with(None, changes=changes({"files": OTHER})))
        if finish:
            loader.finish()


# State ----------------------------------------------------------------------------------------------------------------


def test_state_is_loaded_by_the_next_run(open_loader: Open) -> None:
    """The next run loads the state of its streams by project and stream, and none of other streams."""
    fill(open_loader())
    with open_loader() as loader:
        assert loader.load(["foo", "bar", "", "baz"]) == {
            "foo": {"files": STATE, "versions": OTHER},
            "bar": {"files": OTHER},
            "": {"files": OTHER},
        }
        assert loader.load([]) == {}
    with open_loader(("versions",)) as loader:
        assert loader.load(["foo"]) == {"foo": {"versions": OTHER}}


@pytest.mark.parametrize(
    "states",
    [{"files": ALIKE, "versions": ALIKE}, {"files": LARGE, "versions": STATE}, {"files": ALIKE, "versions": LARGE}],
    ids=["alike", "large", "both"],
)
def test_any_state_survives(open_loader: Open, states: dict[str, ProjectState]) -> None:
    """State of any bytes and of numbers of 64 bits survives."""
    with open_loader() as loader:
        loader.add(batch_with("foo", changes=changes(states)))
        loader.commit()
        assert loader.load(["foo"]) == {"foo": states}


def test_new_state_replaces_that_of_its_stream(open_loader: Open) -> None:
    """A commit replaces the state of the stream and the project, and of nothing else."""
    fill(open_loader())
    with open_loader(("files",)) as loader:
        loader.add(batch_with("foo", changes=changes({"files": OTHER})))
        assert loader.load(["foo"]) == {"foo": {"files": STATE}}, "not committed yet"
    with open_loader() as loader:
        assert loader.load(["foo", "bar"]) == {"foo": {"files": OTHER, "versions": OTHER}, "bar": {"files": OTHER}}


def test_summaries_compare_all_streams(open_loader: Open) -> None:
    """A project is comparable if all streams have state with these digests, whatever others have; the index is none."""
    fill(open_loader())
    with open_loader(("files", "versions", "roles")) as loader:
        loader.add(batch_with("bar", changes=changes({"versions": STATE, "roles": STATE})))
        loader.add(
            batch_with("old", changes=changes({"versions": ProjectState(1, b"old.", True, 1, {}, {}), "files": STATE}))
        )
        loader.commit()
        digests = dict.fromkeys(BOTH, b"term")
        assert sorted(summary for summary in loader.summaries(digests) if summary.comparable) == [
            ProjectSummary("bar", None, NOW, False),
            ProjectSummary("foo", None, NOW, False),
        ]
        assert [summary.project for summary in loader.summaries(digests) if not summary.comparable] == ["old"]
        assert sorted(loader.summaries({"files": b"term"})) == [
            ProjectSummary("bar", None, NOW + 1, False),
            ProjectSummary("foo", 7, NOW, False),
            ProjectSummary("old", 7, NOW, False),
        ]
        others = list(loader.summaries({"files": b"else"}))
        assert sorted(summary.project for summary in others) == ["bar", "foo", "old"]
        assert not any(summary.comparable for summary in others)


def test_lost_table_loses_its_state(open_loader: Open, tmp_path: Path) -> None:
    """The state of a stream whose table was lost is deleted; other streams keep theirs."""
    fill(open_loader(("files", "versions", "project")))
    if (tmp_path / "x").exists():
        (tmp_path / "x" / "files" / "files.parquet").unlink()
    else:
        with duckdb.connect(str(tmp_path / "x.duckdb")) as connection:
            connection.execute("DROP TABLE files")
    with open_loader() as loader:
        assert loader.load(["foo", "bar", ""]) == {"foo": {"versions": OTHER}}


# Runs -----------------------------------------------------------------------------------------------------------------


def test_finished_run_is_not_resumed(open_loader: Open) -> None:
    """After a run that finished, the next one resumes none."""
    fill(open_loader())
    with open_loader(now=NOW + 60) as loader:
        assert (loader.unfinished, loader.warnings) == (None, [])


def test_run_that_ended_early_is_resumed_for_an_hour(open_loader: Open) -> None:
    """A run that ended early is resumed within the hour of its beginning, however often, and a warning says so."""
    fill(open_loader(), finish=False)
    for seconds in (60, RESUME_WITHIN - 1):
        with open_loader(now=NOW + seconds) as loader:
            assert loader.unfinished == NOW
            assert loader.warnings == ["the last run ended early: this run continues it"]
    with open_loader(now=NOW + RESUME_WITHIN) as loader:
        assert (loader.unfinished, loader.warnings) == (None, [])
    with open_loader(now=NOW + RESUME_WITHIN + 60) as loader:
        assert loader.unfinished == NOW + RESUME_WITHIN


def test_run_begins_in_the_next_second(open_loader: Open) -> None:
    """A visit of the run before, in the second in which a run begins, does not belong to that run."""
    with open_loader() as loader:
        loader.add(batch_with("foo", changes=changes({"files": replace(STATE, checked_at=NOW + 5)})))
        loader.finish()
    with open_loader(now=NOW + 5.5):
        pass
    with open_loader(now=NOW + 8) as loader:
        assert loader.unfinished == NOW + 6


FOO = {"files": [{"project": "foo", "filename": "foo.whl"}], "versions": [{"project": "foo", "version": "1"}]}
BAR = {"files": [{"project": "bar", "filename": "bar.whl"}]}
OTHER_ROOT = "http://other.test"


def stored(folder: Path) -> list[tuple[Any, ...]]:
    """The projects in tables and state, and the index that they are of."""
    state = rows(state_file(folder), "SELECT 'state', project FROM _state UNION SELECT 'index', index FROM _run")
    return sorted([*state, *(("files", project) for (project,) in contents(folder, "files", "project"))])


def test_rows_of_another_index_are_an_error(open_loader: Open, tmp_path: Path) -> None:
    """A store that holds rows of another index is an error that offers --replace-index, and stays as it is."""
    with open_loader() as loader:
        loader.add(batch_with("foo", FOO))
    before = stored(tmp_path)
    with pytest.raises(DestinationError) as caught, open_loader(root="http://ann:hush@other.test"):
        pass
    assert str(caught.value).endswith(
        f": it holds rows of the index {ROOT}, and this run reads {OTHER_ROOT}: check index_url, name "
        "another destination with --into, or delete these rows with --replace-index"
    )
    assert stored(tmp_path) == before


@pytest.mark.parametrize("root", ["https://index.test", "http://INDEX.test/simple/", "http://ann:hush@index.test:80"])
def test_same_index_in_another_spelling(open_loader: Open, root: str) -> None:
    """Another scheme, spelling or credentials of the same index continue its state."""
    fill(open_loader())
    with open_loader(root=root) as loader:
        assert loader.warnings == []
        assert loader.load(["bar"]) == {"bar": {"files": OTHER}}


def test_index_is_replaced_once_it_has_answered(open_loader: Open, tmp_path: Path) -> None:
    """Rows and state of the other index are deleted with the first commit after a response; a 404 is none."""
    with open_loader() as loader:
        loader.add(batch_with("foo", FOO))
    before = stored(tmp_path)
    outage = UnavailableError(OTHER_ROOT, 503, 7, 60.0, None)
    with open_loader(("files",), root=OTHER_ROOT, replace_index=True) as loader:
        assert loader.load(["foo"]) == {}
        assert list(loader.summaries({"files": b"term"})) == []
        loader.add(replace(batch_with("nope", {"files": []}), missing=True))
        loader.add(batch_with("bar", failures={"files": outage}))
        loader.commit()
    assert stored(tmp_path) == before
    with open_loader(("files",), root=OTHER_ROOT, replace_index=True) as loader:
        (warning,) = loader.warnings
        loader.add(batch_with("bar", BAR))
        loader.finish()
    assert f" held rows of {ROOT}: they are deleted, and {OTHER_ROOT} is read" in warning
    assert stored(tmp_path) == [("files", "bar"), ("index", OTHER_ROOT), ("state", "bar")]
    assert contents(tmp_path, "versions", "*") == []


def test_history_of_another_index_is_deleted(tmp_path: Path) -> None:
    """The history of a replaced index is deleted as well."""
    streams = choose_streams(["files"])
    with into_duckdb(tmp_path / "x.duckdb", streams, root=ROOT, keep_history=True) as loader:
        loader.add(batch_with("foo", {"files": FOO["files"]}))
    with into_duckdb(tmp_path / "x.duckdb", streams, root=OTHER_ROOT, replace_index=True) as loader:
        loader.add(batch_with("bar", BAR))
    assert rows(tmp_path / "x.duckdb", "SELECT project FROM files_history") == [("bar",)]


def test_index_that_never_answered_is_not_remembered(open_loader: Open, tmp_path: Path) -> None:
    """A new store that no index has answered for takes the rows of any other."""
    with open_loader(root="http://indx.test") as loader:
        loader.add(replace(batch_with("foo", {"files": []}), missing=True))
    with open_loader() as loader:
        assert loader.load(["foo"]) == {}
        loader.add(batch_with("bar", BAR))
    assert stored(tmp_path) == [("files", "bar"), ("index", ROOT), ("state", "bar")]


@pytest.mark.parametrize(("store", "seconds"), [("duckdb", 5), ("parquet", 60)])
def test_commit_by_time(tmp_path: Path, store: str, seconds: int) -> None:
    """Few projects are committed as well once 5 seconds have passed since the last commit; in a folder, 60."""
    clock = [100.0]
    make = into_duckdb if store == "duckdb" else into_folder
    path = tmp_path / ("x.duckdb" if store == "duckdb" else "x")
    loader = make(path, choose_streams(["files"]), root=ROOT, clock=lambda: clock[0]).__enter__()
    for number in range(4):
        clock[0] += seconds / 2
        loader.add(batch_with(f"p{number}", {"files": [{"project": f"p{number}", "filename": f"{number}.whl"}]}))
    clock[0] += seconds / 2 - 0.1
    loader.add(batch_with("late", {"files": []}))
    kill(loader)
    assert stored(tmp_path) == [
        *(("files", f"p{number}") for number in range(4)),
        ("index", ROOT),
        *(("state", f"p{number}") for number in range(4)),
    ]


def test_killed_run_writes_nothing_further(open_loader: Open, tmp_path: Path) -> None:
    """What was added and not committed is lost with the process, rows and state alike."""
    fill(open_loader())
    loader = open_loader().__enter__()
    loader.add(batch_with("foo", {"files": [{"project": "foo", "filename": "foo.whl"}]}))
    kill(loader)
    with open_loader() as loader:
        assert loader.load(["foo"]) == {"foo": {"files": STATE, "versions": OTHER}}


# What cannot be read --------------------------------------------------------------------------------------------------


def change_file(folder: Path, statement: str) -> None:
    """Change a store's state from outside."""
    with duckdb.connect(str(state_file(folder))) as connection:
        connection.execute(statement)


def test_newer_state_is_an_error(open_loader: Open, tmp_path: Path) -> None:
    """State that a newer release wrote is an error, and stays."""
    fill(open_loader())
    change_file(tmp_path, f"UPDATE _run SET version = {VERSION + 1}")
    with pytest.raises(StateError, match="a newer release wrote it"), open_loader():
        pass
    assert rows(state_file(tmp_path), "SELECT count(*) FROM _state") == [(3,)]


@pytest.mark.parametrize(
    "change",
    [
        "packed = 'x'",
        "packed = ''",
        "packed = '1garbage'",
        "packed = NULL",
        "settings_digests = 'files'",
        "settings_digests = ''",
        "settings_digests = 'files:zz,versions:zz'",
    ],
)
def test_broken_state_is_an_error(open_loader: Open, tmp_path: Path, change: str) -> None:
    """Broken state of a project is an error of one line with the statement that deletes it; other state is read.

    Once it was deleted, the project has no state: it is read in full.
    """
    fill(open_loader())
    change_file(tmp_path, f"UPDATE _state SET {change} WHERE project = 'foo'")
    with open_loader() as loader:
        assert loader.load(["bar"]) == {"bar": {"files": OTHER}}
        with pytest.raises(StateError) as caught:
            loader.load(["foo"])
    file, name = state_file(tmp_path), tmp_path / "x.duckdb"
    assert str(caught.value) == (
        f"the state of {name if name.exists() else f'{tmp_path}/x/'} cannot be read: "
        "the row of the project 'foo' in _state was changed or is damaged; "
        f"delete it in {file}, and the next run reads the project 'foo' in full: "
        "DELETE FROM _state WHERE project = 'foo'"
    )
    change_file(tmp_path, str(caught.value).rpartition(": ")[2])
    with open_loader() as loader:
        assert loader.load(["foo", "bar"]) == {"bar": {"files": OTHER}}


@pytest.mark.parametrize(
    ("change", "row", "condition"),
    [
        ("checked_at = NULL WHERE project = 'bar'", "the project 'bar'", "project = 'bar'"),
        ("project = NULL WHERE project = 'foo'", "no project", "project IS NULL"),
        ("project = 'it''s\n', packed = 'x' WHERE project = 'foo'", 'the project "it\'s\\n"', "project = 'it''s\n'"),
    ],
)
def test_broken_state_in_a_list_is_an_error(
    open_loader: Open, tmp_path: Path, change: str, row: str, condition: str
) -> None:
    """A broken row is found as well where all state is listed; the statement deletes it, and no other one."""
    fill(open_loader())
    change_file(tmp_path, f"UPDATE _state SET {change}")
    digests = {"files": OTHER.settings_digest}
    with open_loader() as loader, pytest.raises(StateError) as caught:
        list(loader.summaries(digests))
    assert f"the row of {row} in _state was changed or is damaged" in caught.value.reason
    assert caught.value.remedy.endswith(f": DELETE FROM _state WHERE {condition}")
    assert "\n" not in str(caught.value)
    change_file(tmp_path, caught.value.remedy.rpartition(": ")[2])
    with open_loader() as loader:
        assert len(list(loader.summaries(digests))) == 1


def test_broken_run_is_an_error(open_loader: Open, tmp_path: Path) -> None:
    """A broken row of ``_run`` is an error with the statement that deletes it; all state is then gone, too."""
    fill(open_loader())
    change_file(tmp_path, "UPDATE _run SET version = NULL")
    with pytest.raises(StateError) as caught, open_loader():
        pass
    assert str(caught.value).endswith(
        "the row in _run was changed or is damaged; "
        f"delete it in {state_file(tmp_path)}, and the next run reads everything in full: DELETE FROM _run"
    )
    change_file(tmp_path, str(caught.value).rpartition(": ")[2])
    with open_loader() as loader:
        assert loader.load(["foo", "bar"]) == {}


@pytest.mark.parametrize(
    ("change", "warnings"),
    [
        ("DROP TABLE _state", ["has no complete table _state: everything is read again"]),
        ("ALTER TABLE _state DROP COLUMN serial", ["has no complete table _state: everything is read again"]),
        ("ALTER TABLE _state DROP COLUMN checked_at", ["has no complete table _state: everything is read again"]),
        ("DROP TABLE _run", []),
        ("ALTER TABLE _run DROP COLUMN unfinished", []),
        ("ALTER TABLE _run DROP COLUMN tables", []),
        ("DROP TABLE _selection", []),
    ],
)
def test_incomplete_state_is_made_again(open_loader: Open, tmp_path: Path, change: str, warnings: list[str]) -> None:
    """If a table of the state, or a column of it, is gone, everything is read again, and the state is complete."""
    fill(open_loader())
    if "_selection" in change and (tmp_path / "x").exists():
        (tmp_path / "x" / "_selection" / "selection.parquet").unlink()
    else:
        change_file(tmp_path, change)
    kept = ["foo"] if "_selection" in change else []
    with open_loader() as loader:
        assert list(loader.load(["foo"])) == kept
        assert [warning.partition(" has ")[1:] for warning in loader.warnings] == [
            (" has ", warning.removeprefix("has ")) for warning in warnings
        ]
        loader.add(batch_with("foo", FOO))
        loader.finish()
    with open_loader() as loader:
        assert loader.load(["foo"]) == {"foo": {"files": SEEN, "versions": SEEN}}
        assert loader.warnings == []


@pytest.mark.parametrize("name", ["_state", "_run"])
def test_foreign_state_table_stays(open_loader: Open, tmp_path: Path, name: str) -> None:
    """A table by the name of ours that somebody else made is never changed."""
    with open_loader():
        pass
    path = state_file(tmp_path)
    path.unlink()
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE TABLE {name} (x INTEGER)")
    with pytest.raises(DestinationError, match="that is not ours"), open_loader():
        pass
    assert rows(path, f"SELECT * FROM {name}") == []


# Rows -----------------------------------------------------------------------------------------------------------------


def contents(folder: Path, table: str, columns: str) -> list[tuple[Any, ...]]:
    """The rows of a table in either kind of store."""
    if (folder / "x.duckdb").exists():
        return rows(folder / "x.duckdb", f"SELECT {columns} FROM {table} ORDER BY ALL")
    return duckdb.execute(f"SELECT {columns} FROM '{folder}/x/{table}/*.parquet' ORDER BY ALL").fetchall()


def test_second_sync_changes_nothing(
    open_loader: Open, tmp_path: Path, world: World, serve: Callable[..., FakeIndex], connect: Connect
) -> None:
    """A second sync of an unchanged index makes conditional requests, and leaves every row with its time."""
    world.add("flask", releases=["1.0", "2.0"])
    world.add("click")
    fake = serve()
    index = connect(fake)
    run(open_loader(root=index.root), index, ["flask", "click"])
    first = contents(tmp_path, "files", "*")
    fake.new_run()
    run(open_loader(root=index.root), index, ["click", "flask"])
    assert contents(tmp_path, "files", "*") == first
    assert [request.status for request in fake.requests] == [304, 304]


def test_changed_rows_are_replaced_by_project(
    open_loader: Open, tmp_path: Path, world: World, serve: Callable[..., FakeIndex], connect: Connect
) -> None:
    """Changed rows are replaced, deleted ones deleted, also a project's last row; other projects stay."""
    world.add("flask", releases=["1.0", "2.0"])
    world.add("click", releases=["7.0"])
    fake = serve()
    index = connect(fake)
    run(open_loader(root=index.root), index, ["flask", "click"])
    world.delete_release("flask", "1.0")
    for file in list(world.projects["flask"].releases["2.0"].files.values()):
        world.delete_file(file.filename)
    fake.new_run()
    run(open_loader(root=index.root), index, ["flask"])
    assert contents(tmp_path, "versions", "project, version, file_count") == [("click", "7.0", 2), ("flask", "2.0", 0)]
    assert contents(tmp_path, "files", "DISTINCT project") == [("click",)]


def test_failed_stream_keeps_its_rows(open_loader: Open, tmp_path: Path) -> None:
    """A stream that could not be read keeps the rows and the state that it had."""
    names = ("files", "versions", "stats")
    outage = UnavailableError("http://index.test", 503, 7, 60.0, None)
    stats = {"stats": [{"top_packages": {}, "total_packages_size": 7}]}
    row = {"files": [{"project": "foo", "filename": "foo.whl"}], "versions": [{"project": "foo", "version": "1"}]}
    with open_loader(names) as loader:
        loader.add(batch_with("foo", row))
        loader.add(batch_with(None, stats))
    with open_loader(names) as loader:
        loader.add(batch_with("foo", {"files": []}, failures={"versions": outage}))
        loader.add(batch_with(None, failures={"stats": outage}))
    assert contents(tmp_path, "files", "*") == []
    assert contents(tmp_path, "versions", "project, version") == [("foo", "1")]
    assert contents(tmp_path, "stats", "total_packages_size") == [(7,)]


def test_unchanged_partitions_stay(open_loader: Open, tmp_path: Path) -> None:
    """Rows of unchanged partitions stay, those of the others are replaced."""
    before = [{"project": "foo", "version": version, "info": {"summary": "old"}} for version in ("1", "2")]
    with open_loader(("release",)) as loader:
        loader.add(batch_with("foo", {"release": before}))
        new = {"project": "foo", "version": "2", "info": {"summary": "new"}}
        loader.add(batch_with("foo", {"release": [new]}, kept={"release": ("1",)}))
    assert contents(tmp_path, "release", "version, info ->> 'summary'") == [("1", "old"), ("2", "new")]


def test_project_that_comes_twice_is_replaced(open_loader: Open, tmp_path: Path) -> None:
    """A project that comes again before a commit leaves the rows of its last batch only."""
    with open_loader() as loader:
        for version in ("1", "2"):
            loader.add(batch_with("foo", {"versions": [{"project": "foo", "version": version}]}))
    assert contents(tmp_path, "versions", "version") == [("2",)]


def test_error_under_way_does_not_prevent_the_commit(open_loader: Open, tmp_path: Path) -> None:
    """What was added before an error is committed."""
    with suppress(ZeroDivisionError), open_loader() as loader:
        loader.add(batch_with("foo", {"versions": [{"project": "foo", "version": "1"}]}))
        raise ZeroDivisionError
    assert contents(tmp_path, "versions", "version") == [("1",)]


def test_last_selection_is_stored(open_loader: Open, tmp_path: Path) -> None:
    """``_selection`` has what the last sync selected, a row a pin."""
    for names in (["old"], ["a", "b==1.0", "b==2.0"]):
        projects = select(make_config({"projects": names})).projects
        with open_loader(projects=projects):
            pass
    assert contents(tmp_path, "_selection", "project, pin, (pin IS NULL) = (sort_key IS NULL)") == [
        ("a", None, True),
        ("b", "1.0", True),
        ("b", "2.0", True),
    ]


def test_projects_are_committed_by_the_hundred(
    tmp_path: Path, connect: Connect, serve: Callable[..., FakeIndex], world: World
) -> None:
    """A commit to DuckDB has a hundred projects; a run that is killed leaves what was committed, whole."""
    names = [f"p{number}" for number in range(120)]
    for name in names:
        world.add(name)
    index, config = connect(serve()), make_config({"projects": names})
    loader = into_duckdb(tmp_path / "x.duckdb", choose_streams(["files"])).__enter__()
    for batch in batches(index, select(config), choose_streams(["files"]), config):
        loader.add(batch)
    kill(loader)
    assert rows(tmp_path / "x.duckdb", "SELECT count(DISTINCT project), count(*) FROM files") == [(100, 200)]


def test_unchanged_projects_are_committed_by_five_hundred(tmp_path: Path) -> None:
    """Projects without new rows are committed by the five hundred, and with those that have some."""
    loader = into_duckdb(tmp_path / "x.duckdb", choose_streams(["files"])).__enter__()
    for number in range(520):
        loader.add(batch_with(f"p{number}", changes={"files": Change(SEEN)}))
    for number in range(80):
        loader.add(batch_with(f"q{number}", {"files": []}))
    kill(loader)
    counts = rows(tmp_path / "x.duckdb", "SELECT left(project, 1), count(*) FROM _state GROUP BY 1 ORDER BY 1")
    assert counts == [("p", 520), ("q", 80)]


def test_state_of_the_list_survives_a_commit_of_rows(open_loader: Open) -> None:
    """State of the index as a whole survives commits of rows, which a store may delete it for."""
    with open_loader() as loader:
        loader.add(batch_with(None, changes=changes({"files": STATE})))
        loader.commit()
        loader.add(batch_with("foo", {"files": [{"project": "foo", "filename": "foo.whl"}]}))
        loader.commit()
        assert loader.load([WHOLE_INDEX]) == {WHOLE_INDEX: {"files": STATE}}


def test_prune_deletes_projects_that_are_not_selected(open_loader: Open, tmp_path: Path) -> None:
    """Rows and state of other projects are deleted in all tables, also of streams that did not run."""
    with open_loader(("files", "versions", "stats")) as loader:
        loader.add(batch_with("foo", FOO))
        loader.add(batch_with("bar", BAR))
        loader.add(batch_with("gone", changes=changes({"files": OTHER})))
        loader.add(batch_with(None, {"stats": [{"top_packages": {}, "total_packages_size": 7}]}))
        loader.finish()
    with open_loader(("files",)) as loader:
        loader.add(batch_with("bar", changes=changes({"files": OTHER})))
        assert loader.prune({"bar"}) == (2, 2)
        assert loader.prune({"bar"}) == (0, 0)
        loader.finish()
    assert stored(tmp_path) == [("files", "bar"), ("index", ROOT), ("state", "bar")]
    assert contents(tmp_path, "versions", "*") == []
    assert contents(tmp_path, "stats", "total_packages_size") == [(7,)]


def test_prune_ends_the_history(tmp_path: Path) -> None:
    """The states of deleted rows end now, in the history of each table."""
    path = tmp_path / "x.duckdb"
    with into_duckdb(path, choose_streams(BOTH), root=ROOT, keep_history=True) as loader:
        loader.add(batch_with("foo", FOO))
        loader.finish()
    with into_duckdb(path, choose_streams(["files"]), root=ROOT, now=lambda: NOW + 60) as loader:
        assert loader.prune(()) == (1, 2)
    ended = [(datetime.fromtimestamp(NOW + 60, UTC),)]
    assert rows(path, "SELECT valid_to FROM files_history") == ended
    assert rows(path, "SELECT valid_to FROM versions_history") == ended


@pytest.mark.parametrize("stream", ["files", "versions"])
def test_column_that_was_dropped_is_read_again(open_loader: Open, tmp_path: Path, stream: str) -> None:
    """If a column of a stream's table is gone, the state of the stream goes too: its rows are read in full."""
    with open_loader() as loader:
        loader.add(batch_with("foo", FOO))
        loader.finish()
    if (tmp_path / "x").exists():
        path = tmp_path / "x" / stream / f"{stream}.parquet"
        duckdb.execute(f"COPY (SELECT * EXCLUDE (version) FROM '{path}') TO '{path}.new' (FORMAT parquet)")
        path.with_name(f"{path.name}.new").replace(path)
    else:
        with duckdb.connect(str(tmp_path / "x.duckdb")) as connection:
            connection.execute(f"ALTER TABLE {stream} DROP COLUMN version")
    other = "versions" if stream == "files" else "files"
    with open_loader() as loader:
        assert loader.load(["foo"]) == {"foo": {other: SEEN}}


def test_refused_rows_fail_their_project_only(open_loader: Open, tmp_path: Path) -> None:
    """If the store refuses a project's rows, that project fails and keeps its old ones; others are loaded.

    In a folder of Parquet, which has no transactions, its state goes: it is read again.
    """
    with open_loader() as loader:
        loader.add(batch_with("bad", {"files": [{"project": "bad", "filename": "old.whl"}]}))
        loader.finish()
    projects = select(make_config({"projects": ["bad", "foo"]})).projects
    with open_loader(now=NOW + 60, projects=projects) as loader:
        loader.add(batch_with("foo", FOO))
        refused = [{"project": "bad", "filename": "new.whl", "uploaded_at": "yesterday"}]
        later = {"files": Change(OTHER, 1, batch_with("bad", {"files": refused}).changes["files"].lines)}
        loader.add(batch_with("bad", changes=later))
        loader.add(batch_with("gone", {"files": []}))
        loader.commit()
        assert loader.load(["bad", "foo", "gone"]) == {
            **({} if (tmp_path / "x").is_dir() else {"bad": {"files": SEEN}}),
            "foo": {"files": SEEN, "versions": SEEN},
            "gone": {"files": SEEN},
        }
    assert contents(tmp_path, "files", "project, filename") == [("bad", "old.whl"), ("foo", "foo.whl")]
    assert contents(tmp_path, "versions", "project") == [("foo",)]
    assert contents(tmp_path, "_selection", "project") == [("bad",), ("foo",)]
    (rejected,) = loader.rejected
    assert (rejected.project, list(rejected.failures)) == ("bad", ["files"])
    message = str(rejected.failures["files"])
    assert ": the rows of bad were refused, and stay as they were: " in message
    assert "\n" not in message


def test_store_that_refuses_everything_is_one_error(open_loader: Open) -> None:
    """If all of several projects are refused, the store is at fault: one error, and the run ends."""
    loader = open_loader().__enter__()
    for name in ("a", "b"):
        loader.add(batch_with(name, {"files": [{"project": name, "filename": "x", "uploaded_at": "yesterday"}]}))
    with pytest.raises(DestinationError) as caught:
        loader.commit()
    loader.__exit__(DestinationError, caught.value, None)
    assert loader.rejected == []


def test_full_disk_is_one_error(tmp_path: Path) -> None:
    """Where rows cannot be staged, the error names the temporary folder, and none of them is loaded."""
    loader = into_duckdb(tmp_path / "x.duckdb", choose_streams(["files"])).__enter__()
    loader._staged["files"]._file = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115
    with pytest.raises(DestinationError, match=r"temporary folder .*: No space left on device") as caught:
        loader.add(batch_with("a", {"files": [{"project": "a", "filename": "a.whl"}]}))
    loader.__exit__(DestinationError, caught.value, None)
    assert rows(tmp_path / "x.duckdb", "SELECT count(*) FROM files") == [(0,)]
