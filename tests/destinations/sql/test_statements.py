"""destinations/sql/statements.py: which rows a package replaces, in the SQL that all databases share."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from source_pypi.destinations.duckdb.state import StateFile
from source_pypi.destinations.sql.statements import Statement, Statements
from source_pypi.destinations.store import LoadPackage, ReplaceScope, RunRow, StagedRows
from source_pypi.destinations.tables import RUN, STATE, Column, Table
from source_pypi.schema import INTEGER, TEXT

AT = datetime(2026, 11, 22, tzinfo=UTC)
TABLE = Table(
    "t",
    (Column("project", TEXT), Column("version", TEXT), Column("value", INTEGER)),
    "thing",
    partition_field="version",
)
BEFORE = [("a", "1", 1), ("a", "2", 1), ("b", "1", 1), ("b", "2", 1), ("c", "1", 1)]


@pytest.fixture
def file(tmp_path: Path) -> Iterator[StateFile]:
    """A database with a table of three projects."""
    file = StateFile(tmp_path / "x.duckdb")
    file.open()
    file.make([STATE, RUN, TABLE])
    file.connection.executemany("INSERT INTO t VALUES (?, ?, ?)", BEFORE)
    yield file
    file.close()


def replaced(file: StateFile, scope: ReplaceScope, rows: Statement | None) -> list[tuple[Any, ...]]:
    """The rows once those in scope are replaced."""
    staged = StagedRows(TABLE, scope=scope)
    file.hold_scope(LoadPackage(RunRow(2, "", None), [staged]))
    for statement in Statements(file.dialect).replace(staged, rows):
        file.execute(statement)
    return file.connection.execute("SELECT * FROM t ORDER BY ALL").fetchall()


@pytest.mark.parametrize(
    ("scope", "stay"),
    [
        (ReplaceScope(projects={"a": AT}), ["b1", "b2", "c1"]),
        (ReplaceScope(projects={"a": AT, "c": AT, "z": AT}), ["b1", "b2"]),
        (
            ReplaceScope(projects={"a": AT, "b": AT}, unchanged_partitions={"a": ("1",), "b": ("2", "9")}),
            ["a1", "b2", "c1"],
        ),
        (ReplaceScope(projects={"a": AT}, unchanged_partitions={"b": ("1",)}), ["b1", "b2", "c1"]),
        (ReplaceScope(whole=True, projects={"": AT}), []),
        (ReplaceScope(), ["a1", "a2", "b1", "b2", "c1"]),
    ],
    ids=["a project", "several", "unchanged partitions", "partitions of another", "all", "nothing"],
)
@pytest.mark.parametrize(
    "new", [None, Statement("SELECT 'new', '7', %s", [7])], ids=["without new rows", "with a new row"]
)
def test_rows_in_scope_are_replaced(
    file: StateFile, scope: ReplaceScope, stay: list[str], new: Statement | None
) -> None:
    """Rows in scope give way to new ones, or to none; all others stay."""
    expected = [(name[0], name[1], 1) for name in stay] + ([("new", "7", 7)] if new else [])
    assert replaced(file, scope, new) == expected


def test_unchanged_partitions_need_a_partition_field(file: StateFile) -> None:
    """In a table without partitions all rows of a project are replaced."""
    table = Table("t", TABLE.columns, "thing")
    staged = StagedRows(table, scope=ReplaceScope(projects={"a": AT}, unchanged_partitions={"a": ("1",)}))
    file.hold_scope(LoadPackage(RunRow(2, "", None), [staged]))
    for statement in Statements(file.dialect).replace(staged, None):
        file.execute(statement)
    assert file.connection.execute("SELECT DISTINCT project FROM t ORDER BY ALL").fetchall() == [("b",), ("c",)]
