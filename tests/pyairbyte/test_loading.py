"""Reading into DuckDB, again and again."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fake_index import World
from tests.pyairbyte.environment import PyAirbyte
from tests.pyairbyte.user import CHOSEN, Answer, User

pytestmark = pytest.mark.pyairbyte
#: What each ``read`` of PyAirbyte calls.
CALLS = ["discover --config .json", "spec", "read --config .json --catalog .txt --state .txt"]


@pytest.fixture
def world() -> World:
    """Two projects, with something for every stream that is chosen."""
    world = World()
    world.add("click", releases=["8.0"], owner="ann")
    world.add("flask", releases=["1.0", "2.0"], owner="ann")
    world.add_advisory("flask", "2.0", "PYSEC-1")
    return world


def test_first_read(user: User) -> None:
    """The first read is handed an empty state, asks for all streams as incremental, and loads every row."""
    assert user.read("click", "flask") == 16
    assert user.connector.calls() == CALLS
    assert user.connector.state() == "[]"
    streams = json.loads(user.connector.catalog())["streams"]
    modes = {(one["stream"]["name"], one["sync_mode"], one["destination_sync_mode"]) for one in streams}
    assert modes == {(name, "incremental", "overwrite") for name in CHOSEN}
    assert user.answers() == _asked("click", conditional=False) + _asked("flask", conditional=False)
    live = user.live()
    counted = {"projects": 2, "versions": 3, "files": 6, "roles": 2, "statuses": 2, "vulnerabilities": 1}
    assert {stream: len(rows) for stream, rows in live.items()} == counted
    assert live["roles"] == [
        {"project": "click", "role": "Owner", "user": "ann"},
        {"project": "flask", "role": "Owner", "user": "ann"},
    ]


def test_second_read(user: User, tmp_path: Path) -> None:
    """Handed its state back by another process, with nulls and a key twice, the second read reads nothing twice.

    Every question is on condition and its answer a 304 without a body, there is no record, and no row is written again.
    """
    user.read("click", "flask")
    before, calls = user.tables(), user.connector.calls()
    (tmp_path / "second").mkdir()
    with PyAirbyte(tmp_path / "second") as started:
        assert user.another(started).read("click", "flask") == 0
    assert user.connector.calls() == calls == CALLS
    assert user.answers() == _asked("click", conditional=True) + _asked("flask", conditional=True)
    assert sum(request.body_bytes for request in user.fake.requests) == 0
    after = user.tables()
    assert {stream: after[stream] for stream in CHOSEN} == {stream: before[stream] for stream in CHOSEN}
    handed = user.connector.state()
    assert _states(handed) == _states(f"[{','.join(row['state_json'] for row in before['_airbyte_state'])}]")
    assert [_oddities(message) for message in json.loads(handed, object_pairs_hook=_Pairs)] == [ODDITIES] * len(CHOSEN)


#: What is odd in each message of a state that PyAirbyte hands over: keys that come twice, and explicit nulls.
ODDITIES = (["global_"], ["data", "destinationStats", "global_", "namespace", "rejectedRecordCount"])


class _Pairs(list[tuple[str, Any]]):
    """An object of JSON as it was written."""


def _oddities(message: _Pairs) -> tuple[list[str], list[str]]:
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


def test_what_changed(world: World, user: User) -> None:
    """After changes, the rows that are there are those of a first read; rows that are gone stay, and say since when.

    PyAirbyte knows nothing of ``_ab_cdc_deleted_at``: it merges such a row as any other, so that its key stays in the
    table with the time in that column and nulls in all others. Who uses the table leaves out what has a time there.
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
    assert user.gone() == {
        "files": [{"project": "click", "filename": "click-8.0.tar.gz"}],
        "roles": [{"project": "click", "role": "Owner", "user": "ann"}],
        "vulnerabilities": [{"project": "flask", "version": "2.0", "id": "PYSEC-1"}],
    }
    assert [(row["project"], row["user"]) for row in after] == [("click", "ann"), ("flask", "ann"), ("click", "bob")]


def test_what_comes_back(world: World, user: User) -> None:
    """A row that was gone and is there again is not marked as gone any more."""
    world.remove_role("click", "ann")
    world.add_role("click", "bob")
    user.read("click")
    world.remove_role("click", "bob")
    world.add_role("click", "ann")
    user.read("click")
    assert user.gone() == {"roles": [{"project": "click", "role": "Owner", "user": "bob"}]}
    world.add_role("click", "bob")
    user.read("click")
    assert user.gone() == {}
    assert [row["user"] for row in user.live()["roles"]] == ["ann", "bob"]


def test_added_later(user: User) -> None:
    """A project that is added to the choice later is read whole, the others are not read again."""
    user.read("flask")
    of_flask = user.live()
    user.read("click", "flask")
    assert user.answers() == _asked("click", conditional=False) + _asked("flask", conditional=True)
    user.read("click", "flask", cache="fresh")
    assert user.live() == user.live("fresh")
    assert all(row in user.live()[stream] for stream in CHOSEN for row in of_flask[stream])


def test_selected_later(user: User) -> None:
    """A stream that is selected later is read whole, those selected before are not read again."""
    user.read("click", "flask", streams=("projects", "files"))
    assert user.read("click", "flask") == 8
    user.read("click", "flask", cache="fresh")
    assert user.live() == user.live("fresh")


def _asked(project: str, *, conditional: bool) -> list[Answer]:
    """The questions for the documents that the chosen streams are made from, and their answers."""
    status = 304 if conditional else 200
    return [Answer(path, conditional, status) for path in (f"/pypi/{project}/json", f"/simple/{project}/")]
