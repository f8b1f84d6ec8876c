"""The platform's side of ``read``: it takes lines, keeps a row a key, and the last state of each stream."""

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
    """A destination that deduplicates, and what its platform keeps of a source.

    :ivar keeps: what comes after the last STATE of a run that died is kept, not dropped: both are seen in the wild.
    :ivar tables: rows by key, by stream.
    :ivar states: the last STATE of each stream.
    :ivar wrong: what the source did against the protocol.
    """

    streams: list[Stream]
    keeps: bool
    tables: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = field(default_factory=dict)
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, streams: str, *, keeps: bool) -> Platform:
        """One that has loaded nothing yet of these streams."""
        return cls(list(choose_streams(streams.split(","))), keeps)

    def copy(self, *, keeps: bool) -> Platform:
        """Another one that has loaded the same."""
        tables = {stream: dict(rows) for stream, rows in self.tables.items()}
        return Platform(self.streams, keeps, tables, dict(self.states))

    def write_catalog(self, path: Path) -> None:
        """The configured catalog."""
        streams = [
            {"stream": {"name": s.name}, "sync_mode": "incremental", "destination_sync_mode": "append_dedup"}
            for s in self.streams
        ]
        path.write_text(json.dumps({"streams": streams}))

    def write_state(self, path: Path) -> None:
        """The state to hand over."""
        path.write_text(json.dumps([self.states[name] for name in sorted(self.states)]))

    def take(self, output: bytes) -> Counter[str]:
        """Take what a run has written, up to its last whole line; how many messages of each type."""
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
    def visited(self) -> set[str]:
        """The projects of the index that all states tell of as seen in the run that did not come to its end."""
        visited = [self._visited(stream.name) for stream in self.streams if stream.of_project]
        return set.intersection(*visited)

    def _visited(self, stream: str) -> set[str]:
        told = self.states[stream]["stream"]["stream_state"] if stream in self.states else {}
        if "unfinished" not in told:
            return set()
        since = told["unfinished"]
        return {project for project, one in self.seen(stream).items() if one.existed and one.checked_at >= since}

    def seen(self, stream: str) -> dict[str, ProjectState]:
        """What a stream's state holds, by project."""
        told = self.states[stream]["stream"]["stream_state"] if stream in self.states else {}
        return {project: unpack_text(text) for project, text in told.get("projects", {}).items()}


def differences(ours: Platform, expected: Platform) -> list[str]:
    """How what two of them hold differs, a line each, with an example."""
    found: list[str] = []
    for stream in sorted({*ours.tables, *expected.tables}):
        one, other = ours.tables.get(stream, {}), expected.tables.get(stream, {})
        keys = sorted((key for key in {*one, *other} if one.get(key) != other.get(key)), key=repr)
        told = (
            f"{stream}: {len(keys)} rows differ; {key}: {one.get(key)} in place of {other.get(key)}" for key in keys
        )
        found += itertools.islice(told, 1)
    return found
