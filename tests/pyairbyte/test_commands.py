"""PyAirbyte's commands that load nothing."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.fake_index import World
from tests.pyairbyte.environment import PyAirbyteError, executable, variables
from tests.pyairbyte.user import User

pytestmark = pytest.mark.pyairbyte


def test_check(world: World, user: User) -> None:
    """``get_source`` and ``check`` succeed for an existing project."""
    world.add("flask")
    user.check("flask")
    assert user.connector.calls() == ["check --config .json"]


def test_check_of_a_missing_project(user: User) -> None:
    """``check`` fails for a missing project with the connector's message."""
    with pytest.raises(PyAirbyteError) as caught:
        user.check("flask")
    assert caught.value.name == "AirbyteConnectorCheckFailedError"
    assert f"not on the index {user.fake.url}: flask (check the spelling and index_url)" in caught.value.message


def test_records(world: World, user: User) -> None:
    """``list(source.get_records(...))`` has every row of a stream."""
    world.add("flask", releases=["1.0", "2.0"])
    found = [(row["project"], row["version"], row["filename"]) for row in user.records("files", "flask")]
    assert sorted(found) == [
        ("flask", "1.0", "flask-1.0-py3-none-any.whl"),
        ("flask", "1.0", "flask-1.0.tar.gz"),
        ("flask", "2.0", "flask-2.0-py3-none-any.whl"),
        ("flask", "2.0", "flask-2.0.tar.gz"),
    ]


def test_validate(world: World, user: User, tmp_path: Path) -> None:
    """``pyab validate``, which Airbyte requires of connectors, finds no errors."""
    world.add("flask")
    config = json.dumps(user.config("flask"))
    done = subprocess.run(
        [executable("pyab"), "validate", "--connector", user.connector.path, "--config", config],
        cwd=tmp_path,
        env=variables(tmp_path),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, user.connector.calls()) == (
        0,
        ["spec", "discover --config .json", "check --config .json"],
    ), done.stderr
