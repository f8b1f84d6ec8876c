"""destinations/duckdb/tables.py: tables of a DuckDB file, and the rows that are replaced in them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from packaging.utils import NormalizedName

from source_pypi.destinations.duckdb.tables import (
    LONGEST_ROW,
    Catalog,
    ReplaceScope,
    make_scope,
    make_stream_table,
    make_table,
    make_views,
    note_selection,
    quoted,
    replace_rows,
    rows_in,
    text,
    there,
)
from source_pypi.errors import DestinationError
from source_pypi.selection import SelectedProject
from source_pypi.streams import choose_streams

AT = datetime(2026, 11, 22, tzinfo=UTC)
PATH = Path("x.duckdb")
COLUMNS = {"project": "VARCHAR", "version": "VARCHAR", "value": "INTEGER"}
FILES, RELEASE = choose_streams(["files", "release"])


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database."""
    with duckdb.connect(":memory:") as made:
        yield made


def rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    """What a query gives."""
    return connection.execute(query).fetchall()


def test_there(connection: duckdb.DuckDBPyConnection) -> None:
    """What is in the default schema is ours if its comment says so; other schemas do not matter."""
    make_table(connection, "ours", COLUMNS, "thing.", PATH)
    connection.execute("CREATE TABLE theirs (x INTEGER)")
    connection.execute("CREATE VIEW view_of_theirs AS SELECT 1 AS x")
    connection.execute("CREATE SCHEMA other")
    connection.execute("CREATE TABLE other.elsewhere (x INTEGER)")
    assert there(connection) == {"ours": True, "theirs": False, "view_of_theirs": False}
    catalog = Catalog(connection)
    assert (catalog.ours, catalog.columns["ours"]) == (there(connection), dict.fromkeys(COLUMNS, ""))


def test_a_table_is_made_once(connection: duckdb.DuckDBPyConnection) -> None:
    """A table is made where there is none; an older one keeps its rows, and gets the columns and words it lacks."""
    assert make_table(connection, "t", {"project": "VARCHAR"}, "thing.", PATH, described={"project": "Its project."})
    connection.execute("INSERT INTO t VALUES ('a')")
    meant = {"project": "Its project, rather.", "value": "Its value."}
    assert not make_table(connection, "t", COLUMNS, "better thing.", PATH, described=meant)
    assert rows(connection, "SELECT * FROM t") == [("a", None, None)]
    assert rows(connection, "SELECT comment FROM duckdb_tables()") == [("A row is better thing.",)]
    columns = "SELECT column_name, data_type, comment FROM duckdb_columns() WHERE table_name = 't'"
    assert rows(connection, columns) == [
        ("project", "VARCHAR", "Its project, rather."),
        ("version", "VARCHAR", None),
        ("value", "INTEGER", "Its value."),
    ]


@pytest.mark.parametrize("statement", ["CREATE TABLE files (x INTEGER)", "CREATE VIEW files AS SELECT 1 AS x"])
def test_what_is_not_ours(connection: duckdb.DuckDBPyConnection, statement: str) -> None:
    """A table or view of the same name that is not ours is an error, and stays."""
    connection.execute(statement)
    before = there(connection)
    with pytest.raises(DestinationError) as caught:
        make_stream_table(connection, FILES, PATH)
    assert str(caught.value) == (
        "cannot write x.duckdb: it has a table or view 'files' that is not ours; name another file with --into"
    )
    assert there(connection) == before


def test_selection(connection: duckdb.DuckDBPyConnection) -> None:
    """What was named last is kept, a row a pin; what was named before that is not."""
    note_selection(connection, [SelectedProject(NormalizedName("old"))], PATH)
    named = [SelectedProject(NormalizedName("a")), SelectedProject(NormalizedName("b"), ("1.0", "2.0"), unpinned=False)]
    note_selection(connection, named, PATH)
    assert rows(connection, "SELECT project, pin FROM _selection") == [("a", None), ("b", "1.0"), ("b", "2.0")]
    assert rows(connection, "SELECT count(*) FROM _selection WHERE (pin IS NULL) = (sort_key IS NULL)") == [(3,)]
    note_selection(connection, [], PATH)
    assert rows(connection, "SELECT * FROM _selection") == []


