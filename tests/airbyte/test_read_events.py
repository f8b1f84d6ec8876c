"""airbyte/read.py: the stream events, and the journal in place of the list."""

from itertools import count
from pathlib import Path
from typing import Any

from source_pypi.config import make_config
from tests.airbyte import NOW, Read, config, records, state_file
from tests.fake_index import FakeIndex, World


def test_events_continue_from_the_state(world: World, fake: FakeIndex, read: Read, tmp_path: Path) -> None:
    """The first read begins at the last event; the next one has the events after it, of the selected projects."""
    world.add("flask")
    world.add("other")
    complete, first = read(config(fake, "flask"), "events")
    assert (complete, records(first, "events")) == (True, [])
    world.yank("flask", "1.0")
    world.yank("other", "1.0")
    fake.new_run()
    complete, second = read(config(fake, "flask"), "events", state=state_file(tmp_path, first))
    assert complete
    assert [(one["project"], one["kind"]) for one in records(second, "events")] == [("flask", "yank_release")]


def test_events_are_read_in_parts(world: World, fake: FakeIndex, read: Read, tmp_path: Path) -> None:
    """STATE is written between pages of events: a read that is killed continues after the last one."""
    world.add("flask", releases=["1.0", "2.0", "3.0"])
    assert fake.xmlrpc is not None
    fake.xmlrpc.page_size = 2
    times = count(int(NOW), 11)
    settings = config(fake, "flask", events_since="0")
    complete, messages = read(settings, "events", now=lambda: next(times))
    states = [place for place, message in enumerate(messages) if message["type"] == "STATE"]
    assert (complete, len(states) >= len(world.journal) // 2) == (True, True)
    before = messages[: states[1] + 1]
    fake.new_run()
    complete, after = read(settings, "events", state=state_file(tmp_path, before), now=lambda: next(times))
    serials = [one["serial"] for one in (*records(before, "events"), *records(after, "events"))]
    assert (complete, len(records(before, "events")) >= 2) == (True, True)
    assert serials == [entry.serial for entry in world.journal]


def test_whole_index_reads_the_journal(world: World, fake: FakeIndex, read: Read, tmp_path: Path) -> None:
    """The second read of the whole index requests the journal in place of the list."""
    for number in range(15):
        world.add(f"p{number}")
    settings: dict[str, Any] = {"whole_index": True, "index_url": fake.url, "requests_per_second": 0}
    complete, first = read(make_config(settings), "files")
    world.project("p3").release("2.0", wheel=True)
    fake.new_run()
    again, second = read(make_config(settings), "files", state=state_file(tmp_path, first), now=lambda: NOW + 3600)
    assert (complete, again) == (True, True)
    requested = {one.path for one in fake.requests if one.status == 200}
    assert requested == {"/pypi", "/pypi/p3/json"}
    assert {one["version"] for one in records(second, "files")} == {"1.0", "2.0"}
