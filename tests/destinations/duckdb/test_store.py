"""destinations/duckdb/store.py: the tables of a DuckDB file, and what is in them."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
from msgspec.structs import replace

from source_pypi.config import make_config
from source_pypi.destinations.duckdb import store
from source_pypi.destinations.duckdb.state import LONG_ROW, _make_file
from source_pypi.destinations.duckdb.store import DuckdbStore
from source_pypi.destinations.loader import Loader
from source_pypi.destinations.runs import RUNS
from source_pypi.destinations.store import LoadPackage
from source_pypi.destinations.tables import RUN, RUN_TABLES, STATE
from source_pypi.errors import DestinationError
from source_pypi.safety.limits import LARGEST_ROW
from source_pypi.schema import stream_fields, table_fields
from source_pypi.selection import select
from source_pypi.services.index.api import Index
from source_pypi.streams import choose_streams
from source_pypi.sync.run import batches
from tests.batches import batch_with, rows_in
from tests.databases import opened, rows
from tests.destinations.loading import ALL, in_use, into_duckdb, load, run
from tests.fake_index import FakeIndex, World, generated_world

Connect = Callable[..., Index]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database goes: a name that is also a table's, which must not matter."""
    return tmp_path / "files.duckdb"


def test_documents_cannot_set_our_columns(world: World, fake: FakeIndex, connect: Connect, path: Path) -> None:
    """Keys of documents that are names of our columns, in any case, are left out; the rows are loaded."""
    own = {"seen_at": "never", "SEEN_AT": 1, "_ab_cdc_deleted_at": "2020-01-01T00:00:00Z", "project": "other"}
    document = {"info": {"name": "a", "version": "1"}, "releases": {"1": []}, "urls": [], "Version": "9", **own}
    world.override("/pypi/a/json", document)
    world.override("/stats/", {"top_packages": {}, "total_packages_size": 7, **own})
    load(path, connect(fake), "a")
    assert rows(path, "select project, seen_at > '2025-01-01', info ->> 'name' from project") == [("a", True, "a")]
    release = "select project, version, seen_at > '2025-01-01', info ->> 'name' from release"
    assert rows(path, release) == [("a", "1", True, "a")]
    assert rows(path, "select total_packages_size from stats") == [(7,)]


def test_streams_are_typed_tables(world: World, fake: FakeIndex, connect: Connect, path: Path) -> None:
    """Every stream is a table of its name in the default schema, typed, with its rows."""
    world.add("Flask", releases=["1.0", "2.0"], keywords="web, wsgi", project_urls={"Source": "https://example.com"})
    load(path, connect(fake), "Flask")
    loaded = dict(rows(path, "select table_name, estimated_size from duckdb_tables()"))
    assert set(loaded) == {stream.name for stream in ALL} | {table.name for table in (*RUN_TABLES, STATE, RUN, RUNS)}
    assert {name: loaded[name] for name in ("files", "project", "release", "stats", "versions")} == {
        "files": 4,
        "project": 1,
        "release": 2,
        "stats": 1,
        "versions": 2,
    }
    assert rows(path, "select project, name, keywords, project_urls ->> 'Source', version_count from projects") == [
        ("flask", "Flask", ["web", "wsgi"], "https://example.com", 2)
    ]
    names = "select info ->> 'name', releases -> '1.0' -> 0 ->> 'filename' from project"
    assert rows(path, names) == [("Flask", min(world.projects["flask"].releases["1.0"].files))]
    types = dict(rows(path, "select column_name, data_type from duckdb_columns() where table_name = 'files'"))
    assert types["uploaded_at"] == "TIMESTAMP WITH TIME ZONE"
    assert types["python_tags"] == "VARCHAR[]"
    assert types["size"] == "BIGINT"
    assert types["yanked"] == "BOOLEAN"


