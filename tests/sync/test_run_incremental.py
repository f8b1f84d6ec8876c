"""sync/run.py: a run after others requests and writes only what has changed."""

from collections.abc import Callable

import pytest

from tests.fake_index import FakeIndex, World
from tests.memory_store import NOW, MemoryStore, full_sync
from tests.sync.helpers import EVERY, PROVENANCE, Connect, agrees, rich, statuses_of


@pytest.mark.parametrize("releases", ["latest", "all"])
def test_unchanged_project_takes_conditional_requests_only(
    world: World, fake: FakeIndex, connect: Connect, releases: str
) -> None:
    """A second run requests the project's documents once, conditionally, and receives no body and makes no row."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], EVERY, releases=releases)
    assert min(store.rows[name] for name in ("release", "dependencies", "statuses", "core_metadata")) > 0
    store.sync(fake, index, ["foo"], EVERY, at=NOW + 60, releases=releases)
    assert [(r.path, r.status, r.body_bytes) for r in fake.requests] == [
        ("/pypi/foo/json", 304, 0),
        ("/simple/foo/", 304, 0),
    ]
    assert (store.rows, store.deleted_keys) == ({}, {})
    assert store.batches[0].changes.keys() == set(EVERY)


def test_many_unchanged_projects_take_one_request_each(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A second run over many unchanged projects is one conditional request each, and nothing else."""
    names = [f"p{number}" for number in range(200)]
    for name in names:
        world.add(name)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, names, ["files", "release"])
    store.sync(fake, index, names, ["files", "release"])
    assert [(r.path, r.status, r.body_bytes) for r in fake.requests] == [(f"/pypi/{n}/json", 304, 0) for n in names]
    assert store.rows == {}


@pytest.mark.parametrize("releases", ["latest", "all"])
def test_unchanged_project_without_etags_makes_no_rows(
    world: World, serve: Callable[..., FakeIndex], connect: Connect, releases: str
) -> None:
    """Without ETags, the project's documents are received again, no release is requested, and there is no row."""
    rich(world)
    fake = serve(etags=False)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], EVERY, releases=releases)
    store.sync(fake, index, ["foo"], EVERY, releases=releases)
    assert statuses_of(fake) == {"/pypi/foo/json": [200], "/simple/foo/": [200]}
    assert store.rows == {}
    world.yank("foo", "1.0", "bad")
    store.sync(fake, index, ["foo"], EVERY, releases=releases)
    assert store.rows.keys() >= {"projects", "files", "versions", "statuses"}
    assert agrees(fake, index, store, ["foo"], EVERY, releases=releases)


#: What happens to a project, and which of the streams tell it, where all releases are read.
HAPPENED: dict[str, tuple[Callable[[World], object], set[str]]] = {
    "upload": (
        lambda world: world.upload("foo", "4.0", filename="foo-4.0.tar.gz"),
        {"projects", "versions", "files", "project", "release", "statuses", "dependencies", "classifiers", "urls"}
        | {"vulnerabilities", "dependency_clauses", "licenses"},
    ),
    "another file": (
        lambda world: world.upload("foo", "2.0", filename="foo-2.0.zip"),
        {"projects", "versions", "files", "project", "release", "statuses"},
    ),
    "yank": (
        lambda world: world.yank("foo", "1.0", "bad"),
        {"projects", "versions", "files", "project", "release", "statuses"},
    ),
    "advisory": (lambda world: world.add_advisory("foo", "3.0", "PYSEC-2"), {"project", "release", "vulnerabilities"}),
    "role": (lambda world: world.add_role("foo", "bob"), {"projects", "roles", "project", "release", "statuses"}),
    "archive": (lambda world: world.archive("foo"), {"statuses"}),
    "deleted file": (
        lambda world: world.delete_file("foo-3.0.tar.gz"),
        {"projects", "versions", "files", "project", "release", "statuses"},
    ),
    "provenance added later": (
        lambda world: world.backfill("foo-1.0-py3-none-any.whl", provenance=PROVENANCE),
        set(),
    ),
}


@pytest.mark.parametrize("happened", HAPPENED)
def test_change_updates_the_streams_that_show_it(
    world: World, fake: FakeIndex, connect: Connect, happened: str
) -> None:
    """Only the streams whose rows differ have rows, and the tables are those of a run without state."""
    rich(world)
    change, expected = HAPPENED[happened]
    index, store = connect(fake), MemoryStore()
    names = [name for name in EVERY if name != "attestations"]
    store.sync(fake, index, ["foo"], names, releases="all")
    change(world)
    store.sync(fake, index, ["foo"], names, releases="all")
    assert store.rows.keys() == expected
    assert agrees(fake, index, store, ["foo"], names, releases="all")


