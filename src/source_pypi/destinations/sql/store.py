"""Tables in a database: dlt stages the rows and makes the tables, one transaction puts the rows in their places.

Why not dlt's merge
    It leaves the old rows of a table of which a project has no row any more, has no partitions, and writes its state
    apart from the rows. So dlt only appends to staging tables, in the format that its destination reads best. Then, in
    one transaction, the rows in scope are deleted, the staged ones inserted, and the state is written.

Killed
    What is killed before that transaction ends has only staged rows. The next run does not read them, and deletes them
    after ``STALE``. In a database without transactions the order of the statements has the same effect: the state of a
    project is deleted before its rows change and written after they have; so a project whose rows are half written has
    no state, and is read again and replaced whole. dlt's own packages are in a temporary folder, so none stays pending.

dlt
    Telemetry is off before the pipeline exists, the files of a package are deleted once it is loaded, empty tables are
    made from columns that are given, never inferred. Arrow goes to PostgreSQL as INSERT statements: as CSV, which dlt
    would choose, empty texts become null.
"""

import base64
import os
import time
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Literal

from source_pypi.destinations.address import DATASET, parse_address
from source_pypi.destinations.sql.dialects import Destination, destination_of
from source_pypi.destinations.sql.rows import DIGEST, staged_rows, staging_table, table_rows
from source_pypi.destinations.sql.statements import (
    BATCH_SIZE,
    LOAD,
    LOAD_COLUMN,
    SCOPE,
    Dialect,
    SqlState,
    Statement,
    Statements,
    scope_rows,
)
from source_pypi.destinations.store import Limits, LoadPackage, RunRow
from source_pypi.destinations.tables import RUN, STATE, VALID_TO, Column, Table
from source_pypi.destinations.temporary import TemporaryFolder
from source_pypi.sync.state_codec import PackedState

#: The name of the pipeline, and of the schema's versions.
PIPELINE = "source_pypi"
#: Seconds after which staged rows belong to no run any more.
STALE = 86_400
#: dlt's settings, whatever else is configured.
_SETTINGS = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",  # errors are raised, and reported in one line
    "RUNTIME__INTERCEPT_SIGNALS": "false",
    "LOAD__DELETE_COMPLETED_JOBS": "true",
}
NEW_STATE = Table(
    "_new_state",
    (
        LOAD_COLUMN,
        *(Column(f"new_{column.name}", column.type, column.description) for column in STATE.columns),
    ),
    "the state of a project that a package writes. Without digests: its state is deleted",
)


