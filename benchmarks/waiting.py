"""Latency of the index: concurrent requests, and the share of time with a request in progress."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from benchmarks.figure import Figure, beside, ratio
from benchmarks.measure import Command, Cost
from benchmarks.workbench import FLAT_STREAMS, Workbench, workbench

#: Seconds before each response: of the index for concurrent requests, and of the one for one request at a time.
LATENCY, SHORT_LATENCY = 0.05, 0.02
CONCURRENT = (4, 8)
#: Number of projects, relative to the other benchmarks: the start takes a part of the time as well.
TIMES = 2
OF_LINEAR, OF_A_CORE, IN_PROGRESS = 0.95, 0.95, 0.90


def concurrency(bench: Workbench) -> Iterator[Figure]:
    """How much ``max_concurrency`` shortens ``read`` from an index with latency."""
    with workbench(TIMES * bench.projects, bench.runs, latency=LATENCY) as late:
        commands = [late.read(FLAT_STREAMS, "read.jsonl", max_concurrency=number) for number in (1, *CONCURRENT)]
        commands[-1].run()
        rounds = [[command.run() for command in commands] for _ in range(bench.runs)]
    for column, number in enumerate(CONCURRENT, start=1):
        yield _of_linear(
            late.projects,
            number,
            [costs[0] for costs in rounds],
            [costs[column] for costs in rounds],
            (commands[0], commands[column]),
        )


def _of_linear(
    projects: int, number: int, ones: Sequence[Cost], others: Sequence[Cost], commands: tuple[Command, ...]
) -> Figure:
    walls = [cost.wall for cost in ones], [cost.wall for cost in others]
    linear = ratio(*walls) / number
    busy = median(cost.cpu / cost.wall for cost in others)
    return Figure(
        f"`read` of {projects:,} projects, {1000 * LATENCY:.0f} ms latency, {number} concurrent requests, "
        "relative to 1",
        f"{linear:.2f} of linear, one core {busy:.0%} busy ({beside(*walls)})",
        f"{OF_LINEAR} of linear, unless a core is busy",
        linear >= OF_LINEAR or busy >= OF_A_CORE,
        commands,
        headline=True,
    )


def overlap(bench: Workbench) -> Iterator[Figure]:
    """The share of the wall time of ``read`` with a request in progress, one request at a time."""
    with workbench(bench.projects, bench.runs, latency=SHORT_LATENCY) as late:
        read = late.read(FLAT_STREAMS, "read.jsonl")
        read = late.source_pypi(*read.arguments[1:], "--debug", output=read.output)
        read.run()
        measured = [(read.run().wall, _request_seconds(late.folder / "read.jsonl")) for _ in range(bench.runs)]
    share = median(waited / wall for wall, waited in measured)
    wall, waited = (median(values) for values in zip(*measured, strict=True))
    yield Figure(
        f"`read` of {bench.projects} projects, {1000 * SHORT_LATENCY:.0f} ms latency, one request at a time: "
        "time with a request in progress",
        f"{share:.1%} of the wall time ({waited:.2f} s of {wall:.2f} s)",
        f"above {IN_PROGRESS:.0%}",
        share > IN_PROGRESS,
        (read,),
        headline=True,
    )


def _request_seconds(lines: Path) -> float:
    """The seconds that requests took, from the log of ``--debug``."""
    logged_time = re.compile(rb": status \d+, \d+ bytes, ([\d.]+) s")
    with lines.open("rb") as messages:
        logged = (logged_time.search(line) for line in messages if line.startswith(b'{"type":"LOG"'))
        return sum(float(found[1]) for found in logged if found)
