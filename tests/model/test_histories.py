"""A hundred random histories, the same ones each time; ``make histories`` runs thousands of others."""

import pytest

from tests.model.machine import Histories, LazyHistories, LazyReadHistories, ReadHistories
from tests.model.running import run_histories


@pytest.mark.parametrize(
    ("kind", "count"),
    [(Histories, 6), (LazyHistories, 12), (ReadHistories, 60), (LazyReadHistories, 60)],
    ids=lambda given: given.__name__ if isinstance(given, type) else "",
)
def test_tables_are_those_of_a_full_sync(kind: type[Histories], count: int) -> None:
    """Whatever happens to the index and the settings, after every sync the tables are those of a full sync."""
    assert run_histories(kind, count)["histories"] >= count
