"""sync/list_sample.py: a list that no longer moves with its projects is not trusted."""

import pytest

from source_pypi.services.index.documents.page import JSON_PAGE
from source_pypi.sync.list_sample import SIZE, Sample, is_untrusted
from tests.fake_index import FakeIndex, World, faults
from tests.memory_store import NOW, MemoryStore
from tests.sync.helpers import Connect, agrees, paths, visited

NAMES = [f"p{number:02}" for number in range(30)]


def frozen(world: World, fake: FakeIndex, connect: Connect, names: list[str], stream: str = "files") -> MemoryStore:
    """Return a store into which these projects were read for a stream, and let the list stay as it is then."""
    for name in names:
        world.add(name)
    store = MemoryStore()
    store.sync(fake, connect(fake), [], [stream], whole_index=True)
    listed = [{"name": name, "_last-serial": world.projects[name].last_serial} for name in names]
    world.override("/simple/", {"meta": {"api-version": "1.0"}, "projects": listed}, JSON_PAGE)
    return store


def test_list_that_stands_still_is_not_trusted(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If many sampled projects have changed, every project is requested, each document once."""
    store, index = frozen(world, fake, connect, NAMES), connect(fake)
    for name in NAMES[::2]:
        world.upload(name, "9", filename=f"{name}-9.tar.gz")
    batches = store.sync(fake, index, [], ["files"], whole_index=True)
    (line,) = [warning for batch in batches for warning in batch.warnings]
    assert line.startswith("the index's list of projects does not show their changes (")
    assert line.endswith(" of 10 projects that looked unchanged have changed): every project is requested")
    changed = [f"/pypi/{name}/json 200" for name in NAMES[::2]]
    unchanged = [f"/pypi/{name}/json 304" for name in NAMES[1::2]]
    assert sorted(paths(fake)) == sorted([*changed, *unchanged, "/simple/ 200"])
    assert store.rows == {"files": 45}
    assert agrees(fake, index, store, [], ["files"], whole_index=True)


def test_change_in_the_sample_is_read(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A single sampled project that has changed is read, and the others are skipped: the list is only old."""
    store, index = frozen(world, fake, connect, NAMES[:8]), connect(fake)
    world.upload("p03", "9", filename="p03-9.tar.gz")
    store.sync(fake, index, [], ["files"], whole_index=True)
    assert visited(fake, store) == ["/simple/ 200", "/pypi/p03/json 200"]
    assert agrees(fake, index, store, [], ["files"], whole_index=True)


def test_change_without_a_serial_does_not_count(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A sampled document that changed although its serial did not is read, and says nothing about the list."""
    store, index = frozen(world, fake, connect, NAMES, "projects"), connect(fake)
    for name in NAMES:
        world.add_advisory(name, "1.0", "PYSEC-1")
        world.projects[name].releases["1.0"].info["summary"] = "changed"
    store.sync(fake, index, [], ["projects"], whole_index=True)
    sampled = sorted(name for name in NAMES if f"/pypi/{name}/json 200" in paths(fake))
    assert len(sampled) == SIZE
    assert sorted(paths(fake)) == sorted(["/simple/ 200", *(f"/pypi/{name}/json 200" for name in sampled)])
    (warnings,) = {batch.warnings for batch in store.batches if batch.warnings}
    assert warnings == ("20 projects skipped: the index's list shows no change",)
    assert [row["project"] for row in store.tables()["projects"] if row["summary"] == "changed"] == sampled


def test_sample_that_cannot_be_read_says_nothing(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A sampled project that cannot be read is skipped as the others are."""
    store = frozen(world, fake, connect, NAMES[:3])
    fake.fault("/pypi/*", faults.forbidden(), times=None)
    (batch,) = store.sync(fake, connect(fake), [], ["files"], whole_index=True)
    assert (batch.failures, batch.warnings) == ({}, ("3 projects skipped: the index's list shows no change",))


def test_sample_differs_from_run_to_run() -> None:
    """A sample has up to ten names, the same ones in any order of adding, and other ones with another salt."""

    def sample(names: list[str], salt: int) -> list[str]:
        made = Sample(salt)
        for name in names:
            made.add(name)
        return made.names

    assert sample(NAMES[:3], NOW) == NAMES[:3]
    assert len(sample(NAMES, NOW)) == SIZE
    assert sample(NAMES, NOW) == sample(NAMES[::-1], NOW)
    found = {name for salt in range(60) for name in sample(NAMES, NOW + salt)}
    assert found == set(NAMES)


@pytest.mark.parametrize(
    ("changed", "sampled", "expected"),
    [(0, 0, False), (1, 1, True), (1, 2, True), (1, 3, False), (3, 10, False), (4, 10, True)],
)
def test_list_is_untrusted_if_more_than_a_third_has_changed(changed: int, sampled: int, *, expected: bool) -> None:
    """The list is not trusted if more than a third of the sampled projects have changed."""
    assert is_untrusted(changed, sampled) is expected
