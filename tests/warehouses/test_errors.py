"""What is said where a destination cannot be written, never with a password; lost tables; state of 0.4.0."""

import logging
import sqlite3
import subprocess
import sys
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from source_pypi.destinations.address import parse_address
from source_pypi.errors import DestinationError, SettingError, StateError
from source_pypi.streams import choose_streams
from tests.fake_index import FakeIndex, World
from tests.warehouses import postgres
from tests.warehouses.places import Place, in_sqlite
from tests.warehouses.syncing import held, read, sync

pytestmark = pytest.mark.warehouses

Serve = Callable[..., FakeIndex]
FILES = choose_streams(["files"])


def nowhere(into: str) -> Place:
    """A place that is only written to."""
    return Place("nowhere", into, lambda table: [], set)


def test_unreachable_server_is_one_line(world: World, serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """A server that cannot be reached is an error of one line, without user and password; so is what is logged."""
    caplog.set_level(logging.DEBUG)
    into = "postgresql://user:hush%21hush@127.0.0.1:1/db?application_name=hidden"
    with pytest.raises(DestinationError) as caught:
        sync(nowhere(into), serve(), ["flask"], FILES)
    assert str(caught.value).startswith("cannot write postgresql://127.0.0.1:1/db: connection to server at")
    assert "\n" not in str(caught.value)
    for told in (str(caught.value), caplog.text):
        assert not any(secret in told for secret in ("hush", "hidden"))


def test_refused_password_is_hidden(in_postgres: Place, world: World, serve: Serve) -> None:
    """A refused password is in no message, neither quoted nor unquoted."""
    into = in_postgres.into.replace(postgres.QUOTED, "wr0ng%3Aone")
    with pytest.raises(DestinationError) as caught:
        sync(nowhere(into), serve(), ["flask"], FILES)
    assert "password authentication failed" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "wr0ng" not in "".join(traceback.format_exception_only(caught.value))


def test_impossible_destination_is_one_line(tmp_path: Path, world: World, serve: Serve) -> None:
    """A destination that cannot exist is an error of one line that says why, before a request is made."""
    fake = serve()
    (tmp_path / "text.db").write_bytes(b"no database " * 1000)
    said = []
    for into in (
        f"sqlite:///{tmp_path}/none/x.db",
        f"sqlite:///{tmp_path}/text.db",
        "dlt:nosuchthing",
        "nosuchdialect://host/db",
        f"file://{tmp_path}/text.db/",
    ):
        with pytest.raises((DestinationError, SettingError)) as caught:
            sync(nowhere(into), fake, ["flask"], FILES)
        assert "\n" not in str(caught.value)
        said.append(str(caught.value).rpartition(": ")[2][:60])
    assert said == [
        "its folder does not exist, or cannot be written",
        "it is no SQLite file",
        *said[2:],
    ]
    assert fake.requests == []


def test_foreign_table_stays(tmp_path: Path, world: World, serve: Serve) -> None:
    """A table by the name of ours that somebody else made is never changed."""
    path = tmp_path / "mine.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE files (path TEXT)")
    with pytest.raises(DestinationError, match="it has a table or view 'files' that is not ours"):
        sync(in_sqlite(path), serve(), ["flask"], FILES)
    assert in_sqlite(path).tables() == {"files"}


def test_dropped_table_is_read_again(place: Place, world: World, serve: Serve, tmp_path: Path) -> None:
    """A dropped table is made and read from its beginning again; the others continue."""
    world.add("flask", releases=["1.0", "2.0"])
    fake = serve()
    streams = choose_streams(["files", "versions"])
    sync(place, fake, ["flask"], streams)
    if place.name == "postgres":
        postgres.execute(place.into, "DROP TABLE pypi_data.files CASCADE")
    elif place.name == "sqlite":
        with closing(sqlite3.connect(tmp_path / "pypi.db")) as connection:
            connection.execute("DROP TABLE files")
    else:
        (tmp_path / "pypi" / "files" / "files.parquet").unlink()
    fake.new_run()
    assert sync(place, fake, ["flask"], streams).rows == {"files": 4}
    fake.new_run()
    assert held(place, streams) == read(fake, ["flask"], streams)


