"""destinations/duckdb/changes_view.py: the view ``changes`` over the histories of a file."""

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from source_pypi.destinations.loader import Loader
from source_pypi.destinations.row_counts import INCIDENTAL, compared_columns
from source_pypi.destinations.tables import VALID_FROM, VALID_TO, table_of
from source_pypi.streams import choose_streams, stream_named
from tests.batches import batch_with
from tests.databases import opened, rows
from tests.destinations.loading import NOW, ROOT, into_duckdb, kill

Row = Mapping[str, Any]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file."""
    return tmp_path / "x.duckdb"


def begin(path: Path, at: int, names: Sequence[str] = ("files",), *, history: bool = True) -> Loader:
    """A loader whose run starts at a time after the first one."""
    return into_duckdb(path, choose_streams(names), root=ROOT, keep_history=history, now=lambda: NOW + at)


def add(loader: Loader, at: int, content: Mapping[str, Sequence[Row]], project: str | None = "foo") -> None:
    """Add the rows of a project that is visited at a time after the first run."""
    loader.add(batch_with(project, content, seen_at=datetime.fromtimestamp(NOW + at, UTC)))


def load(path: Path, at: int, *names: str, history: bool = True, size: int | None = None) -> None:
    """Load files of these names, and nothing else, in a run that finishes."""
    with begin(path, at, history=history) as loader:
        add(loader, at + 1, {"files": files(names, size)})
        loader.finish()


def files(names: Iterable[str], size: int | None = None) -> list[Row]:
    """Files of one project."""
    return [{"project": "foo", "filename": name, "size": size} for name in names]


def kinds(path: Path) -> list[tuple[Any, ...]]:
    """Run, name of the file, and kind of each change."""
    return rows(path, "SELECT run, key->>'filename', kind FROM changes ORDER BY ALL")


def test_changes_of_each_run(path: Path) -> None:
    """A row is listed with the run that added, changed or removed it, and what it was before and after."""
    load(path, 0, "a", "b")
    load(path, 100, "b", "c", size=1)
    load(path, 200, "b", "c", size=1)
    load(path, 300, "c", size=1)
    assert rows(path, "SELECT run, kind, changed_columns, before->'size', after->'size' FROM changes ORDER BY ALL") == [
        (2, "added", None, None, "1"),
        (2, "changed", ["size"], "null", "1"),
        (2, "removed", None, "null", None),
        (4, "removed", None, "1", None),
    ]
    changed = "SELECT table_name, key, before, after, epoch(changed_at) FROM changes WHERE kind = 'changed'"
    key = '{"project":"foo","filename":"b"}'
    assert rows(path, changed) == [("files", key, '{"size":null}', '{"size":1}', NOW + 101)]


def test_rows_that_a_history_begins_with_are_no_changes(path: Path) -> None:
    """The rows that were there before the history are copied into it; that is no change, whenever they were read."""
    load(path, 0, "a", history=False)
    load(path, 100, "a", "b", history=False)
    load(path, 200, "a", "b")
    assert kinds(path) == []
    load(path, 300, "b")
    assert kinds(path) == [(4, "a", "removed")]


def test_baseline_ends_with_the_first_complete_run(path: Path) -> None:
    """If the first runs end early, what later ones read until one finishes belongs to the beginning as well."""
    with begin(path, 0) as loader:
        add(loader, 1, {"files": files("a")})
    loader = begin(path, 100).__enter__()
    add(loader, 101, {"files": [{"project": "bar", "filename": "x"}]}, "bar")
    loader.commit()
    kill(loader)
    load(path, 200, "a", "b")
    assert kinds(path) == []
    load(path, 300, "b", "c")
    assert kinds(path) == [(4, "a", "removed"), (4, "c", "added")]


def test_each_history_has_a_beginning(path: Path) -> None:
    """A history that begins later joins the view; its first rows are no changes."""
    load(path, 0, "a")
    for at, versions in ((100, "12"), (200, "2")):
        with begin(path, at, ("files", "versions")) as loader:
            add(loader, at + 1, {"versions": [{"project": "foo", "version": one} for one in versions]})
            loader.finish()
    assert rows(path, "SELECT run, table_name, key->>'version', kind FROM changes") == [(3, "versions", "1", "removed")]


def test_history_of_an_older_release_shows_later_runs(path: Path) -> None:
    """A history that an older release began, without ``runs``, has changes from the first recorded run on."""
    load(path, 0, "a")
    load(path, 100, "b")
    with duckdb.connect(str(path)) as connection:
        connection.execute("DROP VIEW changes")
        connection.execute("DROP TABLE runs")
    load(path, 200, "c")
    assert kinds(path) == [(1, "b", "removed"), (1, "c", "added")]


def test_moved_serial_is_no_change(path: Path) -> None:
    """A row whose serial alone moved is not listed, nor is its serial among the columns that changed."""
    for at, serial, summary in ((0, 1, "x"), (100, 2, "x"), (200, 3, "y")):
        with begin(path, at, ("projects",)) as loader:
            add(loader, at + 1, {"projects": [{"project": "foo", "name": "Foo", "serial": serial, "summary": summary}]})
            loader.finish()
    assert rows(path, "SELECT run, kind, changed_columns, before, after FROM changes") == [
        (3, "changed", ["summary"], '{"summary":"x"}', '{"summary":"y"}')
    ]


def test_pruned_rows_are_removed(path: Path) -> None:
    """Rows that ``prune`` deletes are changes of that run."""
    load(path, 0, "a")
    with begin(path, 100) as loader:
        loader.prune(())
        loader.finish()
    assert kinds(path) == [(2, "a", "removed")]


def test_nested_values_and_quotes(path: Path) -> None:
    """Documents are JSON in the values, not texts of JSON, and quotes in a key do no harm."""
    name = 'it\'s "quoted"'
    for at, info in ((0, {"a": [1]}), (100, {"a": [2]})):
        with begin(path, at, ("release",)) as loader:
            add(loader, at + 1, {"release": [{"project": "foo", "version": name, "info": info}]})
            loader.finish()
    ((key, before, after),) = rows(path, "SELECT key, before, after FROM changes")
    assert json.loads(key) == {"project": "foo", "version": name}
    assert (json.loads(before), json.loads(after)) == ({"info": {"a": [1]}}, {"info": {"a": [2]}})


def test_every_stream_with_a_history_is_in_the_view(path: Path) -> None:
    """The view reads all histories at once, with their own columns."""
    with into_duckdb(path, root=ROOT, keep_history=True):
        pass
    (comment,) = rows(path, "SELECT comment FROM duckdb_views() WHERE view_name = 'changes'")
    assert comment[0].startswith("A row is a row that a run added, changed or removed, of a table with a history")
    ((sql,),) = rows(path, "SELECT sql FROM duckdb_views() WHERE view_name = 'changes'")
    incremental = {stream.name for stream in choose_streams(["all"]) if stream.incremental}
    assert {name for name in incremental if f"{name}_history" in sql} == incremental
    assert rows(path, "SELECT * FROM changes") == []


def test_no_view_without_a_history(path: Path) -> None:
    """Without a history there is no such view."""
    load(path, 0, "a", history=False)
    assert rows(path, "SELECT view_name FROM duckdb_views() WHERE view_name = 'changes'") == []


def test_view_of_the_user_stays(path: Path) -> None:
    """A view or table of the user's own by this name is not replaced."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE VIEW changes AS SELECT 42 AS mine")
    load(path, 0, "a")
    assert rows(path, "SELECT * FROM changes") == [(42,)]


