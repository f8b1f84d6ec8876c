"""The batches of one run, which several readers share: each project is requested once.

Flow
    Batches that are only iterated over are not kept, so memory does not grow. Once a reader may come back for them (a
    stream of several, an Arrow stream), they are kept as JSON, and every further reader gets the same batches.
"""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Generator, Iterator

from source_pypi.config import environment_note
from source_pypi.errors import RowsTakenError
from source_pypi.results.batch import Batch
from source_pypi.results.state import SavedState
from source_pypi.sync.run import Run
from source_pypi.sync.summary import warnings_of

_LOG = logging.getLogger(__name__)


class BatchSource:
    """Reads the batches of a run, when they are first needed.

    :param run: the run; nothing is requested before the first batch is taken.
    :param state: the state that the run continues from; None: everything is read in full.
    :ivar error: what ``batches`` raises after the last batch: the first error of the run; None: there is none so far.
    """

    def __init__(self, run: Run, state: SavedState | None = None) -> None:
        self.run, self.state = run, state
        self.error: Exception | None = None
        self._kept: list[Batch] | None = None
        self._iterated = self._ended = False
        self._lock = threading.Lock()
        self._batches = self._read()
        for warning in filter(None, (environment_note(run.config), *run.selection.warnings)):
            _LOG.warning("%s", warning)

    @property
    def keeps(self) -> bool:
        """Whether batches are kept, so that they can be read again."""
        return self._kept is not None

    def keep(self) -> None:
        """Keep all batches from now on.

        :raises RowsTakenError: when the first ones were taken and not kept.
        """
        with self._lock:
            if self._kept is None:
                if self._iterated:
                    raise RowsTakenError
                self._kept = []

    def batches(self) -> Iterator[Batch]:
        """Yield the batches: all of them if they are kept, otherwise those that were not taken yet.

        :raises SourceError: after the last batch, the first error of the run.
        :raises StateError: when the state of a project cannot be read.
        """
        number = 0
        while (batch := self._next(number)) is not None:
            number += 1
            yield batch
        if self.error is not None:
            raise self.error

    async def batches_in_thread(self) -> AsyncIterator[Batch]:
        """Yield the same as ``batches``; a thread takes them, so that other tasks go on.

        A task that is cancelled ends the run: what the thread would take then, nobody gets.
        """
        batches = self.batches()
        try:
            while (batch := await asyncio.to_thread(next, batches, None)) is not None:
                yield batch
        except asyncio.CancelledError:
            self.run.close()
            raise

    def close(self) -> None:
        """End the run. Nothing is requested any more; a thread that waits for a batch gets ``CancelledError``."""
        self.run.close()
        with self._lock:
            self._batches.close()
            self._ended = True

    def _next(self, number: int) -> Batch | None:
        """The batch of a number if batches are kept, otherwise the next one; None: there are no more."""
        with self._lock:
            if self._kept is not None and number < len(self._kept):
                return self._kept[number]
            self._iterated = True
            batch = None if self._ended else self._take()
            if self._kept is not None and batch is not None:
                self._kept.append(batch)
            return batch

    def _take(self) -> Batch | None:
        """Take a batch from the run; None: it has ended. What it raised is kept for every reader."""
        try:
            batch = next(self._batches, None)
        except Exception as error:
            self.error, batch = error, None
        self._ended = batch is None
        return batch

    def _read(self) -> Generator[Batch, None, None]:
        """The batches of the run that have rows or deleted rows, or were found unchanged."""
        for batch in self.run.batches(None if self.state is None else self.state.states):
            for warning in warnings_of(batch):
                _LOG.warning("%s", warning)
            if self.state is not None:
                self.state.check()
                self.state.add(batch)
            if batch.changes:
                yield Batch(batch, self.run.streams)
        self.error = next(iter(self.run.summary.errors), None)
