"""Tables, as stores make them: of each stream its table and, where one is kept, its history's."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import pyarrow as pa
from msgspec import Raw

from source_pypi.schema import SEEN_AT, duckdb_columns, table_fields
from source_pypi.selection import SelectedProject
from source_pypi.services.index.documents import plain
from source_pypi.standards.versions import sort_key
from source_pypi.streams.stream import Stream

#: The types of columns, by the names that ``schema.py`` gives them.
Kind = str
VALID_FROM, VALID_TO, DIGEST = "valid_from", "valid_to", "_digest"
_TEXTS = "VARCHAR[]"
_ARROW: dict[Kind, pa.DataType] = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "TIMESTAMPTZ": pa.timestamp("us", "UTC"),
    "JSON": pa.string(),
    _TEXTS: pa.list_(pa.string()),
}
_DECODERS: dict[Kind, msgspec.json.Decoder[Any]] = {
    "VARCHAR": msgspec.json.Decoder(str),
    "BIGINT": msgspec.json.Decoder(int),
    "DOUBLE": msgspec.json.Decoder(float),
    "BOOLEAN": msgspec.json.Decoder(bool),
    "TIMESTAMPTZ": msgspec.json.Decoder(datetime),
    _TEXTS: msgspec.json.Decoder(list[str | None]),
}
_ROW = msgspec.json.Decoder(dict[str, Raw])
_NULL = b"null"
_NUL_IN_JSON = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, its type, and what it tells."""

    name: str
    kind: Kind
    description: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    :ivar part: the column that tells which part of a project's rows a row is of; None: they have but one.
    :ivar history: whether it has one beside it.
    """

    name: str
    columns: tuple[Column, ...]
    description: str
    part: str | None = None
    history: bool = False

    def with_history(self) -> "Iterator[Table]":
        """The table, and its history's."""
        yield self
        if self.history:
            state = tuple(column for column in self.columns if column.name != SEEN_AT.name)
            described = f"a state that a row of {self.name} had for a time"
            yield Table(f"{self.name}_history", (*state, *_VALIDITY), described)


_VALIDITY = (
    Column(VALID_FROM, "TIMESTAMPTZ", "Time of the visit that found the row like this."),
    Column(VALID_TO, "TIMESTAMPTZ", "Time of the visit that found it changed or gone. Null: it still holds."),
    Column(DIGEST, "VARCHAR", "Digest of the row: what tells two states of it apart."),
)
#: What was named in the last sync.
SELECTION = Table(
    "_selection",
    (
        Column("project", "VARCHAR", "The project's normalised name (PEP 503)."),
        Column("pin", "VARCHAR", "A version that was asked for. Null: none."),
        Column("sort_key", "VARCHAR", "The pin's, as in versions."),
    ),
    "a project, and perhaps a version, named in the last sync",
)


def table_of(stream: Stream, *, history: bool = False) -> Table:
    """The table of a stream; what tells of the moment only has no history."""
    described = {field.name: field.description for field in table_fields(stream)}
    columns = tuple(Column(name, kind, described[name]) for name, kind in duckdb_columns(stream).items())
    key = f" (key: {', '.join(stream.key)})" if stream.key else ""
    return Table(stream.name, columns, f"{stream.row}{key}", stream.partition_field, history and stream.incremental)


def is_history(table: Table) -> bool:
    """Whether a table holds the history of another."""
    return table.columns[-1].name == DIGEST


def arrow_schema(columns: Iterable[Column], *, lists: bool) -> pa.Schema:
    """The columns as Arrow has them; where a destination has no ``lists``, they are JSON, as all that is nested is."""
    return pa.schema(
        pa.field(
            column.name,
            _ARROW["JSON"] if column.kind == _TEXTS and not lists else _ARROW[column.kind],
            metadata={"description": column.description},
        )
        for column in columns
    )


def arrow_rows(table: Table, lines: Sequence[bytes], seen_at: datetime, *, lists: bool) -> pa.RecordBatch:
    """Rows, each as JSON, as columns; a value that is not of its column's type is null."""
    rows = [_ROW.decode(line) for line in lines]
    schema = arrow_schema(table.columns, lists=lists)
    arrays = []
    for column, field in zip(table.columns, schema, strict=True):
        if column.name == SEEN_AT.name:
            values: list[Any] = [seen_at] * len(rows)
        else:
            kind = "JSON" if column.kind == _TEXTS and not lists else column.kind
            values = [_value(row, column.name, kind) for row in rows]
            if not lists and field.type == pa.string():
                values = [without_nul(value, json=kind == "JSON") for value in values]
        arrays.append(pa.array(values, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _value(row: Mapping[str, Raw], name: str, kind: Kind) -> Any:
    """A cell's value, out of the JSON that it was."""
    raw = bytes(row.get(name, _NULL))
    if raw == _NULL:
        return None
    if kind == "JSON":
        return _json(raw)
    try:
        return _DECODERS[kind].decode(raw)
    except msgspec.ValidationError:
        return None


def _json(raw: bytes) -> str:
    """JSON as destinations can hold it: to some, a number beyond a double's range is an error."""
    try:
        msgspec.json.decode(raw)
    except msgspec.DecodeError:
        raw = msgspec.json.encode(plain(raw))
    return raw.decode()


def without_nul(text: str | None, *, json: bool) -> str | None:
    """A text as all databases can hold it: many have no NUL; U+FFFD stands for it then."""
    if text is None:
        return None
    return _NUL_IN_JSON.sub(r"\1\\ufffd", text) if json and r"\u0000" in text else text.replace("\x00", "\ufffd")


def selection_rows(targets: Iterable[SelectedProject]) -> pa.RecordBatch:
    """The rows of ``_selection``."""
    named = [(target.project, pin, pin and sort_key(pin)) for target in targets for pin in target.pins or (None,)]
    schema = arrow_schema(SELECTION.columns, lists=False)
    rows = pa.RecordBatch.from_pylist([dict(zip(schema.names, row, strict=True)) for row in named], schema)
    return rows.append_column(DIGEST, pa.array([""] * len(named), pa.string()))
