"""Loads the downloads of many projects into DuckDB: CPU, memory and requests of a first sync, and of one a day later.

Usage: ``python -m benchmarks.downloads [PROJECTS]``, by default 500 projects with 180 days each, from both sources.

The sync runs in a process of its own, whose CPU time is measured: the fakes make their answers when they are asked.
The rate limits are off; with them, pypistats takes a minute for 29 requests.
"""

import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path

from tests.fake_downloads import Download, Downloads, FakeClickhouse, FakePypistats

PROJECTS, DAYS = 500, 180
TODAY = date(2026, 11, 1)


class ManyDownloads(Downloads):
    """Downloads of many projects: three versions a day, one of them by a mirror, always the same."""

    def __init__(self, projects: int) -> None:
        super().__init__(TODAY)
        self.projects = projects

    def of(self, project: str, oldest: int = DAYS) -> Iterator[tuple[Download, int]]:
        """The downloads of a project in the last days."""
        random_ = random.Random(project)
        for days in range(1, min(oldest, DAYS) + 1):
            day = self.today - timedelta(days=days)
            for number, installer in enumerate(("pip", "uv", "bandersnatch")):
                one = Download(project, day, version=f"{number}.0", installer=installer, python=f"3.1{number}")
                yield one, random_.randrange(1, 1_000_000)


def sync(kind: str, url: str, into: Path, projects: int, day: date) -> None:
    """One sync in this process, without rate limits; print CPU seconds and peak memory in MB."""
    from source_pypi.config import make_config
    from source_pypi.destinations.duckdb.store import DuckdbStore
    from source_pypi.destinations.loader import Loader
    from source_pypi.http.client import Client
    from source_pypi.selection import select
    from source_pypi.services.downloads.api import Downloads as Service
    from source_pypi.services.downloads.clickhouse import Clickhouse
    from source_pypi.services.downloads.pypistats import Pypistats
    from source_pypi.streams import choose_streams
    from source_pypi.sync.services import service_batches

    client, streams = Client(requests_per_second=0), choose_streams(["downloads", "downloads_by"])
    source = Pypistats(client, url) if kind == "pypistats" else Clickhouse(client, url, "pypi", "demo", 1_000)
    service = Service(source, [("python",)], DAYS)
    selection = select(make_config({"projects": [f"project-{number}" for number in range(projects)]}))
    now = datetime.combine(day, time_of_day(12), UTC).timestamp()
    with Loader(DuckdbStore(str(into)), streams, root="", now=lambda: now) as loader:
        for batch in service_batches({"downloads": service}, streams, selection, loader, lambda: now):
            for error in batch.failures.values():
                raise error
            loader.add(batch)
        loader.finish()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(f"{usage.ru_utime + usage.ru_stime:.1f} {usage.ru_maxrss / 1000:.0f}")


def main(projects: int = PROJECTS) -> None:
    """Print what a first sync costs, and one a day later, of each source."""
    import duckdb

    for kind, fake_kind in (("pypistats", FakePypistats), ("clickhouse", FakeClickhouse)):
        downloads = ManyDownloads(projects)
        with tempfile.TemporaryDirectory() as folder, fake_kind(downloads) as fake:
            path = Path(folder) / "downloads.duckdb"
            for what in ("first sync", "a day later"):
                fake.asked.clear()
                command = [sys.executable, "-m", "benchmarks.downloads", kind, fake.url, str(path), str(projects)]
                began = time.monotonic()
                output = subprocess.run([*command, str(downloads.today)], capture_output=True, text=True, check=True)
                seconds, memory = output.stdout.split()
                wall, requests = time.monotonic() - began, len(fake.asked)
                with duckdb.connect(str(path), read_only=True) as connection:
                    query = "SELECT (SELECT count(*) FROM downloads) + (SELECT count(*) FROM downloads_by)"
                    ((rows,),) = connection.execute(query).fetchall()
                print(
                    f"{kind}, {what}, {projects} projects: {rows:,} rows in all, {requests} requests, {seconds} s CPU, "
                    f"{memory} MB, {wall:.1f} s in all with the fake"
                )
                downloads.pass_days()


if __name__ == "__main__":
    if len(sys.argv) > 3:
        sync(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]), date.fromisoformat(sys.argv[5]))
    else:
        main(*map(int, sys.argv[1:]))