def test_dropped_column_of_a_history_comes_back(path: Path) -> None:
    """If a column that the view reads was dropped, the next run adds it, and makes the view again."""
    load(path, 0, "a")
    with duckdb.connect(str(path)) as connection:
        connection.execute("ALTER TABLE files_history DROP COLUMN size")
    load(path, 100, "a", size=3)
    assert "size" in rows(path, "SELECT changed_columns FROM changes WHERE kind = 'changed'")[0][0]


# Random histories -----------------------------------------------------------------------------------------------------

NAMES = ("files", "projects", "classifiers")


def snapshot(path: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """The rows of all tables, by table and key as JSON, without the columns that do not count."""
    found = {}
    with opened(path) as connection:
        for name in NAMES:
            key, compared = stream_named(name).key, compared_columns(table_of(stream_named(name)))
            of_key, of_rest = (
                f"to_json({{{', '.join(f'{one}: {one}' for one in columns)}}})" for columns in (key, compared)
            )
            for one, rest in connection.execute(f"SELECT {of_key}, {of_rest} FROM {name}").fetchall():
                found[name, one] = json.loads(rest)
    return found


def expected(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> list[Any]:
    """The rows of the view between two snapshots."""
    found: list[Any] = []
    for table, key in {*before, *after}:
        old, new = before.get((table, key)), after.get((table, key))
        if old is None or new is None:
            found.append((table, key, "added" if old is None else "removed", None, old, new))
        elif differing := sorted(name for name in old if old[name] != new[name]):
            values = ({name: row[name] for name in differing} for row in (old, new))
            found.append((table, key, "changed", differing, *values))
    return sorted(found, key=str)


@pytest.mark.parametrize("seed", range(3))
def test_changes_are_the_differences_of_tables(path: Path, seed: int) -> None:
    """The view has, for each run, the differences between its tables before and after it."""
    random_ = random.Random(seed)
    differences: list[Any] = []
    for number in range(6):
        before = snapshot(path) if number else {}
        with begin(path, number * 100, NAMES) as loader:
            for project in random_.sample("abc", random_.randrange(1, 4)):
                listed = [
                    {"project": project, "filename": name, "size": random_.choice([None, 1]), "yanked": False}
                    for name in "xyz"
                    if random_.random() < 0.6
                ]
                described = {"project": project, "serial": number, "summary": random_.choice("pq"), "keywords": ["k"]}
                classified = [{"project": project, "version": "1", "classifier": one} for one in "uv"]
                content: dict[str, Sequence[Row]] = {
                    "files": listed,
                    "projects": [described],
                    "classifiers": classified[: random_.randrange(3)],
                }
                add(loader, number * 100 + 1, content, project)
            loader.finish()
        differences.append(expected(before, snapshot(path)))
    query = "SELECT table_name, key, kind, list_sort(changed_columns), before, after FROM changes WHERE run = {}"
    for number, difference in enumerate(differences):
        found = rows(path, query.format(number + 1))
        read = [(*one, old and json.loads(old), new and json.loads(new)) for *one, old, new in found]
        assert sorted(read, key=str) == ([] if number == 0 else difference)


def test_incidental_columns_are_in_no_value(path: Path) -> None:
    """Neither serials nor times of validity are among the values."""
    with begin(path, 0, ("projects",)) as loader:
        loader.finish()
    with begin(path, 100, ("projects",)) as loader:
        add(loader, 101, {"projects": [{"project": "foo", "serial": 1}]})
    ((after,),) = rows(path, "SELECT after FROM changes")
    assert {*INCIDENTAL, VALID_FROM, VALID_TO}.isdisjoint(json.loads(after))
