"""Whether the tables of another loader have the rows of ours. Runs in a process of its own.

Usage
    ``python benchmarks/tables.py OURS THEIRS STREAM=TABLE...``: OURS is a DuckDB file, THEIRS one too, or an SQLite
    file. Prints as JSON how many rows each stream has; ends with status 1 when they are not as many, or other files.

Columns differ from loader to loader, so that rows are compared by number, and files by name and size.
"""

import json
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

_Ask = Callable[[str], list[Any]]


def opened(path: Path) -> _Ask:
    """What answers queries."""
    if path.suffix == ".sqlite":
        lite = sqlite3.connect(path)
        return lambda query: lite.execute(query).fetchall()
    connection = duckdb.connect(str(path), read_only=True)
    return lambda query: connection.execute(query).fetchall()


def count(ours: _Ask, theirs: _Ask, tables: dict[str, str]) -> dict[str, int]:
    """Rows of each stream."""
    counts = {}
    for stream, table in tables.items():
        numbers = [ask(f"SELECT count(*) FROM {name}")[0][0] for ask, name in ((ours, stream), (theirs, table))]
        if numbers[0] != numbers[1]:
            sys.exit(f"{stream}: {numbers[0]} rows, and {numbers[1]} in {table}")
        counts[stream] = numbers[0]
    files = [
        set(ask(f"SELECT filename, size FROM {name}")) for ask, name in ((ours, "files"), (theirs, tables["files"]))
    ]
    if files[0] != files[1]:
        sys.exit(f"other files, e.g. {next(iter(files[0] ^ files[1]))}")
    return counts


if __name__ == "__main__":
    named = dict(argument.split("=") for argument in sys.argv[3:])
    print(json.dumps(count(opened(Path(sys.argv[1])), opened(Path(sys.argv[2])), named)))