def test_changes_without_a_new_serial_are_found(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Withdrawn advisories, organizations, accounts and archiving move no serial, and are found all the same."""
    rich(world)
    world.add_role("foo", "bob")
    world.set_organization("foo", "acme")
    world.add_advisory("foo", "3.0", "PYSEC-3")
    index, store = connect(fake), MemoryStore()
    names = ["projects", "roles", "vulnerabilities", "statuses"]
    store.sync(fake, index, ["foo"], names)
    changes: list[Callable[[], object]] = [
        lambda: world.withdraw_advisory("foo", "PYSEC-3"),
        lambda: world.rename_organization("acme", "new"),
        lambda: world.delete_account("bob"),
        lambda: world.rename_user("ann", "anna"),
        lambda: world.archive("foo"),
        lambda: world.unarchive("foo"),
    ]
    for change in changes:
        serial = world.serial
        change()
        store.sync(fake, index, ["foo"], names)
        assert store.rows != {}
        assert world.serial == serial
        assert agrees(fake, index, store, ["foo"], names)


@pytest.mark.parametrize("releases", ["latest", "all"])
def test_changed_page_requests_the_unchanged_document_in_full(
    world: World, fake: FakeIndex, connect: Connect, releases: str
) -> None:
    """Rows made of page and document need both: the unchanged document is requested in full."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    names = ["files", "release", "statuses"]
    store.sync(fake, index, ["foo"], names, releases=releases)
    world.archive("foo")
    store.sync(fake, index, ["foo"], names, releases=releases)
    assert statuses_of(fake) == {"/pypi/foo/json": [304, 200], "/simple/foo/": [200]}
    assert store.rows == {"statuses": 1}
    assert agrees(fake, index, store, ["foo"], names, releases=releases)


def test_changed_document_requests_the_page_in_full(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If the document has changed, the page is requested without condition, once."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], ["files", "statuses"])
    world.add_role("foo", "bob")
    store.sync(fake, index, ["foo"], ["files", "statuses"])
    assert statuses_of(fake) == {"/pypi/foo/json": [200], "/simple/foo/": [200]}
    assert store.rows == {"statuses": 1}  # the serial
    assert agrees(fake, index, store, ["foo"], ["files", "statuses"])


def test_added_stream_is_read_in_full(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A stream that is selected later is read without condition; the others have nothing new."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], ["files"], releases="all")
    store.sync(fake, index, ["foo"], ["files", "versions", "release", "statuses"], releases="all")
    assert statuses_of(fake) == {
        "/pypi/foo/json": [200],
        "/simple/foo/": [200],
        "/pypi/foo/1.0/json": [200],
        "/pypi/foo/2.0/json": [200],
    }
    assert store.rows == {"versions": 3, "release": 3, "statuses": 1}
    assert agrees(fake, index, store, ["foo"], ["files", "versions", "release", "statuses"], releases="all")
    store.sync(fake, index, ["foo"], ["files", "versions", "release", "statuses", "vulnerabilities"], releases="all")
    assert store.rows == {"vulnerabilities": 1}
    assert agrees(fake, index, store, ["foo"], ["release", "vulnerabilities"], releases="all")


def test_added_project_is_read_in_full(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project that is named later is read in full; the others are requested conditionally."""
    rich(world)
    world.add("bar")
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], ["files"])
    store.sync(fake, index, ["foo", "bar"], ["files"])
    assert statuses_of(fake) == {"/pypi/foo/json": [304], "/pypi/bar/json": [200]}
    assert store.rows == {"files": 2}
    assert agrees(fake, index, store, ["foo", "bar"], ["files"])


def test_project_continues_from_when_it_was_last_named(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project is compared with its last state, however many runs have passed since."""
    rich(world)
    world.add("bar")
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo", "bar"], ["files"])
    world.yank("foo", "1.0")
    store.sync(fake, index, ["bar"], ["files"])
    store.sync(fake, index, ["foo", "bar"], ["files"])
    assert statuses_of(fake) == {"/pypi/foo/json": [200], "/pypi/bar/json": [304]}
    assert agrees(fake, index, store, ["foo", "bar"], ["files"])


def test_runs_with_different_streams_end_with_the_same_tables(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Streams that are read in alternation each have their own state, and end with the same tables."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    selections = [["files", "release"], ["versions", "release"], ["statuses", "files"], EVERY, ["release"], EVERY]
    acts: list[Callable[[], object]] = [
        lambda: world.yank("foo", "2.0"),
        lambda: world.archive("foo"),
        lambda: world.add_advisory("foo", "3.0", "PYSEC-5"),
        lambda: world.upload("foo", "4.0", filename="foo-4.0.tar.gz", provenance=PROVENANCE),
        lambda: world.delete_release("foo", "1.0"),
        lambda: world.unarchive("foo"),
    ]
    for names, act in zip(selections, acts, strict=True):
        store.sync(fake, index, ["foo"], names, releases="all", full_check_days=0)
        assert agrees(fake, index, store, ["foo"], names, releases="all")
        act()
    store.sync(fake, index, ["foo"], EVERY, releases="all", full_check_days=0)
    assert agrees(fake, index, store, ["foo"], EVERY, releases="all")


def test_state_without_keys_lists_no_deleted_rows(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Without keys in state no deleted keys are listed, tables are exact, and keys can be kept from then on."""
    rich(world)
    index, store = connect(fake), MemoryStore(keys=False)
    store.sync(fake, index, ["foo"], ["files", "versions", "release"])
    assert {part.keys for name in ("files", "release") for part in store.states["foo"][name].partitions.values()} == {
        None
    }
    world.delete_release("foo", "2.0")
    store.sync(fake, index, ["foo"], ["files", "versions"])
    assert store.deleted_keys == {}
    assert store.tables()["files"] == full_sync(fake, index, ["foo"], ["files"]).tables()["files"]
    store.keys = True
    store.sync(fake, index, ["foo"], ["files", "versions"])
    assert (statuses_of(fake), store.rows) == ({"/pypi/foo/json": [200]}, {})
    world.delete_release("foo", "1.0")
    store.sync(fake, index, ["foo"], ["versions"])
    assert store.deleted_keys == {"versions": [{"project": "foo", "version": "1.0"}]}
