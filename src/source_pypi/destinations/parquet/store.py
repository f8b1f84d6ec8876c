"""Tables in a folder or bucket: ``FOLDER/files/files.parquet`` and so on, each one file that DuckDB writes anew.

Killed
    A table's file is replaced in one step: a reader never gets half of a change, nor a row twice. Before that, the
    state of the projects whose rows change is deleted; it is written once all files are in their places. A run that is
    killed in between leaves projects without state, which are read again and replaced whole.

Cost
    A table in which a row changes is written anew, row group by row group. The loader collects more than for other
    stores, to do that rarely.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import duckdb

from source_pypi.destinations.address import parse_address, scheme_of
from source_pypi.destinations.duckdb.counting import RowComparison
from source_pypi.destinations.duckdb.state import StateFile
from source_pypi.destinations.duckdb.tables import quoted, rows_in, text
from source_pypi.destinations.parquet.contents import OLD_STATE_FILE, STATE_FILE, VIEWS_FILE, foreign_reason
from source_pypi.destinations.parquet.folder import Bucket, Folder
from source_pypi.destinations.parquet.views import HEAD, views_sql
from source_pypi.destinations.row_counts import RowChanges
from source_pypi.destinations.runs import RUNS, RunRecord, record_values
from source_pypi.destinations.sql.statements import Statement, Statements
from source_pypi.destinations.store import Limits, LoadPackage, RunRow, StagedRows
from source_pypi.destinations.tables import OURS, RUN, RUN_TABLES, STATE, Table, known_tables
from source_pypi.errors import DestinationError

#: Rows and bytes of a row group at most: what is held in memory while a table is written.
ROWS, SIZE = 50_000, 16 * 1024 * 1024
#: What DuckDB reads as a pattern.
_PATTERN = frozenset("*?[")


class ParquetStore(StateFile):
    """A folder of Parquet files.

    :param into: its path, or its address in a bucket.
    """

    limits = Limits(
        projects=10_000, unchanged_projects=10_000, size=64 * 1024 * 1024, json_size=64 * 1024 * 1024, seconds=60.0
    )
    history: Literal["none"] = "none"
    exclusive = False  # a bucket has no lock

    def __init__(self, into: str) -> None:
        self._address = parse_address(into)
        self.name, self.secrets = self._address.shown, self._address.secrets
        self._folder: Folder | None = None

    @property
    def folder(self) -> Folder:
        """The open folder."""
        assert self._folder is not None
        return self._folder

    def open(self) -> None:
        """Open the state, which locks a folder on this machine; a bucket has no lock."""
        address = self._address.address
        is_local = "://" not in address or address.startswith("file://")
        folder = Folder(address) if is_local else Bucket(address)
        if foreign := folder.foreign():
            folder.close()
            raise DestinationError(self.name, foreign_reason(foreign))
        self._folder = folder
        super().__init__(self.folder.open_file(STATE_FILE))
        super().open()
        self.folder.clear()
        if self.folder.filesystem is not None:
            self.connection.register_filesystem(self.folder.filesystem)

    def close(self) -> None:
        """Close the state, and delete what is in the making."""
        if self._folder is not None:
            super().close()
            self._folder.close()

    def table_in_query(self, table: str) -> str:
        """The file of a table; with a pattern for it, unless that would make one of the folder's name as well."""
        folder = (self.name if scheme_of(self.name) else self._address.address).rstrip("/")
        return text(f"{folder}/{table}/*.parquet" if _PATTERN.isdisjoint(folder) else f"{folder}/{_file(table)}")

    def state_table(self, name: str) -> tuple[str, str]:
        """What a statement of the user calls ``_state`` or ``_run``, and the DuckDB file in which it is executed."""
        return name, f"{self.name.rstrip('/')}/{STATE_FILE}"

    def last_run(self) -> RunRow | None:
        """The row of ``_run``; None: there is none."""
        last = super().last_run()
        return RunRow(1, "", None) if last is None and self.folder.exists(OLD_STATE_FILE) else last

    def existing(self, tables: Sequence[Table], recorded: Collection[str]) -> dict[str, bool]:
        """Which of these tables exist, and whether source-pypi made them: what the files say of themselves."""
        found: dict[str, bool] = {}
        for table in tables:
            if (ours := self.catalog.is_ours(table.name)) is not None:
                found[table.name] = ours
            elif self.folder.exists(_file(table.name)):
                found[table.name] = table.name in recorded or self._comment(table).startswith(OURS)
            elif not self.folder.is_empty(table.name):
                found[table.name] = False
        return found

    def incomplete(self, tables: Sequence[Table]) -> set[str]:
        """The names of those among these tables, which exist, that lack a column."""
        return {table.name for table in tables if not set(table.names()) <= set(self._columns(table))}

    def _columns(self, table: Table) -> Collection[str]:
        return self.catalog.columns.get(STATE.name, ()) if table.name == STATE.name else self._names(table)

    def row_counts(self, table: Table) -> Iterable[tuple[str, int]]:
        """Each project of a table that exists, and its number of rows."""
        if table.name == STATE.name:
            return super().row_counts(table)
        query = "SELECT project, count(*) FROM read_parquet(?) WHERE project IS NOT NULL GROUP BY project"
        return self.connection.execute(query, [self._url(table)]).fetchall()

    def row_count(self, table: Table) -> int:
        """The number of rows of a table that exists."""
        return self._count(self._url(table))

    def _count(self, url: str) -> int:
        ((count,),) = self.connection.execute("SELECT count(*) FROM read_parquet(?)", [url]).fetchall()
        return int(count)

    def rows_of(self, table: Table, columns: Sequence[str]) -> list[Sequence[Any]]:
        """The values of some columns, which hold texts, numbers or booleans, in the rows of a table that exists."""
        if table.name == STATE.name:
            return list(super().rows_of(table, columns))
        listed = ", ".join(map(quoted, columns))
        return list(self.connection.execute(f"SELECT {listed} FROM read_parquet(?)", [self._url(table)]).fetchall())

    def drop(self, table: Table) -> None:
        """Delete the file of a table that exists and is ours, and its folder, if nothing else is in it."""
        self.folder.delete(_file(table.name))
        self.folder.delete_folder(table.name)

    def make(self, tables: Sequence[Table]) -> None:
        """Create the tables that do not exist, and the columns that they lack."""
        super().make([STATE, RUN])
        for table in tables:
            if table.name in (STATE.name, RUN.name):
                continue
            if not self.folder.exists(_file(table.name)):
                self._write(table, Statement(f"SELECT {_columns(table, ())} WHERE false"))
            elif (present := self._names(table)) != table.names():
                self._write(table, self._rows_of(table, present))
        self.folder.delete(OLD_STATE_FILE)

    def make_views(self) -> Sequence[str]:
        """Write ``views.sql``, unless it is there already, or somebody else's file has its name."""
        last = self.last_run()
        known = [*known_tables(() if last is None else last.tables), *RUN_TABLES]
        tables = [table for table in known if self.folder.exists(_file(table.name))]
        incomplete = self.incomplete(tables)
        urls = {table.name: self.folder.absolute_url(_file(table.name)) for table in tables}
        complete = [table for table in tables if table.name not in incomplete]
        content = views_sql(self.folder.absolute_url(VIEWS_FILE), complete, urls)
        path = self.folder.open_file(VIEWS_FILE)
        before = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else HEAD
        if before.startswith(HEAD) and before != content and not path.is_dir():
            made = self.folder.work / f"new-{VIEWS_FILE}"
            made.write_text(content, encoding="utf-8")
            self.folder.put(made, VIEWS_FILE)
        return ()

    def begin(self, run: RunRow, *, clear_state: bool, clear: Sequence[Table] = ()) -> None:
        """Write the row of ``_run``; before it, delete all state if ``clear_state``, and all rows of some tables."""
        if clear:
            with self.transaction():
                self.connection.execute(f"DELETE FROM {STATE.name}")
            self._publish()
        for table in clear:
            self._write(table, Statement(f"SELECT {_columns(table, ())} WHERE false"))
        super().begin(run, clear_state=clear_state)
        self._publish()

    def last_run_number(self) -> int:
        """The highest number in ``runs``; 0: it is empty."""
        ((last,),) = self.connection.execute("SELECT max(run) FROM read_parquet(?)", [self._url(RUNS)]).fetchall()
        return int(last or 0)

    def record_run(self, record: RunRecord) -> None:
        """Write a row of ``runs`` in the place of the one with its number."""
        others = self._rows_of(RUNS, RUNS.names(), "run <> %s", [record.run])
        row = ", ".join(f"CAST(%s AS {column.type.duckdb})" for column in RUNS.columns)
        values = [*others.values, *map(self.parameter, record_values(record))]
        self._write(RUNS, Statement(f"{others.sql} UNION ALL SELECT {row} ORDER BY run", values))

    def write(self, package: LoadPackage) -> dict[str, RowChanges]:
        """Delete the state of projects whose rows change, change them, and write the state."""
        if package.staged:
            with self.transaction():
                self.delete_state(package.state)
            self._publish()
            self.hold_scope(package)
        with self.memory_for(package):
            replaced = {staged.table.name: self._replace(staged) for staged in package.staged}
        with self.transaction():
            self.write_state(package)
        self._publish()
        return {name: changes for name, changes in replaced.items() if changes is not None}

    def _replace(self, staged: StagedRows) -> RowChanges | None:
        """Write a table anew; return how its rows changed, if they are counted."""
        condition, rows, table = Statements(self.dialect).in_scope(staged), rows_in(staged), staged.table
        stay = self._rows_of(table, self._names(table), f"NOT ({condition.sql})", condition.values)
        both = Statement(f"{stay.sql} UNION ALL {rows.sql}", [*stay.values, *rows.values])
        path = self._copy(table, both if staged.size else stay)
        changes = None if table.key is None else self._changes(table, path, condition)
        self._put(path, table)
        return changes

    def _changes(self, table: Table, path: Path, condition: Statement) -> RowChanges:
        """How the rows in scope differ between a table's file and the one that takes its place."""
        before, after = self.row_count(table), self._count(str(path))
        if not before:
            return RowChanges(added=after)
        comparison = RowComparison(self.connection, table)
        old = comparison.hold(self._in_scope(self._url(table), condition))
        return comparison.changes_to(self._in_scope(str(path), condition), old, after - (before - old))

    def _in_scope(self, url: str, condition: Statement) -> Statement:
        return Statement(f"read_parquet(%s) WHERE {condition.sql}", [url, *condition.values])

    def _rows_of(
        self, table: Table, present: Collection[str], condition: str = "true", values: Sequence[Any] = ()
    ) -> Statement:
        """The query for rows of a table, with the columns and types that it has now."""
        columns = _columns(table, present)
        return Statement(f"SELECT {columns} FROM read_parquet(%s) WHERE {condition}", [self._url(table), *values])

    def _write(self, table: Table, rows: Statement) -> None:
        """Write the rows of a query into a new file, and put it in its place."""
        self._put(self._copy(table, rows), table)

    def _put(self, path: Path, table: Table) -> None:
        """Put a new file in the place of a table's."""
        self.folder.put(path, _file(table.name))

    def _copy(self, table: Table, rows: Statement) -> Path:
        """Write the rows of a query into a new file, and return its path."""
        path = self.folder.work / f"{table.name}.parquet"
        described = json.dumps({column.name: column.description for column in table.columns})
        query = rows.sql.replace("%s", "?")
        self.connection.execute(
            f"COPY ({query}) TO {text(str(path))} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROWS}, "
            f"ROW_GROUP_SIZE_BYTES {SIZE}, USE_TMP_FILE false, "
            f"KV_METADATA {{description: {text(table.comment)}, columns: {text(described)}}})",
            list(rows.values),
        )
        return path

    def _publish(self) -> None:
        """Put a copy of the state into the bucket."""
        if self.folder.filesystem is None:
            return
        copy = self.folder.work / "copy.duckdb"
        copy.unlink(missing_ok=True)
        (name,) = self.connection.execute("SELECT current_database()").fetchone() or ("",)
        self.connection.execute(f"ATTACH {text(str(copy))} AS copied")
        self.connection.execute(f"COPY FROM DATABASE {quoted(name)} TO copied")
        self.connection.execute("DETACH copied")
        self.folder.put(copy, STATE_FILE)

    def _names(self, table: Table) -> list[str]:
        """The columns of a table's file."""
        query = "SELECT column_name FROM (DESCRIBE SELECT * FROM read_parquet(?))"
        return [name for (name,) in self.connection.execute(query, [self._url(table)]).fetchall()]

    def _comment(self, table: Table) -> str:
        """The comment on a table; empty: its file has none, or is no Parquet."""
        query = "SELECT decode(value) FROM parquet_kv_metadata(?) WHERE decode(key) = 'description'"
        try:
            found = self.connection.execute(query, [self._url(table)]).fetchone()
        except duckdb.Error:
            return ""
        return str(found[0]) if found else ""

    def _url(self, table: Table) -> str:
        return self.folder.url(_file(table.name))


def _file(table: str) -> str:
    return f"{table}/{table.lstrip('_')}.parquet"  # many readers pass over files that begin like that


def _columns(table: Table, present: Collection[str]) -> str:
    """The columns of a table in their types; those that are not present are null."""
    return ", ".join(
        f"CAST({quoted(column.name) if column.name in present else 'NULL'} AS {column.type.duckdb}) "
        f"AS {quoted(column.name)}"
        for column in table.columns
    )
