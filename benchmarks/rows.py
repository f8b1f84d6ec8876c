"""Compare the rows of two commands; extract rows from RECORD messages. Runs in a process of its own.

Usage
    ``python benchmarks/rows.py same ONE OTHER``: RECORD lines of two files, in any order, without times.
    ``python benchmarks/rows.py keys ONE OTHER``: the same, but only the columns that both have.
    ``python benchmarks/rows.py rows ONE OTHER``: the same, but without a file's version, which OTHER lacks.
    ``python benchmarks/rows.py split LINES FOLDER``: ``FOLDER/<stream>.ndjson``, and their columns in ``columns.json``.
    ``python benchmarks/rows.py tables ONE OTHER``: the tables of two DuckDB files; ONE may have more of them.

The times ``emitted_at`` and ``seen_at`` depend on the run and are not compared.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

#: Characters of a row that is shown because the other side lacks it.
LONGEST_EXAMPLE = 1000
#: The compared columns of streams for which a tool makes fewer columns: the document, and a file's name and size.
SHARED = {
    "project": ("info", "releases", "last_serial", "ownership", "urls", "vulnerabilities"),
    "files": ("filename", "size"),
}
#: The columns that are not compared if a tool makes our columns: times, and what it cannot have.
LACKING = {"project": ("seen_at",), "files": ("seen_at", "version")}


def records(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield stream and row of every RECORD message."""
    with path.open("rb") as lines:
        for line in lines:
            message = json.loads(line)
            if message["type"] == "RECORD":
                yield message["record"]["stream"], message["record"]["data"]


def check_same(one: Path, other: Path) -> None:
    """Print the number of rows of each stream; exit with status 1 and examples if the rows of two files differ."""
    _compare(one, other, lambda stream, row: _without_own(row) | _timeless(row))


def check_keys(one: Path, other: Path) -> None:
    """Do the same for the columns that both files have, without nulls."""
    _compare(one, other, lambda stream, row: _full({key: row[key] for key in SHARED[stream]}))


def check_rows(one: Path, other: Path) -> None:
    """Do the same for whole rows, without nulls and without what the other cannot have."""
    _compare(one, other, lambda stream, row: _full({k: row[k] for k in _without_own(row) if k not in LACKING[stream]}))


def _compare(one: Path, other: Path, shown: Callable[[str, Any], Any]) -> None:
    left, right = _counted(one, shown), _counted(other, shown)
    if left != right:
        sides = ((one, left - right), (other, right - left))
        examples = [f"{path.name}: {_example(path, differing, shown)[:LONGEST_EXAMPLE]}" for path, differing in sides]
        sys.exit("\n".join(["the rows differ:", *examples]))
    print(json.dumps(Counter(stream for stream, _ in left.elements())))


def _counted(path: Path, shown: Callable[[str, Any], Any]) -> Counter[tuple[str, bytes]]:
    """The number of each row; a row is its stream and a digest of its JSON with sorted keys."""
    return Counter((stream, _digest(shown(stream, row))) for stream, row in records(path))


def _digest(row: Any) -> bytes:
    return blake2b(json.dumps(row, sort_keys=True).encode(), digest_size=16).digest()


def _example(path: Path, differing: Counter[tuple[str, bytes]], shown: Callable[[str, Any], Any]) -> str:
    """A row that the other side lacks."""
    rows = ((stream, shown(stream, row)) for stream, row in records(path))
    return next((f"{stream} {row}" for stream, row in rows if (stream, _digest(row)) in differing), "none")


def _without_own(row: dict[str, Any]) -> dict[str, Any]:
    """A row without what other programs do not have: from which document we made it, and when we first saw a file."""
    own = {"source": ("document", "page"), "first_seen_at": (None,)}
    return {key: value for key, value in row.items() if key not in own or value not in own[key]}


def _timeless(row: dict[str, Any]) -> dict[str, Any]:
    """A constant for the time at which a row was read, which differs between two commands."""
    return {"seen_at": "some time"} if row.get("seen_at") else {}


def _full(value: Any) -> Any:
    """A value without its nulls."""
    if isinstance(value, dict):
        return {key: _full(item) for key, item in value.items() if item is not None}
    return [_full(item) for item in value] if isinstance(value, list) else value


def split(lines: Path, folder: Path) -> None:
    """Write the rows of each stream to a file, without the envelope and otherwise unchanged."""
    from source_pypi.schema import duckdb_columns
    from source_pypi.streams import STREAMS

    folder.mkdir(exist_ok=True)
    begins = {f'{{"type":"RECORD","record":{{"stream":"{stream.name}","data":'.encode(): stream for stream in STREAMS}
    files = {stream.name: (folder / f"{stream.name}.ndjson").open("wb") for stream in STREAMS}
    with lines.open("rb") as source:
        for line in source:
            begin, data, rest = line.partition(b'"data":')
            if (stream := begins.get(begin + data)) is not None:
                files[stream.name].write(rest[: rest.rindex(b',"emitted_at":')] + b"\n")
    columns = {stream.name: duckdb_columns(stream) for stream in STREAMS if files[stream.name].tell()}
    for file in files.values():
        file.close()
    (folder / "columns.json").write_text(json.dumps(columns))


def check_tables(one: Path, other: Path) -> None:
    """Exit with status 1 if a table of ``other`` differs in ``one``, which may have more tables."""
    import duckdb

    connection = duckdb.connect()
    for name, path in (("one", one), ("other", other)):
        connection.execute(f"ATTACH '{path}' AS {name} (READ_ONLY)")
    described = "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE database_name = ? ORDER BY ALL"
    columns = {name: connection.execute(described, [name]).fetchall() for name in ("one", "other")}
    if missing := set(columns["other"]) - set(columns["one"]):
        sys.exit(f"{one.name} has no such columns: {missing}")
    for table in sorted({row[0] for row in columns["other"]}):
        compared = [column for name, column, _ in columns["other"] if name == table and column != "seen_at"]
        listed = ", ".join(f'"{column}"' for column in compared)
        left, right = (f"SELECT {listed} FROM {name}.{table}" for name in ("one", "other"))
        for here, there in ((left, right), (right, left)):
            if row := connection.execute(f"{here} EXCEPT ALL {there} LIMIT 1").fetchone():
                sys.exit(f"table {table} has different rows, e.g. {row}")


if __name__ == "__main__":
    {"same": check_same, "keys": check_keys, "rows": check_rows, "split": split, "tables": check_tables}[sys.argv[1]](
        Path(sys.argv[2]), Path(sys.argv[3])
    )
