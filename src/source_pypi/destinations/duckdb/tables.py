"""The tables of a DuckDB file: made, described, and replaced project by project. SQL only; see ``loader.py``.

Ours
    Tables and views of ours begin their comments with ``OURS``; others are somebody else's, and never touched.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import duckdb
from msgspec import Struct, field

from source_pypi.destinations.duckdb.views import SELECTION, VIEWS
from source_pypi.errors import DestinationError
from source_pypi.schema import duckdb_columns, table_fields
from source_pypi.selection import SelectedProject
from source_pypi.standards.versions import sort_key
from source_pypi.streams.stream import Stream

#: How the comments on our tables and views begin.
OURS = "A row is "
FOREIGN = "it has a table or view {!r} that is not ours; name another file with --into"
#: DuckDB refuses longer JSON objects unless told otherwise, in bytes.
LONGEST_ROW = 16 * 1024 * 1024


class ReplaceScope(Struct, frozen=True):
    """Which rows of a table give way to new ones.

    :ivar whole: all of them.
    :ivar projects: those of these projects, and when each was visited (UTC); empty: the index as a whole.
    :ivar kept: but not those of these parts, by project: of a part, the column ``part`` holds the name.
    :ivar part: that column; None: there are no parts.
    """

    whole: bool = False
    projects: dict[str, datetime] = field(default_factory=dict)
    unchanged_partitions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    part: str | None = None


def there(connection: duckdb.DuckDBPyConnection) -> dict[str, bool]:
    """The tables and views of the default schema, and whether they are ours: our comments tell."""
    listed = (
        f"SELECT {kind}_name, coalesce(comment, '') FROM duckdb_{kind}s() "
        "WHERE schema_name = current_schema() AND database_name = current_database()"
        for kind in ("table", "view")
    )
    found = connection.execute(" UNION ALL ".join(listed)).fetchall()
    return {name: comment.startswith(OURS) for name, comment in found}


class Catalog:
    """What is in the default schema, asked for once: to ask takes longer than most of what is done with the answer.

    :ivar ours: tables and views, and whether they are ours.
    :ivar columns: the columns of every table, with their comments.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.ours = there(connection)
        self.columns: dict[str, dict[str, str]] = {}
        told = connection.execute(
            "SELECT table_name, column_name, coalesce(comment, '') FROM duckdb_columns() "
            "WHERE schema_name = current_schema() AND database_name = current_database() AND NOT internal"
        )
        for table, column, comment in told.fetchall():
            self.columns.setdefault(table, {})[column] = comment


def make_table(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: Mapping[str, str],
    comment: str,
    path: Path,
    *,
    described: Mapping[str, str] | None = None,
    catalog: Catalog | None = None,
) -> bool:
    """Create a table, or add the columns that an older release did not have; whether it was created.

    :param described: what the columns mean.
    :param catalog: what was there before; None: that is asked for.
    :raises DestinationError: when there is another table or view of that name.
    """
    catalog = catalog or Catalog(connection)
    ours, had = catalog.ours.get(name), catalog.columns.get(name, {})
    if ours is False:
        raise DestinationError(str(path), FOREIGN.format(name))
    if ours is None:
        listed = ", ".join(f"{quoted(column)} {type_}" for column, type_ in columns.items())
        connection.execute(f"CREATE TABLE {quoted(name)} ({listed})")
    for column, type_ in columns.items() if ours else ():
        if column not in had:
            connection.execute(f"ALTER TABLE {quoted(name)} ADD COLUMN {quoted(column)} {type_}")
    for column, meaning in (described or {}).items():
        if had.get(column) != meaning:
            connection.execute(f"COMMENT ON COLUMN {quoted(name)}.{quoted(column)} IS {text(meaning)}")
    connection.execute(f"COMMENT ON TABLE {quoted(name)} IS {text(f'{OURS}{comment}')}")
    return not ours


