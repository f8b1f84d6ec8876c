"""A DuckDB file as stores use it: how it is made and opened, its transactions, and the state in it."""

import os
import shutil
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb

from source_pypi.destinations.duckdb.tables import Catalog, drop_table, make_table, quoted, transaction, use_schema
from source_pypi.destinations.sql.statements import (
    BATCH_SIZE,
    SCOPE,
    Dialect,
    SqlState,
    Statement,
    Statements,
    scope_rows,
)
from source_pypi.destinations.store import LoadPackage, RunRow
from source_pypi.destinations.tables import RUN, STATE, Table
from source_pypi.errors import DestinationError
from source_pypi.sync.state import WHOLE_INDEX
from source_pypi.sync.state_codec import PackedState

#: How the names of folders begin in which files are made, and the seconds after which no run uses one any more.
NEW, STALE = ".source-pypi-new-", 3600
_Options = dict[str, str | bool | int | float | list[str]]
#: The oldest DuckDB that can open the file; newer ones write a newer format by default.
OPENED_BY = "v1.4.0"
#: DuckDB uses up to four fifths of the machine's memory by default.
MEMORY = 256_000_000
#: Bytes of a row from which on more memory is allowed, and how much more for each byte of it; measured, with JSON and
#: history.
LONG_ROW, MORE_MEMORY = 1_000_000, 48
#: The memory for a package: so many bytes, and so many for each byte of its rows, which suffices for long rows with a
#: history (tests). Rows of tables with JSON columns count eightfold: DuckDB parses JSON into up to twenty times its
#: size.
SMALL_PACKAGE, MEMORY_PER_BYTE, JSON_WEIGHT = 64_000_000, 12, 8
#: A small package replaces at most this many projects, counted once for each table.
FEW_PROJECTS = 2_000
#: Size of the write-ahead log at which DuckDB moves it into the file. Its default, 16 MB, makes a checkpoint of every
#: commit: 1.15 times the time, and a file half as large again, for documents (benchmarks/). New rows stay in memory
#: until then.
CHECKPOINT = "128MB"
#: The columns of ``_state`` that version 1 called otherwise.
_RENAMED = {"terms": "settings_digests", "asked": "checked_at", "seen": "packed"}


