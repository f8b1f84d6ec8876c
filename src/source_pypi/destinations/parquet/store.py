"""Tables in a folder or bucket: ``FOLDER/files/files.parquet`` and so on, each one file that is replaced whole.

Why not dlt's filesystem
    It can only add files, or replace all of a table.

Killed
    A table's file is replaced at once, so a reader never sees half of a change, nor a row twice. Before a file is
    touched, what was seen of the projects whose rows change is forgotten, and it is noted after all files are in their
    places. So a run that is killed between leaves projects without state, which are read and replaced whole.

Cost
    A table in which anything has changed is written anew, group by group: never more than ``ROWS`` rows of it are held.
    That is done once ``most`` has come together, and at the end.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from source_pypi.destinations.parquet.folder import Folder
from source_pypi.destinations.parquet.ledger import Ledger
from source_pypi.destinations.store import LoadPackage, ReplaceScope, RunRow
from source_pypi.destinations.tables import DIGEST, Table, arrow_schema
from source_pypi.sync.state import WHOLE_INDEX, ProjectSummary

#: Rows, and bytes, of a row group at most.
ROWS, BYTES = 50_000, 32 * 1024 * 1024


class ParquetStore:
    """A folder of Parquet files.

    :param address: its path, or its address in a bucket.
    """

    lists = True
    keeps_history = False
    #: Every load writes the tables anew that it changes.
    most = (10_000, 64 * 1024 * 1024)

    def __init__(self, address: str) -> None:
        self._address = address
        self._folder: Folder | None = None
        self._ledger: Ledger | None = None
        self._tables: dict[str, Table] = {}

    def open(self) -> None:
        """Take hold of the folder."""
        self._folder = Folder(self._address)
        self._ledger = Ledger(self._folder)

    def close(self) -> None:
        """Let go of it."""
        if self._ledger is not None:
            self._ledger.close()
        if self._folder is not None:
            self._folder.close()

    @property
    def _opened(self) -> tuple[Folder, Ledger]:
        assert self._folder is not None
        assert self._ledger is not None
        return self._folder, self._ledger

    def there(self, names: Iterable[str]) -> dict[str, set[str]]:
        """Which of these tables there are, and their columns; a folder of another make has none of ours."""
        folder, names = self._opened[0], list(names)
        ours = {name: set(self._columns(name)) for name in names if folder.has(_file(name))}
        return {name: set[str]() for name in names if not folder.is_empty(name)} | ours

    def last_run(self) -> RunRow | None:
        """What was noted of the last run; None: there was none."""
        return self._opened[1].last_run()

    def begin(self, run: RunRow, forget: Collection[str] | None) -> None:
        """Note a run, and forget what these streams (None: all) have seen."""
        ledger = self._opened[1]
        ledger.forget(forget)
        ledger.note_run(run)
        ledger.publish()

    def make(self, tables: Sequence[Table]) -> None:
        """Make the tables that are not there, and the columns that they lack."""
        folder = self._opened[0]
        self._tables = {table.name: table for table in tables}
        for table in tables:
            if not folder.has(_file(table.name)):
                self._write(table, ())
            elif self._columns(table.name) != [column.name for column in table.columns]:
                self._write(table, self._rows(table))

    def load(self, projects: Collection[str], streams: Collection[str]) -> Iterable[tuple[str, str, str]]:
        """What was noted of projects: stream, project, and what was seen."""
        return self._opened[1].load(projects, streams)

    def summaries(self, terms: Mapping[str, str]) -> Iterable[ProjectSummary]:
        """Every project that any of these streams has seen."""
        return self._opened[1].summaries(terms)

    def write(self, load: LoadPackage, run: RunRow) -> None:
        """Forget what was seen of projects whose rows change, change them, and note what was seen."""
        ledger = self._opened[1]
        changed = [(name, project) for name, scope in load.scopes.items() for project in (*scope.visited, WHOLE_INDEX)]
        if ledger.drop(changed):
            ledger.publish()
        for name, scope in load.scopes.items():
            self._replace(self._tables[name], scope)
        ledger.save(load.noted)
        ledger.note_run(run)
        ledger.publish()

    def _replace(self, table: Table, scope: ReplaceScope) -> None:
        def rows() -> Iterator[pa.Table]:
            if not scope.whole:
                yield from (stay(rows, table, scope) for rows in self._rows(table))
            if scope.rows:
                yield scope.table().drop_columns([DIGEST])

        self._write(table, rows())

    def _columns(self, name: str) -> list[str]:
        with self._opened[0].open(_file(name)) as file:
            names: list[str] = pq.ParquetFile(file).schema_arrow.names
            return names

    def _rows(self, table: Table) -> Iterator[pa.Table]:
        """The rows that are there, group by group, with the columns that the table has now."""
        schema = _schema(table)
        with self._opened[0].open(_file(table.name)) as file:
            parquet: Any = pq.ParquetFile(file)
            for number in range(parquet.num_row_groups):
                rows = parquet.read_row_group(number)
                columns = [
                    rows[field.name].cast(field.type) if field.name in rows.schema.names
                    else pa.nulls(rows.num_rows, field.type)
                    for field in schema
                ]  # fmt: skip
                yield pa.Table.from_arrays(columns, schema=schema)

    def _write(self, table: Table, groups: Iterable[pa.Table]) -> None:
        """Write a table anew and put it into its place; small groups become one."""
        folder = self._opened[0]
        path = Path(folder.work) / f"{table.name}.parquet"
        schema = _schema(table)
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            waiting = schema.empty_table()
            for group in groups:
                waiting = pa.concat_tables([waiting, group.cast(schema)])
                if waiting.num_rows >= ROWS or waiting.nbytes >= BYTES:
                    writer.write_table(waiting)
                    waiting = schema.empty_table()
            if waiting.num_rows:
                writer.write_table(waiting)
        folder.put(path, _file(table.name))


def stay(rows: pa.Table, table: Table, scope: ReplaceScope) -> pa.Table:
    """The rows that do not give way."""
    stays = pc.invert(pc.is_in(rows["project"], pa.array(scope.visited, pa.string())))
    if scope.unchanged_partitions and table.part is not None:
        kept = pa.array([f"{project}\n{part}" for project, part in scope.unchanged_partitions], pa.string())
        parts = pc.binary_join_element_wise(rows["project"], rows[table.part], "\n")
        stays = pc.or_(stays, pc.is_in(parts, kept))
    return rows.filter(stays)


def _file(name: str) -> str:
    return f"{name}/{name.lstrip('_')}.parquet"  # many readers pass over files that begin like that


def _schema(table: Table) -> pa.Schema:
    described = {"description": f"A row is {table.description}."}
    return arrow_schema(table.columns, lists=True).with_metadata(described)
