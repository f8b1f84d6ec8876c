"""Small databases for the report, with the tables and rows that a test needs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

#: By name, a query that returns a table's rows, or its columns and rows.
Tables = Mapping[str, str | tuple[str, Sequence[Sequence[Any]]]]


def make_database(path: Path, tables: Tables) -> Path:
    """Make a DuckDB file as ``sync`` leaves it, with the table ``_run`` and others."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("CREATE TABLE _run AS SELECT 2 AS version, 'http://127.0.0.1:8080/' AS \"index\"")
        for name, content in tables.items():
            if isinstance(content, str):
                connection.execute(f"CREATE TABLE {name} AS {content}")
                continue
            columns, rows = content
            connection.execute(f"CREATE TABLE {name} ({columns})")
            for row in rows:
                connection.execute(f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", list(row))
    return path


PINS = (
    "position INTEGER, project TEXT, specifier TEXT, pinned_version TEXT, extras TEXT[], marker TEXT, file TEXT, "
    "line INTEGER, named_index TEXT, version TEXT, sort_key TEXT, not_read TEXT"
)


def pin(position: int, project: str, version: str | None, not_read: str | None = None) -> tuple[Any, ...]:
    """A row of ``pins``, from ``requirements.txt``."""
    return (
        position,
        project,
        None,
        version,
        None,
        None,
        "requirements.txt",
        position + 1,
        None,
        version,
        version,
        not_read,
    )
