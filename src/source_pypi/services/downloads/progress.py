"""How far each series of a project has been read: the cursor of a stream of downloads."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import msgspec
from msgspec import Struct

from source_pypi.services.downloads.documents import LATE_DAYS, DownloadCounts, series_name, slice_name
from source_pypi.services.service import Cursor

#: A source has the downloads of a day from this time of the next day on: its load begins at 01:00 UTC.
LOADED_AFTER = timedelta(hours=1, minutes=30)
#: A day that is longer ago and has no downloads any more has been forgotten, not corrected.
CORRECTED_DAYS = 30


class SeriesProgress(Struct, frozen=True, array_like=True):
    """How far a series has been read.

    :ivar newest: the newest day that had downloads; None: no day had.
    :ivar read_on: the day of the source on which it was last read.
    """

    newest: date | None
    read_on: date


_DECODER = msgspec.json.Decoder(dict[str, SeriesProgress])


class Progress:
    """How far the series of one project and stream have been read, by all sources.

    :param cursor: what an earlier run left; None, or one of other fields: nothing has been read.
    """

    def __init__(self, cursor: Cursor | None) -> None:
        self._series: dict[str, SeriesProgress] = {}
        if cursor is not None and cursor.comparable:
            try:
                self._series = _DECODER.decode(cursor.value)
            except msgspec.MsgspecError:
                self._series = {}

    def is_read(self, source: str, dimensions: tuple[str, ...], today: date) -> bool:
        """Whether a series has been read on this day of the source."""
        known = self._series.get(series_name(source, dimensions))
        return known is not None and known.read_on >= today

    def since(self, source: str, dimensions: tuple[str, ...]) -> date | None:
        """The first day to read: the last three days that had downloads are read again. None: every day."""
        known = self._series.get(series_name(source, dimensions))
        if known is None or known.newest is None:
            return None
        return known.newest - timedelta(days=LATE_DAYS - 1)

    def after(self, counts: DownloadCounts) -> bytes:
        """The cursor after these counts were read; they are remembered."""
        name = series_name(counts.source, counts.dimensions)
        before = self._series.get(name)
        days = [min(count.day, counts.today) for count in counts.counts]
        newest = max(days, default=None if before is None else before.newest)
        self._series[name] = SeriesProgress(newest, counts.today)
        return msgspec.json.encode(self._series, order="sorted")


def source_day(now: float) -> date:
    """The day of the sources at a time, in seconds since 1970: they have the days before it."""
    return (datetime.fromtimestamp(now, UTC) - LOADED_AFTER).date()


def replaced_slices(counts: DownloadCounts, since: date | None) -> tuple[str, ...]:
    """The slices of the days that were read again, with or without downloads; none if every day was read.

    Days that the source may have forgotten are left out: their rows stay.
    """
    if since is None or not counts.counts:
        return ()
    first = max(since, counts.today - timedelta(days=CORRECTED_DAYS))
    return tuple(slice_name(counts.source, counts.dimensions, day) for day in _days(first, counts.today))


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)
