"""destinations/parquet/views.py: the file that makes a folder's tables and views those of a DuckDB session."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from source_pypi.destinations.tables import RUN_TABLES
from source_pypi.services.index.api import Index
from source_pypi.streams import choose_streams
from tests.destinations.loading import ALL, into_folder, run, views_of_index
from tests.fake_index import FakeIndex, World

Connect = Callable[..., Index]


def session(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query in a session that executed the folder's file."""
    with duckdb.connect(":memory:") as connection:
        connection.execute((folder / "views.sql").read_text(encoding="utf-8"))
        return connection.execute(query).fetchall()


@pytest.mark.parametrize("name", ["pypi", 'it\'s [a] "folder" *'])
def test_views_from_any_folder(
    world: World, fake: FakeIndex, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A session in another working directory has all tables and views, with comments, of a relative folder."""
    world.add("flask", releases=["1.0", "2.0"])
    world.yank("flask", "1.0", "broken")
    index = connect(fake)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    run(into_folder(Path(name), root=index.root), index, ["flask==1.0"])
    monkeypatch.chdir(tmp_path / "elsewhere")
    folder = tmp_path / name
    found = session(folder, "SELECT view_name FROM duckdb_views() WHERE NOT internal AND starts_with(comment, 'A row')")
    names = {*(one.name for one in ALL), *(one.name for one in RUN_TABLES), *(one.name for one in views_of_index())}
    assert {view for (view,) in found} == names
    assert session(folder, "SELECT project, version, replacement FROM yanked_pins") == [("flask", "1.0", "2.0")]


def test_file_is_current(world: World, fake: FakeIndex, connect: Connect, tmp_path: Path) -> None:
    """The file has the views of all tables in the folder; it changes with them only, and a moved folder is found."""
    world.add("flask")
    index, folder = connect(fake), tmp_path / "pypi"
    run(into_folder(folder, choose_streams(["files"])), index, ["flask"])
    assert session(folder, "SELECT count(*) FROM files") == [(2,)]
    fake.new_run()
    first = (folder / "views.sql").stat().st_mtime_ns
    run(into_folder(folder, choose_streams(["files"])), index, ["flask"])
    assert (folder / "views.sql").stat().st_mtime_ns == first
    fake.new_run()
    run(into_folder(folder, choose_streams(["versions"])), index, ["flask"])
    assert session(folder, "SELECT count(*) FROM latest_files") == [(2,)]
    fake.new_run()
    folder.rename(tmp_path / "moved")
    run(into_folder(tmp_path / "moved", choose_streams(["versions"])), index, ["flask"])
    assert session(tmp_path / "moved", "SELECT count(*) FROM latest_files") == [(2,)]


def test_other_file_by_this_name_stays(world: World, fake: FakeIndex, connect: Connect, tmp_path: Path) -> None:
    """A file that somebody else wrote stays as it is."""
    world.add("flask")
    (tmp_path / "views.sql").write_text("SELECT 1;")
    run(into_folder(tmp_path, choose_streams(["files"])), connect(fake), ["flask"])
    assert (tmp_path / "views.sql").read_text() == "SELECT 1;"
