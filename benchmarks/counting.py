"""What it costs ``sync`` to count the rows that it adds, changes and removes."""

import json
from collections.abc import Iterator

from benchmarks.figure import Figure, beside, ratio
from benchmarks.measure import Command
from benchmarks.workbench import FLAT_STREAMS, Workbench

#: How much more a sync of changed projects may take.
MOST = 1.1
_DATABASE = "counting.duckdb"


def counting(bench: Workbench) -> Iterator[Figure]:
    """CPU of a sync that replaces all rows, and of a first one, relative to the same without the count."""
    config = bench.config(bench.projects)
    counted, uncounted = (
        bench.script("reload.py", config, _DATABASE, kind, output=f"{kind}.json") for kind in ("counted", "uncounted")
    )

    def seconds(command: Command, *, first: bool) -> float:
        if first:
            bench.remove(_DATABASE)
        command.run()
        measured: dict[str, float] = json.loads((bench.folder / str(command.output)).read_text())
        return measured["cpu"]

    for first in (True, False):
        seconds(uncounted, first=first)
        pairs = [(seconds(counted, first=first), seconds(uncounted, first=first)) for _ in range(bench.runs)]
        ones, others = [one for one, _ in pairs], [other for _, other in pairs]
        times = ratio(ones, others)
        what = "first `sync`" if first else "`sync` that replaces all rows"
        yield Figure(
            f"{what} of {bench.projects} projects, {len(FLAT_STREAMS)} streams: CPU, relative to one that does not "
            "count the changed rows",
            f"{times:.2f}x ({beside(ones, others)})",
            f"at most {MOST}x",
            times <= MOST,
            (counted, uncounted),
            headline=not first,
        )
