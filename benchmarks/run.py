"""``python -m benchmarks.run``: measure everything, and write ``results.md``.

Usage
    ``--quick``: few projects and one run, to check that the benchmarks run; the figures mean nothing.
    ``--only NAME``: one benchmark.
    ``--projects COUNT``, ``--runs COUNT``: other numbers than usual; ``results.md`` names them.

    The first two write nothing. A benchmark against a tool whose environment is missing is left out, and the page says
    so.
"""

import argparse
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.advisories import advisories
from benchmarks.against.cdk import cdk
from benchmarks.against.dlt import dlt
from benchmarks.against.environment import MissingPeerError
from benchmarks.against.pyairbyte import pyairbyte
from benchmarks.against.pypi_to_sqlite import pypi_to_sqlite
from benchmarks.audit import audit
from benchmarks.counting import counting
from benchmarks.figure import Figure
from benchmarks.growth import growth, large
from benchmarks.loading import load, sync
from benchmarks.measure import CommandError
from benchmarks.one_request import one_request
from benchmarks.per_project import per_project
from benchmarks.reading import memory, read
from benchmarks.report import machine, page
from benchmarks.report_page import report_page
from benchmarks.starting import start
from benchmarks.state import state
from benchmarks.unchanged import unchanged
from benchmarks.waiting import concurrency, overlap
from benchmarks.whole_index import whole_index
from benchmarks.workbench import MOST_FILES, Workbench, workbench

RESULTS = Path(__file__).with_name("results.md")
GROWTH = Path(__file__).parents[1] / "docs" / "growth.svg"
PROJECTS, RUNS = 500, 5
QUICK_PROJECTS, QUICK_RUNS = 10, 1

BENCHMARKS: dict[str, Callable[[Workbench], Iterator[Figure]]] = {
    "start": start,
    "read": read,
    "memory": memory,
    "sync": sync,
    "load": load,
    "per_project": per_project,
    "request": one_request,
    "counting": counting,
    "cdk": cdk,
    "pypi_to_sqlite": pypi_to_sqlite,
    "pyairbyte": pyairbyte,
    "dlt": dlt,
    "unchanged": unchanged,
    "audit": audit,
    "advisories": advisories,
    "concurrency": concurrency,
    "overlap": overlap,
    "growth": growth,
    "large": large,
    "state": state,
    "whole_index": whole_index,
    "report_page": report_page,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmarks; exit status 1 when a command fails or rows differ, not when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description="Measure; writes results.md.")
    parser.add_argument("--quick", action="store_true", help="few projects, one run; writes nothing")
    parser.add_argument("--only", choices=BENCHMARKS, help="one benchmark; writes nothing")
    parser.add_argument("--projects", type=int, help=f"usually {PROJECTS}")
    parser.add_argument("--runs", type=int, help=f"usually {RUNS}")
    options = parser.parse_args(arguments)
    usual = (QUICK_PROJECTS, QUICK_RUNS) if options.quick else (PROJECTS, RUNS)
    projects, runs = options.projects or usual[0], options.runs or usual[1]
    print(machine())
    chosen = [options.only] if options.only else list(BENCHMARKS)
    try:
        with workbench(projects, runs, most_files=MOST_FILES) as bench:
            figures, missing, failed = measure(bench, chosen)
            if not (options.quick or options.only):
                RESULTS.write_text(page(figures, missing, projects, runs))
                if (bench.folder / GROWTH.name).exists():
                    shutil.copy(bench.folder / GROWTH.name, GROWTH)
                print(f"-> {RESULTS.name}, {GROWTH.name}")
            sys.exit(1 if failed else 0)
    except CommandError as error:
        sys.exit(str(error))


def measure(bench: Workbench, chosen: Sequence[str]) -> tuple[list[Figure], list[str], bool]:
    """Run some benchmarks and print their figures.

    Return the figures, the reasons why benchmarks are missing, and whether one failed.
    """
    figures: list[Figure] = []
    missing: list[str] = []
    failed = False
    for name in chosen:
        try:
            for figure in BENCHMARKS[name](bench):
                print(figure, flush=True)
                figures.append(figure)
        except MissingPeerError as error:
            missing.append(f"{name} is left out: {error}")
            print(missing[-1], flush=True)
        except CommandError as error:
            failed = True
            missing.append(f"{name} failed")
            print(f"{missing[-1]}: {error}", flush=True)
    return figures, missing, failed


if __name__ == "__main__":
    main()
