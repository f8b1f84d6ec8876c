"""The size of the STATE messages of ``source-pypi read``, for many small projects."""

import json
from collections.abc import Iterator

from benchmarks.figure import Figure
from benchmarks.measure import Command
from benchmarks.workbench import FLAT_STREAMS, Workbench, workbench

#: Number of projects, relative to the other benchmarks; files of a project, and bytes of its description.
TIMES, FILES, DESCRIPTION = 40, 15, 300
MOST_STATE = 40e6
#: The least number of projects between two checkpoints, unless ten seconds pass between them.
CLOSEST = 500


def state(bench: Workbench) -> Iterator[Figure]:
    """Bytes of all STATE messages of a first and of a second run, and the distance between them."""
    projects = TIMES * bench.projects
    with workbench(projects, 1, FILES, DESCRIPTION, warm=False) as many:
        first = many.read(FLAT_STREAMS, "first.jsonl")
        second = many.read(FLAT_STREAMS, "second.jsonl", state="state.json")
        first_run = _measured(many, first)
        second_run = _measured(many, second)
        keyless = many.read(FLAT_STREAMS, "keyless.jsonl", track_removed=False)
        without = _measured(many, keyless)
    name = f"`read` of {projects:,} projects of {FILES} files, {len(FLAT_STREAMS)} streams: all STATE messages"
    yield _size(name, first_run, first)
    yield _size(f"{name}, second run without changes", second_run, second)
    yield _size(f"{name}, without keys (`track_removed: false`)", without, keyless)
    yield Figure(
        "smallest number of projects between two STATEs of a stream",
        "one STATE only" if first_run["closest"] is None else f"{first_run['closest']:,}",
        f"at least {CLOSEST}, or 10 s",
        None,
        (first,),
    )


def _measured(bench: Workbench, command: Command) -> dict[str, int | None]:
    assert command.output is not None
    command.run()
    bench.script("states.py", command.output, "state.json", output="states.json").run()
    measured: dict[str, int | None] = json.loads((bench.folder / "states.json").read_text())
    return measured


def _size(name: str, states: dict[str, int | None], command: Command) -> Figure:
    size, last, count = states["bytes"] or 0, states["last"] or 0, states["count"]
    return Figure(
        name=name,
        measured=f"{size / 1e6:.1f} MB in {count} lines; the last ones {last / 1e6:.1f} MB",
        goal=f"below {MOST_STATE / 1e6:.0f} MB",
        met=size < MOST_STATE,
        commands=(command,),
    )
