"""Tables in a database: dlt stages the rows and makes the tables, one transaction puts them in their places.

Why not dlt's merge
    It leaves the old rows of a table of which a project has none left, knows no parts, and writes its state apart from
    the rows. So dlt only appends to staging tables (``statements.py``), in the format that its destination takes best;
    then, in one transaction, the rows that give way are deleted, the staged ones inserted, and what was seen is noted.

Killed
    Whatever is killed before that transaction ends has only staged; the next run does not look at it, and clears it
    away after ``STALE``. Where a database has no transactions, the order of the statements sees to it: what was seen of
    a project is forgotten before its rows are touched, and noted after they are there; so a project whose rows are half
    written has no state, and is read and replaced whole. dlt's own packages live in a temporary folder, so that none is
    ever pending.

dlt
    Telemetry is off before the pipeline exists, the files of a load are deleted once it is there, empty tables are made
    from columns that are given, never inferred. Arrow goes to PostgreSQL as INSERT statements: as CSV, which dlt would
    choose, empty texts come out null.
"""

import os
import tempfile
import time
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from source_pypi.destinations.address import DATASET, DestinationAddress
from source_pypi.destinations.sql.dialects import Destination, destination_of
from source_pypi.destinations.sql.statements import (
    BOOKS,
    LOAD,
    NEW_KEPT,
    NEW_STATE,
    RUN,
    STATE,
    Dialect,
    Statements,
    staged,
)
from source_pypi.destinations.store import LoadPackage, RunRow
from source_pypi.destinations.tables import Table, arrow_schema, is_history
from source_pypi.sync.state import ProjectSummary

#: Its name is that of the schema's versions, too.
PIPELINE = "source_pypi"
#: Seconds after which staged rows that nobody took are nobody's.
STALE = 86_400
#: Rows that are fetched at once.
BATCH_SIZE = 10_000
#: What dlt is told, whatever else is configured.
_SETTINGS = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",  # what fails is raised, and told in one line
    "RUNTIME__INTERCEPT_SIGNALS": "false",
    "LOAD__DELETE_COMPLETED_JOBS": "true",
}


