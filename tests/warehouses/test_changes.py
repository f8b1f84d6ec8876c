"""The view ``changes`` in PostgreSQL and SQLite: it has the rows that it has in DuckDB."""

import json
import random
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from source_pypi.destinations import open_destination
from source_pypi.destinations.runs import CHANGES_VIEW
from source_pypi.streams import choose_streams
from tests.batches import batch_with
from tests.warehouses import postgres
from tests.warehouses.places import Place, plain

pytestmark = pytest.mark.warehouses

Row = Mapping[str, Any]
NOW = 1_795_332_577
COLUMNS = {
    "run": "BIGINT",
    "table_name": "VARCHAR",
    "key": "JSON",
    "kind": "VARCHAR",
    "changed_columns": "VARCHAR[]",
    "before": "JSON",
    "after": "JSON",
    "changed_at": "TIMESTAMPTZ",
}
STREAMS = ("files", "release", "projects", "advisories", "classifiers")
TIMES = ("2026-01-02T03:04:05Z", "2025-12-31T23:59:59.123456Z")


def load(into: str, at: int, content: Mapping[str, Mapping[str, Sequence[Row]]], **options: Any) -> list[str]:
    """Load rows of projects in a run that starts at a time after the first one; return the warnings.

    :param content: the rows of each stream, by project.
    """
    streams = choose_streams(options.pop("streams", STREAMS))
    finishes, prunes = options.pop("finishes", True), options.pop("prunes", False)
    options = {"keep_history": True, "root": "http://index.test", "now": lambda: NOW + at, **options}
    with open_destination(into, streams, **options) as loader:
        for number, (project, rows) in enumerate(content.items()):
            loader.add(batch_with(project, rows, seen_at=datetime.fromtimestamp(NOW + at + 1 + number, UTC)))
        if prunes:
            loader.prune(())
        if finishes:
            loader.finish()
    return loader.warnings


def changes(place: Place) -> list[dict[str, Any]]:
    """The rows of the view, as plain values in an order of their own."""
    if place.name == "postgres":
        rows = postgres.execute(place.into, f"SELECT {', '.join(COLUMNS)} FROM pypi_data.changes")
    else:
        with closing(sqlite3.connect(place.into.removeprefix("sqlite:///"))) as connection:
            rows = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM changes").fetchall()
    return in_order(rows)


def changes_in_duckdb(path: Path) -> list[dict[str, Any]]:
    """The same, of a DuckDB file."""
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return in_order(connection.execute("SELECT * FROM changes").fetchall())


def in_order(rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Rows of the view as plain values."""
    named = [
        {name: plain(value, kind) for (name, kind), value in zip(COLUMNS.items(), row, strict=True)} for row in rows
    ]
    for row in named:
        for name in ("before", "after"):
            row[name] = row[name] and {key: time_or(value) for key, value in row[name].items()}
    return sorted(named, key=lambda row: json.dumps(row, sort_keys=True, default=str))


def time_or(value: Any) -> Any:
    """A time in JSON, which each database writes in its own way; another value as it is."""
    try:
        return plain(value, "TIMESTAMPTZ") if isinstance(value, str) and value[:2] == "20" else value
    except ValueError:
        return value


def view_names(place: Place) -> set[str]:
    """The names of the views."""
    if place.name == "postgres":
        query = "SELECT viewname FROM pg_views WHERE schemaname = 'pypi_data'"
        return {name for (name,) in postgres.execute(place.into, query)}
    with closing(sqlite3.connect(place.into.removeprefix("sqlite:///"))) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'")}


def execute(place: Place, statement: str) -> None:
    """Execute a statement, in which ``{}`` stands before names of tables."""
    if place.name == "postgres":
        postgres.execute(place.into, statement.format("pypi_data."))
        return
    with closing(sqlite3.connect(place.into.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute(statement.format(""))


def random_rows(random_: random.Random, project: str, number: int) -> dict[str, Sequence[Row]]:
    """Rows with a value of each type: texts with quotes, lists, documents, numbers, booleans, times, nulls."""
    pick = random_.choice
    listed = [
        {
            "project": project,
            "filename": name,
            "size": pick([None, 0, 1]),
            "yanked": pick([True, False]),
            "python_tags": pick([None, [], ["py3"], ['"', "it's"]]),
            "uploaded_at": pick([None, *TIMES]),
        }
        for name in ("x", 'it\'s "y"', "{z}")
        if random_.random() < 0.6
    ]
    described = {
        "project": project,
        "serial": number,
        "summary": pick([None, "", "null", "[1]", 'a "b" \\ \u2603']),
        "keywords": pick([["k"], ["k", "l"]]),
    }
    info = pick([{"a": [1, None, {"b": True}]}, {"a": "[1]"}, {"a": 1.5}, {}])
    return {
        "files": listed,
        "projects": [described],
        "release": [{"project": project, "version": "1", "info": info}][: random_.randrange(2)],
        "classifiers": [{"project": project, "version": "1", "classifier": one} for one in "uv"[: pick([0, 1, 2])]],
    }


def test_changes_are_those_of_duckdb(database: Place, tmp_path: Path) -> None:
    """Of the same random runs the view has the rows that it has in DuckDB, whose own tests say which these are.

    Some runs end early. The second one begins the histories of tables that have rows, the third one further ones, the
    last one those of all streams; it also prunes.
    """
    random_ = random.Random(0)
    path = tmp_path / "same.duckdb"
    for number in range(6):
        streams = ("files", "release", "projects") if number < 2 else STREAMS
        content = {}
        for project in random_.sample("abc", random_.randrange(1, 4) if number > 1 else 3):
            made = random_rows(random_, project, number)
            content[project] = {name: rows for name, rows in made.items() if name in streams}
        options = {
            "streams": streams if number < 5 else ("all",),
            "keep_history": number > 0,
            "finishes": number not in (0, 4),
            "prunes": number == 5,
        }
        for into in (str(path), database.into):
            warnings = load(into, number * 100, content, **options)
            assert warnings == (["the last run ended early: this run continues it"] if number in (1, 5) else [])
    expected = changes_in_duckdb(path)
    assert {row["kind"] for row in expected} == {"added", "changed", "removed"}
    assert {row["table_name"] for row in expected} == {"files", "projects", "release", "classifiers"}
    assert changes(database) == expected


def test_view_that_cannot_be_made(database: Place) -> None:
    """A view of the user's own by this name stays, without a warning; if the database refuses it, that is a warning."""
    load(database.into, 0, {}, keep_history=False)
    assert CHANGES_VIEW not in view_names(database)
    execute(database, "CREATE VIEW {}changes AS SELECT 42 AS mine")
    assert load(database.into, 100, {}) == []
    execute(database, "SELECT mine FROM {}changes")
    execute(database, "DROP VIEW {}changes")
    execute(database, "CREATE INDEX changes ON {}files (project)")  # no view can have its name
    (warning,) = load(database.into, 200, {})
    assert warning.startswith("the view changes was not created: ")
    assert "\n" not in warning
    assert CHANGES_VIEW not in view_names(database)
