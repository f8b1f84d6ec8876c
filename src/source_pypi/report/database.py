"""A loaded database as the report reads it: what it contains, what the index does not provide, and answers.

It is opened as ``query`` opens it (``answers/database.py``), so that both read the same files and refuse the same ones.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from source_pypi.answers.available import missing_tables
from source_pypi.queries import Query

if TYPE_CHECKING:  # a module with records that holds DuckDB keeps it from being released when Python exits
    from source_pypi.answers.database import Database as OpenDatabase

#: The tables that a query reads, and how one with tables of its own begins.
_READ = re.compile(r"\b(?:FROM|JOIN)\s+(\w+)")
_WITH = re.compile(r"WITH(?: RECURSIVE)?\s+")


class QueryResult(Struct, frozen=True):
    """What a query returned.

    :ivar sql: the query as a user can run it.
    :ivar rows: at most as many as were asked for.
    :ivar more: whether there were more.
    """

    query: Query
    sql: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    more: bool = False

    def records(self) -> list[dict[str, Any]]:
        """The rows, each by the names of its columns."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class Missing(Struct, frozen=True):
    """A query that cannot be answered, and how the file would get what it needs.

    :ivar streams: the streams that are not in the file.
    :ivar tables: tables and views that are not in the file, and that no stream brings.
    :ivar outdated: whether the tables are there, and lack columns: another release made them.
    """

    query: Query
    streams: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    outdated: bool = False


class Database:
    """An open database. It is never written to.

    :ivar opened: the database as ``query`` has it.
    :ivar source: what messages call it.
    :ivar relations: the tables and views, each with its columns and their types.
    :ivar unavailable: the streams that the index does not provide, with the reason.
    """

    def __init__(self, opened: "OpenDatabase") -> None:
        self.opened, self.source, self._connection = opened, opened.source, opened.connection
        self.relations = {
            name: {column.name: column.type for column in relation.columns}
            for name, relation in opened.relations.items()
        }
        self.unavailable: dict[str, str] = {}
        if "index_capabilities" in self.relations:
            found = self._all("SELECT stream, coalesce(reason, '') FROM index_capabilities WHERE NOT available")
            self.unavailable = dict(found)

    def has(self, *names: str) -> bool:
        """Whether all these tables and views are in the file."""
        return all(name in self.relations for name in names)

    def value(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """The first value that a query returns; None: it returns no row."""
        row = self._connection.execute(sql, parameters).fetchone()
        return None if row is None else row[0]

    def run_query(
        self, query: Query, limit: int, parameters: Mapping[str, str] | None = None, optional: Collection[str] = ()
    ) -> QueryResult | Missing:
        """Run a query.

        :param limit: the most rows to return.
        :param parameters: texts for the ``$name`` in the query.
        :param optional: tables and views that the query reads if the file has them; others stand in for them, empty.
        """
        from duckdb import BinderException

        if not self.has(*query.needs):
            return self._missing(query)
        parameters = parameters or {}
        sql = with_empty(query.sql, [name for name in optional if name not in self.relations])
        used = {name: value for name, value in parameters.items() if f"${name}" in sql}
        try:
            cursor = self._connection.execute(sql, used or None)
        except BinderException:
            return Missing(query, outdated=True)
        columns = tuple(column[0] for column in cursor.description or ())
        rows = cursor.fetchmany(limit + 1)
        return QueryResult(query, with_literals(sql, used), columns, rows[:limit], len(rows) > limit)

    def _missing(self, query: Query) -> Missing:
        from source_pypi.streams import NAMES

        lacking = missing_tables(query.needs, self.relations)
        return Missing(
            query,
            tuple(name for name in NAMES if name in lacking),
            tuple(sorted(name for name in lacking if name not in NAMES)),
        )

    def _all(self, sql: str) -> Sequence[tuple[Any, ...]]:
        return self._connection.execute(sql).fetchall()


@contextmanager
def open_database(source: str, schema: str | None = None) -> Iterator[Database]:
    """Open what ``sync`` loaded, to read it.

    :param source: the path of a DuckDB file, or of a folder of Parquet.
    :param schema: the schema of the tables. None: ``main``.
    :raises QueryError: when there is no such database, it is not one that ``sync`` loaded, or it cannot be read.
    """
    from source_pypi.answers import database

    with database.open_database(source, schema) as opened, database.sql_errors(""):
        yield Database(opened)


def with_empty(sql: str, absent: Collection[str]) -> str:
    """The query with an empty table in place of each absent one that it reads."""
    read = set(_READ.findall(sql))
    empty = [f"{name} AS (SELECT {_NULLS[name]} WHERE false)" for name in absent if name in read]
    if not empty:
        return sql
    start = _WITH.match(sql)
    listed = ",\n".join(empty)
    return f"{start[0]}{listed},\n{sql[start.end() :]}" if start else f"WITH {listed}\n{sql}"


def with_literals(sql: str, parameters: Mapping[str, str]) -> str:
    """The query with its parameters as texts in quotes."""
    for name, value in parameters.items():
        literal = value.replace("'", "''")
        sql = sql.replace(f"${name}", f"'{literal}'")
    return sql


def _columns(text: str) -> str:
    """The columns of an empty table, written as ``name type``, all null."""
    pairs = (part.rsplit(" ", 1) for part in text.split(", "))
    return ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in pairs)


