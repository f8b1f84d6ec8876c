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
from collections.abc import Callable, Collection, Iterator, Sequence
from collections.abc import Mapping as MappingOf
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from msgspec.structs import replace

from source_pypi.destinations.error_messages import destination_errors, is_about_rows
from source_pypi.destinations.pins import KNOWN_COLUMNS, PinRows, unnamed_lines
from source_pypi.destinations.preparation import LoadSettings, Prepared, prepare
from source_pypi.destinations.pruning import may_be_required, prune
from source_pypi.destinations.recorder import RunRecorder, all_removed
from source_pypi.destinations.rejection import write_by_halves
from source_pypi.destinations.row_counts import RowChanges
from source_pypi.destinations.staging import StagingWriter
from source_pypi.destinations.state import merged_state, states_of, streams_of_projects, summaries_of
from source_pypi.destinations.store import LoadPackage, StagedRows, Store
from source_pypi.destinations.tables import (
    CAPABILITIES,
    PIN_CLAUSES,
    PINS,
    RUN_TABLES,
    UNNAMED,
    capability_lines,
    known_tables,
)
from source_pypi.destinations.temporary import TemporaryFolder
from source_pypi.errors import DestinationError
from source_pypi.selection import Requested
from source_pypi.selection.names import Unnamed
from source_pypi.streams import NAMES
from source_pypi.streams.stream import Stream
from source_pypi.sync.batch import Batch, lines_of
from source_pypi.sync.state import WHOLE_INDEX, ProjectState, ProjectSummary
from source_pypi.sync.state_codec import PackedState

#: The time of what has none.
_EPOCH = datetime.fromtimestamp(0, UTC)


