"""An index with one project, for the tests of HTTP."""

import pytest

from tests.fake_index import FakeIndex, World


@pytest.fixture
def flask(world: World, fake: FakeIndex) -> FakeIndex:
    """An index that has Flask."""
    world.add("Flask", summary="A framework. " * 200)
    return fake
