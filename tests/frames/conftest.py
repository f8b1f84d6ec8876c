"""What the tests of data frames share."""

from typing import Any

import pytest

from tests.fake_index import FakeIndex, World


@pytest.fixture
def settings(world: World, fake: FakeIndex) -> dict[str, Any]:
    """Return settings that read an index with three projects."""
    world.add("flask", releases=["1.0", "2.0"], summary="A framework")
    world.add("click", releases=["1.0"])
    world.add("requests", releases=["1.0", "2.0", "3.0"], requires_dist=["click>=1"])
    return {"index_url": fake.url, "requests_per_second": 0}
