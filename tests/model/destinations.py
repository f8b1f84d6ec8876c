"""Two destinations of rows: ``sync`` into a DuckDB file, and ``read`` into a destination that deduplicates."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from source_pypi import airbyte
from source_pypi.config import Config
from source_pypi.destinations import open_destination
from source_pypi.destinations.loader import Loader
from source_pypi.errors import SourceError
from source_pypi.selection import Requested, select
from source_pypi.services.index.api import Index
from source_pypi.streams.stream import Stream
from source_pypi.sync.resume import RESUME_WITHIN
from source_pypi.sync.run import batches
from source_pypi.sync.state import WHOLE_INDEX
from source_pypi.sync.stream_states import StreamState
from tests.model.tables import BY_NAME, NAMES, Row, Tables, add_rows, canonical, from_database, key_of, place_of

Place = tuple[str, str]


@dataclass(frozen=True)
class Run:
    """One sync.

    :ivar streams: their names.
    :ivar connect: opens the index.
    :ivar began: when it starts, in seconds since 1970.
    :ivar now: returns the time, in seconds since 1970.
    :ivar cut: after this number of batches or messages the run is killed; None: it finishes.
    """

    config: Config
    streams: Sequence[str]
    connect: Callable[[], Index]
    began: int
    now: Callable[[], float]
    cut: int | None = None


@dataclass
class Outcome:
    """Which streams of which projects a run read, and whether it finished."""

    read: set[Place] = field(default_factory=set)
    finished: bool = True


class Destination(ABC):
    """Where rows go, through a whole history.

    :ivar expected: the rows that its tables should have.
    :ivar pending: when the last run started and what it read, if it did not finish.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.expected: Tables = {}
        #: Whether old copies of release documents may have been read, which only a full check replaces.
        self.doubtful = False
        #: The project's serial, and the settings, when a place was last read; None: an older copy was read.
        self.read_at: dict[Place, object] = {}
        self.pending: tuple[float, set[Place]] | None = None
        #: What was last read without keys in state.
        self.untracked: set[Place] = set()
        #: Keys of deleted rows that may still be there, because deleted rows were not tracked.
        self.lingering: set[tuple[Place, Any]] = set()

    def resumed(self, now: float) -> set[Place]:
        """Return what a run that starts now skips, because it continues the last one."""
        if self.pending is None or now - self.pending[0] >= RESUME_WITHIN:
            return set()
        return self.pending[1]

    def keeps_keys(self, settings: Mapping[str, Any]) -> bool:  # noqa: ARG002
        """Return whether states hold the keys of rows, so that those of deleted rows can be listed."""
        return False

    def record(self, began: float, outcome: Outcome, resumed: set[Place]) -> None:
        """Record that a run has ended."""
        if outcome.finished:
            self.pending = None
        elif self.pending is not None and resumed:
            self.pending = self.pending[0], resumed | outcome.read
        else:
            self.pending = began, outcome.read

    @abstractmethod
    def run(self, run: Run) -> Outcome:
        """Sync."""

    @abstractmethod
    def tables(self) -> Tables:
        """Return the tables of all streams that were ever read."""


class Killed(Exception):  # noqa: N818 - it is no error
    """The run is killed here."""


class Synced(Destination):
    """A DuckDB file that ``sync`` loads into.

    :ivar keep_history: whether every state of a row is kept from the next run on.
    """

    keep_history = False

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / "pypi.duckdb"

    def run(self, run: Run) -> Outcome:
        """Sync as the command line does."""
        outcome, selection = Outcome(), select(run.config)
        streams = [BY_NAME[name] for name in run.streams]
        index = run.connect()
        try:
            with self._opened(streams, selection.requested, index.root, run.now) as database:
                for number, batch in enumerate(batches(index, selection, streams, run.config, database, run.now)):
                    if number == run.cut:
                        raise Killed
                    database.add(batch)
                    outcome.read |= {(name, batch.project or WHOLE_INDEX) for name in batch.changes}
                database.finish()
        except (SourceError, Killed):
            outcome.finished = False
        return outcome

    def _opened(
        self, streams: Sequence[Stream], requested: Sequence[Requested], root: str, now: Callable[[], float]
    ) -> Loader:
        return open_destination(str(self.path), streams, requested, root=root, now=now, keep_history=self.keep_history)

    def tables(self) -> Tables:
        """Return the rows of the file, after checking that the valid rows of a history are the same."""
        tables: Tables = {}
        with duckdb.connect(str(self.path)) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            there = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
            for name in there.intersection(NAMES):
                add_rows(tables, BY_NAME[name], _rows(connection, name, f'SELECT * FROM "{name}"'))
                if f"{name}_history" in there:
                    valid: Tables = {}
                    query = f'SELECT * FROM "{name}_history" WHERE valid_to IS NULL'
                    add_rows(valid, BY_NAME[name], _rows(connection, name, query))
                    assert valid == {place: rows for place, rows in tables.items() if place[0] == name}, query
        return tables


