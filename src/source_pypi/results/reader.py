"""Several streams from one visit of each project."""

from collections.abc import AsyncIterator, Iterator
from types import TracebackType
from typing import Any, Self

from source_pypi.errors import SourceError, StateError
from source_pypi.results.batch import Batch, stream_of
from source_pypi.results.rows import Rows
from source_pypi.results.source import BatchSource


class Reader:
    """Several streams of the same projects; each project is requested once. A context manager.

    Iterate over it for a batch a project, which is not kept; or take the rows of one stream after another by name
    (``reader["files"]``), which keeps all rows in memory (as JSON). Nothing is requested before the first batch or row
    is taken.

    The state is written by ``save``, and when the ``with`` block ends without an error: so write the rows to where they
    belong inside the block. If the run ends with an error and the batches were iterated over, the state is written too:
    projects that failed have none, and are read again.
    """

    def __init__(self, source: BatchSource) -> None:
        self._source = source
        self._streams = {stream.name: stream for stream in source.run.streams}

    @property
    def streams(self) -> tuple[str, ...]:
        """The names of the streams."""
        return tuple(self._streams)

    @property
    def errors(self) -> tuple[SourceError, ...]:
        """The errors of the run so far; the first one is raised after the last batch, and after the last row."""
        return tuple(self._source.run.summary.errors)

    def __iter__(self) -> Iterator[Batch]:
        """Iterate over a batch for each project, and one for the whole index if a stream describes it.

        The iterator raises the first error of the run after the last batch.

        :raises RowsTakenError: when all batches were taken, and not kept.
        :raises RowsMissingError: when the run was closed, cancelled or interrupted before all were read; if batches are
            kept, after the last of them.
        """
        return self._source.batches()

    def __aiter__(self) -> AsyncIterator[Batch]:
        """Yield the same; requests are sent in a thread, so that other tasks go on. A cancelled task ends the run."""
        return self._source.batches_in_thread()

    def __getitem__(self, stream: Any) -> Rows[Any]:
        """Return the rows of a stream.

        :raises UnknownStreamError: when the stream is not read.
        :raises RowsTakenError: when batches were taken by iteration.
        """
        chosen = stream_of(self._streams, stream)
        self._source.keep()
        return Rows(self._source, chosen)

    def save(self) -> None:
        """Write the state of every batch that was taken, also of the current one. Without ``state``: do nothing.

        :raises StateError: when it cannot be written.
        """
        self._source.save()

    def close(self) -> None:
        """End the run. Projects that were not requested yet never are: taking their rows raises ``RowsMissingError``.

        It writes no state.
        """
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
        taken = error is self._source.error and not self._source.keeps  # every batch was taken before the error
        if error is None or (taken and not isinstance(error, StateError)):
            self.save()