def test_views(connection: duckdb.DuckDBPyConnection) -> None:
    """A view is made once its tables are there, and made again in the next run; one of the user's stays."""
    note_selection(connection, [], PATH)
    for stream in choose_streams(["files", "versions"]):
        make_stream_table(connection, stream, PATH)
    connection.execute("CREATE VIEW latest_files AS SELECT 'mine' AS x")
    make_views(connection)
    make_views(connection)
    assert rows(connection, "SELECT * FROM latest_files") == [("mine",)]
    assert there(connection).get("release_cadence") is True
    assert there(connection)["latest_files"] is False


# What is replaced ---------------------------------------------------------------------------------------------

BEFORE = [("a", "1", 1), ("a", "2", 1), ("b", "1", 1), ("b", "2", 1), ("c", "1", 1)]


@pytest.fixture
def table(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A database with a table of three projects."""
    make_table(connection, "t", COLUMNS, "thing.", PATH)
    connection.executemany("INSERT INTO t VALUES (?, ?, ?)", BEFORE)
    return connection


@pytest.mark.parametrize(
    ("scope", "stay"),
    [
        (ReplaceScope(projects={"a": AT}), ["b1", "b2", "c1"]),
        (ReplaceScope(projects={"a": AT, "c": AT, "z": AT}), ["b1", "b2"]),
        (
            ReplaceScope(
                projects={"a": AT, "b": AT}, unchanged_partitions={"a": ("1",), "b": ("2", "9")}, part="version"
            ),
            ["a1", "b2", "c1"],
        ),
        (ReplaceScope(projects={"a": AT}, unchanged_partitions={"b": ("1",)}, part="version"), ["b1", "b2", "c1"]),
        (ReplaceScope(projects={"a": AT}, part="version"), ["b1", "b2", "c1"]),
        (ReplaceScope(whole=True, projects={"": AT}), []),
        (ReplaceScope(), ["a1", "a2", "b1", "b2", "c1"]),
    ],
    ids=["a project", "several", "parts kept", "parts of another", "no part kept", "all", "nothing"],
)
@pytest.mark.parametrize("new", [None, "SELECT 'new' AS project, '7' AS version, 7 AS value"], ids=["none", "one"])
def test_replaced(table: duckdb.DuckDBPyConnection, scope: ReplaceScope, stay: list[str], new: str | None) -> None:
    """Rows in scope give way to new ones, or to none; all others stay."""
    make_scope(table, scope)
    replace_rows(table, "t", COLUMNS, scope, new)
    expected = [(name[0], name[1], 1) for name in stay] + ([("new", "7", 7)] if new else [])
    assert rows(table, "SELECT * FROM t ORDER BY ALL") == expected


def test_rows_in_a_file(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Rows are read from a file by the columns that a table has: what is missing is null, what is more is left out."""
    path = tmp_path / "it's.ndjson"
    path.write_text('{"project":"a","version":"1","more":[1]}\n{"value":2,"project":"b"}\n')
    assert rows(connection, rows_in(path, COLUMNS, 99)) == [("a", "1", None), ("b", None, 2)]


def test_a_long_row_in_a_file(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """A row may be as long as the longest is said to be."""
    path, long = tmp_path / "rows.ndjson", "x" * (LONGEST_ROW + 1)
    path.write_text(f'{{"project":"{long}"}}\n')
    assert rows(connection, f"SELECT length(project) FROM ({rows_in(path, COLUMNS, len(long) + 99)})") == [(len(long),)]


def test_names_and_texts(connection: duckdb.DuckDBPyConnection) -> None:
    """Any name and any text can stand in a statement."""
    name, value = "a \"b\" 'c'; --", 'it\'s "so"; --\n\\'
    assert rows(connection, f"SELECT x.{quoted(name)} FROM (SELECT {text(value)} AS {quoted(name)}) AS x") == [(value,)]
