"""The messages of the protocol, one JSON object per line."""

import traceback
from collections.abc import Callable
from typing import Any

import msgspec

from source_pypi.errors import SourceError
from source_pypi.safety.printable import printable, printable_lines
from source_pypi.safety.redaction import without_credentials

Write = Callable[[bytes], object]
"""Writes whole lines."""
#: Levels of LOG messages, the most urgent first, and other names of them.
LEVELS = ("FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE")
_ALIASES = {"CRITICAL": "FATAL", "WARNING": "WARN", "NOTSET": "TRACE"}


class MessageWriter:
    """Writes the messages of a ``read``, from several threads.

    :param write: writes whole lines.
    :param now: returns the time, in seconds since 1970.
    :param level: the least urgent level that is logged.
    """

    def __init__(self, write: Write, now: Callable[[], float], level: str) -> None:
        self._write, self._now, self._levels = write, now, levels_from(level)
        self._silent = False

    def lines(self, lines: bytes) -> None:
        """Write whole lines."""
        self._silent = False
        self._write(lines)

    def log(self, level: str, message: str) -> None:
        """Write a LOG message, if its level is logged."""
        if level in self._levels:
            self.lines(log(level, message))

    def status(self, stream: str, status: str, **more: Any) -> None:
        """Write the status of a stream: STARTED, RUNNING, COMPLETE or INCOMPLETE."""
        content = {"stream_descriptor": {"name": stream}, "status": status, **more}
        self.lines(trace("STREAM_STATUS", self._now(), stream_status=content))

    def rate_limited(self, stream: str, seconds: float) -> None:
        """Write that the index asks to wait for some seconds."""
        reset = {"quota_reset": int((self._now() + seconds) * 1000)}
        self.status(stream, "RUNNING", reasons=[{"type": "RATE_LIMITED", "rate_limited": reset}])

    def error(self, error: Exception, stream: str, suffix: str = "") -> None:
        """Write an error of a stream."""
        self.lines(error_trace(error, self._now(), stream, suffix))

    def estimate(self, stream: str, rows: int) -> None:
        """Write how many rows a stream will have."""
        content = {"name": stream, "type": "STREAM", "row_estimate": rows}
        self.lines(trace("ESTIMATE", self._now(), estimate=content))

    def state(self, stream: str, state: Any, records: int) -> None:
        """Write the state of a stream, and the number of its records since the last one."""
        content = {"stream_descriptor": {"name": stream}, "stream_state": state}
        statistics = {"recordCount": float(records)}
        self.lines(line("STATE", state={"type": "STREAM", "stream": content, "sourceStats": statistics}))

    def envelope(self, stream: str) -> tuple[bytes, bytes]:
        """Return what stands before and after a row in a RECORD message: the same for all rows of a batch."""
        begin = b'{"type":"RECORD","record":{"stream":"%s","data":' % stream.encode()
        return begin, b',"emitted_at":%d}}' % int(self._now() * 1000)

    def heartbeat(self, message: str) -> None:
        """Log a message, whatever the level, if nothing was written since the last call."""
        if self._silent:
            self.lines(log("INFO", message))
        self._silent = True


def levels_from(name: str) -> frozenset[str]:
    """Return the levels that are logged when ``name`` is the least urgent one. An unknown name means INFO."""
    upper = _ALIASES.get(name.strip().upper(), name.strip().upper())
    return frozenset(LEVELS[: LEVELS.index(upper if upper in LEVELS else "INFO") + 1])


def error_trace(error: Exception, now: float, stream: str | None = None, suffix: str = "") -> bytes:
    """Return an ERROR trace: a sentence for the user, the stack for the developer, and who has to act.

    It has the error's text and never its representation: that of ``UnicodeError`` holds the whole input.

    :param now: the time, in seconds since 1970.
    :param suffix: appended to the sentence for the user.
    """
    internal = "Internal error in source-pypi; please report it."
    content: dict[str, Any] = {
        "message": _shown(f"{error}{suffix}") if isinstance(error, SourceError) else internal,
        "internal_message": _shown("".join(traceback.format_exception_only(error)).strip()),
        "stack_trace": without_credentials(printable_lines("".join(traceback.format_exception(error)))),
        "failure_type": error.failure_type if isinstance(error, SourceError) else "system_error",
    }
    if stream is not None:
        content["stream_descriptor"] = {"name": stream}
    return trace("ERROR", now, error=content)


def log(level: str, message: str) -> bytes:
    """Return a LOG message; ``level`` is one of ``LEVELS``."""
    return line("LOG", log={"level": level, "message": _shown(message)})


def trace(kind: str, now: float, **content: Any) -> bytes:
    """Return a TRACE message of a type; ``now`` is in seconds since 1970."""
    return line("TRACE", trace={"type": kind, "emitted_at": now * 1000, **content})


def line(kind: str, **content: Any) -> bytes:
    """Return a message of a type as a line."""
    return msgspec.json.encode({"type": kind, **content}) + b"\n"


def _shown(text: str) -> str:
    """Return a text that is safe to log. Escape first: a control character within credentials would hide them."""
    return without_credentials(printable(text))
