"""CPU of ``source-pypi read``, relative to a minimal loop that makes the same rows, and its memory."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure, beside, megabytes, ratio
from benchmarks.measure import Command, alternate, highest_peak
from benchmarks.workbench import STREAMS, Workbench

TIMES_THE_FLOOR = 1.5
MOST_MEMORY = 80e6
#: Peaks that differ by less count as equal.
SAME = 0.10


def read(bench: Workbench) -> Iterator[Figure]:
    """CPU of ``read``, relative to the minimal loop, which makes the same rows; and requests."""
    ours = bench.read(STREAMS, "read.jsonl")
    (bench.folder / "names.txt").write_text("\n".join(bench.names(bench.projects)))
    floor = bench.script("floor.py", bench.url, "names.txt", output="floor.jsonl")
    ours.run()
    floor.run()
    bench.script("rows.py", "same", "read.jsonl", "floor.jsonl", output="rows.json").run()
    rows: dict[str, int] = json.loads((bench.folder / "rows.json").read_text())
    pairs = alternate(ours.run, floor.run, bench.runs)
    ones, others = [one.cpu for one, _ in pairs], [other.cpu for _, other in pairs]
    times = ratio(ones, others)
    yield Figure(
        name=f"`read` of {bench.projects} projects, {len(rows)} streams, {sum(rows.values()):,} rows: "
        "CPU, relative to the minimal loop",
        measured=f"{times:.2f}x ({beside(ones, others)})",
        goal=f"at most {TIMES_THE_FLOOR}x",
        met=times <= TIMES_THE_FLOOR,
        commands=(ours, floor),
        headline=True,
    )
    yield _requests(bench, ours)


def _requests(bench: Workbench, command: Command) -> Figure:
    """Requests of the last ``read``, from its log: one for each project, one for the statistics."""
    projects, requests = _logged(bench.folder / "read.jsonl")
    return Figure(
        name="requests of this `read`",
        measured=f"{requests} ({projects} projects, 1 for the statistics)",
        goal="1 a project",
        met=requests - 1 == projects == bench.projects,
        commands=(command,),
    )


def _logged(path: Path) -> tuple[int, int]:
    """Projects and requests, from the last LOG line."""
    found = None
    with path.open("rb") as lines:
        for line in lines:
            if line.startswith(b'{"type":"LOG"'):
                found = re.search(rb"read (\d+) projects (?:of|from) [^ ]+ with (\d+) requests", line) or found
    if found is None:
        sys.exit(f"{path.name} does not log the number of requests")
    return int(found[1]), int(found[2])


def memory(bench: Workbench) -> Iterator[Figure]:
    """Peak memory of ``read``, and whether it grows with the number of projects."""
    few = bench.projects // 10
    whole, part = bench.read(STREAMS, "read.jsonl"), bench.read(STREAMS, "few.jsonl", few)
    whole.run()
    part.run()
    pairs = alternate(whole.run, part.run, bench.runs)
    most, most_of_few = highest_peak(one for one, _ in pairs), highest_peak(other for _, other in pairs)
    yield Figure(
        name=f"`read` of {bench.projects} projects: peak memory",
        measured=megabytes(most),
        goal=f"below {megabytes(MOST_MEMORY)}",
        met=most < MOST_MEMORY,
        commands=(whole,),
    )
    yield Figure(
        name=f"peak memory, {bench.projects} projects relative to {few}",
        measured=f"{most / most_of_few:.2f}x ({megabytes(most)} against {megabytes(most_of_few)})",
        goal=f"the same, within {SAME:.0%}",
        met=most <= most_of_few * (1 + SAME),
        commands=(whole, part),
    )
