"""Rows as an Arrow stream, made by pyarrow (extra ``arrow``).

Why pyarrow
    A stream's producer is called until long after the rows were read: when the consumer frees them, in any thread, and
    while an exception is being raised. Python code must not run then: callbacks of ctypes ended the interpreter. So a
    stream needs compiled code. nanoarrow has none for batches that are made when they are pulled; pyarrow has.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from source_pypi.errors import ExtraMissingError
from source_pypi.results.batch import Batch
from source_pypi.results.columns import values_of
from source_pypi.schema import arrow_type, column_types
from source_pypi.streams.stream import Stream

#: Most rows of an Arrow batch, and the size of their JSON from which it ends earlier, in bytes.
ROWS, SIZE = 10_000, 64_000_000


def pyarrow() -> Any:
    """Return the library.

    :raises ExtraMissingError: when it is not installed.
    """
    try:
        import pyarrow  # noqa: PLC0415 - an extra has it
    except ImportError as error:
        raise ExtraMissingError("arrow", "reading rows as Arrow") from error
    return pyarrow


def arrow_schema(stream: Stream) -> Any:
    """Return the schema of a stream's table.

    :raises ExtraMissingError: when pyarrow is not installed.
    """
    pa = pyarrow()
    return pa.schema([(name, arrow_type(type_)) for name, type_ in column_types(stream).items()])


def arrow_reader(stream: Stream, batches: Iterable[Batch]) -> Any:
    """Return rows as a ``RecordBatchReader``, which takes batches when it is read.

    :raises ExtraMissingError: when pyarrow is not installed.
    """
    schema = arrow_schema(stream)
    made = (record_batch(stream, rows, schema) for rows in portions(stream, batches))
    return pyarrow().RecordBatchReader.from_batches(schema, made)


def record_batch(stream: Stream, rows: Sequence[Any], schema: Any) -> Any:
    """Return rows as a ``RecordBatch``.

    :param schema: that of ``arrow_schema``.
    """
    pa = pyarrow()
    columns = [
        pa.array(values_of(stream, rows, name, type_), schema.field(name).type)
        for name, type_ in column_types(stream).items()
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def portions(stream: Stream, batches: Iterable[Batch], most: int = ROWS) -> Iterator[Sequence[Any]]:
    """Yield lists of rows, at most ``most`` each. Those before an error come first."""
    rows: list[Any] = []
    size = 0
    try:
        for batch in batches:
            size += batch.size(stream.name)
            rows.extend(batch.rows(stream.name))
            while len(rows) >= most or (size >= SIZE and rows):
                yield rows[:most]
                rows, size = rows[most:], 0
    except Exception:
        if rows:
            yield rows
        raise
    if rows:
        yield rows
