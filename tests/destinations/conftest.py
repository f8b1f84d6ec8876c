"""Fixtures of the destinations' tests."""

from pathlib import Path
from typing import Any

import pytest

from source_pypi.destinations.loader import Loader
from source_pypi.streams import choose_streams
from tests.cli.conftest import run
from tests.destinations.loading import NOW, ROOT, OpenLoader, into_duckdb, into_folder

__all__ = ["open_loader", "run"]


@pytest.fixture(params=["duckdb", "parquet"])
def open_loader(request: pytest.FixtureRequest, tmp_path: Path) -> OpenLoader:
    """Make a loader into the same store, of each kind that needs no server."""

    def make(
        streams: tuple[str, ...] = ("files", "versions"), *, root: str = ROOT, now: float = NOW, **options: Any
    ) -> Loader:
        chosen = choose_streams(streams)
        if request.param == "duckdb":
            return into_duckdb(tmp_path / "x.duckdb", chosen, root=root, now=lambda: now, **options)
        return into_folder(tmp_path / "x", chosen, root=root, now=lambda: now, **options)

    return make