def make_stream_table(
    connection: duckdb.DuckDBPyConnection, stream: Stream, path: Path, catalog: Catalog | None = None
) -> bool:
    """Make a stream's table with a comment on every column; whether it was created.

    :raises DestinationError: when there is another table or view of that name.
    """
    key = f" Key: {', '.join(stream.key)}." if stream.key else ""
    return make_table(
        connection,
        stream.name,
        duckdb_columns(stream),
        f"{stream.row}.{key}",
        path,
        described={column.name: column.description for column in table_fields(stream)},
        catalog=catalog,
    )


def note_selection(
    connection: duckdb.DuckDBPyConnection,
    targets: Sequence[SelectedProject],
    path: Path,
    catalog: Catalog | None = None,
) -> None:
    """Keep what was named last, with its pins: views tell from it what is in use.

    :raises DestinationError: when there is another table or view of that name.
    """
    columns = dict.fromkeys(("project", "pin", "sort_key"), "VARCHAR")
    comment = "project, and perhaps a version, named in the last sync; sort_key as in versions."
    make_table(connection, SELECTION, columns, comment, path, catalog=catalog)
    connection.execute(f"DELETE FROM {quoted(SELECTION)}")
    named = [(target.project, pin, pin and sort_key(pin)) for target in targets for pin in target.pins or (None,)]
    if named:
        projects, pins, keys = map(list, zip(*named, strict=True))
        connection.execute(
            f"INSERT INTO {quoted(SELECTION)} SELECT unnest(?), unnest(?), unnest(?)", [projects, pins, keys]
        )


def make_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the views whose tables are all there, of this run or of an earlier one; one of the user's own stays."""
    found = there(connection)
    for view in VIEWS:
        if all(found.get(name) for name in view.needs) and found.get(view.name) is not False:
            connection.execute(f"CREATE OR REPLACE VIEW {quoted(view.name)} AS {view.query}")
            connection.execute(f"COMMENT ON VIEW {quoted(view.name)} IS {text(f'{OURS}{view.row}.')}")


def make_scope(connection: duckdb.DuckDBPyConnection, scope: ReplaceScope) -> None:
    """Hold a scope in temporary tables, for ``in_scope``."""
    names, times = list(scope.projects), list(scope.projects.values())
    kept = [(project, part) for project, parts in scope.unchanged_partitions.items() for part in parts]
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE _scope AS "
        "SELECT unnest(?::VARCHAR[]) AS project, unnest(?::TIMESTAMPTZ[]) AS visited",
        [names, times],
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE _kept AS SELECT unnest(?::VARCHAR[]) AS project, unnest(?::VARCHAR[]) AS part",
        [[project for project, _ in kept], [part for _, part in kept]],
    )


def in_scope(scope: ReplaceScope) -> str:
    """The condition that a row is in the scope that ``make_scope`` holds."""
    if scope.whole:
        return "true"
    kept = ""
    if scope.part is not None and scope.unchanged_partitions:
        kept = f" AND (project, {quoted(scope.part)}) NOT IN (SELECT (project, part) FROM _kept)"
    return f"project IN (SELECT project FROM _scope){kept}"


def rows_in(path: Path, columns: Mapping[str, str], longest: int) -> str:
    """The query for the rows in a file of newline-delimited JSON, of which the longest has so many bytes."""
    listed = ", ".join(quoted(name) for name in columns)
    types = ", ".join(f"{quoted(name)}: {text(type_)}" for name, type_ in columns.items())
    return (
        f"SELECT {listed} FROM read_json({text(str(path))}, format = 'newline_delimited', columns = {{{types}}}, "
        f"maximum_object_size = {max(longest, LONGEST_ROW)})"
    )


def replace_rows(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str], scope: ReplaceScope, rows: str | None
) -> None:
    """Put the rows of a query (None: none) in the place of those in scope, which ``make_scope`` holds."""
    connection.execute(f"DELETE FROM {quoted(table)} WHERE {in_scope(scope)}")
    if rows is not None:
        listed = ", ".join(quoted(name) for name in columns)
        connection.execute(f"INSERT INTO {quoted(table)} ({listed}) {rows}")


def quoted(name: str) -> str:
    """An identifier in SQL."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text in SQL."""
    return "'" + value.replace("'", "''") + "'"
