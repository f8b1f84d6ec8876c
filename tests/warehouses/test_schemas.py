"""The schema of the tables: the user names it, staged rows are in another, and the suggested query names it."""

import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest

from source_pypi.destinations.address import STAGING
from source_pypi.destinations.runs import RUNS
from source_pypi.destinations.sql.dataset import staging_name
from source_pypi.destinations.tables import RUN, RUN_TABLES, STATE
from tests.cli import Run
from tests.cli.conftest import run
from tests.fake_index import FakeIndex, World
from tests.warehouses import postgres
from tests.warehouses.places import Place

__all__ = ["run"]

pytestmark = pytest.mark.warehouses

Serve = Callable[..., FakeIndex]
#: The tables of a sync of files.
TABLES = {"files", *(table.name for table in (STATE, RUN, RUNS, *RUN_TABLES))}
#: The longest name in PostgreSQL.
LONGEST = "x" * 63
TOO_LONG = "the name of a schema has at most 63 bytes there"
ALLOWED = "only letters, digits, _ and - are allowed in this destination"


def suggested(done: "subprocess.CompletedProcess[str]") -> str:
    """The query that a sync suggests."""
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()[-1].removeprefix("try: ")


def tables_in(address: str, schema: str) -> set[str]:
    """The tables of a schema in PostgreSQL."""
    is_table = "table_type = 'BASE TABLE'"
    query = f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{schema}' AND {is_table}"
    return {name for (name,) in postgres.execute(address, query)}


