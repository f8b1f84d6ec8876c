"""Where a first sync begins: after a serial, or at a date, of which the journal has no index.

Search for a date
    A page has the times of the 50,000 events after a serial, and so shows how many events happen per day. The next
    guess assumes that this is so up to the date; every third guess is the middle, so that no history makes the search
    long.
    After ``MOST_PROBES`` pages the search ends at the latest event that is known to be before the date: the sync then
    begins earlier, never later. Before the serial 628,000 times run backwards by up to years, and the search for a date
    of that time finds any of the places where it occurs.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct

from source_pypi.services.events.entries import JournalEntry

#: Pages that the search for a date requests.
MOST_PROBES = 12


class Beginning(Struct, frozen=True):
    """The serial after which events are read, and the page after it, if the search has read it."""

    serial: int
    page: list[JournalEntry] | None = None


def parse_since(text: str) -> int | datetime:
    """Return a serial, or a time in UTC, from the setting ``events_since``.

    :raises ValueError: when it is neither a whole number nor a date or time of ISO 8601.
    """
    text = text.strip()
    if text.isascii() and text.isdigit():  # also eight digits: serials have as many
        return int(text)
    time = datetime.fromisoformat(text)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def find_beginning(
    since: Callable[[int], list[JournalEntry]], last_serial: int, time: datetime, now: float, page_size: int
) -> Beginning:
    """Return where the events at and after a time begin.

    :param since: returns a page: the events after a serial.
    :param last_serial: the serial of the last event.
    :param now: the time, in seconds since 1970.
    :param page_size: the events of a full page.
    """
    wanted = time.timestamp()
    if wanted > now:
        return Beginning(last_serial)
    low, high = 0, last_serial  # events up to low are before the time; those after high are not
    near, per_second = (last_serial, now), last_serial / max(now, 1.0)
    for probe in range(MOST_PROBES):
        if low >= high:
            break
        straight = int(near[0] + (wanted - near[1]) * per_second) - page_size // 2
        guess = _guess(low, high, straight, probe, page_size)
        page = since(guess)
        at = next((place for place, entry in enumerate(page) if entry.timestamp >= wanted), None)
        if at is None:  # all before the time
            low = page[-1].serial if page else high
        elif at or guess <= low:
            begin = page[at - 1].serial if at else guess
            return Beginning(begin, page[at:])
        else:
            high = guess
        if page:
            first, last = page[0], page[-1]
            near = (first.serial, float(first.timestamp))
            per_second = (last.serial - first.serial) / max(last.timestamp - first.timestamp, 1)
    return Beginning(low)


def _guess(low: int, high: int, straight: int, probe: int, page_size: int) -> int:
    """The serial after which to look: a straight line from the last page leads there; every third time the middle."""
    if high - low <= page_size:
        return low
    if probe % 3 == 2:
        return (low + high) // 2
    return min(max(straight, low), high - 1)
