"""Compared with ``pypi-to-sqlite``: the same projects into one file."""

from collections.abc import Iterator

from benchmarks.against.environment import peer, require
from benchmarks.against.loads import compare, names_file
from benchmarks.figure import Figure, many_times
from benchmarks.workbench import Workbench

#: The other benchmarks read this many times as many projects: this tool commits each row.
FEWER = 100
TIMES_FASTER = 3
_DATABASE = "theirs.sqlite"


def pypi_to_sqlite(bench: Workbench) -> Iterator[Figure]:
    """Wall time and CPU of a load."""
    require("peers")
    projects = max(1, bench.projects // FEWER)
    names = names_file(bench, projects)
    theirs = peer(bench, "peers", "launch_pypi_to_sqlite.py", bench.url, _DATABASE, names)
    loads = compare(bench, projects, theirs, _DATABASE, ("packages", "versions", "releases"))
    name = f"`pypi-to-sqlite`, {projects} projects, {loads.all_rows:,} rows"
    yield many_times(f"{name}: wall time, relative to `sync`", *loads.walls(), TIMES_FASTER, loads.commands)
    yield many_times(f"{name}: CPU, relative to `sync`", *loads.cpus(), TIMES_FASTER, loads.commands, headline=False)
