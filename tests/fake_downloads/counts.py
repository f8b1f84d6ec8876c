"""What the fake sources count: downloads with everything that is recorded of them, which arrive late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

#: Programs that copy an index: pypistats leaves them out of without_mirrors.
MIRRORS = frozenset({"bandersnatch", "z3c.pypimirror", "Artifactory", "devpi"})


@dataclass(frozen=True, slots=True)
class Download:
    """A kind of download; empty texts are unknown."""

    project: str
    day: date
    version: str = "1.0"
    file_type: str = "bdist_wheel"
    python: str = "3.12"
    system: str = "Linux"
    country: str = "DE"
    installer: str = "pip"


@dataclass(slots=True)
class Downloads:
    """How often there was which download.

    today: the sources have the days before this one. late: downloads that the sources do not know yet, until a day.
    """

    today: date
    counts: Counter[Download] = field(default_factory=Counter)
    late: dict[tuple[Download, date], int] = field(default_factory=dict)

    def add(self, project: str, days_ago: int = 1, count: int = 1, *, known_in: int = 0, **values: Any) -> None:
        """Add downloads of a day before today; the sources know them ``known_in`` days from now."""
        one = Download(project, self.today - timedelta(days=days_ago), **values)
        if known_in:
            key = one, self.today + timedelta(days=known_in)
            self.late[key] = self.late.get(key, 0) + count
        else:
            self.counts[one] += count

    def pass_days(self, days: int = 1) -> None:
        """Let days pass: what was late until then is known."""
        self.today += timedelta(days=days)
        for one, until in [key for key in self.late if key[1] <= self.today]:
            self.counts[one] += self.late.pop((one, until))

    def of(self, project: str, oldest: int = 10_000) -> Iterator[tuple[Download, int]]:
        """The downloads of a project that are known, of the last days before today."""
        first = self.today - timedelta(days=oldest)
        for one, count in sorted(self.counts.items(), key=lambda item: repr(item[0])):
            if one.project == project and first <= one.day < self.today and count > 0:
                yield one, count

    def grouped(self, project: str, key: Callable[[Download], Any], oldest: int = 10_000) -> Counter[Any]:
        """The downloads of a project by a key."""
        counted: Counter[Any] = Counter()
        for one, count in self.of(project, oldest):
            counted[key(one)] += count
        return counted
