"""Places to load into, and what is in them: rows as plain values, whatever the place makes of them."""

import json
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from source_pypi.schema import duckdb_columns
from source_pypi.streams.stream import Stream
from tests.warehouses import postgres

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Place:
    """A place.

    :ivar into: what ``--into`` is given.
    :ivar select: the rows of a table, or of one with this query in its place.
    :ivar tables: the names of the tables that there are.
    """

    name: str
    into: str
    select: Callable[[str], list[dict[str, Any]]]
    tables: Callable[[], set[str]]

    def rows(self, stream: Stream, table: str = "") -> Rows:
        """The rows of a stream's table, or of another one with such columns."""
        kinds = duckdb_columns(stream)
        found = self.select(table or stream.name)
        return [{name: plain(value, kinds.get(name, "")) for name, value in row.items()} for row in found]


def plain(value: Any, kind: str) -> Any:
    """A value as Python has it."""
    if value is None:
        return None
    if kind in ("JSON", "VARCHAR[]"):
        return json.loads(value, parse_int=_number) if isinstance(value, str) else value
    if kind == "BOOLEAN":
        return bool(value)
    if kind == "TIMESTAMPTZ":
        time_of = datetime.fromisoformat(value) if isinstance(value, str) else value
        return time_of.replace(tzinfo=UTC) if time_of.tzinfo is None else time_of.astimezone(UTC)
    return value


def _number(digits: str) -> int | float:
    """An integer of JSON; beyond the limit of Python's integers it is a float."""
    return int(digits) if len(digits) < 4000 else float(digits)


def in_order(rows: Iterable[dict[str, Any]]) -> Rows:
    """Rows without the time of their visit, in an order of their own."""
    seen = [{name: value for name, value in row.items() if name != "seen_at"} for row in rows]
    return sorted(seen, key=lambda row: json.dumps(row, sort_keys=True, default=str))


def in_postgres(server: str, database: str) -> Place:
    """A database of a server, which is made anew."""
    postgres.execute(f"{server}/postgres", f'DROP DATABASE IF EXISTS "{database}"')
    postgres.execute(f"{server}/postgres", f'CREATE DATABASE "{database}"')
    address = f"{server}/{database}"

    def select(table: str) -> Rows:
        query = f"SELECT to_jsonb(t) - '_digest' FROM pypi_data.{table} AS t"
        return [row for (row,) in postgres.execute(address, query)]

    def tables() -> set[str]:
        query = (
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_schema = 'pypi_data' AND table_type = 'BASE TABLE'"
        )
        return {name for (name,) in postgres.execute(address, query)}

    return Place("postgres", address, select, tables)


def in_sqlite(path: Path) -> Place:
    """An SQLite file."""

    def select(table: str) -> Rows:
        with closing(sqlite3.connect(path)) as connection:
            cursor = connection.execute(f"SELECT * FROM {table}")
            names = [column[0] for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor]
            return [{name: value for name, value in row.items() if name != "_digest"} for row in rows]

    def tables() -> set[str]:
        with closing(sqlite3.connect(path)) as connection:
            return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}

    return Place("sqlite", f"sqlite:///{path}", select, tables)


def in_folder(path: Path) -> Place:
    """A folder of Parquet files."""

    def select(table: str) -> Rows:
        rows: Rows = pq.read_table(path / table).to_pylist()
        return rows

    def tables() -> set[str]:
        return {file.parent.name for file in path.glob("*/*.parquet")}

    return Place("parquet", f"{path}/", select, tables)
