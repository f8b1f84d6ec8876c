"""The history in a DuckDB file: every state that a row had, with its validity."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from source_pypi.config import make_config
from source_pypi.errors import DestinationError
from source_pypi.selection import select
from source_pypi.services.index.api import Index
from source_pypi.streams import choose_streams
from source_pypi.sync.run import batches
from tests.destinations.loading import into_duckdb
from tests.fake_index import FakeIndex, World, faults
from tests.memory_store import NOW

Connect = Callable[..., Index]
NAMES = ["files", "versions", "release", "listing", "stats"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database goes."""
    return tmp_path / "x.duckdb"


def load(
    path: Path, fake: FakeIndex, index: Index, at: float, *asked: str, history: bool = True, names: Any = None, **s: Any
) -> None:
    """Load projects at some time."""
    fake.new_run()
    config, streams = make_config({"projects": asked, **s}), choose_streams(names or NAMES)
    now = lambda: NOW + at  # noqa: E731
    with into_duckdb(path, streams, root=index.root, keep_history=history, now=now) as database:
        for batch in batches(index, select(config), streams, config, database, now):
            database.add(batch)
        database.finish()


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    """What a query gives."""
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(query).fetchall()


def times(path: Path, table: str, columns: str) -> list[tuple[Any, ...]]:
    """States of rows with their validity in seconds since the first load."""
    since = f"(epoch({{}}) - {NOW})::INTEGER"
    query = f"SELECT {columns}, {since.format('valid_from')}, {since.format('valid_to')} FROM {table} ORDER BY ALL"
    return rows(path, query)


def current(path: Path, table: str) -> list[tuple[Any, ...]]:
    """The states that still hold, as the table has rows."""
    return rows(
        path, f"SELECT * EXCLUDE (valid_from, valid_to) FROM {table}_history WHERE valid_to IS NULL ORDER BY ALL"
    )


def agrees(path: Path) -> bool:
    """Whether what still holds is what is in the tables."""
    tables = ("files", "versions", "release", "listing")
    return all(
        current(path, name) == rows(path, f"SELECT * EXCLUDE (seen_at) FROM {name} ORDER BY ALL") for name in tables
    )


def test_state_lasts_from_visit_to_visit(world: World, fake: FakeIndex, connect: Connect, path: Path) -> None:
    """Each state of a row is kept from the visit that found it so to the one that found it changed or gone."""
    index = connect(fake)
    world.add("foo", releases=["1.0", "2.0"])
    load(path, fake, index, 0, "foo")
    assert agrees(path)
    world.yank("foo", "1.0", "bad")
    load(path, fake, index, 100, "foo")
    load(path, fake, index, 200, "foo")
    world.delete_release("foo", "1.0")
    load(path, fake, index, 300, "foo")
    world.unquarantine("foo")
    load(path, fake, index, 400, "foo")
    assert times(path, "versions_history", "version, yanked") == [
        ("1.0", False, 0, 100),
        ("1.0", True, 100, 300),
        ("2.0", False, 0, None),
    ]
    assert agrees(path)
    assert rows(path, "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'stats_history'") == [(0,)]


def test_states_at_a_time_are_the_table_then(world: World, fake: FakeIndex, connect: Connect, path: Path) -> None:
    """The states that held at a time are the table as it was then."""
    index, was = connect(fake), []
    world.add("foo", releases=["1.0", "2.0"])
    acts: list[Callable[[], object]] = [
        lambda: world.yank("foo", "1.0", "bad"),
        lambda: world.upload("foo", "3.0", filename="foo-3.0.tar.gz"),
        lambda: world.delete_project("foo"),
        lambda: world.add("foo", releases=["4.0"]),
        lambda: None,
    ]
    everything = "SELECT * EXCLUDE (seen_at) FROM files ORDER BY ALL"
    for number, act in enumerate(acts):
        load(path, fake, index, number * 100, "foo", releases="all")
        was.append(rows(path, everything))
        act()
    assert was[3] == []
    for number, expected in enumerate(was):
        at = f"to_timestamp({NOW + number * 100 + 50})"
        query = (
            "SELECT * EXCLUDE (valid_from, valid_to) FROM files_history "
            f"WHERE valid_from <= {at} AND (valid_to IS NULL OR valid_to > {at}) ORDER BY ALL"
        )
        assert rows(path, query) == expected
    assert agrees(path)


def test_unchanged_releases_keep_their_state(world: World, fake: FakeIndex, connect: Connect, path: Path) -> None:
    """Where one release changes, the states of the others continue."""
    index = connect(fake)
    for version in ("1.0", "2.0", "3.0"):
        world.release("foo", version, {"summary": "old"})
    load(path, fake, index, 0, "foo==1.0", "foo==2.0")
    world.add_advisory("foo", "1.0", "PYSEC-1")
    load(path, fake, index, 100, "foo==1.0", "foo==2.0")
    assert times(path, "release_history", "version") == [("1.0", 0, 100), ("1.0", 100, None), ("2.0", 0, None)]
    assert agrees(path)


