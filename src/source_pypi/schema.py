"""The only mapping of types: from a record's fields to JSON Schema and to the columns of a table."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Struct

from source_pypi.fields import Field, bare, describe, fields_of, without_none
from source_pypi.streams import DEFAULT

if TYPE_CHECKING:
    from source_pypi.streams.stream import Stream


class ColumnType(Struct, frozen=True):
    """A type of column, as each system names it.

    :ivar json: in JSON Schema.
    :ivar duckdb: in DuckDB.
    :ivar arrow: in Arrow.
    :ivar spark: in Spark's SQL.
    :ivar dlt: in dlt.
    :ivar python: the Python type of a value that is decoded from JSON; None: the value stays JSON.
    """

    json: str
    duckdb: str
    arrow: str
    spark: str
    dlt: str
    python: Any


TEXT = ColumnType("string", "VARCHAR", "string", "STRING", "text", str)
INTEGER = ColumnType("integer", "BIGINT", "int64", "BIGINT", "bigint", int)
NUMBER = ColumnType("number", "DOUBLE", "float64", "DOUBLE", "double", float)
BOOLEAN = ColumnType("boolean", "BOOLEAN", "bool", "BOOLEAN", "bool", bool)
TIMESTAMP = ColumnType("string", "TIMESTAMPTZ", "timestamp[us, tz=UTC]", "TIMESTAMP", "timestamp", datetime)
TEXTS = ColumnType("array", "VARCHAR[]", "list<string>", "ARRAY<STRING>", "json", None)
JSON = ColumnType("object", "JSON", "string", "STRING", "json", None)
BYTES = ColumnType("string", "BLOB", "binary", "BINARY", "binary", None)

_PLAIN: dict[Any, ColumnType] = {type_.python: type_ for type_ in (TEXT, INTEGER, NUMBER, BOOLEAN, TIMESTAMP)}
_TIME = {"format": "date-time", "airbyte_type": "timestamp_with_timezone"}


class SyncColumns(Struct, frozen=True, kw_only=True, rename={"deleted_at": "_ab_cdc_deleted_at"}):
    """The columns that ``sync`` adds to each row of an incremental stream."""

    seen_at: Annotated[
        datetime,
        describe(
            "Time of the visit that found the row new or changed (or another one of the same project or release); the "
            "same for all rows of a visit.",
            source="the time of the visit",
        ),
    ]
    deleted_at: Annotated[
        datetime | None,
        describe(
            "Time of the visit that found the row gone; such a row has its key only.",
            source="the time of the visit",
            null="it is there",
        ),
    ] = None


#: The cursor of incremental streams, and what tells that a row is gone (Airbyte's convention).
SEEN_AT, DELETED_AT = fields_of(SyncColumns)


def stream_schema(stream: Stream) -> dict[str, Any]:
    """The JSON Schema (draft 7) of a stream's rows: key first, everything that may be null nullable, open to more keys.

    Times that we make are times; inside documents that are passed on, they are texts as the index wrote them.
    """
    told = (DELETED_AT,) if stream.incremental else ()
    properties = {field.name: _property(field) for field in (*table_fields(stream), *told)}
    return {"$schema": "http://json-schema.org/draft-07/schema#", **_object(properties)}


def stream_fields(stream: Stream) -> tuple[Field, ...]:
    """The fields of a stream's record, those of the key first."""
    fields = fields_of(stream.record)
    return tuple(sorted(fields, key=lambda field: field.name not in stream.key))


def table_fields(stream: Stream) -> tuple[Field, ...]:
    """The columns of a stream's table: the record's fields and, of incremental streams, the time of the visit."""
    return (*stream_fields(stream), *((SEEN_AT,) if stream.incremental else ()))


def column_types(stream: Stream) -> dict[str, ColumnType]:
    """The columns of a stream's table and their types: nested values are JSON, a list of texts is an array."""
    return {field.name: _column_type(field.type) for field in table_fields(stream)}


def duckdb_columns(stream: Stream) -> dict[str, str]:
    """The columns of a stream's table and their DuckDB types."""
    return {name: type_.duckdb for name, type_ in column_types(stream).items()}


