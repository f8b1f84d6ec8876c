"""sync/deletions.py: projects that disappear are deleted only if the index is healthy, and not too many at once."""

from typing import Any

import pytest

from source_pypi.errors import MassDeletionError, ShortListError, UnconfirmedDeletionError
from source_pypi.services.index.api import Index
from source_pypi.services.index.documents.page import JSON_PAGE
from source_pypi.sync.deletions import are_too_many
from tests.fake_index import FakeIndex, World, faults
from tests.memory_store import MemoryStore
from tests.sync.helpers import Connect, paths

NAMES = [f"p{number}" for number in range(10)]
STREAMS = ["files", "versions", "statuses"]


def loaded(world: World, fake: FakeIndex, index: Index, names: list[str], **settings: Any) -> MemoryStore:
    """Return a store into which these projects were read."""
    for name in names:
        world.add(name)
    store = MemoryStore()
    store.sync(fake, index, [] if settings else names, STREAMS, **settings)
    return store


def gone(store: MemoryStore) -> set[str]:
    """Return the projects whose files were deleted in the last run."""
    return {str(key["filename"]).split("-")[0] for key in store.deleted_keys.get("files", [])}


def errors(store: MemoryStore) -> dict[str, type[Exception]]:
    """Return the type of each stream's error in the last run, apart from errors of single projects."""
    return {name: type(e) for b in store.batches if b.project is None for name, e in b.failures.items()}


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize("names", [NAMES, NAMES[:2]], ids=["ten", "two"])
def test_index_that_answers_404_to_everything_deletes_nothing(
    world: World, fake: FakeIndex, connect: Connect, names: list[str], status: int
) -> None:
    """If nothing but 404 or 410 comes, every row stays, and each stream has one error; the next run reads as before."""
    index = connect(fake)
    store = loaded(world, fake, index, names)
    before = store.tables()
    fake.fault("*", faults.missing(status), times=None)
    store.sync(fake, index, names, STREAMS)
    assert store.tables() == store.merged() == before
    assert errors(store) == dict.fromkeys(STREAMS, UnconfirmedDeletionError)
    fake.clear_faults()
    store.sync(fake, index, names, STREAMS)
    assert (store.rows, errors(store)) == ({}, {})
    assert store.tables() == before


