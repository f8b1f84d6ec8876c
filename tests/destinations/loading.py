"""What tests of destinations share: loaders into files and folders, and what is in them afterwards."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from source_pypi.config import make_config
from source_pypi.destinations.duckdb.store import DuckdbStore
from source_pypi.destinations.loader import Loader
from source_pypi.destinations.parquet.store import ParquetStore
from source_pypi.selection import SelectedProject, select
from source_pypi.services.index.api import Index
from source_pypi.streams import choose_streams
from source_pypi.streams.stream import Stream
from source_pypi.sync.run import batches

ALL = choose_streams(["all"])


def into_duckdb(
    path: Path,
    streams: Sequence[Stream] = ALL,
    projects: Sequence[SelectedProject] = (),
    schema: str | None = None,
    **options: Any,
) -> Loader:
    """A loader into a DuckDB file."""
    return Loader(DuckdbStore(str(path), schema), streams, projects, **options)


def into_folder(path: Path, streams: Sequence[Stream] = ALL, **options: Any) -> Loader:
    """A loader into a folder of Parquet."""
    return Loader(ParquetStore(f"{path}/"), streams, **options)


def run(
    loader: Loader, index: Index, projects: Sequence[str], now: Callable[[], float] = time.time, **settings: Any
) -> None:
    """Load projects, and continue from what was loaded before."""
    config = make_config({"projects": projects, "releases": "all", **settings})
    streams = list(loader._streams.values())
    with loader:
        for batch in batches(index, select(config), streams, config, loader, now):
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
def opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB file, as a user would open it."""
    connection = duckdb.connect(str(path), read_only=True)
    connection.execute("SET TimeZone = 'UTC'")
    try:
        yield connection
    finally:
        connection.close()


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query on a DuckDB file."""
    with opened(path) as connection:
        return connection.execute(query).fetchall()
