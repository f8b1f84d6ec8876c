"""The table of streams: one line each. To add a stream, write its file and add its line."""

from collections.abc import Iterable, Sequence

from source_pypi.errors import UnknownStreamError
from source_pypi.streams.files import Files, files_rows
from source_pypi.streams.project import Project, project_rows
from source_pypi.streams.projects import Projects, projects_rows
from source_pypi.streams.release import Release, release_rows
from source_pypi.streams.stats import Stats, stats_rows
from source_pypi.streams.stream import Reads, Stream
from source_pypi.streams.versions import Versions, versions_rows

_ONE = "1 request a project, shared by all streams that read it"
_LATEST = "none beyond the project document; 1 a pinned version; with releases: all, 1 a release"

STREAMS: tuple[Stream, ...] = (
    Stream("projects", "a project, flat", Projects, ("project",), Reads.PROJECT, _ONE, projects_rows),
    Stream(
        "versions",
        "a version, also one without files",
        Versions,
        ("project", "version"),
        Reads.PROJECT,
        _ONE,
        versions_rows,
    ),
    Stream("files", "a distribution file", Files, ("filename",), Reads.PROJECT, _ONE, files_rows),
    Stream(
        "project",
        "a project document as the index sends it, nesting kept",
        Project,
        ("project",),
        Reads.PROJECT,
        _ONE,
        project_rows,
        flat=False,
    ),
    Stream(
        "release",
        "a release document as the index sends it, nesting kept",
        Release,
        ("project", "version"),
        Reads.RELEASES,
        _LATEST,
        release_rows,
        flat=False,
    ),
    Stream(
        "stats",
        "the index's statistics as it sends them",
        Stats,
        (),
        Reads.STATISTICS,
        "1 request in all",
        stats_rows,
        flat=False,
    ),
)

#: The word for all streams where streams are chosen by name.
ALL = "all"


def choose_streams(names: Iterable[str] | None) -> tuple[Stream, ...]:
    """Streams by name, in the table's order; None: the flat ones; the word ``all``: all.

    :raises UnknownStreamError: naming every name that is no stream.
    """
    if names is None:
        return tuple(stream for stream in STREAMS if stream.flat)
    wanted: Sequence[str] = list(names)
    known = [stream.name for stream in STREAMS]
    if unknown := [name for name in wanted if name not in known and name != ALL]:
        raise UnknownStreamError(unknown, [*known, ALL])
    return tuple(stream for stream in STREAMS if ALL in wanted or stream.name in wanted)