def test_values_survive(world: World, fake: FakeIndex, connect: Connect, path: Path) -> None:
    """Times keep their microseconds and zone, texts every character, absent values are null."""
    odd = "naïve \\ \" ' \u202e \U0001f40d \x07 \x00 end"
    world.release("a", "1.0", info={"summary": odd})
    world.upload(
        "a", "1.0", filename="a-1.0-1-py2.py3-none-any.whl", uploaded_at="2024-02-29T23:59:59.000001Z", size=2**40
    )
    load(path, connect(fake), "a")
    assert rows(path, "select summary, author from projects") == [(odd, None)]
    assert rows(path, "select uploaded_at::varchar, size, build_tag, python_tags, yanked_reason from files") == [
        ("2024-02-29 23:59:59.000001+00", 2**40, "1", ["py2", "py3"], None)
    ]


def test_tables_and_columns_are_commented(path: Path) -> None:
    """Tables and columns say what they are."""
    with into_duckdb(path, ALL):
        pass
    comments = dict(rows(path, "select table_name, comment from duckdb_tables()"))
    assert comments["files"] == "A row is a distribution file. Key: project, filename."
    of_run = (*RUN_TABLES, STATE, RUN, RUNS)
    assert set(comments) == {stream.name for stream in ALL} | {table.name for table in of_run}
    columns = rows(path, "select table_name, column_name, comment from duckdb_columns() where comment is not null")
    expected = {(s.name, f.name, f.description) for s in ALL for f in table_fields(s)}
    expected |= {(t.name, c.name, c.description) for t in of_run for c in t.columns}
    assert set(columns) == expected


def test_large_rows_are_committed_early(path: Path) -> None:
    """Large rows are committed before a hundred projects have come, so that the disk's use is bounded."""
    store = DuckdbStore(str(path))
    store.limits = replace(store.limits, size=1000)
    database = Loader(store, choose_streams(["project"])).__enter__()
    for number in range(3):
        database.add(batch_with(f"p{number}", {"project": [{"project": f"p{number}", "info": {"x": "y" * 600}}]}))
    assert store.connection.execute("select count(*) from project").fetchall() == [(2,)]
    database.__exit__(None, None, None)


