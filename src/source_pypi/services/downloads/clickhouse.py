"""The source ``clickhouse``: one query for a series of many projects, to the public playground or another server.

Limits
    The playground allows 60 queries an hour for each address. It cuts results that are too large, unless the query asks
    for an error instead (``throw``). A query that fails that way is repeated for half of the projects, or of the days.

Errors
    A failed query has a header with the code of the error, and any status. An error after the first rows is a key
    ``exception`` of the result.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from msgspec import Meta, Struct

from source_pypi.errors import DocumentError, ServiceError, SourceError
from source_pypi.http.client import Client, Response
from source_pypi.http.request_log import RequestLog, RetryWait
from source_pypi.safety.redaction import without_credentials
from source_pypi.services.clients import decoded
from source_pypi.services.downloads.documents import Count, DownloadCounts
from source_pypi.services.downloads.queries import query_of
from source_pypi.services.downloads.task import Task

SOURCE = "clickhouse"
#: The most projects of a query, for downloads and for a breakdown, and the most characters of their names.
MOST_PROJECTS, MOST_PROJECTS_BY, MOST_NAME_CHARACTERS = 200, 20, 4_000
#: Errors that mean that a query asks for too much: rows or bytes of the result, rows or bytes read, time, memory.
TOO_MUCH = frozenset({"396", "158", "307", "159", "241"})
QUOTA_EXCEEDED = "201"
HOUR = 3_600.0
_CODE = "X-ClickHouse-Exception-Code"
_EXPECTED = "a result of ClickHouse as JSON"

_Number = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class _Row(Struct):
    project: str
    days: list[date]
    counts: list[_Number]
    total: _Number
    projects: _Number
    without_mirrors: list[_Number] | None = None
    version_values: list[str] = []
    file_type_values: list[str] = []
    python_values: list[str] = []
    system_values: list[str] = []
    country_values: list[str] = []
    installer_values: list[str] = []


class _Result(Struct):
    data: list[_Row]
    exception: str | None = None


_DECODER = msgspec.json.Decoder(_Result, strict=False)  # integers of 64 bits may be texts


class _TooMuchError(Exception):
    """A query asks for more than the server returns."""


class HourlyQuota:
    """Limits the queries per hour; a further query waits until the oldest one is an hour old.

    :param wait: called with the seconds to wait.
    """

    def __init__(self, most: int, clock: Callable[[], float], wait: Callable[[float], None]) -> None:
        self._times = deque[float](maxlen=most)
        self._clock, self._wait = clock, wait

    def take(self) -> None:
        """Return when the next query may be sent."""
        full = len(self._times) == self._times.maxlen
        if full and (seconds := self._times[0] + HOUR - self._clock()) > 0:
            self._wait(seconds)
        self._times.append(self._clock())


class Clickhouse:
    """Reads the downloads of projects.

    :param client: sends the requests, with the credentials if there are any.
    :param url: the URL of the HTTP interface.
    :param username: the user; empty: the client sends credentials.
    :param per_hour: how many queries may be sent in an hour.
    """

    name = SOURCE
    settings = "clickhouse_url, clickhouse_database, clickhouse_username and clickhouse_password"

    def __init__(
        self,
        client: Client,
        url: str,
        database: str,
        username: str,
        per_hour: int,
        on_event: Callable[[RetryWait | RequestLog], None] = lambda event: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self._client, self._url, self._database, self._username = client, url.rstrip("/"), database, username
        self._on_event, self._sleep = on_event, sleep or client.wait
        self._quota = HourlyQuota(per_hour, clock, self._wait)

    @property
    def url(self) -> str:
        """Its URL without credentials."""
        return without_credentials(self._url)

    def close(self) -> None:
        """As of ``Source``."""
        self._client.close()

    def read(self, tasks: Sequence[Task], today: date) -> Iterator[tuple[Task, DownloadCounts | SourceError]]:
        """Yield the counts of each task, series by series.

        :raises SourceError: when the server cannot be read, or refuses a query.
        """
        for dimensions in dict.fromkeys(task.dimensions for task in tasks):
            of_series = [task for task in tasks if task.dimensions == dimensions]
            for batch in _batches(sorted(of_series, key=lambda task: task.first)):
                found = self._read(batch, batch[0].first, today)
                for task in batch:
                    yield task, DownloadCounts(task.project, SOURCE, dimensions, today, tuple(found[task.project]))

    def _read(self, batch: Sequence[Task], first: date, until: date) -> dict[str, list[Count]]:
        """The counts of tasks of one series, by project, of the days from ``first`` to before ``until``.

        :raises SourceError: when the server refuses even the query for one day of one project.
        """
        try:
            return self._query(batch, first, until)
        except _TooMuchError as error:
            days = (until - first).days
            if len(batch) > 1:
                middle = len(batch) // 2
                return self._read(batch[:middle], first, until) | self._read(batch[middle:], first, until)
            if days <= 1:
                raise ServiceError(self.url, f"answered {error}", "downloads_by") from error
            halfway = first + timedelta(days=days // 2)
            (early,), (late,) = (self._read(batch, *one).values() for one in ((first, halfway), (halfway, until)))
            return {batch[0].project: early + late}

    def _query(self, batch: Sequence[Task], first: date, until: date) -> dict[str, list[Count]]:
        self._quota.take()
        names = [task.project for task in batch]
        parameters = {
            **({"user": self._username} if self._username else {}),
            "param_names": f"[{','.join(map(_quoted, names))}]",
            "param_first": str(first),
            "param_until": str(until),
            "result_overflow_mode": "throw",
            "read_overflow_mode": "throw",
            "wait_end_of_query": "1",
        }
        dimensions = batch[0].dimensions
        query = query_of(self._database, dimensions).encode()
        url = f"{self._url}/?{urlencode(parameters)}"
        response = self._client.post(url, query, content_type="text/plain; charset=utf-8", answer_header=_CODE)
        rows = self._rows(response, names, dimensions)
        return {name: _counts(rows[name], dimensions) if name in rows else [] for name in names}

    def _rows(self, response: Response, names: Sequence[str], dimensions: tuple[str, ...]) -> dict[str, _Row]:
        """The rows of a result, by project.

        :raises _TooMuchError: when the query asks for too much.
        :raises SourceError: when the query failed, or the result is not complete.
        """
        if (code := response.headers.get(_CODE)) is not None:
            raise self._failure(code, response.body.decode("utf-8", "replace"), response.body)
        if response.status != 200:
            raise DocumentError(self.url, _EXPECTED, f"status {response.status}")
        result = decoded(_DECODER, response.body, self.url, _EXPECTED)
        if result.exception is not None:
            code = result.exception.removeprefix("Code: ").partition(".")[0]
            raise self._failure(code, result.exception, response.body)
        rows = {row.project: row for row in result.data if row.project in names}
        if len(rows) < len(result.data) or any(row.projects != len(rows) for row in result.data):
            raise DocumentError(self.url, "a complete result", f"{len(rows)} of {result.data[0].projects} projects")
        if any(not _is_whole(row, dimensions) for row in result.data):
            raise DocumentError(self.url, "a complete result", "a project with a part of its counts")
        return rows

    def _failure(self, code: str, text: str, body: bytes) -> Exception:
        line = self._client.quoted(" ".join(text.split())[:200], body)
        if code in TOO_MUCH:
            return _TooMuchError(line)
        if code == QUOTA_EXCEEDED:
            return ServiceError(self.url, f"answered {line}", "clickhouse_queries_per_hour")
        return ServiceError(self.url, f"answered {line}", self.settings)

    def _wait(self, seconds: float) -> None:
        self._on_event(RetryWait(self.url, "the queries of this hour are sent", seconds, 0))
        self._sleep(seconds)


def _batches(tasks: Sequence[Task]) -> Iterator[list[Task]]:
    """Tasks of one series that one query reads."""
    batch, characters = list[Task](), 0
    for task in tasks:
        most = MOST_PROJECTS_BY if task.dimensions else MOST_PROJECTS
        if batch and (len(batch) == most or characters + len(task.project) > MOST_NAME_CHARACTERS):
            yield batch
            batch, characters = [], 0
        batch.append(task)
        characters += len(task.project)
    if batch:
        yield batch


def _is_whole(row: _Row, dimensions: tuple[str, ...]) -> bool:
    """Whether a row has all that it should have: lists of one length, each day and values once, and the whole sum."""
    values = _values(row, dimensions)
    others = values if dimensions else [row.without_mirrors or []]
    if {len(row.counts), *map(len, others)} != {len(row.days)} or sum(row.counts) != row.total:
        return False
    return len(set(zip(row.days, *values, strict=True))) == len(row.days)


def _values(row: _Row, dimensions: tuple[str, ...]) -> list[list[str]]:
    """The values of each dimension."""
    return [getattr(row, f"{name}_values") for name in dimensions]


def _counts(row: _Row, dimensions: tuple[str, ...]) -> list[Count]:
    """The counts of a row that is whole."""
    values: Sequence[tuple[str, ...]] = [*zip(*_values(row, dimensions), strict=True)]
    if dimensions:
        counts = [*zip(row.days, values, row.counts, strict=True)]
        return [Count(day, count, value) for day, value, count in sorted(counts)]
    days = [*zip(row.days, row.counts, row.without_mirrors or (), strict=True)]
    with_mirrors = [Count(day, count, category="with_mirrors") for day, count, _ in sorted(days)]
    return with_mirrors + [Count(day, others, category="without_mirrors") for day, _, others in sorted(days) if others]


def _quoted(name: str) -> str:
    """A text in an array of ClickHouse."""
    return "'" + name.replace("\\", "\\\\").replace("'", "\\'") + "'"
