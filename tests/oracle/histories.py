"""Random histories of an index: `python -m tests.oracle COUNT [--seed N] [--destination NAME]`."""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence

from tests.oracle.destinations import DESTINATIONS
from tests.oracle.plans import Plan, plan
from tests.oracle.product import Product
from tests.oracle.run import Report, happen


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.oracle", description=__doc__)
    parser.add_argument("count", type=int, help="how many histories, of seeds from --seed upwards")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--destination", choices=[*DESTINATIONS, "all"], default="duckdb")
    parser.add_argument("--without", default="", help="changes, faults and habits that do not occur, by commas")
    parser.add_argument("--faults", default="", help="the only faults that occur, by commas; all if left out")
    parser.add_argument("--keep", default="", help="numbers of the steps that happen, by commas; all if left out")
    parser.add_argument("--shrink", type=int, default=40, help="at most so many tries to leave steps out")
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


def reports(arguments: argparse.Namespace, product: Product) -> Iterator[tuple[Report, list[int]]]:
    """The histories, one after another, each with the numbers of the steps that remain of it."""
    without, only = (frozenset(filter(None, text.split(","))) for text in (arguments.without, arguments.faults))
    destinations = [*DESTINATIONS] if arguments.destination == "all" else [arguments.destination]
    for number in range(arguments.count):
        made = plan(
            arguments.seed + number, destinations[number % len(destinations)], [*product.streams], without, only
        )
        kept = [int(one) for one in arguments.keep.split(",") if one] or [*range(len(made.steps))]
        report = happen(made.keeping(kept), product)
        if report.differences and arguments.shrink:
            report, kept = shrunk(report, product, arguments.shrink)
        yield report, kept


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the histories; the status is 1 if something differed."""
    read = _arguments(arguments)
    product = Product(hurried=not read.patient)
    begun, runs, different, count = time.monotonic(), 0, 0, 0
    for report, kept in reports(read, product):
        count += 1
        runs += report.runs
        if report.differences:
            different += 1
            sys.stdout.write(written(report, kept) + "\n\n")
            sys.stdout.flush()
    seconds = time.monotonic() - begun
    sys.stdout.write(f"{count} histories, {runs} runs, {different} different, {seconds:.0f} s\n")
    return 1 if different else 0
