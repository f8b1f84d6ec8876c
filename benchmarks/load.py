"""The load part of ``source-pypi sync`` by itself: batches that are there already, into a fresh DuckDB file.

Usage: ``python benchmarks/load.py CONFIG DATABASE``. Prints as JSON the seconds that the loader took, on the clock and
of CPU: from opening the file to closing it, with the lines that it writes for DuckDB and the state that it keeps.
"""

import gc
import json
import sys
import time
from pathlib import Path

from source_pypi.config import read_config
from source_pypi.destinations.duckdb.store import DuckdbStore
from source_pypi.destinations.loader import Loader
from source_pypi.selection import select
from source_pypi.services.index.api import open_index
from source_pypi.streams import choose_streams
from source_pypi.sync.run import batches


def main() -> None:
    """Read into memory, then load."""
    config, streams = read_config(Path(sys.argv[1])), choose_streams(["projects", "versions", "files"])
    index, selection = open_index(config), select(config)
    visited = list(batches(index, selection, streams, config))
    gc.collect()
    gc.freeze()  # what waits here would be looked through again and again, which sync does not do
    wall, cpu = time.perf_counter(), time.process_time()
    with Loader(DuckdbStore(sys.argv[2]), streams, selection.requested, root=index.root) as database:
        for batch in visited:
            database.add(batch)
        database.finish()
    print(json.dumps({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}))


if __name__ == "__main__":
    main()
