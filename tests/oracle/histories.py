"""Random histories of an index: `python -m tests.oracle COUNT [--seed N] [--destination NAME]`."""

import argparse
import importlib.util
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.oracle import known
from tests.oracle.destinations import DESTINATIONS
from tests.oracle.plans import Plan, plan
from tests.oracle.product import Product
from tests.oracle.run import Report, happen


def installed() -> list[str]:
    """The destinations whose libraries are installed."""
    return [name for name in DESTINATIONS if name != "sqlite" or importlib.util.find_spec("dlt") is not None]


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.oracle", description=__doc__)
    parser.add_argument("count", type=int, help="how many histories, of seeds from --seed upwards")
    parser.add_argument("--seed", type=int, default=None, help="any one if left out; it is printed")
    parser.add_argument("--destination", choices=[*DESTINATIONS, "all"], default="all", help="all: those installed")
    parser.add_argument("--without", default="", help="changes, faults and habits that do not occur, by commas")
    parser.add_argument("--known", action="store_true", help="leave out what tests/oracle/known.py lists, too")
    parser.add_argument("--faults", default="", help="the only faults that occur, by commas; all if left out")
    parser.add_argument("--keep", default="", help="numbers of the steps that happen, by commas; all if left out")
    parser.add_argument("--shrink", type=int, default=40, help="at most so many tries to leave steps out")
    parser.add_argument("--at-once", type=int, default=os.cpu_count(), help="histories at the same time")
    parser.add_argument("--patient", action="store_true", help="wait as long between tries as the product wants to")
    return parser.parse_args(arguments)


def shrunk(report: Report, product: Product, tries: int) -> tuple[Report, list[int]]:
    """The same difference with as few steps as some tries find, and the numbers of these steps."""
    whole = report.plan
    kept = [*range(len(whole.steps))]
    what = _kind(report)
    for number in range(len(kept) - 1, -1, -1):
        if tries == 0:
            break
        tries -= 1
        fewer = [one for one in kept if one != number]
        if not fewer:
            continue
        again = happen(whole.keeping(fewer), product)
        if again.differences and _kind(again) == what:
            report, kept = again, fewer
    return report, kept


def _kind(report: Report) -> str:
    """What kind of difference the first one is: its text up to the key."""
    return report.differences[0].partition("(")[0]


def written(report: Report, kept: Sequence[int]) -> str:
    """A report as text: how to repeat it, what happened, what differs."""
    one: Plan = report.plan
    command = f"python -m tests.oracle 1 --seed {one.seed} --destination {one.destination} --shrink 0"
    command += f" --keep {','.join(map(str, kept))}" + "".join(
        f" --{name} {','.join(sorted(values))}"
        for name, values in (("without", one.without), ("faults", one.only))
        if values
    )
    habits = f"{one.style}, whole index: {one.whole}, {one.habits}"
    lines = [command, habits, *report.told, *(f"DIFFERENT: {line}" for line in report.differences[:12])]
    return "\n".join(lines)


def plans(arguments: argparse.Namespace, streams: Sequence[str]) -> list[Plan]:
    """The histories that are asked for, over the destinations by turns."""
    without, only = (frozenset(filter(None, text.split(","))) for text in (arguments.without, arguments.faults))
    without |= known.HISTORIES if arguments.known else frozenset()
    destinations = installed() if arguments.destination == "all" else [arguments.destination]
    return [
        plan(arguments.seed + number, destinations[number % len(destinations)], streams, without, only)
        for number in range(arguments.count)
    ]


def reports(
    made: Sequence[Plan], product: Product, *, at_once: int = 2, tries: int = 0, keep: Sequence[int] = ()
) -> Iterator[tuple[Report, Sequence[int]]]:
    """
    What became of the histories, in their order, each with the numbers of the steps that remain of it: those to `keep`
    (all if that is empty), or fewer where something differed and some `tries` could leave steps out.
    """

    def one(plan: Plan) -> tuple[Report, Sequence[int]]:
        kept = keep or range(len(plan.steps))
        report = happen(plan.keeping(kept), product)
        return shrunk(report, product, tries) if report.differences and tries and not keep else (report, kept)

    with ThreadPoolExecutor(at_once) as pool:
        yield from pool.map(one, made)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the histories; the status is 1 if something differed."""
    read = _arguments(arguments)
    read.seed = random.randrange(10**6) * 1000 if read.seed is None else read.seed
    sys.stdout.write(f"{read.count} histories, seed {read.seed}\n")
    begun, runs, different = time.monotonic(), 0, 0
    keep = [int(one) for one in read.keep.split(",") if one]
    with Product(hurried=not read.patient).forking() as product:
        made = plans(read, [*product.streams])
        for report, kept in reports(made, product, at_once=read.at_once, tries=read.shrink, keep=keep):
            runs += report.runs
            if report.differences:
                different += 1
                sys.stdout.write(written(report, kept) + "\n\n")
                sys.stdout.flush()
    seconds = time.monotonic() - begun
    sys.stdout.write(f"{len(made)} histories, {runs} runs, {different} different, {seconds:.0f} s\n")
    return 1 if different else 0
