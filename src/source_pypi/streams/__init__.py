"""The table of streams: one line each. To add a stream, write its file and add its line.

A stream's file is loaded when the stream is asked for: a run that reads files need not know what an attestation is.
"""

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from source_pypi.errors import UnknownStreamError

if TYPE_CHECKING:
    from source_pypi.streams.stream import Stream as Stream

    STREAMS: tuple[Stream, ...]

#: The streams by name, in their order. Each has a file of that name in this folder, where it is called ``STREAM``.
NAMES = (
    "projects",
    "versions",
    "files",
    "dependencies",
    "classifiers",
    "urls",
    "vulnerabilities",
    "roles",
    "attestations",
    "core_metadata",
    "statuses",
    "project",
    "release",
    "listing",
    "recent_releases",
    "recent_projects",
    "stats",
)
#: Those that are loaded when no stream is named.
DEFAULT = ("projects", "versions", "files")
#: The word for all streams where streams are chosen by name.
ALL = "all"


@cache
def stream_named(name: str) -> "Stream":
    """The stream of a name in ``NAMES``."""
    stream: Stream = import_module(f"{__name__}.{name}").STREAM
    return stream


def choose_streams(names: Iterable[str] | None) -> "tuple[Stream, ...]":
    """Streams by name, in the table's order; None: those that are loaded by default; the word ``all``: all.

    :raises UnknownStreamError: naming every name that is no stream.
    """
    wanted = DEFAULT if names is None else tuple(names)
    if unknown := [name for name in wanted if name not in NAMES and name != ALL]:
        raise UnknownStreamError(unknown, [*NAMES, ALL])
    return tuple(stream_named(name) for name in NAMES if ALL in wanted or name in wanted)


def __getattr__(name: str) -> Any:
    """``STREAMS``, all of them, are loaded when they are asked for."""
    if name != "STREAMS":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return choose_streams([ALL])
