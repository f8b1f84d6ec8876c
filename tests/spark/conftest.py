"""What the tests of the data source share. Those that need pyspark run in the environment of `make spark` only."""

from importlib.util import find_spec
from typing import Any

import pytest

from tests.fake_index import FakeIndex, World

collect_ignore = [] if find_spec("pyspark") else ["test_source.py", "test_cluster.py"]


def add_projects(world: World) -> None:
    """Add three projects: four, two and six files."""
    world.add("Flask", releases=["1.0", "2.0"], summary="A framework")
    world.add("click", releases=["1.0"])
    world.add("requests", releases=["1.0", "2.0", "3.0"], requires_dist=["click>=1"])


@pytest.fixture
def options(world: World, fake: FakeIndex) -> dict[str, Any]:
    """Return options that read the files of an index with three projects."""
    add_projects(world)
    return {"stream": "files", "index_url": fake.url, "requests_per_second": "0"}
