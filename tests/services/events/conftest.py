"""An index whose journal has some events."""

from collections.abc import Iterator

import pytest

from tests.fake_index import FakeIndex, World


@pytest.fixture
def index() -> Iterator[FakeIndex]:
    """An index with three projects; the journal has 15 events."""
    world = World()
    world.add("Flask", ["1.0"], owner="alice")
    world.add("Django.Rest", ["2.0"])
    world.add("requests", ["3.0"])
    with FakeIndex(world, strict=False) as opened:
        yield opened
