"""Whether the cost of a project grows with their number, and the memory with the document."""

import http.client
from collections.abc import Iterator
from statistics import median
from urllib.parse import urlsplit

from benchmarks.figure import Figure, megabytes, ratio
from benchmarks.measure import Command, Cost, highest_peak
from benchmarks.plot import Panel, draw
from benchmarks.workbench import FLAT_STREAMS, Workbench, workbench

#: Numbers of projects, as multiples of those of the other benchmarks: 100, 500, 2,000 and 20,000 for 500.
PARTS = (0.2, 1, 4, 40)
#: Files of each, and bytes of its description.
FILES, DESCRIPTION = 15, 300
#: Costs that differ by less count as equal.
SAME = 0.20
#: Files of a large document, which make 50 MB.
LARGE = 60_000
TIMES_THE_DOCUMENT = 8
_DATABASE = "growth.duckdb"


def growth(bench: Workbench) -> Iterator[Figure]:
    """CPU per project and peak memory of ``read`` and ``sync``, for few and for many projects; ``growth.svg``."""
    sizes = [round(part * bench.projects) for part in PARTS]
    with workbench(sizes[-1], bench.runs, FILES, DESCRIPTION, warm=False) as many:
        reads = {size: many.read(FLAT_STREAMS, "read.jsonl", size) for size in sizes}
        syncs = {size: _sync(many, size) for size in sizes}
        reads[sizes[-1]].run()  # prepares all documents
        costs = {"read": _measured(many, reads), "sync": _measured(many, syncs)}
    for name, commands in (("read", reads), ("sync", syncs)):
        yield from _flat(name, costs[name], (commands[sizes[-1]], commands[sizes[0]]))
    (bench.folder / "growth.svg").write_text(_drawn(costs, sizes))


def _sync(bench: Workbench, projects: int) -> Command:
    given = ("--config", bench.config(projects), "--into", _DATABASE, "--streams", ",".join(FLAT_STREAMS))
    return bench.source_pypi("sync", *given, output="sync.txt")


def _measured(bench: Workbench, commands: dict[int, Command]) -> dict[int, list[Cost]]:
    """The costs of each size; the sizes take turns."""
    costs: dict[int, list[Cost]] = {size: [] for size in commands}
    for _ in range(bench.runs):
        for size, command in commands.items():
            bench.remove(_DATABASE)
            costs[size].append(command.run())
    return costs


def _flat(name: str, costs: dict[int, list[Cost]], commands: tuple[Command, ...]) -> Iterator[Figure]:
    few, some, *_, more, many = costs
    firsts, lasts = additional_cpu(costs, few, some), additional_cpu(costs, more, many)
    times = ratio(lasts, firsts)
    milliseconds = (f"{1000 * median(values):.2f} ms" for values in (lasts, firsts))
    yield Figure(
        f"`{name}`, projects of {FILES} files: CPU per additional project, {more:,} to {many:,} projects compared with "
        f"{few} to {some}",
        f"{times:.2f}x ({' against '.join(milliseconds)})",
        f"the same, within {SAME:.0%}",
        times <= 1 + SAME,
        commands,
        headline=True,
    )
    peaks = highest_peak(costs[many]), highest_peak(costs[few])
    yield Figure(
        f"`{name}`, projects of {FILES} files: peak memory, {many:,} projects relative to {few}",
        f"{peaks[0] / peaks[1]:.2f}x ({megabytes(peaks[0])} against {megabytes(peaks[1])})",
        "",
        None,
        commands,
    )


def additional_cpu(costs: dict[int, list[Cost]], few: int, many: int) -> list[float]:
    """Return the CPU per additional project between two sizes, for each run, in seconds; the start cancels out."""
    return [(more.cpu - less.cpu) / (many - few) for less, more in zip(costs[few], costs[many], strict=True)]


def _drawn(costs: dict[str, dict[int, list[Cost]]], sizes: list[int]) -> str:
    times = {name: [(size, median(c.cpu for c in by_size[size])) for size in sizes] for name, by_size in costs.items()}
    peaks = {
        name: [(size, max(c.peak for c in by_size[size]) / 1e6) for size in sizes] for name, by_size in costs.items()
    }
    return draw([Panel("CPU, seconds", times), Panel("peak memory, MB", peaks)], f"projects of {FILES} files")


def large(bench: Workbench) -> Iterator[Figure]:
    """Peak memory of ``read`` of one very large document."""
    files = LARGE * bench.projects // 500
    with workbench(1, bench.runs, files) as one:
        size = _size(one.url, one.names(1)[0])
        read = one.read(FLAT_STREAMS, "read.jsonl")
        read.run()
        peak = highest_peak([read.run() for _ in range(bench.runs)])
    yield Figure(
        f"`read` of a document of {files:,} files: peak memory, relative to its size",
        f"{peak / size:.1f}x ({megabytes(peak)} against {megabytes(size)})",
        f"at most {TIMES_THE_DOCUMENT}x",
        peak <= TIMES_THE_DOCUMENT * size,
        (read,),
        headline=True,
    )


def _size(url: str, name: str) -> int:
    """Bytes of a project document, without compression."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc)
    connection.request("HEAD", f"/pypi/{name}/json")
    size = int(connection.getresponse().headers["Content-Length"])
    connection.close()
    return size
