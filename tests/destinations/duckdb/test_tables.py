"""destinations/duckdb/tables.py: tables, views and the rows of staged files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from source_pypi.destinations.duckdb.tables import (
    LONGEST_ROW,
    Catalog,
    make_table,
    make_views,
    quoted,
    rows_in,
    schema_in_query,
    text,
    use_schema,
)
from source_pypi.destinations.store import StagedRows
from source_pypi.destinations.tables import PINS, Column, Table, table_of
from source_pypi.schema import INTEGER, TEXT
from source_pypi.streams import choose_streams

TABLE = Table("t", (Column("project", TEXT), Column("version", TEXT), Column("value", INTEGER)), "thing")


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database."""
    with duckdb.connect(":memory:") as made:
        yield made


def rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    return connection.execute(query).fetchall()


def test_comments_tell_what_is_ours(connection: duckdb.DuckDBPyConnection) -> None:
    """A table of the default schema is ours if its comment says so; other schemas do not matter."""
    make_table(connection, TABLE, Catalog(connection))
    connection.execute("CREATE TABLE theirs (x INTEGER)")
    connection.execute("CREATE VIEW view_of_theirs AS SELECT 1 AS x")
    connection.execute("CREATE SCHEMA other")
    connection.execute("CREATE TABLE other.elsewhere (x INTEGER)")
    catalog = Catalog(connection)
    names = ("t", "theirs", "view_of_theirs", "elsewhere")
    assert [catalog.is_ours(name) for name in names] == [True, False, False, None]
    assert catalog.columns["t"] == dict.fromkeys(TABLE.names(), "")


def test_older_table_gets_columns_and_comments(connection: duckdb.DuckDBPyConnection) -> None:
    """An existing table keeps its rows, and gets the columns and comments that it lacks."""
    assert make_table(connection, Table("t", (Column("project", TEXT, "Its project."),), "thing"), Catalog(connection))
    connection.execute("INSERT INTO t VALUES ('a')")
    columns = (Column("project", TEXT, "The project."), Column("version", TEXT), Column("value", INTEGER, "Its value."))
    assert not make_table(connection, Table("t", columns, "better thing"), Catalog(connection))
    assert rows(connection, "SELECT * FROM t") == [("a", None, None)]
    assert rows(connection, "SELECT comment FROM duckdb_tables()") == [("A row is better thing.",)]
    query = "SELECT column_name, data_type, comment FROM duckdb_columns() WHERE table_name = 't'"
    assert rows(connection, query) == [
        ("project", "VARCHAR", "The project."),
        ("version", "VARCHAR", None),
        ("value", "BIGINT", "Its value."),
    ]


def test_views_are_made_once_their_tables_exist(connection: duckdb.DuckDBPyConnection) -> None:
    """A view is made once its tables exist, and made again in the next run; one of the user's stays."""
    catalog = Catalog(connection)
    for table in (PINS, *map(table_of, choose_streams(["files", "versions"]))):
        make_table(connection, table, catalog)
    connection.execute("CREATE VIEW latest_files AS SELECT 'mine' AS x")
    for _ in range(2):
        assert make_views(connection, Catalog(connection)) == []
    assert rows(connection, "SELECT * FROM latest_files") == [("mine",)]
    assert Catalog(connection).is_ours("release_cadence") is True
    assert Catalog(connection).is_ours("latest_files") is False
    assert Catalog(connection).is_ours("dependents") is None


def staged(path: Path, longest: int) -> StagedRows:
    """A file of rows."""
    return StagedRows(TABLE, [path], size=1, longest=longest)


def test_rows_have_the_columns_of_their_table(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Rows are read by the columns of their table: a missing key is null, a further one is left out."""
    path = tmp_path / "it's %s.ndjson"
    path.write_text('{"project":"a","version":"1","more":[1]}\n{"value":2,"project":"b"}\n')
    query = rows_in(staged(path, 99))
    found = connection.execute(query.sql.replace("%s", "?"), list(query.values)).fetchall()
    assert found == [("a", "1", None), ("b", None, 2)]


def test_row_may_be_as_long_as_the_longest(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """A row may be longer than DuckDB's default limit, up to the longest."""
    path, long = tmp_path / "rows.ndjson", "x" * (LONGEST_ROW + 1)
    path.write_text(f'{{"project":"{long}"}}\n')
    query = rows_in(staged(path, len(long) + 99))
    (row,) = connection.execute(query.sql.replace("%s", "?"), list(query.values)).fetchall()
    assert len(row[0]) == len(long)


def test_names_and_texts_are_quoted(connection: duckdb.DuckDBPyConnection) -> None:
    """Any name and any text can stand in a statement."""
    name, value = "a \"b\" 'c'; --", 'it\'s "so"; --\n\\'
    assert rows(connection, f"SELECT x.{quoted(name)} FROM (SELECT {text(value)} AS {quoted(name)}) AS x") == [(value,)]


@pytest.mark.parametrize(
    ("schema", "before_table"),
    [(None, ""), ("main", ""), ("Main", ""), ("a", "a."), ("memory", "memory.memory."), ("a.b", '"a.b".')],
)
def test_schema_in_use(connection: duckdb.DuckDBPyConnection, schema: str | None, before_table: str) -> None:
    """Tables are made in the schema in use, which other connections can use as well; a query names it."""
    statement = use_schema(connection, schema)
    make_table(connection, TABLE, Catalog(connection))
    connection.execute("INSERT INTO t VALUES ('a', '1', 1)")
    assert schema_in_query(connection) == before_table
    other = connection.cursor()
    other.execute(statement)
    for each, query in ((other, "SELECT * FROM t"), (connection.cursor(), f"SELECT * FROM {before_table}t")):
        assert rows(each, query) == [("a", "1", 1)]
