"""Random histories of late data, failures and runs that end early: the tables are those of a fresh sync.

What a source has forgotten stays, so the tables are compared with all that it ever showed and did not correct later.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fake_downloads import Answer, Downloads, FakeClickhouse, FakePypistats
from tests.fake_downloads.clickhouse import failure
from tests.services.downloads.reading import TODAY, service, sync, table

PROJECTS = ("a", "b", "c")
#: Columns of each table but the time of the visit.
COLUMNS = {
    "downloads": "project, day, source, category, downloads, counting, complete, slice",
    "downloads_by": "project, day, source, dimensions, version, python, system, downloads, counting, complete, slice",
}
#: What a source may answer instead.
FAULTS: dict[type, tuple[Answer, ...]] = {
    FakePypistats: (Answer(503, b"503"), Answer(429, b"429"), Answer(200, b"<html>"), Answer(200, b"{}", cut=1)),
    FakeClickhouse: (failure(201, "quota"), Answer(502, b"<html>"), Answer(200, b"<html>"), failure(396, "too much")),
}
#: How many days after a day its last downloads are known: runs read the last three days again.
LATEST = 4
added = st.tuples(
    st.sampled_from(PROJECTS),
    st.integers(1, 3),
    st.integers(1, 9),
    st.sampled_from(["1.0", "2.0"]),
    st.sampled_from(["pip", "devpi", ""]),
    st.integers(0, 2),
)
step = st.tuples(
    st.lists(added, max_size=6),
    st.integers(0, 2),
    st.lists(st.integers(0, 3), max_size=4),
    st.one_of(st.none(), st.integers(0, 6)),
    st.integers(1, 3),
)


@pytest.mark.parametrize("kind", [FakePypistats, FakeClickhouse])
@given(steps=st.lists(step, min_size=1, max_size=5))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_incremental_equals_fresh(kind: Callable[..., Any], steps: list[Any]) -> None:
    """After any history, the next whole run makes the tables those of a fresh sync."""
    downloads = Downloads(TODAY)
    with tempfile.TemporaryDirectory() as folder, kind(downloads, **_options(kind)) as fake:
        path = Path(folder) / "x.duckdb"
        for adds, days, faults, most, projects in steps:
            for project, days_ago, count, version, installer, late in adds:
                downloads.add(
                    project,
                    days_ago,
                    count,
                    version=version,
                    installer=installer,
                    known_in=min(late, LATEST - days_ago),
                )
            fake.fail(*[None if fault == 3 else FAULTS[kind][fault] for fault in faults])  # type: ignore[index]
            sync(path, service(fake), downloads, *PROJECTS[:projects], most=most)
            fake.failing.clear()
            downloads.pass_days(days)
        downloads.pass_days(1)
        assert not [line for line in sync(path, service(fake), downloads, *PROJECTS) if "has no downloads" not in line]
        fresh = Path(folder) / "fresh.duckdb"
        with kind(downloads, **_options(kind)) as other:
            sync(fresh, service(other), downloads, *PROJECTS)
        for name, columns in COLUMNS.items():
            assert table(path, name, columns) == table(fresh, name, columns)


def _options(kind: object) -> dict[str, Any]:
    return {"once_a_day": False} if kind is FakePypistats else {"quota": 10_000}
