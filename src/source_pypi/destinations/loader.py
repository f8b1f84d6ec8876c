"""The loader: batches into a store, a package of projects at a time, with the state that belongs to the rows.

Flow
    Rows go to a temporary file of newline-delimited JSON for each table. Once enough of them have come together (the
    store's ``limits``), the store replaces the rows of these projects and writes their state. A run that ends anywhere
    therefore leaves whole projects and the state that belongs to them, and the next run continues from there.

Scope
    Only rows that changed are replaced: a stream that failed for a project keeps the rows that it had.
"""

import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from collections.abc import Mapping as MappingOf
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from source_pypi.destinations.error_messages import destination_errors, is_about_rows
from source_pypi.destinations.store import LoadPackage, ReplaceScope, RunRow, StagedRows, Store
from source_pypi.destinations.tables import (
    RUN,
    SELECTION,
    STATE,
    Table,
    history_name,
    known_tables,
    selection_lines,
    table_of,
    with_histories,
)
from source_pypi.destinations.temporary import TemporaryFolder
from source_pypi.errors import DestinationError, StateError
from source_pypi.safety.redaction import without_credentials
from source_pypi.selection import SelectedProject
from source_pypi.standards.index_urls import same_index
from source_pypi.streams.stream import Stream
from source_pypi.sync.batch import Batch, lines_of
from source_pypi.sync.resume import resumable
from source_pypi.sync.state import WHOLE_INDEX, ProjectState, ProjectSummary, summary_for
from source_pypi.sync.state_codec import PackedState, pack_row, unpack_row

#: The version of the state. Version 1 had other columns.
VERSION = 2
#: Bytes up to which lines are counted as one row: to look for the longest of them costs more than to allow for all.
LONG_ROW = 1_000_000
#: Size of a file of rows with JSON columns, about: DuckDB parses whole files of this size, into up to twenty times it.
JSON_FILE = 4 * 1024 * 1024
#: Projects that a store may refuse before it accepts one of a package; if it refuses more, the store is at fault.
MOST_REJECTED = 10
#: Projects that are deleted in one package.
PRUNED_AT_ONCE = 1_000
#: The time of what has none.
_EPOCH = datetime.fromtimestamp(0, UTC)


