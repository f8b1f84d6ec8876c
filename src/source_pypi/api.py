"""PyPI as rows, in a Python program."""

from collections.abc import Iterable, Iterator
from typing import Any

from source_pypi.config import config_of
from source_pypi.streams import choose_streams
from source_pypi.streams.stream import Stream
from source_pypi.sync.batch import rows_of
from source_pypi.sync.run import Run, open_run


def read(stream: str, projects: Iterable[str] = (), **settings: Any) -> Iterator[Any]:
    """Yield the rows of one stream, project by project, while the next project is being asked for.

    :param stream: a stream's name, e.g. ``files``.
    :param projects: names, in any spelling, each optionally pinned (``requests==2.31.0``).
    :param settings: any setting of the connector, by name (docs/settings.md).
    :returns: a record's instance a row (``row.filename``); for ``project``, ``release`` and ``stats``, a dict.
    :raises UnknownStreamError: when there is no such stream.
    :raises SettingError: when a setting does not exist, or breaks the specification.
    :raises SourceError: after the last row, the first thing that went wrong: a missing project, a failed document.
    """
    (chosen,) = choose_streams([stream])
    return _rows(open_run(config_of(projects, settings), [chosen]), chosen)


def _rows(run: Run, stream: Stream) -> Iterator[Any]:
    for batch in run.batches():
        for change in batch.changes.values():
            yield from rows_of(stream, change)
    if run.summary.errors:
        raise run.summary.errors[0]
