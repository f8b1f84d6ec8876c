"""A state store in memory, with the tables that a destination would have: for tests of several runs."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from source_pypi.config import make_config
from source_pypi.selection import select
from source_pypi.services.index.api import Index
from source_pypi.streams import choose_streams
from source_pypi.streams.stream import Stream
from source_pypi.sync.batch import Batch, lines_of
from source_pypi.sync.project_journal import EventSource
from source_pypi.sync.run import batches
from source_pypi.sync.state import WHOLE_INDEX, ProjectState, ProjectSummary, summary_for
from tests.fake_index import FakeIndex

#: 2026-11-22, in seconds since 1970.
NOW = 1_795_332_577
DAY = 86_400
Row = dict[str, Any]


class MemoryStore:
    """Keeps states and rows.

    :param keys: whether states hold the keys of rows.
    :ivar batches: of the last run.
    :ivar loads: the names of each ``load``.
    """

    def __init__(
        self,
        states: Mapping[str, dict[str, ProjectState]] | None = None,
        *,
        unfinished: int | None = None,
        keys: bool = True,
    ) -> None:
        self.keys, self.unfinished = keys, unfinished
        self.unresolved: Collection[str] = ()
        self.batches: list[Batch] = []
        self.loads: list[list[str]] = []
        self.states: dict[str, dict[str, ProjectState]] = dict(states or {})
        self._replaced: dict[str, list[Row]] = {}
        self._merged: dict[str, dict[tuple[Any, ...], Row]] = {}

    # What a run calls -------------------------------------------------------------------------------------

    def finish(self) -> None:
        """Do nothing: a test says itself whether a run has finished."""

    def load(self, projects: Collection[str]) -> Mapping[str, Mapping[str, ProjectState]]:
        """Return the states of these projects."""
        self.loads.append(list(projects))
        return {name: dict(self.states.get(name, {})) for name in projects}

    def summaries(self, settings_digests: Mapping[str, bytes]) -> Iterable[ProjectSummary]:
        """Return the summary of each project that has state."""
        summaries = (summary_for(project, states, settings_digests) for project, states in self.states.items())
        return [summary for summary in summaries if summary is not None]

    # Runs -------------------------------------------------------------------------------------------------

    def sync(
        self,
        fake: FakeIndex,
        index: Index,
        projects: Sequence[str],
        streams: Sequence[str],
        *,
        at: float = NOW,
        now: Callable[[], float] | None = None,
        open_journal: Callable[[], EventSource] | None = None,
        **settings: Any,
    ) -> list[Batch]:
        """Read projects in a run that starts ``at`` a time; keep its batches, and return them."""
        fake.new_run()
        config = make_config({"projects": list(projects), **settings})
        chosen = choose_streams(streams)
        self.batches = []
        clock = now or (lambda: at)
        for batch in batches(index, select(config), chosen, config, self, clock, open_journal=open_journal):
            self.batches.append(batch)
            for stream in chosen:
                if stream.name in batch.changes:
                    self.add(stream, batch)
        return self.batches

    def add(self, stream: Stream, batch: Batch) -> None:
        """Write a stream's rows of a batch, and keep its state."""
        change = batch.changes[stream.name]
        if stream.incremental:
            self.states.setdefault(batch.project or WHOLE_INDEX, {})[stream.name] = change.state
        if change.count is None:
            return
        rows: list[Row] = [json.loads(line) for line in b"".join(lines_of(stream, batch)).splitlines()]
        unchanged = [
            row
            for row in self._replaced.setdefault(stream.name, [])
            if batch.project is not None
            and (row["project"] != batch.project or _is_in(stream, row, change.unchanged_partitions))
        ]
        self._replaced[stream.name] = unchanged + rows
        by_key = self._merged.setdefault(stream.name, {})
        for row in rows:
            by_key[tuple(row[name] for name in stream.key)] = row
        for key in change.deleted_keys:
            del by_key[tuple(key[name] for name in stream.key)]

    # What the runs wrote ----------------------------------------------------------------------------------

    @property
    def rows(self) -> dict[str, int]:
        """The number of rows that the last run wrote, by stream, of streams that changed."""
        counts: dict[str, int] = {}
        for batch in self.batches:
            for name, count in batch.counts.items():
                counts[name] = counts.get(name, 0) + count
        return counts

    @property
    def deleted_keys(self) -> dict[str, list[dict[str, str | int]]]:
        """The keys of rows that the last run deleted, by stream."""
        keys: dict[str, list[dict[str, str | int]]] = {}
        for batch in self.batches:
            for name, change in batch.changes.items():
                if change.deleted_keys:
                    keys.setdefault(name, []).extend(change.deleted_keys)
        return keys

    def tables(self) -> dict[str, list[Row]]:
        """Return the rows by stream, without ``seen_at``, if rows are replaced by project, as ``sync`` does."""
        return {name: _sorted(rows) for name, rows in self._replaced.items()}

    def merged(self) -> dict[str, list[Row]]:
        """Return the same if the last row of each key is kept."""
        return {name: _sorted(rows.values()) for name, rows in self._merged.items()}


def full_sync(
    fake: FakeIndex, index: Index, projects: Sequence[str], streams: Sequence[str], **settings: Any
) -> MemoryStore:
    """Return the store of a run without state."""
    store = MemoryStore()
    store.sync(fake, index, projects, streams, **settings)
    return store


def _is_in(stream: Stream, row: Row, partitions: tuple[str, ...]) -> bool:
    return stream.partition_field is not None and row[stream.partition_field] in partitions


def _sorted(rows: Iterable[Row]) -> list[Row]:
    return sorted(
        ({name: value for name, value in row.items() if name != "seen_at"} for row in rows),
        key=lambda row: json.dumps(row, sort_keys=True),
    )
