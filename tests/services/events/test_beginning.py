"""services/events/beginning.py: where the events at and after a time begin."""

import random
from datetime import UTC, datetime

import pytest

from source_pypi.services.events.beginning import MOST_PROBES, find_beginning, parse_since
from source_pypi.services.events.entries import JournalEntry

#: The journal's time in these tests, and the time of its first event.
NOW, START = 1_795_332_577, 1_100_000_000


class Pages:
    """A journal in memory; ``asked`` are the serials after which its pages were requested."""

    def __init__(self, entries: list[JournalEntry], size: int) -> None:
        self.entries, self.size, self.asked = entries, size, list[int]()

    def since(self, serial: int) -> list[JournalEntry]:
        """The page after a serial."""
        self.asked.append(serial)
        return [entry for entry in self.entries if entry.serial > serial][: self.size]


def journal(seed: int, events: int, size: int, power: float) -> Pages:
    """A journal whose serials have gaps, and whose events become more frequent: by a power of the time."""
    random_ = random.Random(seed)
    serial, entries = 0, list[JournalEntry]()
    for number in range(events):
        serial += random_.choice((1, 1, 1, 2, 5))
        at = START + int((NOW - START) * ((number + 1) / events) ** (1 / power))
        entries.append(JournalEntry("a", None, at, "create", serial))
    return Pages(entries, size)


def begin(pages: Pages, when: float) -> tuple[int, list[JournalEntry] | None]:
    """Where the events at and after a time begin."""
    found = find_beginning(pages.since, pages.entries[-1].serial, datetime.fromtimestamp(when, UTC), NOW, pages.size)
    return found.serial, found.page


@pytest.mark.parametrize("seed", range(40))
def test_first_event_at_or_after_a_time(seed: int) -> None:
    """The search finds the first event at or after any time, and requests few pages, none twice."""
    random_ = random.Random(seed)
    pages = journal(seed, 20_000, random_.choice((50, 200, 1000)), random_.choice((1.0, 2.0, 6.0)))
    when = random_.uniform(START, NOW)
    at = next(place for place, entry in enumerate(pages.entries) if entry.timestamp >= when)
    serial, page = begin(pages, when)
    assert len(pages.asked) == len(set(pages.asked)) <= MOST_PROBES
    after = [entry for entry in pages.entries if entry.serial > serial]
    assert after[0].serial <= pages.entries[at].serial
    if page is not None:
        assert after[0] == pages.entries[at]
        assert page == after[: len(page)]
    else:
        assert len(pages.asked) == MOST_PROBES


@pytest.mark.parametrize(("power", "most"), [(1.0, 5), (2.0, 7), (6.0, 10)])
def test_few_pages(power: float, most: int) -> None:
    """If as many events happen each day, five pages are enough; a journal that grows faster and faster needs more."""
    for when in (START + 1, START + 1e8, NOW - 1e8, NOW - 1e6):
        pages = journal(1, 20_000, 200, power)
        assert begin(pages, when)[1] is not None
        assert len(pages.asked) <= most


def test_time_before_the_journal() -> None:
    """A time before the first event begins at the first event."""
    pages = journal(1, 1000, 100, 1.0)
    assert begin(pages, 0) == (0, pages.entries[:100])


def test_time_after_the_last_event() -> None:
    """A time after the last event, or in the future, begins after it."""
    pages = journal(1, 1000, 100, 1.0)
    last = pages.entries[-1]
    pages.entries[-1] = JournalEntry("a", None, NOW - 100, "create", last.serial)
    assert begin(pages, NOW - 50)[0] == last.serial
    pages.asked.clear()
    assert begin(pages, NOW + 50) == (last.serial, None)
    assert pages.asked == []


def test_empty_journal() -> None:
    """A journal without events begins at zero."""
    pages = Pages([], 100)
    found = find_beginning(pages.since, 0, datetime(2024, 1, 1, tzinfo=UTC), NOW, 100)
    assert (found.serial, found.page) == (0, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("24891358", 24_891_358),
        (" 0 ", 0),
        ("2024-01-31", datetime(2024, 1, 31, tzinfo=UTC)),
        ("2024-01-31T12:00:00+02:00", datetime(2024, 1, 31, 10, tzinfo=UTC)),
        ("2024-01-31 12:00:00Z", datetime(2024, 1, 31, 12, tzinfo=UTC)),
    ],
)
def test_parse_since(text: str, expected: int | datetime) -> None:
    """Digits are a serial, anything else a date or time, in UTC unless it names another zone."""
    assert parse_since(text) == expected


@pytest.mark.parametrize("text", ["yesterday", "", "-5", "2024-13-01"])
def test_invalid_since(text: str) -> None:
    """Any other text is refused."""
    with pytest.raises(ValueError, match=r".*"):
        parse_since(text)
