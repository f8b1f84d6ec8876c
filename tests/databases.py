"""DuckDB files, as a user opens them: for tests of what was loaded."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb


@contextmanager
def opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB file for reading, with times in UTC."""
    connection = duckdb.connect(str(path), read_only=True)
    connection.execute("SET TimeZone = 'UTC'")
    try:
        yield connection
    finally:
        connection.close()


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query on a DuckDB file."""
    with opened(path) as connection:
        return connection.execute(query).fetchall()
