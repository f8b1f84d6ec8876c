"""A load of many projects, while the index fails now and then in every way that passes.

Flow
    ``sync`` runs in a process of its own, against a generated index of which a part of the projects fails at the first
    question. What it takes of memory, descriptors and threads is looked at while it runs; what it loaded is compared
    with what it loads from the same index on a good day.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.fake_index import FakeIndex, faults
from tests.fake_index.faults import Fault
from tests.kills.command import Ended, Place, Running
from tests.kills.tables import content_of, differences

#: Every way in which a question fails that may not fail when it is asked again.
PASSING: Sequence[Fault] = (
    faults.reset(),
    faults.reset_in_body(100),
    faults.truncated(200),
    faults.broken_gzip(),
    faults.too_many("0"),
    faults.unavailable(),
    faults.server_error(500),
    faults.server_error(502),
)
#: The part of the projects that fail at first.
PART = 0.02
#: Seconds between two looks at a process.
INTERVAL = 0.1
#: Seconds after which a run counts as hanging, for each project, and in any case.
A_PROJECT, AT_LEAST = 0.5, 120


@dataclass(frozen=True, slots=True)
class Look:
    """What a process holds at a moment: bytes of memory, open descriptors, threads."""

    memory: int
    descriptors: int
    threads: int


@dataclass(frozen=True, slots=True)
class Day:
    """A run, what it held while it ran, and the faults that it met."""

    ended: Ended
    looks: Sequence[Look]
    met: int = 0

    @property
    def growth(self) -> float:
        """Memory in the last quarter of the run beside that in the second one (medians); the first one warms up."""
        quarter = len(self.looks) // 4
        second, last = self.looks[quarter : 2 * quarter], self.looks[-quarter:]
        return median(look.memory for look in last) / median(look.memory for look in second)

    @property
    def peak(self) -> int:
        """The most memory that was seen, in bytes."""
        return max(look.memory for look in self.looks)

    @property
    def descriptors(self) -> int:
        """The most descriptors that were open at once."""
        return max(look.descriptors for look in self.looks)

    @property
    def threads(self) -> int:
        """The most threads that ran at once."""
        return max(look.threads for look in self.looks)


@dataclass(slots=True)
class Days:
    """Days of one index, which has projects of these names."""

    folder: Path
    index: FakeIndex
    names: Sequence[str]
    concurrency: int = 4
    _days: Iterator[int] = field(default_factory=itertools.count)

    def good(self) -> tuple[Day, Path]:
        """A day without a fault, and the database that came of it."""
        return self._day([])

    def bad(self) -> tuple[Day, Path]:
        """A day on which the index fails ``PART`` of the projects at first."""
        step = round(1 / PART)
        return self._day(list(zip(self.names[::step], itertools.cycle(PASSING))))

    def _day(self, failing: Sequence[tuple[str, Fault]]) -> tuple[Day, Path]:
        number = next(self._days)
        folder = self.folder / f"day-{number}"
        folder.mkdir()
        for name, fault in failing:
            self.index.fault(f"/pypi/{name}/json", fault)
        place = Place(folder, self.index.url)
        config = place.settings(projects=list(self.names), max_concurrency=self.concurrency)
        running = place.start("sync", "--config", config, "--into", "day.duckdb")
        looks = list(looked_at(running, max(AT_LEAST, A_PROJECT * len(self.names))))
        day = Day(running.wait(), looks, len(failing) - len(self.index.waiting_faults))
        return day, folder / "day.duckdb"


def looked_at(running: Running, retry_policy: float) -> Iterator[Look]:
    """Look at a process until it ends (Linux)."""
    until = time.monotonic() + retry_policy
    while not running.over and time.monotonic() < until:
        if (look := _look(running.process.pid)) is not None:
            yield look
        time.sleep(INTERVAL)


def _look(process: int) -> Look | None:
    """What a process holds; None: it has just ended."""
    folder = Path(f"/proc/{process}")
    try:
        told = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        return Look(int(told["VmRSS"].split()[0]) * 1024, len([*(folder / "fd").iterdir()]), int(told["Threads"]))
    except (OSError, KeyError):
        return None


def compare(one: Path, other: Path) -> list[str]:
    """How two databases differ, whatever the times of the visits."""
    return differences(content_of(one).tables, content_of(other).tables)
