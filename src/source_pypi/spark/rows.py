"""The rows of a task."""

import logging
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from source_pypi.errors import SourceError
from source_pypi.opening import open_run, run_of
from source_pypi.results.arrow import ROWS, arrow_schema, portions, record_batch
from source_pypi.results.source import BatchSource
from source_pypi.spark.options import ReadOptions
from source_pypi.spark.tasks import Task
from source_pypi.sync.run import Run

if TYPE_CHECKING:
    import pyarrow

_LOG = logging.getLogger(__name__)


def open_task(task: Task) -> Run:
    """Return the run of a task. Nothing is requested yet, but the list for the setting ``top``.

    :raises ConfigError: when no projects are selected, or a name is invalid.
    """
    streams, config = [task.options.stream], task.options.config
    selection = open_run(config, streams).selection if task.selection is None else task.selection
    return run_of(selection, streams, config, now=lambda: task.started_at)


def read_rows(run: Run, options: ReadOptions, most: int = ROWS) -> Iterator[Sequence[Any]]:
    """Yield the rows of a run, at most ``most`` at a time. A reader that stops early ends the requests.

    :raises SourceError: after the last row, the first error of the run; if ``on_error`` is "warn", only what ended the
        run early.
    """
    source = BatchSource(run)
    try:
        yield from portions(options.stream, source.batches(), most)
    except SourceError as error:
        if options.on_error == "fail" or run.summary.stopped is not None or error is not source.error:
            raise
        for line in run.summary.lines():
            _LOG.warning("%s", line)
    finally:
        source.close()


def record_batches(run: Run, options: ReadOptions) -> "Iterator[pyarrow.RecordBatch]":
    """Yield the rows of a run as Arrow batches, which have the types of ``spark_columns``.

    :raises ExtraMissingError: when pyarrow is not installed.
    :raises SourceError: as ``read_rows``.
    """
    stream = options.stream
    schema = arrow_schema(stream)
    for rows in read_rows(run, options):
        yield record_batch(stream, rows, schema)
