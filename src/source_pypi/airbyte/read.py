"""``read``: the rows of each batch as RECORD messages, and the state as STATE messages.

- The rows of a batch are written before its state is saved. State is written at checkpoints and at the end.
- Of a deleted row the key is written, with the time in ``_ab_cdc_deleted_at``; destinations that deduplicate by key
  delete the row.
- A stream whose state or projects cannot be read ends as INCOMPLETE, with its state unchanged. The others are read.
- Records keep their nulls; the CDK drops those at the top level.
- The sync mode of a catalog only decides whether a stream continues from its state. Other combinations are accepted:
  PyAirbyte requests every stream as ``incremental`` with ``overwrite``.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from source_pypi.airbyte.heartbeat import Heartbeat
from source_pypi.airbyte.inputs import ConfiguredStream, read_catalog, read_state
from source_pypi.airbyte.messages import MessageWriter, Write
from source_pypi.config import Config, environment_note
from source_pypi.errors import BugError, SourceError, UnknownProjectsError, UnknownStreamError

if TYPE_CHECKING:
    from source_pypi.http.request_log import RequestLog, RetryWait
    from source_pypi.services.index.api import Index
    from source_pypi.streams.stream import Stream
    from source_pypi.sync.batch import Batch, Change
    from source_pypi.sync.run import Run
    from source_pypi.sync.stream_states import StreamStates
    from source_pypi.sync.summary import RunSummary

Connect = Callable[[Config, "Callable[[RetryWait | RequestLog], None]"], "Index"]
"""Opens the index of a configuration. The second argument is called with each wait and each response."""

#: Seconds between two checks that something was written; the platform stops a connector that is silent. At most twice
#: as long passes without a message.
HEARTBEAT = 60.0
#: Seconds between two logs of how far a read is.
PROGRESS = 30.0


def read(
    config: Config,
    catalog: Path,
    state: Path | None,
    write: Write,
    now: Callable[[], float] = time.time,
    connect: Connect | None = None,
    level: str = "INFO",
    heartbeat: float = HEARTBEAT,
    progress: float = PROGRESS,
) -> bool:
    """Write the messages of a sync. Return whether every stream is complete.

    :param state: the file with the state of the last sync; None: there is none.
    :param write: writes whole lines.
    :param now: returns the time, in seconds since 1970.
    :param connect: opens the index; None: ``open_index``.
    :param level: the least urgent level that is logged; DEBUG logs every request.
    :param heartbeat: seconds between two checks that something was written.
    :param progress: seconds between two logs of how far the read is.
    :raises CatalogError: when the catalog or the state cannot be read.
    """
    from source_pypi.services.index.api import open_index

    configured = read_catalog(catalog)
    previous = {
        name: one for name, one in read_state(state).items() if name in configured and not configured[name].restarts
    }
    reader = _Reader(config, configured, MessageWriter(write, now, level), now)
    with Heartbeat(reader.heartbeat, heartbeat), Heartbeat(reader.log_progress, progress):
        return reader.read(connect or open_index, previous)


class _Reader:
    """Reads the streams of a catalog.

    :param configured: the streams, by name.
    :param now: returns the time, in seconds since 1970.
    """

    def __init__(
        self,
        config: Config,
        configured: Mapping[str, ConfiguredStream],
        messages: MessageWriter,
        now: Callable[[], float],
    ) -> None:
        from source_pypi.streams import NAMES, stream_named

        self._config, self._configured, self._messages, self._now = config, configured, messages, now
        self._streams = [stream_named(name) for name in configured if name in NAMES]
        self._unknown = [UnknownStreamError([name], NAMES) for name in configured if name not in NAMES]
        self._active: Sequence[Stream] = self._streams
        self._requests = self._projects = self._total = self._rows = 0
        self._records: Counter[str] = Counter()

    def read(self, connect: Connect, previous: Mapping[str, Any]) -> bool:
        """Read every stream; return whether all are complete. Names of no stream are errors, and stop no other.

        :param previous: the state of the last sync, by stream.
        """
        for error in self._unknown:
            (name,) = error.streams
            self._messages.status(name, "STARTED")
            self._messages.error(error, name)
            self._messages.status(name, "INCOMPLETE")
        complete = self._read_streams(connect, previous) if self._streams else True
        return complete and not self._unknown

    def heartbeat(self) -> None:
        """Log that the read goes on, if nothing was written since the last call."""
        self._messages.heartbeat(f"still reading: {self._requests} requests so far")

    def log_progress(self) -> None:
        """Log how far the read is: projects, requests and rows."""
        of_total = f" of {self._total:,}" if self._total else ""
        counts = f"{self._requests:,} requests, {self._rows:,} rows"
        self._messages.log("INFO", f"progress: {self._projects:,}{of_total} projects, {counts}")

    def _read_streams(self, connect: Connect, previous: Mapping[str, Any]) -> bool:
        index = connect(self._config, self._on_event)
        self._messages.log("INFO", f"reading {index.root}")
        if (note := environment_note(self._config)) is not None:
            self._messages.log("WARN", note)
        states = self._load_states(index.root, previous)
        for stream in self._streams:
            self._messages.status(stream.name, "STARTED")
            self._messages.status(stream.name, "RUNNING")
        run = self._open_run(index, states)
        self._active = run.streams
        try:
            self._write_batches(run, states)
        except OSError:  # standard output cannot be written
            raise
        except Exception as error:
            run.summary.stop(BugError.of(error), tuple(stream.name for stream in run.streams))
        for name, unreadable in states.unreadable.items():
            run.summary.stop(unreadable, (name,))
        stats = index.client.stats
        counts = f"{stats.requests} requests, {stats.bytes_received} bytes received"
        self._messages.log("INFO", f"read {run.summary.projects} projects from {index.root} with {counts}")
        return self._finish(run.summary, states)

    def _load_states(self, root: str, previous: Mapping[str, Any]) -> StreamStates:
        """Return the state of the streams, and log what the user should know about it."""
        from source_pypi.sync.stream_states import StreamStates

        incremental = [stream.name for stream in self._streams if stream.incremental]
        keys = self._config.track_removed and not self._config.whole_index
        states = StreamStates(incremental, previous, root, keys=keys, now=self._now(), configured=self._configured)
        for stream, other in states.other_index.items():
            self._messages.log(
                "WARN", f"{stream}: the state is of another index, {other}; everything is read from the beginning"
            )
        for stream in states.other_generation:
            self._messages.log(
                "INFO", f"{stream}: the state is of an earlier generation; everything is read from the beginning"
            )
        if incremental and not keys:
            self._messages.log("INFO", "deleted rows are not reported (track_removed is off, or whole_index is on)")
        if states.unfinished is not None:
            self._messages.log("INFO", "the last sync ended early; this one skips what it has read")
        return states

    def _open_run(self, index: Index, states: StreamStates) -> Run:
        """Return the run of the streams with readable state. If no projects can be selected, their streams fail."""
        from source_pypi.opening import run_of, selection_of
        from source_pypi.selection import Selection
        from source_pypi.sync.run import Run

        readable = [stream for stream in self._streams if stream.name not in states.unreadable]
        try:
            selection = selection_of(self._streams, self._config, on_event=self._on_event)
        except SourceError as error:
            of_index = [stream for stream in readable if not stream.of_project]
            run = Run(index, Selection(), of_index, self._config, self._now)
            run.summary.stop(error, tuple(stream.name for stream in self._streams if stream.of_project))
            return run
        for warning in selection.warnings:
            self._messages.log("WARN", warning)
        return run_of(selection, readable, self._config, self._on_event, index=index, now=self._now)

    def _write_batches(self, run: Run, states: StreamStates) -> None:
        """Write every batch, and the state at checkpoints."""
        from source_pypi.sync.stream_states import Checkpoints
        from source_pypi.sync.summary import warnings_of

        checkpoints = Checkpoints(self._now())
        new = states.new_streams() if not run.selection.follow else frozenset()
        for batch in run.batches(states):
            if new and batch.total_projects:
                self._estimate(new, batch.total_projects)
                new = frozenset()
            self._write_batch(batch, states)
            self._projects += batch.project is not None and not batch.service
            self._total = max(self._total, batch.total_projects)
            for warning in warnings_of(batch):
                self._messages.log("WARN", warning)
            progress = run.summary.projects / max(batch.total_projects, 1)
            if (batch.project is not None or batch.service) and checkpoints.is_due(self._now(), states.size, progress):
                self._write_checkpoint(states)
            del batch  # it is large, and the next one is about to be made

    def _write_batch(self, batch: Batch, states: StreamStates) -> None:
        """Write the rows of a batch, then save their state."""
        for stream in self._active:
            change = batch.changes.get(stream.name)
            if change is not None and stream.name not in states.unreadable:
                self._write_rows(stream, batch, change)
                states.save(stream.name, batch.project, change.state, only_time_changed=change.only_time_changed)

    def _write_rows(self, stream: Stream, batch: Batch, change: Change) -> None:
        """Write the rows of a stream that are new or changed, and the keys of those that are deleted."""
        from source_pypi.schema import DELETED_AT, SEEN_AT
        from source_pypi.sync.batch import lines_of

        if change.count is None:
            return
        begin, end = self._messages.envelope(stream.name)
        for lines in lines_of(stream, batch, begin=begin, end=end):
            self._messages.lines(lines)
        if change.deleted_keys:
            times = {SEEN_AT.name: batch.seen_at, DELETED_AT.name: batch.seen_at}
            rows = [msgspec.json.encode({**key, **times}) for key in change.deleted_keys]
            self._messages.lines(b"".join(begin + row + end + b"\n" for row in rows))
        written = change.count + len(change.deleted_keys)
        self._records[stream.name] += written
        self._rows += written

    def _estimate(self, new: frozenset[str], projects: int) -> None:
        """Write how many rows come of new streams that have one row per project."""
        for stream in self._active:
            if stream.name in new and stream.key == ("project",) and stream.of_project:
                self._messages.estimate(stream.name, projects)

    def _on_event(self, event: RetryWait | RequestLog) -> None:
        """Log each wait; at level DEBUG each response, too."""
        from source_pypi.http.request_log import RetryWait

        if isinstance(event, RetryWait):
            if event.requested:
                for stream in self._active:
                    self._messages.rate_limited(stream.name, event.seconds)
            self._messages.log("WARN", str(event))
            return
        self._requests += 1
        self._messages.log("DEBUG", str(event))

    def _finish(self, summary: RunSummary, states: StreamStates) -> bool:
        """Write the last state and status of each stream, and a trace of each cause why streams are incomplete.

        An error that several streams have in common is written once, with the first of them.
        """
        complete = True
        written = set[str]()
        for stream in self._streams:
            errors = summary.of_stream(stream.name) + _project_errors(stream, summary)
            self._write_state(stream.name, states)
            new = [error for error in errors if str(error) not in written]
            written.update(map(str, errors))
            for error in new[:1]:
                self._messages.error(error, stream.name, f" (and {len(new) - 1} more)" if len(new) > 1 else "")
            self._messages.status(stream.name, "INCOMPLETE" if errors else "COMPLETE")
            complete = complete and not errors
        for line in summary.lines():
            self._messages.log("ERROR", line)
        return complete

    def _write_checkpoint(self, states: StreamStates) -> None:
        for stream in self._active:
            if stream.incremental:
                self._write_state(stream.name, states)

    def _write_state(self, stream: str, states: StreamStates) -> None:
        self._messages.state(stream, states.to_message(stream), self._records.pop(stream, 0))


def _project_errors(stream: Stream, summary: RunSummary) -> list[SourceError]:
    """Return the missing projects, for streams of projects, and the missing releases, for streams of releases."""
    from source_pypi.services.index.documents.kinds import DocumentKind

    if not stream.of_project:
        return []
    errors = summary.project_errors
    return [e for e in errors if isinstance(e, UnknownProjectsError) or DocumentKind.RELEASES in stream.documents]
