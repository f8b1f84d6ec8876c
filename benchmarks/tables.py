"""Compare the tables of another loader with ours. Runs in a process of its own.

Usage
    ``python benchmarks/tables.py OURS THEIRS STREAM=TABLE...``: OURS is a DuckDB file, THEIRS one too, or an SQLite
    file. Prints as JSON the number of rows of each stream; exits with status 1 if the numbers or the files differ.

Loaders have different columns: rows are compared by number, files by name and size.
"""

import json
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

_Query = Callable[[str], list[Any]]


def opened(path: Path) -> _Query:
    """Return a function that runs queries on a file."""
    if path.suffix == ".sqlite":
        lite = sqlite3.connect(path)
        return lambda query: lite.execute(query).fetchall()
    connection = duckdb.connect(str(path), read_only=True)
    return lambda query: connection.execute(query).fetchall()


def count(ours: _Query, theirs: _Query, tables: dict[str, str]) -> dict[str, int]:
    """Return the number of rows of each stream."""
    counts = {}
    for stream, table in tables.items():
        numbers = [run(f"SELECT count(*) FROM {name}")[0][0] for run, name in ((ours, stream), (theirs, table))]
        if numbers[0] != numbers[1]:
            sys.exit(f"{stream}: {numbers[0]} rows, and {numbers[1]} in {table}")
        counts[stream] = numbers[0]
    files = [
        set(run(f"SELECT filename, size FROM {name}")) for run, name in ((ours, "files"), (theirs, tables["files"]))
    ]
    if files[0] != files[1]:
        sys.exit(f"other files, e.g. {next(iter(files[0] ^ files[1]))}")
    return counts


if __name__ == "__main__":
    named = dict(argument.split("=") for argument in sys.argv[3:])
    print(json.dumps(count(opened(Path(sys.argv[1])), opened(Path(sys.argv[2])), named)))
