"""sync/run.py: documents that are older than the copies that were read before."""

import json
from collections.abc import Callable

import pytest

from source_pypi.services.index.document_requests import STALE_TRIES
from source_pypi.services.index.documents.page import JSON_PAGE
from tests.fake_index import FakeIndex, World, faults
from tests.memory_store import MemoryStore
from tests.sync.helpers import Connect, agrees, paths, rich, statuses_of


@pytest.mark.parametrize("names", [["files"], ["files", "release", "statuses"]], ids=["alone", "with others"])
def test_old_copy_of_a_project_changes_nothing(
    world: World, fake: FakeIndex, connect: Connect, waits: list[float], names: list[str]
) -> None:
    """An older copy than the one read before is requested a few times, then left; the next run reads the new one."""
    rich(world)
    world.yank("foo", "1.0")
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], names, releases="all")
    before = store.tables()
    fake.fault("/pypi/foo/json", faults.stale(), times=STALE_TRIES)
    (batch,) = store.sync(fake, index, ["foo"], names, releases="all")
    assert [request.path for request in fake.requests] == ["/pypi/foo/json"] * STALE_TRIES
    assert len(waits) == STALE_TRIES - 1
    assert (batch.changes, batch.failures, batch.missing) == ({}, {}, False)
    assert batch.warnings == (
        f"{fake.url}/pypi/foo/json is an old copy (serial {world.serial - 1}, previously {world.serial}): "
        "loaded rows stay, and the next run tries again (a full check accepts it if the project's page agrees)",
    )
    assert store.tables() == before
    store.sync(fake, index, ["foo"], names, releases="all")
    assert {status for statuses in statuses_of(fake).values() for status in statuses} == {304}
    assert agrees(fake, index, store, ["foo"], names, releases="all")


def test_changes_hidden_by_old_copies_are_read_later(world: World, fake: FakeIndex, connect: Connect) -> None:
    """What changed while only old copies came is read by the next run."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], ["files"])
    world.set_serial("foo", world.serial - 1)  # the copies are older than the one that was read
    world.delete_file("foo-1.0.tar.gz")
    fake.fault("/pypi/foo/json", faults.stale(), times=None)
    store.sync(fake, index, ["foo"], ["files"])
    assert store.batches[0].changes == {}
    fake.clear_faults()
    store.sync(fake, index, ["foo"], ["files"])
    assert store.deleted_keys == {"files": [{"project": "foo", "filename": "foo-1.0.tar.gz"}]}
    assert agrees(fake, index, store, ["foo"], ["files"])


def test_old_copy_of_a_page_costs_its_streams_only(world: World, fake: FakeIndex, connect: Connect) -> None:
    """An old copy of the page leaves the streams that read it unchanged, and costs the others nothing."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], ["files", "statuses"])
    world.set_serial("foo", world.serial - 1)
    world.upload("foo", "4.0", filename="foo-4.0.tar.gz")
    fake.fault("/simple/foo/", faults.stale(), times=None)
    (batch,) = store.sync(fake, index, ["foo"], ["files", "statuses"])
    assert (set(batch.changes), batch.failures) == ({"files"}, {})
    assert [warning.split(" (")[0] for warning in batch.warnings] == [f"{fake.url}/simple/foo/ is an old copy"]
    fake.clear_faults()
    store.sync(fake, index, ["foo"], ["files", "statuses"])
    assert store.rows == {"statuses": 1}
    assert agrees(fake, index, store, ["foo"], ["files", "statuses"])


def test_old_copy_of_a_release_costs_its_streams_only(world: World, fake: FakeIndex, connect: Connect) -> None:
    """An old copy of a release leaves the streams that read releases unchanged, and costs the others nothing."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo==1.0"], ["files", "release"])
    world.set_serial("foo", world.serial - 1)
    world.yank("foo", "1.0")
    fake.fault("/pypi/foo/1.0/json", faults.stale(), times=None)
    (batch,) = store.sync(fake, index, ["foo==1.0"], ["files", "release"])
    assert (set(batch.changes), batch.failures) == ({"files"}, {})
    fake.clear_faults()
    store.sync(fake, index, ["foo==1.0"], ["files", "release"])
    assert store.rows == {"release": 1}
    assert agrees(fake, index, store, ["foo==1.0"], ["files", "release"])


def test_project_without_serial_is_requested_in_each_run(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A document without serial may be older than the list: the next run requests it again."""
    listed = {"meta": {"api-version": "1.0"}, "projects": [{"name": "a", "_last-serial": 1}]}
    world.override("/simple/", listed, JSON_PAGE)
    world.override("/pypi/a/json", {"info": {"name": "a", "version": "1.0"}, "releases": {}, "urls": []})
    index, store = connect(fake), MemoryStore()
    for _ in range(2):
        store.sync(fake, index, [], ["project"], whole_index=True)
        assert store.batches[-1].project == "a"
    assert paths(fake) == ["/simple/ 200", "/pypi/a/json 304"]


