"""sync/run.py: when the index's list of projects takes the place of requests."""

from typing import Any

import pytest

from source_pypi.services.index.api import Index
from tests.fake_index import FakeIndex, World, faults
from tests.memory_store import MemoryStore
from tests.sync.helpers import Connect, paths, visited


def test_project_that_is_no_longer_excluded_is_read(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project that was excluded before is read, although the list has not changed."""
    world.add("a")
    world.add("b")
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, [], ["files"], whole_index=True, exclude=["b"])
    store.sync(fake, index, [], ["files"], whole_index=True)
    assert visited(fake, store) == ["/simple/ 200", "/pypi/b/json 200"]


@pytest.fixture
def three(
    world: World, fake: FakeIndex, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> tuple[Index, MemoryStore]:
    """Three projects that were read, enough for the list to be requested."""
    monkeypatch.setattr("source_pypi.sync.listing.MIN_PROJECTS_FOR_LISTING", 3)
    for name in "abcd":
        world.add(name, releases=["1.0", "2.0"])
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, [*"abc"], ["dependencies"])
    assert paths(fake) == [f"/pypi/{name}/json 200" for name in "abc"], "the list could leave out nothing yet"
    return index, store


def test_list_leaves_changed_and_pinned_projects(
    world: World, fake: FakeIndex, three: tuple[Index, MemoryStore]
) -> None:
    """With enough named projects, only changed and pinned ones are requested."""
    index, store = three
    world.yank("b", "1.0")
    store.sync(fake, index, [*"abc", "d==1.0"], ["dependencies"])
    assert visited(fake, store) == ["/simple/ 200", "/pypi/b/json 200", "/pypi/d/json 200", "/pypi/d/1.0/json 200"]


@pytest.mark.parametrize(
    ("projects", "settings", "each"),
    [
        (["a", "b", "d"], {}, ["a 304", "b 304", "d 200"]),
        (["a", "b", "c==2.0"], {}, ["a 304", "b 304", "c 200"]),
        (["a", "b"], {}, ["a 304", "b 304"]),
        (["a", "b", "c"], {"releases": "all"}, ["a 200", "b 200", "c 200"]),
    ],
    ids=["one is new", "one is pinned", "two", "read on other terms"],
)
def test_list_is_not_requested_if_it_leaves_out_too_few(
    fake: FakeIndex, three: tuple[Index, MemoryStore], projects: list[str], settings: dict[str, Any], each: list[str]
) -> None:
    """If the list could leave out too few projects, each is requested, and the list is not."""
    index, store = three
    store.sync(fake, index, projects, ["dependencies"], **settings)
    assert [path for path in visited(fake, store) if "/1.0/" not in path] == [
        f"/pypi/{name}/json {status}" for name, status in map(str.split, each)
    ]


def test_list_is_not_requested_if_dependencies_are_followed(fake: FakeIndex, three: tuple[Index, MemoryStore]) -> None:
    """If dependencies are followed, each project is requested."""
    index, store = three
    for status in (200, 304):
        store.sync(fake, index, [*"abc"], ["dependencies"], follow_dependencies=1)
        assert paths(fake) == [f"/pypi/{name}/json {status}" for name in "abc"]


def test_named_projects_are_requested_if_the_list_fails(fake: FakeIndex, three: tuple[Index, MemoryStore]) -> None:
    """If the list cannot be read, named projects are requested one by one."""
    index, store = three
    fake.fault("/simple/", faults.unavailable(), times=None)
    given = store.sync(fake, index, [*"abc"], ["dependencies"])
    assert paths(fake) == ["/simple/ 503"] * 7 + [f"/pypi/{name}/json 304" for name in "abc"]
    assert [(batch.project, batch.failures) for batch in given] == [(name, {}) for name in "abc"]
