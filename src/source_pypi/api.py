"""PyPI as rows, in a Python program."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from source_pypi.config import Config, make_config
from source_pypi.errors import SettingError
from source_pypi.selection import Selection, select
from source_pypi.services.index.api import open_index
from source_pypi.streams import choose_streams
from source_pypi.streams.stream import Stream
from source_pypi.sync.batch import rows_of
from source_pypi.sync.run import batches, of_projects
from source_pypi.sync.summary import RunSummary


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
    chosen = choose_streams([stream])
    if unknown := sorted(settings.keys() - set(Config.__struct_fields__)):
        raise SettingError(unknown[0], "there is no such setting")
    if isinstance(projects, str):
        raise SettingError("projects", f"must be a list of names, as [{projects!r}]")
    config = make_config({"projects": list(projects), **settings})
    return _rows(chosen, config, select(config) if of_projects(chosen) else Selection())


def _rows(chosen: Sequence[Stream], config: Config, selection: Selection) -> Iterator[Any]:
    index = open_index(config)
    summary = RunSummary(index.root)
    for batch in batches(index, selection, chosen, config):
        summary.add(batch)
        for change in batch.changes.values():
            yield from rows_of(chosen[0], change)
    if summary.errors:
        raise summary.errors[0]
