"""The service ``downloads``: portions of download counts, from the source that the setting ``downloads_from`` names.

What is asked
    Only projects that are selected by name: the sources ask not to be read as a whole. A project that was read on the
    same day of the source is skipped.

Failures
    A document that cannot be read costs its project and series; after ``STOP_AFTER`` in a row, and on every other
    error, the service stops. What was read before stays.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from source_pypi.config import Config
from source_pypi.errors import SettingError, SourceError
from source_pypi.safety.wording import counted, some_of
from source_pypi.services.clients import of_service, open_client, service_errors
from source_pypi.services.downloads.documents import DownloadCounts, breakdowns_of
from source_pypi.services.downloads.progress import Progress, replaced_slices, source_day
from source_pypi.services.downloads.task import DOWNLOADS, DOWNLOADS_BY, Task
from source_pypi.services.service import Cursor, Portion, Request, Service
from source_pypi.standards.index_urls import index_title, is_public

if TYPE_CHECKING:
    from source_pypi.http.request_log import RequestLog, RetryWait

#: Projects whose cursors are read at a time.
CHUNK = 1_000
#: Documents that cannot be read in a row after which the service stops.
STOP_AFTER = 3


class Source(Protocol):
    """Who counts downloads."""

    @property
    def name(self) -> str:
        """The value of the setting ``downloads_from``."""
        ...

    @property
    def url(self) -> str:
        """Its URL without credentials."""
        ...

    @property
    def settings(self) -> str:
        """The settings to check when it fails."""
        ...

    def close(self) -> None:
        """Send nothing more, and end all waits."""
        ...

    def read(self, tasks: Sequence[Task], today: date) -> Iterator[tuple[Task, DownloadCounts | SourceError]]:
        """Yield the counts of each task, or why its document cannot be read.

        :param today: the day of the source; it has the days before.
        :raises SourceError: when the source cannot be read.
        """
        ...


class Downloads:
    """The service.

    :param breakdowns: the dimensions of each breakdown in ``downloads_by``.
    :param days: how many days to read the first time.
    :param refusal: why no project is requested; None: all are.
    """

    def __init__(
        self, source: Source, breakdowns: Sequence[tuple[str, ...]], days: int, refusal: SettingError | None = None
    ) -> None:
        self._source, self._breakdowns, self._days, self._refusal = source, tuple(breakdowns), days, refusal

    @property
    def url(self) -> str:
        """The URL of the source without credentials."""
        return self._source.url

    def close(self) -> None:
        """As of ``Service``."""
        self._source.close()

    def portions(self, request: Request) -> Iterator[Portion]:
        """Yield the counts of each series of each project that was not read yet on this day of the source.

        :raises SourceError: when the source cannot be read, or a document of it.
        """
        if request.projects is None:
            raise SettingError(
                "whole_index", "downloads are read of projects that are named only: name them, or set top"
            )
        if self._refusal is not None:
            raise self._refusal
        run = _Run(self._source, source_day(request.now()))
        names = list(dict.fromkeys(request.projects))
        with service_errors(self._source.settings):
            for start in range(0, len(names), CHUNK):
                yield from run.portions(self._tasks(request, names[start : start + CHUNK], run))
        if run.warnings():
            yield Portion(None, {}, warnings=run.warnings())
        if run.first_error is not None:
            raise of_service(run.first_error, self._source.settings) from run.first_error

    def _tasks(self, request: Request, projects: Sequence[str], run: "_Run") -> list[Task]:
        """What is to be read of projects, project by project."""
        cursors = request.cursors(projects)
        series = [
            *([(DOWNLOADS, ())] if DOWNLOADS in request.streams else []),
            *((DOWNLOADS_BY, one) for one in self._breakdowns if DOWNLOADS_BY in request.streams),
        ]
        tasks = []
        for project in projects:
            for stream, dimensions in series:
                progress = run.progress_of(project, stream, cursors.get(project, {}).get(stream))
                if progress.is_read(self._source.name, dimensions, run.today):
                    run.skipped.add(project)
                    continue
                since = progress.since(self._source.name, dimensions)
                first = since or run.today - timedelta(days=self._days)
                tasks.append(Task(project, dimensions, first, since))
        return tasks


class _Run:
    """What one run has read."""

    def __init__(self, source: Source, today: date) -> None:
        self.today, self.skipped = today, set[str]()
        self.first_error: SourceError | None = None
        self._source, self._read, self._known = source, dict[str, None](), set[str]()
        self._progress: dict[tuple[str, str], Progress] = {}

    def progress_of(self, project: str, stream: str, cursor: Cursor | None) -> Progress:
        """How far a stream of a project has been read; at first, what its cursor says."""
        key = (project, stream)
        if key not in self._progress:
            self._progress[key] = Progress(cursor)
        return self._progress[key]

    def portions(self, tasks: Sequence[Task]) -> Iterator[Portion]:
        """Yield a portion for each task whose document can be read.

        :raises SourceError: when the source cannot be read, or ``STOP_AFTER`` documents in a row cannot.
        """
        failed = 0
        for task, found in self._source.read(tasks, self.today):
            if isinstance(found, SourceError):
                self.first_error = self.first_error or found
                failed += 1
                if failed == STOP_AFTER:
                    raise self.first_error
                continue
            failed = 0
            yield self._portion(task, found)
        self._progress.clear()

    def _portion(self, task: Task, found: DownloadCounts) -> Portion:
        self._read[task.project] = None
        self._known.update([task.project] if found.counts else [])
        counts = found.since(task.first)
        cursor = self._progress[task.project, task.stream].after(counts)
        return Portion(counts, {task.stream: cursor}, task.project, replaced_slices(counts, task.since))

    def warnings(self) -> tuple[str, ...]:
        """Which projects the source does not know, and how many were skipped."""
        lines = []
        if names := [name for name in self._read if name not in self._known]:
            lines.append(f"{self._source.name} has no downloads of {counted(len(names), 'project')}: {some_of(names)}")
        if self.skipped:
            skipped = counted(len(self.skipped), "project")
            lines.append(f"downloads of {skipped} skipped: they were read from {self._source.name} today")
        return tuple(lines)


def open_service(config: Config, on_event: "Callable[[RetryWait | RequestLog], None]") -> Service:
    """The service that a configuration names; nothing is requested yet.

    :param on_event: called with each wait before it begins, and with each response.
    """
    source = _clickhouse(config, on_event) if config.downloads_from == "clickhouse" else _pypistats(config, on_event)
    return Downloads(source, breakdowns_of(config.downloads_by), config.downloads_days, _refusal(config))


def _refusal(config: Config) -> SettingError | None:
    """Why names of projects are not sent to the source: they are those of another index than the public one, and the
    source is a public site. None: they are sent.
    """
    setting = "clickhouse_url" if config.downloads_from == "clickhouse" else "downloads_url"
    is_own = _operator(getattr(config, setting)) != _operator(getattr(Config(), setting))
    if is_own or config.any_index or config.index_url is None or is_public(config.index_url):
        return None
    return SettingError(
        setting,
        f"names of projects of {index_title(config.index_url)} are not sent to a public site: name a source of your "
        "own, or set any_index (--any-index) to send them",
    )


def _operator(url: str) -> str:
    """The last two labels of a URL's host: whose it is, whatever its scheme, port, path, credentials or subdomain."""
    host = urlsplit(url.strip()).hostname or ""
    return ".".join(host.rstrip(".").rsplit(".", 2)[-2:])


def _pypistats(config: Config, on_event: "Callable[[RetryWait | RequestLog], None]") -> Source:
    from source_pypi.http.credentials import credentials_for
    from source_pypi.services.downloads.pypistats import Pypistats

    credentials = credentials_for(config.downloads_url)
    client = open_client(config, credentials, on_event, requests_per_second=config.downloads_per_minute / 60)
    return Pypistats(client, config.downloads_url)


def _clickhouse(config: Config, on_event: "Callable[[RetryWait | RequestLog], None]") -> Source:
    from source_pypi.http.credentials import credentials_for
    from source_pypi.services.downloads.clickhouse import Clickhouse

    url, password = config.clickhouse_url, config.clickhouse_password
    credentials = None if password is None else credentials_for(url, config.clickhouse_username, password)
    client = open_client(config, credentials, on_event, requests_per_second=1)
    user = config.clickhouse_username if credentials is None else ""
    return Clickhouse(client, url, config.clickhouse_database, user, config.clickhouse_queries_per_hour, on_event)
