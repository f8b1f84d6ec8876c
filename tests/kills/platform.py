"""The platform's side of ``read``: a table for each stream, one row for each key, and the last STATE of each stream."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from source_pypi.streams import choose_streams
from source_pypi.streams.stream import Stream
from source_pypi.sync.state import ProjectState
from source_pypi.sync.state_codec import unpack_text

_DELETED = "_ab_cdc_deleted_at"
_TIMES = {"seen_at", _DELETED}


@dataclass(slots=True)
class Platform:
    """A destination that deduplicates, with the states that its platform stores.

    :ivar keeps: whether it keeps the records after the last STATE of a run that died; platforms differ in this.
    :ivar tables: rows by key, by stream.
    :ivar states: the last STATE of each stream.
    :ivar wrong: how the source violated the protocol.
    """

    streams: list[Stream]
    keeps: bool
    tables: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = field(default_factory=dict)
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, streams: str, *, keeps: bool) -> Platform:
        """Return one that has loaded nothing yet of these streams."""
        return cls(list(choose_streams(streams.split(","))), keeps)

    def copy(self, *, keeps: bool) -> Platform:
        """Return another one that has loaded the same."""
        tables = {stream: dict(rows) for stream, rows in self.tables.items()}
        return Platform(self.streams, keeps, tables, dict(self.states))

    def write_catalog(self, path: Path) -> None:
        """Write the configured catalog."""
        streams = [
            {"stream": {"name": s.name}, "sync_mode": "incremental", "destination_sync_mode": "append_dedup"}
            for s in self.streams
        ]
        path.write_text(json.dumps({"streams": streams}))

    def write_state(self, path: Path) -> None:
        """Write the state that the next run gets."""
        path.write_text(json.dumps([self.states[name] for name in sorted(self.states)]))

    def take(self, output: bytes) -> Counter[str]:
        """Process the output of a run, up to its last complete line; return the number of messages of each type."""
        waiting: dict[str, list[dict[str, Any]]] = {stream.name: [] for stream in self.streams}
        kinds: Counter[str] = Counter()
        for line in output[: output.rfind(b"\n") + 1].splitlines():
            message = json.loads(line)
            kinds[message["type"]] += 1
            if message["type"] == "RECORD":
                waiting[message["record"]["stream"]].append(message["record"]["data"])
            elif message["type"] == "STATE":
                self._take_state(message["state"], waiting)
            elif message["type"] == "TRACE" and message["trace"]["type"] == "STREAM_STATUS":
                status = message["trace"]["stream_status"]
                if status["status"] == "COMPLETE" and waiting[status["stream_descriptor"]["name"]]:
                    self.wrong.append("records without a STATE before COMPLETE")
        for stream, rows in waiting.items():
            if self.keeps:
                self._load(stream, rows)
        return kinds

    def _take_state(self, state: dict[str, Any], waiting: dict[str, list[dict[str, Any]]]) -> None:
        stream = state["stream"]["stream_descriptor"]["name"]
        if state["sourceStats"]["recordCount"] != len(waiting[stream]):
            self.wrong.append(f"{stream}: recordCount {state['sourceStats']} for {len(waiting[stream])} records")
        self._load(stream, waiting[stream])
        waiting[stream] = []
        self.states[stream] = state

    def _load(self, stream: str, rows: list[dict[str, Any]]) -> None:
        key = next(one.key for one in self.streams if one.name == stream)
        table = self.tables.setdefault(stream, {})
        for row in rows:
            at = tuple(row[name] for name in key)
            if row.get(_DELETED) is None:
                table[at] = {name: value for name, value in row.items() if name not in _TIMES}
            else:
                table.pop(at, None)

    @property
    def completed(self) -> set[str]:
        """The projects that the unfinished run has read, according to the states of all streams."""
        completed = [self._completed(stream.name) for stream in self.streams if stream.of_project]
        return set.intersection(*completed)

    def _completed(self, stream: str) -> set[str]:
        state = self._stream_state(stream)
        if "unfinished" not in state:
            return set()
        since = state["unfinished"]
        states = self.project_states(stream)
        return {project for project, one in states.items() if one.existed and one.checked_at >= since}

    def project_states(self, stream: str) -> dict[str, ProjectState]:
        """What a stream's state has of each project."""
        projects = self._stream_state(stream).get("projects", {})
        return {project: unpack_text(text) for project, text in projects.items()}

    def _stream_state(self, stream: str) -> dict[str, Any]:
        state: dict[str, Any] = self.states[stream]["stream"]["stream_state"] if stream in self.states else {}
        return state


def differences(ours: Platform, expected: Platform) -> list[str]:
    """Return how the rows of two platforms differ: a line for each stream, with an example."""
    found: list[str] = []
    for stream in sorted({*ours.tables, *expected.tables}):
        one, other = ours.tables.get(stream, {}), expected.tables.get(stream, {})
        keys = sorted((key for key in {*one, *other} if one.get(key) != other.get(key)), key=repr)
        lines = (f"{stream}: {len(keys)} rows differ; {key}: {one.get(key)}, not {other.get(key)}" for key in keys)
        found += itertools.islice(lines, 1)
    return found