class SqlStore:
    """A schema in a database.

    :param place: which.
    """

    lists = False
    keeps_history = True
    #: A load costs dlt about 0.3 s however small it is.
    most = (200, 32 * 1024 * 1024)

    def __init__(self, place: DestinationAddress) -> None:
        self._place = place
        self._tables: dict[str, Table] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._pipeline: Any = None

    def open(self) -> None:
        """Make the pipeline, and see whether the database answers."""
        os.environ.update(_SETTINGS)
        import dlt

        self._folder = tempfile.TemporaryDirectory(prefix="source-pypi-", ignore_cleanup_errors=True)
        self._destination: Destination = destination_of(self._place)
        self._pipeline = dlt.pipeline(
            PIPELINE,
            destination=self._destination.factory,
            dataset_name=self._destination.dataset or dlt.config.get("dataset_name", str) or DATASET,
            pipelines_dir=self._folder.name,
        )
        self._pipeline.config.restore_from_destination = False
        with self._client():
            pass

    def close(self) -> None:
        """Forget the pipeline, and delete what it has on the disk."""
        if self._pipeline is not None:
            with suppress(Exception):
                self._pipeline.deactivate()
        if self._folder is not None:
            self._folder.cleanup()

    def there(self, names: Iterable[str]) -> dict[str, set[str]]:
        """Which of these tables there are, and the columns that they have."""
        with self._pipeline.destination_client() as client:
            if not client.sql_client.has_dataset():
                return {}
            found = client.get_storage_tables(list(names))
            return {name: {column.lower() for column in columns} for name, columns in found if columns}

    def last_run(self) -> RunRow | None:
        """What was noted of the last run; None: there was none."""
        if len(self.there([RUN.name, STATE.name])) < 2:
            return None
        columns = ("index", "unfinished", "tables", "version")
        with self._client() as client:
            dialect = _dialect(client)
            listed = ", ".join(map(dialect.column, columns))
            rows = client.execute_sql(f"SELECT {listed} FROM {dialect.table(RUN.name)}")
        if not rows:
            return None
        index, unfinished, tables, version = rows[0]
        return RunRow(index, unfinished, tuple(tables.split()), version)

    def begin(self, run: RunRow, forget: Collection[str] | None) -> None:
        """Note a run, and forget what these streams (None: all) have seen."""
        with self._transaction() as execute:
            table, version = self._dialect.table(RUN.name), self._dialect.column("version")
            if not execute((f"SELECT {version} FROM {table}", [])):
                execute((f"INSERT INTO {table} ({version}) VALUES (%s)", [run.version]))
            execute(Statements(self._dialect, "").note_run(run))
            table, stream = self._dialect.table(STATE.name), self._dialect.column("stream")
            if forget is None:
                execute((f"DELETE FROM {table} WHERE 1 = 1", []))
            for name in forget or ():
                execute((f"DELETE FROM {table} WHERE {stream} = %s", [name]))

    def make(self, tables: Sequence[Table]) -> None:
        """Make the tables that are not there, and the columns that they lack."""
        self._tables = {table.name: table for table in tables}
        loaded = [staged(table) for table in tables if not is_history(table)]
        self._ensure([*BOOKS, *tables, *loaded])
        stale = f"{int(time.time()) - STALE:012d}"
        with self._transaction() as execute:
            for statement in self._destination.indexes([STATE, *tables], self._dialect.table):
                execute((statement, []))
            for table in (NEW_STATE, NEW_KEPT, *loaded):
                name, load = self._dialect.table(table.name), self._dialect.column(LOAD)
                execute((f"DELETE FROM {name} WHERE {load} < %s", [stale]))

    def load(self, projects: Collection[str], streams: Collection[str]) -> Iterable[tuple[str, str, str]]:
        """What was noted of projects: stream, project, and what was seen."""
        if not projects or not streams:
            return []
        table, column = self._dialect.table(STATE.name), self._dialect.column
        named, read = ", ".join(["%s"] * len(projects)), ", ".join(["%s"] * len(streams))
        with self._client() as client:
            rows: list[tuple[str, str, str]] = client.execute_sql(
                f"SELECT {column('stream')}, {column('project')}, {column('seen')} FROM {table} "
                f"WHERE {column('project')} IN ({named}) AND {column('stream')} IN ({read})",
                *projects,
                *streams,
            )
        return rows

    def summaries(self, terms: Mapping[str, str]) -> Iterator[ProjectSummary]:
        """Every project that any of these streams has seen."""
        query, values = Statements(self._dialect, "").summaries(terms)
        with self._client() as client, client.execute_query(query, *values) as cursor:
            while rows := cursor.fetchmany(BATCH_SIZE):
                for project, serial, asked, absent, serials, comparable in rows:
                    told = serial if serials == len(terms) else None
                    yield ProjectSummary(project, told, asked, bool(absent), comparable == len(terms))

    def write(self, load: LoadPackage, run: RunRow) -> None:
        """Stage a load, and put it in its place in one transaction."""
        name = f"{int(time.time()):012d}-{uuid.uuid4().hex}"
        if load.scopes or load.noted:
            self._stage(dict(_staged_rows(load, name, self._tables)))
        with self._transaction() as execute:
            for statement in Statements(self._dialect, name).of(load, run, self._tables):
                execute(statement)

    def _ensure(self, tables: Sequence[Table]) -> None:
        """Make tables and columns that are not there. dlt trusts its own note of them, so that has to go first."""
        import dlt

        schema = dlt.Schema(PIPELINE)
        for table in tables:
            schema.update_table(self._destination.schema_of(table))
        self._pipeline.extract(dlt.resource([], name=RUN.name), schema=schema)  # from now on it is the pipeline's
        there = self.there([*(table.name for table in tables), "_dlt_version"])
        if not all({column.name for column in table.columns} <= there.get(table.name, set()) for table in tables):
            if "_dlt_version" in there:
                with self._transaction() as execute:
                    name, column = self._dialect.table("_dlt_version"), self._dialect.column("schema_name")
                    execute((f"DELETE FROM {name} WHERE {column} = %s", [PIPELINE]))
            self._pipeline.sync_schema()
        self._pipeline.run()  # what was extracted: nothing

    def _stage(self, rows: "dict[str, tuple[Table, pa.Table]]") -> None:
        """Append rows to staging tables."""
        import dlt

        if self._pipeline.has_pending_data:  # an interrupt left it
            self._pipeline.abort_packages()
        resources = [
            dlt.resource([content], name=name, columns=self._destination.hints(table), write_disposition="append")
            for name, (table, content) in rows.items()
        ]
        self._pipeline.run(resources, loader_file_format=self._destination.file_format)

    @contextmanager
    def _client(self) -> Iterator[Any]:
        with self._pipeline.sql_client() as client:
            self._dialect = _dialect(client)
            yield client

    @contextmanager
    def _transaction(self) -> "Iterator[_Execute]":
        """All of it or nothing, whatever ends it."""
        with self._client() as client, client.begin_transaction():
            yield lambda statement: client.execute_sql(statement[0], *statement[1])


_Execute = Any


def _dialect(client: Any) -> Dialect:
    return Dialect(client.make_qualified_table_name, client.escape_column_name)


def _staged_rows(
    load: LoadPackage, name: str, tables: dict[str, Table]
) -> Iterator[tuple[str, tuple[Table, pa.Table]]]:
    """What a load stages, by table."""
    books: dict[tuple[str, str], dict[str, Any]] = {}
    for (stream, project), noted in load.noted.items():
        books[stream, project] = {f"new_{name}": value for name, value in asdict(noted).items()}
    for stream, scope in load.scopes.items():
        for project, visited in scope.visited.items():
            books.setdefault((stream, project), {})["visited"] = visited
        if scope.rows:
            table = staged(tables[stream])
            rows = scope.table()
            yield table.name, (table, rows.append_column(LOAD, pa.repeat(pa.scalar(name), rows.num_rows)))
    state = [{LOAD: name, "for_stream": s, "for_project": p, **values} for (s, p), values in books.items()]
    yield NEW_STATE.name, (NEW_STATE, _of(NEW_STATE, state))
    kept = [
        {LOAD: name, "of_stream": stream, "of_project": project, "of_part": part}
        for stream, scope in load.scopes.items()
        for project, part in scope.unchanged_partitions
    ]
    if kept:
        yield NEW_KEPT.name, (NEW_KEPT, _of(NEW_KEPT, kept))


def _of(table: Table, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, arrow_schema(table.columns, lists=False))