def counts(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The projects and numbers of files in the rows of the suggested query."""
    return [row[:2] for row in rows]


@pytest.mark.parametrize("schema", ["analytics", "Analytics", "select", "größe-2", LONGEST])
def test_schema_in_postgres(in_postgres: Place, world: World, serve: Serve, run: Run, schema: str) -> None:
    """The schema has the name that was given, and only the tables; the suggested query reads it; a sync continues."""
    world.add("flask")
    fake = serve()
    options = ("--index-url", fake.url, "--into", in_postgres.into, "--schema", schema, "--streams", "files")
    query = suggested(run("sync", "flask", *options))
    assert counts(postgres.execute(in_postgres.into, query)) == [("flask", 2)]
    assert tables_in(in_postgres.into, schema) == TABLES
    made = "SELECT schema_name FROM information_schema.schemata WHERE schema_name !~ '^(pg_|information_schema|public)'"
    assert set(postgres.execute(in_postgres.into, made)) == {(schema,), (staging_name(schema, 63),)}
    fake.new_run()
    done = run("sync", "flask", *options)
    assert "1 project (1 unchanged), 1 request" in done.stdout


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ("x" * 64, TOO_LONG),
        ("ü" * 32, TOO_LONG),
        ("x" * 300, TOO_LONG),
        ("my packages", ALLOWED),
        ('a"b', ALLOWED),
        ("a'b; drop schema public", ALLOWED),
        ("a%sb", ALLOWED),
        ("pg_mine", 'unacceptable schema name "pg_mine"'),
    ],
)
def test_schema_that_postgres_cannot_take(
    in_postgres: Place, fake: FakeIndex, run: Run, schema: str, reason: str
) -> None:
    """A name that the database cannot take is one line, before anything is requested."""
    done = run("sync", "flask", "--index-url", fake.url, "--into", in_postgres.into, "--schema", schema)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.endswith(f"{reason}\n")
    assert len(done.stderr) < 300
    assert fake.requests == []


def test_schemas_of_one_database(in_postgres: Place, world: World, serve: Serve, run: Run) -> None:
    """Each schema has its own rows and state, also for another index."""
    world.add("flask")
    world.add("click")
    first, second = serve(), serve()
    into = ("--into", in_postgres.into, "--streams", "files")
    for fake, project, schema in ((first, "flask", "one"), (second, "click", "two")):
        suggested(run("sync", project, "--index-url", fake.url, *into, "--schema", schema))
    for fake, schema in ((first, "one"), (second, "two")):
        fake.new_run()
        done = run("sync", "flask", "click", "--index-url", fake.url, *into, "--schema", schema)
        assert "2 projects (1 unchanged), 2 requests" in done.stdout
        files = f"SELECT project, count(*) FROM {schema}.files GROUP BY project"
        assert sorted(postgres.execute(in_postgres.into, files)) == [("click", 2), ("flask", 2)]


def test_no_staging_table_in_the_schema(database: Place, world: World, serve: Serve, run: Run, tmp_path: Path) -> None:
    """The default schema, or the SQLite file, has only the tables; nothing is left beside the file."""
    world.add("flask")
    done = run("sync", "flask", "--index-url", serve().url, "--into", database.into, "--streams", "files")
    query = suggested(done)
    assert database.tables() == TABLES
    if database.name == "sqlite":
        with closing(sqlite3.connect(tmp_path / "pypi.db")) as connection:
            assert counts(connection.execute(query).fetchall()) == [("flask", 2)]
        assert [path.name for path in tmp_path.iterdir()] == ["pypi.db"]
    else:
        assert counts(postgres.execute(database.into, query)) == [("flask", 2)]


def test_tables_of_another_pipeline_stay(
    in_postgres: Place, world: World, serve: Serve, run: Run, tmp_path: Path
) -> None:
    """What another pipeline of dlt keeps in the schema stays, and nothing is added to it."""
    world.add("flask")
    pipeline = dlt.pipeline(
        "theirs",
        destination=dlt.destinations.postgres(in_postgres.into),
        dataset_name="shared",
        pipelines_dir=str(tmp_path),
    )
    pipeline.run([{"theirs": 1}], table_name="_new_files")
    records = "SELECT schema_name, version FROM shared._dlt_version"
    before, tables = postgres.execute(in_postgres.into, records), tables_in(in_postgres.into, "shared")
    assert [name for name, _ in before] == ["theirs"]
    options = ("--into", in_postgres.into, "--schema", "shared", "--streams", "files")
    suggested(run("sync", "flask", "--index-url", serve().url, *options))
    assert postgres.execute(in_postgres.into, records) == before
    assert postgres.execute(in_postgres.into, "SELECT theirs FROM shared._new_files") == [(1,)]
    assert tables_in(in_postgres.into, "shared") == TABLES | tables


def test_user_who_may_not_create_schemas(in_postgres: Place, world: World, serve: Serve, run: Run) -> None:
    """The error names the schema that is missing; a schema that an administrator made is used."""
    world.add("flask")
    postgres.execute(in_postgres.into, "DROP ROLE IF EXISTS writer")
    postgres.execute(in_postgres.into, "CREATE ROLE writer LOGIN PASSWORD 'writer'")
    postgres.execute(in_postgres.into, "CREATE SCHEMA pk AUTHORIZATION writer")
    into = in_postgres.into.replace(f"{postgres.USER}:{postgres.QUOTED}", "writer:writer")
    options = ("--index-url", serve().url, "--into", into, "--schema", "pk", "--streams", "files")
    done = run("sync", "flask", *options)
    assert done.stderr.endswith(
        f"schema pk: rows are staged in the schema pk{STAGING}: permission denied for database packages\n"
    )
    postgres.execute(in_postgres.into, f"CREATE SCHEMA pk{STAGING} AUTHORIZATION writer")
    assert counts(postgres.execute(into, suggested(run("sync", "flask", *options)))) == [("flask", 2)]
    postgres.execute(in_postgres.into, "DROP OWNED BY writer; DROP ROLE writer")


@pytest.mark.parametrize(("options", "schema"), [((), "configured"), (("--schema", "Given"), "Given")])
def test_schema_of_a_named_destination(
    in_postgres: Place,
    world: World,
    serve: Serve,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    schema: str,
) -> None:
    """The configuration of dlt names the schema, unless the option does; the query reads it in either case."""
    world.add("flask")
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", in_postgres.into)
    monkeypatch.setenv("DATASET_NAME", "configured")
    arguments = ("--index-url", serve().url, "--into", "postgres", "--streams", "files", *options)
    assert counts(postgres.execute(in_postgres.into, suggested(run("sync", "flask", *arguments)))) == [("flask", 2)]
    assert tables_in(in_postgres.into, schema) == TABLES


@pytest.mark.parametrize("schema", ["Analytics", "x" * 300])
def test_schema_of_any_destination_of_dlt(
    world: World, serve: Serve, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, schema: str
) -> None:
    """Destinations without rules of their own take the name as it is given."""
    world.add("flask")
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", str(tmp_path / "there.duckdb"))
    fake = serve()
    options = ("--index-url", fake.url, "--into", "dlt:duckdb", "--schema", schema, "--streams", "files")
    query = suggested(run("sync", "flask", *options))
    with duckdb.connect(str(tmp_path / "there.duckdb")) as connection:
        assert counts(connection.execute(query).fetchall()) == [("flask", 2)]
        tables = "SELECT table_name FROM duckdb_tables() WHERE schema_name = ?"
        assert set(connection.execute(tables, [schema]).fetchall()) == {(name,) for name in TABLES}
    fake.new_run()
    assert "1 project (1 unchanged)" in run("sync", "flask", *options).stdout


@pytest.mark.parametrize(
    ("name", "longest", "expected"),
    [
        ("a", 63, f"a{STAGING}"),
        ("x" * 43, 63, f"{'x' * 43}{STAGING}"),
        ("x" * 44, 63, f"{'x' * 34}_6140e332{STAGING}"),
        ("ü" * 31, 63, f"{'ü' * 17}_7537012e{STAGING}"),
    ],
)
def test_name_of_the_staging_schema(name: str, longest: int, expected: str) -> None:
    """It begins with the schema's name; a long one is cut, and ends in a digest."""
    assert staging_name(name, longest) == expected
    assert len(expected.encode()) <= longest
