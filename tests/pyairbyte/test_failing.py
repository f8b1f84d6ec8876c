"""Failed reads: PyAirbyte raises, and the caches stay unchanged."""

import pytest

from tests.fake_index import World, faults
from tests.pyairbyte.environment import PyAirbyteError
from tests.pyairbyte.user import SELECTED, User

pytestmark = pytest.mark.pyairbyte


def test_failed_first_read(world: World, user: User) -> None:
    """If a project fails in a first read, no rows and no state are kept; the next read loads everything."""
    world.add("click", owner="ann")
    world.add("flask", owner="ann")
    user.fake.fault("/pypi/flask/json", faults.forbidden())
    with pytest.raises(PyAirbyteError) as caught:
        user.read("click", "flask")
    assert caught.value.name == "AirbyteConnectorFailedError"
    assert {name: rows for name, rows in user.tables().items() if rows and name != "_airbyte_streams"} == {}
    user.read("click", "flask")
    assert user.connector.state() == "[]"
    user.read("click", "flask", cache="fresh")
    assert user.live() == user.live("fresh")
    assert [row["project"] for row in user.live()["roles"]] == ["click", "flask"]


def test_failed_later_read(world: World, user: User) -> None:
    """If a project fails in a later read, tables and state stay unchanged; the next read loads the changes.

    The state of the other project is lost with its rows, so both are read again.
    """
    world.add("click", owner="ann")
    world.add("flask", owner="ann")
    user.read("click", "flask")
    before = user.tables()
    for project in ("click", "flask"):
        world.remove_role(project, "ann")
        world.yank(project, "1.0", "broken")
    user.fake.fault("/pypi/flask/json", faults.forbidden())
    with pytest.raises(PyAirbyteError):
        user.read("click", "flask")
    assert user.tables() == before
    user.read("click", "flask")
    user.read("click", "flask", cache="fresh")
    assert user.live() == user.live("fresh")
    assert user.deleted() == {
        "roles": [
            {"project": "click", "role": "Owner", "user": "ann"},
            {"project": "flask", "role": "Owner", "user": "ann"},
        ]
    }
    assert user.live().keys() == set(SELECTED)
