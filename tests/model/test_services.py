"""Random histories of an index and three other services, read by the same syncs: the tables are those of a fresh one.

Events, advisories and downloads come late. Each service fails now and then, and runs are killed between two batches.
Each service has histories of its own as well, in ``tests/services``.
"""

import random
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from source_pypi.config import make_config
from source_pypi.destinations import open_destination
from source_pypi.errors import DestinationError, SourceError
from source_pypi.http.client import Client, RetryPolicy
from source_pypi.selection import select
from source_pypi.services.advisories.api import Advisories
from source_pypi.services.advisories.export import RemoteExport
from source_pypi.services.index.api import Index
from source_pypi.services.index.locations import Locations
from source_pypi.services.service import Service
from source_pypi.streams import choose_streams
from source_pypi.sync.run import Run
from tests.databases import rows
from tests.fake_advisories import Database, FakeAdvisories, random_records
from tests.fake_advisories import Fault as BadResponse
from tests.fake_advisories.records import timestamp
from tests.fake_downloads import Answer, Downloads, FakePypistats
from tests.fake_index import FakeIndex, World, faults
from tests.model.changes import CHANGES, PROJECTS, Site
from tests.services.downloads import reading
from tests.services.events import helpers

pytest.importorskip("cvss")
STREAMS = (
    *("projects", "versions", "files", "roles", "statuses", "events"),
    *("advisories", "advisory_ranges", "advisory_versions", "removed_advisories", "downloads", "downloads_by"),
)
#: What happens to the index; no project is deleted, since one that is selected by name and missing is an error.
HAPPENS = sorted(CHANGES.keys() - {"delete project"})
FAULTS = (faults.html(), faults.reset(), faults.forbidden(), faults.truncated(30))
#: Tables that are the same after any history; the services forget nothing in it.
TABLES = [name for name in STREAMS if name != "removed_advisories"]


class History:
    """An index, an export, a site with downloads, and a file that is loaded from them; a context manager."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.random, self.path = random.Random(seed), folder / "all.duckdb"
        self.site, self.downloads, self.database = Site(World()), Downloads(reading.TODAY), Database()
        self.records = random_records(100, seed, PROJECTS)
        self.done = Counter[str]()

    def __enter__(self) -> Self:
        self._stack = stack = ExitStack()
        self.index = stack.enter_context(FakeIndex(self.site.world, strict=False))
        self.osv = stack.enter_context(FakeAdvisories(self.database))
        self.stats = stack.enter_context(FakePypistats(self.downloads, once_a_day=False))
        for name in PROJECTS:
            self.site.happen("create", name, 1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def happen(self) -> None:
        """Something happens at each of them, and becomes known now or later."""
        for _ in range(self.random.randrange(4)):
            self.site.happen(self.random.choice(HAPPENS), self.random.choice(PROJECTS), self.random.randrange(9))
        held = [self.records.pop() for _ in range(self.random.randrange(3))]
        self.database.publish(*held, *(self.records.pop() for _ in range(self.random.randrange(3))), export=False)
        self.database.hold(*(one["id"] for one in held))
        if self.database.records:
            self.database.change(self.random.choice(list(self.database.records)), details=timestamp(self.database.now))
        self.database.export()
        for _ in range(self.random.randrange(6)):
            ago, late = self.random.randint(1, 3), self.random.randrange(3)
            name, version = self.random.choice(PROJECTS), self.random.choice(("1.0", "2.0"))
            self.downloads.add(name, ago, self.random.randint(1, 9), version=version, known_in=min(late, 4 - ago))

    def fail(self) -> None:
        """Let some of the next requests fail."""
        for path in self.random.sample(("/pypi", "/pypi/*/json", "/simple/*"), self.random.randrange(3)):
            self.index.fault(path, self.random.choice(FAULTS), times=self.random.choice((1, 9)))
        for end in self.random.sample(("all.zip", "modified_id.csv", ".json"), self.random.randrange(3)):
            self.osv.fault(end, BadResponse(self.random.choice((200, 403, 503)), b"<html>"))
        self.stats.fail(*[Answer(self.random.choice((200, 503)), b"<html>")] * self.random.choice((0, 0, 1, 9)))

    def settle(self) -> None:
        """Let no request fail, and everything be known; a day passes."""
        self.index.clear_faults()
        self.osv.clear_faults()
        self.stats.failing.clear()
        self.database.release()
        self.downloads.pass_days(3)

    def run(self) -> Run:
        """A run of all streams over all projects, without pauses."""
        now = reading.noon(self.downloads.today)
        config = make_config({"projects": list(PROJECTS), "index_url": self.index.url, "full_check_days": 0})
        client = Client(requests_per_second=0, sleep=lambda seconds: None, retry_policy=RetryPolicy(2))
        services: dict[str, Service] = {
            "events": helpers.service(self.index, "0", self.random.choice((3, 1000))),
            "advisories": Advisories(RemoteExport(client, self.osv.url), 3.0, 1.0),
            "downloads": reading.service(self.stats),
        }
        index = Index(client, Locations(self.index.url))
        return Run(index, select(config), choose_streams(STREAMS), config, lambda: now, services)

    def sync(self, path: Path, killed_after: int | None = None) -> list[SourceError]:
        """Load a run into a file; return its errors.

        :param killed_after: after so many batches the run is killed; None: it comes to its end.
        """
        run = self.run()
        self.done["syncs"] += 1
        try:
            opened = open_destination(str(path), run.streams, run.selection.requested, root=run.index_root, now=run.now)
            with opened as destination:
                for number, batch in enumerate(run.batches(destination)):
                    if number == killed_after:
                        raise DestinationError("test", "killed")  # what is not committed is lost
                    destination.add(batch)
        except DestinationError:
            self.done["killed"] += 1
        self.done.update(stream for _, streams in run.summary.failures for stream in streams)
        return run.summary.errors


def table(path: Path, name: str) -> list[tuple[Any, ...]]:
    """The rows of a table, without the time of the visit."""
    return rows(path, f"SELECT * EXCLUDE (seen_at) FROM {name} ORDER BY ALL")


def test_tables_are_those_of_a_fresh_sync(tmp_path: Path) -> None:
    """After any history, one whole sync makes all tables those of a fresh one; each trouble occurs."""
    done = Counter[str]()
    for seed in range(3):
        (folder := tmp_path / str(seed)).mkdir()
        with History(seed, folder) as history:
            for _ in range(4):
                history.happen()
                history.fail()
                history.sync(history.path, history.random.choice((None, None, 1, 3, 5, 8)))
                history.downloads.pass_days(history.random.choice((0, 1, 1)))
            history.settle()
            assert history.sync(history.path) == []
            assert history.sync(folder / "fresh.duckdb") == []
            for name in TABLES:
                found = table(history.path, name)
                assert found == table(folder / "fresh.duckdb", name), (seed, name)
                history.done[f"rows of {name}"] += len(found)
            done += history.done
    assert all(done[f"rows of {name}"] for name in TABLES), done
    assert min(done[one] for one in ("killed", "events", "advisories", "downloads", "files")), done
