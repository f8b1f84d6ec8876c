"""Compared with PyAirbyte, which reads this connector into DuckDB."""

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.against.environment import peer, require
from benchmarks.against.loads import compare
from benchmarks.figure import Figure, many_times
from benchmarks.workbench import FLAT_STREAMS, Workbench

#: The other benchmarks read this many times as many projects.
FEWER = 5
TIMES_FASTER = 5
_DATABASE = "theirs.duckdb"


def pyairbyte(bench: Workbench) -> Iterator[Figure]:
    """Wall time and CPU of a load, the start of its process included."""
    require("pyairbyte")
    projects = bench.projects // FEWER
    source = str(Path(sys.executable).with_name("source-pypi"))
    given = (source, bench.config(projects), _DATABASE, *FLAT_STREAMS)
    theirs = peer(bench, "pyairbyte", "pyairbyte_duckdb.py", *given)
    loads = compare(bench, projects, theirs, _DATABASE, [f"pypi.{stream}" for stream in FLAT_STREAMS])
    name = f"PyAirbyte reading this connector into DuckDB, {projects} projects, {loads.all_rows:,} rows"
    yield many_times(f"{name}: wall time, relative to `sync`", *loads.walls(), TIMES_FASTER, loads.commands)
    yield many_times(f"{name}: CPU, relative to `sync`", *loads.cpus(), TIMES_FASTER, loads.commands, headline=False)
