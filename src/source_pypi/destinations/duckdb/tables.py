"""The tables and views of a DuckDB file.

Ours
    The comments on our tables and views begin with ``OURS``. Others belong to somebody else and are never changed.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import duckdb

from source_pypi.destinations.runs import CHANGES_VIEW
from source_pypi.destinations.sql.statements import Statement
from source_pypi.destinations.store import StagedRows
from source_pypi.destinations.tables import OURS, Table
from source_pypi.destinations.views import OLD_VIEWS, comment_of, creatable, not_created
from source_pypi.queries import Query, views

#: The longest JSON object in bytes that DuckDB reads, unless a longer one is known. Its buffer takes twice that; its
#: default is 16 MB.
LONGEST_ROW = 2 * 1024 * 1024
#: A name that needs no quotes, unless it is a keyword.
_PLAIN = re.compile("[a-z_][a-z0-9_]*")
_HERE = "schema_name = current_schema() AND database_name = current_database()"


class Catalog:
    """What is in the schema in use, asked for once: that takes longer than most of what is done with the answer.

    :ivar comments: the comments on tables and views.
    :ivar columns: the columns of every table, with their comments.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        listed = " UNION ALL ".join(
            f"SELECT {kind}_name, coalesce(comment, '') FROM duckdb_{kind}s() WHERE {_HERE}"
            for kind in ("table", "view")
        )
        self.comments: dict[str, str] = dict(connection.execute(listed).fetchall())
        self.columns: dict[str, dict[str, str]] = {}
        query = (
            "SELECT table_name, column_name, coalesce(comment, '') FROM duckdb_columns() "
            f"WHERE {_HERE} AND NOT internal"
        )
        try:
            found = connection.execute(query)
        except duckdb.BinderException:  # a view of a column that somebody dropped; our views are made again
            for view in filter(self.is_ours, (CHANGES_VIEW, *OLD_VIEWS, *(one.name for one in views()))):
                connection.execute(f"DROP VIEW IF EXISTS {quoted(view)}")
                del self.comments[view]
            found = connection.execute(query)
        for table, column, comment in found.fetchall():
            self.columns.setdefault(table, {})[column] = comment

    def is_ours(self, name: str) -> bool | None:
        """Whether a table or view is ours; None: there is none by this name."""
        comment = self.comments.get(name)
        return None if comment is None else comment.startswith(OURS)


def make_table(connection: duckdb.DuckDBPyConnection, table: Table, catalog: Catalog) -> bool:
    """Create a table, or the columns that an older release did not have; return whether it was created.

    :param catalog: what there was before; it is kept up to date.
    """
    name, existing = quoted(table.name), catalog.columns.get(table.name, {})
    created = table.name not in catalog.comments
    if created:
        columns = ", ".join(
            f"{quoted(column.name)} {column.type.duckdb}{' NOT NULL' if column.name in (table.key or ()) else ''}"
            for column in table.columns
        )
        connection.execute(f"CREATE TABLE {name} ({columns})")
    for column in table.columns:
        if not created and column.name not in existing:
            connection.execute(f"ALTER TABLE {name} ADD COLUMN {quoted(column.name)} {column.type.duckdb}")
        if column.description and existing.get(column.name) != column.description:
            connection.execute(f"COMMENT ON COLUMN {name}.{quoted(column.name)} IS {text(column.description)}")
    if catalog.comments.get(table.name) != table.comment:
        connection.execute(f"COMMENT ON TABLE {name} IS {text(table.comment)}")
        catalog.comments[table.name] = table.comment
    catalog.columns[table.name] = existing | {column.name: column.description for column in table.columns}
    return created


