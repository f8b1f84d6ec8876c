"""Shared by the comparisons with other loaders: ``sync``, and another command that loads the same projects."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.measure import Command, Cost, alternate
from benchmarks.workbench import FLAT_STREAMS, Workbench

OURS = "sync.duckdb"


@dataclass(frozen=True, slots=True)
class Loads:
    """The results of two loads of the same projects, with equal rows.

    :ivar commands: their command and ours.
    :ivar rows: number of rows, by stream.
    :ivar requests: number of requests of their command and of ours.
    :ivar pairs: costs of their command and of ours, for each pair of runs.
    """

    commands: tuple[Command, Command]
    rows: dict[str, int]
    requests: tuple[int, int]
    pairs: Sequence[tuple[Cost, Cost]]

    @property
    def all_rows(self) -> int:
        """Number of rows in all tables."""
        return sum(self.rows.values())

    def walls(self) -> tuple[list[float], list[float]]:
        """Return the wall times of their command and of ours, in seconds."""
        return [one.wall for one, _ in self.pairs], [other.wall for _, other in self.pairs]

    def cpus(self) -> tuple[list[float], list[float]]:
        """Return the CPU times of their command and of ours, in seconds."""
        return [one.cpu for one, _ in self.pairs], [other.cpu for _, other in self.pairs]


def names_file(bench: Workbench, projects: int) -> str:
    """Write a file with the names of the first projects, one per line; return its name."""
    name = f"names-{projects}.txt"
    (bench.folder / name).write_text("\n".join(bench.names(projects)))
    return name


def compare(bench: Workbench, projects: int, theirs: Command, database: str, tables: Sequence[str]) -> Loads:
    """Measure both in turns, and check that their rows are equal, as far as both have them.

    :param database: the database of their command; files whose names begin with it are removed before each run.
    :param tables: its tables for each of ``FLAT_STREAMS``.
    """
    options = ("--config", bench.config(projects), "--into", OURS, "--streams", ",".join(FLAT_STREAMS))
    ours = bench.source_pypi("sync", *options, output="sync.txt")
    requests: dict[str, int] = {}
    load_theirs, load_ours = _fresh(bench, theirs, database, requests), _fresh(bench, ours, OURS, requests)
    load_ours()  # writes its bytecode; pip has compiled theirs
    pairs = alternate(load_theirs, load_ours, bench.runs)
    named = [f"{stream}={table}" for stream, table in zip(FLAT_STREAMS, tables, strict=True)]
    bench.script("tables.py", OURS, database, *named, output="rows.json").run()
    rows: dict[str, int] = json.loads((bench.folder / "rows.json").read_text())
    return Loads((theirs, ours), rows, (requests[database], requests[OURS]), pairs)


def _fresh(bench: Workbench, command: Command, database: str, requests: dict[str, int]) -> Callable[[], Cost]:
    """A function that runs the command without its earlier database, and counts its requests."""

    def load() -> Cost:
        bench.remove(database)
        bench.sent()
        cost = command.run()
        requests[database] = bench.sent()[0]
        return cost

    return load
