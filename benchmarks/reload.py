"""``source-pypi sync`` into a DuckDB file whose rows are all replaced, with or without the count of changes.

Usage: ``python benchmarks/reload.py CONFIG DATABASE counted|uncounted``. The file's state is deleted first: all
projects are read in full, and their rows are replaced. Prints as JSON the seconds that the sync took, on the clock and
of CPU.
"""

import json
import sys
import time
from pathlib import Path

import duckdb

from source_pypi.config import read_config
from source_pypi.destinations.duckdb.store import DuckdbStore
from source_pypi.destinations.loader import Loader
from source_pypi.destinations.row_counts import RowChanges
from source_pypi.destinations.store import StagedRows
from source_pypi.opening import open_run
from source_pypi.streams import choose_streams


class Uncounted(DuckdbStore):
    """A store that does not count changes."""

    def _replace(self, staged: StagedRows) -> RowChanges:
        self._replace_uncounted(staged)
        return RowChanges()


def main() -> None:
    """Delete the state, then sync."""
    config, database, kind = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    if Path(database).exists():
        with duckdb.connect(database) as connection:
            connection.execute("DELETE FROM _state")
    streams = choose_streams(["projects", "versions", "files"])
    run = open_run(read_config(config), streams)
    wall, cpu = time.perf_counter(), time.process_time()
    store = DuckdbStore(database) if kind == "counted" else Uncounted(database)
    with Loader(store, streams, run.selection.requested, root=run.index.root) as loader:
        for batch in run.batches(loader):
            loader.add(batch)
            del batch
    print(json.dumps({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}))


if __name__ == "__main__":
    main()
