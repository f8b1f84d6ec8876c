"""Batches into a store, load by load, and what was seen beside them."""

import math
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType

from source_pypi.destinations.address import DestinationAddress
from source_pypi.destinations.error_messages import reason_of
from source_pypi.destinations.parquet.store import ParquetStore
from source_pypi.destinations.store import LoadPackage, ReplaceScope, RunRow, Store, noted_of
from source_pypi.destinations.tables import SELECTION, Table, selection_rows, table_of
from source_pypi.errors import DestinationError, ExtraMissingError, SourceError, StateError
from source_pypi.selection import SelectedProject
from source_pypi.streams.stream import Stream
from source_pypi.sync.batch import Batch
from source_pypi.sync.resume import resumable
from source_pypi.sync.state import WHOLE_INDEX, ProjectState, ProjectSummary
from source_pypi.sync.state_codec import unpack_text

#: The version of what is remembered.
VERSION = 1
#: What the extra brings.
_OURS = frozenset({"dlt", "fsspec", "psycopg2", "pyarrow", "sqlalchemy"})
#: The time of what has none.
_EPOCH = datetime.fromtimestamp(0, UTC)


class Warehouse:
    """Tables of streams, and what was seen, in a database or a folder; a context manager.

    Entering connects and makes the tables; leaving writes what has been added, also when an error is under way.

    :param place: where.
    :param streams: the streams that are loaded.
    :param targets: what was named: the table ``_selection``.
    :param root: the index's address: state of another index is set aside.
    :param keep_history: begin to keep every state of a row; one that was begun goes on in any case.
    :param now: the time, in seconds since 1970.
    :ivar notes: what should be said once it is open.
    :ivar unfinished: when the run began that is taken up again, in seconds since 1970; None: there is none.
    :raises DestinationError: when it cannot be reached or written, or holds other tables by these names.
    :raises StateError: when its state is broken, or a newer release wrote it.
    """

    keys = False

    def __init__(
        self,
        place: DestinationAddress,
        streams: Sequence[Stream],
        targets: Sequence[SelectedProject] = (),
        *,
        root: str,
        keep_history: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.notes: list[str] = []
        self.unfinished: int | None = None
        self._place, self._streams, self._targets, self._root = place, streams, targets, root
        self._keep_history, self._now = keep_history, now
        self._store = _store_of(place)
        self._load = LoadPackage()

    def __enter__(self) -> "Warehouse":
        try:
            with self._told():
                self._store.open()
                self._prepare()
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
            self._store.close()

    def _prepare(self) -> None:
        """Make whatever is not there yet, and forget what tables that are gone had seen."""
        last = self._store.last_run()
        if last is not None and last.version > VERSION:
            raise StateError(self._place.shown, "a newer release wrote it")
        ours = set(last.tables) if last is not None else set[str]()
        tables = self._tables_with_history(ours)
        listed = [table for one in tables for table in one.with_history()]
        there = self._store.there(table.name for table in listed)
        for table in listed:
            if table.name in there.keys() - ours and there[table.name] != {column.name for column in table.columns}:
                raise DestinationError(self._place.shown, f"it has a table {table.name!r} that is not ours")
        forget = {one.name for one in tables if not {table.name for table in one.with_history()} <= there.keys()}
        self._tables = {table.name: table for table in tables}
        self._run = self._run_after(last, (*ours, *(table.name for table in listed)))
        if last is not None:  # before a table that was lost is there again
            self._store.begin(self._run, None if last.index != self._root else forget)
        self._store.make(listed)
        if last is None:
            self._store.begin(self._run, None)
        self._load.scopes[SELECTION.name] = ReplaceScope({"": _EPOCH}, whole=True, rows=[selection_rows(self._targets)])

    def _tables_with_history(self, ours: Collection[str]) -> list[Table]:
        """The tables of this run; a history is kept where it is asked for, and where it was begun."""
        if self._keep_history and not self._store.keeps_history:
            raise DestinationError(self._place.shown, "a history (--history) needs a database")
        kept = (self._keep_history or f"{stream.name}_history" in ours for stream in self._streams)
        return [*(table_of(s, history=history) for s, history in zip(self._streams, kept, strict=True)), SELECTION]

    def _run_after(self, last: RunRow | None, tables: Sequence[str]) -> RunRow:
        """What is noted of this run, which takes up the last one, if that ended early and not long ago."""
        if last is not None and last.index != self._root:
            self.notes.append(
                f"{self._place.shown} was loaded from another index, {last.index}: everything is read anew"
            )
        elif last is not None:
            self.unfinished = resumable(last.unfinished, self._now())
        if self.unfinished is not None:
            self.notes.append("the last run ended early: what it has loaded is not asked for again")
        # rounded up: a visit of an earlier run, in the second in which this one begins, is none of this one's
        began = math.ceil(self._now()) if self.unfinished is None else self.unfinished
        return RunRow(self._root, began, tuple(sorted(set(tables))), VERSION)

    def load(self, projects: Collection[str]) -> dict[str, dict[str, ProjectState]]:
        """What the streams have seen of projects, by project, then by stream.

        :raises StateError: when it cannot be read.
        """
        found: dict[str, dict[str, ProjectState]] = {}
        with self._told():
            told = list(self._store.load(projects, [stream.name for stream in self._streams]))
        for stream, project, seen in told:
            try:
                found.setdefault(project, {})[stream] = unpack_text(seen)
            except ValueError as error:
                broken = f"what {self._place.shown} says of {project or 'the index'} is broken"
                raise StateError(stream, broken) from error
        return found

    def summaries(self, terms: Mapping[str, bytes]) -> Iterator[ProjectSummary]:
        """Every project that any of the streams in ``terms`` has seen."""
        with self._told():
            yield from self._store.summaries({stream: one.hex() for stream, one in terms.items()})

    def add(self, batch: Batch) -> None:
        """Take the rows of a visit; they are in the tables after the next load.

        :raises DestinationError: when they cannot be written; the warehouse must then be left at once.
        """
        if self._load.has(batch):
            self.commit()
        self._load.add(batch, self._tables, lists=self._store.lists)
        projects, size = self._store.most
        if self._load.projects >= projects or self._load.size >= size:
            self.commit()

    def commit(self) -> None:
        """Write what has been added since the last load.

        :raises DestinationError: when it cannot be written.
        """
        load, self._load = self._load, LoadPackage()
        with self._told():
            self._renew_lists(load)
            self._store.write(load, self._run)

    def _renew_lists(self, load: LoadPackage) -> None:
        """Note once more what streams whose rows change have seen of the index's list.

        So it is forgotten while they change: it would vouch for projects of which nothing is known any more, if that
        ended early.
        """
        changing = [name for name in load.scopes if name in self._tables and (name, WHOLE_INDEX) not in load.noted]
        for stream, _, seen in self._store.load([WHOLE_INDEX], changing) if changing else ():
            load.noted[stream, WHOLE_INDEX] = noted_of(unpack_text(seen))

    def finish(self) -> None:
        """The run came to its end: the next one asks for everything again."""
        self._run = RunRow(self._run.index, None, self._run.tables, VERSION)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever the destination's libraries raise, in one line that holds no secret."""
        try:
            yield
        except SourceError:
            raise
        except ModuleNotFoundError as error:
            if error.name not in _OURS:  # a driver that a database needs, for instance
                raise DestinationError(self._place.shown, f"{error.name} is not installed") from error
            raise ExtraMissingError("dlt", f"--into {self._place.shown}") from error
        except Exception as error:
            raise DestinationError(self._place.shown, reason_of(error, self._place.secrets)) from error


def _store_of(place: DestinationAddress) -> Store:
    if place.kind == "folder":
        return ParquetStore(place.address)
    from source_pypi.destinations.sql.store import SqlStore

    return SqlStore(place)
