"""Views in PostgreSQL and SQLite: what they say of small tables is what they say in DuckDB."""

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import pytest
from psycopg2.extras import Json

from source_pypi.destinations.sql.store import SqlStore
from source_pypi.destinations.store import RunRow
from source_pypi.destinations.tables import RUN, RUN_TABLES, STATE, table_of
from source_pypi.queries import Query, views
from source_pypi.schema import duckdb_columns
from source_pypi.streams import STREAMS, choose_streams
from tests.fake_index import FakeIndex, World
from tests.queries.cases import CASES, Rows, days_since_now
from tests.warehouses import postgres
from tests.warehouses.places import Place, in_postgres, plain
from tests.warehouses.syncing import sync

pytestmark = pytest.mark.warehouses

#: The views that databases have.
PORTABLE = {view.name for view in views() if not view.duckdb_only}

TABLES = (STATE, RUN, *RUN_TABLES, *map(table_of, STREAMS))
NAMES = [table.name for table in TABLES]


@pytest.fixture(params=["postgres", "sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty database of each kind; that in PostgreSQL does not order texts by their bytes."""
    if request.param == "sqlite":
        made: Place = request.getfixturevalue("in_sqlite_file")
        return made
    server = request.getfixturevalue("server")
    place = in_postgres(server, "packages")
    postgres.execute(f"{server}/postgres", 'DROP DATABASE "packages"')
    collation = "LOCALE_PROVIDER icu ICU_LOCALE 'en-US' TEMPLATE template0"
    postgres.execute(f"{server}/postgres", f'CREATE DATABASE "packages" {collation}')
    assert postgres.execute(place.into, "SELECT 'a~' < 'a!' OR 'B' < 'a'") == [(False,)]
    return place


@pytest.fixture
def in_sqlite_file(tmp_path: Path) -> Place:
    """An empty SQLite file."""
    from tests.warehouses.places import in_sqlite

    return in_sqlite(tmp_path / "pypi.db")


def make_all(place: Place) -> list[str]:
    """Make all tables and views, as a sync does; return the warnings."""
    store = SqlStore(place.into)
    try:
        store.open()
        store.make(TABLES)
        store.begin(RunRow(2, "", None, tuple(NAMES)), clear_state=True)
        return list(store.make_views())
    finally:
        store.close()


def execute(place: Place, statements: Iterable[tuple[str, list[Any]]]) -> None:
    """Execute statements, with ``%s`` for their values."""
    if place.name == "postgres":
        with closing(psycopg2.connect(place.into)) as connection, connection, connection.cursor() as cursor:
            for statement, values in statements:
                cursor.execute(statement, [Json(one) if isinstance(one, list) else one for one in values] or None)
        return
    with closing(sqlite3.connect(place.into.removeprefix("sqlite:///"))) as connection, connection:
        for statement, values in statements:
            connection.execute(statement.replace("%s", "?"), [_in_sqlite(one) for one in values])


def _in_sqlite(value: Any) -> Any:
    """A value as dlt stores it: times as text in UTC, lists as JSON."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    return json.dumps(value) if isinstance(value, list) else value


def table(place: Place, name: str) -> str:
    """The name of a table or view."""
    return f'pypi_data."{name}"' if place.name == "postgres" else f'"{name}"'


def fill(place: Place, tables: dict[str, Rows]) -> None:
    """Replace the rows of all tables."""
    statements: list[tuple[str, list[Any]]] = [(f"DELETE FROM {table(place, name)}", []) for name in NAMES]
    for name, rows in tables.items():
        for row in rows:
            columns, marks = ", ".join(f'"{column}"' for column in row), ", ".join("%s" for _ in row)
            statements.append((f"INSERT INTO {table(place, name)} ({columns}) VALUES ({marks})", list(row.values())))
    execute(place, statements)


def select(place: Place, view: str) -> list[tuple[Any, ...]]:
    """The rows of a view, as plain values."""
    query = f"SELECT * FROM {table(place, view)}"
    if place.name == "postgres":
        found = postgres.execute(place.into, f"SET TIME ZONE 'America/New_York'; {query}")
    else:
        with closing(sqlite3.connect(place.into.removeprefix("sqlite:///"))) as connection:
            found = connection.execute(query).fetchall()
    return [tuple(plain(value, kind) for value, kind in zip(row, KINDS[view].values(), strict=True)) for row in found]


def kinds() -> dict[str, dict[str, str]]:
    """The columns of each view and their types in DuckDB."""
    with duckdb.connect(":memory:") as connection:
        for stream in STREAMS:
            columns = ", ".join(f'"{name}" {kind}' for name, kind in duckdb_columns(stream).items())
            connection.execute(f'CREATE TABLE "{stream.name}" ({columns})')
        for one in RUN_TABLES:
            columns = ", ".join(f'"{column.name}" {column.type.duckdb}' for column in one.columns)
            connection.execute(f'CREATE TABLE "{one.name}" ({columns})')
        found = {}
        for view in views():
            connection.execute(f"CREATE VIEW {view.name} AS {view.sql}")
            described = connection.execute(f"DESCRIBE {view.name}").fetchall()
            found[view.name] = {
                name: kind.replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ") for name, kind, *_ in described
            }
        return found


KINDS = kinds()


def comparable(view: str, rows: Iterable[tuple[Any, ...]], elapsed: float = 0) -> list[str]:
    """Rows in an order of their own; numbers of days rounded, and publishers in any order.

    :param elapsed: by how many days a number of days until the present has grown.
    """
    ordered = []
    for row in rows:
        by_name = dict(zip(KINDS[view], row, strict=True))
        if by_name.get("publishers"):
            by_name["publishers"] = sorted(by_name["publishers"].split(", "))
        if view == "release_cadence":
            by_name["days_since_last"] -= elapsed
        ordered.append(repr({name: round(one, 1) if isinstance(one, float) else one for name, one in by_name.items()}))
    return sorted(ordered)


def test_views_say_the_same(database: Place) -> None:
    """Every view is created, is empty at first, and says of small tables what it says in DuckDB."""
    assert make_all(database) == []
    assert {name: select(database, name) for name in PORTABLE} == {name: [] for name in PORTABLE}
    found, expected = {}, {}
    for number, case in enumerate(case for case in CASES if case.view in PORTABLE):
        fill(database, case.tables)
        found[number, case.view] = comparable(case.view, select(database, case.view), days_since_now())
        expected[number, case.view] = comparable(case.view, case.expected)
    assert found == expected


def view_names(place: Place) -> dict[str, str]:
    """The views that a database has, each with what says what it is."""
    if place.name == "postgres":
        query = (
            "SELECT viewname, obj_description((schemaname || '.' || viewname)::regclass) FROM pg_views "
            "WHERE schemaname = 'pypi_data'"
        )
        return dict(postgres.execute(place.into, query))
    with closing(sqlite3.connect(place.into.removeprefix("sqlite:///"))) as connection:
        return dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'view'"))


def test_views_of_a_sync(database: Place, world: World, fake: FakeIndex) -> None:
    """A sync creates the views whose tables exist, says nothing, and leaves them as they are the next time."""
    world.add("flask", releases=["1.0", "2.0"])
    world.yank("flask", "1.0", "broken")
    streams = choose_streams(["versions", "files", "roles", "projects"])
    assert sync(database, fake, ["flask==1.0"], streams).warnings == []
    names = {"latest_files", "outdated_pins", "release_cadence", "sole_maintainers", "stale_projects", "wheel_coverage"}
    before = view_names(database)
    assert set(before) == names | {"yanked_pins"}
    assert all("A row is " in described for described in before.values())
    ((project, version, *_, replacement, admitted),) = select(database, "yanked_pins")
    assert (project, version, replacement, admitted) == ("flask", "1.0", "2.0", False)
    fake.new_run()
    assert sync(database, fake, ["flask==1.0"], streams).warnings == []
    assert view_names(database) == before


def test_changed_view_is_created_again(database: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A view of an older release is replaced, with the views that read it; others of the user's own stay."""
    with monkeypatch.context() as older:
        old = Query(
            "provenance_status", "Old", "Old?", ("versions",), "SELECT project, 1 AS old FROM versions", "old row"
        )
        reader = Query(
            "unattested_pins", "Old", "Old?", ("provenance_status",), "SELECT old FROM provenance_status", "x"
        )
        sole = Query("sole_maintainer", "Old", "Old?", ("roles",), "SELECT project FROM roles", "old row")
        older.setattr("source_pypi.destinations.views.views", lambda: (old, reader, sole))
        assert make_all(database) == []
    execute(database, [(f"CREATE VIEW {table(database, 'stale_projects')} AS SELECT 1 AS mine", [])])
    assert make_all(database) == []
    assert set(view_names(database)) == PORTABLE
    assert select(database, "unattested_pins") == select(database, "provenance_status") == []
    query = f"SELECT * FROM {table(database, 'stale_projects')}"
    if database.name == "postgres":
        assert postgres.execute(database.into, query) == [(1,)]


def test_view_that_fails(database: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A view that the database refuses is one warning; the others are created."""
    broken = Query("broken", "Broken", "Works?", ("versions",), "SELECT nothing FROM versions", "a failure")
    with monkeypatch.context() as changed:
        fine = next(view for view in views() if view.name == "release_cadence")
        changed.setattr("source_pypi.destinations.views.views", lambda: (broken, fine))
        (warning,) = make_all(database)
    assert warning.startswith("the view broken was not created: ")
    assert "nothing" in warning
    assert "\n" not in warning
    assert set(view_names(database)) == {"release_cadence"}


def test_table_without_a_column(database: Place) -> None:
    """A table that lacks a column costs the views that read it, without a warning."""
    assert make_all(database) == []
    for name in ("dependents", "yanked_pins"):
        execute(database, [(f"DROP VIEW {table(database, name)}", [])])
    execute(database, [(f"ALTER TABLE {table(database, 'dependencies')} DROP COLUMN parse_error", [])])
    store = SqlStore(database.into)
    try:
        store.open()
        assert store.make_views() == []
    finally:
        store.close()
    assert set(view_names(database)) == PORTABLE - {"dependents"}
