"""The values of a column, in the types that data frames and Arrow take."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from source_pypi.schema import BOOLEAN, BYTES, INTEGER, JSON, NUMBER, TEXT, TEXTS, TIMESTAMP, ColumnType
from source_pypi.streams.stream import Stream

#: What the values of a column are in Python. Documents that are passed on whole may have others.
_PYTHON: dict[ColumnType, Any] = {
    TEXT: str,
    INTEGER: int,
    BOOLEAN: bool,
    TIMESTAMP: datetime,
    TEXTS: list,
    BYTES: bytes,
}


def values_of(stream: Stream, rows: Sequence[Any], name: str, type_: ColumnType) -> list[Any]:
    """Return the values of a column; nested values as JSON text, times in UTC.

    In documents that are passed on whole, a value of another type than the column's becomes None, as does a missing
    one.
    """
    if stream.raw:
        return [_of_document(row.get(name), type_) for row in rows]
    values = [getattr(row, name) for row in rows]
    return [None if value is None else _json(value) for value in values] if type_ is JSON else values


def _of_document(value: Any, type_: ColumnType) -> Any:
    if value is None or type_ is JSON:
        return None if value is None else _json(value)
    if type_ is TIMESTAMP and isinstance(value, str):
        value = _time(value)
    if type_ is TEXTS and isinstance(value, list) and not all(isinstance(one, str | None) for one in value):
        return None
    if type_ is INTEGER and (isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63):
        return None
    if type_ is NUMBER:
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    return value if isinstance(value, _PYTHON[type_]) else None


def _time(text: str) -> datetime | None:
    try:
        time = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        return None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