class StateFile(SqlState):
    """A DuckDB file that holds state; what the stores that use DuckDB inherit.

    :param path: the file; it is made if it does not exist.
    :param schema: the schema of the tables; it is made if it does not exist. None: ``main``.
    """

    #: The largest limit of memory for a package; 0: none was written.
    _most_memory = 0

    def __init__(self, path: Path, schema: str | None = None) -> None:
        self.path, self._schema = path, schema
        self._connection: duckdb.DuckDBPyConnection | None = None

    @property
    def dialect(self) -> Dialect:
        """How DuckDB writes names."""
        return Dialect(table=quoted, column=quoted)

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The open file."""
        assert self._connection is not None
        return self._connection

    def open(self) -> None:
        """Open the file, and bring state of version 1 to this one."""
        self._connection = _connect(self.path)
        self._in_schema = use_schema(self.connection, self._schema)
        self.catalog = Catalog(self.connection)
        if self.catalog.is_ours(RUN.name) and _RENAMED.keys() <= self.catalog.columns.get(STATE.name, {}).keys():
            with self.transaction():
                for old, new in _RENAMED.items():
                    self.connection.execute(f"ALTER TABLE {STATE.name} RENAME COLUMN {old} TO {new}")
                self.connection.execute(f"ALTER TABLE {RUN.name} ADD COLUMN tables VARCHAR")
                tables = " ".join(filter(self.catalog.is_ours, self.catalog.columns))
                self.connection.execute(f"UPDATE {RUN.name} SET version = 2, tables = ? WHERE version = 1", [tables])
            self.catalog = Catalog(self.connection)

    def close(self) -> None:
        """Close the file. DuckDB moves the log into it, with as much memory as the largest package was written with."""
        if self._connection is not None:
            self._limit_memory(min(self._most_memory or MEMORY, MEMORY))
            self._connection.close()

    def parameter(self, value: object) -> object:
        """A value of ``runs`` as a statement takes it."""
        return list(value) if isinstance(value, tuple) else value

    def last_run(self) -> RunRow | None:
        """The row of ``_run``; None: there is none."""
        complete = set(RUN.names()) <= self.catalog.columns.get(RUN.name, {}).keys()
        return self._last_run() if self.catalog.is_ours(RUN.name) and complete else None

    def make(self, tables: Sequence[Table]) -> None:
        """Create the tables that do not exist, and the columns that they lack."""
        with self.transaction():
            for table in tables:
                make_table(self.connection, table, self.catalog)

    def drop(self, table: Table) -> None:
        """Drop a table that exists and is ours."""
        with self.transaction():
            drop_table(self.connection, table.name)
        self.catalog = Catalog(self.connection)

    def transaction(self) -> AbstractContextManager[None]:
        """All of it or nothing, whatever ends it: an error, or the user."""
        return transaction(self.connection)

    @contextmanager
    def memory_for(self, package: LoadPackage, least: int = MEMORY) -> Iterator[None]:
        """Limit DuckDB's memory to what the rows of a package take, and then to ``MEMORY`` again.

        :param least: the limit for a small package, in bytes.
        """
        longest = max((staged.longest for staged in package.staged), default=0)
        memory = min(max(least, _memory_of(package)), MEMORY)
        if longest > LONG_ROW:
            memory = MEMORY + MORE_MEMORY * longest
        self._most_memory = max(self._most_memory, memory)
        if memory == MEMORY:
            yield
            return
        self._limit_memory(memory)
        try:
            yield
        finally:
            self._limit_memory(MEMORY)

    def _limit_memory(self, size: int) -> None:
        """Set the limit; it stays as it is if more is in use, or if the database is broken, which other errors say."""
        with suppress(duckdb.Error):
            self.connection.execute(f"SET memory_limit = '{size}B'")

    def hold_scope(self, package: LoadPackage) -> None:
        """Hold what a package replaces in a temporary table, for the statements."""
        columns = [(f"unnest(?::{column.type.duckdb}[]) AS {column.name}") for column in SCOPE.columns]
        rows = scope_rows(package, "")
        values = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in columns]
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {SCOPE.name} AS SELECT {', '.join(columns)}", values)

    def states(self, projects: Collection[str]) -> Iterable[PackedState]:
        """The state of these projects, of which there may be tens of thousands."""
        query = f"SELECT {', '.join(PackedState._fields)} FROM {STATE.name} WHERE project "
        rows = (self._rows(Statement(query + condition, values)) for condition, values in _among(projects))
        return map(PackedState._make, chain.from_iterable(rows))

    def delete_state(self, projects: Iterable[str]) -> None:
        """Delete the state of projects, in the transaction that is under way."""
        for condition, values in _among(projects):
            self.execute(Statement(f"DELETE FROM {STATE.name} WHERE project {condition}", values))

    def write_state(self, package: LoadPackage) -> None:
        """Write the state of a package and its run, in the transaction that is under way."""
        if package.state:
            self.delete_state(package.state)
        rows = [row for row in package.state.values() if row is not None]
        if rows:
            columns = ", ".join(f"unnest(?::{column.type.duckdb}[])" for column in STATE.columns)
            values = [list(column) for column in zip(*rows, strict=True)]
            self.connection.execute(
                f"INSERT INTO {STATE.name} ({', '.join(PackedState._fields)}) SELECT {columns}", values
            )
        self.execute(Statements(self.dialect).write_run(package.run))

    def execute(self, statement: Statement) -> None:
        """Execute a statement."""
        self.connection.execute(statement.sql.replace("%s", "?"), list(statement.values))

    def _execute_all(self, statements: Iterable[Statement]) -> None:
        with self.transaction():
            for statement in statements:
                self.execute(statement)

    def _rows(self, statement: Statement) -> Iterator[Sequence[Any]]:
        cursor = self.connection.cursor()  # the connection itself may execute other statements meanwhile
        cursor.execute(self._in_schema)
        cursor.execute(statement.sql.replace("%s", "?"), list(statement.values))
        while rows := cursor.fetchmany(BATCH_SIZE):
            yield from rows


def _memory_of(package: LoadPackage) -> int:
    """What the rows of a package take, in bytes; ``MEMORY`` if many rows may be deleted for them."""
    projects = sum(len(staged.scope.projects) for staged in package.staged)
    whole = any(staged.scope.whole and staged.table.key is not None for staged in package.staged)
    if whole or max(projects, len(package.state)) > FEW_PROJECTS:
        return MEMORY
    size = sum(staged.size * (JSON_WEIGHT if staged.table.has_json else 1) for staged in package.staged)
    return SMALL_PACKAGE + MEMORY_PER_BYTE * size


def _among(projects: Iterable[str]) -> Iterator[tuple[str, list[object]]]:
    """The end of each condition, with its values, for rows of these projects.

    The index as a whole, whose name is empty, has its own: DuckDB reads only row groups whose least and greatest names
    allow for a hit, and names that are neighbours leave few of them.
    """
    names = list(projects)
    if WHOLE_INDEX in names:
        names.remove(WHOLE_INDEX)
        yield "= %s", [WHOLE_INDEX]
    if names:
        yield "IN (SELECT unnest(%s::VARCHAR[]))", [names]


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    config: _Options = {
        "memory_limit": f"{MEMORY}B",
        "threads": 1,
        # a file of another kind is an error, not a reason to fetch something from the network
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    if int(duckdb.__version__.partition(".")[0]) >= 2:
        config["storage_compatibility_version"] = OPENED_BY
    if not path.exists():
        log = path.with_name(f"{path.name}.wal")
        if log.exists():
            raise DestinationError(
                str(path), f"{log} is the log of a database that is gone: restore the database, or delete the log"
            )
        delete_leftovers(path.absolute().parent)
        _make_file(path.absolute(), config)
    connection = duckdb.connect(_name(path.absolute()), config=config)
    connection.execute("SET preserve_insertion_order = false")
    connection.execute(f"SET checkpoint_threshold = '{CHECKPOINT}'")
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def _make_file(path: Path, config: _Options) -> None:
    """Make an empty database under another name first: one that is killed while it is made would stay broken.

    Each run makes one of its own in a folder beside it, so that runs at the same time do not disturb each other.
    """
    with tempfile.TemporaryDirectory(prefix=NEW, dir=path.parent, ignore_cleanup_errors=True) as folder:
        made = Path(folder, "new.duckdb")
        duckdb.connect(_name(made), config=config).close()
        try:
            path.hardlink_to(made)
        except FileExistsError:
            pass  # another run was faster
        except OSError:  # there are file systems without links
            if not path.exists():
                made.rename(path)


def delete_leftovers(folder: Path) -> None:
    """Delete what runs left that were killed while they made a file."""
    for leftover in folder.glob(f"{NEW}*"):
        with suppress(OSError):
            if time.time() - leftover.stat().st_mtime > STALE:
                shutil.rmtree(leftover)


def _name(path: Path) -> str:
    """A path as DuckDB reads it: in UTF-8, in whatever encoding Python writes the names of files (LC_ALL=POSIX)."""
    return os.fsencode(path).decode(errors="surrogateescape")