def _rows(connection: duckdb.DuckDBPyConnection, name: str, query: str) -> Iterator[Row]:
    result = connection.execute(query)
    columns = [column[0] for column in result.description or ()]
    return (from_database(BY_NAME[name], dict(zip(columns, row, strict=True))) for row in result.fetchall())


class Deduplicated(Destination):
    """A destination of Airbyte that keeps the newest row of a key, and none if that one is a deletion record.

    A run that is killed has committed, of each stream, what came before its last STATE.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._states: dict[str, Any] = {}
        self._tables: Tables = {}
        self._seen_at: dict[tuple[Place, Any], str] = {}

    def keeps_keys(self, settings: Mapping[str, Any]) -> bool:
        """Return whether deleted rows are tracked: not if the user switched it off, nor for the whole index."""
        return bool(settings.get("track_removed", True)) and not settings.get("whole_index")

    def run(self, run: Run) -> Outcome:
        """Sync as the platform does: pass a catalog and the last state, and take messages."""
        written: list[bytes] = []
        index = run.connect()
        states = [{"type": "STREAM", "stream": _stream(name, state)} for name, state in self._states.items()]
        catalog = {"streams": [{"stream": {"name": name}} for name in run.streams]}
        (self.folder / "catalog.json").write_text(json.dumps(catalog))
        (self.folder / "state.json").write_text(json.dumps(states))
        paths = self.folder / "catalog.json", self.folder / "state.json"
        airbyte.read(run.config, *paths, written.append, run.now, lambda config, on_wait: index)
        messages = [json.loads(line) for line in b"".join(written).splitlines()]
        committed = messages if run.cut is None else messages[: run.cut]
        self._commit(committed, whole=run.cut is None)
        return self._outcome(run, index.root)

    def _commit(self, messages: list[dict[str, Any]], *, whole: bool) -> None:
        waiting: dict[str, list[dict[str, Any]]] = {}
        for message in messages:
            if message["type"] == "RECORD":
                waiting.setdefault(message["record"]["stream"], []).append(message["record"]["data"])
            elif message["type"] == "STATE":
                state = message["state"]["stream"]
                name = state["stream_descriptor"]["name"]
                for row in waiting.pop(name, []):
                    self._write(name, row)
                self._states[name] = state["stream_state"]
        assert not (whole and waiting), "records without a STATE after them"

    def _write(self, name: str, row: dict[str, Any]) -> None:
        stream = BY_NAME[name]
        place, key = place_of(stream, row), key_of(stream, row)
        assert row["seen_at"] >= self._seen_at.get((place, key), ""), "a row that is older than the one before"
        self._seen_at[place, key] = row["seen_at"]
        rows = self._tables.setdefault(place, {})
        if row.get("_ab_cdc_deleted_at") is None:
            rows[key] = canonical(stream, row)
            self.lingering.discard((place, key))
        else:
            assert set(row) == {"project", *stream.key, "seen_at", "_ab_cdc_deleted_at"}
            rows.pop(key, None)

    def _outcome(self, run: Run, root: str) -> Outcome:
        """Return what was read: what has been checked since the run started, according to the state."""
        outcome = Outcome()
        for name in run.streams:
            state = StreamState(name, self._states.get(name), root)
            outcome.finished = outcome.finished and state.unfinished is None and name in self._states
            states = {project: state.load(project) for project in state.projects}
            outcome.read |= {(name, project) for project, one in states.items() if one and one.checked_at >= run.began}
        return outcome

    def tables(self) -> Tables:
        """Return the rows."""
        return self._tables


def _stream(name: str, state: Any) -> dict[str, Any]:
    return {"stream_descriptor": {"name": name, "namespace": None}, "stream_state": state}