@pytest.mark.parametrize("names", [["files"], ["files", "release", "statuses"]], ids=["alone", "with others"])
def test_serial_that_was_wrong_once_blocks_nothing(
    world: World, serve: Callable[..., FakeIndex], connect: Connect, names: list[str]
) -> None:
    """A full check accepts documents whose serial went back if the page agrees: a serial was wrong once."""
    rich(world)
    fake = serve(strict=False)
    index, store, serial = connect(fake), MemoryStore(), world.serial
    world.set_serial("foo", 10**12)
    store.sync(fake, index, ["foo"], names, releases="all")
    world.set_serial("foo", serial)
    world.delete_file("foo-1.0.tar.gz")
    world.set_serial("foo", serial + 1)
    store.sync(fake, index, ["foo"], names, releases="all", full_check_days=3650)
    assert store.batches[0].changes == {}
    store.sync(fake, index, ["foo"], names, releases="all", full_check_days=0)
    assert store.batches[0].warnings == (
        f"foo: the serial of its documents went back from {10**12} to {serial + 1}, and they are read as they are now",
    )
    assert agrees(fake, index, store, ["foo"], names, releases="all")
    (batch,) = store.sync(fake, index, ["foo"], names, releases="all", full_check_days=0)
    assert (batch.warnings, store.rows) == ((), {})


def test_old_copy_is_not_accepted_by_a_full_check_if_the_page_is_newer(
    world: World, fake: FakeIndex, connect: Connect
) -> None:
    """A full check accepts no old copy of a project document while the page has the serial that was read before."""
    rich(world)
    world.yank("foo", "1.0")
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], ["files"])
    before = store.tables()
    fake.fault("/pypi/foo/json", faults.stale(), times=STALE_TRIES)
    (batch,) = store.sync(fake, index, ["foo"], ["files"], full_check_days=0)
    assert (batch.changes, store.tables()) == ({}, before)
    assert "is an old copy" in batch.warnings[0]


@pytest.mark.parametrize(("path", "stream"), [("/simple/foo/", "statuses"), ("/pypi/foo/1.0/json", "release")])
def test_serial_of_one_document_that_was_wrong_once_blocks_nothing(
    world: World, fake: FakeIndex, connect: Connect, path: str, stream: str
) -> None:
    """A full check requires no higher serial of a page or a release than that of the project document."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    document = json.loads(index.client.get(fake.url + path, accept=JSON_PAGE).body)
    fake.new_run()
    if stream == "statuses":
        document["meta"]["_last-serial"] = 10**12
    else:
        document["last_serial"] = 10**12
    world.override(path, document, JSON_PAGE if stream == "statuses" else "application/json")
    store.sync(fake, index, ["foo"], [stream], releases="all")
    world.overrides.clear()
    world.delete_file("foo-1.0.tar.gz")
    store.sync(fake, index, ["foo"], [stream], releases="all", full_check_days=0)
    assert agrees(fake, index, store, ["foo"], [stream], releases="all")


def test_list_of_a_lower_serial_is_accepted_by_a_full_check(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A full check accepts the list of projects whatever its serial is."""
    world.add("foo")
    page = {"meta": {"api-version": "1.0", "_last-serial": 10**12}, "projects": [{"name": "bar"}]}
    world.override("/simple/", page, JSON_PAGE)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], ["listing"])
    world.overrides.clear()
    world.add("baz")
    store.sync(fake, index, ["foo"], ["listing"], full_check_days=0)
    assert [row["project"] for row in store.tables()["listing"]] == ["baz", "foo"]
