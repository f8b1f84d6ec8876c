"""The table of streams: one line each. To add a stream, write its file and add its line."""

from collections.abc import Iterable, Sequence

from source_pypi.errors import UnknownStreamError
from source_pypi.streams import (
    attestations,
    classifiers,
    core_metadata,
    dependencies,
    files,
    listing,
    project,
    projects,
    recent_projects,
    recent_releases,
    release,
    roles,
    stats,
    statuses,
    urls,
    versions,
    vulnerabilities,
)
from source_pypi.streams.stream import Stream

STREAMS: tuple[Stream, ...] = (
    projects.STREAM,
    versions.STREAM,
    files.STREAM,
    dependencies.STREAM,
    classifiers.STREAM,
    urls.STREAM,
    vulnerabilities.STREAM,
    roles.STREAM,
    attestations.STREAM,
    core_metadata.STREAM,
    statuses.STREAM,
    project.STREAM,
    release.STREAM,
    listing.STREAM,
    recent_releases.STREAM,
    recent_projects.STREAM,
    stats.STREAM,
)

#: The word for all streams where streams are chosen by name.
ALL = "all"


def choose_streams(names: Iterable[str] | None) -> tuple[Stream, ...]:
    """Streams by name, in the table's order; None: those that are loaded by default; the word ``all``: all.

    :raises UnknownStreamError: naming every name that is no stream.
    """
    if names is None:
        return tuple(stream for stream in STREAMS if stream.default)
    wanted: Sequence[str] = list(names)
    known = [stream.name for stream in STREAMS]
    if unknown := [name for name in wanted if name not in known and name != ALL]:
        raise UnknownStreamError(unknown, [*known, ALL])
    return tuple(stream for stream in STREAMS if ALL in wanted or stream.name in wanted)
