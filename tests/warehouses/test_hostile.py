"""Documents made to do harm, into every kind of warehouse."""

import pytest

from source_pypi.streams import STREAMS
from tests.fake_index import FakeIndex, World
from tests.hostile import TAKEN
from tests.warehouses.places import Place
from tests.warehouses.syncing import sync

pytestmark = pytest.mark.warehouses

READ = tuple(
    stream
    for stream in STREAMS
    if stream.of_project and not stream.service and stream.name not in ("attestations", "core_metadata")
)


def test_hostile_documents(place: Place, world: World) -> None:
    """Every hostile document is loaded, in one run with one that is not, and all rows are there."""
    names = [f"foo-{number}" for number in range(len(TAKEN))]
    for name, body in zip(names, TAKEN.values(), strict=True):
        world.override(f"/pypi/{name}/json", body.replace(b'"name":"foo"', b'"name":"%s"' % name.encode()))
    world.add("bar", ["1.0", "2.0"])
    with FakeIndex(world, strict=False) as fake:  # documents that name no project are requested again
        summary = sync(place, fake, [*names, "bar"], READ)
    assert summary.rows["versions"] > len(names)
    for stream in READ:
        loaded = place.rows(stream)
        assert len(loaded) == summary.rows[stream.name]
        assert {row["project"] for row in loaded} <= {*names, "bar"}
    assert not {"foo", "x"} & place.tables()
