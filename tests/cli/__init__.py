"""Tests of the command line, and what they share."""

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import duckdb

Run = Callable[..., subprocess.CompletedProcess[str]]


def suggested_query(output: str) -> str:
    """Return the query that a sync suggests: in its command, or as it is."""
    suggested = next(line for line in output.splitlines() if line.startswith("try: ")).removeprefix("try: ")
    return shlex.split(suggested)[2] if suggested.startswith("source-pypi query ") else suggested


def suggested_command(output: str) -> list[str]:
    """Return the arguments of the first command that a sync suggests."""
    suggested = next(line for line in output.splitlines() if line.startswith("try: source-pypi "))
    return shlex.split(suggested)[2:]


def count_rows(path: Path, table: str) -> int:
    """Return the number of rows of a table in a DuckDB file."""
    with duckdb.connect(str(path), read_only=True) as connection:
        ((rows,),) = connection.execute(f"select count(*) from {table}").fetchall()
    return int(rows)