def dense(size: int) -> msgspec.Raw:
    """JSON of so many bytes, of which taking it apart makes twenty times as many."""
    return msgspec.Raw(b"[%s1]" % (b'{"a":1},' * (size // 8)))


@pytest.mark.parametrize(("count", "size"), [(30, 1_000_000), (3, 5_000_000), (1, LARGEST_ROW - 1000)])
def test_dense_documents(path: Path, count: int, size: int) -> None:
    """Documents that take much memory to parse are loaded: some at a time, with more memory for a large one."""
    store = DuckdbStore(str(path))
    with Loader(store, choose_streams(["project"]), keep_history=True) as database:
        for number in range(count):
            made = [{"project": f"p{number}", "info": dense(size)}]
            database.add(batch_with(f"p{number}", {"project": made}))
        limit = store.connection.execute("select current_setting('memory_limit')").fetchall()
    assert limit == [("244.1 MiB",)]
    assert rows(path, "select count(*), min(length(info)) > 900_000 from project") == [(count, True)]
    assert rows(path, "select count(*) from project_history") == [(count,)]


class _NotingStore(DuckdbStore):
    """A file that notes how much memory DuckDB may take while a package is written, and when it is closed."""

    def __init__(self, into: str) -> None:
        super().__init__(into)
        self.noted: list[str] = []

    def _note(self) -> None:
        self.noted += self.connection.execute("select current_setting('memory_limit')").fetchall()[0]

    def write_state(self, package: LoadPackage) -> None:
        super().write_state(package)
        self._note()

    def _limit_memory(self, size: int) -> None:
        super()._limit_memory(size)
        self._note()


@pytest.mark.parametrize(
    ("stream", "row", "noted"),
    [
        ("versions", {"version": "1"}, ["122.0 MiB"] * 2 + ["244.1 MiB", "122.0 MiB"]),
        ("versions", {"version": "1", "sort_key": "x" * 900_000}, ["244.1 MiB"] * 2),
        ("project", {"info": {"a": "x" * 120_000}}, ["244.1 MiB"] * 2),
    ],
    ids=["small", "large", "json"],
)
def test_small_package_takes_less_memory(path: Path, stream: str, row: dict[str, Any], noted: list[str]) -> None:
    """A small package is written with half the memory, as is what closing the file writes; JSON counts eightfold."""
    store = _NotingStore(str(path))
    with Loader(store, choose_streams([stream])) as loader:
        for number in range(20):
            project = f"p{number}"
            loader.add(batch_with(project, {stream: [{"project": project, **row}]}))
    assert store.noted == noted
    assert rows(path, f"select count(*) from {stream}") == [(20,)]


@pytest.mark.parametrize(
    ("stream", "column", "value", "count"),
    [
        ("project", "info", dense(990_000), 1),
        ("project", "info", dense(100_000), 10),
        ("versions", "sort_key", "x" * 900_000, 18),
        ("versions", "sort_key", "x" * 100_000, 160),
    ],
    ids=["one-json", "json", "long-texts", "texts"],
)
def test_largest_small_package_with_history(path: Path, stream: str, column: str, value: Any, count: int) -> None:
    """The largest small packages are written with the memory that these get, twice, with a history."""
    for time in ("1", "2"):
        with into_duckdb(path, choose_streams([stream]), keep_history=True) as loader:
            for number in range(count):
                row = {"project": f"p{number}", "version": time, column: value}
                loader.add(batch_with(f"p{number}", {stream: [row]}))
    assert rows(path, f"select count(*) from {stream}") == [(count,)]


def test_many_short_rows_need_no_more_memory(path: Path) -> None:
    """Many rows of one project do not raise the memory limit, which depends on the longest row."""
    made = [{"project": "foo", "version": str(number), "sort_key": "x" * 1000} for number in range(40_000)]
    with into_duckdb(path, choose_streams(["versions"])) as database:
        database.add(batch_with("foo", {"versions": made}))
        assert database._staged["versions"].rows.longest <= LONG_ROW
    assert rows(path, "select count(*) from versions") == [(40_000,)]


def test_row_beyond_duckdbs_default_is_loaded(path: Path) -> None:
    """A row beyond DuckDB's default limit is loaded."""
    text = "x" * (20 * 1024 * 1024)
    with into_duckdb(path, choose_streams(["project"])) as database:
        database.add(batch_with("a", {"project": [{"project": "a", "info": {"description": text}}]}))
    assert rows(path, "select length(info ->> 'description') from project") == [(len(text),)]


def test_file_opens_in_older_duckdb(path: Path) -> None:
    """The file is written in a format that older releases read."""
    with into_duckdb(path, ALL):
        pass
    connection = duckdb.connect(str(path), read_only=True)
    ((version,),) = connection.execute(
        "select tags['storage_version'] from duckdb_databases() where not internal"
    ).fetchall()
    connection.close()
    assert version is not None
    assert version.startswith("v1.")


def test_older_table_gets_new_columns(path: Path) -> None:
    """A table of an older release gets the columns that it lacks, and keeps its rows."""
    connection = duckdb.connect(str(path))
    connection.execute("create table files (filename varchar, project varchar)")
    connection.execute("comment on table files is 'A row is a distribution file.'")
    connection.execute("insert into files values ('a.whl', 'a')")
    connection.close()
    with into_duckdb(path, choose_streams(["files"])):
        pass
    assert rows(path, "select filename, project, size from files") == [("a.whl", "a", None)]


def test_foreign_table_stops_the_sync(path: Path) -> None:
    """A table of the same name and another make is never touched."""
    connection = duckdb.connect(str(path))
    connection.execute("create table files (path varchar)")
    connection.close()
    with (
        pytest.raises(DestinationError, match="it has a table or view 'files' that is not ours"),
        into_duckdb(path, ALL),
    ):
        pass
    assert rows(path, "select count(*) from duckdb_tables()") == [(1,)]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda folder: folder / "nowhere" / "x.duckdb", "its folder does not exist"),
        (lambda folder: _written(folder / "text.duckdb", b"no database " * 1000), "it is no DuckDB file"),
        (lambda folder: folder, "cannot write"),
    ],
)
def test_file_that_cannot_be_opened(tmp_path: Path, make: Callable[[Path], Path], reason: str) -> None:
    """A path that cannot be a database is an error of one line that says why."""
    with pytest.raises(DestinationError) as caught, into_duckdb(make(tmp_path), ALL):
        pass
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_file_in_use(path: Path) -> None:
    """A file that another program has open is an error that says so."""
    with (
        in_use(path),
        pytest.raises(DestinationError, match="it is in use by another program"),
        into_duckdb(path, ALL),
    ):
        pass


