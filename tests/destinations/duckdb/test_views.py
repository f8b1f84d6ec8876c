"""destinations/duckdb/views.py: questions that many ask."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from source_pypi.config import make_config
from source_pypi.destinations.duckdb.views import VIEWS
from source_pypi.selection import select
from source_pypi.services.index.api import Index
from source_pypi.streams import choose_streams
from source_pypi.sync.run import batches
from tests.destinations.loading import into_duckdb
from tests.fake_index import FakeIndex, World

Connect = Callable[..., Index]
Ask = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture
def ask(tmp_path: Path, fake: FakeIndex, connect: Connect) -> Callable[..., Ask]:
    """Load projects, and ask the database."""

    def load(*projects: str, streams: tuple[str, ...] = ("all",)) -> Ask:
        config = make_config({"projects": projects})
        selection, chosen = select(config), choose_streams(streams)
        with into_duckdb(tmp_path / "pypi.duckdb", chosen, selection.requested) as database:
            for batch in batches(connect(fake), selection, chosen, config):
                database.add(batch)

        def query(text: str) -> list[tuple[Any, ...]]:
            connection = duckdb.connect(str(tmp_path / "pypi.duckdb"))
            connection.execute("SET TimeZone = 'UTC'")
            rows = connection.execute(text).fetchall()
            connection.close()
            return rows

        return query

    return load


def test_dependents(world: World, ask: Callable[..., Ask]) -> None:
    """Dependents tells who needs a project, in which versions and on which condition."""
    world.add(
        "flask",
        releases=["3.0"],
        requires_dist=["flask[dotenv]", "Click>=8", 'python-dotenv; extra == "dotenv"', "(broken"],
    )
    world.add("black", releases=["24.0"], requires_dist=["click==8.1"])
    assert ask("flask", "black")("select * from dependents order by all") == [
        ("click", "black", "24.0", "==8.1", None, None),
        ("click", "flask", "3.0", ">=8", None, None),
        ("python-dotenv", "flask", "3.0", None, 'extra == "dotenv"', "dotenv"),
    ]


def test_latest_files(world: World, ask: Callable[..., Ask]) -> None:
    """Latest files are those of the release that the index chose as the latest."""
    world.add("flask", releases=["1.0", "2.0", "3.0rc1"])
    assert ask("flask")("select distinct project, version, count(*) from latest_files group by all") == [
        ("flask", "2.0", 2)
    ]


def test_release_cadence(world: World, ask: Callable[..., Ask]) -> None:
    """Release cadence counts releases and the days between and since; versions without files have no date."""
    last = datetime.now(UTC).replace(microsecond=0) - timedelta(days=5)
    for version, days in (("1.0", 40), ("1.1rc1", 30), ("1.1", 10), ("1.2", 0)):
        name = f"flask-{version}.tar.gz"
        world.upload("flask", version, filename=name, uploaded_at=last - timedelta(days=days))
    world.release("flask", "9.0")
    ((project, releases, prereleases, first, latest, between, since),) = ask("flask")("select * from release_cadence")
    assert (project, releases, prereleases, between) == ("flask", 4, 1, 10.0)
    assert (first, latest) == (last - timedelta(days=40), last)
    assert since == pytest.approx(5, abs=0.01)


def test_sole_maintainer(world: World, ask: Callable[..., Ask]) -> None:
    """Sole maintainer lists the projects in which one user alone has roles, however many."""
    for name, users in (("alone", ["ann"]), ("twice", ["ann"]), ("pair", ["ann", "bob"]), ("nobody", [])):
        world.add(name)
        for user in users:
            world.add_role(name, user)
    world.add_role("twice", "ann", "Maintainer")
    world.add("owned")
    world.add_role("owned", "ann")
    world.set_organization("owned", "acme")
    found = ask("alone", "twice", "pair", "nobody", "owned")("select * from sole_maintainer order by all")
    assert found == [("alone", "ann"), ("twice", "ann")]


def test_yanked_in_use(world: World, ask: Callable[..., Ask]) -> None:
    """Yanked in use lists yanked versions that the choice of projects or a release's dependency pins."""
    world.add("click", releases=["8.0", "8.1", "8.2"])
    world.yank("click", "8.0", "broken")
    world.yank("click", "8.1")
    world.add("a", releases=["1.0"], requires_dist=["click==8.0.0"])
    world.add("b", releases=["1.0"], requires_dist=["click==8.1", "click>=8.0", "click==8.*", "click==8.1,!=8.2"])
    assert ask("click==v8.0.0", "a", "b")("select * from yanked_in_use order by all") == [
        ("click", "8.0", "broken", "a", "1.0"),
        ("click", "8.0", "broken", "selection", None),
        ("click", "8.1", None, "b", "1.0"),
    ]


@pytest.mark.parametrize("pin", ["2023.07.22", "2023.7.22", "2023.7.22.0"])
def test_yanked_in_any_spelling(world: World, ask: Callable[..., Ask], pin: str) -> None:
    """A pin is found however it is spelt, without any further table for the choice of projects."""
    world.add("certifi", releases=["2023.7.22", "2024.1.1"])
    world.yank("certifi", "2023.7.22")
    found = ask(f"certifi=={pin}", streams=("versions",))("select * from yanked_in_use")
    assert found == [("certifi", "2023.7.22", None, "selection", None)]


def test_commented(world: World, ask: Callable[..., Ask]) -> None:
    """Every view says what its rows are."""
    world.add("flask")
    comments = ask("flask")("select view_name, comment from duckdb_views() where not internal")
    assert dict(comments) == {view.name: f"A row is {view.row}." for view in VIEWS}


def test_made_when_its_tables_are_there(world: World, ask: Callable[..., Ask], fake: FakeIndex) -> None:
    """A view is made once all its tables are there, also when they were loaded one by one."""
    world.add("flask")
    names = "select view_name from duckdb_views() where not internal order by all"
    assert ask("flask", streams=("files",))(names) == []
    fake.new_run()
    assert ask("flask", streams=("versions",))(names) == [
        ("latest_files",),
        ("release_cadence",),
        ("yanked_in_use",),
    ]
