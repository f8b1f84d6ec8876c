"""What tests of destinations share: loaders into files and folders, what they load, and what is there afterwards."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from source_pypi.config import make_config
from source_pypi.destinations.duckdb.store import DuckdbStore
from source_pypi.destinations.loader import Loader
from source_pypi.destinations.parquet.store import ParquetStore
from source_pypi.destinations.tables import RUN_TABLES
from source_pypi.queries import Query, views
from source_pypi.selection import Requested, select
from source_pypi.services.index.api import Index
from source_pypi.services.index.documents.fingerprint import fingerprint_of
from source_pypi.streams import choose_streams
from source_pypi.streams.stream import Stream
from source_pypi.sync.batch import Change
from source_pypi.sync.run import batches
from source_pypi.sync.state import Partition, ProjectState
from tests.batches import batch_with
from tests.databases import rows

ALL = choose_streams(["all"])
#: The index, and the time at which a run begins.
ROOT, NOW = "http://index.test", 1_795_332_577
#: Two states of a stream, and one that is packed shorter.
STATE = ProjectState(
    NOW, b"term", True, 7, {"d": fingerprint_of('"one"', b"", 7)}, {"": Partition(b"digest", None, (("a.whl",),))}
)
OTHER = ProjectState(NOW + 1, b"term", True, None, {}, {})
ALIKE = ProjectState(
    NOW, b"term", True, 7, {"d": fingerprint_of('"y0Fny/WdfYJfMTlIoolx/Q"', b"", 7)}, {"": Partition(b"digest")}
)
#: Rows of two projects, by stream.
FOO = {"files": [{"project": "foo", "filename": "foo.whl"}], "versions": [{"project": "foo", "version": "1"}]}
BAR = {"files": [{"project": "bar", "filename": "bar.whl"}]}

#: Makes a loader of ``files`` and ``versions``, or other streams, into the same store of a test each time.
OpenLoader = Callable[..., Loader]


# Loaders --------------------------------------------------------------------------------------------------------------


def into_duckdb(
    path: Path,
    streams: Sequence[Stream] = ALL,
    requested: Sequence[Requested] = (),
    schema: str | None = None,
    **options: Any,
) -> Loader:
    """A loader into a DuckDB file."""
    return Loader(DuckdbStore(str(path), schema), streams, requested, **options)


def into_folder(path: Path, streams: Sequence[Stream] = ALL, **options: Any) -> Loader:
    """A loader into a folder of Parquet."""
    return Loader(ParquetStore(f"{path}/"), streams, **options)


def run(
    loader: Loader, index: Index, projects: Sequence[str], now: Callable[[], float] = time.time, **settings: Any
) -> None:
    """Load projects, and continue from what was loaded before."""
    config = make_config({"projects": projects, "releases": "all", **settings})
    streams = list(loader._streams.values())
    selection = select(config)
    loader._requested = selection.requested
    with loader:
        for batch in batches(index, selection, streams, config, loader, now):
            loader.add(batch)
        loader.finish()


def load(path: Path, index: Index, *projects: str) -> None:
    """Load projects with all streams into a DuckDB file."""
    run(into_duckdb(path, root=index.root), index, projects)


def kill(loader: Loader) -> None:
    """Leave a loader that was entered without a commit, as if its process had been killed."""
    loader._store.close()
    for writer in loader._staged.values():
        writer.close()
    loader._folder.cleanup()


@contextmanager
def in_use(path: Path) -> Iterator[None]:
    """Another process has a DuckDB file open."""
    code = f"import duckdb, sys; c = duckdb.connect({str(path)!r}); print('open', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        yield
        other.communicate("")


# State ----------------------------------------------------------------------------------------------------------------


def changes(states: Mapping[str, ProjectState]) -> dict[str, Change]:
    """Changes of state only, by stream."""
    return {stream: Change(state) for stream, state in states.items()}


def fill(loader: Loader, *, finish: bool = True) -> None:
    """Load state of two projects and of the index, without rows."""
    with loader:
        loader.add(batch_with("foo", changes=changes({"files": STATE, "versions": OTHER})))
        loader.add(batch_with("bar", changes=changes({"files": OTHER})))
        loader.add(batch_with(None, changes=changes({"files": OTHER})))
        if finish:
            loader.finish()


def state_file(folder: Path) -> Path:
    """The DuckDB file of the state of the store that ``open_loader`` filled."""
    return next(path for path in (folder / "x.duckdb", folder / "x" / "_state.duckdb") if path.exists())


def change_state(folder: Path, statement: str) -> None:
    """Change this state from outside."""
    with duckdb.connect(str(state_file(folder))) as connection:
        connection.execute(statement)


# Rows -----------------------------------------------------------------------------------------------------------------


def contents(folder: Path, table: str, columns: str) -> list[tuple[Any, ...]]:
    """The rows of a table in the store that ``open_loader`` filled, of either kind."""
    if (folder / "x.duckdb").exists():
        return rows(folder / "x.duckdb", f"SELECT {columns} FROM {table} ORDER BY ALL")
    return duckdb.execute(f"SELECT {columns} FROM '{folder}/x/{table}/*.parquet' ORDER BY ALL").fetchall()


def stored(folder: Path) -> list[tuple[Any, ...]]:
    """The projects in its tables and state, and the index that they are of."""
    state = rows(state_file(folder), "SELECT 'state', project FROM _state UNION SELECT 'index', index FROM _run")
    return sorted([*state, *(("files", project) for (project,) in contents(folder, "files", "project"))])


def views_of_index() -> list[Query]:
    """The views of tables that streams of the index fill."""
    there = {*(stream.name for stream in ALL), *(table.name for table in RUN_TABLES)}
    found = []
    for view in views():
        if there.issuperset(view.needs):
            found.append(view)
            there.add(view.name)
    return found