def test_clock_that_was_ahead_leaves_no_state_in_the_future(
    world: World, fake: FakeIndex, connect: Connect, path: Path
) -> None:
    """States that a clock 400 days ahead wrote begin and end with the next visit at the latest."""
    index, ahead = connect(fake), 400 * 86_400
    world.add("foo", releases=["1.0"])
    load(path, fake, index, ahead, "foo")
    world.yank("foo", "1.0")
    load(path, fake, index, ahead + 100, "foo")
    world.unyank("foo", "1.0")
    load(path, fake, index, 0, "foo")
    world.upload("foo", "2.0", filename="foo-2.0.tar.gz")
    load(path, fake, index, 100, "foo")
    assert times(path, "versions_history", "version, yanked") == [
        ("1.0", False, 0, 0),
        ("1.0", False, 0, 100),  # until it is no longer the latest
        ("1.0", False, 100, None),
        ("1.0", True, 0, 0),
        ("2.0", False, 100, None),
    ]
    assert agrees(path)


def test_state_that_returns_is_a_new_state(world: World, fake: FakeIndex, connect: Connect, path: Path) -> None:
    """A row that returns to an earlier state has a new state."""
    index = connect(fake)
    world.add("foo", releases=["1.0"])
    for number in range(3):
        load(path, fake, index, number * 100, "foo")
        (world.unyank if number else world.yank)("foo", "1.0")
    assert times(path, "versions_history", "yanked") == [(False, 0, 100), (False, 200, None), (True, 100, 200)]


def test_later_history_begins_with_the_rows(world: World, fake: FakeIndex, connect: Connect, path: Path) -> None:
    """A history that is begun later begins with the existing rows, and continues without ``--history``."""
    index = connect(fake)
    world.add("foo", releases=["1.0"])
    load(path, fake, index, 0, "foo", history=False)
    assert rows(path, "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE '%history'") == [(0,)]
    load(path, fake, index, 100, "foo")
    assert times(path, "versions_history", "version") == [("1.0", 0, None)]
    world.yank("foo", "1.0")
    load(path, fake, index, 200, "foo", history=False)
    assert times(path, "versions_history", "yanked") == [(False, 0, 200), (True, 200, None)]
    assert agrees(path)


def test_listing_has_a_history(world: World, fake: FakeIndex, connect: Connect, path: Path) -> None:
    """The list of projects has a history; a state ends when the project is no longer listed."""
    index = connect(fake)
    world.add("foo")
    world.add("bar")
    load(path, fake, index, 0, "foo")
    world.quarantine("bar")
    load(path, fake, index, 100, "foo")
    assert times(path, "listing_history", "project") == [("bar", 0, 100), ("foo", 0, None)]
    assert agrees(path)


def test_outage_ends_no_state(world: World, fake: FakeIndex, connect: Connect, path: Path) -> None:
    """No state ends while the index cannot be read."""
    index = connect(fake)
    world.add("foo")
    load(path, fake, index, 0, "foo")
    world.delete_project("foo")
    fake.fault("/pypi/foo/json", faults.unavailable(), times=None)
    load(path, fake, index, 100, "foo", names=["files", "versions"])
    assert rows(path, "SELECT count(*) FROM files_history WHERE valid_to IS NOT NULL") == [(0,)]
    fake.clear_faults()
    load(path, fake, index, 200, "foo", names=["files", "versions"])
    assert {(begun, ended) for _, begun, ended in times(path, "files_history", "filename")} == {(0, 200)}


def test_states_end_with_the_visit_to_their_project(
    world: World, fake: FakeIndex, connect: Connect, path: Path
) -> None:
    """States end at the time of the visit to their own project, also where several are committed at once."""
    index = connect(fake)
    names = [f"p{number}" for number in range(3)]
    for name in names:
        world.add(name)
    load(path, fake, index, 0, *names, names=["versions"])
    fake.new_run()
    for name in names:
        world.yank(name, "1.0")
    config, streams = make_config({"projects": names}), choose_streams(["versions"])
    clock = iter(range(100, 1000))
    now = lambda: NOW + next(clock)  # noqa: E731
    with into_duckdb(path, streams, root=index.root, now=now) as database:
        for batch in batches(index, select(config), streams, config, database, now):
            database.add(batch)
    ended = rows(path, "SELECT project, valid_to FROM versions_history WHERE valid_to IS NOT NULL ORDER BY project")
    seen = rows(path, "SELECT project, seen_at FROM versions ORDER BY project")
    assert ended == seen
    assert len({at for _, at in seen}) == 3
    assert all(at > datetime.fromtimestamp(NOW, UTC) for _, at in seen)


def test_history_is_commented(path: Path) -> None:
    """The table and its columns have comments."""
    with into_duckdb(path, choose_streams(["versions"]), keep_history=True):
        pass
    comments = dict(
        rows(path, "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'versions_history'")
    )
    assert comments["valid_from"] == "Time of the visit that found the row like this."
    assert comments["valid_to"] == "Time of the visit that found it changed or gone. Null: it still holds."
    assert None not in comments.values()
    assert "seen_at" not in comments
    told = "SELECT comment FROM duckdb_tables() WHERE table_name = 'versions_history'"
    assert rows(path, told) == [("A row is a state that a row of versions had for a time.",)]


def test_foreign_history_table_stays(path: Path) -> None:
    """A table by the name of a history that somebody else made is never changed."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE versions_history (x INTEGER)")
    with (
        pytest.raises(DestinationError, match="'versions_history' that is not ours"),
        into_duckdb(path, choose_streams(["versions"]), keep_history=True),
    ):
        pass
    with into_duckdb(path, choose_streams(["versions"])):
        pass
    assert rows(path, "SELECT * FROM versions_history") == []