def change(database: Place, folder: Path, statement: str) -> None:
    """Change a database from outside."""
    if database.name == "postgres":
        postgres.execute(database.into, statement)
        return
    with closing(sqlite3.connect(folder / "pypi.db")) as connection:
        connection.execute(statement)
        connection.commit()


def test_dropped_column_is_read_again(database: Place, world: World, serve: Serve, tmp_path: Path) -> None:
    """A column that was dropped is made again, and its stream is read in full; others continue.

    The columns of a key are NOT NULL, but for one that is made again.
    """
    world.add("flask", releases=["1.0", "2.0"])
    fake = serve()
    streams = choose_streams(["files", "versions"])
    sync(database, fake, ["flask"], streams)
    assert {stream.name: not_null(database, stream.name) for stream in streams} == {
        stream.name: {*stream.key} for stream in streams
    }
    if database.name == "sqlite":  # it drops no column that a view reads
        for view in ("latest_files", "wheel_coverage"):
            change(database, tmp_path, f"DROP VIEW IF EXISTS {view}")
    cascade = " CASCADE" if database.name == "postgres" else ""
    change(database, tmp_path, f"ALTER TABLE {table_of(database, 'files')} DROP COLUMN filename{cascade}")
    fake.new_run()
    assert sync(database, fake, ["flask"], streams).rows == {"files": 4}
    assert not_null(database, "files") == {"project"}
    fake.new_run()
    assert held(database, streams) == read(fake, ["flask"], streams)


def not_null(database: Place, table: str) -> set[str]:
    """The columns of a table that are NOT NULL."""
    if database.name == "postgres":
        query = "SELECT column_name FROM information_schema.columns WHERE table_name = '{}' AND is_nullable = 'NO'"
        return {name for (name,) in postgres.execute(database.into, query.format(table))}
    with closing(sqlite3.connect(database.into.removeprefix("sqlite:///"))) as connection:
        query = f"SELECT name FROM pragma_table_info('{table}') WHERE \"notnull\""
        return {name for (name,) in connection.execute(query)}


def table_of(database: Place, table: str) -> str:
    """A table with its schema."""
    return f'"{"pypi_data" if database.name == "postgres" else "main"}"."{table}"'


def test_broken_state_is_an_error(database: Place, world: World, serve: Serve, tmp_path: Path) -> None:
    """Broken state is an error with the statement that deletes it; the project is then read in full."""
    world.add("flask")
    world.add("click")
    fake = serve()
    sync(database, fake, ["flask", "click"], FILES)
    state = table_of(database, "_state")
    change(database, tmp_path, f"UPDATE {state} SET packed = 'x' WHERE project = 'flask'")
    with pytest.raises(StateError) as caught:
        sync(database, fake, ["flask", "click"], FILES)
    reason, _, statement = str(caught.value).rpartition(": ")
    shown = parse_address(database.into).shown
    assert reason == (
        f"the state of {shown} cannot be read: the row of the project 'flask' in _state was changed or is damaged; "
        f"delete it in {shown}, and the next run reads the project 'flask' in full"
    )
    assert statement == f"DELETE FROM {state} WHERE project = 'flask'"
    change(database, tmp_path, statement)
    fake.new_run()
    sync(database, fake, ["flask", "click"], FILES)
    assert {(request.path, request.status) for request in fake.requests} == {
        ("/pypi/flask/json", 200),
        ("/pypi/click/json", 304),
    }


@pytest.mark.parametrize(
    ("statement", "warnings"),
    [
        ("DROP TABLE {_state}", []),
        ("ALTER TABLE {_state} DROP COLUMN serial", ["has no complete table _state: everything is read again"]),
        ("DROP TABLE {_run}", []),
    ],
)
def test_incomplete_state_is_made_again(
    database: Place, world: World, serve: Serve, tmp_path: Path, statement: str, warnings: list[str]
) -> None:
    """If a table of the state, or a column of it, is gone, everything is read again, and the state is complete."""
    world.add("flask")
    fake = serve()
    sync(database, fake, ["flask"], FILES)
    names = {name: table_of(database, name) for name in ("_state", "_run")}
    change(database, tmp_path, statement.format_map(names))
    fake.new_run()
    done = sync(database, fake, ["flask"], FILES)
    assert done.rows == {"files": 2}
    assert [warning.removeprefix(f"{parse_address(database.into).shown} ") for warning in done.warnings] == warnings
    fake.new_run()
    done = sync(database, fake, ["flask"], FILES)
    assert (done.rows, done.warnings) == ({}, [])


