"""Random histories of an index: incremental syncs of the journal equal the journal, whatever goes wrong meanwhile.

Events appear late and with gaps in their serials. Pages fail, requests are refused by the rate limit, and runs are
killed before what they have read is committed. After each run the table has no event twice and misses none before its
last one; after a run that came to its end it has every visible event.
"""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name

from source_pypi.config import Config
from source_pypi.destinations.duckdb.store import DuckdbStore
from source_pypi.destinations.loader import Loader
from source_pypi.errors import DestinationError
from source_pypi.selection import Selection, select
from source_pypi.streams import choose_streams
from source_pypi.sync.services import service_batches
from tests.databases import rows
from tests.fake_index import FakeIndex, Fault, World, faults
from tests.fake_index.xmlrpc import Quota, fault
from tests.services.events.helpers import NOW, service

PROJECTS = ("Alpha", "beta.two", "Gamma_3", "delta")
STREAMS = choose_streams(["events"])
#: Answered instead of a page: some may pass within the run, others do not.
TROUBLE = (
    faults.unavailable(),
    faults.reset(),
    faults.truncated(40),
    faults.html(),
    faults.missing(),
    Fault("rate", fault(-32500, "HTTPTooManyRequests: too many. Limit may reset in 7 seconds.")),
    Fault("late rate", fault(-32500, "HTTPTooManyRequests: too many. Limit may reset in 1700 seconds.")),
    Fault("outage", fault(-32403, "server error; service unavailable")),
)


class History:
    """An index whose journal is read now and then.

    :ivar visible: how many events the journal shows.
    :ivar done: what has happened, for the test that each kind of it does happen.
    """

    def __init__(self, seed: int, folder: Path) -> None:
        self.random = random.Random(seed)
        self.world, self.path = World(), folder / "events.duckdb"
        self.visible, self.done = 0, Counter[str]()
        self.page_size = self.random.choice((1, 2, 5, 1000))
        self.since = self.random.choice((None, "0", "0", "12", "2020-01-01"))
        named = self.random.choice(((), (), ("alpha", "Gamma.3", "unknown")))
        self.selection = select(Config(projects=named)) if named else Selection()
        #: The serial after which events are read; None: no run has come to its end yet. The world begins after 2020.
        self.first = None if self.since is None else 12 if self.since == "12" else 0

    def happen(self) -> None:
        """Something that the journal records; now and then serials are left out."""
        name, world = self.random.choice(PROJECTS), self.world
        project = world.get(name)
        if self.random.random() < 0.2:
            world.serial += self.random.randrange(1, 30)
        if project is None:
            world.add(name, [f"{world.serial}.0"], owner="ann")
            return
        version = self.random.choice(list(project.releases) or ["1.0"])
        actions: dict[str, Any] = {
            "release": lambda: project.release(f"{world.serial}.0", wheel=True),
            "yank": lambda: world.yank(name, version),
            "quarantine": lambda: world.quarantine_release(name, version),
            "role": lambda: world.add_role(name, f"caf\u00e9 {world.serial}"),
            "remove": lambda: world.delete_project(name),
        }
        if version not in project.releases:
            actions = {"release": actions["release"]}
        actions[self.random.choice(list(actions))]()

    def entries(self) -> list[Any]:
        """The events that the journal shows."""
        return self.world.journal[: self.visible]

    def sync(self, index: FakeIndex) -> None:
        """Read the journal, with or without trouble, and compare the table with it."""
        self.visible = self.random.randint(self.visible, len(self.world.journal))
        assert index.xmlrpc is not None
        index.xmlrpc.quota = Quota(self.random.choice((2, 5, 1000)), 60.0)
        index.clear_faults()
        for _ in range(self.random.randrange(3)):
            index.fault("/pypi", self.random.choice(TROUBLE), times=self.random.choice((1, 1, 9)))
        killed_after = self.random.choice((None, None, 0, 1, 3))
        failed = self._run(index, killed_after)
        self.compare(complete=not failed)

    def _run(self, index: FakeIndex, killed_after: int | None) -> bool:
        """One run; whether it ended early."""
        self.done["syncs"] += 1
        loader = Loader(DuckdbStore(str(self.path)), STREAMS, root="", now=lambda: NOW)
        try:
            with loader:
                services = {"events": service(index, self.since, self.page_size)}
                batches = service_batches(services, STREAMS, self.selection, loader, lambda: NOW)
                for number, batch in enumerate(batches):
                    if batch.failures:
                        self.done[type(batch.failures["events"]).__name__] += 1
                        return True
                    loader.add(batch)
                    if number == killed_after:
                        raise DestinationError("test", "killed")  # what is not committed is lost
                    if self.random.random() < 0.5:
                        loader.commit()
        except DestinationError:
            self.done["killed"] += 1
            return True
        return False

    def compare(self, *, complete: bool) -> None:
        """The table has each event once, in full, from the first one that was read to the cursor."""
        found = rows(self.path, "SELECT serial, name, version, time, action, project FROM events ORDER BY serial")
        assert len({row[0] for row in found}) == len(found)
        if self.first is None and complete:
            self.first = self.entries()[-1].serial if self.visible else 0
        expected = [] if self.first is None else self.expected(self.first)
        if not complete:
            expected = expected[: len(found)]
        assert found == expected
        self.done["rows"] += len(found)

    def expected(self, first: int) -> list[tuple[Any, ...]]:
        """The rows of the visible events after a serial, of selected projects."""
        wanted = {one.project for one in self.selection.projects}
        return [
            (one.serial, one.name, one.version, datetime.fromtimestamp(one.timestamp, UTC), one.action, project)
            for one in self.entries()
            if one.serial > first
            and (project := canonicalize_name(one.name)) is not None
            and (not wanted or project in wanted)
        ]


@contextmanager
def served(history: History) -> Iterator[FakeIndex]:
    """The index of a history, whose journal shows only the visible events."""
    with FakeIndex(history.world, strict=False) as index:
        assert index.xmlrpc is not None
        index.xmlrpc.journal = history.entries
        yield index


def test_histories(tmp_path: Path) -> None:
    """Fifteen random histories; every kind of trouble occurs in them."""
    done: Counter[str] = Counter()
    for seed in range(15):
        folder = tmp_path / str(seed)
        folder.mkdir()
        history = History(seed, folder)
        with served(history) as index:
            for _ in range(6):
                for _ in range(history.random.randrange(12)):
                    history.happen()
                history.sync(index)
        done += history.done
    assert done["syncs"] == 90
    assert min(done[kind] for kind in ("killed", "ServiceError", "ServiceDocumentError", "NotOfferedError")) > 1
    assert done["rows"] > 500


@pytest.mark.parametrize("page_size", [3, 1000])
def test_incremental_equals_a_fresh_sync(tmp_path: Path, page_size: int) -> None:
    """A table that grew over many syncs is the table of one sync from the beginning."""
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    history = History(1, tmp_path / "one")
    history.since, history.page_size, history.selection = "0", page_size, Selection()
    with served(history) as index:
        for _ in range(10):
            for _ in range(9):
                history.happen()
            history.sync(index)
        history.visible = len(history.world.journal)
        index.clear_faults()
        assert index.xmlrpc is not None
        index.xmlrpc.quota = Quota()
        assert not history._run(index, None)
        fresh = History(2, tmp_path / "other")
        fresh.since, fresh.page_size, fresh.selection = "0", 1000, Selection()
        assert not fresh._run(index, None)
    query = "SELECT * EXCLUDE seen_at FROM events ORDER BY serial"
    found = rows(history.path, query)
    assert found == rows(fresh.path, query)
    assert len(found) == len(history.world.journal)
