"""answers/database.py: what an open database is, and what it keeps to."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from source_pypi.answers.database import open_database
from source_pypi.errors import QueryError
from tests.cli.loaded import PROJECTS, make_database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database of two projects."""
    return make_database(tmp_path / "pypi.duckdb", PROJECTS)


def test_relations(path: Path) -> None:
    """The tables and views have comments and typed columns, also views that only this connection has."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("DROP VIEW stale_projects")
        connection.execute("COMMENT ON COLUMN projects.project IS 'The name.'")
    with open_database(str(path)) as database:
        projects, stale = database.relations["projects"], database.relations["stale_projects"]
        assert (projects.is_view, projects.comment) == (False, "A row is a project. Key: project.")
        assert [projects.columns[0].name, projects.columns[0].type, projects.columns[0].comment] == [
            "project", "VARCHAR", "The name.",
        ]  # fmt: skip
        assert (stale.is_view, stale.columns[0].name) == (True, "project")
        assert stale.columns[-1].comment == "Whole days since then, more than 730."
    with duckdb.connect(str(path), read_only=True) as connection:
        names = connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
        assert ("stale_projects",) not in names


def test_users_views_stay_as_they_are(path: Path) -> None:
    """A table of the user's own with the name of a view is read, and a view that is broken disturbs nothing."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("DROP VIEW stale_projects")
        connection.execute("CREATE TABLE stale_projects AS SELECT 1 AS mine")
        connection.execute("CREATE TABLE lost (a INT)")
        connection.execute("CREATE VIEW broken AS SELECT a FROM lost")
        connection.execute("DROP TABLE lost")
    with open_database(str(path)) as database:
        assert list(database.query("FROM stale_projects").batches) == [[(1,)]]
        with pytest.raises(QueryError, match="lost"):
            database.query("FROM broken")


def test_large_results_need_no_more_memory(path: Path, tmp_path: Path) -> None:
    """What does not fit into the memory goes to a temporary folder, which is deleted."""
    with open_database(str(path)) as database:
        ((folder,),) = database.run("SELECT current_setting('temp_directory')")
        rows = "SELECT md5(range::VARCHAR) AS a, repeat(md5(range::VARCHAR), 10) AS b FROM range(4000000)"
        first = next(database.query(f"{rows} ORDER BY a").batches)
        assert [row[0] for row in first] == sorted(row[0] for row in first)  # type: ignore[type-var]
        assert sum(file.stat().st_size for file in Path(str(folder)).iterdir()) > 100_000_000
    assert not Path(str(folder)).exists()


def test_locked(path: Path) -> None:
    """No statement can change the configuration, or read a variable of the program."""
    projects_of_python = [1]
    with open_database(str(path)) as database:
        for statement in ("SET enable_external_access = true", "SET allowed_directories = ['/']"):
            with pytest.raises(duckdb.Error, match="locked"):
                database.run(statement)
        with pytest.raises(QueryError, match="does not exist"):
            database.query("FROM projects_of_python")
    assert projects_of_python == [1]


def test_read_while_read(path: Path) -> None:
    """Several programs can read a file at the same time."""
    with open_database(str(path)) as database:
        command = [
            sys.executable,
            "-m",
            "source_pypi",
            "query",
            "SELECT count(*) AS n FROM projects",
            "--format",
            "csv",
        ]
        done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, check=False)
        assert (done.stdout, done.stderr) == ("n\n2\n", "")
        assert database.count("FROM projects") == 2


def test_write_to(path: Path, tmp_path: Path) -> None:
    """Our own statements may write to the folder that is named, and to no other."""
    (tmp_path / "out").mkdir()
    with open_database(str(path), write_to=tmp_path / "out") as database:
        database.run(f"COPY projects TO '{tmp_path}/out/x.csv'")
        for target in ("x.csv", "out/../x.csv", "output.csv"):
            with pytest.raises(duckdb.PermissionException):
                database.run(f"COPY projects TO '{tmp_path}/{target}'")
    assert sorted(path.name for path in tmp_path.rglob("*.csv")) == ["x.csv"]


def test_missing_columns(path: Path) -> None:
    """A view of a table that lacks a column, since an older release made it, does not exist; the others do."""
    with duckdb.connect(str(path)) as connection:
        for view in ("latest_files", "stale_projects"):
            connection.execute(f"DROP VIEW {view}")
        connection.execute("ALTER TABLE versions DROP COLUMN first_upload_at")
    with open_database(str(path)) as database:
        assert "latest_files" in database.relations
        assert "stale_projects" not in database.relations


def test_first_rows_and_their_total(tmp_path: Path) -> None:
    """The first rows are those of the query in its order, with the number of all rows; columns are the query's."""
    path = tmp_path / "pypi.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE versions AS SELECT range AS n FROM range(300000)")
        connection.execute("COMMENT ON TABLE versions IS 'A row is a number.'")
    with open_database(str(path)) as database:
        found = database.first_rows("SELECT n, -n AS less FROM versions ORDER BY less -- the end", 3)
        assert [column.name for column in found.columns] == ["n", "less"]
        assert (list(found.batches), found.total) == (
            [[(299999, -299999), (299998, -299998), (299997, -299997)]],
            300000,
        )
        nothing = database.first_rows("SELECT n FROM versions WHERE n < 0 ORDER BY n", 3)
        assert ([column.name for column in nothing.columns], list(nothing.batches), nothing.total) == (["n"], [[]], 0)
