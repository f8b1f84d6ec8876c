"""``source-pypi sync``, relative to ``read`` into a file and one ``read_json`` insert for each table."""

import json
from collections.abc import Iterator, Sequence
from statistics import median

from benchmarks.figure import Figure, beside, megabytes, ratio
from benchmarks.measure import Command, Cost, alternate, highest_peak
from benchmarks.workbench import FLAT_STREAMS, STREAMS, Workbench

TIMES_READ_AND_INSERT = 1.5
TIMES_INSERT = 1.5
#: The other benchmarks read this many times as many projects as the one that loads rows from memory.
FEWER = 5
MOST_MEMORY = 300e6

_DATABASE, _PLAIN_DATABASE = "sync.duckdb", "insert.duckdb"


def sync(bench: Workbench) -> Iterator[Figure]:
    """Wall time and peak memory, of the flat streams, and of all streams that ``read`` is measured with."""
    yield from _load(bench, FLAT_STREAMS)
    yield from _load(bench, STREAMS)


def load(bench: Workbench) -> Iterator[Figure]:
    """The load part of ``sync``, relative to one insert of all rows; both measure themselves."""
    projects = bench.projects // FEWER
    read = bench.read(FLAT_STREAMS, "read.jsonl", projects)
    read.run()
    bench.script("rows.py", "split", "read.jsonl", "rows").run()
    ours = bench.script("load.py", bench.config(projects), _DATABASE, output="load.json")
    insert = bench.script("insert.py", "rows", _PLAIN_DATABASE, output="insert.json")

    def measured(command: Command, database: str) -> dict[str, float]:
        bench.remove(database)
        command.run()
        seconds: dict[str, float] = json.loads((bench.folder / str(command.output)).read_text())
        return seconds

    measured(ours, _DATABASE)
    measured(insert, _PLAIN_DATABASE)
    bench.script("rows.py", "tables", _DATABASE, _PLAIN_DATABASE).run()
    pairs = [(measured(ours, _DATABASE), measured(insert, _PLAIN_DATABASE)) for _ in range(bench.runs)]
    for what, words in (("wall", "wall time"), ("cpu", "CPU")):
        ones, others = [one[what] for one, _ in pairs], [other[what] for _, other in pairs]
        times = ratio(ones, others)
        yield Figure(
            name=f"load part of `sync` of {projects} projects, {len(FLAT_STREAMS)} streams: {words}, "
            "relative to one insert",
            measured=f"{times:.2f}x ({beside(ones, others)})",
            goal=f"at most {TIMES_INSERT}x",
            met=times <= TIMES_INSERT,
            commands=(ours, insert),
            headline=what == "wall",
        )


def _load(bench: Workbench, streams: Sequence[str]) -> Iterator[Figure]:
    config = bench.config(bench.projects)
    options = ("--config", config, "--into", _DATABASE, "--streams", ",".join(streams))
    ours = bench.source_pypi("sync", *options, output="sync.txt")
    read = bench.read(streams, "read.jsonl")
    split = bench.script("rows.py", "split", "read.jsonl", "rows")
    insert = bench.script("insert.py", "rows", _PLAIN_DATABASE)
    inserts: list[float] = []

    def load() -> Cost:
        bench.remove(_DATABASE)
        return ours.run()

    def read_and_insert() -> Cost:
        bench.remove(_PLAIN_DATABASE)
        reading = read.run()
        inserting = insert.run()  # of rows that were extracted from their messages once
        inserts.append(inserting.wall)
        return reading + inserting

    load()
    read.run()
    split.run()
    bench.remove(_PLAIN_DATABASE)
    insert.run()
    bench.script("rows.py", "tables", _DATABASE, _PLAIN_DATABASE).run()
    pairs = alternate(load, read_and_insert, bench.runs)
    name = f"`sync` of {bench.projects} projects, {len(streams)} streams"
    yield _wall(name, pairs, inserts, (ours, read, insert))
    peak = highest_peak(one for one, _ in pairs)
    goal = f"below {megabytes(MOST_MEMORY)}"
    yield Figure(f"{name}: peak memory", megabytes(peak), goal, peak < MOST_MEMORY, (ours,))


def _wall(
    name: str, pairs: Sequence[tuple[Cost, Cost]], inserts: Sequence[float], commands: tuple[Command, ...]
) -> Figure:
    ones, others = [one.wall for one, _ in pairs], [other.wall for _, other in pairs]
    times = ratio(ones, others)
    return Figure(
        name=f"{name}: wall time, relative to `read` and insert",
        measured=f"{times:.2f}x ({beside(ones, others)}; of which insert {median(inserts):.2f} s)",
        goal=f"at most {TIMES_READ_AND_INSERT}x",
        met=times <= TIMES_READ_AND_INSERT,
        commands=commands,
    )