def test_values_equal_those_of_the_protocol(path: Path, serve: Callable[..., FakeIndex], connect: Connect) -> None:
    """The tables have the values that `read` writes as JSON."""
    fake = FakeIndex(generated_world(projects=3, files=30))
    with fake:
        names = list(fake.world.projects)
        config = make_config({"projects": names})
        flat = choose_streams(None)
        made: dict[str, list[dict[str, Any]]] = {stream.name: [] for stream in flat}
        with into_duckdb(path, flat) as database:
            for batch in batches(connect(fake), select(config), flat, config):
                database.add(batch)
                for name, batch_rows in rows_in(batch).items():
                    made[name] += [_plain(row) for row in batch_rows]
    for stream in flat:
        columns = [field.name for field in stream_fields(stream)]
        with opened(path) as connection:
            listed = connection.execute(f"select {', '.join(columns)} from {stream.name}").fetchall()
        loaded = [dict(zip(columns, map(_comparable, row), strict=True)) for row in listed]
        by_key = itemgetter(*stream.key)
        assert sorted(loaded, key=by_key) == sorted(made[stream.name], key=by_key)


def _plain(row: Any) -> dict[str, Any]:
    return {name: _comparable(getattr(row, name)) for name in row.__struct_fields__}


def _comparable(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, dict):
        return value
    if isinstance(value, str) and value.startswith("{"):
        return json.loads(value)
    return value


def test_unknown_pin_keeps_loaded_rows(
    world: World, serve: Callable[..., FakeIndex], connect: Connect, path: Path
) -> None:
    """A pinned release that the index does not have deletes nothing that was loaded before."""
    world.add("flask", releases=["1.0"], requires_dist=["click"])
    fake = serve()
    load(path, connect(fake), "flask")
    fake.new_run()
    load(path, connect(fake), "flask==99")
    assert rows(path, "select (select count(*) from release), (select count(*) from dependencies)") == [(1, 1)]


@pytest.mark.parametrize(
    "statement",
    [
        "create table stats (top_packages json, mine int)",
        "create table projects (project varchar, budget int)",
        "create view files as select 1 as project",
        "create table pins (x int)",
        "create table index_capabilities (stream varchar, available boolean)",
    ],
)
def test_foreign_tables_and_views_stay(path: Path, statement: str) -> None:
    """Whatever stands in the way of our tables and is not ours is never touched."""
    connection = duckdb.connect(str(path))
    connection.execute(statement)
    connection.close()
    with pytest.raises(DestinationError, match="that is not ours"), into_duckdb(path, ALL):
        pass
    assert (
        len(
            rows(
                path,
                "select table_name from duckdb_tables() union all select view_name from duckdb_views() "
                "where not internal",
            )
        )
        == 1
    )


