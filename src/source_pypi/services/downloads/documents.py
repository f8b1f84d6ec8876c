"""Download counts of one project, as any source gives them.

Series
    A series is what a source counts in one way: the downloads of each day (the dimensions are empty), or those of each
    day by dimensions, for instance ``version+country``. Each is read on its own and continues on its own.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from msgspec import Struct
from msgspec.structs import replace

from source_pypi.config import DIMENSIONS

#: From this day on, only downloads of wheels and source distributions are counted; before, also those of metadata,
#: signatures, eggs and installers (beyond-index.md 1.1).
COUNTING_CHANGE = date(2026, 8, 24)
#: The last days, which a source is still filling. They are read again by the next run.
LATE_DAYS = 3


class Count(Struct, frozen=True):
    """The downloads in a day.

    :ivar day: the day, in UTC.
    :ivar values: the values of the series' dimensions, in the order of ``DIMENSIONS``; empty texts are unknown.
    :ivar category: what the source leaves out, for instance mirrors; empty for a series with dimensions.
    """

    day: date
    downloads: int
    values: tuple[str, ...] = ()
    category: str = ""


class DownloadCounts(Struct, frozen=True):
    """The downloads of a project that a source returned: the counts of one series.

    :ivar project: the project's normalised name.
    :ivar source: the source's name.
    :ivar dimensions: the dimensions of the series, in the order of ``DIMENSIONS``.
    :ivar today: the day of the source on which it was read; it has the days before it.
    :ivar counts: the counts, at most one for each day, category and values.
    """

    project: str
    source: str
    dimensions: tuple[str, ...]
    today: date
    counts: tuple[Count, ...]

    def slice_of(self, day: date) -> str:
        """The name of the rows of a day, which are replaced together."""
        return slice_name(self.source, self.dimensions, day)

    def since(self, first: date) -> "DownloadCounts":
        """The same without the days before ``first``."""
        return replace(self, counts=tuple(count for count in self.counts if count.day >= first))

    def is_complete(self, day: date) -> bool:
        """Whether the source counts no more downloads for a day: it is none of the last days."""
        return day <= self.today - timedelta(days=LATE_DAYS)

    def values_of(self, count: Count) -> Mapping[str, str]:
        """The values of a count by dimension."""
        return dict(zip(self.dimensions, count.values, strict=True))


def counting_of(day: date) -> str:
    """What counts as a download on a day: ``every-object`` or ``artifacts``."""
    return "every-object" if day < COUNTING_CHANGE else "artifacts"


def slice_name(source: str, dimensions: tuple[str, ...], day: date) -> str:
    """The name of the rows that a source has for a day in one series."""
    return f"{series_name(source, dimensions)} {day}"


def series_name(source: str, dimensions: tuple[str, ...]) -> str:
    """The name of a series."""
    return f"{source} {'+'.join(dimensions)}" if dimensions else source


def breakdowns_of(texts: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """The dimensions of names such as ``version+country``, in the order of ``DIMENSIONS``; each breakdown once."""
    named = ({name.strip() for name in text.split("+")} for text in texts)
    return tuple(dict.fromkeys(tuple(name for name in DIMENSIONS if name in names) for names in named))
