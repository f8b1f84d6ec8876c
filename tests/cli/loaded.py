"""A small database as ``sync`` makes it, for tests of commands that read one."""

from pathlib import Path

import duckdb

from source_pypi.destinations.tables import RUN_TABLES, table_of
from source_pypi.destinations.views import comment_of, creatable
from source_pypi.streams import choose_streams

#: The tables of the default streams, and those of every sync.
TABLES = (*map(table_of, choose_streams(["projects", "versions", "files"])), *RUN_TABLES)


def make_database(path: Path, *statements: str, schema: str = "main") -> Path:
    """Make a DuckDB file with empty tables and their views, and execute statements in it."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
        connection.execute(f'USE "{schema}"')
        connection.execute("SET TimeZone = 'UTC'")
        for table in TABLES:
            columns = ", ".join(f'"{column.name}" {column.type.duckdb}' for column in table.columns)
            connection.execute(f"CREATE TABLE {table.name} ({columns})")
            connection.execute(f"COMMENT ON TABLE {table.name} IS '{table.comment}'")
        ours = {table.name for table in TABLES}
        for view in creatable(lambda name: True if name in ours else None):
            connection.execute(f"CREATE VIEW {view.name} AS {view.sql}")
            connection.execute(f"COMMENT ON VIEW {view.name} IS '{comment_of(view).replace(chr(39), chr(39) * 2)}'")
        for statement in statements:
            connection.execute(statement)
    return path


#: Two projects, of which the second has hostile texts.
PROJECTS = (
    "INSERT INTO projects (project, name, latest_version, summary, classifiers, project_urls, seen_at) VALUES "
    "('flask', 'Flask', '3.0', 'A web framework', ['A', 'B'], '{\"Home\": \"https://flask.example\"}', "
    "'2024-01-31 12:00:00.5+02'), "
    "('evil', 'Evil', '1.0', '=1+1' || chr(27) || '[31m' || chr(8238) || '|x' || chr(10) || '@y', NULL, NULL, "
    "'2024-01-31 12:00:00+00')"
)