def test_user_views_stay(path: Path) -> None:
    """A view or table by the name of one of our views stays, and tables of another schema do not matter."""
    connection = duckdb.connect(str(path))
    connection.execute("create table latest_files (mine int)")
    connection.execute("create view release_cadence as select 1 as mine")
    connection.execute("create schema other")
    connection.execute("create table other.dependencies (a int)")
    connection.close()
    with into_duckdb(path, choose_streams(["files", "versions"])):
        pass
    assert rows(path, "select * from latest_files") == []
    assert rows(path, "select * from release_cadence") == [(1,)]


@pytest.mark.parametrize("name", ["md:mine", "sqlite:mine.db", ":memory:", 'it\'s a "path".duckdb'])
def test_any_name_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A file may have any name, and nothing is fetched to open it."""
    monkeypatch.chdir(tmp_path)
    with into_duckdb(Path(name), choose_streams(["stats"])) as database:
        database.add(batch_with(None, {"stats": [{"top_packages": {}}]}))
    assert rows(tmp_path / name, "select count(*) from stats") == [(1,)]


def test_new_file_leaves_others(tmp_path: Path) -> None:
    """A file by the name of the new one with .new at its end is the user's and stays; nothing else is left."""
    (tmp_path / "x.duckdb.new").write_text("mine")
    with into_duckdb(tmp_path / "x.duckdb", choose_streams(["files"])):
        pass
    assert (tmp_path / "x.duckdb.new").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.duckdb", "x.duckdb.new"]


def test_log_without_its_database(tmp_path: Path) -> None:
    """A log whose database is gone is an error that says what to do; both stay."""
    (tmp_path / "x.duckdb.wal").write_bytes(b"log")
    with pytest.raises(
        DestinationError, match="is the log of a database that is gone: restore the database, or delete the log"
    ):
        into_duckdb(tmp_path / "x.duckdb", choose_streams(["files"])).__enter__()
    assert [path.name for path in tmp_path.iterdir()] == ["x.duckdb.wal"]


def test_log_of_another_database(tmp_path: Path) -> None:
    """A log beside a database that it does not belong to is an error that says what to do; both stay."""
    code = (
        "import duckdb, os; c = duckdb.connect('other.duckdb'); c.execute('create table t (x int)'); "
        "c.execute('insert into t values (1)'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False)
    duckdb.connect(str(tmp_path / "x.duckdb")).close()
    (tmp_path / "other.duckdb.wal").rename(tmp_path / "x.duckdb.wal")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(DestinationError) as caught:
        into_duckdb(tmp_path / "x.duckdb", choose_streams(["files"])).__enter__()
    assert caught.value.reason == (
        "the log beside it (.wal) is that of another database: restore that database, or move the log away"
    )
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_runs_that_make_the_same_file(tmp_path: Path) -> None:
    """Runs that make the same new file at the same time leave one valid file, and nothing else."""
    path, barrier = tmp_path / "x.duckdb", threading.Barrier(8)

    def make(_: int) -> None:
        barrier.wait()
        _make_file(path, {})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(make, range(8)))
    assert list(tmp_path.iterdir()) == [path]
    assert rows(path, "SELECT 1") == [(1,)]


