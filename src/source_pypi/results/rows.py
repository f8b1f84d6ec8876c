"""The rows of one stream: an iterator, an asynchronous iterator, an Arrow stream and data frames."""

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from source_pypi.results import arrow, frames
from source_pypi.results.source import BatchSource
from source_pypi.streams.stream import Stream

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

R = TypeVar("R")


class Rows(Generic[R]):
    """The rows of one stream. Nothing is requested before the first row or Arrow batch is taken.

    Iterate over the rows once, or take them as Arrow or as a data frame as often as you like: those keep all rows in
    memory (as JSON), so that each project is requested once. Taking them after an iteration raises ``RowsTakenError``.

    Each way raises the first error of the run after the last row. ``to_pandas``, ``to_polars`` and ``to_arrow`` then
    return nothing, and consumers of Arrow raise an error of their own with its text.
    """

    def __init__(self, source: BatchSource, stream: Stream) -> None:
        self._source, self._stream = source, stream
        self._iterator: Iterator[R] | None = None

    def __repr__(self) -> str:
        return f"<rows of {self._stream.name}>"

    def __iter__(self) -> Iterator[R]:
        """Iterate over the rows: those that are left or, once they are kept, all of them."""
        return self._rows() if self._source.keeps else self

    def __next__(self) -> R:
        if self._iterator is None:
            self._iterator = self._rows()
        return next(self._iterator)

    async def __aiter__(self) -> AsyncIterator[R]:
        """Iterate over the rows; requests are sent in a thread, so that other tasks go on.

        A task that is cancelled ends the run.
        """
        async for batch in self._source.batches_in_thread():
            for row in batch.rows(self._stream.name):
                yield row

    def _rows(self) -> Iterator[R]:
        for batch in self._source.batches():
            yield from batch.rows(self._stream.name)

    def __arrow_c_schema__(self) -> object:
        """Return the schema of the rows as a PyCapsule of Arrow; nothing is requested.

        :raises ExtraMissingError: when pyarrow is not installed.
        """
        return arrow.arrow_schema(self._stream).__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return the rows as a PyCapsule of an Arrow stream, in batches of at most 10,000 rows.

        Nothing is requested before the first batch is pulled. Each stream has all rows.

        :param requested_schema: a schema to convert the rows to, if that is possible.
        :raises ExtraMissingError: when pyarrow is not installed.
        :raises RowsTakenError: when rows were taken by iteration.
        """
        self._source.keep()
        return arrow.arrow_reader(self._stream, self._source.batches()).__arrow_c_stream__(requested_schema)

    def to_pandas(self) -> "pandas.DataFrame":
        """Return the rows as a data frame of pandas, with types that can be null, and times in UTC.

        :raises LibraryMissingError: when pandas is not installed.
        :raises RowsTakenError: when rows were taken by iteration.
        :raises SourceError: the first error of the run.
        """
        return frames.pandas_frame(self._stream, self._kept_rows())

    def to_polars(self) -> "polars.DataFrame":
        """Return the rows as a data frame of Polars.

        :raises LibraryMissingError: when Polars is not installed.
        :raises RowsTakenError: when rows were taken by iteration.
        :raises SourceError: the first error of the run.
        """
        return frames.polars_frame(self._stream, self._kept_rows())

    def to_arrow(self) -> "pyarrow.Table":
        """Return the rows as a table of pyarrow.

        :raises ExtraMissingError: when pyarrow is not installed.
        :raises RowsTakenError: when rows were taken by iteration.
        :raises SourceError: the first error of the run.
        """
        self._source.keep()
        table: pyarrow.Table = arrow.arrow_reader(self._stream, self._source.batches()).read_all()
        return table

    def _kept_rows(self) -> Iterator[Any]:
        self._source.keep()
        return self._rows()
