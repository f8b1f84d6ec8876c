"""Protocol messages, a line each: what every command writes."""

import traceback
from typing import Any

import msgspec

from source_pypi.errors import SourceError
from source_pypi.safety.printable import printable, printable_lines
from source_pypi.safety.redaction import without_credentials

#: Levels of LOG messages, the most urgent first; what Python and others call them is understood too.
LEVELS = ("FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE")
_ALIASES = {"CRITICAL": "FATAL", "WARNING": "WARN", "NOTSET": "TRACE"}


def levels_from(name: str) -> frozenset[str]:
    """The levels that are logged where ``name`` is the least urgent one; what is no level means INFO."""
    upper = _ALIASES.get(name.strip().upper(), name.strip().upper())
    return frozenset(LEVELS[: LEVELS.index(upper if upper in LEVELS else "INFO") + 1])


def error_trace(error: Exception, now: float, stream: str | None = None, more: str = "") -> bytes:
    """An ERROR trace: one sentence for the user, the stack for the engineer, and whose fault it is.

    What an error says is shown, never its representation: that of ``UnicodeError`` has the whole text in it.
    """
    ours = "Something went wrong in source-pypi; please report it."
    described: dict[str, Any] = {
        "message": _shown(f"{error}{more}") if isinstance(error, SourceError) else ours,
        "internal_message": _shown("".join(traceback.format_exception_only(error)).strip()),
        "stack_trace": without_credentials(printable_lines("".join(traceback.format_exception(error)))),
        "failure_type": error.failure_type if isinstance(error, SourceError) else "system_error",
    }
    if stream is not None:
        described["stream_descriptor"] = {"name": stream}
    return trace("ERROR", now, error=described)


def log(level: str, message: str) -> bytes:
    """A LOG message; ``level`` is one of FATAL, ERROR, WARN, INFO, DEBUG and TRACE."""
    return line("LOG", log={"level": level, "message": _shown(message)})


def trace(kind: str, now: float, **content: Any) -> bytes:
    """A TRACE message of some kind; ``now`` in seconds since 1970."""
    return line("TRACE", trace={"type": kind, "emitted_at": now * 1000, **content})


def line(kind: str, **content: Any) -> bytes:
    """A message of some type, as a line."""
    return msgspec.json.encode({"type": kind, **content}) + b"\n"


def _shown(text: str) -> str:
    """A text as it may be logged: printable first, since an escape within credentials would hide them."""
    return without_credentials(printable(text))
