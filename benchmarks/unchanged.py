"""A run without changes: conditional requests for all projects, and responses without a body."""

from collections.abc import Callable, Iterator
from statistics import median

from benchmarks.figure import Figure, beside, ratio
from benchmarks.measure import Command, Cost
from benchmarks.workbench import FLAT_STREAMS, Workbench, workbench

#: Number of projects, relative to the other benchmarks.
TIMES = 2
MOST_CPU = 0.001
_DATABASE = "unchanged.duckdb"


def unchanged(bench: Workbench) -> Iterator[Figure]:
    """CPU per project of a second ``read`` and ``sync``, relative to the first ones; and what the index sent."""
    with workbench(TIMES * bench.projects, bench.runs) as many:
        yield from _read(many)
        yield from _sync(many)


def _read(bench: Workbench) -> Iterator[Figure]:
    first = bench.read(FLAT_STREAMS, "first.jsonl")
    second = bench.read(FLAT_STREAMS, "second.jsonl", state="state.json")
    first.run()
    bench.script("states.py", "first.jsonl", "state.json", output="states.json").run()
    yield from _figures(bench, "read", (second, first), first.run)


def _sync(bench: Workbench) -> Iterator[Figure]:
    given = ("--config", bench.config(bench.projects), "--into", _DATABASE, "--streams", ",".join(FLAT_STREAMS))
    sync = bench.source_pypi("sync", *given, output="sync.txt")

    def first() -> Cost:
        bench.remove(_DATABASE)
        return sync.run()

    first()
    yield from _figures(bench, "sync", (sync, sync), first)


def _figures(
    bench: Workbench, name: str, commands: tuple[Command, Command], first: Callable[[], Cost]
) -> Iterator[Figure]:
    second, _ = commands
    bench.sent()
    second.run()
    answers, size = bench.sent()
    pairs = [(first(), second.run()) for _ in range(bench.runs)]
    firsts, seconds = [one.cpu for one, _ in pairs], [other.cpu for _, other in pairs]
    each = median(seconds) / bench.projects
    title = f"second `{name}` of {bench.projects:,} unchanged projects of 100 files"
    yield Figure(
        f"{title}: CPU",
        f"{each * 1000:.2f} ms a project, {ratio(seconds, firsts):.2f}x the first ({beside(seconds, firsts)})",
        f"below {MOST_CPU * 1000:g} ms a project",
        each < MOST_CPU,
        commands,
        headline=True,
    )
    yield Figure(
        f"{title}: responses",
        f"{answers:,}, {size:,} bytes of bodies",
        f"{bench.projects:,} at most, no body",
        answers <= bench.projects and size == 0,
        (second,),
    )
