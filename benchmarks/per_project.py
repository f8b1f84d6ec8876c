"""CPU per project and per file: ``read`` relative to a raw loop, ``sync`` to the least that a load can take."""

import json
from collections import Counter
from collections.abc import Iterator

from benchmarks.figure import Figure, beside, ratio
from benchmarks.measure import Command, CommandError, Cost, alternate
from benchmarks.workbench import FLAT_STREAMS, Workbench, workbench

STREAMS = (*FLAT_STREAMS, "dependencies")
#: Projects and files of each, as parts of the projects of the other benchmarks: 200 of 110 files, 20,000 of 5 files.
MEDIUM, MEDIUM_FILES = 0.4, 110
SMALL, SMALL_FILES = 40, 5
TIMES_THE_LOOP, TIMES_INSERT_AND_REQUESTS = 2.0, 1.5
_DATABASE, _PLAIN_DATABASE = "small.duckdb", "small-insert.duckdb"


def per_project(bench: Workbench) -> Iterator[Figure]:
    """Both comparisons, each with an index of its own."""
    with workbench(round(MEDIUM * bench.projects), bench.runs, MEDIUM_FILES) as medium:
        yield _read(medium)
    with workbench(SMALL * bench.projects, bench.runs, SMALL_FILES, 300, warm=False) as small:
        yield from _sync(small)


def _loop(bench: Workbench, *options: str, output: str = "raw.jsonl") -> Command:
    (bench.folder / "names.txt").write_text("\n".join(bench.names(bench.projects)))
    return bench.script("raw_loop.py", bench.url, "names.txt", *options, output=output)


def _read(bench: Workbench) -> Figure:
    """CPU of ``read``, relative to the loop, which writes as many rows."""
    ours, loop = bench.read(STREAMS, "read.jsonl"), _loop(bench)
    ours.run()
    loop.run()
    counts = _rows(bench, ours)
    if counts != _rows(bench, loop):
        raise CommandError(f"read has {counts}, the loop has {_rows(bench, loop)}")
    pairs = alternate(ours.run, loop.run, bench.runs)
    ones, others = [one.cpu for one, _ in pairs], [other.cpu for _, other in pairs]
    times = ratio(ones, others)
    return Figure(
        f"`read` of {bench.projects} projects of {MEDIUM_FILES} files, {len(STREAMS)} streams, "
        f"{counts.total():,} rows: CPU, relative to a loop that writes as many raw rows",
        f"{times:.2f}x ({beside(ones, others)})",
        f"at most {TIMES_THE_LOOP}x",
        times <= TIMES_THE_LOOP,
        (ours, loop),
        headline=True,
    )


def _rows(bench: Workbench, command: Command) -> Counter[str]:
    """The number of rows of each stream."""
    with (bench.folder / str(command.output)).open("rb") as lines:
        messages = (json.loads(line) for line in lines if line.startswith(b'{"type":"RECORD"'))
        return Counter(message["record"]["stream"] for message in messages)


def _sync(bench: Workbench) -> Iterator[Figure]:
    """``sync`` of small projects, relative to one insert of all rows and the requests."""
    config = bench.config(bench.projects)
    options = ("--config", config, "--into", _DATABASE, "--streams", ",".join(FLAT_STREAMS))
    ours, requests = bench.source_pypi("sync", *options, output="sync.txt"), _loop(bench, "requests")
    read, insert = bench.read(FLAT_STREAMS, "read.jsonl"), bench.script("insert.py", "rows", _PLAIN_DATABASE)

    def load() -> Cost:
        bench.remove(_DATABASE)
        return ours.run()

    def least() -> Cost:
        bench.remove(_PLAIN_DATABASE)
        return requests.run() + insert.run()

    read.run()
    bench.script("rows.py", "split", "read.jsonl", "rows").run()
    load()
    least()
    bench.script("rows.py", "tables", _DATABASE, _PLAIN_DATABASE).run()
    pairs = alternate(load, least, bench.runs)
    for what, words in (("cpu", "CPU"), ("wall", "wall time")):
        ones = [getattr(one, what) for one, _ in pairs]
        others = [getattr(other, what) for _, other in pairs]
        times = ratio(ones, others)
        yield Figure(
            f"`sync` of {bench.projects:,} projects of {SMALL_FILES} files, {len(FLAT_STREAMS)} streams: {words}, "
            "relative to one insert and the requests",
            f"{times:.2f}x ({beside(ones, others)})",
            f"at most {TIMES_INSERT_AND_REQUESTS}x",
            times <= TIMES_INSERT_AND_REQUESTS,
            (ours, requests, insert),
            headline=what == "cpu",
        )