class SqlStore(SqlState):
    """A schema in a database.

    :param into: the database's address, or the name of a dlt destination.
    """

    #: A package costs dlt about 0.3 s however small it is.
    limits = Limits(projects=200, unchanged_projects=200, size=32 * 1024 * 1024, json_size=32 * 1024 * 1024)
    #: Digests are not computed in SQL, so rows that exist cannot begin a history.
    history: Literal["reread"] = "reread"

    def __init__(self, into: str) -> None:
        self._address = parse_address(into)
        self.name, self.secrets = self._address.shown, self._address.secrets
        self._folder: TemporaryFolder | None = None
        self._pipeline: Any = None

    @property
    def dialect(self) -> Dialect:
        """How the database writes names, once it was connected to."""
        return self._names

    def open(self) -> None:
        """Make the pipeline, and connect to the database once."""
        os.environ.update(_SETTINGS)
        import dlt

        self._folder = TemporaryFolder()
        self._destination: Destination = destination_of(self._address)
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

    def last_run(self) -> RunRow | None:
        """The row of ``_run``; None: there is none."""
        return self._last_run() if len(self._columns([RUN.name, STATE.name])) == 2 else None

    def existing(self, tables: Sequence[Table], recorded: Collection[str]) -> dict[str, bool]:
        """Which of these tables exist, and whether source-pypi made them: the last run lists those that it did."""
        ours = {*recorded, *((STATE.name, RUN.name) if recorded else ())}
        found = self._columns(table.name for table in tables)
        columns = {table.name: set(_stored(table).names()) for table in tables}
        return {name: name in ours or found[name] == columns[name] for name in found}

    def incomplete(self, tables: Sequence[Table]) -> set[str]:
        """The names of those among these tables, which exist, that lack a column."""
        found = self._columns(table.name for table in tables)
        return {table.name for table in tables if not set(table.names()) <= found.get(table.name, set())}

    def make(self, tables: Sequence[Table]) -> None:
        """Create the tables that do not exist, and the columns that they lack; replace state tables of version 1."""
        staging = [staging_table(table) for table in tables if table not in (STATE, RUN) and not _is_history(table)]
        staging += [NEW_STATE, SCOPE]
        self._drop_old([STATE, NEW_STATE])
        self._ensure([*map(_stored, tables), *staging])
        stale = f"{int(time.time()) - STALE:012d}"
        with self._transaction() as execute:
            for statement in self._destination.indexes(tables, self.dialect.table):
                execute(Statement(statement))
            for table in staging:
                name, load = self.dialect.table(table.name), self.dialect.column(LOAD)
                execute(Statement(f"DELETE FROM {name} WHERE {load} < %s", [stale]))

    def write(self, package: LoadPackage) -> None:
        """Stage a package, and put it in its place in one transaction."""
        load = f"{int(time.time()):012d}-{uuid.uuid4().hex}"
        if package.staged or package.state:
            self._stage(package, load)
        self._execute_all(self._writing(package, load))

    def _writing(self, package: LoadPackage, load: str) -> Iterator[Statement]:
        """State is deleted first, and written last."""
        statements, column = Statements(self.dialect, load), self.dialect.column
        new_state, of_load = self.dialect.table(NEW_STATE.name), f"{column(LOAD)} = %s"
        yield statements.write_run(package.run)
        if package.state:
            projects = f"SELECT {column('new_project')} FROM {new_state} WHERE {of_load}"
            state = self.dialect.table(STATE.name)
            yield Statement(f"DELETE FROM {state} WHERE {column('project')} IN ({projects})", [load])
        for staged in package.staged:
            table = staged.table
            new = Statement(f"{self.dialect.table(staging_table(table).name)} WHERE {of_load}", [load])
            rows = Statement(f"SELECT {self.dialect.listed(table.names())} FROM {new.sql}", new.values)
            yield from statements.replace(staged, rows if staged.size else None)
            if table.history is not None:
                yield from statements.keep_history(staged, new, column(DIGEST.name), [DIGEST.name])
            yield Statement(f"DELETE FROM {new.sql}", new.values)
        if package.state:
            columns = self.dialect.listed(f"new_{name}" for name in STATE.names())
            yield Statement(
                f"INSERT INTO {state} ({self.dialect.listed(STATE.names())}) SELECT {columns} FROM {new_state} "
                f"WHERE {of_load} AND {column('new_settings_digests')} IS NOT NULL",
                [load],
            )
        for name in (NEW_STATE.name, SCOPE.name):
            yield Statement(f"DELETE FROM {self.dialect.table(name)} WHERE {of_load}", [load])

    def _stage(self, package: LoadPackage, load: str) -> None:
        """Append rows to staging tables."""
        import dlt

        if self._pipeline.has_pending_data:  # an interrupt left it
            self._pipeline.abort_packages()
        state = [(load, *_packed(project, row)) for project, row in package.state.items()]
        contents = [(NEW_STATE, table_rows(NEW_STATE, state)), (SCOPE, table_rows(SCOPE, scope_rows(package, load)))]
        contents += [(staging_table(one.table), staged_rows(one, load)) for one in package.staged if one.size]
        resources = [
            dlt.resource([rows], name=table.name, columns=self._destination.hints(table), write_disposition="append")
            for table, rows in contents
            if rows.num_rows
        ]
        self._pipeline.run(resources, loader_file_format=self._destination.file_format)

    def _columns(self, names: Iterable[str]) -> dict[str, set[str]]:
        """The tables among these that exist, and their columns."""
        with self._pipeline.destination_client() as client:
            if not client.sql_client.has_dataset():
                return {}
            found = client.get_storage_tables(list(names))
            return {name: {column.lower() for column in columns} for name, columns in found if columns}

    def _drop_old(self, tables: Sequence[Table]) -> None:
        """Drop tables that lack columns; their rows are lost."""
        found = self._columns(table.name for table in tables)
        old = [table for table in tables if table.name in found and not set(table.names()) <= found[table.name]]
        self._execute_all(Statement(f"DROP TABLE {self.dialect.table(table.name)}") for table in old)

    def _ensure(self, tables: Sequence[Table]) -> None:
        """Make tables and columns that do not exist. dlt trusts its own record of them, so that must go first."""
        import dlt

        schema = dlt.Schema(PIPELINE)
        for table in tables:
            schema.update_table(self._destination.schema_of(table))
        self._pipeline.extract(dlt.resource([], name=RUN.name), schema=schema)  # from now on it is the pipeline's
        found = self._columns([*(table.name for table in tables), "_dlt_version"])
        if not all(set(table.names()) <= found.get(table.name, set()) for table in tables):
            if "_dlt_version" in found:
                name, column = self.dialect.table("_dlt_version"), self.dialect.column("schema_name")
                self._execute_all([Statement(f"DELETE FROM {name} WHERE {column} = %s", [PIPELINE])])
            self._pipeline.sync_schema()
        self._pipeline.run()  # what was extracted: nothing

    @contextmanager
    def _client(self) -> Iterator[Any]:
        with self._pipeline.sql_client() as client:
            self._names = Dialect(client.make_qualified_table_name, client.escape_column_name)
            yield client

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        """All of it or nothing, whatever ends it."""
        with self._client() as client, client.begin_transaction():
            yield lambda statement: client.execute_sql(statement.sql, *statement.values)

    def _execute_all(self, statements: Iterable[Statement]) -> None:
        with self._transaction() as execute:
            for statement in statements:
                execute(statement)

    def _rows(self, statement: Statement) -> Iterator[Sequence[Any]]:
        with self._client() as client, client.execute_query(statement.sql, *statement.values) as cursor:
            while rows := cursor.fetchmany(BATCH_SIZE):
                yield from rows

    def _state(self, row: Sequence[Any]) -> PackedState:
        """State, from a row of ``_state``, in which bytes are text in base 64."""
        state = PackedState._make(row)
        with suppress(ValueError, TypeError):  # otherwise it is broken, which whoever unpacks it says
            return state._replace(absent=bool(state.absent), packed=base64.b64decode(row[-1]))
        return state._replace(packed=b"")


def _packed(project: str, row: PackedState | None) -> tuple[Any, ...]:
    """State as a row of ``_state``, in which bytes are text."""
    if row is None:
        return (project, *[None] * (len(STATE.columns) - 1))
    return (*row[:-1], base64.b64encode(row.packed).decode())


def _stored(table: Table) -> Table:
    """A table as it is in the database: a history has the digest of its rows."""
    return Table(table.name, (*table.columns, DIGEST), table.row) if _is_history(table) else table


def _is_history(table: Table) -> bool:
    return table.columns[-1].name == VALID_TO