def test_schemas_of_one_file(world: World, serve: Callable[..., FakeIndex], connect: Connect, path: Path) -> None:
    """Each schema has its own rows, state, history and views, also of another index; a file may hold several."""
    for name in ("flask", "click"):
        world.add(name, requires_dist=["six"])
    schemas, streams = {None: serve(), "one": serve(), "two": serve()}, choose_streams(["files", "dependencies"])
    loaded: dict[str | None, list[str]] = {None: ["flask"], "one": ["click"], "two": ["flask", "click"]}
    for _ in range(2):
        for schema, fake in schemas.items():
            fake.new_run()
            index = connect(fake)
            loader = into_duckdb(path, streams, root=index.root, schema=schema, keep_history=schema == "one")
            run(loader, index, loaded[schema])
    statuses = {
        schema: {request.status for request in fake.requests if "json" in request.path}
        for schema, fake in schemas.items()
    }
    assert statuses == {schema: {304} for schema in schemas}
    for schema, projects in loaded.items():
        name = schema or "main"
        found = rows(path, f"select distinct project from {name}.files order by all")
        assert [project for (project,) in found] == sorted(projects)
        dependents = rows(path, f"select distinct dependent from {name}.dependents order by all")
        assert [project for (project,) in dependents] == sorted(projects)
        assert rows(path, f'select "index" from {name}._run') == [(connect(schemas[schema]).root,)]
    histories = "select distinct schema_name from duckdb_tables() where table_name like '%_history'"
    assert rows(path, histories) == [("one",)]


def test_schema_in_another_spelling(path: Path) -> None:
    """A schema that exists is used in whatever capitals it is named, as DuckDB's own names are."""
    for schema in ("Mine", "mine", "MAIN", None):
        with into_duckdb(path, choose_streams(["files"]), schema=schema) as database:
            database.add(batch_with("a", {"files": [{"project": "a", "filename": "a.whl"}]}))
    schemas = rows(path, "select schema_name from duckdb_tables() where table_name = 'files' order by all")
    assert schemas == [("Mine",), ("main",)]


def test_foreign_table_of_another_schema_does_not_matter(path: Path) -> None:
    """A table of the user's own in main neither prevents a load into another schema nor is changed by it."""
    connection = duckdb.connect(str(path))
    connection.execute("create table files (path varchar)")
    connection.execute("create table _run (x int)")
    connection.close()
    with into_duckdb(path, choose_streams(["files"]), schema="pk") as database:
        database.add(batch_with("a", {"files": [{"project": "a", "filename": "a.whl"}]}))
    assert rows(path, "select (select count(*) from main.files), (select count(*) from pk.files)") == [(0, 1)]
    with pytest.raises(DestinationError, match="duckdb: it has a table or view '_run' that is not ours"):
        into_duckdb(path, choose_streams(["files"])).__enter__()


def test_column_that_was_dropped_in_another_schema(path: Path) -> None:
    """A view that lost a column in one schema prevents no load into another, and is made again by the next one."""
    made = {"versions": [{"project": "a", "version": "1"}], "files": [{"project": "a", "filename": "a.whl"}]}
    for schema in ("one", "two"):
        with into_duckdb(path, choose_streams(["files", "versions"]), schema=schema) as database:
            database.add(batch_with("a", made))
    connection = duckdb.connect(str(path))
    connection.execute("alter table one.files drop column filename")
    connection.execute("alter table one.versions drop column first_upload_at")
    connection.close()
    for again in ("two", None, "one"):
        with into_duckdb(path, choose_streams(["files", "versions"]), schema=again) as database:
            database.add(batch_with("b", {"versions": [{"project": "b", "version": "1"}]}))
    assert rows(path, "select project from one.release_cadence") == []
    assert rows(path, "select project from two.versions order by all") == [("a",), ("b",)]


def test_checkpoint_after_many_replaced_projects(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB's memory of deleted rows is limited: a checkpoint empties the log once many projects were replaced."""
    monkeypatch.setattr(store, "MOST_REPLACED", 4)
    log, sizes = path.with_name(f"{path.name}.wal"), list[bool]()
    for size in (1, 2):
        with into_duckdb(path, choose_streams(["files"])) as loader:
            for name in "abcdef":
                loader.add(batch_with(name, {"files": [{"project": name, "filename": f"{name}.whl", "size": size}]}))
                loader.commit()
                sizes.append(log.exists() and log.stat().st_size > 0)
    assert sizes == [True] * 6 + [True, True, True, False, True, True]
    assert rows(path, "select project, size from files order by all") == [(name, 2) for name in "abcdef"]
