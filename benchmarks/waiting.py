"""What is made of an index's latency: several requests at once where they may be, and no time lost where not."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from benchmarks.figure import Figure, beside, ratio
from benchmarks.measure import Command, Cost
from benchmarks.workbench import FLAT_STREAMS, Workbench, workbench

#: Seconds before each answer: of the index that is asked for several projects at once, and for one after another.
LATENCY, SHORT_LATENCY = 0.05, 0.02
AT_ONCE = (4, 8)
#: Projects that are read at once, for each that the other benchmarks read: the start is a part of the time as well.
TIMES = 2
OF_LINEAR, OF_A_CORE, WAITING = 0.95, 0.95, 0.95


def concurrency(bench: Workbench) -> Iterator[Figure]:
    """By how much ``max_concurrency`` shortens ``read`` from an index that answers late."""
    with workbench(TIMES * bench.projects, bench.runs, latency=LATENCY) as late:
        commands = [late.read(FLAT_STREAMS, "read.jsonl", max_concurrency=number) for number in (1, *AT_ONCE)]
        commands[-1].run()
        rounds = [[command.run() for command in commands] for _ in range(bench.runs)]
    for place, number in enumerate(AT_ONCE, start=1):
        yield _of_linear(
            late.projects,
            number,
            [costs[0] for costs in rounds],
            [costs[place] for costs in rounds],
            (commands[0], commands[place]),
        )


def _of_linear(
    projects: int, number: int, ones: Sequence[Cost], others: Sequence[Cost], commands: tuple[Command, ...]
) -> Figure:
    walls = [cost.wall for cost in ones], [cost.wall for cost in others]
    linear = ratio(*walls) / number
    busy = median(cost.cpu / cost.wall for cost in others)
    return Figure(
        f"`read` of {projects:,} projects, {1000 * LATENCY:.0f} ms latency, {number} requests at once beside 1",
        f"{linear:.2f} of linear, a core {busy:.0%} full ({beside(*walls)})",
        f"{OF_LINEAR} of linear, until a core is full",
        linear >= OF_LINEAR or busy >= OF_A_CORE,
        commands,
        headline=True,
    )


def overlap(bench: Workbench) -> Iterator[Figure]:
    """The share of the wall time of ``read`` in which a request is under way, one after another."""
    with workbench(bench.projects, bench.runs, latency=SHORT_LATENCY) as late:
        read = late.read(FLAT_STREAMS, "read.jsonl")
        read = late.source_pypi(*read.arguments[1:], "--debug", output=read.output)
        read.run()
        measured = [(read.run().wall, _under_way(late.folder / "read.jsonl")) for _ in range(bench.runs)]
    share = median(waited / wall for wall, waited in measured)
    wall, waited = (median(values) for values in zip(*measured, strict=True))
    yield Figure(
        f"`read` of {bench.projects} projects, {1000 * SHORT_LATENCY:.0f} ms latency, one request after another: "
        "a request is under way",
        f"{share:.1%} of the wall time ({waited:.2f} s of {wall:.2f} s)",
        f"above {WAITING:.0%}",
        share > WAITING,
        (read,),
        headline=True,
    )


def _under_way(lines: Path) -> float:
    """Seconds that requests took, as ``--debug`` tells them."""
    told = re.compile(rb": status \d+, \d+ bytes, ([\d.]+) s")
    with lines.open("rb") as messages:
        logged = (told.search(line) for line in messages if line.startswith(b'{"type":"LOG"'))
        return sum(float(found[1]) for found in logged if found)
