"""A second ``sync`` of the whole index: it compares the list, and reads only the projects that changed."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.figure import Figure, megabytes
from benchmarks.measure import Command, CommandError, Cost
from benchmarks.workbench import Workbench
from source_pypi.sync.list_sample import SIZE

#: Numbers of listed and of changed projects, relative to the other benchmarks.
LISTED, MOVED = 1500, 20
MOST_CPU, MOST_MEMORY, LARGEST_STATE = 5.0, 300e6, 60e6
_DATABASE, _HERE = "index.duckdb", Path(__file__).parent


def whole_index(bench: Workbench) -> Iterator[Figure]:
    """CPU and memory of the comparison; requests and memory if some projects changed; size of the state."""
    listed, moved = bench.projects * LISTED, bench.projects * MOVED
    with _index(bench, listed, 0):
        state = (bench.folder / _DATABASE).stat().st_size
        command, still, _ = _sync(bench)
    name = f"`sync` of {listed:,} listed projects"
    yield Figure(
        f"{name}, none of which changed: CPU",
        f"{still.cpu:.1f} s",
        f"below {MOST_CPU:.0f} s",
        still.cpu < MOST_CPU,
        (command,),
    )
    goal = f"below {megabytes(MOST_MEMORY)}"
    yield Figure(f"{name}: peak memory", megabytes(still.peak), goal, still.peak < MOST_MEMORY, (command,))
    goal = f"below {megabytes(LARGEST_STATE)}"
    size = f"{megabytes(state)}, three streams; {state / listed:.0f} bytes a project"
    yield Figure(f"state of {listed:,} projects", size, goal, state < LARGEST_STATE, (command,))
    with _index(bench, listed, moved):
        command, some, printed = _sync(bench)
        grown = (bench.folder / _DATABASE).stat().st_size - state
    asked = f"{moved + 1 + SIZE:,} requests"
    yield Figure(
        f"{name}, {moved:,} of which changed: requests",
        printed,
        f"{asked}: the list, these and a sample",
        asked in printed,
        (command,),
    )
    yield Figure(
        f"{name}, {moved:,} of which changed: peak memory, relative to none",
        f"{some.peak / still.peak:.2f}x ({megabytes(some.peak)} against {megabytes(still.peak)})",
        "",
        None,
        (command,),
    )
    grew = f"{megabytes(grown)}, with the rows of {moved:,} projects"
    yield Figure("growth of the file by that sync", grew, "", None, (command,))


def _sync(bench: Workbench) -> tuple[Command, Cost, str]:
    """Sync the whole index; return the command, its cost, and its requests and bytes; empty: it reports none."""
    settings = {"whole_index": True, "requests_per_second": 0, "index_url": (bench.folder / "address").read_text()}
    (bench.folder / "whole.json").write_text(json.dumps(settings))
    command = bench.source_pypi("sync", "--config", "whole.json", "--into", _DATABASE, output="whole.txt")
    cost = command.run()
    found = re.search(r"[\d,]+ requests?, [\d.]+ \w+", (bench.folder / "whole.txt").read_text())
    return command, cost, found[0] if found else ""


@contextmanager
def _index(bench: Workbench, listed: int, moved: int) -> Iterator[None]:
    """Run an index in a process of its own, with a database that was loaded from it.

    :raises CommandError: when it does not start.
    """
    bench.remove(_DATABASE)
    arguments = ("--listed", str(listed), "--moved", str(moved), "--into", str(bench.folder / _DATABASE))
    serve = (sys.executable, str(_HERE / "listed_index.py"), *arguments)
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as index:
        assert index.stdout is not None
        try:
            url = index.stdout.readline().strip()
            if not url:
                raise CommandError("the index for the whole-index benchmark has not started")
            (bench.folder / "address").write_text(url)
            yield
        finally:
            index.terminate()