def test_runs_that_make_the_same_tables(database: Place, world: World) -> None:
    """Of runs that make the same new tables at the same time one works; another one ends with one line."""
    world.add("flask")
    with FakeIndex(world, strict=False) as fake:
        command = [sys.executable, "-m", "source_pypi", "sync", "flask", "--streams", "files"]
        command += ["--into", database.into, "--index-url", fake.url]
        runs = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for _ in "123"]
        ended = [(run.communicate(timeout=60)[1], run.returncode) for run in runs]
    assert 0 in [status for _, status in ended]
    assert all(errors.startswith("error: cannot write ") for errors, status in ended if status != 0)
    assert all(errors.count("\n") == 1 for errors, status in ended if status != 0)
    assert len(database.rows(FILES[0])) == 2


def test_state_of_version_1_is_replaced(database: Place, world: World, serve: Serve, tmp_path: Path) -> None:
    """State tables that 0.4.0 wrote are replaced, with one warning, and its staging table goes; rows continue."""
    world.add("flask", releases=["1.0", "2.0"])
    fake = serve()
    streams = choose_streams(["files", "versions"])
    sync(database, fake, ["flask"], streams, keep_history=True)
    table = "pypi_data.{}" if database.name == "postgres" else "{}"
    statements = [f"DROP TABLE {table.format('_state')}"]
    for name, columns in (
        ("_state", "stream, project, terms, asked, serial, absent, seen"),
        (
            "_new_state",
            "_load, for_stream, for_project, new_terms, new_asked, new_serial, new_absent, new_seen, visited",
        ),
    ):
        statements.append(f"CREATE TABLE {table.format(name)} ({columns.replace(',', ' TEXT,')} TEXT)")
    statements.append(f"INSERT INTO {table.format('_state')} VALUES ('files', 'flask', '00', '1', '1', '0', 'x')")
    statements.append(f"UPDATE {table.format('_run')} SET version = 1")
    for statement in statements:
        if database.name == "postgres":
            postgres.execute(database.into, statement)
            continue
        with closing(sqlite3.connect(tmp_path / "pypi.db")) as connection:
            connection.execute(statement)
            connection.commit()
    fake.new_run()
    done = sync(database, fake, ["flask"], streams)
    assert [warning.partition(" was ")[2] for warning in done.warnings] == [
        "written by an older release: everything is read again"
    ]
    assert done.rows == {"files": 4, "versions": 2}
    assert len(database.rows(streams[0], "files_history")) == 4
    assert "_new_state" not in database.tables()
    fake.new_run()
    done = sync(database, fake, ["flask"], streams)
    assert (done.rows, done.warnings) == ({}, [])
    fake.new_run()
    assert held(database, streams) == read(fake, ["flask"], streams)


def test_name_of_dlts_configuration(
    tmp_path: Path, world: World, serve: Serve, monkeypatch: pytest.MonkeyPatch, in_postgres: Place
) -> None:
    """A destination by its name is what dlt's own configuration says it is."""
    world.add("flask")
    fake = serve()
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", in_postgres.into)
    sync(nowhere("postgres"), fake, ["flask"], FILES)
    fake.new_run()
    assert held(in_postgres, FILES) == read(fake, ["flask"], FILES)


def test_nothing_else_is_connected_to(place: Place, world: World, serve: Serve) -> None:
    """A sync connects to the index and the database only: no telemetry."""
    world.add("flask")
    fake = serve()
    command = [sys.executable, "-m", "tests.warehouses.child", place.into, fake.url, "flask", "--watch"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    # what libpq, which is not Python, connects to, is not heard of here: only the database
    index = fake.url.removeprefix("http://").partition("/")[0].partition(":")
    assert done.stdout.splitlines()[0] == "open"
    assert {line.rpartition(" ")[0] for line in done.stdout.splitlines()[1:]} == {
        f"('{index[0]}', {index[2]})",
        f"name {index[0]}",
    }
    assert done.stderr == ""
