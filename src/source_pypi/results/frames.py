"""Data frames of pandas and Polars, with the columns of a stream's table. They need no further library."""

import importlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from source_pypi import schema
from source_pypi.errors import LibraryMissingError
from source_pypi.results.columns import values_of
from source_pypi.schema import ColumnType, column_types
from source_pypi.streams.stream import Stream

if TYPE_CHECKING:
    import pandas
    import polars

#: The types of pandas; all can be null.
_PANDAS = {
    schema.TEXT: "string",
    schema.INTEGER: "Int64",
    schema.NUMBER: "Float64",
    schema.BOOLEAN: "boolean",
    schema.TIMESTAMP: "datetime64[us, UTC]",
    schema.TEXTS: "object",
    schema.JSON: "string",
    schema.BYTES: "object",
}


def import_library(name: str, feature: str) -> Any:
    """Return a library that this package does not require.

    :raises LibraryMissingError: when it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise LibraryMissingError(name, feature) from error


def pandas_frame(stream: Stream, rows: Iterable[Any]) -> "pandas.DataFrame":
    """Return rows as a data frame of pandas.

    :raises LibraryMissingError: when it is not installed.
    """
    pandas: Any = import_library("pandas", "to_pandas")
    every = list(rows)
    columns = {
        name: pandas.Series(values_of(stream, every, name, type_), dtype=_PANDAS[type_])
        for name, type_ in column_types(stream).items()
    }
    frame: pandas.DataFrame = pandas.DataFrame(columns)
    return frame


def polars_schema(stream: Stream, feature: str) -> dict[str, Any]:
    """Return the columns of a stream's table and their types in Polars.

    :param feature: what needs Polars, for the error.
    :raises LibraryMissingError: when it is not installed.
    """
    polars: Any = import_library("polars", feature)
    types: dict[ColumnType, Any] = {
        schema.TEXT: polars.String,
        schema.INTEGER: polars.Int64,
        schema.NUMBER: polars.Float64,
        schema.BOOLEAN: polars.Boolean,
        schema.TIMESTAMP: polars.Datetime("us", "UTC"),
        schema.TEXTS: polars.List(polars.String),
        schema.JSON: polars.String,
        schema.BYTES: polars.Binary,
    }
    return {name: types[type_] for name, type_ in column_types(stream).items()}


def polars_frame(stream: Stream, rows: Iterable[Any], names: Sequence[str] | None = None) -> "polars.DataFrame":
    """Return rows as a data frame of Polars.

    :param names: the columns; None: all of them.
    :raises LibraryMissingError: when it is not installed.
    """
    polars: Any = import_library("polars", "to_polars")
    every, types, all_types = list(rows), column_types(stream), polars_schema(stream, "to_polars")
    chosen = {name: all_types[name] for name in (all_types if names is None else names)}
    columns = {name: values_of(stream, every, name, types[name]) for name in chosen}
    frame: polars.DataFrame = polars.DataFrame(columns, schema=chosen)
    return frame
