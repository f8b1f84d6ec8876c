"""Random histories of an index: incremental tables are those of a fresh load and of the oracle."""

from collections.abc import Sequence

import pytest

from tests.oracle import known
from tests.oracle.histories import reports, written
from tests.oracle.plans import plan
from tests.oracle.product import Product


def _differing(destination: str, seeds: Sequence[int], product: Product) -> list[str]:
    """What differs in the histories of some seeds, a text each."""
    made = [plan(seed, destination, [*product.streams], known.HISTORIES) for seed in seeds]
    return [written(report, kept) for report, kept in reports(made, product) if report.differences]


@pytest.mark.parametrize(
    ("destination", "seeds"),
    [
        ("duckdb", range(15)),
        ("duckdb", range(15, 30)),
        ("read", range(30, 50)),
        ("read", range(50, 75)),
        ("parquet", range(75, 100)),
        pytest.param("sqlite", range(100, 106), marks=pytest.mark.warehouses),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value[0]}-{value[-1]}",
)
def test_histories(product: Product, destination: str, seeds: Sequence[int]) -> None:
    """After every run the tables hold what they must, and at the end what a fresh load and the oracle have."""
    found = _differing(destination, seeds, product)
    assert not found, "\n\n".join(found)
