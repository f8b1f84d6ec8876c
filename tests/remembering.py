"""A memory in memory, with the tables beside it: what a front does, without a front. For tests of several runs."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from source_pypi.config import make_config
from source_pypi.selection import select
from source_pypi.services.index.api import Index
from source_pypi.streams import choose_streams
from source_pypi.streams.stream import Stream
from source_pypi.sync.batch import Batch, lines_of
from source_pypi.sync.run import batches
from source_pypi.sync.state import WHOLE_INDEX, ProjectState, ProjectSummary, summary_for
from tests.fake_index import FakeIndex

#: 2026-11-22, in seconds since 1970; a second later the run after it begins.
NOW = 1_795_332_577
DAY = 86_400
Row = dict[str, Any]


class Remembering:
    """What was seen, and what was told of it.

    :param keys: whether the keys of rows are remembered.
    :ivar given: the batches of the last run.
    """

    def __init__(self, *, keys: bool = True) -> None:
        self.keys = keys
        self.unfinished: int | None = None
        self.given: list[Batch] = []
        self._names: list[str] = []
        self._seen: dict[str, dict[str, ProjectState]] = {}
        self._replaced: dict[str, list[Row]] = {}
        self._merged: dict[str, dict[tuple[Any, ...], Row]] = {}

    # What a run asks of it --------------------------------------------------------------------------------

    def finish(self) -> None:
        """Nothing is kept of it."""

    def load(self, projects: Collection[str]) -> Mapping[str, Mapping[str, ProjectState]]:
        """What the streams have seen of projects."""
        return {name: dict(self._seen.get(name, {})) for name in projects}

    def summaries(self, terms: Mapping[str, bytes]) -> Iterable[ProjectSummary]:
        """What any stream has seen."""
        summaries = (summary_for(project, seen, terms) for project, seen in self._seen.items())
        return [summary for summary in summaries if summary is not None]

    def seen(self, stream: str, project: str = WHOLE_INDEX) -> ProjectState:
        """What a stream has seen of a project."""
        return self._seen[project][stream]

    # Runs -------------------------------------------------------------------------------------------------

    def sync(
        self,
        fake: FakeIndex,
        index: Index,
        asked: Sequence[str],
        streams: Sequence[str],
        *,
        at: float = NOW,
        now: Callable[[], float] | None = None,
        **settings: Any,
    ) -> list[Batch]:
        """Read projects, as a run of its own at some time; the batches are taken, and returned."""
        fake.new_run()
        config = make_config({"projects": list(asked), **settings})
        chosen = choose_streams(streams)
        self.given = []
        for batch in batches(index, select(config), chosen, config, self, now or (lambda: at)):
            self.given.append(batch)
            for stream in chosen:
                if stream.name in batch.changes:
                    self._take(stream, batch)
        return self.given

    def _take(self, stream: Stream, batch: Batch) -> None:
        change = batch.changes[stream.name]
        if stream.incremental:
            self._seen.setdefault(batch.project or WHOLE_INDEX, {})[stream.name] = change.state
        if change.count is None:
            return
        made: list[Row] = [json.loads(line) for line in b"".join(lines_of(stream, batch)).splitlines()]
        table = self._replaced.setdefault(stream.name, [])
        whole = batch.project is None
        stays = [
            r
            for r in table
            if not whole and (r["project"] != batch.project or _kept(stream, r, change.unchanged_partitions))
        ]
        self._replaced[stream.name] = stays + made
        by_key = self._merged.setdefault(stream.name, {})
        for row in made:
            by_key[tuple(row[name] for name in stream.key)] = row
        for gone in change.deleted_keys:
            del by_key[tuple(gone[name] for name in stream.key)]

    # What came of them ------------------------------------------------------------------------------------

    @property
    def rows(self) -> dict[str, int]:
        """How many rows the last run told, by stream, of streams that had any change."""
        told: dict[str, int] = {}
        for batch in self.given:
            for name, count in batch.counts.items():
                told[name] = told.get(name, 0) + count
        return told

    @property
    def gone(self) -> dict[str, list[dict[str, str | int]]]:
        """The keys of rows that the last run found gone, by stream."""
        told: dict[str, list[dict[str, str | int]]] = {}
        for batch in self.given:
            for name, change in batch.changes.items():
                if change.deleted_keys:
                    told.setdefault(name, []).extend(change.deleted_keys)
        return told

    def tables(self) -> dict[str, list[Row]]:
        """The rows by stream, without the times of visits: those replaced by project as ``sync`` does."""
        return {name: _sorted(rows) for name, rows in self._replaced.items()}

    def merged(self) -> dict[str, list[Row]]:
        """The same as a destination has them that keeps the last row of a key."""
        return {name: _sorted(rows.values()) for name, rows in self._merged.items()}


def fresh(fake: FakeIndex, index: Index, asked: Sequence[str], streams: Sequence[str], **settings: Any) -> Remembering:
    """What a run reads that remembers nothing."""
    memory = Remembering()
    memory.sync(fake, index, asked, streams, **settings)
    return memory


def _kept(stream: Stream, row: Row, kept: tuple[str, ...]) -> bool:
    return stream.partition_field is not None and row[stream.partition_field] in kept


def _sorted(rows: Iterable[Row]) -> list[Row]:
    return sorted(
        ({name: value for name, value in row.items() if name != "seen_at"} for row in rows),
        key=lambda row: json.dumps(row, sort_keys=True),
    )
