"""``python -m tests.warehouses.child INTO INDEX PROJECT...``: a sync in a process of its own, for tests that end it.

``--watch`` prints, once it is done, a line for each address that was connected to, and the number of the connections.
"""

import os
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from source_pypi.config import make_config
from source_pypi.destinations import open_destination
from source_pypi.http.client import Client
from source_pypi.selection import select
from source_pypi.services.index.api import Index
from source_pypi.services.index.locations import Locations
from source_pypi.streams import choose_streams
from source_pypi.sync.run import batches


def sync(into: str, index_url: str, projects: Sequence[str]) -> None:
    """Load projects with all streams."""
    config = make_config({"projects": projects, "releases": "all"})
    streams, selection = choose_streams(["all"]), select(config)
    index = Index(Client(requests_per_second=0, timeout=5), Locations(index_url))
    with open_destination(into, streams, selection.requested, root=index.root) as warehouse:
        print("open", flush=True)
        for batch in batches(index, selection, streams, config, warehouse):
            warehouse.add(batch)
        warehouse.finish()


def main() -> None:
    """Sync, and watch, if asked to."""
    watch = "--watch" in sys.argv
    into, index_url, *projects = [argument for argument in sys.argv[1:] if argument != "--watch"]
    seen: Counter[str] = Counter()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect":
            seen[str(arguments[1])] += 1
        elif event == "socket.getaddrinfo":
            seen[f"name {arguments[0]}"] += 1

    if watch:
        os.environ.pop("RUNTIME__DLTHUB_TELEMETRY", None)
        sys.addaudithook(hook)
    sync(into, index_url, projects)
    for address, count in seen.items():
        print(address, count)


if __name__ == "__main__":
    main()
