"""queries/views: what each view says of small tables, in DuckDB."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from source_pypi.destinations.tables import RUN_TABLES, table_of
from source_pypi.queries import views
from source_pypi.standards.versions import sort_key
from source_pypi.streams import STREAMS
from tests.queries.cases import CASES, PYTHONS, SPECIFIERS, Case, Rows, counted, days_since_now, release

TABLES = (*RUN_TABLES, *map(table_of, STREAMS))
BY_NAME = {view.name: view for view in views()}


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with all tables, empty, and all views."""
    with duckdb.connect(":memory:") as made:
        made.execute("SET TimeZone = 'America/New_York'")
        for table in TABLES:
            columns = ", ".join(f'"{column.name}" {column.type.duckdb}' for column in table.columns)
            made.execute(f'CREATE TABLE "{table.name}" ({columns})')
        for view in BY_NAME.values():
            made.execute(f'CREATE VIEW "{view.name}" AS {view.sql}')
        yield made


def insert(connection: duckdb.DuckDBPyConnection, tables: dict[str, Rows]) -> None:
    """Insert rows into tables."""
    for name, rows in tables.items():
        for row in rows:
            columns, marks = ", ".join(f'"{column}"' for column in row), ", ".join("?" for _ in row)
            connection.execute(f'INSERT INTO "{name}" ({columns}) VALUES ({marks})', list(row.values()))


def in_order(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows in an order of their own."""
    return sorted(rows, key=repr)


def found(connection: duckdb.DuckDBPyConnection, view: str) -> list[tuple[Any, ...]]:
    """The rows of a view; fractions of days until the present as of ``NOW``."""
    connection.execute("SET TimeZone = 'UTC'")
    query = f'SELECT * FROM "{view}"'
    if view == "release_cadence":
        value = f"round(days_since_last - {days_since_now()}, 2)"
        query = f"SELECT * REPLACE ({value} AS days_since_last) FROM {view}"
    return in_order(connection.execute(query).fetchall())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.view)
def test_view(connection: duckdb.DuckDBPyConnection, case: Case) -> None:
    """Every view says what its comment promises of small tables with nulls, ranges and pre-releases."""
    insert(connection, case.tables)
    assert found(connection, case.view) == in_order(case.expected)


@pytest.mark.parametrize("view", BY_NAME)
def test_view_of_empty_tables(connection: duckdb.DuckDBPyConnection, view: str) -> None:
    """A view of empty tables is empty."""
    assert found(connection, view) == []


def test_needs_are_what_a_view_reads(connection: duckdb.DuckDBPyConnection) -> None:
    """A view names exactly the tables and views that it reads."""
    for view in BY_NAME.values():
        ((tree,),) = connection.execute("SELECT json_serialize_sql(?)", [view.sql]).fetchall()
        assert set(tables_in(json.loads(tree))) == set(view.needs), view.name


def tables_in(tree: Any) -> Iterator[str]:
    """The tables that a parsed statement names, but for its own common table expressions."""
    if isinstance(tree, list):
        for one in tree:
            yield from tables_in(one)
    elif isinstance(tree, dict):
        own = {entry["key"] for entry in tree.get("cte_map", {}).get("map", ())}
        if tree.get("type") == "BASE_TABLE":
            yield tree["table_name"]
        yield from (name for one in tree.values() for name in tables_in(one) if name not in own)


def test_every_case_has_a_view() -> None:
    """Every view but those of other tests has a case."""
    assert {case.view for case in CASES} | {"latest_files", "download_incidents"} == set(BY_NAME)


def test_explained_columns_exist(connection: duckdb.DuckDBPyConnection) -> None:
    """A column that a file explains is one of its view."""
    for view in BY_NAME.values():
        columns = [name for name, *_ in connection.execute(f'DESCRIBE "{view.name}"').fetchall()]
        assert [name for name in columns if name in view.columns] == list(view.columns), view.name


def test_latest_files(connection: duckdb.DuckDBPyConnection) -> None:
    """Latest files are those of the release that the index chose, with all their columns."""
    versions = [release("a", "1.0"), release("a", "2.0", is_latest=True), release("b", "1.0", is_latest=True)]
    files = [
        {"project": project, "version": version, "filename": f"{project}-{version}"}
        for project, version in (("a", "1.0"), ("a", "2.0"), ("b", "1.0"), ("c", "1.0"))
    ]
    insert(connection, {"versions": versions, "files": files})
    connection.execute("CREATE TABLE expected AS FROM files WHERE filename IN ('a-2.0', 'b-1.0')")
    assert found(connection, "latest_files") == found(connection, "expected")


def test_download_incidents(connection: duckdb.DuckDBPyConnection) -> None:
    """Incidents are days with a source each, in order; the change of the counting is the one of the column counting."""
    insert(connection, {"downloads": [counted("a", "2026-08-23", 1), counted("a", "2026-08-24", 1)]})
    rows = connection.execute("FROM download_incidents").fetchall()
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    assert all(what and reference for *_, what, reference in rows)
    assert {kind for _, _, _, kind, _, _ in rows} == {
        "missing",
        "too low",
        "too high",
        "repaired",
        "late",
        "definition",
    }
    query = "SELECT min(day) FROM downloads WHERE counting = 'artifacts'"
    change = [first for first, _, _, kind, _, _ in rows if kind == "definition"]
    assert change == [day for (day,) in connection.execute(query).fetchall()]


def admitted(specifier: str, python: str) -> bool | None:
    """Whether a specifier admits the newest micro release of a Python version; None: it is not valid."""
    try:
        return SpecifierSet(specifier).contains(f"{python}.1000000", prereleases=True)
    except InvalidSpecifier:
        return None


def test_python_support_judges_as_packaging(connection: duckdb.DuckDBPyConnection) -> None:
    """A specifier admits a version of Python if ``packaging`` admits a micro release of it that is not yet out."""
    versions = [release(specifier, "1", is_latest=True, requires_python=specifier) for specifier in SPECIFIERS]
    insert(connection, {"versions": versions})
    rows = connection.execute("SELECT project, python, admitted FROM python_support").fetchall()
    expected = [(one, python, admitted(one, python)) for one in SPECIFIERS for python in PYTHONS]
    assert in_order(rows) == in_order(expected)


def test_documented_query(connection: duckdb.DuckDBPyConnection) -> None:
    """The query in docs/views.md lists the requirements that refuse the latest release of what they require."""
    page = (Path(__file__).parents[2] / "docs" / "views.md").read_text("utf-8")
    _, query = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    row = {"project": "a", "version": "1.0"}
    clauses = [
        {**row, "position": 0, "clause": 0, "name": "b", **interval(None, "2"), "excluded": False},
        {**row, "position": 1, "clause": 0, "name": "c", **interval("1", None), "excluded": False},
        {**row, "position": 2, "clause": 0, "name": "d", **interval("2.0", "2.0.post0"), "excluded": True},
        {**row, "position": 3, "clause": 0, "name": "e", **interval(None, None), "excluded": None},
    ]
    versions = [release(name, "2.0", is_latest=True) for name in "bcde"]
    insert(connection, {"dependency_clauses": clauses, "versions": [*versions, release("c", "0.5")]})
    assert in_order(connection.execute(query).fetchall()) == [("a", "1.0", "b", "2.0"), ("a", "1.0", "d", "2.0")]


def interval(lower: str | None, upper: str | None) -> dict[str, str | None]:
    """The bounds of a clause."""
    return {"lower_sort_key": lower and sort_key(lower), "upper_sort_key": upper and sort_key(upper)}
