"""What ``--into`` names, and what is said where it cannot be written: never a password."""

import logging
import sqlite3
import subprocess
import sys
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from source_pypi.destinations.address import is_database, is_folder
from source_pypi.errors import DestinationError, StateError
from source_pypi.streams import choose_streams
from tests.fake_index import FakeIndex, World
from tests.warehouses import postgres
from tests.warehouses.places import Place, in_folder, in_sqlite
from tests.warehouses.syncing import held, read, sync

pytestmark = pytest.mark.warehouses

Serve = Callable[..., FakeIndex]
FILES = choose_streams(["files"])


def nowhere(into: str) -> Place:
    """A place that is only written to."""
    return Place("nowhere", into, lambda table: [], set)


@pytest.mark.parametrize(
    ("into", "taken"),
    [
        ("postgresql://user:secret@host/db", True),
        ("postgres://host/db", True),
        ("sqlite:///pypi.db", True),
        ("mysql+pymysql://host/db", True),
        ("s3://bucket/folder", True),
        ("gs://bucket", True),
        ("file:///tmp/x", True),
        ("memory://x", True),
        ("warehouse/", True),
        ("bigquery", True),
        ("dlt:bigquery", True),
        ("dlt:mine", True),
        ("pypi.duckdb", False),
        ("folder/pypi.duckdb", False),
        ("duckdb", False),
        ("md:mine", False),
        ("sqlite:mine.db", False),
        (":memory:", False),
    ],
)
def test_takes(into: str, taken: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses, folders and dlt's names are for here; everything else is a DuckDB file."""
    monkeypatch.chdir(tmp_path)
    assert (is_folder(into) or is_database(into)) is taken
    (tmp_path / "there").mkdir()
    assert is_folder("there")


def test_no_server(world: World, serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """Where there is no server, that is one line, without user and password; so is everything that is logged."""
    caplog.set_level(logging.DEBUG)
    into = "postgresql://user:hush%21hush@127.0.0.1:1/db?application_name=hidden"
    with pytest.raises(DestinationError) as caught:
        sync(nowhere(into), serve(), ["flask"], FILES)
    assert str(caught.value).startswith("cannot write postgresql://127.0.0.1:1/db: connection to server at")
    assert "\n" not in str(caught.value)
    for told in (str(caught.value), caplog.text):
        assert not any(secret in told for secret in ("hush", "hidden"))


def test_wrong_password(in_postgres: Place, world: World, serve: Serve) -> None:
    """A password that is refused is not told, neither as it was written nor as it was meant."""
    into = in_postgres.into.replace(postgres.QUOTED, "wr0ng%3Aone")
    with pytest.raises(DestinationError) as caught:
        sync(nowhere(into), serve(), ["flask"], FILES)
    assert "password authentication failed" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "wr0ng" not in "".join(traceback.format_exception_only(caught.value))


def test_what_cannot_be(tmp_path: Path, world: World, serve: Serve) -> None:
    """What cannot be written is one line that says why."""
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
        with pytest.raises(DestinationError) as caught:
            sync(nowhere(into), fake, ["flask"], FILES)
        assert "\n" not in str(caught.value)
        said.append(str(caught.value).rpartition(": ")[2][:60])
    assert said == [
        "its folder does not exist, or cannot be written",
        "it is no SQLite file",
        *said[2:],
    ]
    assert fake.requests == []


def test_what_is_not_ours(tmp_path: Path, world: World, serve: Serve) -> None:
    """A table of the same name and another make is never touched."""
    path = tmp_path / "mine.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE files (path TEXT)")
    with pytest.raises(DestinationError, match="it has a table 'files' that is not ours"):
        sync(in_sqlite(path), serve(), ["flask"], FILES)
    folder = tmp_path / "mine"
    (folder / "files").mkdir(parents=True)
    (folder / "files" / "holiday.jpg").touch()
    with pytest.raises(DestinationError, match="it has a table 'files' that is not ours"):
        sync(in_folder(folder), serve(), ["flask"], FILES)
    assert in_sqlite(path).tables() == {"files"}
    assert [file.name for file in folder.rglob("*.*") if not file.name.startswith((".", "_"))] == ["holiday.jpg"]


def test_a_table_that_was_dropped(place: Place, world: World, serve: Serve, tmp_path: Path) -> None:
    """A table that somebody dropped is made and read from its beginning again, and the others go on."""
    world.add("flask", releases=["1.0", "2.0"])
    fake = serve()
    streams = choose_streams(["files", "versions"])
    sync(place, fake, ["flask"], streams)
    if place.name == "postgres":
        postgres.execute(place.into, "DROP TABLE pypi_data.files")
    elif place.name == "sqlite":
        with closing(sqlite3.connect(tmp_path / "pypi.db")) as connection:
            connection.execute("DROP TABLE files")
    else:
        (tmp_path / "pypi" / "files" / "files.parquet").unlink()
    fake.new_run()
    assert sync(place, fake, ["flask"], streams).rows == {"files": 4}
    fake.new_run()
    assert held(place, streams) == read(fake, ["flask"], streams)


def test_broken_state(database: Place, world: World, serve: Serve, tmp_path: Path) -> None:
    """State that is broken is said to be, and nothing is read."""
    world.add("flask")
    fake = serve()
    sync(database, fake, ["flask"], FILES)
    if database.name == "postgres":
        postgres.execute(database.into, "UPDATE pypi_data._state SET seen = 'x'")
    else:
        with closing(sqlite3.connect(tmp_path / "pypi.db")) as connection:
            connection.execute("UPDATE _state SET seen = 'x'")
            connection.commit()
    with pytest.raises(StateError):
        sync(database, fake, ["flask"], FILES)


def test_a_name_of_dlts(
    tmp_path: Path, world: World, serve: Serve, monkeypatch: pytest.MonkeyPatch, in_postgres: Place
) -> None:
    """A destination by its name is what dlt's own configuration says it is."""
    world.add("flask")
    fake = serve()
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", in_postgres.into)
    sync(nowhere("postgres"), fake, ["flask"], FILES)
    fake.new_run()
    assert held(in_postgres, FILES) == read(fake, ["flask"], FILES)


def test_who_is_connected_to(place: Place, world: World, serve: Serve) -> None:
    """Nothing is connected to but the index and the database: no telemetry."""
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
