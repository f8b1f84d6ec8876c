"""The rows of one stream: an iterator, an asynchronous iterator, an Arrow stream and data frames."""

import threading
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from source_pypi.results import arrow, frames
from source_pypi.results.source import BatchSource, interrupted
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
    A loop that follows one that ended early continues with the next row.

    Each way raises the first error of the run after the last row. ``to_pandas``, ``to_polars`` and ``to_arrow`` then
    return nothing, and consumers of Arrow raise an error of their own with its text.
    """

    def __init__(self, source: BatchSource, stream: Stream) -> None:
        self._source, self._stream = source, stream
        self._left: RowIterator[R] = RowIterator(source, stream)

    def __repr__(self) -> str:
        return f"<rows of {self._stream.name}>"

    def __iter__(self) -> Iterator[R]:
        """Iterate over the rows: those that are left or, once they are kept, all of them.

        Threads may share the iterator. It raises the first error of the run after the last row.

        :raises RowsTakenError: when all rows were taken, and not kept.
        :raises RowsMissingError: when the run was ended before all were read; if rows are kept, after the last of them.
        """
        return self._iterator()

    def __next__(self) -> R:
        return next(self._left)

    async def __aiter__(self) -> AsyncIterator[R]:
        """Iterate over the same rows; requests are sent in a thread, so that other tasks go on.

        A task that is cancelled ends the run.
        """
        left = self._iterator()
        for row in left.rows:
            yield row
        async for batch in self._source.batches_in_thread():
            left.rows = batch.rows(self._stream.name)
            for row in left.rows:
                yield row

    def _iterator(self) -> "RowIterator[R]":
        """The iterator that all loops share; or one of their own, if rows are kept, or the run has ended."""
        shared = not self._source.keeps and not self._source.ended
        return self._left if shared else RowIterator(self._source, self._stream)

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
        :raises RowsMissingError: when the run was closed, cancelled or interrupted before all rows were read.
        :raises SourceError: the first error of the run.
        """
        return frames.pandas_frame(self._stream, self._kept_rows())

    def to_polars(self) -> "polars.DataFrame":
        """Return the rows as a data frame of Polars.

        :raises LibraryMissingError: when Polars is not installed.
        :raises RowsTakenError: when rows were taken by iteration.
        :raises RowsMissingError: when the run was closed, cancelled or interrupted before all rows were read.
        :raises SourceError: the first error of the run.
        """
        return frames.polars_frame(self._stream, self._kept_rows())

    def to_arrow(self) -> "pyarrow.Table":
        """Return the rows as a table of pyarrow.

        :raises ExtraMissingError: when pyarrow is not installed.
        :raises RowsTakenError: when rows were taken by iteration.
        :raises RowsMissingError: when the run was closed, cancelled or interrupted before all rows were read.
        :raises SourceError: the first error of the run.
        """
        self._source.keep()
        table: pyarrow.Table = arrow.arrow_reader(self._stream, self._source.batches()).read_all()
        return table

    def _kept_rows(self) -> Iterator[Any]:
        self._source.keep()
        return self._iterator()


class RowIterator(Iterator[R]):
    """The rows of one stream, which threads may share: each row is returned to one of them.

    :ivar rows: the rows of the batch that was taken last, as far as they were not returned yet.
    """

    def __init__(self, source: BatchSource, stream: Stream) -> None:
        self._source, self._stream = source, stream
        self._batches = source.batches()
        self._lock = threading.Lock()
        self._error: Exception | None = None
        self.rows: Iterator[R] = iter(())

    def __next__(self) -> R:
        with self._lock:
            try:
                for row in self.rows:
                    return row
                for batch in self._batches:
                    self.rows = batch.rows(self._stream.name)
                    for row in self.rows:
                        return row
            except BaseException as error:
                if not self._source.keeps:
                    self._source.interrupt(error)
                self._error = self._source.error or interrupted(error)
                raise
            raise self._error or StopIteration
