"""A load of many projects from an index with temporary faults, and one from the same index without them.

``sync`` runs in a process of its own against a generated index, which fails the first request for some of the projects.
Its memory, descriptors and threads are measured while it runs. The tables are compared with those of a load without
faults.
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
from tests.kills.command import Ended, Running, Workdir
from tests.kills.tables import content_of, differences

#: Every fault after which a second request may succeed.
TEMPORARY: Sequence[Fault] = (
    faults.reset(),
    faults.reset_in_body(100),
    faults.truncated(200),
    faults.broken_gzip(),
    faults.too_many("0"),
    faults.unavailable(),
    faults.server_error(500),
    faults.server_error(502),
)
#: The share of the projects whose first request fails.
SHARE = 0.02
#: Seconds between two measurements of a process.
INTERVAL = 0.1
#: Seconds after which a run counts as hanging: for each project, and at least.
SECONDS_A_PROJECT, SECONDS_AT_LEAST = 0.5, 120


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process uses at one time: memory in bytes, open descriptors, threads."""

    memory: int
    descriptors: int
    threads: int


@dataclass(frozen=True, slots=True)
class Load:
    """A run, what it used while it ran, and the number of faults that it got."""

    ended: Ended
    usages: Sequence[Usage]
    faults: int = 0

    @property
    def growth(self) -> float:
        """Memory in the last quarter of the run, relative to the second quarter (medians); the first one warms up."""
        quarter = len(self.usages) // 4
        second, last = self.usages[quarter : 2 * quarter], self.usages[-quarter:]
        return median(usage.memory for usage in last) / median(usage.memory for usage in second)

    @property
    def peak(self) -> int:
        """Peak memory, in bytes."""
        return max(usage.memory for usage in self.usages)

    @property
    def descriptors(self) -> int:
        """The largest number of open descriptors."""
        return max(usage.descriptors for usage in self.usages)

    @property
    def threads(self) -> int:
        """The largest number of threads."""
        return max(usage.threads for usage in self.usages)


@dataclass(slots=True)
class Loads:
    """Loads from one index, which has projects with these names."""

    folder: Path
    index: FakeIndex
    names: Sequence[str]
    concurrency: int = 4
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def without_faults(self) -> tuple[Load, Path]:
        """Load without a fault; return the load and its database."""
        return self._load([])

    def with_faults(self) -> tuple[Load, Path]:
        """Load while the first request for ``SHARE`` of the projects fails; return the load and its database."""
        step = round(1 / SHARE)
        return self._load(list(zip(self.names[::step], itertools.cycle(TEMPORARY))))

    def _load(self, failing: Sequence[tuple[str, Fault]]) -> tuple[Load, Path]:
        number = next(self._numbers)
        folder = self.folder / f"load-{number}"
        folder.mkdir()
        for name, fault in failing:
            self.index.fault(f"/pypi/{name}/json", fault)
        workdir = Workdir(folder, self.index.url)
        config = workdir.settings(projects=list(self.names), max_concurrency=self.concurrency)
        running = workdir.start("sync", "--config", config, "--into", "load.duckdb")
        usages = list(measure(running, max(SECONDS_AT_LEAST, SECONDS_A_PROJECT * len(self.names))))
        load = Load(running.wait(), usages, len(failing) - len(self.index.waiting_faults))
        return load, folder / "load.duckdb"


def measure(running: Running, timeout: float) -> Iterator[Usage]:
    """Yield what a process uses, at intervals, until it ends or the timeout in seconds is over (Linux)."""
    until = time.monotonic() + timeout
    while not running.over and time.monotonic() < until:
        if (usage := _usage(running.process.pid)) is not None:
            yield usage
        time.sleep(INTERVAL)


def _usage(process: int) -> Usage | None:
    """What a process uses; None: it has just ended."""
    folder = Path(f"/proc/{process}")
    try:
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        memory = int(status["VmRSS"].split()[0]) * 1024
        return Usage(memory, len([*(folder / "fd").iterdir()]), int(status["Threads"]))
    except (OSError, KeyError):
        return None


def compare(one: Path, other: Path) -> list[str]:
    """Return how two databases differ, apart from the times of the runs."""
    return differences(content_of(one).tables, content_of(other).tables)
