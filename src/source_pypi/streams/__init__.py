"""The table of streams, one line each. To add a stream, write its file and add its line.

A stream's file is imported when the stream is first requested, so that a run loads only what it reads.
"""

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from source_pypi.errors import SettingError, UnknownStreamError

if TYPE_CHECKING:
    from source_pypi.streams.stream import Stream as Stream

    STREAMS: tuple[Stream, ...]

#: The streams' names, in the order in which they are listed. Each file of that name defines ``STREAM``.
NAMES = (
    "projects",
    "versions",
    "files",
    "dependencies",
    "dependency_clauses",
    "classifiers",
    "licenses",
    "urls",
    "vulnerabilities",
    "advisories",
    "advisory_ranges",
    "advisory_versions",
    "removed_advisories",
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
    "events",
    "downloads",
    "downloads_by",
)
#: The streams that are loaded when none is named.
DEFAULT = ("projects", "versions", "files")
#: Selects every stream of the index. Streams of other services are read only if they are named.
ALL = "all"


@cache
def stream_named(name: str) -> "Stream":
    """The stream of a name in ``NAMES``."""
    stream: Stream = import_module(f"{__name__}.{name}").STREAM
    return stream


def choose_streams(names: Iterable[str] | None) -> "tuple[Stream, ...]":
    """The streams of these names, each once, in the table's order. None: the default ones; ``all``: all of the index.

    :raises UnknownStreamError: with every name that is not a stream's.
    """
    wanted = DEFAULT if names is None else tuple(names)
    if unknown := [name for name in wanted if name not in NAMES and name != ALL]:
        raise UnknownStreamError([str(name) for name in unknown], [*NAMES, ALL])
    streams = map(stream_named, NAMES if ALL in wanted else [name for name in NAMES if name in wanted])
    return tuple(one for one in streams if one.name in wanted or not one.service)


def choose_listed(names: Iterable[str] | None) -> "tuple[Stream, ...]":
    """The streams that a Python program asks for, as ``choose_streams``.

    :raises UnknownStreamError: with every name that is not a stream's.
    :raises SettingError: when the names are no list, or an empty one.
    """
    if isinstance(names, str) or not isinstance(names, Iterable | None):
        example = names if isinstance(names, str) else DEFAULT[0]
        raise SettingError("streams", f"must be a list of names, such as [{example!r}], not {names!r}")
    chosen = choose_streams(names)
    if not chosen:
        raise SettingError("streams", f"is empty: leave it out to read {', '.join(DEFAULT)}")
    return chosen


def __getattr__(name: str) -> Any:
    """``STREAMS``: every stream, imported on first access."""
    if name != "STREAMS":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return choose_streams(NAMES)
