"""Random histories of an export, with late data, lagging files, faults and kills: a sync equals a fresh one."""

import random
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from source_pypi.services.advisories import api
from source_pypi.sync.batch import Batch
from tests.databases import rows
from tests.fake_advisories import Database, FakeAdvisories, Fault, random_records
from tests.fake_advisories.database import zip_of
from tests.fake_advisories.records import START, timestamp
from tests.services.advisories.loading import NOW, contents, load

pytest.importorskip("cvss")
_PROJECTS = ("flask", "requests", "zope-interface", "evil")
_FAULTS = (
    Fault(403),
    Fault(404),
    Fault(418),
    Fault(body=b"<html>Sign in</html>"),
    Fault(body=zip_of({"README": b"x"})),
    Fault(wrong_hash=True),
)


class History:
    """A random history of an export and of the syncs that read it.

    :param selected: the selected projects; empty: all.
    """

    def __init__(self, seed: int, place: Path, fake: FakeAdvisories, selected: tuple[str, ...]) -> None:
        self.chance, self.place, self.fake, self.selected = random.Random(seed), place, fake, selected
        self.database = fake.database
        self.now = float(NOW)
        self.fresh_records = random_records(400, seed, _PROJECTS)
        self.steps = (
            *(self.publish, self.publish, self.change, self.change, self.withdraw, self.remove),
            *(self.hold, self.lag, self.fault, self.kill, self.sync, self.sync, self.wait),
        )

    def run(self, length: int) -> None:
        """Take random steps."""
        self.publish(20)
        for _ in range(length):
            self.chance.choice(self.steps)()

    def sync(self) -> None:
        """Sync; errors are expected."""
        self.now += 60
        load(self.place, self.fake.url, now=self.now, projects=self.selected)

    def settle(self) -> None:
        """Make everything current, and sync until nothing changes."""
        self.fake.clear_faults()
        self.database.release()
        for _ in range(3):
            self.sync()

    def publish(self, most: int = 5) -> None:
        """Publish new records, some of them modified long ago."""
        for _ in range(self.chance.randint(1, most)):
            record = self.fresh_records.pop()
            ago = timedelta(hours=self.chance.choice((0, 0, 0, 5, 100)))
            self.database.now += timedelta(seconds=1)
            self.database.publish(record | {"modified": timestamp(self.database.now - ago)}, export=False)
        self.database.export()

    def change(self) -> None:
        """Change records: another summary, and other projects and ranges."""
        for identifier in self._some(3):
            values = {"summary": str(self.chance.random()), "affected": self.fresh_records.pop()["affected"]}
            self.database.change(identifier, **values)

    def withdraw(self) -> None:
        """Withdraw a record."""
        for identifier in self._some(1):
            self.database.change(identifier, withdrawn=timestamp(self.database.now))

    def remove(self) -> None:
        """Remove a record."""
        for identifier in self._some(1):
            self.database.remove(identifier)

    def hold(self) -> None:
        """Keep new records out of the export for a while."""
        names = {one["id"] for one in self.database.records.values()}
        self.publish()
        self.database.hold(*(self.database.records.keys() - names))
        self.database.export()

    def lag(self) -> None:
        """Export the list, the zip or the files only, after a change."""
        for identifier in self._some(2):
            self.database.change(identifier, summary=str(self.chance.random()), export=False)
        which = self.chance.choice(("files", "listing", "archive"))
        self.database.export(**({"files": False, "listing": False, "archive": False} | {which: True}))

    def fault(self) -> None:
        """Let some of the next requests fail."""
        self.fake.fault(self.chance.choice(("all.zip", "modified_id.csv", ".json")), self.chance.choice(_FAULTS))

    def wait(self) -> None:
        """Let days pass."""
        self.now += self.chance.choice((1, 3, 8)) * 86_400

    def kill(self) -> None:
        """End a sync at one of its commits."""
        left = [self.chance.randint(0, 2)]

        def stop(batch: Batch) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt

        self.now += 60
        with suppress(KeyboardInterrupt):
            load(self.place, self.fake.url, now=self.now, projects=self.selected, on_batch=stop)

    def _some(self, most: int) -> list[str]:
        there = sorted(self.database.records)
        return self.chance.sample(there, min(len(there), self.chance.randint(1, most)))


def without(tables: dict[str, list[tuple[Any, ...]]], identifiers: set[str]) -> dict[str, list[tuple[Any, ...]]]:
    """Rows of other advisories than these; the identifier comes first."""
    return {name: [row for row in found if row[0] not in identifiers] for name, found in tables.items()}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("selected", [(), ("flask", "evil")], ids=["all", "selected"])
def test_history_equals_a_fresh_sync(
    tmp_path: Path, seed: int, selected: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After any history, the tables are those of a fresh sync, and advisories that disappeared are marked."""
    monkeypatch.setattr(api, "PORTION", 7)
    monkeypatch.setattr(api, "MOST_SINGLE", 6)
    monkeypatch.setattr("source_pypi.http.client.SHORTEST_BACKOFF", 0.01)
    with FakeAdvisories(Database()) as fake:
        fake.database.now = START
        history = History(seed, tmp_path / "x.duckdb", fake, selected)
        history.run(25)
        history.settle()
        load(tmp_path / "fresh.duckdb", fake.url, now=history.now, projects=selected)
        there = set(fake.database.records)
        found, fresh = contents(tmp_path / "x.duckdb"), contents(tmp_path / "fresh.duckdb")
        gone = {str(row[0]) for row in found["advisories"]} - there
        assert without(found, gone) == fresh
        query = "SELECT id FROM removed_advisories WHERE removed_at IS NOT NULL"
        assert {one for (one,) in rows(tmp_path / "x.duckdb", query)} == gone