class Loader:
    """The tables of streams and their state in a store; a context manager and a ``StateStore``.

    Entering opens the store and makes the tables. Leaving writes what was added, also when an error is under way.

    :param streams: the streams to load.
    :param projects: the selected projects: the rows of ``_selection``.
    :param root: the index's URL. A store holds rows of one index.
    :param keep_history: begin to keep every state of a row; a history that was begun continues in any case.
    :param replace_index: if the store holds rows of another index, delete all rows and state, once this index has
        answered.
    :param now: the time, in seconds since 1970.
    :param clock: seconds that never go back, for the time between commits.
    :ivar warnings: what to say once the store is open.
    :ivar rejected: a batch of failures for each project whose rows the store refused; its rows and state stay.
    :ivar unfinished: when the run began that this one resumes, in seconds since 1970; None: it resumes none.
    :raises DestinationError: when the store cannot be opened or written, has other tables by these names, or holds rows
        of another index.
    :raises StateError: when its state is broken, or a newer release wrote it.
    """

    keys = False

    def __init__(
        self,
        store: Store,
        streams: Sequence[Stream],
        projects: Sequence[SelectedProject] = (),
        *,
        root: str = "",
        keep_history: bool = False,
        replace_index: bool = False,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.warnings: list[str] = []
        self.rejected: list[Batch] = []
        self.unfinished: int | None = None
        self._store, self._root, self._keep_history, self._now = store, root, keep_history, now
        self._projects, self._replace_index, self._clock = projects, replace_index, clock
        self._answered = False
        #: Where the store holds rows of another index: the tables to clear before the first commit. None: it does not.
        self._to_clear: list[Table] | None = None
        self._streams = {stream.name: stream for stream in streams}

    def __enter__(self) -> "Loader":
        try:
            with self._errors():
                self._store.open()
                self._prepare()
                self._folder = TemporaryFolder()
            self._begin_package()
            with self._staging_errors():
                self._staged[SELECTION.name].add_all(selection_lines(self._projects), _EPOCH)
        except BaseException:
            self._store.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not isinstance(error, DestinationError):
                self.commit()
        finally:
            for staged in self._staged.values():
                with suppress(OSError):
                    staged.close()
            self._store.close()
            self._folder.cleanup()

    # When it is opened ----------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """Make the tables that do not exist, and delete the state of streams whose table was lost."""
        last = self._store.last_run()
        if last is not None and last.version > VERSION:
            raise StateError(self._store.name, "a newer release wrote it")
        recorded = set(last.tables) if last is not None else set[str]()
        names = [history_name(stream) for stream in self._streams]
        existing = self._existing(recorded, [table_of(s, history=True) for s in self._streams.values()])
        kept = {name for name in names if self._keep_history or name in recorded or existing.get(name)}
        if kept and self._keep_history and self._store.history == "none":
            raise DestinationError(self._store.name, "a history (--history) needs a database")
        tables = [table_of(s, history=history_name(s.name) in kept) for s in self._streams.values()]
        self._tables = {table.name: table for table in (*tables, SELECTION)}
        made = [STATE, RUN, SELECTION, *with_histories(tables)]
        for table in made:
            if existing.get(table.name) is False:
                raise DestinationError(self._store.name, f"it has a table or view {table.name!r} that is not ours")
        self._made = made
        names = sorted(recorded.union(table.name for table in made))
        if last is not None and self._is_of_another_index(last):
            self._replace(last, names)
            return
        self._run = self._new_run(last, names)
        lost = {table.name for table in tables if self._is_lost(table, existing)}
        lost.update(self._store.incomplete([table for table in tables if table.name in existing]) if last else ())
        self._make(last, made, lost)

    def _is_of_another_index(self, last: RunRow) -> bool:
        return bool(last.index and self._root) and not same_index(last.index, self._root)

    def _replace(self, last: RunRow, names: Sequence[str]) -> None:
        """Begin to replace the rows of another index; nothing is written before this one has answered.

        :raises DestinationError: when the user did not ask for that.
        """
        other, this = without_credentials(last.index), without_credentials(self._root)
        if not self._replace_index:
            raise DestinationError(
                self._store.name,
                f"it holds rows of the index {other}, and this run reads {this}: check index_url, name another "
                "destination with --into, or delete these rows with --replace-index",
            )
        self.warnings.append(f"{self._store.name} held rows of {other}: they are deleted, and {this} is read")
        known = known_tables(last.tables)
        existing = self._store.existing(known, last.tables)
        self._to_clear = [table for table in known if existing.get(table.name)]
        self._run = RunRow(VERSION, self._root, int(self._now()), tuple(names))

    def _existing(self, recorded: Collection[str], tables: Sequence[Table]) -> dict[str, bool]:
        return self._store.existing([STATE, RUN, SELECTION, *with_histories(tables)], recorded)

    def _is_lost(self, table: Table, existing: MappingOf[str, bool]) -> bool:
        """Whether a stream must be read from its beginning: its table is new, or its history begins that way."""
        reread = table.history is not None and self._store.history == "reread" and table.history.name not in existing
        return table.name not in existing or reread

    def _new_run(self, last: RunRow | None, tables: Sequence[str]) -> RunRow:
        """The row of this run, which resumes the last one if that ended early and not long ago."""
        began = int(self._now())
        if last is not None and last.version < VERSION:
            self.warnings.append(f"{self._store.name} was written by an older release: everything is read again")
        elif last is not None:
            self.unfinished = resumable(last.unfinished, self._now())
            latest = self._store.latest_check()
            began += latest is not None and latest >= began  # a visit in this second is the last run's
        if self.unfinished is not None:
            self.warnings.append("the last run ended early: this run continues it")
            began = self.unfinished
        return RunRow(VERSION, "" if last is None else last.index, began, tuple(tables))

    def _make(self, last: RunRow | None, tables: Sequence[Table], lost: Collection[str]) -> None:
        """Delete state that no rows stand behind, before the tables exist again; then make the tables."""
        if last is None or last.version < VERSION:
            self._store.make(tables)
            self._store.begin(self._run, clear_state=True)
            return
        unknown = bool(self._root) and not last.index  # no index has answered: what state there is, is of any
        if lost and not unknown:
            self._forget(lost)
        self._store.begin(self._run, clear_state=unknown)
        self._store.make(tables)

    def _forget(self, streams: Collection[str]) -> None:
        """Delete the state of streams."""
        state: dict[str, PackedState | None] = {}
        for row in self._store.other_states("", streams):
            states = {name: one for name, one in self._unpacked(row).items() if name not in streams}
            state[row.project] = pack_row(row.project, states) if states else None
        if state:
            self._store.make([STATE, RUN])
            self._store.write(LoadPackage(self._run, state=state))

    # State ----------------------------------------------------------------------------------------------------------

    def load(self, projects: Collection[str]) -> dict[str, dict[str, ProjectState]]:
        """The selected streams' state of projects, by project, then by stream.

        :raises StateError: when it cannot be read.
        """
        if self._to_clear is not None:
            return {}
        return {
            project: {name: one for name, one in states.items() if name in self._streams}
            for project, states in self._states_of(projects).items()
        }

    def summaries(self, settings_digests: MappingOf[str, bytes]) -> Iterator[ProjectSummary]:
        """Every project of which one of these streams has state."""
        if self._to_clear is not None:
            return
        exact = ",".join(f"{name}:{settings_digests[name].hex()}" for name in sorted(settings_digests))
        with self._errors():
            yield from self._store.summaries(exact)
            for row in self._store.other_states(exact, list(settings_digests)):
                summary = summary_for(row.project, self._unpacked(row), settings_digests)
                if summary is not None:
                    yield summary

    def finish(self) -> None:
        """The run is complete: the next one does not resume it."""
        self._run = RunRow(VERSION, self._run.index, None, self._run.tables)

    def _states_of(self, projects: Collection[str]) -> dict[str, dict[str, ProjectState]]:
        with self._errors():
            return {row.project: self._unpacked(row) for row in self._store.states(projects)}

    def _unpacked(self, row: PackedState) -> dict[str, ProjectState]:
        try:
            return unpack_row(row)
        except ValueError as error:
            reason = f"{self._store.name} has broken state of {row.project or 'the index'}"
            raise StateError(STATE.name, reason) from error

    # Rows -----------------------------------------------------------------------------------------------------------

    def add(self, batch: Batch) -> None:
        """Take the rows and the state of a batch; the next ``commit`` writes them.

        :raises DestinationError: when they cannot be written; leave the loader then.
        """
        project = batch.project or WHOLE_INDEX
        if batch.changes and not batch.missing and not self._answered:
            self._answered = True
            self._run = RunRow(VERSION, self._root, self._run.unfinished, self._run.tables)
        if any(project in self._staged[name].rows.scope.projects for name in batch.counts):
            self.commit()
        with self._staging_errors():
            for name, change in batch.changes.items():
                stream = self._streams[name]
                if change.count is not None:
                    self._staged[name].add(batch, lines_of(stream, batch), change.unchanged_partitions)
                if stream.incremental:
                    self._states.setdefault(project, {})[name] = change.state
        self._batches += 1
        if self._is_full() or self._clock() - self._written >= self._store.limits.seconds:
            self.commit()

    def _is_full(self) -> bool:
        limits, rows = self._store.limits, [self._staged[name].rows for name in self._streams]
        changed = any(one.scope.projects for one in rows)
        return (
            self._batches >= (limits.projects if changed else limits.unchanged_projects)
            or sum(one.size for one in rows) >= limits.size
            or any(one.size >= limits.json_size and one.table.has_json for one in rows)
        )

    def commit(self) -> None:
        """Write what was added since the last commit; nothing, as long as rows of another index would be replaced.

        :raises DestinationError: when the store cannot be written.
        """
        if self._to_clear is not None:
            if not self._answered:
                return
            with self._errors():
                self._store.make(self._made)
                self._store.begin(self._run, clear_state=True, clear=self._to_clear)
            self._to_clear = None
        with self._staging_errors():
            for writer in self._staged.values():
                writer.close()
        staged = [writer.rows for writer in self._staged.values() if writer.rows.scope.projects]
        state = self._new_state(rows_change=bool(staged))
        try:
            self._write(staged, state)
        except DestinationError as error:
            if not is_about_rows(error) or not self._states:
                raise
            self._write_each(state, error)
        self._begin_package()

    def prune(self, selected: Collection[str]) -> tuple[int, int]:
        """Delete rows and state of projects that are not selected, also of streams that did not run.

        :return: the number of projects and of rows that were deleted.
        :raises DestinationError: when the store cannot be written.
        """
        self.commit()
        with self._errors():
            known = known_tables(self._run.tables, of_projects=True)
            existing = self._store.existing(known, self._run.tables)
            tables = [table for table in known if existing.get(table.name)]
            if incomplete := set(self._store.incomplete(tables)):
                self._forget(incomplete)
                self._store.make([table for table in tables if table.name in incomplete])
            counts = {table.name: dict(self._store.row_counts(table)) for table in (STATE, *tables)}
            others = sorted({*chain.from_iterable(counts.values())} - {*selected, WHOLE_INDEX})
            for start in range(0, len(others), PRUNED_AT_ONCE):
                self._store.write(self._deletion(others[start : start + PRUNED_AT_ONCE], tables, counts))
        rows = sum(counts[table.name].get(project, 0) for table in tables for project in others)
        return len(others), rows

    def _deletion(
        self, projects: Sequence[str], tables: Iterable[Table], counts: MappingOf[str, MappingOf[str, int]]
    ) -> LoadPackage:
        """The package that deletes rows and state of projects, and ends their history now."""
        now = datetime.fromtimestamp(self._now(), UTC)
        staged = [
            StagedRows(table, scope=ReplaceScope(projects={one: now for one in projects if one in counts[table.name]}))
            for table in tables
        ]
        state: dict[str, PackedState | None] = dict.fromkeys(one for one in projects if one in counts[STATE.name])
        return LoadPackage(self._run, [one for one in staged if one.scope.projects], state)

    def _write(self, staged: Sequence[StagedRows], state: dict[str, PackedState | None]) -> None:
        with self._errors():
            self._store.write(LoadPackage(self._run, staged, state))

    def _write_each(self, state: MappingOf[str, PackedState | None], error: DestinationError) -> None:
        """Write the projects of a package that the store refused by halves, so that only the refused projects fail.

        :raises DestinationError: when the store accepts nothing, or refuses all of several projects.
        """
        selection = self._staged[SELECTION.name].rows
        self._write([selection] if selection.scope.projects else [], {})
        writers = [self._staged[name] for name in self._streams]
        projects = sorted({*self._states, *(one for writer in writers for one in writer.rows.scope.projects)})
        middle = len(projects) // 2
        halves, rejected, accepted = [one for one in (projects[middle:], projects[:middle]) if one], list[Batch](), 0
        while halves:
            some = halves.pop()
            refused = self._refusal(some, writers, {one: state[one] for one in some if one in state})
            if refused is None:
                accepted += len(some)
            elif len(some) > 1:
                halves += [some[len(some) // 2 :], some[: len(some) // 2]]
            else:
                rejected.append(self._rejected_batch(some[0], refused))
            if not accepted and (len(rejected) == len(projects) > 1 or len(rejected) > MOST_REJECTED):
                raise error
        self.rejected += rejected

    def _refusal(
        self, projects: Sequence[str], writers: Sequence["_Writer"], state: dict[str, PackedState | None]
    ) -> DestinationError | None:
        """Write some projects of a package; return why the store refuses them, if it does."""
        with tempfile.TemporaryDirectory(dir=self._folder.name) as folder:
            staged = [one for writer in writers if (one := writer.only(projects, Path(folder))) is not None]
            try:
                self._write(staged, state)
            except DestinationError as error:
                if not is_about_rows(error):
                    raise
                return error
        return None

    def _rejected_batch(self, project: str, error: DestinationError) -> Batch:
        reason = f"the rows of {project or 'the index'} were refused, and stay as they were: {error.reason}"
        failure = DestinationError(self._store.name, reason)
        streams = self._states.get(project) or self._streams
        return Batch(project or None, _EPOCH, failures=dict.fromkeys(streams, failure))

    def _new_state(self, *, rows_change: bool) -> dict[str, PackedState | None]:
        """The state to write, with that of streams that did not run.

        Where rows change, it has the state of the index's list: a store without transactions deletes that until the
        rows are written. Otherwise the list would vouch for projects without state if the process ended in between.
        """
        projects = {*self._states, *([WHOLE_INDEX] if rows_change else [])}
        merged = self._states_of(projects)
        for project, states in self._states.items():
            merged[project] = merged.get(project, {}) | states
        return {project: pack_row(project, states) for project, states in merged.items()}

    def _begin_package(self) -> None:
        folder = Path(self._folder.name)
        self._staged = {name: _Writer(folder, table) for name, table in self._tables.items()}
        self._states: dict[str, dict[str, ProjectState]] = {}
        self._batches, self._written = 0, self._clock()

    def _errors(self) -> AbstractContextManager[None]:
        return destination_errors(self._store.name, self._store.secrets)

    def _staging_errors(self) -> AbstractContextManager[None]:
        return destination_errors(f"the temporary folder {self._folder.name}")


class _Writer:
    """Writes the new rows of one table to files.

    :ivar rows: what was written.
    """

    def __init__(self, folder: Path, table: Table) -> None:
        self.rows = StagedRows(table)
        self._folder, self._has_json, self._room = folder, table.has_json, 0
        self._file: BinaryIO | None = None
        self._places: dict[str, list[tuple[Path, int, int]]] = {}

    def add(self, batch: Batch, slices: Iterable[bytes], unchanged_partitions: tuple[str, ...]) -> None:
        """Take rows that replace a project's, but those of some partitions, as slices of lines."""
        for lines in slices:
            self._write(lines, batch.project or WHOLE_INDEX)
        if batch.project is None:
            self.rows.scope = ReplaceScope(whole=True, projects={WHOLE_INDEX: batch.seen_at})
        else:
            self.rows.scope.projects[batch.project] = batch.seen_at
            if unchanged_partitions:
                self.rows.scope.unchanged_partitions[batch.project] = unchanged_partitions

    def add_all(self, lines: bytes, at: datetime) -> None:
        """Take rows that replace all rows of the table."""
        self._write(lines)
        self.rows.scope = ReplaceScope(whole=True, projects={WHOLE_INDEX: at})

    def only(self, projects: Iterable[str], folder: Path) -> StagedRows | None:
        """The rows of some projects, in files of their own; None: no rows are replaced."""
        scope = self.rows.scope
        visited = {one: scope.projects[one] for one in projects if one in scope.projects}
        if not visited:
            return None
        kept = {one: scope.unchanged_partitions[one] for one in visited if one in scope.unchanged_partitions}
        copy = _Writer(folder, self.rows.table)
        for path, offset, length in (place for one in visited for place in self._places.get(one, ())):
            with path.open("rb") as file:
                file.seek(offset)
                copy._write(file.read(length))
        copy.close()
        copy.rows.scope = ReplaceScope(scope.whole, visited, kept)
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
        self._file, self._room, self._file_size = path.open("wb"), JSON_FILE, 0
        self.rows.paths.append(path)

    def close(self) -> None:
        """End the file, so that the store reads all of it."""
        if self._file is not None:
            self._file.close()


def _longest(lines: bytes) -> int:
    """The length of the longest line; of few bytes, that of all."""
    return len(lines) if len(lines) <= LONG_ROW else max(map(len, lines.splitlines(keepends=True)))