def drop_table(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Drop a table of ours, and the views of ours that read it."""
    query = f"SELECT view_name FROM duckdb_views() WHERE {_HERE} AND starts_with(comment, ?) AND contains(sql, ?)"
    for (view,) in connection.execute(query, [OURS, name]).fetchall():
        connection.execute(f"DROP VIEW {quoted(view)}")
    connection.execute(f"DROP TABLE {quoted(name)}")


def make_views(connection: duckdb.DuckDBPyConnection, catalog: Catalog) -> list[str]:
    """Create the views whose tables all exist, of this run or of an earlier one; views of the user's own stay.

    A view of a stream that is not selected cannot be created if its table lacks a column, since an earlier release made
    it or somebody dropped the column. This is no failure: the stream's next run adds the column.

    :return: a warning for each view that failed for another reason.
    """
    found, failed = creatable(catalog.is_ours), []
    with suppress(duckdb.Error):
        _make_views(connection, found, [name for name in OLD_VIEWS if catalog.is_ours(name)])
        return []
    for view in found:
        try:
            _make_views(connection, [view])
        except duckdb.Error as error:
            if not isinstance(error, duckdb.BinderException):
                failed.append(not_created(view.name, error))
            connection.execute(f"DROP VIEW IF EXISTS {quoted(view.name)}")
    return failed


def _make_views(connection: duckdb.DuckDBPyConnection, found: Sequence[Query], old: Sequence[str] = ()) -> None:
    """Drop views of earlier releases and create others, all or none."""
    with transaction(connection):
        for name in old:
            connection.execute(f"DROP VIEW {quoted(name)}")
        for view in found:
            connection.execute(f"CREATE OR REPLACE VIEW {quoted(view.name)} AS {view.sql}")
            connection.execute(f"COMMENT ON VIEW {quoted(view.name)} IS {text(comment_of(view))}")


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All of it or nothing, whatever ends it: an error, or the user."""
    connection.begin()
    try:
        yield
        connection.commit()
    except BaseException:
        with suppress(duckdb.Error, RuntimeError):
            connection.rollback()
        raise


def rows_in(staged: StagedRows) -> Statement:
    """The query for staged rows, with the columns of their table."""
    columns = staged.table.columns
    listed = ", ".join(quoted(column.name) for column in columns)
    types = ", ".join(f"{quoted(column.name)}: {text(column.type.duckdb)}" for column in columns)
    return Statement(
        f"SELECT {listed} FROM read_json(%s, format = 'newline_delimited', columns = {{{types}}}, "
        f"maximum_object_size = {max(staged.longest, LONGEST_ROW)})",
        [[str(path) for path in staged.paths]],
    )


def use_schema(connection: duckdb.DuckDBPyConnection, schema: str | None) -> str:
    """Make a schema if it does not exist, and use it; None: ``main``. Return the statement that uses it."""
    name = schema or "main"
    ((database,),) = connection.execute("SELECT current_database()").fetchall()
    query = "SELECT schema_name FROM duckdb_schemas() WHERE database_name = ? AND lower(schema_name) = lower(?)"
    found = connection.execute(query, [database, name]).fetchall()
    if not found:
        connection.execute(f"CREATE SCHEMA {quoted(database)}.{quoted(name)}")
    ((name,),) = found or ((name,),)  # as it is spelled in the database
    statement = f"USE {quoted(database)}.{quoted(name)}"
    connection.execute(statement)
    return statement


def schema_in_query(connection: duckdb.DuckDBPyConnection) -> str:
    """What stands before the name of a table in a query: the schema in use and a dot; nothing for ``main``.

    If the schema has the name of a database, the file's own name stands before it: otherwise it is ambiguous.
    """
    ((database, schema),) = connection.execute("SELECT current_database(), current_schema()").fetchall()
    if schema == "main":
        return ""
    query = "SELECT count(*) FROM duckdb_databases() WHERE lower(database_name) = lower(?)"
    ((ambiguous,),) = connection.execute(query, [schema]).fetchall()
    return "".join(f"{_quoted_if_needed(connection, name)}." for name in ([database] if ambiguous else []) + [schema])


def _quoted_if_needed(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    query = "SELECT count(*) FROM duckdb_keywords() WHERE keyword_category <> 'unreserved' AND keyword_name = ?"
    ((keyword,),) = connection.execute(query, [name]).fetchall()
    return name if _PLAIN.fullmatch(name) and not keyword else quoted(name)


def quoted(name: str) -> str:
    """An identifier in SQL."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text in SQL."""
    return "'" + value.replace("'", "''") + "'"
