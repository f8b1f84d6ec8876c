"""Fixtures: the executable of the wheel."""

from pathlib import Path

import pytest

from tests.shipped import install_wheel


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The executable ``source-pypi`` of the wheel, built from the sources and installed."""
    return install_wheel(tmp_path_factory.mktemp("shipped"))