def arrow_type(type_: ColumnType) -> Any:
    """A type as an object of pyarrow."""
    import pyarrow as pa  # noqa: PLC0415 - an extra has it, and few need it

    if type_ is TIMESTAMP:
        return pa.timestamp("us", "UTC")
    return pa.list_(pa.string()) if type_ is TEXTS else pa.type_for_alias(type_.arrow)


def spark_columns(stream: Stream) -> str:
    """The columns of a stream's table as Spark's SQL declares them, with their descriptions; all can be null."""
    types = column_types(stream)
    columns = ((field.name, types[field.name].spark, _spark_text(field.description)) for field in table_fields(stream))
    return ", ".join(f"`{name}` {type_} COMMENT {comment}" for name, type_, comment in columns)


def _spark_text(text: str) -> str:
    """A text as a literal of Spark's SQL."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def settings_schema(record: type[Struct], groups: Mapping[str, str]) -> dict[str, Any]:
    """The JSON Schema of a record of settings: what Airbyte calls a connectionSpecification.

    :param groups: titles of the form's sections, by identifier, in order. A setting names its section as ``group``.
    """
    properties = {}
    for order, field in enumerate(fields_of(record)):
        default = {} if field.default in (None, ()) else {"default": field.default}
        described = {"description": field.description, **field.keywords, **default, "order": order}
        title = described.pop("title", field.name)
        properties[field.name] = {**_json_type(field.type), "title": title, **described}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "PyPI",
        "type": "object",
        "required": [],
        "properties": properties,
        "additionalProperties": True,
        "groups": [{"id": name, "title": title} for name, title in groups.items()],
    }


def type_words(field: Field) -> str:
    """A field's type in a word or two, for the docs."""
    schema = _json_type(field.type)
    kind = schema["type"] if isinstance(schema["type"], str) else " or ".join(schema["type"])
    if field.type is datetime:
        return "time"
    if kind == "array":
        items = schema.get("items", {}).get("type", "object")
        return f"list of {items if isinstance(items, str) else items[0]}s"
    return str(kind)


def _property(field: Field) -> dict[str, Any]:
    schema = _json_type(field.type)
    if field.type is datetime:
        schema |= _TIME
    return {**(_nullable(schema) if field.nullable else schema), "description": field.description}


def _json_type(hint: Any) -> dict[str, Any]:
    if isinstance(hint, tuple):
        return {"type": [_json_type(member)["type"] for member in hint]}
    type_ = bare(hint)[0]
    if type_ in _PLAIN:
        return {"type": _PLAIN[type_].json}
    origin, arguments = typing.get_origin(type_), typing.get_args(type_)
    if origin is Literal:
        return {"type": "string", "enum": list(arguments)}
    if origin in (list, tuple):
        return {"type": "array", "items": _member(arguments[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": _member(arguments[1])}
    return _object({field.name: _nested(field) for field in fields_of(type_)})


def _nested(field: Field) -> dict[str, Any]:
    schema = _json_type(field.type)
    return {**(_nullable(schema) if field.nullable else schema), "description": field.description}


def _member(hint: Any) -> dict[str, Any]:
    type_, nullable = without_none(bare(hint)[0])
    schema = _json_type(type_)
    return _nullable(schema) if nullable else schema


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return schema | {"type": [*types, "null"]}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": True}


def _column_type(hint: Any) -> ColumnType:
    type_ = bare(hint)[0]
    if type_ in _PLAIN:
        return _PLAIN[type_]
    if typing.get_origin(type_) is list and bare(typing.get_args(type_)[0])[0] is str:
        return TEXTS
    return JSON


def describe_streams(streams: Iterable[Stream]) -> list[dict[str, Any]]:
    """Streams with their fields, as plain values: what ``source-pypi streams --json`` prints and the docs show."""
    return [
        {
            "name": stream.name,
            "row": stream.row,
            "key": list(stream.key),
            "cursor": SEEN_AT.name if stream.incremental else None,
            "cost": stream.cost,
            "reads": [read.value for read in stream.documents],
            "default": stream.name in DEFAULT,
            "fields": [_describe(field) for field in table_fields(stream)],
        }
        for stream in streams
    ]


def _describe(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "type": type_words(field),
        "nullable": field.nullable,
        "meaning": field.meaning,
        "unit": field.unit or None,
        "null": field.null or None,
        "source": field.source or None,
    }