class Loader:
    """The tables of streams and their state in a store; a context manager and a ``StateStore``.

    Entering opens the store and makes the tables. Leaving writes what was added, also when an error is under way.

    :param streams: the streams to load.
    :param requested: the requirements that select projects: the rows of ``pins``.
    :param unnamed: what files may request without a name.
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
        requested: Sequence[Requested] = (),
        *,
        unnamed: Sequence[Unnamed] = (),
        root: str = "",
        keep_history: bool = False,
        replace_index: bool = False,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.warnings: list[str] = []
        self.rejected: list[Batch] = []
        self.unfinished: int | None = None
        self._unnamed = unnamed
        self._store, self._requested, self._now, self._clock = store, requested, now, clock
        self._settings = LoadSettings(streams, root, keep_history, replace_index)
        self._answered = False
        self._streams = {stream.name: stream for stream in streams}
        self._recorder = RunRecorder(store, tuple(self._streams), root, now)

    def __enter__(self) -> "Loader":
        try:
            with self._errors():
                self._store.open()
                self._take(prepare(self._store, self._settings, self._now))
                self._take_pins()
                if self._to_clear is None:
                    self.warnings += self._store.make_views()
                with destination_errors("a temporary folder"):
                    self._folder = TemporaryFolder()
                if self._to_clear is None:
                    self._recorder.begin()
            self._begin_package()
            self._is_open = True
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
                with self._errors():
                    self._recorder.end(finished=kind is None and self._run.unfinished is None)
        finally:
            self._is_open = False
            for staged in self._staged.values():
                with suppress(OSError):
                    staged.close()
            self._store.close()
            self._folder.cleanup()

    def table_in_query(self, table: str) -> str:
        """What a query reads a table from, once the loader was entered."""
        return self._store.table_in_query(table)

    def known_projects(self) -> set[str]:
        """The projects that the store holds: those of the index's list if it was loaded, else those with rows.

        What was added is committed first. The loader must be open.

        :raises DestinationError: when the store cannot be written or read.
        """
        self.commit()
        if self._to_clear is not None:
            return set()
        with self._errors():
            tables = known_tables(self._run.tables)
            existing = self._store.existing(tables, self._run.tables)
            listed = {table.name: table for table in tables if existing.get(table.name)}
            best = [listed[name] for name in ("listing", "projects", "versions", "files") if name in listed][:1]
            return {project for table in best for project, _ in self._store.row_counts(table)}

    def _take(self, prepared: Prepared) -> None:
        self._run, self._made, self._to_clear = prepared.run, prepared.made, prepared.to_clear
        self._tables = {table.name: table for table in prepared.tables}
        # where another run may add streams meanwhile, no state is replaced without reading it
        self._with_state = streams_of_projects(prepared.run.tables) if self._store.exclusive else frozenset(NAMES)
        self.unfinished = prepared.unfinished
        self.warnings += prepared.warnings
        self._recorder.start(prepared.tables, prepared.new_histories)

    def _take_pins(self) -> None:
        """Take the requirements, with the versions that an earlier run of this index found."""
        known = self._store.rows_of(PINS, KNOWN_COLUMNS) if self._to_clear is None else ()
        self._pins, self._pins_written = PinRows(self._requested, known), False

    @property
    def unresolved(self) -> Collection[str]:
        """The named projects with a requirement whose version is unknown."""
        return self._pins.unresolved

    # State ----------------------------------------------------------------------------------------------------------

    def load(self, projects: Collection[str]) -> dict[str, dict[str, ProjectState]]:
        """The selected streams' state of projects, by project, then by stream.

        :raises StateError: when it cannot be read.
        """
        if self._to_clear is not None:
            return {}
        with self._errors():
            loaded = states_of(self._store, projects)
        return {
            project: {name: one for name, one in states.items() if name in self._streams}
            for project, states in loaded.items()
        }

    def summaries(self, settings_digests: MappingOf[str, bytes]) -> Iterator[ProjectSummary]:
        """Every project of which one of these streams has state."""
        if self._to_clear is not None:
            return
        with self._errors():
            yield from summaries_of(self._store, settings_digests)

    @property
    def row_changes(self) -> MappingOf[str, RowChanges]:
        """How the rows of each table changed in this run, as far as they are committed.

        It has every selected stream, and other streams of which ``prune`` deleted rows.
        """
        return self._recorder.changes

    def totals(self) -> dict[str, int]:
        """The number of rows in each table of ``row_changes``; after the loader was left, as of that time.

        Empty: an error of the destination ended the run, or the rows of another index are still to be replaced.

        :raises DestinationError: when the store cannot be read.
        """
        if not self._is_open:
            return dict(self._recorder.totals)
        with self._errors():
            return self._recorder.count_rows()

    def count_requests(self, requests: int) -> None:
        """Say how many requests the run has sent by now, for the table ``runs``."""
        self._recorder.requests = requests

    def finish(self) -> None:
        """The run is complete: the next one does not resume it."""
        self._run = replace(self._run, unfinished=None)

    # Rows -----------------------------------------------------------------------------------------------------------

    def add(self, batch: Batch) -> None:
        """Take the rows and the state of a batch; the next ``commit`` writes them.

        :raises DestinationError: when they cannot be written; leave the loader then.
        """
        project = batch.project or WHOLE_INDEX
        read = (self._streams[name] for name in batch.changes)
        of_index = any(stream.of_index and stream.service == batch.service for stream in read)
        if of_index and not batch.missing and not self._answered:
            self._answered = True
            self._run = replace(self._run, index=self._settings.root)
        if any(project in self._staged[name].rows.scope.projects for name in batch.counts):
            self.commit()
        with self._staging_errors():
            for name, change in batch.changes.items():
                stream = self._streams[name]
                if change.count is not None:
                    self._staged[name].add(batch, lines_of(stream, batch), change)
                if stream.incremental:
                    self._states.setdefault(project, {})[name] = change.state
            if batch.capabilities:
                self._staged[CAPABILITIES.name].add_all(capability_lines(batch.capabilities), batch.seen_at)
        self._pins.add(batch)
        self._batches += 1
        self._recorder.add_batch(batch)
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
                self._recorder.add_changes(all_removed(self._store, self._to_clear))
                self._store.begin(self._run, clear_state=True, clear=self._to_clear)
                self.warnings += self._store.make_views()
                self._recorder.begin()
            self._to_clear = None
        with self._staging_errors():
            self._stage_pins()
            for writer in self._staged.values():
                writer.close()
        staged = [writer.rows for writer in self._staged.values() if writer.rows.scope.projects]
        with self._errors():
            state = merged_state(self._store, self._states, self._with_state, rows_change=bool(staged))
        try:
            self._write(staged, state)
        except DestinationError as error:
            if not is_about_rows(error) or not self._states:
                raise
            self._write_each(state, error)
        self._begin_package()

    def _stage_pins(self) -> None:
        """All pins in the first package of the run, later those whose version has become known."""
        pins = self._staged[PINS.name]
        if not self._pins_written:
            pins.add_all(self._pins.lines(), _EPOCH)
            self._staged[PIN_CLAUSES.name].add_all(self._pins.clause_lines(), _EPOCH)
            self._staged[UNNAMED.name].add_all(unnamed_lines(self._unnamed), _EPOCH)
        for project, lines in self._pins.changed_lines().items():
            pins.add_project(project, lines, _EPOCH)
        self._pins_written = True

    def may_be_required(self, selected: Collection[str]) -> set[str]:
        """Return the projects that selected ones required when it was last known, and what these require in turn.

        The state of all streams counts.

        :raises DestinationError: when the store cannot be written.
        """
        self.commit()
        with self._errors():
            return may_be_required(lambda projects: states_of(self._store, projects), selected)

    def prune(self, selected: Collection[str]) -> tuple[int, int]:
        """Delete rows and state of projects that are not selected, also of streams that did not run.

        :return: the number of projects that had rows, and of rows that were deleted.
        :raises DestinationError: when the store cannot be written.
        """
        self.commit()
        with self._errors():
            return prune(self._store, self._run, selected, self._now, self._recorder.add_changes)

    def _write(self, staged: Sequence[StagedRows], state: dict[str, PackedState | None]) -> None:
        with self._errors():
            self._recorder.add_changes(self._store.write(LoadPackage(self._run, staged, state)))

    def _write_each(self, state: MappingOf[str, PackedState | None], error: DestinationError) -> None:
        """Write a package that the store refused, but for the projects at fault.

        :raises DestinationError: when the store accepts nothing, or refuses all of several projects.
        """
        of_run = [self._staged[table.name].rows for table in RUN_TABLES]
        self._write([rows for rows in of_run if rows.scope.projects], {})
        writers = [self._staged[name] for name in self._streams]
        projects = sorted({*self._states, *(one for writer in writers for one in writer.rows.scope.projects)})

        def write(some: Sequence[str]) -> DestinationError | None:
            return self._refusal(some, writers, {one: state[one] for one in some if one in state})

        rejected = write_by_halves(projects, write, error)
        self.rejected += [self._rejected_batch(project, reason) for project, reason in rejected.items()]

    def _refusal(
        self, projects: Sequence[str], writers: Sequence["StagingWriter"], state: dict[str, PackedState | None]
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

    def _begin_package(self) -> None:
        folder = Path(self._folder.name)
        self._staged = {name: StagingWriter(folder, table) for name, table in self._tables.items()}
        self._states: dict[str, dict[str, ProjectState]] = {}
        self._batches, self._written = 0, self._clock()

    def _errors(self) -> AbstractContextManager[None]:
        return destination_errors(self._store.name, self._store.secrets)

    def _staging_errors(self) -> AbstractContextManager[None]:
        return destination_errors(f"the temporary folder {self._folder.name}")
