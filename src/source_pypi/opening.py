"""Opens runs: the projects, the services and the journal of a configuration.

``sync/`` takes what it reads from here, and does not know which services exist.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from source_pypi.config import Config
from source_pypi.errors import NoProjectsError
from source_pypi.http.request_log import RequestLog, RetryWait
from source_pypi.selection import Selection, exclusions, select
from source_pypi.services.downloads.top import top_projects
from source_pypi.services.index.api import Index, open_index
from source_pypi.services.service import Service, open_services
from source_pypi.streams.stream import Stream
from source_pypi.sync.project_journal import EventSource
from source_pypi.sync.run import Run, needs_projects

_OnEvent = Callable[[RetryWait | RequestLog], None]


def open_run(
    config: Config,
    streams: Sequence[Stream],
    *,
    files: Iterable[Path] = (),
    by_command: int = 0,
    on_event: _OnEvent = lambda event: None,
) -> Run:
    """Return the run that a configuration describes. Nothing is requested yet, but the list for the setting ``top``.

    :param files: requirement and lock files whose projects are read, too.
    :param by_command: how many of the last names in the setting ``projects`` the command line gave.
    :param on_event: called with each wait before it begins, and with each response.
    :raises ConfigError: when no projects are selected, or a name, a file or a setting is invalid.
    :raises SourceError: when the list of the most downloaded projects cannot be read.
    """
    selection = selection_of(streams, config, files, by_command=by_command, on_event=on_event)
    return run_of(selection, streams, config, on_event)


def run_of(
    selection: Selection,
    streams: Sequence[Stream],
    config: Config,
    on_event: _OnEvent = lambda event: None,
    *,
    index: Index | None = None,
    now: Callable[[], float] = time.time,
) -> Run:
    """Return the run of these streams over a selection. Nothing is requested yet.

    :param on_event: called with each wait before it begins, and with each response.
    :param index: the index to read; None: that of the configuration.
    :param now: returns the time, in seconds since 1970.
    :raises SettingError: when a setting of the index or of a service is invalid.
    """
    services = open_services({stream.service for stream in streams if stream.service}, config, on_event)
    journal = _journal(config, services, on_event)
    opened = index or open_index(config, on_event, is_read=any(stream.of_index for stream in streams))
    return Run(opened, selection, streams, config, now, services, journal)


def selection_of(
    streams: Sequence[Stream],
    config: Config,
    files: Iterable[Path] = (),
    *,
    by_command: int = 0,
    on_event: _OnEvent = lambda event: None,
) -> Selection:
    """Return the projects of a run of these streams.

    Nothing is requested but the list for the setting ``top``. Streams of other services that are read as a whole take
    the selected projects if there are any, and else all.

    :raises ConfigError: when no projects are selected and a stream needs them, or a name, a file or a setting is
        invalid.
    """
    if not needs_projects(streams) and not any(one.service for one in streams):
        return Selection()
    top = top_projects(config, on_event)
    if needs_projects(streams):
        return select(config, files, by_command=by_command, top=top)
    try:
        return select(config, files, by_command=by_command, top=top)
    except NoProjectsError:
        return Selection(excluded=exclusions(config))


def _journal(config: Config, services: Mapping[str, Service], on_event: _OnEvent) -> Callable[[], EventSource]:
    """A function that returns the journal of the index: that of the service ``events``, if a stream reads it.

    Both then share what has been read.
    """

    def open_() -> EventSource:
        from source_pypi.services.events.api import Events, open_journal

        service = services.get("events")
        return service.journal if isinstance(service, Events) else open_journal(config, on_event)

    return open_
