"""Folders and buckets of Parquet: what their files are, and what is left in them."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import fsspec
import pyarrow.parquet as pq
import pytest

from source_pypi.errors import DestinationError
from source_pypi.schema import table_fields
from source_pypi.streams import choose_streams
from tests.fake_index import FakeIndex, World
from tests.warehouses.places import Place, in_folder, in_order
from tests.warehouses.syncing import ALL, held, read, sync

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


def test_bucket(world: World, serve: Serve, tmp_path: Path) -> None:
    """A bucket holds the same as a folder, and so does its state."""
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


def test_files(world: World, serve: Serve, tmp_path: Path) -> None:
    """A folder a table, a file in it, all columns also where there is no row, described; nothing else is left."""
    world.add("flask", keywords="a, b")
    folder = tmp_path / "pypi"
    sync(in_folder(folder), serve(), ["flask"])
    names = {f"{stream.name}/{stream.name}.parquet" for stream in ALL}
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == names | {
        "_selection/selection.parquet",
        "_state.sqlite",
        ".source-pypi.lock",
    }
    for stream in ALL:
        schema = pq.read_schema(folder / stream.name / f"{stream.name}.parquet")
        described = [(field.name, field.metadata[b"description"].decode()) for field in schema]
        assert described == [(field.name, field.description) for field in table_fields(stream)]
    query = f"SELECT name, keywords, seen_at IS NOT NULL FROM '{folder}/projects/*.parquet'"
    assert duckdb.execute(query).fetchall() == [("flask", ["a", "b"], True)]
    assert duckdb.execute(f"SELECT count(*) FROM '{folder}/roles/*.parquet'").fetchall() == [(0,)]


def test_unchanged_files_stay(world: World, serve: Serve, tmp_path: Path) -> None:
    """Only tables in which something has changed are written anew."""
    world.add("flask", owner="alice")
    folder = tmp_path / "pypi"
    fake = serve()
    streams = choose_streams(["versions", "files", "roles"])
    sync(in_folder(folder), fake, ["flask"], streams)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.parquet")}
    world.add_role("flask", "bob")
    fake.new_run()
    sync(in_folder(folder), fake, ["flask"], streams)
    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*.parquet")}
    assert {path.parent.name for path in after if after[path] != before[path]} == {"roles", "_selection"}


def test_a_column_more(world: World, serve: Serve, tmp_path: Path) -> None:
    """A table of an older release gets the columns that it lacks, and keeps its rows."""
    world.add("flask")
    folder = tmp_path / "pypi"
    fake = serve()
    (files,) = choose_streams(["files"])
    sync(in_folder(folder), fake, ["flask"], [files])
    path = folder / "files" / "files.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["size"]), path)
    fake.new_run()
    sync(in_folder(folder), fake, ["flask"], [files])
    rows = in_folder(folder).rows(files)
    assert [row["size"] for row in rows] == [None, None]
    assert [row["filename"] for row in in_order(rows)] == sorted(world.projects["flask"].releases["1.0"].files)


def test_two_at_once(world: World, serve: Serve, tmp_path: Path) -> None:
    """Two runs cannot write to a folder at the same time."""
    fcntl = pytest.importorskip("fcntl")
    folder = tmp_path / "pypi"
    folder.mkdir()
    with (folder / ".source-pypi.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(DestinationError, match="another run is writing there"):
            sync(in_folder(folder), serve(), ["flask"])
