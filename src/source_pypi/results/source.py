"""The batches of one run, which several readers share: each project is requested once.

Flow
    Batches that are only iterated over are not kept, so memory does not grow. Once a reader may come back for them (a
    stream of several, an Arrow stream), they are kept as JSON, and every further reader gets the same batches.

Missing rows
    A run that is closed, cancelled or interrupted before its end has not read all rows: every reader gets an error
    after those that were kept.
"""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Generator, Iterator
from concurrent.futures import CancelledError

from source_pypi.config import environment_note
from source_pypi.errors import RowsMissingError, RowsTakenError
from source_pypi.results.batch import Batch
from source_pypi.results.state import SavedState
from source_pypi.sync import batch as sync
from source_pypi.sync.run import Run
from source_pypi.sync.summary import warnings_of

_LOG = logging.getLogger(__name__)
_CLOSED = "the reader is closed"


class BatchSource:
    """Reads the batches of a run, when they are first needed.

    :param run: the run; nothing is requested before the first batch is taken.
    :param state: the state that the run continues from; None: everything is read in full.
    :ivar error: what ``batches`` raises after the last batch: the first error of the run, or why rows are missing;
        None: there is none so far.
    :ivar ended: whether the run has ended, so that no further batch can be taken.
    """

    def __init__(self, run: Run, state: SavedState | None = None) -> None:
        self.run, self._state = run, state
        self.error: Exception | None = None
        self.ended = False
        self._kept: list[Batch] | None = None
        self._iterated = False
        self._of_projects = {stream.name for stream in run.streams if stream.of_project}
        self._unsaved: sync.Batch | None = None  # taken, and not yet part of the state
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
        """Return an iterator over the batches: all of them if they are kept, otherwise those that were not taken yet.

        It raises the first error of the run after the last batch, ``RowsMissingError`` when the run was ended before
        the next one, and ``StateError`` when the state of a project cannot be read.

        :raises RowsTakenError: when all were taken, and not kept.
        :raises SourceError: when the run has ended with this error, and batches are not kept.
        """
        if self.ended and not self.keeps:
            raise self.error or RowsTakenError()
        return _Batches(self)

    def take(self, number: int) -> Batch | None:
        """Return the batch of a number if batches are kept, otherwise the next one; None: there are no more."""
        with self._lock:
            if self._kept is not None and number < len(self._kept):
                return self._kept[number]
            self._iterated = True
            return None if self.ended else self._take()

    async def batches_in_thread(self) -> AsyncIterator[Batch]:
        """Yield the same as ``batches``; a thread takes them, so that other tasks go on.

        A task that is cancelled ends the run: what the thread would take then, nobody gets.
        """
        batches = self.batches()
        try:
            while (batch := await asyncio.to_thread(next, batches, None)) is not None:
                yield batch
        except asyncio.CancelledError:
            self._stop(RowsMissingError("a task that read them was cancelled"))
            self._unsaved = None
            raise

    def close(self) -> None:
        """End the run. Nothing is requested any more; a thread that waits for a batch gets ``RowsMissingError``."""
        self._stop(RowsMissingError(_CLOSED))
        with self._lock:
            self._batches.close()

    def interrupt(self, error: BaseException) -> None:
        """End the run: an exception, such as Ctrl-C, came while rows were taken, and some of them are lost."""
        self._end(interrupted(error))

    def save(self) -> None:
        """Write the state of every batch that was taken. Without ``state``: do nothing.

        :raises StateError: when it cannot be written.
        """
        if self._state is not None:
            self._add_to_state()
            self._state.save()

    def _stop(self, error: RowsMissingError) -> None:
        self._end(error)
        self.run.close()

    def _end(self, error: Exception | None) -> None:
        """Take no further batch. What ended the run first is kept for every reader."""
        if not self.ended:
            self.error, self.ended = error, True

    def _take(self) -> Batch | None:
        """Take a batch from the run; None: it has ended, maybe while this thread waited."""
        try:
            self._add_to_state()
            batch = next(self._batches, None)
            if batch is None:
                self._end(next(iter(self.run.summary.errors), None))
            elif self.ended:
                batch = self._unsaved = None
            elif self._kept is not None:
                self._kept.append(batch)
        except CancelledError:
            self._end(RowsMissingError(_CLOSED))
            return None
        except Exception as error:
            self._end(error)
            return None
        except BaseException as error:
            self.interrupt(error)
            raise
        return batch

    def _read(self) -> Generator[Batch, None, None]:
        """The batches of the run that have rows or deleted rows, or were found unchanged."""
        for batch in self.run.batches(None if self._state is None else self._state.states):
            for warning in warnings_of(batch):
                _LOG.warning("%s", warning)
            if self._state is not None:
                self._state.check()
            if not batch.changes:
                continue
            taken = Batch(batch, self.run.streams)
            self._unsaved = batch
            if batch.project is not None or batch.counts or not self._of_projects.issuperset(batch.changes):
                yield taken
            else:  # where the run stopped reading the index's list or journal, which is no rows
                self._add_to_state()

    def _add_to_state(self) -> None:
        """Add the batch that was taken last to the state: what an interruption loses, the next run reads again."""
        batch, self._unsaved = self._unsaved, None
        if self._state is not None and batch is not None:
            self._state.add(batch)


class _Batches(Iterator[Batch]):
    """The batches, one after another. After the last one, each call raises the error again."""

    def __init__(self, source: BatchSource) -> None:
        self._source, self._number = source, 0

    def __next__(self) -> Batch:
        batch = self._source.take(self._number)
        if batch is None:
            raise self._source.error or StopIteration
        self._number += 1
        return batch


def interrupted(error: BaseException) -> RowsMissingError:
    """Return the error about rows that are lost because another one came while they were taken."""
    missing = RowsMissingError(f"{type(error).__name__} interrupted the reading")
    missing.__cause__ = error
    return missing
