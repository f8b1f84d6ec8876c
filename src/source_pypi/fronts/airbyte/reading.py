"""The Airbyte protocol: one JSON message a line, for ``spec``, ``check``, ``discover`` and ``read``.

Flow
    ``read`` takes batches and writes RECORD lines; then, for each stream, a STATE and its last status.

Scope
    Nulls stay in records (the CDK drops those at the top level). A catalog's sync modes are not judged: PyAirbyte asks
    for ``incremental`` with ``overwrite`` of every stream.
"""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from source_pypi.config import Config
from source_pypi.errors import CatalogError, NotOfferedError, SourceError, UnknownProjectsError, UnknownStreamError

if TYPE_CHECKING:
    from source_pypi.client import Traffic
    from source_pypi.streams.stream import Stream
    from source_pypi.tally import Tally

DOCUMENTATION = "https://docs.airbyte.com/integrations/sources/pypi"

#: Projects that ``check`` asks for at most: enough to find a misspelt name, few enough to be quick.
CHECKED = 10

Write = Callable[[bytes], object]
"""Takes whole lines."""


def spec() -> bytes:
    """The SPEC message."""
    from source_pypi.schema import settings_schema

    schema = settings_schema(Config)
    return _line("SPEC", spec={"documentationUrl": DOCUMENTATION, "connectionSpecification": schema})


def check(config: Config) -> bytes:
    """The CONNECTION_STATUS message: whether the index answers for the projects that were named."""
    from source_pypi.index import open_index
    from source_pypi.reads import Reads
    from source_pypi.selection import select
    from source_pypi.visit import Plan, visit_project

    try:
        index, targets = open_index(config), select(config).targets[:CHECKED]
        found = [visit_project(index, target, Plan(frozenset({Reads.PROJECT}))) for target in targets]
        for error in (error for findings in found for error in findings.failures.values()):
            if not isinstance(error, NotOfferedError):  # then the index has the project, and gives what it can
                raise error
        if missing := [target.project for target, findings in zip(targets, found, strict=True) if findings.missing]:
            raise UnknownProjectsError(missing, index.root)
    except SourceError as error:
        return connection_failed(error)
    return _line("CONNECTION_STATUS", connectionStatus={"status": "SUCCEEDED"})


def connection_failed(error: SourceError) -> bytes:
    """The CONNECTION_STATUS message that says why not."""
    return _line("CONNECTION_STATUS", connectionStatus={"status": "FAILED", "message": str(error)})


def discover() -> bytes:
    """The CATALOG message: every stream with its schema and key."""
    from source_pypi.schema import stream_schema
    from source_pypi.streams import STREAMS

    streams = [
        {
            "name": stream.name,
            "json_schema": stream_schema(stream),
            "supported_sync_modes": ["full_refresh"],
            "source_defined_primary_key": [[field] for field in stream.key],
            "is_resumable": False,
        }
        for stream in STREAMS
    ]
    return _line("CATALOG", catalog={"streams": streams})


def read(config: Config, catalog: Path, state: Path | None, write: Write, now: Callable[[], float] = time.time) -> bool:
    """Write the messages of a sync; whether everything that was asked for could be read.

    :raises CatalogError: when the catalog or the state is not what Airbyte hands over.
    :raises ConfigError: when nothing can be read with these settings.
    """
    names = configured_streams(catalog)
    check_state(state)
    return _Reading(config, names, write, now).run()


