"""``spark/source.py``: the classes that Spark calls, without Java."""

from typing import Any

import pyarrow as pa
import pytest
from pyspark import cloudpickle
from pyspark.sql.datasource import EqualTo, In, InputPartition, Not, StringStartsWith
from pyspark.sql.streaming.datasource import ReadAllAvailable, ReadMaxRows

import pyspark_pypi
from source_pypi.errors import DestinationError, SettingError
from source_pypi.results.arrow import arrow_schema
from source_pypi.spark.source import FilteringReader, PyPIDataSource, Reader
from source_pypi.streams import stream_named
from tests.fake_index import FakeIndex, World

pytestmark = pytest.mark.spark


def travelled(value: Any) -> Any:
    """Return a value as Spark's workers get it."""
    return cloudpickle.loads(cloudpickle.dumps(value))


def table(reader: Any, partitions: list[InputPartition]) -> pa.Table:
    """Return the rows of partitions."""
    schema = arrow_schema(reader._options.stream)
    return pa.Table.from_batches([batch for one in partitions for batch in travelled(reader).read(one)], schema)


def test_spark_finds_the_source() -> None:
    """Spark finds the data source by the name of its module; the format has the name of the index."""
    assert pyspark_pypi.DefaultSource is PyPIDataSource
    assert PyPIDataSource.name() == "pypi"


def test_batches_have_ten_thousand_rows(options: dict[str, Any], world: World) -> None:
    """Rows come in batches of 10,000, with the columns and types of the table."""
    world.add("large", releases=["1.0"])
    for number in range(10_050):
        world.upload("large", "1.0", filename=f"large-1.0-{number}-py3-none-any.whl")
    reader = travelled(PyPIDataSource(options | {"path": "flask,large"})).reader(None)
    (partition,) = travelled(reader.partitions())
    batches = list(reader.read(partition))
    assert [batch.num_rows for batch in batches] == [10_000, 56]
    assert {str(batch.schema) for batch in batches} == {str(arrow_schema(stream_named("files")))}


def test_filters_are_accepted_only_if_the_option_says_so(options: dict[str, Any]) -> None:
    """Spark rejects a reader with ``pushFilters`` unless the session enables it, so only an option brings it."""
    plain = PyPIDataSource(options | {"path": "flask"}).reader(None)
    assert type(plain) is Reader
    assert not hasattr(Reader, "pushFilters") or Reader.pushFilters is Reader.__mro__[1].pushFilters


def test_filters_select_projects(options: dict[str, Any], fake: FakeIndex) -> None:
    """Filters on the project select the projects that are requested; Spark applies all filters again."""
    reader = PyPIDataSource(options | {"path": "flask,click,requests", "pushdown": "true"}).reader(None)
    assert isinstance(reader, FilteringReader)
    filters = [In(("project",), ("flask", "requests")), Not(StringStartsWith(("project",), "r")), EqualTo(("size",), 1)]
    assert reader.pushFilters(filters) == filters
    assert set(table(reader, reader.partitions())["project"].to_pylist()) == {"flask"}
    assert [request.path for request in fake.requests] == ["/pypi/flask/json"]
    reader.pushFilters([EqualTo(("project",), "nope")])
    assert reader.partitions() == []
    assert table(reader, [InputPartition(None)]).num_rows == 0


def test_offsets(options: dict[str, Any], world: World, fake: FakeIndex) -> None:
    """An offset is a serial, with and without the arguments that Spark passes from 4.2 on."""
    reader = PyPIDataSource(options | {"stream": "events", "events_since": "3"}).streamReader(None)
    assert reader.initialOffset() == {"serial": 3}
    assert reader.getDefaultReadLimit() == ReadMaxRows(50_000)
    last = {"serial": world.serial}
    assert reader.latestOffset({"serial": 3}, ReadMaxRows(2)) == {"serial": 5}
    assert reader.latestOffset({"serial": 3}, ReadAllAvailable()) == reader.latestOffset() == last
    (partition,) = reader.partitions({"serial": 3}, {"serial": 5})
    (batch,) = travelled(reader).read(travelled(partition))
    assert batch.column("serial").to_pylist() == [4, 5]
    assert reader.partitions(last, last) == []
    assert reader.latestOffset() == last
    fake.new_run()
    reader.prepareForTriggerAvailableNow()
    world.yank("flask", "1.0")
    assert reader.latestOffset({"serial": 3}, ReadAllAvailable()) == last


def test_other_streams_are_not_streamed(options: dict[str, Any]) -> None:
    """A stream without offsets is an error that says what to use."""
    with pytest.raises(SettingError, match="use read for the others"):
        PyPIDataSource(options).streamReader(None)


@pytest.mark.parametrize("write", [PyPIDataSource.writer, PyPIDataSource.streamWriter])
def test_format_cannot_be_written(write: Any) -> None:
    """Writing is an error that says so, whatever the options are."""
    with pytest.raises(DestinationError) as raised:
        write(PyPIDataSource({}), None, False)
    assert str(raised.value) == (
        "cannot write the format pypi: it can only be read; write to another format, such as parquet"
    )
