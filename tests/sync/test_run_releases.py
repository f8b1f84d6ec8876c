"""sync/run.py: which releases are read, and when they are requested again."""

from collections.abc import Callable
from hashlib import sha256

import pytest

from source_pypi.errors import (
    UnknownReleaseError,
)
from tests.fake_index import FakeIndex, World
from tests.memory_store import DAY, NOW, MemoryStore
from tests.sync.helpers import (
    METADATA,
    RELEASED,
    Connect,
    agrees,
    counts,
    read,
    releases_in,
    rich,
    silent,
    statuses_of,
    streams,
)


def test_pin_reads_its_release(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A pin reads that release's document, in the index's spelling, and not the latest one."""
    world.add("flask", releases=["1.0", "2.0"])
    (batch,) = read(connect(fake), ["flask==1.0.0"], streams("release"))
    assert releases_in(batch) == ["1.0"]
    assert fake.counts == {"/pypi/flask/json": 1, "/pypi/flask/1.0/json": 1}


def test_pin_to_the_latest_release_takes_no_further_request(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A pin to the latest version, in any spelling, takes no further request; given twice, it is one row."""
    world.add("flask", releases=["1.0", "2.0"])
    (batch,) = read(connect(fake), ["flask==2.0.0", "flask==2", "flask"], streams("release"))
    assert releases_in(batch) == ["2.0"]
    assert fake.counts == {"/pypi/flask/json": 1}


def test_all_releases_take_one_request_each(world: World, fake: FakeIndex, connect: Connect) -> None:
    """All releases take one request each, except the latest; a pinned project is read at its pin only."""
    world.add("flask", releases=["1.0", "2.0", "3.0"])
    world.add("click", releases=["7.0", "8.0"])
    given = read(connect(fake), ["flask", "click==7.0"], streams("release"), releases="all")
    assert [releases_in(batch) for batch in given] == [["3.0", "1.0", "2.0"], ["7.0"]]
    assert fake.counts == {
        "/pypi/flask/json": 1,
        "/pypi/flask/1.0/json": 1,
        "/pypi/flask/2.0/json": 1,
        "/pypi/click/json": 1,
        "/pypi/click/7.0/json": 1,
    }


def test_missing_pin_is_reported_and_the_rest_is_read(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A pin that the index does not have is reported with its URL; the rest of the project is read."""
    world.add("flask", releases=["1.0"])
    (batch,) = read(connect(fake), ["flask", "flask==9.9"], streams("release", "files"))
    assert counts(batch) == {"files": 2, "release": 1}
    assert [str(complaint) for complaint in batch.user_errors] == [
        f"the index has no release document of flask 9.9 ({fake.url}/pypi/flask/9.9/json answered 404): "
        "check the version, or drop the pin to read the latest release"
    ]
    assert isinstance(batch.user_errors[0], UnknownReleaseError)


def test_changed_pin_replaces_the_release(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Another pin is read in full, the rows of the previous one are deleted, and other streams have nothing new."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo==1.0"], RELEASED)
    store.sync(fake, index, ["foo==2.0"], RELEASED)
    assert statuses_of(fake) == {"/pypi/foo/json": [200], "/pypi/foo/2.0/json": [200]}
    assert store.rows == {"release": 1, "dependencies": 1, "vulnerabilities": 0}
    assert store.deleted_keys == {
        "release": [{"project": "foo", "version": "1.0"}],
        "dependencies": [{"project": "foo", "version": "1.0", "position": 0}],
        "vulnerabilities": [{"project": "foo", "version": "1.0", "id": "PYSEC-1"}],
    }
    assert agrees(fake, index, store, ["foo==2.0"], RELEASED)
    store.sync(fake, index, ["foo"], RELEASED)
    assert agrees(fake, index, store, ["foo"], RELEASED)


def test_releases_all_adds_the_other_releases(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If all releases are selected later, the others are added, and the latest is not written again."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], RELEASED)
    store.sync(fake, index, ["foo"], RELEASED, releases="all")
    assert store.rows == {"release": 2, "dependencies": 2, "vulnerabilities": 1}
    assert store.deleted_keys == {}
    assert agrees(fake, index, store, ["foo"], RELEASED, releases="all")
    store.sync(fake, index, ["foo"], RELEASED, releases="latest")
    assert store.deleted_keys["release"] == [{"project": "foo", "version": v} for v in ("1.0", "2.0")]
    assert agrees(fake, index, store, ["foo"], RELEASED)


def test_releases_of_a_changed_project_are_requested_conditionally(
    world: World, fake: FakeIndex, connect: Connect
) -> None:
    """Release documents that were read are requested conditionally once their project has changed."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], ["release"], releases="all")
    world.upload("foo", "4.0", filename="foo-4.0.tar.gz")
    store.sync(fake, index, ["foo"], ["release"], releases="all")
    assert statuses_of(fake) == {
        "/pypi/foo/json": [200],
        "/pypi/foo/1.0/json": [200],  # the serial stands in it
        "/pypi/foo/2.0/json": [200],
        "/pypi/foo/3.0/json": [200],
    }
    world.add_advisory("foo", "4.0", "PYSEC-4")
    store.sync(fake, index, ["foo"], ["release"], releases="all")
    assert statuses_of(fake) == {"/pypi/foo/json": [200]} | {f"/pypi/foo/{n}.0/json": [304] for n in (1, 2, 3)}
    assert store.rows == {"release": 1}
    assert agrees(fake, index, store, ["foo"], ["release"], releases="all")


@pytest.mark.parametrize("names", [["vulnerabilities"], RELEASED], ids=["alone", "with others"])
def test_advisory_of_a_pinned_release_is_found_in_the_next_run(
    world: World, fake: FakeIndex, connect: Connect, names: list[str]
) -> None:
    """A pinned release is requested in every run: an advisory changes nothing but its own document."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    projects = ["foo==1.0", "foo==2.0"]
    store.sync(fake, index, projects, names)
    world.add_advisory("foo", "2.0", "PYSEC-9")
    store.sync(fake, index, projects, names)
    assert statuses_of(fake) == {
        "/pypi/foo/json": [304, 200],
        "/pypi/foo/1.0/json": [304],
        "/pypi/foo/2.0/json": [200],
    }
    assert store.rows == {name: 1 for name in names if name in ("vulnerabilities", "release")}
    assert agrees(fake, index, store, projects, names)
    store.sync(fake, index, projects, names)
    assert {status for statuses in statuses_of(fake).values() for status in statuses} == {304}


def test_advisory_of_another_release_is_found_by_the_full_check(
    world: World, fake: FakeIndex, connect: Connect
) -> None:
    """All releases are requested, conditionally, once in `full_check_days`: an advisory is found then."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], RELEASED, releases="all")
    world.add_advisory("foo", "1.0", "PYSEC-9")
    store.sync(fake, index, ["foo"], RELEASED, releases="all")
    assert statuses_of(fake) == {"/pypi/foo/json": [304]}
    store.sync(fake, index, ["foo"], RELEASED, at=NOW + 7 * DAY, releases="all")
    assert statuses_of(fake) == {
        "/pypi/foo/json": [304, 200],
        "/pypi/foo/1.0/json": [200],
        "/pypi/foo/2.0/json": [304],
    }
    assert store.rows == {"vulnerabilities": 2, "release": 1}
    assert agrees(fake, index, store, ["foo"], RELEASED, releases="all")
    store.sync(fake, index, ["foo"], RELEASED, at=NOW + 7 * DAY, releases="all", full_check_days=0)
    assert statuses_of(fake) == {f"/pypi/foo/{rest}json": [304] for rest in ("", "1.0/", "2.0/")}


def test_full_check_without_etags_writes_only_differences(
    world: World, serve: Callable[..., FakeIndex], connect: Connect
) -> None:
    """Without ETags, too, all releases are requested once in `full_check_days`, and only differences are written."""
    rich(world)
    fake = serve(etags=False)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], RELEASED, releases="all")
    world.add_advisory("foo", "1.0", "PYSEC-9")
    store.sync(fake, index, ["foo"], RELEASED, releases="all")
    assert (statuses_of(fake), store.rows) == ({"/pypi/foo/json": [200]}, {})
    store.sync(fake, index, ["foo"], RELEASED, at=NOW + 7 * DAY, releases="all")
    assert statuses_of(fake) == {f"/pypi/foo/{rest}json": [200] for rest in ("", "1.0/", "2.0/")}
    assert store.rows == {"vulnerabilities": 2, "release": 1}
    assert agrees(fake, index, store, ["foo"], RELEASED, releases="all")


