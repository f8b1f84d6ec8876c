"""Every state that a row has had, with its validity, beside the tables of a database."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from source_pypi.errors import DestinationError
from source_pypi.streams import choose_streams
from source_pypi.streams.stream import Stream
from tests.fake_index import FakeIndex, World
from tests.warehouses.places import Place, Rows, in_folder, in_order, plain
from tests.warehouses.syncing import held, read, sync

pytestmark = pytest.mark.warehouses

Serve = Callable[..., FakeIndex]
STREAMS = choose_streams(["versions", "files", "roles", "vulnerabilities", "release"])
#: Times of syncs, in seconds since 1970.
TIMES = (1_800_000_000, 1_800_000_600, 1_800_001_200, 1_800_001_800)


def history(place: Place, stream: Stream) -> Rows:
    """The states that a stream's rows have had, times as seconds since 1970."""
    made = []
    for row in place.rows(stream, f"{stream.name}_history"):
        times = {name: plain(row[name], "TIMESTAMPTZ") for name in ("valid_from", "valid_to")}
        made.append(row | {name: time and time.timestamp() for name, time in times.items()})
    return in_order(made)


def expected(states: Mapping[float, Rows]) -> Rows:
    """The history that comes of what was there at these times, in their order."""
    made: list[dict[str, Any]] = []
    for time, rows in states.items():
        held = [state for state in made if state["valid_to"] is None]
        for state in held:
            if _row(state) not in rows:
                state["valid_to"] = time
        before = [_row(state) for state in held]
        made += [row | {"valid_from": time, "valid_to": None} for row in rows if row not in before]
    return in_order(made)


def _row(state: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in state.items() if name not in ("valid_from", "valid_to")}


def test_history(database: Place, world: World, serve: Serve) -> None:
    """A state begins with the visit that finds a row like this and ends with the one that does not; one that comes back
    is another state.
    """
    world.add("flask", releases=["1.0", "2.0"], owner="alice")
    world.add("click")
    fake = serve()
    changes: Sequence[Sequence[Callable[[], None]]] = (
        (),
        (lambda: world.yank("flask", "1.0", "bad"), lambda: world.remove_role("flask", "alice")),
        (lambda: world.unyank("flask", "1.0"), lambda: world.add_advisory("flask", "2.0", "PYSEC-1")),
        (lambda: world.delete_release("flask", "1.0"), lambda: world.set_advisories("flask", "2.0", [])),
    )
    states: dict[str, dict[float, Rows]] = {stream.name: {} for stream in STREAMS}
    for time, several in zip(TIMES, changes, strict=True):
        for change in several:
            change()
        fake.new_run()
        sync(database, fake, ["flask", "click"], STREAMS, now=lambda: time, keep_history=time == TIMES[0])  # noqa: B023
        fake.new_run()
        for name, rows in read(fake, ["flask", "click"], STREAMS).items():
            states[name][time] = rows
    assert {s.name: history(database, s) for s in STREAMS} == {n: expected(told) for n, told in states.items()}
    assert held(database, STREAMS) == {name: told[TIMES[-1]] for name, told in states.items()}


def test_begun_later(database: Place, world: World, serve: Serve) -> None:
    """A history that is begun later begins with the rows that are there then."""
    world.add("flask")
    fake = serve()
    files = choose_streams(["files"])
    sync(database, fake, ["flask"], files, now=lambda: TIMES[0])
    fake.new_run()
    sync(database, fake, ["flask"], files, now=lambda: TIMES[1], keep_history=True)
    fake.new_run()
    assert history(database, files[0]) == expected({TIMES[1]: read(fake, ["flask"], files)["files"]})
    times = {row["seen_at"] for row in database.rows(files[0])}
    assert times == {datetime.fromtimestamp(TIMES[1], UTC)}


def test_clock_that_was_ahead_leaves_no_state_in_the_future(database: Place, world: World, serve: Serve) -> None:
    """States that a clock 400 days ahead wrote begin and end with the next visit at the latest."""
    world.add("flask", releases=["1.0"])
    fake, versions = serve(), choose_streams(["versions"])
    changes: list[tuple[float, Callable[[], object]]] = [
        (TIMES[0] + 400 * 86_400, lambda: None),
        (TIMES[0] + 401 * 86_400, lambda: world.yank("flask", "1.0", "bad")),
        (TIMES[0], lambda: world.unyank("flask", "1.0")),
    ]
    for time, change in changes:
        change()
        fake.new_run()
        sync(database, fake, ["flask"], versions, now=lambda: time, keep_history=True)  # noqa: B023
    states = [(row["valid_from"], row["valid_to"]) for row in history(database, versions[0])]
    assert sorted(states, key=repr) == [(TIMES[0], TIMES[0]), (TIMES[0], TIMES[0]), (TIMES[0], None)]


def test_moments_have_none(database: Place, world: World, serve: Serve) -> None:
    """What tells of the moment only has no history."""
    world.add("flask")
    sync(database, serve(), [], choose_streams(["stats"]), keep_history=True)
    assert "stats_history" not in database.tables()


def test_not_in_a_folder(tmp_path: Path, world: World, serve: Serve) -> None:
    """A folder keeps no history, and says so before anything is asked for."""
    fake = serve()
    with pytest.raises(DestinationError, match=r"cannot write .*: a history \(--history\) needs a database"):
        sync(in_folder(tmp_path / "pypi"), fake, ["flask"], choose_streams(["files"]), keep_history=True)
    assert fake.requests == []
