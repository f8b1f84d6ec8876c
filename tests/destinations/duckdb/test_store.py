"""fronts/store.py: batches into a DuckDB file."""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
from msgspec.structs import replace

from source_pypi.config import make_config
from source_pypi.destinations.duckdb.state import LONG_ROW
from source_pypi.destinations.duckdb.store import DuckdbStore
from source_pypi.destinations.loader import Loader
from source_pypi.destinations.tables import RUN, SELECTION, STATE
from source_pypi.errors import DestinationError, UnavailableError
from source_pypi.safety.limits import LARGEST_ROW
from source_pypi.schema import stream_fields, table_fields
from source_pypi.selection import select
from source_pypi.services.index.api import Index
from source_pypi.streams import STREAMS, choose_streams
from source_pypi.sync.changes import Change
from source_pypi.sync.run import batches
from tests.batches import SEEN, batch_with, rows_in
from tests.destinations.loading import ALL, into_duckdb, kill, load, opened, rows
from tests.fake_index import FakeIndex, World, generated_world

Connect = Callable[..., Index]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database goes: a name that is also a table's, which must not matter."""
    return tmp_path / "files.duckdb"


def test_tables(world: World, fake: FakeIndex, connect: Connect, path: Path) -> None:
    """Every stream is a table of its name in the default schema, typed, with its rows."""
    world.add("Flask", releases=["1.0", "2.0"], keywords="web, wsgi", project_urls={"Source": "https://example.com"})
    load(path, connect(fake), "Flask")
    loaded = dict(rows(path, "select table_name, estimated_size from duckdb_tables()"))
    assert set(loaded) == {stream.name for stream in STREAMS} | {"_selection", "_state", "_run"}
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


def test_comments(path: Path) -> None:
    """Tables and columns say what they are."""
    with into_duckdb(path, ALL):
        pass
    comments = dict(rows(path, "select table_name, comment from duckdb_tables()"))
    assert comments["files"] == "A row is a distribution file. Key: filename."
    assert set(comments) == {stream.name for stream in STREAMS} | {"_selection", "_state", "_run"}
    columns = rows(path, "select table_name, column_name, comment from duckdb_columns() where comment is not null")
    expected = {(s.name, f.name, f.description) for s in STREAMS for f in table_fields(s)}
    expected |= {(t.name, c.name, c.description) for t in (SELECTION, STATE, RUN) for c in t.columns}
    assert set(columns) == expected


def test_twice(world: World, serve: Callable[..., FakeIndex], connect: Connect, path: Path) -> None:
    """A second load leaves the same rows, with the times at which they were first seen."""
    world.add("flask", releases=["1.0", "2.0"])
    world.add("click")
    fake = serve()
    everything = {stream.name: f"select * from {stream.name} order by all" for stream in STREAMS}
    load(path, connect(fake), "flask", "click")
    first = {name: str(rows(path, query)) for name, query in everything.items()}
    fake.new_run()
    load(path, connect(fake), "click", "flask")
    assert {name: str(rows(path, query)) for name, query in everything.items()} == first


def test_replaced_by_project(world: World, serve: Callable[..., FakeIndex], connect: Connect, path: Path) -> None:
    """What has changed is replaced, what is gone is gone, also the last row, and other projects stay."""
    world.add("flask", releases=["1.0", "2.0"])
    world.add("click", releases=["7.0"])
    fake = serve()
    load(path, connect(fake), "flask", "click")
    world.delete_release("flask", "1.0")
    for file in list(world.projects["flask"].releases["2.0"].files.values()):
        world.delete_file(file.filename)
    fake.new_run()
    load(path, connect(fake), "flask")
    assert rows(path, "select project, version, file_count from versions order by all") == [
        ("click", "7.0", 2),
        ("flask", "2.0", 0),
    ]
    assert rows(path, "select distinct project from files") == [("click",)]


def test_a_failed_stream_keeps_its_rows(path: Path, world: World, fake: FakeIndex, connect: Connect) -> None:
    """What could not be read keeps what was loaded before."""
    world.add("flask")
    load(path, connect(fake), "flask")
    outage = UnavailableError("http://index.test", 503, 7, 60.0, None)
    with into_duckdb(path, ALL) as database:
        database.add(batch_with("flask", {"files": []}, failures={"versions": outage}))
        database.add(batch_with("flask", missing=True))
        database.add(batch_with(None, failures={"stats": outage}))
    assert rows(path, "select (select count(*) from files), (select count(*) from versions)") == [(0, 1)]
    assert rows(path, "select count(*) from stats") == [(1,)]


def test_committed_by_the_hundred(path: Path, connect: Connect, serve: Callable[..., FakeIndex], world: World) -> None:
    """A transaction has a hundred projects; a run that dies has loaded what was committed, whole."""
    for number in range(120):
        world.add(f"p{number}")
    index = connect(serve())
    config = make_config({"projects": [f"p{number}" for number in range(120)]})
    database = into_duckdb(path, choose_streams(["files"])).__enter__()
    for batch in batches(index, select(config), choose_streams(["files"]), config):
        database.add(batch)
    kill(database)
    assert rows(path, "select count(distinct project), count(*) from files") == [(100, 200)]


