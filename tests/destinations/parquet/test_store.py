"""destinations/parquet/store.py: the files of a folder, and what is left in it. It needs DuckDB only."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest

from source_pypi.destinations.loader import Loader
from source_pypi.destinations.parquet.store import ParquetStore
from source_pypi.errors import DestinationError
from source_pypi.safety.limits import LARGEST_ROW
from source_pypi.schema import table_fields
from source_pypi.services.index.api import Index
from source_pypi.streams import choose_streams
from source_pypi.sync.batch import Change
from tests.batches import SEEN, batch_with
from tests.destinations.loading import ALL, in_use, into_folder, kill, run
from tests.fake_index import FakeIndex, World

Connect = Callable[..., Index]
FILES = choose_streams(["files"])


def rows(query: str) -> list[tuple[Any, ...]]:
    """The rows of a query on files."""
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(query).fetchall()


def test_table_is_one_described_file(world: World, fake: FakeIndex, connect: Connect, tmp_path: Path) -> None:
    """Each table is one described file with all columns, also where there is no row; nothing else is left."""
    world.add("flask", keywords="a, b")
    index = connect(fake)
    folder = tmp_path / "pypi"
    run(into_folder(folder, root=index.root), index, ["flask"])
    of_run = ("pins", "pin_clauses", "unnamed_requirements", "index_capabilities", "runs")
    names = {f"{name}/{name}.parquet" for name in (*(stream.name for stream in ALL), *of_run)}
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert found == {*names, "_state.duckdb", "views.sql"}
    for stream in ALL:
        path = folder / stream.name / f"{stream.name}.parquet"
        told = dict(rows(f"SELECT decode(key), decode(value) FROM parquet_kv_metadata('{path}')"))
        assert told["description"].startswith(f"A row is {stream.row}.")
        assert json.loads(told["columns"]) == {field.name: field.description for field in table_fields(stream)}
        columns = [name for (name, *_) in rows(f"DESCRIBE SELECT * FROM '{path}'")]
        assert columns == [field.name for field in table_fields(stream)]
    query = f"SELECT name, keywords, seen_at IS NOT NULL FROM '{folder}/projects/*.parquet'"
    assert rows(query) == [("flask", ["a", "b"], True)]
    assert rows(f"SELECT count(*) FROM '{folder}/roles/*.parquet'") == [(0,)]


def test_values_survive_a_rewrite(tmp_path: Path) -> None:
    """Lists, JSON, times, 64-bit integers, nulls and any character survive, also when the file is written again."""
    odd = "naïve \\ \" ' \u202e \U0001f40d \x07 \x00 %s end"
    file = {
        "project": "a",
        "filename": f"{odd}.whl",
        "size": 2**63 - 1,
        "python_tags": ["py2", None, odd],
        "uploaded_at": "2024-02-29T23:59:59.000001Z",
        "yanked": None,
    }
    document = {"project": "a", "info": {"summary": odd, "nested": [1, {"x": None}, 1.5]}}
    streams = choose_streams(["files", "project"])
    for project in ("a", "b"):
        with into_folder(tmp_path, streams) as loader:
            loader.add(batch_with(project, {"files": [{**file, "project": project}], "project": [document]}))
    query = f"SELECT filename, size, python_tags, uploaded_at::VARCHAR, yanked FROM '{tmp_path}/files/*.parquet'"
    assert rows(query) == [(f"{odd}.whl", 2**63 - 1, ["py2", None, odd], "2024-02-29 23:59:59.000001+00", None)] * 2
    found = rows(f"SELECT info, typeof(info) FROM '{tmp_path}/project/*.parquet' WHERE project = 'a' LIMIT 1")
    assert [(json.loads(info), type_) for info, type_ in found] == [(document["info"], "JSON")]


def test_only_changed_tables_are_written(
    world: World, serve: Callable[..., FakeIndex], connect: Connect, tmp_path: Path
) -> None:
    """Only the files of tables in which a row changed are written."""
    world.add("flask", owner="alice")
    fake = serve()
    index, streams = connect(fake), choose_streams(["versions", "files", "roles"])
    run(into_folder(tmp_path, streams, root=index.root), index, ["flask"])
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    world.add_role("flask", "bob")
    fake.new_run()
    run(into_folder(tmp_path, streams, root=index.root), index, ["flask"])
    after = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    changed = {path.parent.name for path in after if after[path] != before[path]}
    assert changed == {"roles", "pins", "pin_clauses", "unnamed_requirements", "runs"}


def test_older_table_gets_new_columns(tmp_path: Path) -> None:
    """A table of an older release gets the columns that it lacks, in their types, and keeps its rows."""
    with into_folder(tmp_path, FILES) as loader:
        loader.add(batch_with("a", {"files": [{"project": "a", "filename": "a.whl", "size": 1}]}))
    path = tmp_path / "files" / "files.parquet"
    rows(
        f"COPY (SELECT * EXCLUDE (size) FROM '{path}') TO '{path}.old' "
        "(FORMAT parquet, KV_METADATA {description: 'A row is a file.'})"
    )
    Path(f"{path}.old").replace(path)
    with into_folder(tmp_path, FILES) as loader:
        loader.add(batch_with("b", {"files": [{"project": "b", "filename": "b.whl", "size": 2}]}))
    query = f"SELECT filename, size, typeof(size) FROM '{path}' ORDER BY ALL"
    assert rows(query) == [("a.whl", None, "BIGINT"), ("b.whl", 2, "BIGINT")]


@pytest.mark.parametrize("name", ["holiday.jpg", "files.parquet"])
def test_foreign_folder_stays(tmp_path: Path, name: str) -> None:
    """A folder by the name of a table that somebody else made is never changed."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / name).write_bytes(b"mine")
    with (
        pytest.raises(DestinationError, match="it has a table or view 'files' that is not ours"),
        into_folder(tmp_path),
    ):
        pass
    assert [path.name for path in tmp_path.rglob("*.*") if path.suffix in (".jpg", ".parquet")] == [name]
    assert (tmp_path / "files" / name).read_bytes() == b"mine"


