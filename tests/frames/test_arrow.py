"""Rows as an Arrow stream: what consumers read, and how often the index is requested."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import datafusion
import duckdb
import ibis
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import source_pypi
from source_pypi import api
from source_pypi.errors import RowsTakenError, UnknownProjectsError
from source_pypi.schema import arrow_type, column_types, duckdb_columns
from source_pypi.streams import NAMES, stream_named
from tests.fake_index import FakeIndex, World

pytestmark = pytest.mark.frames
NAMES_READ = ["flask", "click", "requests"]


def with_duckdb(rows: Any) -> list[tuple[Any, ...]]:
    """Return projects and file names as DuckDB reads them."""
    return duckdb.execute("select project, filename from rows").fetchall()


def with_datafusion(rows: Any) -> list[tuple[Any, ...]]:
    """Return the same as DataFusion reads them."""
    frame = datafusion.SessionContext().from_arrow(rows).select("project", "filename")
    return [(row["project"], row["filename"]) for row in frame.to_pylist()]


def with_ibis(rows: Any) -> list[tuple[Any, ...]]:
    """Return the same as Ibis reads them."""
    table = ibis.memtable(rows).select("project", "filename")
    return [tuple(row.values()) for row in table.to_pyarrow().to_pylist()]


CONSUMERS: dict[str, Callable[[Any], list[tuple[Any, ...]]]] = {
    "duckdb": with_duckdb,
    "polars": lambda rows: pl.DataFrame(rows).select("project", "filename").rows(),
    "pandas": lambda rows: list(
        pd.DataFrame.from_arrow(rows)[["project", "filename"]].itertuples(index=False, name=None)
    ),
    "pyarrow": lambda rows: [tuple(row.values()) for row in pa.table(rows).select(["project", "filename"]).to_pylist()],
    "datafusion": with_datafusion,
    "ibis": with_ibis,
    "to_polars": lambda rows: rows.to_polars().select("project", "filename").rows(),
    "to_pandas": lambda rows: list(rows.to_pandas()[["project", "filename"]].itertuples(index=False, name=None)),
    "to_arrow": lambda rows: [
        tuple(row.values()) for row in rows.to_arrow().select(["project", "filename"]).to_pylist()
    ],
}


@pytest.mark.parametrize("consumer", CONSUMERS)
def test_every_consumer_reads_the_same(consumer: str, settings: dict[str, Any], fake: FakeIndex) -> None:
    """Each consumer reads the rows that an iteration yields, as often as it likes, with one request a project."""
    expected = [(row.project, row.filename) for row in source_pypi.read("files", NAMES_READ, **settings)]
    fake.new_run()
    rows = source_pypi.read("files", NAMES_READ, **settings)
    assert CONSUMERS[consumer](rows) == expected
    assert CONSUMERS[consumer](rows) == expected
    assert [(row.project, row.filename) for row in rows] == expected
    assert len(fake.requests) == 3


def test_nothing_is_requested_before_the_first_batch(settings: dict[str, Any], fake: FakeIndex) -> None:
    """The schema, and streams that are not read, take no request. A stream takes them when its batch is pulled."""
    rows = source_pypi.read("files", NAMES_READ, **settings)
    schema = pa.schema(rows)
    capsules = [rows.__arrow_c_stream__() for _ in range(3)]
    reader = pa.RecordBatchReader.from_stream(rows)
    assert reader.schema == schema
    assert fake.requests == []
    assert reader.read_next_batch().num_rows == 12
    assert len(fake.requests) == 3
    del capsules


def test_statements_of_duckdb_share_the_requests(settings: dict[str, Any], fake: FakeIndex) -> None:
    """DuckDB asks for the stream several times a query; the index is requested once for all queries."""
    files = source_pypi.read("files", NAMES_READ, **settings)
    connection = duckdb.connect()
    connection.execute("create table loaded as select * from files")
    connection.register("registered", files)
    assert connection.execute("select count(*) from loaded").fetchall() == [(12,)]
    query = "select project, count(*) from registered where size > 0 group by all order by all"
    assert connection.sql(query).fetchall() == [("click", 2), ("flask", 4), ("requests", 6)]
    assert len(fake.requests) == 3


@pytest.mark.parametrize("name", NAMES)
def test_every_stream_has_the_types_of_its_table(name: str) -> None:
    """Each stream's Arrow schema has the columns and types that DuckDB's table has."""
    stream = stream_named(name)
    rows = api.read(name, ["flask"])
    schema = pa.schema(rows)
    assert schema == pa.schema([(column, arrow_type(type_)) for column, type_ in column_types(stream).items()])
    table = schema.empty_table()
    relation = duckdb.from_arrow(table)
    types = dict(zip(relation.columns, map(str, relation.types), strict=True))
    expected = {column: type_.replace("JSON", "VARCHAR") for column, type_ in duckdb_columns(stream).items()}
    assert types == {name: type_.replace("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE") for name, type_ in expected.items()}


@pytest.mark.parametrize("name", ["projects", "files", "dependencies", "vulnerabilities", "project", "recent_releases"])
def test_frames_have_the_values_of_rows(name: str, settings: dict[str, Any], fake: FakeIndex) -> None:
    """A data frame has the values of the rows; nested values are JSON, and seen_at is the time of the visit."""
    frame = api.read(name, ["requests"], **settings).to_polars()
    fake.new_run()
    assert (
        frame.equals(pl.DataFrame(api.read(name, ["requests"], **settings)).with_columns(frame["seen_at"]))
        if ("seen_at" in frame.columns)
        else True
    )
    fake.new_run()
    rows = [row.as_dict() for row in api.read(name, ["requests"], **settings)]
    plain = [column for column, type_ in column_types(stream_named(name)).items() if type_.duckdb != "JSON"]
    same = [column for column in plain if column != "seen_at"]
    assert frame.select(same).rows() == [tuple(row.get(column) for column in same) for row in rows]
    assert all(isinstance(value, datetime) for value in frame["seen_at"]) if "seen_at" in plain else True


def test_empty_result_has_all_columns(settings: dict[str, Any]) -> None:
    """Without rows, a frame has the columns and types all the same."""
    full = source_pypi.read("files", ["flask"], **settings).to_polars()
    empty = source_pypi.read("vulnerabilities", ["click"], **settings)
    assert empty.to_polars().height == len(empty.to_pandas()) == empty.to_arrow().num_rows == 0
    assert empty.to_polars().columns == list(empty.to_pandas()) == empty.to_arrow().column_names
    assert pl.DataFrame(empty).schema == empty.to_polars().schema
    assert full.height == 4


def test_pandas_types(settings: dict[str, Any]) -> None:
    """Columns of pandas have types that can be null: whole numbers stay whole, times are in UTC."""
    frame = source_pypi.read("files", ["flask"], **settings).to_pandas()
    kinds = {"filename": "string", "size": "Int64", "yanked": "boolean", "uploaded_at": "datetime64[us, UTC]"}
    assert {name: str(frame[name].dtype) for name in kinds} == kinds
    assert frame["first_seen_at"].isna().all()


def test_error_of_the_run(settings: dict[str, Any]) -> None:
    """A missing project raises its error from each method, and its text from a consumer of Arrow, again and again."""
    rows = source_pypi.read("files", ["flask", "nope"], **settings)
    for method in (rows.to_polars, rows.to_pandas, rows.to_arrow):
        with pytest.raises(UnknownProjectsError):
            method()
    for consumer in ("duckdb", "pyarrow", "polars"):
        with pytest.raises(Exception, match=r"not on the index .*: nope"):
            CONSUMERS[consumer](rows)


def test_rows_that_were_taken(settings: dict[str, Any]) -> None:
    """After an iteration there is no Arrow stream: rows would be missing from it."""
    rows = source_pypi.read("files", ["flask"], **settings)
    next(rows)
    for method in (rows.to_polars, rows.to_pandas, rows.to_arrow, rows.__arrow_c_stream__):
        with pytest.raises(RowsTakenError):
            method()


def test_streams_of_one_visit(settings: dict[str, Any], fake: FakeIndex) -> None:
    """Streams of a reader can be joined, with one request a project."""
    with source_pypi.open(NAMES_READ, streams=["files", "versions"], **settings) as reader:
        connection = duckdb.connect()
        connection.register("files", reader["files"])
        connection.register("versions", reader["versions"])
        query = "select count(*) from files join versions using (project, version)"
        assert connection.sql(query).fetchall() == [(12,)]
        assert reader["versions"].to_polars().height == 6
    assert len(fake.requests) == 3


def test_large_result_comes_in_batches(world: World, fake: FakeIndex) -> None:
    """A result of many rows comes in batches of 10,000 rows, whatever projects they are of."""
    world.add("large", releases=["1.0"])
    for number in range(10_050):
        world.upload("large", "1.0", filename=f"large-1.0-{number}-py3-none-any.whl")
    world.add("small", releases=["1.0"])
    rows = source_pypi.read("files", ["small", "large"], index_url=fake.url, requests_per_second=0)
    sizes = [batch.num_rows for batch in pa.RecordBatchReader.from_stream(rows)]
    assert sizes == [10_000, 54]
    assert rows.to_polars().height == 10_054
