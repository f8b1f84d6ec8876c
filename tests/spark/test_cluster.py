"""The data source in a cluster: the rows of ``sync``, also if a worker dies; two tasks take half the time of one."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pyspark import cloudpickle
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from source_pypi.schema import duckdb_columns
from source_pypi.streams import NAMES, stream_named
from tests.fake_advisories import Database, FakeAdvisories, record
from tests.fake_downloads import Downloads, FakePypistats
from tests.fake_index import FakeIndex, World, generated_world
from tests.spark.cluster import PACKAGE, ROOT, Cluster, session
from tests.spark.conftest import add_projects
from tests.spark.test_docs import EXAMPLES
from tests.streams.provenance import attested, bundle, provenance

pytestmark = [pytest.mark.spark, pytest.mark.filterwarnings("default")]

#: What depends on the time of the visit.
TIMES = ("seen_at", "first_seen_at", "read_at")
#: What is slow: seconds before each answer, and the projects.
LATENCY, SLOW = 0.2, 50


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster."""
    with Cluster(tmp_path_factory.mktemp("cluster")) as made:
        yield made


@pytest.fixture(scope="module")
def spark(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A session of a driver in the repository's folder."""
    before, environment = Path.cwd(), dict(os.environ)
    os.chdir(ROOT)
    made = session(cluster.url, tmp_path_factory.mktemp("driver"))
    yield made
    made.stop()
    os.chdir(before)
    os.environ.clear()
    os.environ.update(environment)


@pytest.fixture
def small(world: World) -> Iterator[FakeIndex]:
    """An index with three projects, which may be read by several queries."""
    add_projects(world)
    with FakeIndex(world, strict=False) as index:
        yield index


@pytest.fixture(scope="module")
def slow() -> Iterator[FakeIndex]:
    """An index with many small projects that takes a while for each answer."""
    with FakeIndex(generated_world(SLOW, files=3, description_bytes=100), strict=False, latency=LATENCY) as index:
        yield index


def read(spark: SparkSession, index: FakeIndex, stream: str, path: str = "", **options: object) -> DataFrame:
    """Return a DataFrame of an index."""
    reader: Any = spark.read.format("pypi").option("stream", stream).option("index_url", index.url)
    for name, value in {"requests_per_second": 0, **options}.items():
        reader = reader.option(name, value)
    frame: DataFrame = reader.load(path)
    return frame


def plain(name: str, type_: str, value: Any) -> Any:
    """Return a value so that it can be compared: JSON parsed, lists and bytes as values that do not change."""
    if value is None or name in TIMES:
        return None
    if type_ == "JSON":
        return json.dumps(json.loads(value), sort_keys=True)
    if type_ == "VARCHAR[]":
        return tuple(value)
    return bytes(value) if type_ == "BLOB" else value


def in_spark(frame: DataFrame, stream: str) -> Counter[Any]:
    """Return the rows of a DataFrame, with times in microseconds since 1970."""
    types = duckdb_columns(stream_named(stream))
    assert frame.columns == list(types)
    columns = [f.unix_micros(name) if type_ == "TIMESTAMPTZ" else f.col(name) for name, type_ in types.items()]
    rows = frame.select(*columns).collect()
    return Counter(tuple(plain(*pair, value) for pair, value in zip(types.items(), row, strict=True)) for row in rows)


def in_duckdb(path: Path, stream: str) -> Counter[Any]:
    """Return the rows of a table of ``sync``, with times in microseconds since 1970."""
    types = duckdb_columns(stream_named(stream))
    columns = ", ".join(f"epoch_us({name})" if type_ == "TIMESTAMPTZ" else f'"{name}"' for name, type_ in types.items())
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.execute(f"select {columns} from {stream}").fetchall()
    return Counter(tuple(plain(*pair, value) for pair, value in zip(types.items(), row, strict=True)) for row in rows)


def test_package_is_shipped(spark: SparkSession) -> None:
    """The workers have the package from the archive only, and the streams of this version."""
    cloudpickle.register_pickle_by_value(sys.modules[__name__])

    def where(_: int) -> tuple[str, str]:
        import source_pypi

        return source_pypi.__file__ or "", source_pypi.__version__

    found = spark.sparkContext.parallelize(range(2), 2).map(where).collect()
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    import source_pypi

    assert {version for _, version in found} == {source_pypi.__version__}
    assert all(f"/{PACKAGE}/source_pypi/" in path and str(ROOT) not in path for path, _ in found)


def fill(world: World) -> None:
    """Let the index have rows of every stream."""
    world.add_advisory("flask", "2.0", "PYSEC-2024-1")
    world.yank("requests", "1.0", "it's \\ broken")
    world.add_role("click", "alice")
    (file, *_) = world.projects["flask"].releases["2.0"].files
    world.backfill(file, provenance=provenance(bundle(attested(file))))
    info: dict[str, Any] = {
        "classifiers": ["Topic :: Database"],
        "license_expression": "MIT",
        "project_urls": {"Home": "https://x.example"},
    }
    world.add("rich-metadata", **info, requires_dist=["click>=1"])


def services() -> dict[str, Any]:
    """Return fakes of the services that streams read besides the index."""
    database, downloads = Database(), Downloads(datetime.now(UTC).date())
    database.publish(record("PYSEC-2024-1", "flask", versions=["1.0"], events=[{"introduced": "0"}, {"fixed": "2.0"}]))
    downloads.add("flask", 3, 7)
    downloads.add("requests", 2, 5, system="Windows")
    return {"advisories": FakeAdvisories(database), "downloads": FakePypistats(downloads, once_a_day=False)}


def test_every_stream_has_the_rows_of_sync(spark: SparkSession, world: World, small: FakeIndex, tmp_path: Path) -> None:
    """Each stream has the rows, columns and values that ``sync`` writes into DuckDB."""
    fill(world)
    fakes = services()
    with fakes["advisories"] as advisories, fakes["downloads"] as downloads:
        settings = {
            "advisories_url": advisories.url,
            "downloads_url": downloads.url,
            "downloads_per_minute": 0,
            "events_since": "0",
        }
        options = [text for name, value in settings.items() for text in (f"--{name.replace('_', '-')}", str(value))]
        path, names = tmp_path / "x.duckdb", "flask click requests rich-metadata"
        command = [sys.executable, "-m", "source_pypi", "sync", *names.split(), "--into", str(path)]
        command += ["--index-url", small.url, "--streams", ",".join(NAMES), "--requests-per-second", "0", *options]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        counts = dict[str, int]()
        for stream in NAMES:
            rows = in_spark(read(spark, small, stream, names.replace(" ", ","), **settings), stream)
            assert rows == in_duckdb(path, stream), stream
            counts[stream] = rows.total()
    assert [stream for stream, count in counts.items() if not count] == ["removed_advisories"]  # of a later sync


def test_divided_job_has_the_same_rows(spark: SparkSession, small: FakeIndex) -> None:
    """A job of two tasks has the rows of one task, and requests each project once."""
    one = in_spark(read(spark, small, "files", whole_index=True), "files")
    small.new_run()
    two = in_spark(read(spark, small, "files", whole_index=True, partitions=2), "files")
    assert two == one
    assert {path: count for path, count in small.counts.items() if path.startswith("/pypi/")} == {
        f"/pypi/{name}/json": 1 for name in ("flask", "click", "requests")
    }


def test_filters_select_the_requests(spark: SparkSession, small: FakeIndex) -> None:
    """A condition on the project of a query selects the projects that are requested."""
    frame = read(spark, small, "files", "flask,click,requests", pushdown=True)
    found = frame.where("project in ('flask', 'click') and version = '2.0'").select("filename", "version").collect()
    assert {row.version for row in found} == {"2.0"}
    assert sorted(small.counts) == ["/pypi/click/json", "/pypi/flask/json"]


def test_streaming_reads_each_event_once(spark: SparkSession, world: World, small: FakeIndex, tmp_path: Path) -> None:
    """A streaming query writes each event once, and continues at its checkpoint."""

    def run() -> None:
        stream: Any = spark.readStream.format("pypi").option("stream", "events").option("index_url", small.url)
        frame = stream.option("events_since", "0").option("requests_per_second", 0).load()
        writer = frame.writeStream.format("parquet").option("checkpointLocation", str(tmp_path / "checkpoint"))
        query = writer.trigger(availableNow=True).start(str(tmp_path / "events"))
        assert query.awaitTermination(60)

    for _ in range(2):
        run()
        written = spark.read.parquet(str(tmp_path / "events")).orderBy("serial").collect()
        assert [(row.serial, row.action) for row in written] == [(one.serial, one.action) for one in world.journal]
        world.yank("flask", "2.0")


def test_each_action_reads_again(spark: SparkSession, small: FakeIndex) -> None:
    """Each action requests the projects, and sorting does so twice, as the documentation says."""
    frame = read(spark, small, "files", "flask")
    assert [frame.count(), small.counts.total()] == [4, 1]
    assert [len(frame.orderBy("filename").collect()), small.counts.total()] == [4, 3]


def test_plan_shows_no_password(spark: SparkSession, small: FakeIndex) -> None:
    """The plan of a query, which Spark shows and logs, has no credentials."""
    frame = read(spark, small, "files", "flask", index_username="user", index_password="hidden-one")
    plan: Any = frame._jdf.queryExecution()
    assert "hidden-one" not in plan.toString()


def test_examples(spark: SparkSession, small: FakeIndex, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The examples of docs/spark.md run as they are."""
    names: dict[str, Any] = {}
    for code in EXAMPLES.values():
        read_fake = code.replace("https://packages.example.com/root/mirror", small.url)
        read_fake = read_fake.replace("contact 'me@example.com'", f"index_url '{small.url}', requests_per_second '0'")
        contact = f'"index_url", "{small.url}").option("requests_per_second", "0"'
        read_fake = read_fake.replace('"contact", "me@example.com"', contact)
        exec(read_fake.replace("checkpoints/events", str(tmp_path)), names)  # the documentation's code
    printed = capsys.readouterr().out
    assert re.findall(r"^\|\s*(\w+)\|\s*(\d+)\|\s*\d+\|$", printed, re.MULTILINE) == [("flask", "4"), ("requests", "6")]
    assert re.findall(r"^\d+$", printed, re.MULTILINE) == ["6", "0"]
    assert printed.count("click-1.0") == 2


def test_two_tasks_take_half_the_time(spark: SparkSession, slow: FakeIndex) -> None:
    """With an index that takes its time, two tasks take at most 0.6 of the time of one."""
    seconds = []
    for partitions in (1, 2):
        start = time.perf_counter()
        assert read(spark, slow, "versions", whole_index=True, partitions=partitions).count() == SLOW
        seconds.append(time.perf_counter() - start)
    assert seconds[1] <= 0.6 * seconds[0], seconds


def test_worker_that_dies_changes_nothing(spark: SparkSession, cluster: Cluster, slow: FakeIndex) -> None:
    """If a worker is killed while it reads, its tasks are run again, and the result is the same."""
    expected = in_spark(read(spark, slow, "files", whole_index=True, partitions=2), "files")
    slow.new_run()
    frame, found = read(spark, slow, "files", whole_index=True, partitions=4), list[Counter[Any]]()
    job = threading.Thread(target=lambda: found.append(in_spark(frame, "files")))
    job.start()
    until = time.monotonic() + 60
    while len(slow.requests) < SLOW // 4 and time.monotonic() < until:
        time.sleep(0.05)
    cluster.kill(cluster.workers[1])
    job.join(100)
    assert found == [expected]
    assert max(slow.counts.values()) == 2  # so it was killed while it read


def test_format_cannot_be_written(spark: SparkSession) -> None:
    """Writing says that the format can only be read, and not that options of reading are missing."""
    with pytest.raises(AnalysisException, match="cannot write the format pypi: it can only be read; write to another"):
        spark.range(1).write.format("pypi").mode("append").save()


def test_stream_is_required(spark: SparkSession) -> None:
    """Without the option ``stream``, the error names it."""
    with pytest.raises(AnalysisException, match="the option 'stream' is required; available: projects, versions"):
        spark.read.format("pypi").load("flask")
