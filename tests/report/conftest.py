"""Databases that the tests of the report read, loaded once."""

from pathlib import Path

import pytest

from tests.report.example import example_world, load_example
from tests.report.hostile import load_hostile


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of the example."""
    return load_example(tmp_path_factory.mktemp("example"), example_world())


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of the hostile index."""
    return load_hostile(tmp_path_factory.mktemp("hostile"))
