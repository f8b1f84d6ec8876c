"""``spark/events.py``: offsets in the journal, and the events between two of them."""

import pickle
from typing import Any

import pytest

from source_pypi.errors import SettingError
from source_pypi.spark.events import EventOffsets, EventRange, open_range
from source_pypi.spark.options import read_options
from source_pypi.spark.rows import read_rows
from tests.fake_index import FakeIndex, World


class Clock:
    """Seconds that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        """Return them."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock."""
    return Clock()


def offsets(options: dict[str, Any], clock: Clock, **more: str) -> EventOffsets:
    """Return the offsets of a query."""
    return EventOffsets(read_options(options | {"stream": "events"} | more), clock)


def serials(range_: EventRange | None) -> list[int]:
    """Return the serials of the rows that a worker reads."""
    received: EventRange = pickle.loads(pickle.dumps(range_))
    return [row.serial for rows in read_rows(open_range(received), received.options) for row in rows]


def test_new_query_begins_at_the_last_event(
    options: dict[str, Any], clock: Clock, fake: FakeIndex, world: World
) -> None:
    """A query begins at the journal's last event; later events are found when it is time to ask again."""
    query = offsets(options, clock)
    first = query.initial()
    assert (first, query.latest(first), len(fake.requests)) == (world.serial, world.serial, 1)
    fake.new_run()
    world.yank("flask", "1.0")
    clock.now = 59
    assert (query.latest(first), fake.requests) == (first, [])
    clock.now = 60
    assert (query.latest(first), len(fake.requests)) == (first + 1, 1)
    assert serials(query.task(first, first + 1)) == [first + 1]


@pytest.mark.parametrize(("since", "skipped"), [("0", 0), ("5", 5), ("2000-01-01", 0)])
def test_query_begins_where_the_setting_says(
    options: dict[str, Any], clock: Clock, world: World, fake: FakeIndex, since: str, skipped: int
) -> None:
    """``events_since`` is a serial or a date; the events after it come in micro-batches of a limited size."""
    query = offsets(options, clock, events_since=since)
    position, found = query.initial(), list[int]()
    fake.new_run()  # the search for a date may have requested the same page
    while (end := query.latest(position, 4)) != position:
        assert end - position <= 4
        found += serials(query.task(position, end))
        position = end
    assert found == [entry.serial for entry in world.journal][skipped:]
    assert query.latest(0, None) == world.serial


def test_events_between_two_serials_are_the_same_again(
    options: dict[str, Any], clock: Clock, world: World, fake: FakeIndex
) -> None:
    """A micro-batch that is read again has the same rows, though the journal has grown; with names, only theirs."""
    task = offsets(options, clock).task(2, 9)
    first = serials(task)
    assert first == [entry.serial for entry in world.journal if 2 < entry.serial <= 9]
    world.yank("flask", "1.0")
    fake.new_run()
    assert serials(task) == first
    fake.new_run()
    named = serials(offsets(options, clock, path="click").task(0, world.serial))
    assert named == [entry.serial for entry in world.journal if entry.name == "click"]


def test_nothing_new_has_no_task(options: dict[str, Any], clock: Clock) -> None:
    """Between equal offsets there is no task."""
    assert offsets(options, clock).task(5, 5) is None


def test_old_copy_does_not_move_back(options: dict[str, Any], clock: Clock, world: World) -> None:
    """If the journal answers with an older last event than the query has read, the offset stays."""
    query = offsets(options, clock)
    assert query.latest(world.serial + 7) == world.serial + 7


def test_offset_of_a_continued_query_without_start(
    options: dict[str, Any], clock: Clock, world: World, fake: FakeIndex
) -> None:
    """Spark 4.0 does not say where a continued query is: its first micro-batch has all new events."""
    query = offsets(options, clock)
    assert query.latest(None) == world.serial
    fake.new_run()
    world.yank("flask", "1.0")
    assert query.latest(None) == world.serial - 1
    clock.now = 60
    assert query.latest(None) == world.serial


def test_fixed_target(options: dict[str, Any], clock: Clock, world: World) -> None:
    """With a target, events that come later are not read, and nothing is requested."""
    query = offsets(options, clock)
    query.fix_target()
    target = world.serial
    world.yank("flask", "1.0")
    clock.now = 1000
    assert [query.latest(0, 3), query.latest(target - 1, 3), query.latest(target)] == [3, target, target]


def test_other_streams_are_not_streamed(options: dict[str, Any]) -> None:
    """Only the journal has offsets."""
    with pytest.raises(SettingError, match="is 'files', but only 'events' can be read by readStream"):
        EventOffsets(read_options(options))
