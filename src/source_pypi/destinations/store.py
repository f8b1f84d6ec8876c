"""A load: the changes that go into a store together, and what a store has to be able to do."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Protocol

import pyarrow as pa

from source_pypi.destinations.tables import DIGEST, Table, arrow_rows
from source_pypi.sync.batch import Batch
from source_pypi.sync.state import WHOLE_INDEX, ProjectState, ProjectSummary, is_absent
from source_pypi.sync.state_codec import pack_text


@dataclass(frozen=True, slots=True)
class RunRow:
    """What a store notes of runs.

    :ivar index: the address of the index that its state is of.
    :ivar unfinished: when the run began that has not come to its end, in seconds since 1970; None: it has.
    :ivar tables: the tables that are ours.
    :ivar version: of what is noted.
    """

    index: str
    unfinished: int | None
    tables: tuple[str, ...]
    version: int


@dataclass(frozen=True, slots=True)
class StateRow:
    """What is to be remembered of a stream and a project, as ``_state`` has it.

    :ivar absent: 1: there was no project document.
    :ivar seen: all of it, packed, as text.
    """

    terms: str
    asked: int
    serial: int | None
    absent: int
    seen: str


def noted_of(seen: ProjectState) -> StateRow:
    """What was seen, as it is noted."""
    text = pack_text(seen)
    return StateRow(seen.settings_digest.hex(), seen.checked_at, seen.serial, int(is_absent(seen)), text)


@dataclass(slots=True)
class ReplaceScope:
    """Which rows of a table give way, and the rows that take their place.

    :ivar visited: the projects whose rows give way, and when each was visited (UTC).
    :ivar whole: whether all rows do; ``visited`` then has the index's time under an empty name.
    :ivar kept: the parts that do not, as pairs of project and part.
    :ivar rows: the new rows, with their digests.
    """

    visited: dict[str, datetime] = field(default_factory=dict)
    whole: bool = False
    unchanged_partitions: list[tuple[str, str]] = field(default_factory=list)
    rows: list[pa.RecordBatch] = field(default_factory=list)

    def table(self) -> pa.Table:
        """The new rows; there is at least one batch of them."""
        return pa.Table.from_batches(self.rows).combine_chunks()


_NONE = ReplaceScope()


@dataclass(slots=True)
class LoadPackage:
    """Changes that go into a store together.

    :ivar scopes: what happens to rows, by table.
    :ivar noted: what is remembered once it has, by stream and project.
    :ivar size: bytes of the rows.
    """

    scopes: dict[str, ReplaceScope] = field(default_factory=dict)
    noted: dict[tuple[str, str], StateRow] = field(default_factory=dict)
    size: int = 0

    @property
    def projects(self) -> int:
        """How many projects it is about, or about as many."""
        by_stream = Counter(stream for stream, _ in self.noted)
        return max(by_stream.values(), default=0)

    def has(self, batch: Batch) -> bool:
        """Whether it is about one of the batch's streams and its project already."""
        project = batch.project or WHOLE_INDEX
        return any((n, project) in self.noted or project in self.scopes.get(n, _NONE).visited for n in batch.changes)

    def add(self, batch: Batch, tables: Mapping[str, Table], *, lists: bool) -> None:
        """Take what a visit changed."""
        for name, change in batch.changes.items():
            if change.count is not None:
                self._replace(batch, tables[name], lists=lists)
            if _remembers(tables[name]):
                self.noted[name, batch.project or WHOLE_INDEX] = noted_of(change.state)

    def _replace(self, batch: Batch, table: Table, *, lists: bool) -> None:
        scope = self.scopes.setdefault(table.name, ReplaceScope())
        scope.visited[batch.project or WHOLE_INDEX] = batch.seen_at
        scope.whole = batch.project is None
        change = batch.changes[table.name]
        scope.unchanged_partitions += [(str(batch.project), part) for part in change.unchanged_partitions]
        for lines in map(bytes.splitlines, change.lines):
            digests = [blake2b(line, digest_size=16).hexdigest() for line in lines]
            rows = arrow_rows(table, lines, batch.seen_at, lists=lists)
            scope.rows.append(rows.append_column(DIGEST, pa.array(digests, pa.string())))
            self.size += sum(map(len, lines))


def _remembers(table: Table) -> bool:
    return any(column.name == "seen_at" for column in table.columns)


class Store(Protocol):
    """Where rows and state are. Every method but ``close`` may raise whatever its libraries raise."""

    @property
    def lists(self) -> bool:
        """Whether it has lists of texts; otherwise they are JSON."""

    @property
    def keeps_history(self) -> bool:
        """Whether it can keep every state of a row."""

    @property
    def most(self) -> tuple[int, int]:
        """Projects and bytes after which a load is made."""

    def open(self) -> None:
        """Connect; nothing is made yet."""

    def there(self, names: Iterable[str]) -> dict[str, set[str]]:
        """Which of these tables there are, and the columns that they have."""
        ...

    def last_run(self) -> RunRow | None:
        """What was noted of the last run; None: there was none."""
        ...

    def begin(self, run: RunRow, forget: Collection[str] | None) -> None:
        """Note a run, and forget what these streams (None: all) have seen."""

    def make(self, tables: Sequence[Table]) -> None:
        """Make the tables that are not there, and the columns that they lack."""

    def load(self, projects: Collection[str], streams: Collection[str]) -> Iterable[tuple[str, str, str]]:
        """What was noted of projects: stream, project, and what was seen."""
        ...

    def summaries(self, terms: Mapping[str, str]) -> Iterable[ProjectSummary]:
        """Every project that any of these streams has seen."""
        ...

    def write(self, load: LoadPackage, run: RunRow) -> None:
        """Write a load and the run: all of it or, if that ends early, nothing that state would vouch for."""

    def close(self) -> None:
        """Let go of everything; nothing is raised."""
