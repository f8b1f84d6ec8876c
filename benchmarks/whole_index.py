"""What a second ``sync`` of the whole index takes: the list read and compared, and only what has moved visited."""

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

#: Projects that are listed, and those of them that have moved, for every project that the other benchmarks read.
LISTED, MOVED = 1500, 20
MOST_CPU, MOST_MEMORY, LARGEST_STATE = 5.0, 300e6, 60e6
_DATABASE, _HERE = "index.duckdb", Path(__file__).parent


def whole_index(bench: Workbench) -> Iterator[Figure]:
    """CPU and memory of the comparison, requests and memory where some have moved, size of what is remembered."""
    listed, moved = bench.projects * LISTED, bench.projects * MOVED
    with _index(bench, listed, 0):
        state = (bench.folder / _DATABASE).stat().st_size
        command, still, printed = _sync(bench)
    name = f"`sync` of {listed:,} listed projects"
    yield Figure(
        f"{name}, none of which has moved: CPU",
        f"{still.cpu:.1f} s; {printed}",
        f"below {MOST_CPU:.0f} s",
        still.cpu < MOST_CPU,
        (command,),
    )
    goal = f"below {megabytes(MOST_MEMORY)}"
    yield Figure(f"{name}: peak memory", megabytes(still.peak), goal, still.peak < MOST_MEMORY, (command,))
    goal = f"below {megabytes(LARGEST_STATE)}"
    size = f"{megabytes(state)}, three streams; {state / listed:.0f} bytes a project"
    yield Figure(f"what is remembered of {listed:,} projects", size, goal, state < LARGEST_STATE, (command,))
    with _index(bench, listed, moved):
        command, some, printed = _sync(bench)
        grown = (bench.folder / _DATABASE).stat().st_size - state
    asked = f"{moved + 1:,} requests"
    yield Figure(
        f"{name}, {moved:,} of which have moved: requests",
        printed,
        f"{asked}: the list and these",
        asked in printed,
        (command,),
    )
    yield Figure(
        f"{name}, {moved:,} of which have moved: peak memory beside none",
        f"{some.peak / still.peak:.2f}x ({megabytes(some.peak)} against {megabytes(still.peak)})",
        "",
        None,
        (command,),
    )
    grew = f"{megabytes(grown)}, with the rows of {moved:,} projects"
    yield Figure("by how much that sync made the file larger", grew, "", None, (command,))


def _sync(bench: Workbench) -> tuple[Command, Cost, str]:
    """A sync of the whole index: the command, its cost, and the line that it prints of what it did."""
    settings = {"whole_index": True, "requests_per_second": 0, "index_url": (bench.folder / "address").read_text()}
    (bench.folder / "whole.json").write_text(json.dumps(settings))
    command = bench.source_pypi("sync", "--config", "whole.json", "--into", _DATABASE, output="whole.txt")
    cost = command.run()
    found = re.search(r"[\d,]+ requests?, [\d.]+ \w+", (bench.folder / "whole.txt").read_text())
    return command, cost, found[0] if found else "1 request"


@contextmanager
def _index(bench: Workbench, listed: int, moved: int) -> Iterator[None]:
    """An index in a process of its own, and a database that has seen it.

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
                raise CommandError("the index that lists very many projects has not started")
            (bench.folder / "address").write_text(url)
            yield
        finally:
            index.terminate()
