"""Files of new rows: newline-delimited JSON for each table, from which a store replaces the rows of projects."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from source_pypi.destinations.store import ReplaceScope, StagedRows
from source_pypi.destinations.tables import Table
from source_pypi.sync.batch import Batch, Change
from source_pypi.sync.state import WHOLE_INDEX

#: Bytes up to which lines are counted as one row: to look for the longest of them costs more than to allow for all.
LONG_ROW = 1_000_000
#: Size of a file of rows with JSON columns, about: DuckDB parses whole files of this size, into up to twenty times it.
JSON_FILE = 4 * 1024 * 1024
#: Bytes that are written to a file at a time: each write may hand the interpreter to another thread.
BUFFER = 128 * 1024


class StagingWriter:
    """Writes the new rows of one table to files.

    :param folder: where they are written.
    :ivar rows: what was written.
    """

    def __init__(self, folder: Path, table: Table) -> None:
        self.rows = StagedRows(table)
        self._folder, self._has_json, self._room = folder, table.has_json, 0
        self._file: BinaryIO | None = None
        self._places: dict[str, list[tuple[Path, int, int]]] = {}

    def add(self, batch: Batch, slices: Iterable[bytes], change: Change) -> None:
        """Take the rows of a change, as slices of lines; they replace a project's, or those of some partitions."""
        for lines in slices:
            self._write(lines, batch.project or WHOLE_INDEX)
        if change.changed_partitions is not None:
            project = batch.project or WHOLE_INDEX
            self.rows.scope.projects[project] = batch.seen_at
            self.rows.scope.changed_partitions[project] = change.changed_partitions
        elif batch.project is None:
            self.rows.scope = ReplaceScope(whole=True, projects={WHOLE_INDEX: batch.seen_at})
        else:
            self.rows.scope.projects[batch.project] = batch.seen_at
            if change.unchanged_partitions:
                self.rows.scope.unchanged_partitions[batch.project] = change.unchanged_partitions

    def add_all(self, lines: bytes, at: datetime) -> None:
        """Take rows that replace all rows of the table."""
        self._write(lines)
        self.rows.scope = ReplaceScope(whole=True, projects={WHOLE_INDEX: at})

    def add_project(self, project: str, lines: bytes, at: datetime) -> None:
        """Take rows that replace all rows of a project."""
        self._write(lines, project)
        self.rows.scope.projects[project] = at

    def only(self, projects: Iterable[str], folder: Path) -> StagedRows | None:
        """The rows of some projects, in files of their own; None: no rows are replaced."""
        scope = self.rows.scope
        visited = {one: scope.projects[one] for one in projects if one in scope.projects}
        if not visited:
            return None
        kept = {one: scope.unchanged_partitions[one] for one in visited if one in scope.unchanged_partitions}
        copy = StagingWriter(folder, self.rows.table)
        for path, offset, length in (place for one in visited for place in self._places.get(one, ())):
            with path.open("rb") as file:
                file.seek(offset)
                copy._write(file.read(length))
        copy.close()
        changed = {one: scope.changed_partitions[one] for one in visited if one in scope.changed_partitions}
        copy.rows.scope = ReplaceScope(scope.whole, visited, kept, changed)
        return copy.rows

    def _write(self, lines: bytes, project: str = WHOLE_INDEX) -> None:
        if not lines:
            return
        if self._file is None or (self._has_json and self._room <= 0):
            self._begin_file()
        assert self._file is not None
        self._file.write(lines)
        self._places.setdefault(project, []).append((self.rows.paths[-1], self._file_size, len(lines)))
        self._file_size += len(lines)
        self._room -= len(lines)
        self.rows.size += len(lines)
        self.rows.longest = max(self.rows.longest, _longest(lines))

    def _begin_file(self) -> None:
        self.close()
        path = self._folder / f"{self.rows.table.name}-{len(self.rows.paths)}.ndjson"
        self._file, self._room, self._file_size = path.open("wb", BUFFER), JSON_FILE, 0
        self.rows.paths.append(path)

    def close(self) -> None:
        """End the file, so that the store reads all of it."""
        if self._file is not None:
            self._file.close()


def _longest(lines: bytes) -> int:
    """The length of the longest line; of few bytes, that of all."""
    return len(lines) if len(lines) <= LONG_ROW else max(map(len, lines.splitlines(keepends=True)))
