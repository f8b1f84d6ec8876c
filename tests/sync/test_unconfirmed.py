"""sync/unconfirmed.py: what a project required stays known when its document no longer says what it requires."""

from typing import Any

import pytest

from source_pypi.sync.unconfirmed import confirmed, names_of, with_unconfirmed
from tests.fake_index import FakeIndex, World
from tests.memory_store import MemoryStore
from tests.sync.helpers import Connect, projects_read
from tests.sync.test_unknown import GONE, changed, document_of


def test_unconfirmed_requirements() -> None:
    """Requirements of an earlier run are kept once, apart from those to follow; all of them name projects."""
    kept = with_unconfirmed(("b>=1",), with_unconfirmed((), ("a[x]>2; extra == 'y'", "b>=1")))
    assert list(confirmed(kept)) == ["b>=1"]
    assert list(names_of(kept, only_unconfirmed=True)) == ["a"]
    assert list(names_of(kept, only_unconfirmed=False)) == ["b", "a"]
    assert list(names_of(("?!", "? ?!"), only_unconfirmed=False)) == []


@pytest.mark.parametrize("value", [GONE, None, "text", 7, [7]], ids=["missing", "null", "text", "number", "item"])
@pytest.mark.parametrize("streams", [["files"], ["dependencies"]], ids=str)
def test_requirements_that_a_document_no_longer_has(
    world: World, fake: FakeIndex, connect: Connect, value: Any, streams: list[str]
) -> None:
    """They are not followed, and state has them until a document has a list again."""
    world.add("foo", ["1.0"], requires_dist=["a", "b"])
    world.add("a")
    world.add("b")
    index, store = connect(fake), MemoryStore()

    def sync() -> tuple[list[str | None], tuple[str, ...] | None]:
        store.sync(fake, index, ["foo"], streams, follow_dependencies=1)
        return projects_read(store), store.states["foo"][streams[0]].requirements

    assert sync() == (["foo", "a", "b"], ("a", "b"))
    fake.new_run()
    document = document_of(fake, connect)
    world.override("/pypi/foo/json", changed(document, "info.requires_dist", value))
    for _ in range(2):
        assert sync() == (["foo"], ("? a", "? b"))
    world.override("/pypi/foo/json", changed(document, "info.requires_dist", ["b"]))
    assert sync() == (["foo", "b"], ("b",))
    world.override("/pypi/foo/json", changed(document, "info.requires_dist", []))
    assert sync() == (["foo"], ())
