"""The product of all tests, whose commands start quickly."""

from collections.abc import Iterator
from functools import partial

import pytest

from tests.oracle import stage
from tests.oracle.product import Product
from tests.oracle.stage import Staged


@pytest.fixture(scope="session")
def product() -> Iterator[Product]:
    """The product; its commands run in forks of a process that has imported it."""
    with Product().forking() as forking:
        yield forking


@pytest.fixture
def staged(product: Product) -> Staged:
    """Makes a stage."""
    return partial(stage.staged, product=product)
