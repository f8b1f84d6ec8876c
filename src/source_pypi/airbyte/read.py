"""``read``: batches as RECORD lines, and what was seen as STATE lines.

Flow
    Rows of a batch are written, then what was seen of them moves into the state; states are written at checkpoints, and
    at the end, before each stream's last status.

Gone
    Of a row that is gone its key is written, with the time in ``_ab_cdc_deleted_at``: destinations that keep one row a
    key then delete it.

Failures
    A stream that cannot be read (its state, its projects) is incomplete, with its state as it was; the others are read.

Scope
    Nulls stay in records (the CDK drops those at the top level). A catalog's sync modes are not judged: PyAirbyte asks
    for ``incremental`` with ``overwrite`` of every stream. They tell whether a stream goes on from its state, no more.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from source_pypi.airbyte.heartbeat import Heartbeat
from source_pypi.airbyte.inputs import configured_streams, handed_state
from source_pypi.airbyte.messages import error_trace, levels_from, line, log, trace
from source_pypi.config import Config
from source_pypi.errors import BugError, ConfigError, SourceError, UnknownProjectsError, UnknownStreamError

if TYPE_CHECKING:
    from source_pypi.airbyte.state import StreamStates
    from source_pypi.http.client import RequestLog, RetryWait, TransferStats
    from source_pypi.services.index.api import Index
    from source_pypi.streams.stream import Stream
    from source_pypi.sync.batch import Batch
    from source_pypi.sync.run import Run
    from source_pypi.sync.summary import RunSummary

Write = Callable[[bytes], object]
"""Takes whole lines."""
Connect = Callable[[Config, "Callable[[RetryWait | RequestLog], None]"], "Index"]
"""Opens the index that a configuration names; waits and answers are told to the second argument."""

#: How often it is seen to that a sync is not silent, in seconds: the platform takes silence for death. After twice as
#: many without a message, at most, it is said that the sync goes on.
HEARTBEAT = 60.0


def connect_to(config: Config, tell: Callable[[RetryWait | RequestLog], None]) -> Index:
    """The index that a configuration names, as it is opened unless a caller knows better."""
    from source_pypi.services.index.api import open_index

    return open_index(config, tell)


def read(
    config: Config,
    catalog: Path,
    state: Path | None,
    write: Write,
    now: Callable[[], float] = time.time,
    connect: Connect = connect_to,
    level: str = "INFO",
    heartbeat: float = HEARTBEAT,
) -> bool:
    """Write the messages of a sync; whether everything that was asked for could be read.

    :param now: the time, in seconds since 1970.
    :param connect: opens the index.
    :param level: the least urgent level that is logged; DEBUG: every request.
    :param heartbeat: how often it is seen to that the sync is not silent, in seconds.
    :raises CatalogError: when the catalog or the state is not what Airbyte hands over.
    """
    configured = configured_streams(catalog)
    handed = {name: told for name, told in handed_state(state).items() if configured.get(name)}
    reading = _Reading(config, list(configured), handed, write, now, connect, levels_from(level))
    with Heartbeat(reading.beat, heartbeat):
        return reading.run()


class _Reading:
    """One ``read``: what was configured, and what has been written."""

    def __init__(
        self,
        config: Config,
        names: Sequence[str],
        handed: Mapping[str, Any],
        write: Write,
        now: Callable[[], float],
        connect: Connect,
        levels: frozenset[str],
    ) -> None:
        from source_pypi.streams import NAMES, stream_named

        self._config, self._handed, self._now = config, handed, now
        self._output, self._connect, self._levels = write, connect, levels
        self._quiet, self._requests = False, 0
        self._counts: Counter[str] = Counter()
        self._streams = [stream_named(name) for name in names if name in NAMES]
        self._reading: Sequence[Stream] = self._streams
        self._unknown = [UnknownStreamError([name], NAMES) for name in names if name not in NAMES]

    def run(self) -> bool:
        """Read every configured stream; the unknown ones are told first, and do not keep the others from being read."""
        for unknown in self._unknown:
            (name,) = unknown.streams
            self._status(name, "STARTED")
            self._write(error_trace(unknown, self._now(), name))
            self._status(name, "INCOMPLETE")
        complete = self._read() if self._streams else True
        return complete and not self._unknown

    def beat(self) -> None:
        """Say that the sync goes on, on whatever level logs are, if nothing was written since this was called last."""
        if self._quiet:
            self._write(log("INFO", f"still reading: {self._requests} requests so far"))
        self._quiet = True

    def _read(self) -> bool:
        index = self._connect(self._config, self._told)
        states = self._load_states(index.root)
        for stream in self._streams:
            self._status(stream.name, "STARTED")
            self._status(stream.name, "RUNNING")
        run = self._run(index, states)
        self._reading = run.streams
        try:
            self._write_batches(run, states)
        except OSError:  # of the output
            raise
        except Exception as error:
            run.summary.stop(BugError.of(error), tuple(stream.name for stream in run.streams))
        for name, broken in states.broken.items():
            run.summary.stop(broken, (name,))
        self._log("INFO", _summary(run.summary.projects, index.client.stats))
        return self._finish(run.summary, states)

    def _run(self, index: Index, states: StreamStates) -> Run:
        """The run of the streams whose state is readable; where projects cannot be selected, their streams failed."""
        from source_pypi.selection import Selection, select
        from source_pypi.sync.run import Run, needs_projects

        readable = [stream for stream in self._streams if stream.name not in states.broken]
        try:
            selection = select(self._config) if needs_projects(self._streams) else Selection()
        except ConfigError as error:
            run = Run(index, Selection(), [s for s in readable if not s.of_project], self._config, self._now)
            run.summary.stop(error, tuple(stream.name for stream in self._streams if stream.of_project))
            return run
        for warning in selection.warnings:
            self._log("WARN", warning)
        return Run(index, selection, readable, self._config, self._now)

    def _write_batches(self, run: Run, states: StreamStates) -> None:
        """Write every batch, and the states now and then."""
        from source_pypi.airbyte.state import Checkpoints
        from source_pypi.sync.summary import warnings_of

        checkpoints = Checkpoints(self._now())
        unseen = states.unseen() if not run.selection.follow else frozenset()
        for batch in run.batches(states):
            if unseen and batch.total_projects:
                self._estimate(unseen, batch.total_projects)
                unseen = frozenset()
            self._take(batch, states)
            for warning in warnings_of(batch):
                self._log("WARN", warning)
            progress = run.summary.projects / max(batch.total_projects, 1)
            if batch.project is not None and checkpoints.is_due(self._now(), states.size, progress):
                self._checkpoint(states)
            del batch  # it is large, and the next one is about to be made

    def _load_states(self, root: str) -> StreamStates:
        """The memory of this sync, and what should be said of it."""
        from source_pypi.airbyte.state import StreamStates

        config = self._config
        incremental = [stream.name for stream in self._streams if stream.incremental]
        keys = config.track_removed and not config.whole_index
        states = StreamStates(incremental, self._handed, root, keys=keys, now=self._now())
        for stream, foreign in states.foreign.items():
            self._log("WARN", f"{stream}: the state is of another index, {foreign}: it is set aside, all is read anew")
        if incremental and not keys:
            self._log("INFO", "rows that are gone from the index are not told (track_removed, whole_index)")
        if states.unfinished is not None:
            self._log("INFO", "the last sync ended early: what it has read is not asked for again")
        return states

    def _estimate(self, unseen: frozenset[str], projects: int) -> None:
        """How many rows come of streams that have one a project, and have seen none yet."""
        for stream in self._reading:
            if stream.name in unseen and stream.key == ("project",) and stream.of_project:
                told = {"name": stream.name, "type": "STREAM", "row_estimate": projects}
                self._write(trace("ESTIMATE", self._now(), estimate=told))

    def _told(self, event: RetryWait | RequestLog) -> None:
        """Say what the client does: why it waits, or, when debugging, every answer."""
        from source_pypi.http.client import RetryWait

        if isinstance(event, RetryWait):
            if event.requested:
                self._rate_limited(event.seconds)
            self._log("WARN", str(event))
            return
        self._requests += 1
        self._log("DEBUG", str(event))

    def _rate_limited(self, seconds: float) -> None:
        """The index asks to wait: every stream that is being read does."""
        reset = {"quota_reset": int((self._now() + seconds) * 1000)}
        reasons = [{"type": "RATE_LIMITED", "rate_limited": reset}]
        for stream in self._reading:
            self._status(stream.name, "RUNNING", reasons=reasons)

    def _take(self, batch: Batch, states: StreamStates) -> None:
        """Write a batch's rows, then remember what was seen of them."""
        from source_pypi.sync.batch import lines_of

        for stream in self._reading:
            change = batch.changes.get(stream.name)
            if change is not None and stream.name not in states.broken:
                if change.count is not None:
                    begin, end = self._envelope(stream)
                    for lines in lines_of(stream, batch, begin=begin, end=end):
                        self._write(lines)
                    if gone := [begin + row + end + b"\n" for row in _deleted(change.deleted_keys, batch.seen_at)]:
                        self._write(b"".join(gone))
                    self._counts[stream.name] += change.count + len(change.deleted_keys)
                states.save(stream.name, batch.project, change.state, again=change.only_time_changed)

    def _envelope(self, stream: Stream) -> tuple[bytes, bytes]:
        """What stands before and behind a row in a RECORD, by hand: it is the same for every row of a stream."""
        begin = b'{"type":"RECORD","record":{"stream":"%s","data":' % stream.name.encode()
        return begin, b',"emitted_at":%d}}' % int(self._now() * 1000)

    def _checkpoint(self, states: StreamStates) -> None:
        for stream in self._reading:
            if stream.incremental:
                self._state(stream.name, states)

    def _finish(self, summary: RunSummary, states: StreamStates) -> bool:
        """The last STATE and status of each stream, and why those that are incomplete are."""
        complete = True
        of_projects = summary.errors[len(summary.failures) :]
        for stream in self._streams:
            errors = summary.of_stream(stream.name) + (self._shared(stream, of_projects))
            self._state(stream.name, states)
            for error in errors[:1]:
                more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
                self._write(error_trace(error, self._now(), stream.name, more))
            self._status(stream.name, "INCOMPLETE" if errors else "COMPLETE")
            complete = complete and not errors
        for told in summary.lines():
            self._log("ERROR", told)
        return complete

    def _shared(self, stream: Stream, errors: list[SourceError]) -> list[SourceError]:
        """Missing projects concern every stream of projects, missing releases the one of releases."""
        from source_pypi.services.index.documents.kinds import DocumentKind

        if not stream.of_project:
            return []
        return [e for e in errors if isinstance(e, UnknownProjectsError) or DocumentKind.RELEASES in stream.documents]

    def _state(self, stream: str, states: StreamStates) -> None:
        """A STATE, with the number of records since the last one."""
        told = {"stream_descriptor": {"name": stream}, "stream_state": states.told(stream)}
        count = float(self._counts.pop(stream, 0))
        self._write(line("STATE", state={"type": "STREAM", "stream": told, "sourceStats": {"recordCount": count}}))

    def _status(self, stream: str, status: str, **more: Any) -> None:
        told = {"stream_descriptor": {"name": stream}, "status": status, **more}
        self._write(trace("STREAM_STATUS", self._now(), stream_status=told))

    def _log(self, level: str, message: str) -> None:
        if level in self._levels:
            self._write(log(level, message))

    def _write(self, lines: bytes) -> None:
        """Whole lines; other threads write some too."""
        self._quiet = False
        self._output(lines)


def _summary(projects: int, stats: TransferStats) -> str:
    return f"read {projects} projects with {stats.requests} requests, {stats.bytes_received} bytes received"


def _deleted(keys: Sequence[Mapping[str, str | int]], seen_at: datetime) -> list[bytes]:
    """The rows that are gone: their keys, and since when."""
    from source_pypi.schema import DELETED_AT, SEEN_AT

    told = {SEEN_AT.name: seen_at, DELETED_AT.name: seen_at}
    return [msgspec.json.encode({**key, **told}) for key in keys]
