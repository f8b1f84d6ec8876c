"""What the comparisons with other loaders share: ``sync`` of some projects, beside another command that loads them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.measure import Command, Cost, alternate
from benchmarks.workbench import FLAT_STREAMS, Workbench

OURS = "sync.duckdb"


@dataclass(frozen=True, slots=True)
class Loads:
    """Two loads of the same projects that have been compared.

    :ivar commands: theirs and ours.
    :ivar rows: how many rows each table has, by stream.
    :ivar requests: that theirs and ours have sent.
    """

    commands: tuple[Command, Command]
    rows: dict[str, int]
    requests: tuple[int, int]
    pairs: Sequence[tuple[Cost, Cost]]

    @property
    def all_rows(self) -> int:
        """Rows in all tables."""
        return sum(self.rows.values())

    def walls(self) -> tuple[list[float], list[float]]:
        """Seconds on the clock of theirs and of ours."""
        return [one.wall for one, _ in self.pairs], [other.wall for _, other in self.pairs]

    def cpus(self) -> tuple[list[float], list[float]]:
        """Seconds of CPU of theirs and of ours."""
        return [one.cpu for one, _ in self.pairs], [other.cpu for _, other in self.pairs]


def names_file(bench: Workbench, projects: int) -> str:
    """A file with the names of the first projects, a line each."""
    name = f"names-{projects}.txt"
    (bench.folder / name).write_text("\n".join(bench.names(projects)))
    return name


def compare(bench: Workbench, projects: int, theirs: Command, database: str, tables: Sequence[str]) -> Loads:
    """Measure both in turns, and see that the rows are the same, as far as both have them.

    :param database: what theirs leaves; files and folders that begin so are removed before it runs.
    :param tables: where in it the rows of each of ``FLAT_STREAMS`` are.
    """
    options = ("--config", bench.config(projects), "--into", OURS, "--streams", ",".join(FLAT_STREAMS))
    ours = bench.source_pypi("sync", *options, output="sync.txt")
    requests: dict[str, int] = {}
    load_theirs, load_ours = _fresh(bench, theirs, database, requests), _fresh(bench, ours, OURS, requests)
    load_ours()  # leaves its bytecode; theirs has been compiled when it was installed
    pairs = alternate(load_theirs, load_ours, bench.runs)
    named = [f"{stream}={table}" for stream, table in zip(FLAT_STREAMS, tables, strict=True)]
    bench.script("tables.py", OURS, database, *named, output="rows.json").run()
    rows: dict[str, int] = json.loads((bench.folder / "rows.json").read_text())
    return Loads((theirs, ours), rows, (requests[database], requests[OURS]), pairs)


def _fresh(bench: Workbench, command: Command, database: str, requests: dict[str, int]) -> Callable[[], Cost]:
    """The command, on an index that counts its requests, with nothing there of what it leaves."""

    def load() -> Cost:
        bench.remove(database)
        bench.sent()
        cost = command.run()
        requests[database] = bench.sent()[0]
        return cost

    return load
