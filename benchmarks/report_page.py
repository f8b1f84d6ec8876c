"""``source-pypi report``: a page of pinned projects, and a page of a whole index."""

from collections.abc import Iterator
from statistics import median

from benchmarks.figure import Figure, megabytes
from benchmarks.measure import Command
from benchmarks.workbench import Workbench

#: Projects of each page, relative to the other benchmarks.
PINNED, WHOLE = 0.4, 1500
MOST_SECONDS, MOST_BYTES = 1.0, 1e6
MOST_SECONDS_WHOLE, MOST_BYTES_WHOLE = 5.0, 2e6
_PINS, _WHOLE, _PAGE = "pins.duckdb", "whole.duckdb", "report.html"


def report_page(bench: Workbench) -> Iterator[Figure]:
    """Wall time and size of both pages."""
    pinned, whole = max(1, round(bench.projects * PINNED)), bench.projects * WHOLE
    bench.remove(_PINS)
    bench.source_pypi("sync", "--config", bench.config(pinned), "--streams", "all", "--into", _PINS).run()
    yield from _page(bench, _PINS, f"{pinned} projects", MOST_SECONDS, MOST_BYTES)
    bench.remove(_WHOLE)
    bench.script("generated_index.py", _WHOLE, str(whole)).run()
    yield from _page(bench, _WHOLE, f"{whole:,} projects, as aggregates", MOST_SECONDS_WHOLE, MOST_BYTES_WHOLE)
    bench.remove(_WHOLE)


def _page(bench: Workbench, database: str, what: str, seconds: float, size: float) -> Iterator[Figure]:
    """Wall time, with the size, and peak memory; after one run that is not measured."""
    command: Command = bench.source_pypi("report", database, "-o", _PAGE)
    command.run()
    costs = [command.run() for _ in range(bench.runs)]
    wall, written = median(cost.wall for cost in costs), (bench.folder / _PAGE).stat().st_size
    yield Figure(
        f"`report` of {what}",
        f"{wall:.2f} s, {written / 1e6:.2f} MB",
        f"within {seconds:.0f} s, below {size / 1e6:.0f} MB",
        wall <= seconds and written < size,
        (command,),
    )
    peak = max(cost.peak for cost in costs)
    yield Figure(f"`report` of {what}: peak memory", megabytes(peak), "", None, (command,))
