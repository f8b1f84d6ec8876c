"""Runs of the streams of downloads against fake sources, and the tables that they leave."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from source_pypi.config import make_config
from source_pypi.destinations.duckdb.store import DuckdbStore
from source_pypi.destinations.loader import Loader
from source_pypi.http.client import Client, RetryPolicy
from source_pypi.selection import select
from source_pypi.services.downloads.api import Downloads as Service
from source_pypi.services.downloads.clickhouse import Clickhouse
from source_pypi.services.downloads.documents import breakdowns_of
from source_pypi.services.downloads.pypistats import Pypistats
from source_pypi.streams import choose_streams
from source_pypi.sync.services import service_batches
from tests.databases import rows
from tests.fake_downloads import Downloads, FakeClickhouse, FakePypistats

TODAY = date(2026, 8, 27)
BOTH = ("downloads", "downloads_by")


def noon(day: date) -> float:
    """A time on a day of the source."""
    return datetime.combine(day, time(12), UTC).timestamp()


def client(**options: Any) -> Client:
    """A client that never waits."""
    return Client(requests_per_second=0, sleep=lambda seconds: None, retry_policy=RetryPolicy(3), **options)


def service(fake: FakePypistats | FakeClickhouse, *by: str, days: int = 180, per_hour: int = 60) -> Service:
    """The service over a fake source."""
    if isinstance(fake, FakePypistats):
        return Service(Pypistats(client(), fake.url), breakdowns_of(by or ("python", "system")), days)
    source = Clickhouse(client(), fake.url, "pypi", "demo", per_hour, sleep=lambda seconds: None)
    return Service(source, breakdowns_of(by or ("version",)), days)


def sync(
    path: Path,
    made: Service,
    downloads: Downloads,
    *projects: str,
    streams: tuple[str, ...] = BOTH,
    most: int | None = None,
) -> list[str]:
    """Load a run into a DuckDB file; return its warnings and errors.

    :param most: after how many batches the run ends, as if it was killed; None: it comes to its end.
    """
    chosen, lines = choose_streams(streams), list[str]()
    now = noon(downloads.today)
    selection = select(make_config({"projects": list(projects)}))
    with Loader(DuckdbStore(str(path)), chosen, root="", now=lambda: now) as loader:
        batches = service_batches({"downloads": made}, chosen, selection, loader, lambda: now)
        for number, batch in enumerate(batches):
            if number == most:
                return lines
            loader.add(batch)
            lines += [*batch.warnings, *map(str, dict.fromkeys(batch.failures.values()))]
        loader.finish()
    return lines


def table(path: Path, name: str, columns: str = "project, day, category, downloads") -> list[tuple[Any, ...]]:
    """Columns of a table, in order."""
    return sorted(rows(path, f"SELECT {columns} FROM {name}"))


def expected(downloads: Downloads, oldest: int = 180, *projects: str) -> Iterator[tuple[Any, ...]]:
    """The rows of ``downloads`` without their slices: what pypistats should give."""
    for project in projects:
        for category, kept in (("with_mirrors", None), ("without_mirrors", "pip")):
            counted = downloads.grouped(project, lambda one: (one.day, one.installer), oldest)
            days = {day for day, installer in counted if kept in (None, installer)}
            for day in days:
                total = sum(
                    n for (other, installer), n in counted.items() if other == day and kept in (None, installer)
                )
                yield project, str(day), category, total


def ago(days: int, today: date = TODAY) -> str:
    """A day as in the tables."""
    return str(today - timedelta(days=days))
