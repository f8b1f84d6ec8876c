"""destinations/runs.py, recorder.py: the table ``runs``."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from msgspec.structs import replace

from source_pypi.destinations.runs import RUNS, RunRecord
from source_pypi.streams import choose_streams
from tests.batches import batch_with
from tests.databases import rows
from tests.destinations.loading import BAR, FOO, NOW, ROOT, OpenLoader, contents, into_duckdb, kill

COLUMNS = "run, epoch(started_at), epoch(finished_at), index, streams, tables, projects, requests"


def recorded(folder: Path) -> list[tuple[Any, ...]]:
    """The rows of ``runs``, with times in seconds since ``NOW``, and JSON decoded."""
    return [
        (run, _since(started), _since(finished), index, streams, tables and json.loads(tables), projects, requests)
        for run, started, finished, index, streams, tables, projects, requests in contents(folder, "runs", COLUMNS)
    ]


def _since(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds) - NOW


def counts(added: int = 0, changed: int = 0, removed: int = 0, rows: int = 0) -> dict[str, int]:
    """What ``tables`` has of a table."""
    return {"added": added, "changed": changed, "removed": removed, "rows": rows}


def test_record_has_the_columns_of_the_table() -> None:
    """The fields of a record are the columns of ``runs``, in their order."""
    assert tuple(RUNS.names()) == RunRecord.__struct_fields__


def test_each_run_is_recorded(open_loader: OpenLoader, tmp_path: Path) -> None:
    """A run has a row with its times, index, streams, counts of each table, projects and requests."""
    with open_loader(root="http://user:secret@index.test") as loader:
        loader.add(batch_with("foo", FOO))
        loader.add(replace(batch_with("gone", {"files": []}), missing=True))
        loader.count_requests(3)
        loader.finish()
    with open_loader(("files",), now=NOW + 100) as loader:
        loader.add(batch_with("bar", BAR))
        loader.finish()
    first = {"versions": counts(added=1, rows=1), "files": counts(added=1, rows=1)}
    assert recorded(tmp_path) == [
        (1, 0, 0, ROOT, ["versions", "files"], first, 1, 3),
        (2, 100, 100, ROOT, ["files"], {"files": counts(added=1, rows=2)}, 1, None),
    ]


def test_killed_run_is_recorded_without_an_end(open_loader: OpenLoader, tmp_path: Path) -> None:
    """The row of a run that was killed has no end and no counts; the run that resumes it has its own."""
    loader = open_loader(("files",)).__enter__()
    loader.add(batch_with("foo", {"files": FOO["files"]}))
    kill(loader)
    assert recorded(tmp_path) == [(1, 0, None, ROOT, ["files"], None, None, None)]
    with open_loader(("files",), now=NOW + 60) as loader:
        loader.add(batch_with("foo", {"files": FOO["files"]}))
        loader.finish()
    assert recorded(tmp_path) == [
        (1, 0, None, ROOT, ["files"], None, None, None),
        (2, 60, 60, ROOT, ["files"], {"files": counts(added=1, rows=1)}, 1, None),
    ]


def test_run_that_ends_early_has_counts_and_no_end(open_loader: OpenLoader, tmp_path: Path) -> None:
    """An error or an interrupt ends a run early: what it committed is counted, and its end is null."""
    with suppress(KeyboardInterrupt), open_loader(("files",)) as loader:
        loader.add(batch_with("foo", {"files": FOO["files"]}))
        raise KeyboardInterrupt
    assert recorded(tmp_path) == [
        (1, 0, None, ROOT, ["files"], {"files": counts(added=1, rows=1)}, 1, None),
    ]


def test_run_of_another_index_is_recorded_once_it_has_answered(open_loader: OpenLoader, tmp_path: Path) -> None:
    """As long as the rows of another index would be replaced, nothing is recorded; earlier runs stay."""
    with open_loader(("files",)) as loader:
        loader.add(batch_with("foo", {"files": FOO["files"]}))
        loader.finish()
    for rows_of_run in ({}, BAR):
        with open_loader(("files",), root="http://other.test", replace_index=True, now=NOW + 9) as loader:
            loader.add(batch_with("bar", rows_of_run))
            loader.finish()
        assert [row[:4] for row in recorded(tmp_path)] == [
            (1, 0, 0, ROOT),
            *([(2, 9, 9, "http://other.test")] if rows_of_run else []),
        ]


def test_begun_histories_are_recorded(tmp_path: Path) -> None:
    """A run names the tables whose history begins with it."""
    path = tmp_path / "x.duckdb"
    for names, history in ((["files"], False), (["files", "stats"], True), (["files", "versions"], True)):
        with into_duckdb(path, choose_streams(names), root=ROOT, keep_history=history):
            pass
    assert rows(path, "SELECT new_histories FROM runs ORDER BY run") == [([],), (["files"],), (["versions"],)]


def test_file_of_an_older_release_gets_the_table(tmp_path: Path) -> None:
    """A file without ``runs`` gets it; its first row is the first run since."""
    path = tmp_path / "x.duckdb"
    with into_duckdb(path, choose_streams(["files"]), root=ROOT) as loader:
        loader.finish()
    with duckdb.connect(str(path)) as connection:
        connection.execute("DROP TABLE runs")
    with into_duckdb(path, choose_streams(["files"]), root=ROOT, now=lambda: NOW + 5) as loader:
        loader.finish()
    assert rows(path, "SELECT run, started_at FROM runs") == [(1, datetime.fromtimestamp(NOW + 5, UTC))]


def test_runs_are_described(tmp_path: Path) -> None:
    """The table and each of its columns have a comment."""
    path = tmp_path / "x.duckdb"
    with into_duckdb(path, choose_streams(["files"]), root=ROOT):
        pass
    assert rows(path, "SELECT comment FROM duckdb_tables() WHERE table_name = 'runs'") == [
        ("A row is a sync. Key: run.",)
    ]
    comments = rows(path, "SELECT comment FROM duckdb_columns() WHERE table_name = 'runs'")
    assert len(comments) == len(RUNS.columns)
    assert all(comment for (comment,) in comments)
