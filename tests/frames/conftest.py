"""What the tests of data frames share."""

from importlib.util import find_spec
from typing import Any

import pytest

from tests.fake_index import FakeIndex, World

#: The environment of `make frames` has the libraries that these files import; others cannot collect them.
collect_ignore = [] if find_spec("polars") and find_spec("datafusion") else ["test_arrow.py", "test_scan.py"]


@pytest.fixture
def settings(world: World, fake: FakeIndex) -> dict[str, Any]:
    """Return settings that read an index with three projects."""
    world.add("flask", releases=["1.0", "2.0"], summary="A framework")
    world.add("click", releases=["1.0"])
    world.add("requests", releases=["1.0", "2.0", "3.0"], requires_dist=["click>=1"])
    return {"index_url": fake.url, "requests_per_second": 0}