def test_history_needs_a_database(tmp_path: Path) -> None:
    """A folder keeps no history, and says so before a table is made."""
    with (
        pytest.raises(DestinationError, match=r"a history \(--history\) needs a database"),
        into_folder(tmp_path, FILES, keep_history=True),
    ):
        pass
    assert not (tmp_path / "files").exists()


def test_refused_run_disturbs_no_other(tmp_path: Path) -> None:
    """A run that finds the folder in use ends, and the run that uses it ends well."""
    code = (
        "import sys; from pathlib import Path; from tests.destinations.parquet.test_store import FILES, into_folder\n"
        "with into_folder(Path(sys.argv[1]), FILES): pass"
    )
    with into_folder(tmp_path, FILES) as loader:
        (tmp_path / ".source-pypi-new-abc").mkdir()
        other = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
        assert "it is in use by another program" in other.stderr
        assert (tmp_path / ".source-pypi-new-abc").is_dir()
        loader.add(batch_with("a", {"files": [{"project": "a", "filename": "a.whl"}]}))
    assert rows(f"SELECT project FROM '{tmp_path}/files/*.parquet'") == [("a",)]
    with into_folder(tmp_path, FILES):
        pass
    assert (tmp_path / ".source-pypi-new-abc").is_dir()
    os.utime(tmp_path / ".source-pypi-new-abc", (0, 0))
    with into_folder(tmp_path, FILES):
        pass
    assert not (tmp_path / ".source-pypi-new-abc").exists()


def test_folder_in_use(tmp_path: Path) -> None:
    """Two runs cannot write to a folder at the same time."""
    with into_folder(tmp_path, FILES):
        pass
    with (
        in_use(tmp_path / "_state.duckdb"),
        pytest.raises(DestinationError, match="it is in use by another program"),
        into_folder(tmp_path, FILES),
    ):
        pass


class _Killed(OSError):  # noqa: N818 - it is no error
    """The process is killed here."""


class _KilledAfter(ParquetStore):
    """A store whose process is killed once it has put so many files in their places."""

    left = 1_000

    def _put(self, path: Path, table: Any) -> None:
        if self.left == 0:
            raise _Killed
        super()._put(path, table)
        self.left -= 1


@pytest.mark.parametrize("files", [0, 1])
def test_killed_between_files(tmp_path: Path, files: int) -> None:
    """A run that is killed between the files of a package leaves no state of its projects, and state of all others."""
    streams = choose_streams(["files", "versions"])

    def package(project: str, version: str) -> Any:
        versions = [{"project": project, "version": version}]
        return batch_with(project, {"files": [{"project": project, "filename": version}], "versions": versions})

    with into_folder(tmp_path, streams) as loader:
        loader.add(package("a", "1"))
        loader.add(package("b", "1"))
        loader.add(batch_with(None, changes={"files": Change(SEEN)}))
    store = _KilledAfter(f"{tmp_path}/")
    loader = Loader(store, streams).__enter__()
    loader.commit()
    loader.add(package("a", "2"))
    store.left = files
    with pytest.raises(DestinationError):
        loader.commit()
    kill(loader)
    with into_folder(tmp_path, streams) as loader:
        assert set(loader.load(["a", "b", ""])) == {"b"}
        loader.add(package("a", "2"))
    for table, column in (("files", "filename"), ("versions", "version")):
        found = rows(f"SELECT project, {column} FROM '{tmp_path}/{table}/*.parquet' ORDER BY ALL")
        assert found == [("a", "2"), ("b", "1")]


def test_what_a_killed_run_left_is_deleted(tmp_path: Path) -> None:
    """Files in the making that a killed run left are deleted by the next one, also those of older releases."""
    for name in (".source-pypi", ".source-pypi-abc"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "files.parquet").touch()
    (tmp_path / ".source-pypi.lock").touch()
    with into_folder(tmp_path, FILES):
        pass
    tables = {"pins", "pin_clauses", "unnamed_requirements", "files", "index_capabilities", "runs"}
    assert {path.name for path in tmp_path.iterdir()} == {"_state.duckdb", "views.sql", *tables}


def dense(size: int) -> msgspec.Raw:
    """JSON of so many bytes that takes twenty times as many once it is parsed."""
    return msgspec.Raw(b"[%s1]" % (b'{"a":1},' * (size // 8)))


@pytest.mark.parametrize(("count", "size"), [(30, 1_000_000), (6, 5_000_000), (1, LARGEST_ROW - 1000)])
def test_dense_documents(tmp_path: Path, count: int, size: int) -> None:
    """Documents that take much memory to parse are loaded, and loaded again, within the memory limit."""
    store = ParquetStore(f"{tmp_path}/")
    for _ in range(2):
        with Loader(store, choose_streams(["project"])) as loader:
            for number in range(count):
                loader.add(batch_with(f"p{number}", {"project": [{"project": f"p{number}", "info": dense(size)}]}))
            loader.commit()
            limit = store.connection.execute("SELECT current_setting('memory_limit')").fetchall()
        assert limit == [("244.1 MiB",)]
    query = f"SELECT count(*), min(length(info)) > 900_000 FROM '{tmp_path}/project/*.parquet'"
    assert rows(query) == [(count, True)]
