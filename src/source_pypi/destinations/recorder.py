"""The record of one run while it is under way: the changes of rows, and the row of ``runs``."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from source_pypi.destinations.row_counts import RowChanges
from source_pypi.destinations.runs import RunRecord, tables_json
from source_pypi.destinations.store import Store
from source_pypi.destinations.tables import Table, known_tables
from source_pypi.safety.redaction import without_credentials
from source_pypi.sync.batch import Batch


class RunRecorder:
    """Counts what a run does, and writes its row of ``runs``.

    :param streams: the names of the selected streams.
    :param root: the index's URL.
    :param now: the time, in seconds since 1970.
    :ivar requests: the number of requests that the run sent; None: unknown.
    :ivar totals: the number of rows in each table, once ``end`` was called.
    """

    def __init__(self, store: Store, streams: Sequence[str], root: str, now: Callable[[], float]) -> None:
        self.requests: int | None = None
        self.totals: dict[str, int] = {}
        self._store, self._streams, self._root, self._now = store, streams, root, now
        self._record: RunRecord | None = None
        self._tables: dict[str, Table] = {}
        self._changes: dict[str, RowChanges] = {}
        self._projects = 0

    def start(self, tables: Iterable[Table], new_histories: tuple[str, ...]) -> None:
        """The run starts now.

        :param tables: the tables that it fills.
        :param new_histories: the tables whose history begins with it.
        """
        self._tables = {table.name: table for table in tables}
        self._record = RunRecord(
            run=0,
            started_at=datetime.fromtimestamp(self._now(), UTC),
            index=without_credentials(self._root),
            streams=tuple(self._streams),
            new_histories=new_histories,
        )

    def begin(self) -> None:
        """Write the row of ``runs``, with the next number; ``start`` was called before."""
        assert self._record is not None
        self._record = replace(self._record, run=self._store.last_run_number() + 1)
        self._store.record_run(self._record)

    def add_batch(self, batch: Batch) -> None:
        """Count the project of a batch, if the index had it."""
        is_read = batch.changes and not batch.missing and not batch.missing_allowed and not batch.service
        self._projects += bool(batch.project and is_read)

    def add_changes(self, changes: Mapping[str, RowChanges]) -> None:
        """Add the changes of a package, by table."""
        for table, one in changes.items():
            self._changes[table] = self._changes.get(table, RowChanges()) + one

    @property
    def changes(self) -> dict[str, RowChanges]:
        """The changes of each selected stream's table, and of each other table in which rows were deleted."""
        return {**dict.fromkeys(self._streams, RowChanges()), **self._changes}

    def count_rows(self) -> dict[str, int]:
        """The number of rows in each table of ``changes``; empty as long as ``begin`` was not called."""
        if self._record is None or not self._record.run:
            return {}
        known = {table.name: table for table in known_tables(self.changes, histories=False)}
        tables = {name: table for name, table in self._tables.items() if name in self.changes}
        return {name: self._store.row_count(table) for name, table in (known | tables).items()}

    def end(self, *, finished: bool) -> None:
        """Complete the row of ``runs``, if there is one.

        :param finished: whether the run came to its end.
        """
        if self._record is None or not self._record.run:
            return
        self.totals = self.count_rows()
        self._record = replace(
            self._record,
            finished_at=datetime.fromtimestamp(self._now(), UTC) if finished else None,
            tables=tables_json(self.changes, self.totals),
            projects=self._projects,
            requests=self.requests,
        )
        self._store.record_run(self._record)


def all_removed(store: Store, tables: Iterable[Table]) -> dict[str, RowChanges]:
    """The changes when all rows of tables are deleted."""
    return {table.name: RowChanges(removed=store.row_count(table)) for table in tables if table.key is not None}
