"""The classes that Spark calls. Spark pickles their instances, so they hold options, and no connections."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

from pyspark.sql.datasource import DataSource, DataSourceReader, DataSourceStreamReader, InputPartition

from source_pypi.errors import DestinationError
from source_pypi.schema import spark_columns
from source_pypi.spark.filters import Condition, conditions_of
from source_pypi.spark.options import ReadOptions, read_options
from source_pypi.spark.tasks import Task, plan_tasks

if TYPE_CHECKING:
    import pyarrow

    from source_pypi.spark.events import EventOffsets, EventRange

try:
    from pyspark.sql.streaming.datasource import ReadMaxRows, SupportsTriggerAvailableNow
except ImportError:  # Spark 4.0 and 4.1, which call none of the methods that need them
    ReadMaxRows, SupportsTriggerAvailableNow = int, object

_SERIAL = "serial"


class PyPIDataSource(DataSource):
    """The data source ``pypi``.

    Options are read when they are needed, so that an attempt to write says that the format cannot be written.
    """

    @cached_property
    def _read(self) -> ReadOptions:
        """What the options ask for.

        :raises UnknownStreamError, SettingError: when an option is invalid, by ``load``.
        """
        return read_options(self.options)

    @classmethod
    def name(cls) -> str:
        """The name of the format."""
        return "pypi"

    def schema(self) -> str:
        """The columns of the stream's table."""
        return spark_columns(self._read.stream)

    def reader(self, schema: Any) -> DataSourceReader:
        """Return what reads the stream. It accepts filters only with the option ``pushdown``: Spark may refuse it."""
        del schema
        return FilteringReader(self._read) if self._read.pushdown else Reader(self._read)

    def streamReader(self, schema: Any) -> DataSourceStreamReader:  # noqa: N802 - Spark's name
        """Return what reads the stream ``events`` in micro-batches.

        :raises SettingError: when another stream is chosen.
        """
        from source_pypi.spark.events import EventOffsets

        del schema
        return EventsReader(EventOffsets(self._read))

    def writer(self, schema: Any, overwrite: bool) -> NoReturn:
        """Say that the format cannot be written.

        :raises DestinationError: always.
        """
        del schema, overwrite
        raise DestinationError("the format pypi", "it can only be read; write to another format, such as parquet")

    def streamWriter(self, schema: Any, overwrite: bool) -> NoReturn:  # noqa: N802 - Spark's name
        """Say that the format cannot be written.

        :raises DestinationError: always.
        """
        self.writer(schema, overwrite)


class Reader(DataSourceReader):
    """Reads a stream."""

    def __init__(self, options: ReadOptions) -> None:
        self._options = options
        self._conditions: tuple[Condition, ...] = ()

    def partitions(self) -> list[InputPartition]:
        """Return the tasks."""
        return [InputPartition(task) for task in plan_tasks(self._options, self._conditions)]

    def read(self, partition: InputPartition) -> "Iterator[pyarrow.RecordBatch]":
        """Yield the rows of a task; without tasks, Spark passes a partition without a value."""
        from source_pypi.spark.rows import open_task, record_batches  # what only tasks need

        task: Task | None = partition.value
        if task is not None:
            yield from record_batches(open_task(task), task.options)


class FilteringReader(Reader):
    """Reads only the projects that Spark's filters admit."""

    def pushFilters(self, filters: list[Any]) -> Iterable[Any]:  # noqa: N802 - Spark's name
        """Keep the filters on ``project``; Spark applies all of them to the rows as well."""
        self._conditions = conditions_of(filters, self._options.stream)
        return filters


class EventsReader(DataSourceStreamReader, SupportsTriggerAvailableNow):
    """Reads the journal in micro-batches."""

    def __init__(self, offsets: "EventOffsets") -> None:
        self._offsets = offsets
        self._end: int | None = None

    def initialOffset(self) -> dict[str, int]:  # noqa: N802 - Spark's name
        """Return where a new query begins."""
        self._end = self._offsets.initial()
        return {_SERIAL: self._end}

    def getDefaultReadLimit(self) -> Any:  # noqa: N802 - Spark's name
        """Return the most events of a micro-batch."""
        return ReadMaxRows(self._offsets.most)

    def latestOffset(self, start: dict[str, int] | None = None, limit: Any = None) -> dict[str, int]:  # noqa: N802
        """Return where the next micro-batch ends.

        :param start: where the last one ended; None: Spark 4.0 and 4.1 do not pass it.
        """
        after = self._end if start is None else start[_SERIAL]
        unlimited = type(limit).__name__ == "ReadAllAvailable"
        most = None if unlimited else getattr(limit, "max_rows", self._offsets.most)
        return {_SERIAL: self._offsets.latest(after, most)}

    def prepareForTriggerAvailableNow(self) -> None:  # noqa: N802 - Spark's name
        """Read no events that come later."""
        self._offsets.fix_target()

    def partitions(self, start: dict[str, int], end: dict[str, int]) -> list[InputPartition]:
        """Return one task for the events between two offsets."""
        self._end = end[_SERIAL]
        task = self._offsets.task(start[_SERIAL], end[_SERIAL])
        return [] if task is None else [InputPartition(task)]

    def read(self, partition: InputPartition) -> "Iterator[pyarrow.RecordBatch]":
        """Yield the rows of a task."""
        from source_pypi.spark.events import open_range
        from source_pypi.spark.rows import record_batches

        range_: EventRange | None = partition.value
        if range_ is not None:
            yield from record_batches(open_range(range_), range_.options)