def test_index_that_refuses_everything_deletes_nothing(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If the index answers 403 to everything, every row stays."""
    index = connect(fake)
    store = loaded(world, fake, index, NAMES[:2])
    before = store.tables()
    fake.fault("*", faults.forbidden(), times=None)
    store.sync(fake, index, NAMES[:2], STREAMS)
    assert store.tables() == store.merged() == before
    assert all(batch.failures for batch in store.batches)


def test_another_project_confirms_a_deletion(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A removed project is deleted if another project has answered, even one that has not changed; no list is read."""
    index = connect(fake)
    store = loaded(world, fake, index, NAMES[:2])
    world.delete_project("p0")
    store.sync(fake, index, NAMES[:2], STREAMS)
    assert (gone(store), errors(store)) == ({"p0"}, {})
    assert [batch.project for batch in store.batches] == ["p1", "p0"]
    assert not any(path.startswith("/simple/ ") for path in paths(fake))


def test_list_of_projects_confirms_a_deletion(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If no other project answers, the list is read once; projects that it lacks are deleted, and never again."""
    index = connect(fake)
    store = loaded(world, fake, index, NAMES[:1])
    world.add("other")
    world.delete_project("p0")
    store.sync(fake, index, NAMES[:1], STREAMS)
    assert paths(fake)[-1] == "/simple/ 200"
    assert (gone(store), errors(store)) == ({"p0"}, {})
    store.sync(fake, index, NAMES[:1], STREAMS)
    assert "/simple/ 200" not in paths(fake)


def test_project_that_the_list_still_has_stays(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project that answers 404, but that the list still has, is not deleted if nothing else has answered."""
    index = connect(fake)
    store = loaded(world, fake, index, NAMES[:1])
    for path in ("/pypi/p0/json", "/simple/p0/"):
        world.override(path, b"{}", status=404)
    store.sync(fake, index, NAMES[:1], STREAMS)
    assert (gone(store), errors(store)) == (set(), dict.fromkeys(STREAMS, UnconfirmedDeletionError))


@pytest.mark.parametrize("whole_index", [False, True], ids=["named", "whole index"])
def test_too_many_projects_that_disappear_stay(
    world: World, fake: FakeIndex, connect: Connect, *, whole_index: bool
) -> None:
    """If more than a fifth of the known projects, at least 5, disappear at once, all stay until accepted."""
    index = connect(fake)
    settings: dict[str, Any] = {"whole_index": True} if whole_index else {}
    names = [] if whole_index else NAMES
    store = loaded(world, fake, index, NAMES, **settings)
    before = store.tables()
    for name in NAMES[:5]:
        world.delete_project(name)
    for _ in range(2):
        store.sync(fake, index, names, STREAMS, **settings)
        assert store.tables() == store.merged() == before
        assert errors(store) == dict.fromkeys(STREAMS, MassDeletionError)
    (error,) = {str(e) for b in store.batches if b.project is None for e in b.failures.values()}
    assert error.startswith("5 of 10 known projects are no longer on the index")
    assert "--accept-deletions" in error
    store.sync(fake, index, names, STREAMS, accept_deletions=True, **settings)
    assert (gone(store), errors(store)) == (set(NAMES[:5]), {})
    assert store.tables() == store.merged()
    store.sync(fake, index, names, STREAMS, **settings)
    assert (store.rows, errors(store)) == ({}, {})


def test_accepted_deletions_need_a_healthy_index(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Also with ``accept_deletions``, an index that answers nothing but 404 deletes nothing."""
    index = connect(fake)
    store = loaded(world, fake, index, NAMES)
    fake.fault("*", faults.missing(), times=None)
    store.sync(fake, index, NAMES, STREAMS, accept_deletions=True)
    assert (gone(store), errors(store)) == (set(), dict.fromkeys(STREAMS, UnconfirmedDeletionError))


def test_quarantined_projects_count_as_disappeared(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Pages without documents, of too many projects at once, delete nothing either."""
    index = connect(fake)
    store = loaded(world, fake, index, NAMES)
    before = store.tables()
    for name in NAMES[:6]:
        world.quarantine(name)
    store.sync(fake, index, NAMES, STREAMS)
    assert (store.tables(), errors(store)) == (before, dict.fromkeys(STREAMS, MassDeletionError))


@pytest.mark.parametrize(
    ("deleted", "known", "share", "expected"),
    [
        (4, 4, 0.0, False),
        (5, 24, 0.2, True),
        (5, 25, 0.2, False),
        (5, 1000, 0.0, True),
        (10, 10, 1.0, False),
    ],
)
def test_how_many_are_too_many(deleted: int, known: int, share: float, *, expected: bool) -> None:
    """At least 5 projects, and more than the share, are too many."""
    assert are_too_many(deleted, known, share) is expected


def test_list_that_is_much_shorter_deletes_nothing(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If the list lost more than a fifth of its projects, at least 5, ``listing`` keeps its rows until accepted."""
    index, store = connect(fake), MemoryStore()
    for name in NAMES:
        world.add(name)
    store.sync(fake, index, NAMES[:1], ["listing"])
    before = store.tables()
    page = {"meta": {"api-version": "1.0"}, "projects": [{"name": name} for name in NAMES[:5]]}
    world.override("/simple/", page, JSON_PAGE)
    for _ in range(2):
        store.sync(fake, index, NAMES[:1], ["listing"])
        assert (store.tables(), errors(store)) == (before, {"listing": ShortListError})
    store.sync(fake, index, NAMES[:1], ["listing"], accept_deletions=True)
    assert ([row["project"] for row in store.tables()["listing"]], errors(store)) == (NAMES[:5], {})
    page["projects"] = [{"name": name} for name in NAMES[:1]]
    world.override("/simple/", page, JSON_PAGE)
    store.sync(fake, index, NAMES[:1], ["listing"])
    assert ([row["project"] for row in store.tables()["listing"]], errors(store)) == (NAMES[:1], {})
