"""``scan_pypi``: a lazy frame of Polars."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

import source_pypi
from source_pypi.errors import UnknownProjectsError, UnknownStreamError
from tests.fake_downloads import FakeTop
from tests.fake_index import FakeIndex, World

pytestmark = pytest.mark.frames
PROJECT = pl.col("project")


@pytest.mark.parametrize(
    ("predicate", "requested", "rows"),
    [
        (PROJECT == "flask", ["flask"], 4),
        (PROJECT.is_in(["flask", "click"]), ["flask", "click"], 6),
        ((PROJECT == "flask") | (PROJECT == "click"), ["flask", "click"], 6),
        ((PROJECT == "flask") & (pl.col("version") == "1.0"), ["flask"], 2),
        ((pl.col("version") == "1.0") & PROJECT.str.starts_with("r") & (pl.col("size") > 0), ["requests"], 2),
        ((PROJECT == "flask") | (pl.col("version") == "3.0"), ["flask", "click", "requests"], 6),
        (pl.col("version") != PROJECT, ["flask", "click", "requests"], 12),
        (~(PROJECT == "flask"), ["click", "requests"], 8),
        (PROJECT == "nope", [], 0),
        (PROJECT.max() == PROJECT, ["flask", "click", "requests"], 6),
    ],
)
def test_filter_selects_the_requests(
    predicate: pl.Expr, requested: list[str], rows: int, settings: dict[str, Any], fake: FakeIndex
) -> None:
    """A filter that must hold for the project selects the projects that are requested; it is applied all the same."""
    scan = source_pypi.scan_pypi("files", ["flask", "click", "requests"], **settings)
    found = scan.filter(predicate).collect()
    assert [request.path for request in fake.requests] == [f"/pypi/{name}/json" for name in requested]
    fake.new_run()
    eager = source_pypi.read("files", ["flask", "click", "requests"], **settings).to_polars().filter(predicate)
    assert found.height == rows
    assert found.drop("seen_at").equals(eager.drop("seen_at"))


def test_columns(settings: dict[str, Any], fake: FakeIndex) -> None:
    """A query gets the columns that it selects, also where it filters by others."""
    scan = source_pypi.scan_pypi("files", ["flask"], **settings)
    assert scan.filter(PROJECT == "flask", pl.col("size") > 0).select("filename").collect().columns == ["filename"]
    fake.new_run()
    assert scan.select(pl.len()).collect().item() == 4
    fake.new_run()
    assert scan.group_by("version").len().sort("version").collect().rows() == [("1.0", 2), ("2.0", 2)]


def test_schema_takes_no_request(settings: dict[str, Any], fake: FakeIndex) -> None:
    """The schema is that of the rows as a frame, and known without a request."""
    scan = source_pypi.scan_pypi("files", ["flask"], **settings)
    schema = scan.collect_schema()
    assert fake.requests == []
    assert schema == source_pypi.read("files", ["flask"], **settings).to_polars().schema


@pytest.mark.parametrize(
    "query",
    [
        lambda scan: scan.head(3),
        lambda scan: scan.select("project", "filename").head(3),
        lambda scan: scan.filter(pl.col("size") > 0).head(3),
        lambda scan: scan.head(3).filter(pl.col("size") > 0),
        lambda scan: scan.slice(0, 3),
        lambda scan: scan.with_columns(one=1).limit(3),
    ],
)
def test_head_ends_the_requests(query: Callable[[pl.LazyFrame], pl.LazyFrame], world: World, fake: FakeIndex) -> None:
    """A query for a few rows requests only the projects that come first, also with a filter."""
    names = [f"project{number}" for number in range(40)]
    for name in names:
        world.add(name)
    scan = source_pypi.scan_pypi("files", names, index_url=fake.url, requests_per_second=0)
    assert query(scan).collect()["project"].to_list() == ["project0", "project0", "project1"]
    assert len(fake.requests) < 20


@pytest.mark.parametrize(
    ("query", "fewer"),
    [
        (lambda scan: scan.slice(3, 2), True),
        (lambda scan: scan.sort("project").slice(3, 2), False),
    ],
)
def test_slice_ends_the_requests(
    query: Callable[[pl.LazyFrame], pl.LazyFrame], fewer: bool, world: World, fake: FakeIndex
) -> None:
    """A slice that does not begin with the first row ends the requests, too; a sorted query needs all rows."""
    names = [f"project{number:02}" for number in range(40)]
    for name in names:
        world.add(name)
    scan = source_pypi.scan_pypi("files", names, index_url=fake.url, requests_per_second=0)
    assert query(scan).collect()["project"].to_list() == ["project01", "project02"]
    assert (len(fake.requests) < 20) is fewer


@pytest.mark.parametrize(
    ("rows", "predicate", "versions"),
    [
        (5, PROJECT == "click", ["1.0"]),
        (3, PROJECT == "click", []),
        (3, pl.col("packagetype") == "sdist", ["1.0"]),
        (0, PROJECT == "click", []),
    ],
)
def test_filter_after_head(rows: int, predicate: pl.Expr, versions: list[str], settings: dict[str, Any]) -> None:
    """A filter that follows ``head`` applies to the first rows only."""
    scan = source_pypi.scan_pypi("files", ["flask", "click", "requests"], **settings)
    assert scan.head(rows).filter(predicate).collect()["version"].to_list() == versions


def test_dependencies_are_followed_from_all_projects(settings: dict[str, Any], fake: FakeIndex) -> None:
    """If dependencies are followed, a filter leaves no project out: another one may require it."""
    scan = source_pypi.scan_pypi("files", ["requests"], follow_dependencies=1, **settings)
    assert scan.filter(PROJECT == "click").collect().height == 2
    assert len(fake.requests) == 2


def test_each_collect_requests_again(settings: dict[str, Any], fake: FakeIndex) -> None:
    """A lazy frame keeps nothing: each collect reads the index as it is then."""
    scan = source_pypi.scan_pypi("files", ["flask"], **settings)
    assert scan.collect().height == 4
    fake.new_run()
    assert scan.collect().height == 4
    assert len(fake.requests) == 1


def test_most_downloaded_projects(settings: dict[str, Any], fake: FakeIndex) -> None:
    """The list of the setting ``top`` is requested once, by the call; conditions select among its projects."""
    with FakeTop("requests", "click", "flask") as top:
        scan = source_pypi.scan_pypi("files", top=2, top_url=f"{top.url}/top.json", **settings)
        assert scan.filter(PROJECT == "click").collect().height == 2
        assert scan.filter(PROJECT == "flask").collect().height == 0
        fake.new_run()
        assert scan.collect().height == 8
        assert top.paths == ["/top.json"]


def test_errors(settings: dict[str, Any]) -> None:
    """Invalid input is raised by the call, an error of the run by ``collect``."""
    with pytest.raises(UnknownStreamError, match="scan_pypi takes one stream"):
        source_pypi.scan_pypi("all", ["flask"])  # type: ignore[arg-type]
    scan = source_pypi.scan_pypi("files", ["flask", "nope"], **settings)
    with pytest.raises(UnknownProjectsError):
        scan.collect()
