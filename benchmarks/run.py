"""``python -m benchmarks.run``: measure everything, and write ``results.md``.

Usage
    ``--quick``: a tenth of the projects and few runs, writes nothing: whether the benchmarks themselves work.
    ``--only NAME``: one benchmark, writes nothing.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.loading import sync
from benchmarks.measure import CommandError
from benchmarks.reading import memory, read
from benchmarks.report import machine, page
from benchmarks.starting import start
from benchmarks.state import state
from benchmarks.whole_index import whole_index
from benchmarks.workbench import Workbench, workbench

RESULTS = Path(__file__).with_name("results.md")
PROJECTS, RUNS = 500, 7
QUICK_PROJECTS, QUICK_RUNS = 50, 3

BENCHMARKS: dict[str, Callable[[Workbench], Iterator[Figure]]] = {
    "start": start,
    "read": read,
    "memory": memory,
    "sync": sync,
    "state": state,
    "whole_index": whole_index,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmarks; exit status 1 when a command fails or rows differ, not when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description="Measure; writes results.md.")
    parser.add_argument("--quick", action="store_true", help="few projects, few runs; writes nothing")
    parser.add_argument("--only", choices=BENCHMARKS, help="one benchmark; writes nothing")
    options = parser.parse_args(arguments)
    projects, runs = (QUICK_PROJECTS, QUICK_RUNS) if options.quick else (PROJECTS, RUNS)
    print(machine())
    figures: list[Figure] = []
    try:
        with workbench(projects, runs) as bench:
            for benchmark in [options.only] if options.only else BENCHMARKS:
                for figure in BENCHMARKS[benchmark](bench):
                    print(figure, flush=True)
                    figures.append(figure)
    except CommandError as error:
        sys.exit(str(error))
    if not options.quick and not options.only:
        RESULTS.write_text(page(figures, projects, runs))
        print(f"-> {RESULTS.name}")


if __name__ == "__main__":
    main()
