"""Staged rows as Arrow tables, which dlt loads."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Raw

from source_pypi.destinations.sql.statements import LOAD_COLUMN
from source_pypi.destinations.store import StagedRows
from source_pypi.destinations.tables import Column, Table
from source_pypi.schema import BYTES, JSON, SEEN_AT, TEXT, ColumnType, arrow_type
from source_pypi.services.index.documents import plain

if TYPE_CHECKING:
    import pyarrow as pa

#: The digest of a row without ``seen_at``, in hexadecimal. Two states of a row have different digests.
DIGEST = Column("_digest", TEXT, "Digest of the row. It changes when the row does.")
#: How the names of tables begin in which rows are staged.
STAGED = "_new_"
#: Rows that are converted at once.
SLICE = 10_000
_ROW = msgspec.json.Decoder(dict[str, Raw])
_NULL = b"null"
_SEEN_AT = b',"%s":' % SEEN_AT.name.encode()
_NUL_IN_JSON = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def staging_table(table: Table) -> Table:
    """The table in which rows of another are staged."""
    columns = (*table.columns, DIGEST, LOAD_COLUMN)
    return Table(staging_name_of(table.name), columns, f"a row of {table.name} that is being loaded")


def staging_name_of(table: str) -> str:
    """The name of the table in which rows of another are staged; dlt makes one of two underscores in it."""
    return f"{STAGED}{table.lstrip('_')}"


def staged_rows(staged: StagedRows, load: str) -> "pa.Table":
    """The rows of a staging table; a value that has not its column's type is null."""
    import pyarrow as pa

    slices = []
    for path in staged.paths:
        with path.open("rb") as file:
            slices += [_slice(staged.table, lines, load) for lines in iter(lambda: list(islice(file, SLICE)), [])]
    return pa.Table.from_batches(slices).combine_chunks()


def table_rows(table: Table, rows: Iterable[Sequence[Any]]) -> "pa.Table":
    """Rows whose values are Python's, in the order of the columns, as an Arrow table."""
    import pyarrow as pa

    schema = _schema(table.columns)
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema)


def _slice(table: Table, lines: Sequence[bytes], load: str) -> "pa.RecordBatch":
    import pyarrow as pa

    rows, schema = [_ROW.decode(line) for line in lines], _schema(staging_table(table).columns)
    values = [[_value(row, column) for row in rows] for column in table.columns]
    columns = [*values, [_digest(line) for line in lines], [load] * len(lines)]
    arrays = [pa.array(one, field.type) for one, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _schema(columns: Iterable[Column]) -> Any:
    """The columns in Arrow: nested values are JSON."""
    import pyarrow as pa

    types = ((column, TEXT if _is_json(column.type) or column.type is BYTES else column.type) for column in columns)
    return pa.schema(
        pa.field(column.name, arrow_type(type_), metadata={"description": column.description})
        for column, type_ in types
    )


def _digest(line: bytes) -> str:
    row, mark, _ = line.rstrip(b"\n").rpartition(_SEEN_AT)
    return blake2b(row + b"}" if mark else line, digest_size=16).hexdigest()


def _is_json(type_: ColumnType) -> bool:
    return type_.dlt == JSON.dlt


@cache
def _decoder(python: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(python)


def _value(row: Mapping[str, Raw], column: Column) -> Any:
    """The value of a cell, from its JSON."""
    raw = bytes(row.get(column.name, _NULL))
    if raw == _NULL:
        return None
    if _is_json(column.type):
        return without_nul(_json(raw), json=True)
    try:
        value = _decoder(column.type.python).decode(raw)
    except msgspec.ValidationError:
        return None
    return without_nul(value, json=False) if column.type is TEXT else value


def _json(raw: bytes) -> str:
    """JSON that destinations can hold: to some, a number beyond a double's range is an error."""
    try:
        msgspec.json.decode(raw)
    except msgspec.DecodeError:
        raw = msgspec.json.encode(plain(raw))
    return raw.decode()


def without_nul(text: str, *, json: bool) -> str:
    """A text that all databases can hold: many have no NUL, so U+FFFD stands for it."""
    return _NUL_IN_JSON.sub(r"\1\\ufffd", text) if json and r"\u0000" in text else text.replace("\x00", "\ufffd")
