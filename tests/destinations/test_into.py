"""destinations/into.py: what is not clearly a destination is refused, and nothing is created."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from source_pypi.destinations import open_destination
from source_pypi.destinations.into import FORMS, check_destination, with_schema
from source_pypi.errors import DestinationError, SettingError
from source_pypi.streams import choose_streams
from tests.cli import Run, suggested_command
from tests.fake_index import FakeIndex, World

Serve = Callable[..., FakeIndex]
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
    ],
)
def test_valid_destinations(folder: Path, into: str) -> None:
    """A new DuckDB file is known by its ending or by duckdb:, an existing one by its contents."""
    (folder / "there").mkdir()
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


def test_empty_file(folder: Path) -> None:
    """An empty file, which DuckDB does not open, is an error that says what to do."""
    (folder / "x.duckdb").touch()
    with pytest.raises(DestinationError, match="it is an empty file; delete it, or name another file with --into"):
        check_destination("x.duckdb")


def test_sqlite_file(folder: Path) -> None:
    """The error about a SQLite file says how to write to it."""
    connection = sqlite3.connect("x.db")
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    with pytest.raises(DestinationError, match="it is a SQLite file; write sqlite:///x"):
        check_destination("x.db")


@pytest.mark.parametrize(
    ("into", "longest"),
    [
        (f"{'a' * 245}.duckdb", 251),
        (f"duckdb:{'a' * 252}", 251),
        (f"{'a' * 300}.duckdb", 255),
        ("a" * 300, 255),
        (f"{'a' * 256}/x.duckdb", 255),
        (f"{'ü' * 128}/", 255),
        (f"file://x/{'a' * 300}/", 255),
        (f"sqlite:///{'a' * 245}.db", 247),
        (f"sqlite:///{'a' * 256}/x.db", 255),
    ],
)
def test_long_name(run: Run, fake: FakeIndex, folder: Path, into: str, longest: int) -> None:
    """A name that is too long for a file or a folder is an error that says so, in one short line."""
    done = run("sync", "flask", "--index-url", fake.url, "--into", into)
    reason = f"the name of a file or folder in it is longer than {longest} bytes; give a shorter one\n"
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: cannot write ")
    assert done.stderr.endswith(reason)
    assert len(done.stderr) < 300
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("into", [f"{'a' * 244}.duckdb", f"{'a' * 255}/", f"sqlite:///{'a' * 244}.db"])
def test_longest_name(into: str) -> None:
    """A name of the greatest length is valid."""
    check_destination(into)


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_sync_requests_nothing(run: Run, fake: FakeIndex, folder: Path, options: tuple[str, ...]) -> None:
    """Sync ends with one line before it requests anything."""
    (folder / "data.csv").write_text("x\n")
    done = run("sync", "flask", "--index-url", fake.url, "--into", "data.csv", *options)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: cannot write data.csv: it is no DuckDB file; name another file with --into\n"
    assert fake.requests == []
    assert [path.name for path in folder.iterdir()] == ["data.csv"]


FOLDER = "a folder of Parquet has no schemas; name another folder with --into"
SQLITE = "SQLite has no schemas; name another file with --into"
BLANK = "a name has at least one character, no control characters, and no space at either end"
TAKEN = "databases keep this schema for themselves; give another name"
STAGED = "schemas whose names end in _source_pypi_staging hold rows in the making; give another name"
ALLOWED = "only letters, digits, _ and - are allowed in this destination"


@pytest.mark.parametrize(
    ("into", "schema", "message"),
    [
        ("warehouse/", "a", f"--schema 'a': {FOLDER}"),
        (f"s3://bucket/pypi?key={SECRET}", "a", f"--schema 'a': {FOLDER}"),
        ("sqlite:///x.db", "a", f"--schema 'a': {SQLITE}"),
        ("sqlite+pysqlite:///x.db", "main", f"--schema 'main': {SQLITE}"),
        ("x.duckdb", "", f"--schema '': {BLANK}"),
        ("x.duckdb", " a", f"--schema ' a': {BLANK}"),
        ("x.duckdb", "a\nb", f"--schema 'a\\nb': {BLANK}"),
        ("x.duckdb", "Information_Schema", f"--schema 'Information_Schema': {TAKEN}"),
        ("postgresql://host/db", "pg_catalog", f"--schema 'pg_catalog': {TAKEN}"),
        ("postgresql://host/db", "", f"--schema '': {BLANK}"),
        ("postgresql://host/db", 'a"b', f"--schema 'a\"b': {ALLOWED}"),
        ("snowflake", "a.b", f"--schema 'a.b': {ALLOWED}"),
        ("snowflake", "pypi_data_source_pypi_staging", f"--schema 'pypi_data_source_pypi_staging': {STAGED}"),
        ("postgresql://host/db", "A_Source_PyPI_staging", f"--schema 'A_Source_PyPI_staging': {STAGED}"),
        ("snowflake", "a." * 200, f"--schema '{'a.' * 40}...': {ALLOWED}"),
    ],
)
@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_schema_that_cannot_be(
    run: Run, fake: FakeIndex, folder: Path, into: str, schema: str, message: str, options: tuple[str, ...]
) -> None:
    """A schema of a destination without schemas, or a name that it cannot take, is one line; nothing is created."""
    done = run("sync", "flask", "--index-url", fake.url, "--into", into, "--schema", schema, *options)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"error: {message}\n")
    assert fake.requests == []
    assert list(folder.iterdir()) == []


FOREIGN = "the folder holds files that are not of source-pypi ({}); name an empty or new folder with --into"


@pytest.mark.parametrize("into", [".", "./", "there", "there/", "file://{}/there"])
def test_folder_with_files_of_others(run: Run, fake: FakeIndex, folder: Path, into: str) -> None:
    """An existing folder that holds anything else is refused; nothing is requested or written into it."""
    for name in ("a.txt", "there/a.txt", "there/b/c.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    before = sorted(folder.rglob("*"))
    shown = "a.txt, b" if "there" in into else "a.txt, there"
    for options in ((), ("--dry-run",)):
        done = run("sync", "flask", "--index-url", fake.url, "--into", into.format(folder), *options)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.endswith(f": {FOREIGN.format(shown)}\n")
    assert fake.requests == []
    assert sorted(folder.rglob("*")) == before


def test_root_folder() -> None:
    """The root of the file system is not written into."""
    with pytest.raises(
        DestinationError, match=r"^cannot write /: the folder holds files that are not of source-pypi \("
    ):
        check_destination("/")


def test_folder_of_ours(world: World, run: Run, serve: Serve, folder: Path) -> None:
    """A folder that systems or source-pypi have put files into is a destination, also after its state was deleted."""
    world.add("flask")
    (folder / "warehouse").mkdir()
    (folder / "warehouse/.DS_Store").touch()
    fake = serve()
    for _ in range(2):
        fake.new_run()
        assert run("sync", "flask", "--index-url", fake.url, "--into", "warehouse/").returncode == 0
        (folder / "warehouse/notes.txt").touch()
    (folder / "warehouse/notes.txt").unlink()
    (folder / "warehouse/_state.duckdb").unlink()
    check_destination("warehouse/")


def test_new_folder_that_is_named_like_a_file(folder: Path) -> None:
    """A slash after the name of a DuckDB file is a slip; an existing folder of that name is a folder."""
    with pytest.raises(SettingError) as caught:
        check_destination("my.duckdb/")
    assert str(caught.value) == (
        "--into my.duckdb/ ends with .duckdb and a slash; leave out the slash for a DuckDB file, or name the folder "
        "otherwise"
    )
    (folder / "my.duckdb").mkdir()
    check_destination("my.duckdb/")


def test_schema_in_the_library(folder: Path) -> None:
    """The library refuses the same schemas."""
    with pytest.raises(SettingError, match="a folder of Parquet has no schemas"):
        open_destination("warehouse/", choose_streams(["files"]), root="", schema="a")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("into", "schema", "shown"),
    [
        ("x.duckdb", None, "x.duckdb"),
        ("x.duckdb", "a b", "x.duckdb, schema a b"),
        ("what?.duckdb", "a", "what?.duckdb, schema a"),
        (f"postgresql://host/db?key={SECRET}", "a", "postgresql://host/db, schema a"),
        ("snowflake", "x" * 300, f"snowflake, schema {'x' * 80}..."),
    ],
)
def test_name_of_a_schema_in_messages(into: str, schema: str | None, shown: str) -> None:
    """Messages name the destination without options, and the schema if one was given."""
    assert with_schema(into, schema) == shown


@pytest.mark.parametrize("into", ["warehouse/", "it's a folder/", "./deep/er/", "a[1]*/"])
def test_suggested_query_reads_a_folder(world: World, run: Run, fake: FakeIndex, folder: Path, into: str) -> None:
    """The query that sync suggests works for a folder of Parquet."""
    world.add("flask")
    done = run("sync", "flask", "--index-url", fake.url, "--into", into)
    answer = run(*suggested_command(done.stdout), "--format", "csv")
    assert (answer.returncode, answer.stdout.splitlines()[1].rpartition(",")[0]) == (0, "flask,2")


@pytest.mark.parametrize(
    ("file", "schema"),
    [
        ("pypi.duckdb", None),
        ("pypi.duckdb", "main"),
        ("pypi.duckdb", "pypi"),
        ("pypi.duckdb", "PyPI"),
        ("pypi.duckdb", "temp"),
        ("my packages.duckdb", "my packages"),
        ("files.duckdb", "files"),
        ("pypi.duckdb", "a\"b.c'; --"),
        ("pypi.duckdb", "x" * 300),
    ],
)
def test_suggested_query_reads_a_duckdb_file(
    world: World, run: Run, serve: Serve, file: str, schema: str | None
) -> None:
    """The suggested query reads the file and schema of the sync; a further sync continues in the schema."""
    world.add("flask")
    fake = serve()
    options = ("--index-url", fake.url, "--into", file, *(("--schema", schema) if schema else ()))
    done = run("sync", "flask", *options)
    answer = run(*suggested_command(done.stdout), "--format", "csv")
    assert (answer.returncode, answer.stdout.splitlines()[1].rpartition(",")[0]) == (0, "flask,2")
    fake.new_run()
    assert "1 project (1 unchanged), 1 request" in run("sync", "flask", *options).stdout
