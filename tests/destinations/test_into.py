"""destinations/into.py: what is not clearly a destination is refused, and nothing is created."""

import sqlite3
from pathlib import Path

import duckdb
import pytest

from source_pypi.destinations import open_destination
from source_pypi.destinations.into import FORMS, check_destination, table_in
from source_pypi.errors import DestinationError, SettingError
from source_pypi.streams import choose_streams
from tests.cli import Run
from tests.fake_index import FakeIndex, World

SECRET = "eyJhbGciOiJIUzI1NiJ9"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("into", "shown"),
    [
        ("", '""'),
        ("duckdb:", "duckdb:"),
        (":memory:", "..."),
        ("data.csv", "data.csv"),
        ("out.parquet", "out.parquet"),
        ("rows.json", "rows.json"),
        ("warehouse", "warehouse"),
        ("bigqery", "bigqery"),
        ("dlt:", "dlt:..."),
        (f"md:mine?motherduck_token={SECRET}", "md:..."),
        (f"md:{SECRET}", "md:..."),
        ("ducklake:catalog.db", "ducklake:..."),
        ("sqlite:x.db", "sqlite:..."),
        (f"postgres:/ann:{SECRET}@host/db", "postgres:..."),
        (f"postgresql//ann:{SECRET}@host/x.db", "..."),
        (f"postgrse://ann:{SECRET}@host/db?key={SECRET}", "postgrse://..."),
        ("https://index.test/x.duckdb", "https://..."),
    ],
)
def test_text_that_names_no_destination(folder: Path, into: str, shown: str) -> None:
    """It is an error that lists the valid forms and shows no secret; nothing is created."""
    with pytest.raises(SettingError) as caught:
        open_destination(into, choose_streams(["files"]), root="")
    assert str(caught.value) == f"--into {shown} names no destination; {FORMS}"
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "into",
    [
        "new.duckdb",
        "new.DDB",
        "there/new.db",
        "duckdb:new",
        "duckdb:new.csv",
        "there",
        "warehouse/",
        "s3://bucket/out.parquet",
        "sqlite:///x.db",
        "mysql+pymysql://host/db",
        "postgres://host/db",
        "snowflake",
        "dlt:mine",
        "old",
        "empty.db",
    ],
)
def test_valid_destinations(folder: Path, into: str) -> None:
    """A new DuckDB file is known by its ending or by duckdb:, an existing one by its contents."""
    (folder / "there").mkdir()
    (folder / "empty.db").touch()
    duckdb.connect("old").close()
    check_destination(into)


@pytest.mark.parametrize("name", ["data.csv", "data.parquet", "data.json", "data.duckdb"])
def test_existing_file_that_is_no_duckdb_file(folder: Path, name: str) -> None:
    """A file of another kind is an error, whatever its name, and stays as it is: DuckDB would open some in memory."""
    path = folder / name
    if name.endswith(".parquet"):
        duckdb.execute("COPY (SELECT 1 AS x) TO 'data.parquet'")
    else:
        path.write_text("x\n1\n")
    before = path.read_bytes()
    for into in (name, f"duckdb:{name}"):
        with pytest.raises(DestinationError, match="it is no DuckDB file; name another file with --into"):
            check_destination(into)
    assert path.read_bytes() == before


def test_sqlite_file(folder: Path) -> None:
    """The error about a SQLite file says how to write to it."""
    connection = sqlite3.connect("x.db")
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    with pytest.raises(DestinationError, match="it is a SQLite file; write sqlite:///x"):
        check_destination("x.db")


@pytest.mark.parametrize("length", [252, 300])
def test_long_name(folder: Path, length: int) -> None:
    """A name that is too long for a file is an error that says so."""
    with pytest.raises(DestinationError, match="file name") as caught:
        check_destination("a" * (length - 7) + ".duckdb")
    assert len(str(caught.value)) < 200
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_sync_requests_nothing(run: Run, fake: FakeIndex, folder: Path, options: tuple[str, ...]) -> None:
    """Sync ends with one line before it requests anything."""
    (folder / "data.csv").write_text("x\n")
    done = run("sync", "flask", "--index-url", fake.url, "--into", "data.csv", *options)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: cannot write data.csv: it is no DuckDB file; name another file with --into\n"
    assert fake.requests == []
    assert [path.name for path in folder.iterdir()] == ["data.csv"]


@pytest.mark.parametrize(
    ("into", "table"),
    [
        ("x.duckdb", "files"),
        ("warehouse/", "'warehouse/files/*.parquet'"),
        (f"s3://bucket/pypi?key={SECRET}", "'s3://bucket/pypi/files/*.parquet'"),
        ("postgresql://host/db", "pypi_data.files"),
        ("snowflake", "pypi_data.files"),
        ("sqlite:///x.db", "files"),
        ("mysql+pymysql://host/db", "files"),
    ],
)
def test_table_in_a_query(into: str, table: str) -> None:
    """A query names the table with the schema of the database, or the files of the folder."""
    assert table_in(into, "files") == table


def test_suggested_query_reads_a_folder(world: World, run: Run, fake: FakeIndex, folder: Path) -> None:
    """The query that sync suggests works for a folder of Parquet."""
    world.add("flask")
    done = run("sync", "flask", "--index-url", fake.url, "--into", "warehouse/")
    query = done.stdout.splitlines()[-1].removeprefix("try: ")
    assert [row[:2] for row in duckdb.execute(query).fetchall()] == [("flask", 2)]