def test_what_brings_nothing_waits_longer(path: Path) -> None:
    """Projects that bring nothing are noted by the five hundred, and with those that bring something."""
    database = into_duckdb(path, choose_streams(["files"])).__enter__()
    for number in range(520):
        database.add(batch_with(f"p{number}", changes={"files": Change(SEEN)}))
    for number in range(80):
        database.add(batch_with(f"q{number}", {"files": []}))
    kill(database)
    noted = rows(path, "select left(project, 1), count(*) from _state group by 1 order by 1")
    assert noted == [("p", 520), ("q", 80)]


def test_committed_by_size(path: Path) -> None:
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
    """Documents that take much memory to take apart are loaded: some at a time, with more memory for a large one."""
    store = DuckdbStore(str(path))
    with Loader(store, choose_streams(["project"]), keep_history=True) as database:
        for number in range(count):
            made = [{"project": f"p{number}", "info": dense(size)}]
            database.add(batch_with(f"p{number}", {"project": made}))
        limit = store.connection.execute("select current_setting('memory_limit')").fetchall()
    assert limit == [("244.1 MiB",)]
    assert rows(path, "select count(*), min(length(info)) > 900_000 from project") == [(count, True)]
    assert rows(path, "select count(*) from project_history") == [(count,)]


def test_many_rows_of_a_project(path: Path) -> None:
    """Many rows of one project are no long row: memory stays what it is."""
    made = [{"project": "foo", "version": str(number), "sort_key": "x" * 1000} for number in range(40_000)]
    with into_duckdb(path, choose_streams(["versions"])) as database:
        database.add(batch_with("foo", {"versions": made}))
        assert database._staged["versions"].rows.longest <= LONG_ROW
    assert rows(path, "select count(*) from versions") == [(40_000,)]


def test_committed_when_an_error_is_under_way(path: Path) -> None:
    """What was added before an error is loaded."""
    with suppress(ZeroDivisionError), into_duckdb(path, choose_streams(["stats"])) as database:
        database.add(batch_with(None, {"stats": [{"top_packages": {}, "total_packages_size": 7}]}))
        raise ZeroDivisionError
    assert rows(path, "select total_packages_size from stats") == [(7,)]


def test_a_long_row(path: Path) -> None:
    """A row longer than DuckDB's usual bound is loaded."""
    text = "x" * (20 * 1024 * 1024)
    with into_duckdb(path, choose_streams(["project"])) as database:
        database.add(batch_with("a", {"project": [{"project": "a", "info": {"description": text}}]}))
    assert rows(path, "select length(info ->> 'description') from project") == [(len(text),)]


def test_older_duckdb_can_open_it(path: Path) -> None:
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


def test_columns_of_a_newer_release(path: Path) -> None:
    """A table of an older release gets the columns that it lacks, and keeps its rows."""
    connection = duckdb.connect(str(path))
    connection.execute("create table files (filename varchar, project varchar)")
    connection.execute("comment on table files is 'A row is a distribution file.'")
    connection.execute("insert into files values ('a.whl', 'a')")
    connection.close()
    with into_duckdb(path, choose_streams(["files"])):
        pass
    assert rows(path, "select filename, project, size from files") == [("a.whl", "a", None)]


def test_a_table_that_is_not_ours(path: Path) -> None:
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
def test_cannot_be_opened(tmp_path: Path, make: Callable[[Path], Path], reason: str) -> None:
    """A file that cannot be a database is one line that says why."""
    with pytest.raises(DestinationError) as caught, into_duckdb(make(tmp_path), ALL):
        pass
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_in_use(path: Path) -> None:
    """A database that another program has open is told so."""
    code = f"import duckdb, sys; c = duckdb.connect({str(path)!r}); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        with pytest.raises(DestinationError, match="it is in use by another program"), into_duckdb(path, ALL):
            pass
        other.communicate("")


def test_like_the_protocol(path: Path, serve: Callable[..., FakeIndex], connect: Connect) -> None:
    """The tables hold the very values that the other fronts write as JSON."""
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


def test_a_slip_keeps_what_was_loaded(
    world: World, serve: Callable[..., FakeIndex], connect: Connect, path: Path
) -> None:
    """A pin that the index does not have takes nothing away of what was loaded before."""
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
        "create table _selection (x int)",
    ],
)
def test_what_is_not_ours_stays(path: Path, statement: str) -> None:
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


def test_views_of_the_user(path: Path) -> None:
    """A view or table that is called as one of our views stays as it is, and tables of another schema do not matter."""
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
def test_a_file_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Whatever a file is called, it is a file, and nothing is fetched to open it."""
    monkeypatch.chdir(tmp_path)
    with into_duckdb(Path(name), choose_streams(["stats"])) as database:
        database.add(batch_with(None, {"stats": [{"top_packages": {}}]}))
    assert rows(tmp_path / name, "select count(*) from stats") == [(1,)]


def test_a_full_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where rows cannot be staged, that is one error that names the place, and nothing of them is loaded."""
    database = into_duckdb(path, choose_streams(["files"])).__enter__()
    database._staged["files"]._file = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115
    with pytest.raises(DestinationError, match=r"temporary folder .*: No space left on device") as caught:
        database.add(batch_with("a", {"files": [{"project": "a", "filename": "a.whl"}]}))
    database.__exit__(DestinationError, caught.value, None)
    assert rows(path, "select count(*) from files") == [(0,)]
