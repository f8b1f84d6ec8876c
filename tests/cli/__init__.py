"""Tests of the command line, and what they share."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import duckdb

Run = Callable[..., subprocess.CompletedProcess[str]]


def count_rows(path: Path, table: str) -> int:
    """Return the number of rows of a table in a DuckDB file."""
    with duckdb.connect(str(path), read_only=True) as connection:
        ((rows,),) = connection.execute(f"select count(*) from {table}").fetchall()
    return int(rows)