class _Reading:
    """One ``read``: what was configured, and what has been written."""

    def __init__(self, config: Config, names: Sequence[str], write: Write, now: Callable[[], float]) -> None:
        from source_pypi.streams import STREAMS

        known = {stream.name: stream for stream in STREAMS}
        self._config, self._write, self._now = config, write, now
        self._streams = [known[name] for name in names if name in known]
        self._unknown = UnknownStreamError([name for name in names if name not in known], list(known))
        self._encoder = msgspec.json.Encoder()

    def run(self) -> bool:
        """Read every configured stream; the unknown ones are told first, and do not keep the others from being read."""
        for name in self._unknown.streams:
            self._status(name, "STARTED")
            self._write(error_trace(self._unknown, self._now(), name))
            self._status(name, "INCOMPLETE")
        complete = self._read() if self._streams else True
        return complete and not self._unknown.streams

    def _read(self) -> bool:
        from source_pypi.index import open_index
        from source_pypi.selection import Selection, select
        from source_pypi.sync import batches, of_projects
        from source_pypi.tally import Tally

        config, names = self._config, tuple(stream.name for stream in self._streams)
        selection = select(config) if of_projects(self._streams) else Selection()
        index = open_index(config, on_wait=lambda wait: self._log("WARN", str(wait)))
        tally = Tally(index.root)
        for note in selection.notes:
            self._log("WARN", note)
        for name in names:
            self._status(name, "STARTED")
            self._status(name, "RUNNING")
        try:
            for batch in batches(index, selection, self._streams, config):
                self._records(batch.rows)
                for note in tally.add(batch):
                    self._log("WARN", note)
        except SourceError as error:
            tally.stop(error, names)
        self._log("INFO", _summary(tally.projects, index.client.traffic))
        return self._finish(tally)

    def _records(self, rows_by_stream: dict[str, list[Any]]) -> None:
        """RECORD lines, by hand: the envelope is the same for every row of a stream."""
        end = b',"emitted_at":%d}}\n' % int(self._now() * 1000)
        lines = bytearray()
        encode_into = self._encoder.encode_into
        for stream, rows in rows_by_stream.items():
            begin = b'{"type":"RECORD","record":{"stream":"%s","data":' % stream.encode()
            for row in rows:
                lines += begin
                encode_into(row, lines, -1)
                lines += end
        if lines:
            self._write(bytes(lines))

    def _finish(self, tally: Tally) -> bool:
        """The last STATE and status of each stream, and why those that are incomplete are."""
        complete = True
        of_projects = tally.errors[len(tally.failures) :]
        for stream in self._streams:
            errors = tally.of_stream(stream.name) + (self._shared(stream, of_projects))
            self._state(stream.name, tally.rows[stream.name])
            for error in errors[:1]:
                more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
                self._write(error_trace(error, self._now(), stream.name, more))
            self._status(stream.name, "INCOMPLETE" if errors else "COMPLETE")
            complete = complete and not errors
        for line in tally.lines():
            self._log("ERROR", line)
        return complete

    def _shared(self, stream: Stream, errors: list[SourceError]) -> list[SourceError]:
        """Missing projects concern every stream of projects, missing releases the one of releases."""
        from source_pypi.reads import Reads

        if not stream.of_project:
            return []
        return [e for e in errors if isinstance(e, UnknownProjectsError) or Reads.RELEASES in stream.reads]

    def _state(self, stream: str, count: int) -> None:
        """A full refresh has no cursor: this is how the CDK says so."""
        self._write(
            _line(
                "STATE",
                state={
                    "type": "STREAM",
                    "stream": {
                        "stream_descriptor": {"name": stream},
                        "stream_state": {"__ab_no_cursor_state_message": True},
                    },
                    "sourceStats": {"recordCount": float(count)},
                },
            )
        )

    def _status(self, stream: str, status: str) -> None:
        told = {"stream_descriptor": {"name": stream}, "status": status}
        self._write(_trace("STREAM_STATUS", self._now(), stream_status=told))

    def _log(self, level: str, message: str) -> None:
        self._write(log(level, message))


def configured_streams(path: Path) -> list[str]:
    """The names of the streams in a configured catalog, each once.

    :raises CatalogError: when it cannot be read, or is no such catalog.
    """
    catalog = _load("catalog", path)
    streams = catalog.get("streams") if isinstance(catalog, dict) else None
    if not isinstance(streams, list):
        raise CatalogError("catalog", f"{path} has no list of streams")
    names = []
    for configured in streams:
        stream = configured.get("stream") if isinstance(configured, dict) else None
        name = stream.get("name") if isinstance(stream, dict) else None
        if not isinstance(name, str):
            raise CatalogError("catalog", f"{path} has a stream without a name")
        names.append(name)
    return list(dict.fromkeys(names))


def check_state(path: Path | None) -> None:
    """Every stream is read in full, so a state need only be one: a list of messages, ``{}``, or an empty file.

    :raises CatalogError: when it is none of these.
    """
    if path is None or path == Path():
        return
    state = _load("state", path, empty=[])
    if not isinstance(state, list) and state != {}:
        raise CatalogError("state", f"{path} must be a list of state messages")


def _load(what: str, path: Path, empty: Any = None) -> Any:
    """JSON of the platform's making; PyAirbyte repeats keys in it, which the standard library lets pass."""
    try:
        content = path.read_bytes()
        return empty if empty is not None and not content.strip() else json.loads(content)
    except OSError as error:
        raise CatalogError(what, f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise CatalogError(what, f"{path} is no JSON: {error}") from error


def error_trace(error: Exception, now: float, stream: str | None = None, more: str = "") -> bytes:
    """An ERROR trace: one sentence for the user, the stack for the engineer, and whose fault it is."""
    ours = "Something went wrong in source-pypi; please report it."
    described: dict[str, Any] = {
        "message": f"{error}{more}" if isinstance(error, SourceError) else ours,
        "internal_message": repr(error),
        "stack_trace": "".join(traceback.format_exception(error)),
        "failure_type": error.failure_type if isinstance(error, SourceError) else "system_error",
    }
    if stream is not None:
        described["stream_descriptor"] = {"name": stream}
    return _trace("ERROR", now, error=described)


def log(level: str, message: str) -> bytes:
    """A LOG message; ``level`` is one of FATAL, ERROR, WARN, INFO, DEBUG and TRACE."""
    return _line("LOG", log={"level": level, "message": message})


def _trace(kind: str, now: float, **content: Any) -> bytes:
    return _line("TRACE", trace={"type": kind, "emitted_at": now * 1000, **content})


def _line(kind: str, **content: Any) -> bytes:
    return msgspec.json.encode({"type": kind, **content}) + b"\n"


def _summary(projects: int, traffic: Traffic) -> str:
    return f"read {projects} projects with {traffic.requests} requests, {traffic.bytes_received} bytes received"
