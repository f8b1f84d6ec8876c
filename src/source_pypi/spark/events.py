"""The stream ``events`` in Spark's streaming: an offset is the serial of an event.

A micro-batch has the events between two serials, so that Spark can read it again. The journal is asked for its last
serial once in ``poll_seconds``, however often Spark asks for new events.
"""

import time
from collections.abc import Callable

from msgspec import Struct

from source_pypi.errors import SettingError
from source_pypi.opening import selection_of
from source_pypi.services.events.api import EVENTS, Events, open_journal
from source_pypi.services.events.journal import PAGE_SIZE
from source_pypi.services.index.api import open_index
from source_pypi.spark.options import ReadOptions
from source_pypi.sync.run import Run

#: Most serials of a micro-batch: a request has as many events.
MOST_SERIALS = PAGE_SIZE


class EventRange(Struct, frozen=True, kw_only=True):
    """What one task of a micro-batch reads.

    :ivar after: the serial after which its events are.
    :ivar until: the serial of its last event.
    :ivar started_at: the time of all its rows, in seconds since 1970.
    """

    options: ReadOptions
    after: int
    until: int
    started_at: float


class EventOffsets:
    """Where a streaming query is in the journal.

    :ivar most: the most serials of a micro-batch.
    :param clock: seconds; tests replace it.
    :raises SettingError: when the stream is not ``events``.
    """

    most = MOST_SERIALS

    def __init__(self, options: ReadOptions, clock: Callable[[], float] = time.monotonic) -> None:
        if options.stream_name != EVENTS:
            reason = (
                f"is {options.stream_name!r}, but only {EVENTS!r} can be read by readStream; use read for the others"
            )
            raise SettingError("stream", reason)
        self.options, self._clock = options, clock
        self._last: int | None = None
        self._requested_at = 0.0
        self._target: int | None = None

    def initial(self) -> int:
        """Return the serial after which a new query begins: that of the last event, or where ``events_since`` says.

        :raises SourceError: when the journal cannot be read.
        """
        journal = open_journal(self.options.config)
        serial = Events(journal, self.options.config.events_since).beginning(time.time()).serial
        self._keep_last(journal.last_serial())
        return serial

    def latest(self, start: int | None, most: int | None = MOST_SERIALS) -> int:
        """Return the serial up to which the next micro-batch reads; ``start``: there is no new event.

        :param start: the serial up to which events have been read; None: not known, so that all new ones are read.
        :param most: the largest difference between the two; None: there is no limit.
        :raises SourceError: when the journal cannot be read.
        """
        last = self._last_serial(start) if self._target is None else self._target
        if start is None:
            return last
        return max(start, last if most is None else min(last, start + most))

    def fix_target(self) -> None:
        """Read no events that come after the journal's present last one.

        :raises SourceError: when the journal cannot be read.
        """
        self._keep_last(open_journal(self.options.config).last_serial())
        self._target = self._last

    def task(self, after: int, until: int) -> EventRange | None:
        """Return the task that reads the events between two serials; None: there are none."""
        if after >= until:
            return None
        return EventRange(options=self.options, after=after, until=until, started_at=time.time())

    def _last_serial(self, start: int | None) -> int:
        """The serial of the last event, as far as it is known; requested if nothing new is known and it is time."""
        is_due = self._last is None or self._clock() - self._requested_at >= self.options.poll_seconds
        if self._last is None or (is_due and (start is None or self._last <= start)):
            return self._keep_last(open_journal(self.options.config).last_serial())
        return self._last

    def _keep_last(self, serial: int) -> int:
        self._last, self._requested_at = serial, self._clock()
        return serial


def open_range(range_: EventRange) -> Run:
    """Return the run that reads the events between two serials. Nothing is requested yet."""
    config, streams = range_.options.config, [range_.options.stream]
    service = Events(open_journal(config), str(range_.after), until=range_.until)
    selection = selection_of(streams, config)
    return Run(
        open_index(config, is_read=False), selection, streams, config, lambda: range_.started_at, {EVENTS: service}
    )
