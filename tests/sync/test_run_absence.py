"""sync/run.py: projects, releases and rows that are removed, and outages that remove nothing."""

import pytest

from source_pypi.errors import (
    UnknownReleaseError,
)
from source_pypi.sync.batch import Batch, Notice
from source_pypi.sync.notices import NoticeKind
from tests.fake_index import FakeIndex, World, faults
from tests.memory_store import MemoryStore
from tests.sync.helpers import EVERY, RELEASED, Connect, agrees, counts, paths, read, rich, streams


def test_missing_project_is_reported_and_the_others_are_read(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project that the index does not have is reported as missing, and the others are read."""
    world.add("flask")
    given = list(read(connect(fake), ["nope", "flask"], streams("files")))
    assert given[0] == Batch("nope", given[0].seen_at, given[0].changes, missing=True, total_projects=2, versions={})
    assert counts(given[0]) == {"files": 0}
    assert counts(given[1]) == {"files": 2}


def test_removed_project_deletes_its_rows(world: World, fake: FakeIndex, connect: Connect) -> None:
    """All rows of a removed project are deleted, with a warning; it is not the user's mistake."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], EVERY, releases="all")
    world.delete_project("foo")
    (batch,) = store.sync(fake, index, ["foo"], EVERY, releases="all")
    assert (batch.missing, batch.warnings, batch.notices) == (False, (), (Notice(NoticeKind.REMOVED_ROWS),))
    assert {name: len(rows) for name, rows in store.tables().items() if rows} == {"statuses": 1}
    assert store.tables() == store.merged()
    assert [row["status"] for row in store.tables()["statuses"]] == ["missing"]
    store.sync(fake, index, ["foo"], EVERY, releases="all")
    assert store.rows == {}


def test_removed_project_has_its_rows_deleted_once(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Later runs still say that the project was removed, but not that they delete rows."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], ["files"])
    world.delete_project("foo")
    notices = [store.sync(fake, index, ["foo"], ["files"])[0].notices for _ in range(2)]
    assert notices == [(Notice(NoticeKind.REMOVED_ROWS),), (Notice(NoticeKind.REMOVED),)]


def test_project_that_returns_is_read_in_full(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A missing project is read in full once it exists, and again after it was removed and created anew."""
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], EVERY)
    assert store.batches[0].missing
    for _ in range(2):
        world.add("foo", releases=[f"{world.serial}.0"])
        store.sync(fake, index, ["foo"], EVERY)
        assert store.rows["files"] == 2
        assert agrees(fake, index, store, ["foo"], EVERY)
        world.delete_project("foo")
        store.sync(fake, index, ["foo"], EVERY)
        assert store.tables()["files"] == store.merged()["files"] == []


def test_mistyped_name_is_reported_in_every_run(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A mistyped name is reported in every run, not only in the first."""
    index, store = connect(fake), MemoryStore()
    for _ in range(2):
        (batch,) = store.sync(fake, index, ["nope"], ["files", "statuses"])
        assert (batch.missing, batch.warnings) == (True, ())


@pytest.mark.parametrize("releases", ["latest", "all"])
def test_quarantined_project_loses_its_rows_until_it_returns(
    world: World, fake: FakeIndex, connect: Connect, releases: str
) -> None:
    """The rows of a quarantined project are deleted, `statuses` says why, and they return with it."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], EVERY, releases=releases)
    world.quarantine("foo")
    store.sync(fake, index, ["foo"], EVERY, releases=releases)
    assert store.batches[0].warnings == ("foo is quarantined: the index has no project document of it",)
    assert {name: len(rows) for name, rows in store.tables().items() if rows} == {"statuses": 1}
    assert [row["status"] for row in store.merged()["statuses"]] == ["quarantined"]
    store.sync(fake, index, ["foo"], EVERY, releases=releases)
    assert store.rows == {}
    world.unquarantine("foo")
    store.sync(fake, index, ["foo"], EVERY, releases=releases)
    assert agrees(fake, index, store, ["foo"], EVERY, releases=releases)


def test_deleted_rows_are_listed_by_key(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A deleted file, version, role or advisory is listed by its whole key."""
    rich(world)
    world.add_role("foo", "bob", "Maintainer")
    world.add_advisory("foo", "3.0", "PYSEC-2")
    index, store = connect(fake), MemoryStore()
    names = ["files", "versions", "roles", "vulnerabilities", "projects"]
    store.sync(fake, index, ["foo"], names)
    world.delete_file("foo-3.0.tar.gz")
    world.delete_release("foo", "2.0")
    world.remove_role("foo", "bob")
    world.set_advisories("foo", "3.0", [])
    store.sync(fake, index, ["foo"], names)
    assert {name: sorted(map(str, keys)) for name, keys in store.deleted_keys.items()} == {
        "files": [
            str({"project": "foo", "filename": name})
            for name in ("foo-2.0-py3-none-any.whl", "foo-2.0.tar.gz", "foo-3.0.tar.gz")
        ],
        "versions": [str({"project": "foo", "version": "2.0"})],
        "roles": [str({"project": "foo", "role": "Maintainer", "user": "bob"})],
        "vulnerabilities": [str({"project": "foo", "version": "3.0", "id": "PYSEC-2"})],
    }
    assert agrees(fake, index, store, ["foo"], names)


OUTAGES = {
    "503": faults.unavailable(),
    "500": faults.server_error(500),
    "reset": faults.reset(),
    "html": faults.html(),
    "forbidden": faults.forbidden(),
    "json": faults.json({"message": "ok"}),
}


@pytest.mark.parametrize("outage", OUTAGES)
@pytest.mark.parametrize("path", ["/pypi/foo/json", "/simple/foo/", "/pypi/foo/1.0/json", "*.metadata", "/integrity/*"])
def test_outage_deletes_nothing(world: World, fake: FakeIndex, connect: Connect, path: str, outage: str) -> None:
    """If a document cannot be read, the rows made of it stay, and the next run reads what it missed."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    projects = ["foo", "foo==1.0"]
    store.sync(fake, index, projects, EVERY)
    before = store.tables()
    world.delete_release("foo", "2.0")
    fake.fault(path, OUTAGES[outage], times=None)
    store.sync(fake, index, projects, EVERY)
    (batch,) = store.batches
    assert batch.changes.keys() | batch.failures.keys() == set(EVERY)
    assert batch.changes.keys() & batch.failures.keys() == set()
    assert {name: store.tables()[name] for name in batch.failures} == {name: before[name] for name in batch.failures}
    if path != "*.metadata":  # it has not changed, and so was not requested
        assert batch.failures
    fake.clear_faults()
    store.sync(fake, index, projects, EVERY)
    assert agrees(fake, index, store, projects, EVERY)


def test_unexplained_absence_deletes_nothing(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If the document is missing and the page cannot be read, nothing is known, and nothing is deleted."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], EVERY)
    before = store.tables()
    world.override("/pypi/foo/json", b"{}", status=404)
    for outage in (faults.unavailable(), faults.html()):
        fake.fault("/simple/foo/", outage, times=None)
        (batch,) = store.sync(fake, index, ["foo"], EVERY)
        assert (batch.changes, set(batch.failures)) == ({}, set(EVERY))
        fake.clear_faults()
    assert store.tables() == before


@pytest.mark.parametrize("projects", [["foo", "foo==9"], ["foo==9"], ["foo==1.0", "foo==9"]], ids=str)
def test_mistyped_pin_is_reported_in_every_run(
    world: World, fake: FakeIndex, connect: Connect, projects: list[str]
) -> None:
    """A pin that the index does not have is reported in every run, whatever has changed."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    for _ in range(3):
        (batch,) = store.sync(fake, index, projects, ["files", "release"])
        assert [str(error).split(" (")[0] for error in batch.user_errors] == [
            "the index has no release document of foo 9"
        ]
    assert agrees(fake, index, store, projects, ["files", "release"])


def test_pin_that_is_uploaded_later_is_read(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A pinned release that is uploaded later is read then."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo==9"], RELEASED)
    world.upload("foo", "9", filename="foo-9.tar.gz")
    store.sync(fake, index, ["foo==9"], RELEASED)
    assert store.batches[0].user_errors == ()
    assert [row["version"] for row in store.tables()["release"]] == ["9"]
    assert agrees(fake, index, store, ["foo==9"], RELEASED)


def test_removed_pin_deletes_its_rows_and_is_reported(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A pinned release that was read and is removed loses its rows, and is reported in every run."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo==1.0", "foo==2.0"], RELEASED)
    world.delete_release("foo", "1.0")
    store.sync(fake, index, ["foo==1.0", "foo==2.0"], RELEASED)
    assert store.deleted_keys["release"] == [{"project": "foo", "version": "1.0"}]
    for _ in range(2):
        assert [type(error) for error in store.batches[0].user_errors] == [UnknownReleaseError]
        assert store.merged() == store.tables()
        assert [row["version"] for row in store.tables()["release"]] == ["2.0"]
        store.sync(fake, index, ["foo==1.0", "foo==2.0"], RELEASED)


def test_project_no_longer_listed_is_listed_by_key(world: World, fake: FakeIndex, connect: Connect) -> None:
    """The stream `listing` deletes a removed project by its key; an unchanged list makes no rows."""
    world.add("a")
    world.add("b")
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["a"], ["files", "listing"])
    store.sync(fake, index, ["a"], ["files", "listing"])
    assert (paths(fake), store.rows) == (["/pypi/a/json 304", "/simple/ 304"], {})
    world.delete_project("b")
    store.sync(fake, index, ["a"], ["files", "listing"])
    assert store.deleted_keys == {"listing": [{"project": "b"}]}
    assert agrees(fake, index, store, ["a"], ["files", "listing"])
