"""How much STATE ``source-pypi read`` writes over a run, of many small projects."""

import json
from collections.abc import Iterator

from benchmarks.figure import Figure
from benchmarks.measure import Command
from benchmarks.workbench import FLAT_STREAMS, Workbench, workbench

#: Projects, for each that the other benchmarks read; files of one, and bytes of its description.
TIMES, FILES, DESCRIPTION = 40, 15, 300
MOST_STATE = 40e6
#: Projects between two checkpoints, at least, unless ten seconds lie between them.
CLOSEST = 500


def state(bench: Workbench) -> Iterator[Figure]:
    """Bytes of all STATE lines of a first and of a second run, and how far they are apart."""
    projects = TIMES * bench.projects
    with workbench(projects, 1, FILES, DESCRIPTION, warm=False) as many:
        first = many.read(FLAT_STREAMS, "first.jsonl")
        second = many.read(FLAT_STREAMS, "second.jsonl", state="state.json")
        told = _measured(many, first)
        again = _measured(many, second)
        keyless = many.read(FLAT_STREAMS, "keyless.jsonl", track_removed=False)
        without = _measured(many, keyless)
    name = f"`read` of {projects:,} projects of {FILES} files, {len(FLAT_STREAMS)} streams: STATE in all"
    yield _size(name, told, first)
    yield _size(f"{name}, once more, nothing has changed", again, second)
    yield _size(f"{name}, without keys (`track_removed: false`)", without, keyless)
    yield Figure(
        "projects between two STATEs of a stream, the fewest",
        "one STATE only" if told["closest"] is None else f"{told['closest']:,}",
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


def _size(name: str, told: dict[str, int | None], command: Command) -> Figure:
    size, last, count = told["bytes"] or 0, told["last"] or 0, told["count"]
    return Figure(
        name=name,
        measured=f"{size / 1e6:.1f} MB in {count} lines; the last ones {last / 1e6:.1f} MB",
        goal=f"below {MOST_STATE / 1e6:.0f} MB",
        met=size < MOST_STATE,
        commands=(command,),
    )
