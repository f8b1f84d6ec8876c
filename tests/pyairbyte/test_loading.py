"""Repeated reads into DuckDB."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fake_index import World
from tests.pyairbyte.environment import PyAirbyte
from tests.pyairbyte.user import SELECTED, Request, User

pytestmark = pytest.mark.pyairbyte
#: The calls of each ``read`` of PyAirbyte.
CALLS = ["discover --config .json", "spec", "read --config .json --catalog .txt --state .txt"]


@pytest.fixture
def world() -> World:
    """Return an index with two projects that have rows for every selected stream."""
    world = World()
    world.add("click", releases=["8.0"], owner="ann")
    world.add("flask", releases=["1.0", "2.0"], owner="ann")
    world.add_advisory("flask", "2.0", "PYSEC-1")
    return world


def test_first_read(user: User) -> None:
    """The first read gets an empty state, has all streams as incremental, and loads every row."""
    assert user.read("click", "flask") == 16
    assert user.connector.calls() == CALLS
    assert user.connector.state() == "[]"
    streams = json.loads(user.connector.catalog())["streams"]
    modes = {(one["stream"]["name"], one["sync_mode"], one["destination_sync_mode"]) for one in streams}
    assert modes == {(name, "incremental", "overwrite") for name in SELECTED}
    assert user.requests() == _requests("click", conditional=False) + _requests("flask", conditional=False)
    live = user.live()
    counted = {"projects": 2, "versions": 3, "files": 6, "roles": 2, "statuses": 2, "vulnerabilities": 1}
    assert {stream: len(rows) for stream, rows in live.items()} == counted
    assert live["roles"] == [
        {"project": "click", "role": "Owner", "user": "ann"},
        {"project": "flask", "role": "Owner", "user": "ann"},
    ]


def test_second_read_loads_nothing(user: User, tmp_path: Path) -> None:
    """A second read by another process, with its state passed back, requests conditionally and loads nothing.

    Every response is a 304 without a body, and no row is written again.
    """
    user.read("click", "flask")
    before, calls = user.tables(), user.connector.calls()
    (tmp_path / "second").mkdir()
    with PyAirbyte(tmp_path / "second") as started:
        assert user.with_process(started).read("click", "flask") == 0
    assert user.connector.calls() == calls == CALLS
    assert user.requests() == _requests("click", conditional=True) + _requests("flask", conditional=True)
    assert sum(request.body_bytes for request in user.fake.requests) == 0
    after = user.tables()
    assert {stream: after[stream] for stream in SELECTED} == {stream: before[stream] for stream in SELECTED}
    state = user.connector.state()
    assert _states(state) == _states(f"[{','.join(row['state_json'] for row in before['_airbyte_state'])}]")
    assert [_irregularities(message) for message in json.loads(state, object_pairs_hook=_Pairs)] == [
        IRREGULARITIES
    ] * len(SELECTED)


#: Irregularities of each state message that PyAirbyte passes: repeated keys, and explicit nulls.
IRREGULARITIES = (["global_"], ["data", "destinationStats", "global_", "namespace", "rejectedRecordCount"])


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as its keys and values, in order."""


def _irregularities(message: _Pairs) -> tuple[list[str], list[str]]:
    names = [name for name, _ in message]
    return sorted({name for name in names if names.count(name) > 1}), sorted(set(_nulls(message)))


def _nulls(written: _Pairs) -> Iterator[str]:
    for name, value in written:
        if value is None:
            yield name
        elif isinstance(value, _Pairs):
            yield from _nulls(value)


def _states(messages: str) -> dict[str, Any]:
    streams = [message["stream"] for message in json.loads(messages)]
    return {stream["stream_descriptor"]["name"]: stream["stream_state"] for stream in streams}


def test_changes_are_merged(world: World, user: User) -> None:
    """After changes the live rows are those of a first read; deleted rows stay with the time of their deletion.

    PyAirbyte merges a row with ``_ab_cdc_deleted_at`` like any other: its key and that time stay in the table, with
    nulls in the other columns. Users of the table filter by that column.
    """
    user.read("click", "flask")
    world.yank("flask", "1.0", "broken")
    world.upload("flask", "2.0", filename="flask-2.0-cp312-cp312-win_amd64.whl")
    world.set_advisories("flask", "2.0", [])
    world.delete_file("click-8.0.tar.gz")
    world.remove_role("click", "ann")
    world.add_role("click", "bob", "Maintainer")
    user.read("click", "flask")
    after = user.tables()["roles"]
    user.read("click", "flask", cache="fresh")
    assert user.live() == user.live("fresh")
    assert user.deleted() == {
        "files": [{"project": "click", "filename": "click-8.0.tar.gz"}],
        "roles": [{"project": "click", "role": "Owner", "user": "ann"}],
        "vulnerabilities": [{"project": "flask", "version": "2.0", "id": "PYSEC-1"}],
    }
    assert [(row["project"], row["user"]) for row in after] == [("click", "ann"), ("flask", "ann"), ("click", "bob")]


def test_restored_row_is_not_deleted(world: World, user: User) -> None:
    """A deleted row that exists again is no longer marked as deleted."""
    world.remove_role("click", "ann")
    world.add_role("click", "bob")
    user.read("click")
    world.remove_role("click", "bob")
    world.add_role("click", "ann")
    user.read("click")
    assert user.deleted() == {"roles": [{"project": "click", "role": "Owner", "user": "bob"}]}
    world.add_role("click", "bob")
    user.read("click")
    assert user.deleted() == {}
    assert [row["user"] for row in user.live()["roles"]] == ["ann", "bob"]


def test_added_project_is_read_in_full(user: User) -> None:
    """A project that is added later is read in full; the others are not read again."""
    user.read("flask")
    of_flask = user.live()
    user.read("click", "flask")
    assert user.requests() == _requests("click", conditional=False) + _requests("flask", conditional=True)
    user.read("click", "flask", cache="fresh")
    assert user.live() == user.live("fresh")
    assert all(row in user.live()[stream] for stream in SELECTED for row in of_flask[stream])


def test_added_stream_is_read_in_full(user: User) -> None:
    """A stream that is selected later is read in full; the others are not read again."""
    user.read("click", "flask", streams=("projects", "files"))
    assert user.read("click", "flask") == 8
    user.read("click", "flask", cache="fresh")
    assert user.live() == user.live("fresh")


def _requests(project: str, *, conditional: bool) -> list[Request]:
    """Return the requests for the documents of the selected streams."""
    status = 304 if conditional else 200
    return [Request(path, conditional, status) for path in (f"/pypi/{project}/json", f"/simple/{project}/")]
