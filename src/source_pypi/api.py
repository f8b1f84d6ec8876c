"""The Python library: the rows of a stream as objects."""

import logging
from collections.abc import Iterable, Iterator
from typing import Any

from source_pypi.config import config_of, environment_note
from source_pypi.errors import UnknownStreamError
from source_pypi.streams import ALL, NAMES, stream_named
from source_pypi.streams.stream import Stream
from source_pypi.sync.batch import rows_of
from source_pypi.sync.run import Run, open_run

_LOG = logging.getLogger(__name__)


def read(stream: str, projects: Iterable[str] = (), **settings: Any) -> Iterator[Any]:
    """Yield the rows of one stream, project by project. The next project is requested while rows are processed.

    Each call requests the documents of the projects: to read several streams with one request for each project, use
    ``source-pypi sync``.

    :param stream: the name of a stream, e.g. ``files``.
    :param projects: names of projects, in any spelling, each optionally pinned to a version (``requests==2.31.0``).
    :param settings: settings of the connector, by name (docs/settings.md).
    :returns: a row is an instance of the stream's record (``row.filename``, times in UTC). For ``project``, ``release``
        and ``stats`` a row is a dict: the document as the index sends it.
    :raises UnknownStreamError: when the stream does not exist; ``all`` is not a stream.
    :raises SettingError: when a setting does not exist, or its value is invalid.
    :raises ConfigError: when no projects are selected, or a name is invalid. Like the two above it is raised by the
        call, before anything is requested.
    :raises SourceError: the first error of the run, after the last row: a missing project, or a document that could not
        be read. Projects without errors are read in full.
    """
    chosen = _one_stream(stream)
    run = open_run(config_of(projects, settings), [chosen])
    for warning in filter(None, (environment_note(run.config), *run.selection.warnings)):
        _LOG.warning("%s", warning)
    return _rows(run, chosen)


def _one_stream(name: object) -> Stream:
    """Return the stream of a name.

    :raises UnknownStreamError: when it is no stream's name; also for ``all``, and a list of names.
    """
    if name not in NAMES or not isinstance(name, str):
        several = name == ALL or not isinstance(name, str)
        raise UnknownStreamError([str(name)], NAMES, "read returns the rows of one stream" if several else "")
    return stream_named(name)


def _rows(run: Run, stream: Stream) -> Iterator[Any]:
    for batch in run.batches():
        for change in batch.changes.values():
            yield from rows_of(stream, change)
    if run.summary.errors:
        raise run.summary.errors[0]
