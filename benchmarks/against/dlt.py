"""Compared with dlt, with a hand-written resource for each stream, into DuckDB."""

from collections.abc import Iterator

from benchmarks.against.environment import peer, require
from benchmarks.against.loads import Loads, compare, names_file
from benchmarks.figure import Figure, many_times
from benchmarks.workbench import FLAT_STREAMS, Workbench

#: The other benchmarks read this many times as many projects.
FEWER = 5
TIMES_FASTER = 3
_DATABASE = "theirs.duckdb"


def dlt(bench: Workbench) -> Iterator[Figure]:
    """Wall time and CPU of a load, and requests."""
    require("peers")
    projects = bench.projects // FEWER
    names = names_file(bench, projects)
    theirs = peer(bench, "peers", "dlt_resources.py", bench.url, _DATABASE, names)
    loads = compare(bench, projects, theirs, _DATABASE, [f"pypi_data.{stream}" for stream in FLAT_STREAMS])
    name = f"dlt with one resource per stream into DuckDB, {projects} projects, {loads.all_rows:,} rows"
    yield many_times(f"{name}: wall time, relative to `sync`", *loads.walls(), TIMES_FASTER, loads.commands)
    yield many_times(f"{name}: CPU, relative to `sync`", *loads.cpus(), TIMES_FASTER, loads.commands, headline=False)
    yield _requests(loads, projects)


def _requests(loads: Loads, projects: int) -> Figure:
    """Requests, counted by the index; every run sends the same number."""
    theirs, ours = loads.requests
    return Figure(
        f"requests of `sync` for {projects} projects",
        f"{ours:,} (dlt: {theirs:,}, {theirs // projects} a project)",
        f"{projects}: 1 a project",
        ours == projects,
        loads.commands,
        headline=True,
    )