def attested(world: World, version: str) -> str:
    """The provenance of a file of the project foo that is really attested, as far as its shape goes."""
    filename = f"foo-{version}-py3-none-any.whl"
    world.upload("foo", version, filename=filename)
    return filename


def test_provenance_is_requested_once_and_when_it_appears(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Provenance is requested once; that of a new file, or added later, is read then, and nothing else is written."""
    names = ["attestations", "files"]
    bundle = {"publisher": {"kind": "GitHub", "claims": None}, "attestations": [{"version": 1}]}
    provenance = {"version": 1, "attestation_bundles": [bundle]}
    first, second = attested(world, "1.0"), attested(world, "2.0")
    world.backfill(first, provenance=provenance)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], names, releases="all")
    assert store.rows["attestations"] == 1
    store.sync(fake, index, ["foo"], names, releases="all")
    assert statuses_of(fake) == {"/pypi/foo/json": [304], "/simple/foo/": [304]}
    world.backfill(second, provenance=provenance)
    store.sync(fake, index, ["foo"], names, releases="all")
    assert store.rows == {"attestations": 1}
    assert sorted(
        status for path, statuses in statuses_of(fake).items() if "integrity" in path for status in statuses
    ) == [
        200,
        304,
    ]
    assert agrees(fake, index, store, ["foo"], names, releases="all")
    world.delete_release("foo", "1.0")
    store.sync(fake, index, ["foo"], names, releases="all")
    assert [(key["project"], key["filename"]) for key in store.deleted_keys["attestations"]] == [("foo", first)]
    assert agrees(fake, index, store, ["foo"], names, releases="all")


def test_core_metadata_that_is_switched_on_updates_releases(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If gaps are filled later, releases that were read are read again; and so they are if it is switched off."""
    silent(world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], ["dependencies", "files"])
    assert store.tables()["dependencies"] == []
    store.sync(fake, index, ["foo"], ["dependencies", "files"], core_metadata=True)
    assert store.rows == {"dependencies": 1}
    store.sync(fake, index, ["foo"], ["dependencies", "files"])
    assert store.deleted_keys == {"dependencies": [{"project": "foo", "version": "1.0", "position": 0}]}
    assert agrees(fake, index, store, ["foo"], ["dependencies", "files"])


def test_core_metadata_that_appears_later_is_read(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Core metadata that the index adds later, without a new serial, is read then."""
    world.upload("foo", "1.0", filename="foo-1.0-py3-none-any.whl", core_metadata=None)
    world.upload("foo", "2.0", filename="foo-2.0-py3-none-any.whl", metadata=METADATA)
    index, store = connect(fake), MemoryStore()
    names = ["core_metadata", "dependencies"]
    store.sync(fake, index, ["foo"], names, releases="all", core_metadata=True)
    world.backfill("foo-1.0-py3-none-any.whl", metadata=METADATA, core_metadata=sha256(METADATA).hexdigest())
    store.sync(fake, index, ["foo"], names, releases="all", core_metadata=True)
    assert store.rows == {"core_metadata": 1, "dependencies": 1}
    assert agrees(fake, index, store, ["foo"], names, releases="all", core_metadata=True)
