"""The places, each empty; the server is started once."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.warehouses.places import Place

#: Without dlt there is nothing to collect: these tests have an environment of their own.
collect_ignore_glob = [] if find_spec("dlt") else ["test_*.py"]
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a PostgreSQL."""
    from tests.warehouses import postgres

    if postgres.programs() is None:
        pytest.fail("PostgreSQL is missing: run make warehouses, which installs it")
    with postgres.running() as address:
        yield address


@pytest.fixture
def in_postgres(server: str) -> "Place":
    """An empty database."""
    from tests.warehouses import places

    return places.in_postgres(server, "packages")


@pytest.fixture(params=["postgres", "sqlite", "parquet"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> "Place":
    """An empty place of each kind."""
    from tests.warehouses import places

    if request.param == "postgres":
        made: Place = request.getfixturevalue("in_postgres")
        return made
    return places.in_sqlite(tmp_path / "pypi.db") if request.param == "sqlite" else places.in_folder(tmp_path / "pypi")


@pytest.fixture(params=["postgres", "sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> "Place":
    """An empty database of each kind."""
    from tests.warehouses import places

    if request.param == "postgres":
        made: Place = request.getfixturevalue("in_postgres")
        return made
    return places.in_sqlite(tmp_path / "pypi.db")
