"""Fixtures: PyAirbyte, started once, and its user."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_index import FakeIndex
from tests.pyairbyte.connector import Connector
from tests.pyairbyte.environment import PyAirbyte
from tests.pyairbyte.user import User


@pytest.fixture(scope="session")
def pyairbyte(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PyAirbyte]:
    """Start a process with PyAirbyte."""
    if sys.version_info >= (3, 13) and "PYAIRBYTE_BIN" not in os.environ:
        pytest.skip("PyAirbyte does not install on Python 3.13 or newer")
    with PyAirbyte(tmp_path_factory.mktemp("pyairbyte")) as started:
        yield started


@pytest.fixture
def user(pyairbyte: PyAirbyte, fake: FakeIndex, tmp_path: Path) -> User:
    """Return a user of the connector on the fake index."""
    (tmp_path / "connector").mkdir()
    return User(pyairbyte, Connector(tmp_path / "connector"), fake, tmp_path)
