"""The source of dlt's, in somebody's own pipeline: what it loads, what it asks for, what it remembers."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import dlt
import pytest

from source_pypi.dlt import pypi
from source_pypi.errors import SettingError, UnknownStreamError
from source_pypi.streams import choose_streams
from tests.fake_index import FakeIndex, World
from tests.model.changes import CHANGES, PROJECTS, Site
from tests.warehouses.places import Place, in_order
from tests.warehouses.syncing import ALL, read

pytestmark = pytest.mark.warehouses

Serve = Callable[..., FakeIndex]
Load = Callable[..., None]


@pytest.fixture
def load(database: Place, tmp_path: Path) -> Iterator[Load]:
    """Run the source in a pipeline that is the same for the whole test."""
    sqlite = database.name == "sqlite"
    kind = dlt.destinations.sqlalchemy if sqlite else dlt.destinations.postgres
    pipeline = dlt.pipeline(
        "packages",
        destination=kind(database.into),
        dataset_name="main" if sqlite else "pypi_data",
        pipelines_dir=str(tmp_path / "pipelines"),
    )

    def run(fake: FakeIndex, projects: Sequence[str], *selected: str, **settings: Any) -> None:
        fake.new_run()
        source = pypi(projects, ["all"], index_url=fake.url, requests_per_second=0, releases="all", **settings)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # dlt's own, of SQLAlchemy
            pipeline.run(source.with_resources(*selected) if selected else source)
        fake.new_run()

    yield run
    dlt.pipeline().deactivate()


def held(place: Place, names: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """What is in a place, by stream, without dlt's own columns."""
    made = {}
    for stream in choose_streams(names):
        rows = place.rows(stream)
        made[stream.name] = in_order({name: row[name] for name in row if name[0] != "_"} for row in rows)
    return made


def in_order_of(fake: FakeIndex, projects: Sequence[str], names: Sequence[str]) -> dict[str, Any]:
    """What is on the index, by stream."""
    made = read(fake, projects, choose_streams(names))
    fake.new_run()
    return made


def test_selected(database: Place, load: Load, world: World, serve: Serve) -> None:
    """Only selected streams are loaded, and streams that are not cost nothing: one request a project, whatever is."""
    world.add("flask", releases=["1.0", "2.0"], owner="alice")
    world.add("click")
    fake = serve()
    fake.new_run()
    source = pypi(["flask", "click"], ["all"], index_url=fake.url, requests_per_second=0, releases="all")
    assert set(source.with_resources("files", "roles").selected_resources) == {"files", "roles"}
    load(fake, ["flask", "click"], "files", "roles", "vulnerabilities")
    assert {"files", "roles", "vulnerabilities"} <= database.tables()
    assert not {"versions", "stats", "documents"} & database.tables()
    names = ["files", "roles", "vulnerabilities"]
    assert held(database, names) == in_order_of(fake, ["flask", "click"], names)


def test_anything(database: Place, load: Load, world: World, serve: Serve) -> None:
    """Whatever happens to an index: after each load the tables are those of a first one."""
    site = Site(world)
    for number, name in enumerate(PROJECTS):
        site.happen("create", name, number)
    fake = serve()
    names = [stream.name for stream in ALL]
    for number, change in enumerate([*CHANGES, None]):
        if number % 7 == 0 or change is None:
            load(fake, PROJECTS)
            assert held(database, names) == in_order_of(fake, PROJECTS, names)
        if change is not None:
            site.happen(change, PROJECTS[number % len(PROJECTS)], number)


def test_state(database: Place, load: Load, world: World, serve: Serve, tmp_path: Path) -> None:
    """Where nothing has changed, it is asked on condition, and nothing is loaded, also from another folder of dlt's."""
    world.add("flask", owner="alice")
    fake = serve()
    load(fake, ["flask"], "files", "roles")
    before = held(database, ["files", "roles"])
    source = pypi(["flask"], ["files", "roles"], index_url=fake.url, requests_per_second=0)
    sqlite = database.name == "sqlite"
    kind = dlt.destinations.sqlalchemy if sqlite else dlt.destinations.postgres
    fresh = dlt.pipeline(
        "packages",
        destination=kind(database.into),
        dataset_name="main" if sqlite else "pypi_data",
        pipelines_dir=str(tmp_path / "elsewhere"),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fresh.run(source)
    assert [request.status for request in fake.requests] == [304]
    assert held(database, ["files", "roles"]) == before


def test_settings() -> None:
    """What does not exist is said at once."""
    with pytest.raises(UnknownStreamError):
        pypi(["flask"], ["nosuch"])
    with pytest.raises(SettingError, match="there is no such setting"):
        pypi(["flask"], nosuch=1)
    with pytest.raises(SettingError, match="must be a list of names"):
        pypi("flask")
