"""Buckets of Parquet, which fsspec reads and writes."""

from collections.abc import Callable
from pathlib import Path

import fsspec
import pyarrow.parquet as pq
import pytest

from source_pypi.destinations import open_destination
from source_pypi.errors import DestinationError
from source_pypi.streams import choose_streams
from tests.fake_index import FakeIndex, World
from tests.warehouses.places import Place
from tests.warehouses.syncing import held, read, sync

pytestmark = pytest.mark.warehouses

Serve = Callable[..., FakeIndex]


def in_bucket(name: str) -> Place:
    """A bucket, in memory."""
    filesystem = fsspec.filesystem("memory")

    def select(table: str) -> list[dict[str, object]]:
        with filesystem.open(f"/{name}/{table}/{table.lstrip('_')}.parquet") as file:
            rows: list[dict[str, object]] = pq.read_table(file).to_pylist()
            return rows

    return Place("bucket", f"memory://{name}", select, set)


def test_bucket_is_like_a_folder(world: World, serve: Serve, tmp_path: Path) -> None:
    """A bucket has the rows of the index after each sync, and its state continues."""
    world.add("flask", releases=["1.0", "2.0"], owner="alice")
    fake = serve()
    place = in_bucket(tmp_path.name)
    streams = choose_streams(["projects", "versions", "files", "roles"])
    sync(place, fake, ["flask"], streams)
    world.delete_release("flask", "1.0")
    fake.new_run()
    sync(place, fake, ["flask"], streams)
    fake.new_run()
    assert held(place, streams) == read(fake, ["flask"], streams)
    fake.new_run()
    assert sync(place, fake, ["flask"], streams).rows == {}


def test_bucket_with_files_of_others() -> None:
    """A folder in a bucket that holds anything else is refused, and nothing is written into it."""
    memory = fsspec.filesystem("memory")
    memory.pipe("/others/notes.txt", b"x")
    opened = open_destination("memory://others", choose_streams(["files"]), root="")
    with pytest.raises(DestinationError) as caught, opened:
        pass
    assert str(caught.value) == (
        "cannot write memory://others: the folder holds files that are not of source-pypi (notes.txt); name an empty "
        "or new folder with --into"
    )
    assert memory.find("/others") == ["/others/notes.txt"]
