"""Tables as the model compares them: whole rows by key, by stream and project, whichever command wrote them."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from source_pypi.schema import SEEN_AT, duckdb_columns
from source_pypi.streams import STREAMS
from source_pypi.streams.stream import Stream
from source_pypi.sync.batch import Batch, lines_of
from source_pypi.sync.state import WHOLE_INDEX

Row = Mapping[str, Any]
#: The values of a row's key.
Key = tuple[Any, ...]
#: Rows of one stream and one project (``WHOLE_INDEX``: of a stream that is not of projects).
Rows = dict[Key, Row]
#: The rows of every stream and project.
Tables = dict[tuple[str, str], Rows]

BY_NAME: Mapping[str, Stream] = {stream.name: stream for stream in STREAMS}
#: Streams that are compared: all but statistics and feeds, which are read in full each time.
NAMES = tuple(stream.name for stream in STREAMS if stream.incremental and not stream.service)


def place_of(stream: Stream, row: Row) -> tuple[str, str]:
    """Return the stream and the project of a row."""
    return stream.name, row["project"] if stream.of_project else WHOLE_INDEX


def key_of(stream: Stream, row: Row) -> Key:
    """Return the values of a row's key."""
    return tuple(row[name] for name in stream.key)


def canonical(stream: Stream, row: Row) -> Row:
    """Return a row from JSON or DuckDB in one form: all columns but ``seen_at``."""
    columns = {name: type_ for name, type_ in duckdb_columns(stream).items() if name != SEEN_AT.name}
    return {name: _READ.get(type_, _unchanged)(row.get(name)) for name, type_ in columns.items()}


def _time(value: Any) -> Any:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _unchanged(value: Any) -> Any:
    return value


_READ: Mapping[str, Callable[[Any], Any]] = {"TIMESTAMPTZ": _time}


def from_database(stream: Stream, row: Row) -> Row:
    """Return a row of DuckDB with its JSON values decoded."""
    nested = {name for name, type_ in duckdb_columns(stream).items() if type_ == "JSON"}
    return {name: json.loads(value) if name in nested and value is not None else value for name, value in row.items()}


def add_rows(tables: Tables, stream: Stream, rows: Iterable[Row]) -> None:
    """Add rows, each with a key of its own."""
    for row in rows:
        there = tables.setdefault(place_of(stream, row), {})
        key = key_of(stream, row)
        assert key not in there, f"{stream.name} has two rows with the key {key}"
        there[key] = canonical(stream, row)


def tables_of(batches: Iterable[Batch]) -> Tables:
    """Return the rows of a full sync, with an entry for every stream and project that could be read."""
    tables: Tables = {}
    for batch in batches:
        for name in batch.changes:
            if name in NAMES:
                stream = BY_NAME[name]
                assert tables.setdefault((name, batch.project or WHOLE_INDEX), {}) == {}
                add_rows(tables, stream, map(json.loads, b"".join(lines_of(stream, batch)).splitlines()))
    return tables


def differences(found: Tables, expected: Tables) -> Iterator[str]:
    """Yield how tables differ, a line each; no rows and no entry are the same."""
    for place in sorted(found.keys() | expected.keys()):
        have, want = found.get(place, {}), expected.get(place, {})
        for key in sorted(have.keys() | want.keys(), key=str):
            if key not in want:
                yield f"{place} {key} should be deleted"
            elif key not in have:
                yield f"{place} {key} is missing"
            elif have[key] != want[key]:
                fields = [name for name in want[key] if have[key].get(name) != want[key][name]]
                changes = "; ".join(f"{name} is {have[key].get(name)!r}, not {want[key][name]!r}" for name in fields)
                yield f"{place} {key}: {changes[:600]}"
