"""report/database.py: files that ``sync`` loaded, what is missing in them, and queries that a user can run again."""

from pathlib import Path

import duckdb
import pytest

from source_pypi.errors import QueryError
from source_pypi.queries import parse_query
from source_pypi.report.database import Missing, QueryResult, open_database, with_empty, with_literals
from tests.report.tables import make_database


def test_answers(tmp_path: Path) -> None:
    """An answer has columns, rows up to the limit, and whether there are more."""
    path = make_database(tmp_path / "a.duckdb", {"projects": "SELECT 'p' || n AS project FROM range(5) t(n)"})
    query = parse_query("q", "-- title: T\n-- question: Q\n-- needs: projects\nSELECT project FROM projects ORDER BY 1")
    with open_database(str(path)) as database:
        made = database.run_query(query, 2)
    assert isinstance(made, QueryResult)
    assert (made.columns, made.rows, made.more) == (("project",), [("p0",), ("p1",)], True)
    assert made.records() == [{"project": "p0"}, {"project": "p1"}]


def test_missing_tables_name_their_streams(tmp_path: Path) -> None:
    """What a query lacks is named: the streams that bring it, also those below a view, and other tables."""
    path = make_database(tmp_path / "a.duckdb", {"versions": "SELECT 'a' AS project"})
    query = parse_query("q", "-- title: T\n-- question: Q\n-- needs: vulnerable_pins, versions\nSELECT 1")
    with open_database(str(path)) as database:
        made = database.run_query(query, 2)
    assert isinstance(made, Missing)
    assert made.streams == ("vulnerabilities",)
    assert "pins" in made.tables


def test_the_shown_query_can_be_run(tmp_path: Path) -> None:
    """The SQL of an answer returns the same rows by itself: parameters are literals, absent tables are empty ones."""
    path = make_database(tmp_path / "a.duckdb", {"versions": "SELECT 'it''s' AS project, '1' AS version"})
    sql = (
        'WITH owner AS (SELECT project, "user" FROM roles)\n'
        'SELECT version, owner."user" FROM versions LEFT JOIN owner USING (project) WHERE project = $project'
    )
    query = parse_query("q", f"-- title: T\n-- question: Q\n-- needs: versions\n{sql}")
    with open_database(str(path)) as database:
        made = database.run_query(query, 5, {"project": "it's"}, optional=["roles"])
    assert isinstance(made, QueryResult)
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute(made.sql).fetchall() == made.rows == [("1", None)]


def test_unavailable_streams(tmp_path: Path) -> None:
    """Streams that the index does not provide are known with the reason; those that could not be told are not."""
    rows = [("roles", False, "no ownership"), ("files", True, None), ("stats", None, "404")]
    tables = {"index_capabilities": ("stream TEXT, available BOOLEAN, reason TEXT", rows)}
    with open_database(str(make_database(tmp_path / "a.duckdb", tables))) as database:
        assert database.unavailable == {"roles": "no ownership"}


def test_files_of_others_are_refused(tmp_path: Path) -> None:
    """A file that is not there, is no database, or was not loaded by sync is an error of one line; it stays."""
    with (
        pytest.raises(QueryError, match=r"there is no file .*none\.duckdb"),
        open_database(str(tmp_path / "none.duckdb")),
    ):
        pass
    (tmp_path / "text.duckdb").write_text("text")
    with pytest.raises(QueryError, match="is no DuckDB file"), open_database(str(tmp_path / "text.duckdb")):
        pass
    assert (tmp_path / "text.duckdb").read_text() == "text"
    duckdb.connect(str(tmp_path / "other.duckdb")).close()
    with pytest.raises(QueryError, match="no tables of source-pypi"), open_database(str(tmp_path / "other.duckdb")):
        pass


def test_schema(tmp_path: Path) -> None:
    """The tables of another schema are read where it is named; a schema that is not there is an error."""
    path = make_database(tmp_path / "a.duckdb", {})
    with duckdb.connect(str(path)) as connection:
        connection.execute('CREATE SCHEMA "my data"; CREATE TABLE "my data"._run AS SELECT 1 AS version')
        connection.execute('CREATE TABLE "my data".files AS SELECT 1 AS project')
    with open_database(str(path), "my data") as database:
        assert database.has("files")
    with open_database(str(path)) as database:
        assert not database.has("files")
    with pytest.raises(QueryError), open_database(str(path), "none"):
        pass


def test_nothing_is_written(tmp_path: Path) -> None:
    """The file is opened to read only: a query that writes is an error."""
    path = make_database(tmp_path / "a.duckdb", {})
    with pytest.raises(QueryError, match="read-only"), open_database(str(path)) as database:
        database.value("CREATE TABLE a AS SELECT 1")


def test_empty_tables_stand_before_the_others() -> None:
    """Absent tables become the first ones in WITH, also in a recursive query; unused ones are left out."""
    assert with_empty("WITH a AS (SELECT 1) SELECT 1", ["roles"]) == "WITH a AS (SELECT 1) SELECT 1"
    made = with_empty("WITH RECURSIVE a AS (SELECT project FROM roles) FROM a", ["roles", "projects"])
    assert made.startswith("WITH RECURSIVE roles AS (SELECT NULL::VARCHAR")
    assert "projects AS" not in made
    assert duckdb.execute(made).fetchall() == []


def test_literals() -> None:
    """A parameter becomes a text in quotes."""
    assert with_literals("SELECT $project", {"project": "o'; DROP"}) == "SELECT 'o''; DROP'"
