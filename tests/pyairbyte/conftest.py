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
from tests.shipped import install_wheel


@pytest.fixture(scope="session")
def pyairbyte(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PyAirbyte]:
    """Start a process with PyAirbyte."""
    if sys.version_info >= (3, 13) and "PYAIRBYTE_BIN" not in os.environ:
        pytest.skip("PyAirbyte does not install on Python 3.13 or newer")
    with PyAirbyte(tmp_path_factory.mktemp("pyairbyte")) as started:
        yield started


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The executable ``source-pypi`` of the wheel, built from the sources and installed."""
    return install_wheel(tmp_path_factory.mktemp("shipped"))


@pytest.fixture
def user(pyairbyte: PyAirbyte, source: Path, fake: FakeIndex, tmp_path: Path) -> User:
    """Return a user of the connector on the fake index."""
    (tmp_path / "connector").mkdir()
    return User(pyairbyte, Connector(tmp_path / "connector", source), fake, tmp_path)
