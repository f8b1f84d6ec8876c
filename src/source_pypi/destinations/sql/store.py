"""Tables in a database: dlt stages the rows and makes the tables, one transaction puts the rows in their places.

Why not dlt's merge
    It leaves the old rows of a table of which a project has no row any more, has no partitions, and writes its state
    apart from the rows. So dlt only appends to staging tables, in the format that its destination reads best. Then, in
    one transaction, the rows in scope are deleted, the staged ones inserted, and the state is written.

Staging
    Staging tables, and what dlt records, are in a schema of their own, named after that of the tables: temporary tables
    belong to one connection, and dlt makes several. SQLite has no schemas, so a temporary file takes their place.

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
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from source_pypi.destinations.address import DATASET, parse_address
from source_pypi.destinations.error_messages import reason_of
from source_pypi.destinations.into import with_schema
from source_pypi.destinations.row_counts import RowChanges, changes_of
from source_pypi.destinations.runs import RUNS
from source_pypi.destinations.sql.dataset import Dataset, staging_name
from source_pypi.destinations.sql.dialects import Destination, destination_of
from source_pypi.destinations.sql.rows import (
    DIGEST,
    STAGED,
    staged_rows,
    staging_name_of,
    staging_table,
    table_rows,
)
from source_pypi.destinations.sql.statements import (
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
from source_pypi.destinations.tables import RUN, RUN_TABLES, STATE, VALID_TO, Column, Table
from source_pypi.destinations.temporary import TemporaryFolder
from source_pypi.errors import DestinationError
from source_pypi.streams import NAMES
from source_pypi.sync.state_codec import PackedState

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
    :param schema: the schema of the tables; None: the default one.
    """

    #: A package costs dlt about 0.3 s however small it is.
    limits = Limits(projects=200, unchanged_projects=200, size=32 * 1024 * 1024, json_size=32 * 1024 * 1024)
    #: Digests are not computed in SQL, so rows that exist cannot begin a history.
    history: Literal["reread"] = "reread"
    exclusive = False

    def __init__(self, into: str, schema: str | None = None) -> None:
        self._address, self._schema = parse_address(into), schema
        self.name, self.secrets = with_schema(self._address.shown, schema), self._address.secrets
        self._folder: TemporaryFolder | None = None
        self._destination: Destination | None = None
        self._datasets: list[Dataset] = []

    @property
    def dialect(self) -> Dialect:
        """How the database writes names, once it was connected to."""
        return Dialect(self._table, self._tables.column)

    def open(self) -> None:
        """Make the pipelines, and connect to the database once."""
        os.environ.update(_SETTINGS)
        self._folder = TemporaryFolder()
        folder = Path(self._folder.name)
        destination = self._destination = destination_of(self._address, self._schema, folder)
        self._tables = self._dataset(destination.factory, destination.dataset or _default_schema(), folder / "tables")
        if len(self._tables.name.encode()) > self._tables.longest_name:
            reason = f"the name of a schema has at most {self._tables.longest_name} bytes there"
            raise DestinationError(self.name, reason)
        if destination.staging is None:
            name = staging_name(self._tables.name, self._tables.longest_name)
            self._staging = self._dataset(destination.factory, name, folder / "staging")
        else:
            staging = destination.staging
            self._staging = self._dataset(staging.factory, staging.dataset, folder / "staging")

    def _dataset(self, factory: Any, name: str, folder: Path) -> Dataset:
        assert self._destination is not None
        self._datasets.append(Dataset(self._destination, factory, name, str(folder)))
        return self._datasets[-1]

    def close(self) -> None:
        """Forget the pipelines, and delete what they have on the disk."""
        for dataset in self._datasets:
            dataset.close()
        if self._destination is not None and self._destination.staging is not None:
            self._destination.staging.close()
        if self._folder is not None:
            self._folder.cleanup()

    def table_in_query(self, table: str) -> str:
        """The name of a table with its schema."""
        return self._tables.table(table)

    def state_table(self, name: str) -> tuple[str, str]:
        """What a statement of the user calls ``_state`` or ``_run``, and the database in which it is executed."""
        return self._tables.table(name), self._address.shown

    def _table(self, name: str) -> str:
        """The name of a table in SQL: a staging table is in a schema, or a file, of its own."""
        if not name.startswith(STAGED):
            return self._tables.table(name)
        assert self._destination is not None
        staging = self._destination.staging
        return self._staging.table(name) if staging is None else f'"{staging.attached}"."{name}"'

    def last_run(self) -> RunRow | None:
        """The row of ``_run``; None: there is none."""
        return self._last_run() if len(self._tables.columns([RUN.name, STATE.name])) == 2 else None

    def existing(self, tables: Sequence[Table], recorded: Collection[str]) -> dict[str, bool]:
        """Which of these tables exist, and whether source-pypi made them: the last run lists those that it did."""
        ours = {*recorded, *((STATE.name, RUN.name) if recorded else ())}
        found = self._tables.columns(table.name for table in tables)
        columns = {table.name: set(_stored(table).names()) for table in tables}
        return {name: name in ours or found[name] == columns[name] for name in found}

    def incomplete(self, tables: Sequence[Table]) -> set[str]:
        """The names of those among these tables, which exist, that lack a column."""
        found = self._tables.columns(table.name for table in tables)
        return {table.name for table in tables if not set(table.names()) <= found.get(table.name, set())}

    def drop(self, table: Table) -> None:
        """Drop a table that exists and is ours, and its staging table."""
        self._tables.drop([table.name])
        self._staging.drop(self._staging.columns([staging_name_of(table.name)]))

    def make(self, tables: Sequence[Table]) -> None:
        """Create the tables that do not exist, and the columns that they lack; replace state tables of version 1."""
        assert self._destination is not None
        unstaged = (STATE, RUN, RUNS)
        staging = [staging_table(table) for table in tables if table not in unstaged and not _is_history(table)]
        staging += [NEW_STATE, SCOPE]
        self._drop_old()
        self._tables.make([*map(_stored, tables)])
        self._prepare_staging(staging)
        self._tables.execute(map(Statement, self._destination.indexes(tables, self.dialect.table)))
        stale, load = f"{int(time.time()) - STALE:012d}", self.dialect.column(LOAD)
        self._tables.execute(
            Statement(f"DELETE FROM {self.dialect.table(table.name)} WHERE {load} < %s", [stale]) for table in staging
        )

    def make_views(self) -> Sequence[str]:
        """Create the views whose tables all exist, in PostgreSQL and SQLite."""
        from source_pypi.destinations.sql.views import Views

        assert self._destination is not None
        last = self.last_run() if self._destination.views is not None else None
        if self._destination.views is None or last is None:
            return ()
        return Views(self._tables, self._destination.views, last.tables, self.secrets).make()

    def _prepare_staging(self, tables: Sequence[Table]) -> None:
        """Make the staging tables.

        :raises DestinationError: when the user may not create their schema.
        """
        try:
            self._staging.prepare(tables)
        except Exception as error:
            reason = reason_of(error, self.secrets)
            raise DestinationError(
                self.name, f"rows are staged in the schema {self._staging.name}: {reason}"
            ) from error

    def _drop_old(self) -> None:
        """Drop state of version 1, whose rows are lost, and the staging tables that older releases made beside it."""
        staging = [
            NEW_STATE.name,
            SCOPE.name,
            *(staging_name_of(name) for name in (*NAMES, *(table.name for table in RUN_TABLES))),
        ]
        found = self._tables.columns([STATE.name, *staging])
        old = [name for name, columns in found.items() if name in staging and LOAD in columns]
        if STATE.name in found and not set(STATE.names()) <= found[STATE.name]:
            old.append(STATE.name)
        self._tables.drop(old)

    def write(self, package: LoadPackage) -> dict[str, RowChanges]:
        """Stage a package, and put it in its place in one transaction."""
        load = f"{int(time.time()):012d}-{uuid.uuid4().hex}"
        if package.staged or package.state:
            self._stage(package, load)
        counted = self._tables.execute(self._writing(package, load))
        return {str(name): changes_of(*map(int, counts)) for name, *counts in counted}

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
            if table.key is not None:
                yield statements.count_changes(staged, new if staged.size else None)
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
        state = [(load, *_packed(project, row)) for project, row in package.state.items()]
        contents = [(NEW_STATE, table_rows(NEW_STATE, state)), (SCOPE, table_rows(SCOPE, scope_rows(package, load)))]
        contents += [(staging_table(one.table), staged_rows(one, load)) for one in package.staged if one.size]
        self._staging.append(contents)

    def parameter(self, value: object) -> object:
        """A value of ``runs`` as a statement takes it: SQLite holds times as texts, which dlt writes like this."""
        assert self._destination is not None
        if isinstance(value, datetime) and self._destination.times_are_texts:
            return value.replace(tzinfo=None).isoformat(" ", "microseconds")
        return super().parameter(value)

    def _execute_all(self, statements: Iterable[Statement]) -> None:
        self._tables.execute(statements)

    def _rows(self, statement: Statement) -> Iterator[Sequence[Any]]:
        return self._tables.rows(statement)

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


def _default_schema() -> str:
    """The schema that dlt's configuration names, or else the default one."""
    import dlt

    return dlt.config.get("dataset_name", str) or DATASET


def _stored(table: Table) -> Table:
    """A table as it is in the database: a history has the digest of its rows."""
    return Table(table.name, (*table.columns, DIGEST), table.row) if _is_history(table) else table


def _is_history(table: Table) -> bool:
    return table.columns[-1].name == VALID_TO