_PIN = "project VARCHAR, version VARCHAR, specifier VARCHAR, file VARCHAR, line INTEGER"
#: What stands in for tables and views that are not in the file.
_NULLS = {
    name: _columns(text)
    for name, text in {
        "vulnerable_pins": f"{_PIN}, id VARCHAR, aliases VARCHAR[], summary VARCHAR, link VARCHAR, "
        "fixed_in VARCHAR[], smallest_fix VARCHAR, fix_admitted BOOLEAN, source VARCHAR",
        "advisory_pins": f"{_PIN}, id VARCHAR, kind VARCHAR, aliases VARCHAR[], summary VARCHAR, severity VARCHAR, "
        "score DOUBLE, published_at TIMESTAMPTZ, withdrawn_at TIMESTAMPTZ, removed_at TIMESTAMPTZ, "
        "smallest_fix VARCHAR, fix_admitted BOOLEAN, link VARCHAR",
        "outdated_pins": f"{_PIN}, latest_version VARCHAR, releases_behind BIGINT, days_behind BIGINT, "
        "major_behind BIGINT, latest_admitted BOOLEAN",
        "yanked_pins": f"{_PIN}, yanked_reason VARCHAR, uploaded_at TIMESTAMPTZ, replacement VARCHAR, "
        "replacement_admitted BOOLEAN",
        "unattested_pins": f"{_PIN}, files BIGINT, attested_files BIGINT, status VARCHAR",
        "missing_projects": "project VARCHAR, specifier VARCHAR, file VARCHAR, line INTEGER, status VARCHAR, "
        "reason VARCHAR, since TIMESTAMPTZ",
        "pin_statuses": f"{_PIN}, status VARCHAR, reason VARCHAR",
        "pin_licenses": f"{_PIN}, expression VARCHAR, expression_source VARCHAR, license VARCHAR",
        "sole_maintainers": "project VARCHAR, user VARCHAR",
        "stale_projects": "project VARCHAR, latest_version VARCHAR, last_release_at TIMESTAMPTZ",
        "provenance_status": "project VARCHAR, version VARCHAR, status VARCHAR, files BIGINT, attested_files BIGINT, "
        "publishers VARCHAR[]",
        "projects": "project VARCHAR, name VARCHAR, summary VARCHAR, latest_version VARCHAR, organization VARCHAR, "
        "license_expression VARCHAR, requires_python VARCHAR, last_upload_at TIMESTAMPTZ, version_count BIGINT, "
        "file_count BIGINT, total_size BIGINT, home_page VARCHAR",
        "versions": "project VARCHAR, version VARCHAR, sort_key VARCHAR, is_latest BOOLEAN, yanked BOOLEAN, "
        "is_prerelease BOOLEAN, first_upload_at TIMESTAMPTZ, last_upload_at TIMESTAMPTZ",
        "roles": "project VARCHAR, role VARCHAR, user VARCHAR",
        "statuses": "project VARCHAR, status VARCHAR, reason VARCHAR",
        "vulnerabilities": "project VARCHAR, version VARCHAR, id VARCHAR, withdrawn_at TIMESTAMPTZ",
        "dependencies": "project VARCHAR, version VARCHAR, name VARCHAR, extra VARCHAR, marker VARCHAR",
        "licenses": "project VARCHAR, version VARCHAR, expression VARCHAR, expression_source VARCHAR",
        "urls": "project VARCHAR, version VARCHAR, label VARCHAR, well_known VARCHAR, url VARCHAR",
        "classifiers": "project VARCHAR, version VARCHAR, classifier VARCHAR, category VARCHAR, parts VARCHAR[]",
        "attestations": "project VARCHAR, version VARCHAR, filename VARCHAR",
        "unnamed_requirements": "position BIGINT, requirement VARCHAR, reason VARCHAR",
        "runs": "run BIGINT, streams VARCHAR[]",
        "pins": f"{_PIN}, position INTEGER, not_read VARCHAR",
    }.items()
}
#: The tables and views that a query may read without needing them.
OPTIONAL = tuple(_NULLS)
