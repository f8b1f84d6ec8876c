"""The queries for ClickHouse, executed by chdb: they return what the fake server understands of them."""

import json
import random
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import combinations
from typing import Any

import pytest

from source_pypi.config import DIMENSIONS
from source_pypi.services.downloads.queries import query_of
from tests.clickhouse.engine import Engine
from tests.fake_downloads import Downloads, FakeClickhouse
from tests.fake_downloads.server import Asked

pytestmark = pytest.mark.clickhouse

TODAY = date(2026, 8, 27)
SERIES = [dimensions for size in range(len(DIMENSIONS) + 1) for dimensions in combinations(DIMENSIONS, size)]
VALUES: dict[str, list[str]] = {
    "version": ["1.0", "2.0rc1", ""],
    "file_type": ["bdist_wheel", "sdist"],
    "python": ["3.12", "2.7", ""],
    "system": ["Linux", "Windows", ""],
    "country": ["DE", ""],
    "installer": ["pip", "uv", "bandersnatch", "devpi", "Artifactory", "z3c.pypimirror", "Nexus", ""],
}


def random_downloads() -> Downloads:
    """Some hundred downloads of three projects with all values."""
    chooser, made = random.Random(1), Downloads(TODAY)
    for _ in range(400):
        values: dict[str, Any] = {name: chooser.choice(known) for name, known in VALUES.items()}
        made.add(chooser.choice(["a", "b-c", "d2"]), chooser.randint(1, 20), chooser.randint(1, 3), **values)
    return made


@pytest.fixture(scope="module")
def downloads() -> Downloads:
    """The downloads of all tests."""
    return random_downloads()


@pytest.fixture(scope="module")
def engine(downloads: Downloads) -> Iterator[Engine]:
    """The tables."""
    made = Engine(downloads)
    yield made
    made.close()


@pytest.mark.parametrize("dimensions", SERIES, ids="+".join)
def test_results_are_those_of_the_fake(engine: Engine, downloads: Downloads, dimensions: tuple[str, ...]) -> None:
    """Each combination of dimensions has a query with the fake server's result: arrays, sums, number of projects."""
    query = query_of("pypi", dimensions)
    parameters = {
        "names": "['a','b-c','unknown']",
        "first": str(TODAY - timedelta(days=12)),
        "until": str(TODAY - timedelta(days=1)),
    }
    found = [comparable(row) for row in json.loads(engine(query, parameters))["data"]]
    path = "/?" + "&".join(f"param_{name}={value}" for name, value in parameters.items())
    with FakeClickhouse(downloads) as fake:
        expected = json.loads(fake.answer(Asked("POST", path, {}, query.encode())).body)["data"]
    assert found == [comparable(row) for row in expected]
    assert len(found) == 2


def test_values_are_parameters(engine: Engine) -> None:
    """Names are never part of the SQL: one with a quote is a name without downloads."""
    parameters = {"names": "['a\\' OR 1=1 --']", "first": "2026-01-01", "until": "2027-01-01"}
    assert json.loads(engine(query_of("pypi", ()), parameters))["data"] == []


def comparable(row: dict[str, Any]) -> dict[str, Any]:
    """A row with its arrays as one list of entries in order; integers may be texts."""
    arrays = sorted(name for name, value in row.items() if isinstance(value, list))
    entries = sorted(zip(*(map(str, row[name]) for name in arrays), strict=True))
    rest = {name: str(value) for name, value in row.items() if name not in arrays}
    return {**rest, "arrays": arrays, "entries": entries}
