"""sync/run.py: dependencies that are followed, and core metadata that fills gaps."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.batches import rows_in
from tests.fake_index import FakeIndex, World, faults
from tests.memory_store import MemoryStore
from tests.sync.helpers import Connect, agrees, chain, projects_read, read, silent, statuses_of, streams


def test_following_dependencies_changes_no_rows(
    world: World, serve: Callable[..., FakeIndex], connect: Connect
) -> None:
    """Following dependencies of a pin changes nothing in the releases that other streams read."""
    world.add("foo", releases=["1.0", "2.0", "3.0"])
    fake = serve()
    for file in list(world.projects["foo"].releases["1.0"].files):
        world.backfill(file, metadata=b"Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n")
    rows = []
    for chosen in (streams("core_metadata"), streams("core_metadata", "dependencies")):
        fake.new_run()
        settings = {"releases": "all", "follow_dependencies": 1}
        (batch,) = read(connect(fake), ["foo", "foo==1.0"], chosen, **settings)
        rows.append(rows_in(batch).get("core_metadata"))
    assert rows[0] == rows[1]
    assert rows[0] is not None


@pytest.mark.parametrize("projects", [["a"], ["a==1.0"], ["a==1.0", "a"]], ids=str)
@pytest.mark.parametrize("names", [["files"], ["dependencies"], ["files", "release"]], ids=str)
def test_dependencies_of_unchanged_projects_are_read(
    world: World, fake: FakeIndex, connect: Connect, projects: list[str], names: list[str]
) -> None:
    """The dependencies of an unchanged project are known from state, and requested conditionally, too."""
    chain(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, projects, names, follow_dependencies=2)
    first = projects_read(store)
    assert len(first) > 1
    store.sync(fake, index, projects, names, follow_dependencies=2)
    assert projects_read(store) == first
    assert {status for statuses in statuses_of(fake).values() for status in statuses} == {304}
    assert store.rows == {}


def test_following_that_is_switched_on_requests_documents_in_full(
    world: World, fake: FakeIndex, connect: Connect
) -> None:
    """If dependencies are followed later, an unchanged project is requested in full once."""
    chain(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["a"], ["files"])
    store.sync(fake, index, ["a"], ["files"], follow_dependencies=1)
    assert statuses_of(fake) == {f"/pypi/{name}/json": [200] for name in "acd"}
    store.sync(fake, index, ["a"], ["files"], follow_dependencies=1)
    assert statuses_of(fake) == {f"/pypi/{name}/json": [304] for name in "acd"}


def test_new_dependency_is_read_at_once(world: World, fake: FakeIndex, connect: Connect) -> None:
    """The new dependency of a new release is read in the same run."""
    chain(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["a"], ["files"], follow_dependencies=1)
    world.add("a", ["3.0"], requires_dist=["b"])
    store.sync(fake, index, ["a"], ["files"], follow_dependencies=1)
    assert projects_read(store) == ["a", "b"]
    assert agrees(fake, index, store, ["a", "b", "c", "d"], ["files"])


def test_dependencies_of_several_pins_are_read(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If the document of one of two pinned releases has changed, the dependencies of both are read."""
    chain(world)
    index, store = connect(fake), MemoryStore()
    projects, names = ["a==1.0", "a==2.0"], ["files", "release"]
    world.add("a", ["3.0"])
    store.sync(fake, index, projects, names, follow_dependencies=1)
    assert projects_read(store) == ["a", "b", "d", "c"]
    world.add_advisory("a", "1.0", "PYSEC-1")
    for _ in range(2):
        store.sync(fake, index, projects, names, follow_dependencies=1)
        assert projects_read(store) == ["a", "b", "d", "c"]


def test_requirements_that_could_not_be_read_are_requested_again(
    world: World, fake: FakeIndex, connect: Connect
) -> None:
    """The requirements of a pinned release are requested again if its document could not be read."""
    chain(world)
    index, store = connect(fake), MemoryStore()
    fake.fault("/pypi/a/1.0/json", faults.unavailable(), times=None)
    store.sync(fake, index, ["a==1.0"], ["files"], follow_dependencies=1)
    assert (projects_read(store), store.rows) == (["a"], {"files": 4})
    fake.clear_faults()
    store.sync(fake, index, ["a==1.0"], ["files"], follow_dependencies=1)
    assert projects_read(store) == ["a", "b", "d"]


def test_changed_pin_changes_the_dependencies(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If the pin changes, the other release's dependencies are read, also if no stream reads releases."""
    chain(world)
    world.add("a", ["3.0"])
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["a==1.0"], ["files"], follow_dependencies=1)
    store.sync(fake, index, ["a==2.0"], ["files"], follow_dependencies=1)
    assert projects_read(store) == ["a", "c", "d"]


def test_core_metadata_that_fills_gaps_is_requested_once(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Core metadata that fills gaps is requested once, and not again while nothing changes."""
    silent(world)
    index, store = connect(fake), MemoryStore()
    settings: dict[str, Any] = {"core_metadata": True, "follow_dependencies": 1}
    names = ["dependencies", "core_metadata"]
    store.sync(fake, index, ["foo"], names, **settings)
    assert (projects_read(store), store.rows) == (["foo", "filled"], {"dependencies": 1, "core_metadata": 2})
    store.sync(fake, index, ["foo"], names, **settings)
    assert statuses_of(fake) == {"/pypi/foo/json": [304], "/pypi/filled/json": [304]}
    assert projects_read(store) == ["foo", "filled"]
    world.add_role("foo", "ann")
    store.sync(fake, index, ["foo"], names, **settings)
    assert store.rows == {}
    assert agrees(fake, index, store, ["foo"], names, **settings)


@pytest.mark.parametrize(
    ("names", "follow", "expected"), [(["release"], 0, ["foo"]), (["files"], 1, ["foo", "filled"])], ids=str
)
def test_core_metadata_is_requested_only_if_it_fills_a_gap(
    world: World, fake: FakeIndex, connect: Connect, names: list[str], follow: int, expected: list[str]
) -> None:
    """Core metadata is requested if it fills gaps of a stream or dependencies are followed, and otherwise not."""
    silent(world)
    given = list(read(connect(fake), ["foo"], streams(*names), core_metadata=True, follow_dependencies=follow))
    assert [batch.project for batch in given] == expected
    assert sum(path.endswith(".metadata") for path in fake.counts) == follow
