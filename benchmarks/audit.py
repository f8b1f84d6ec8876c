"""``source-pypi audit`` of pins on an unchanged index, relative to ``sync`` of the same pins and streams."""

from collections.abc import Iterator
from statistics import median

from benchmarks.figure import Figure, beside, ratio
from benchmarks.measure import Cost, alternate
from benchmarks.workbench import FILES, Workbench, workbench
from tests.fake_index import generated_world

PINS = 200
TIMES_SYNC = 1.5
#: What the default rules of an audit read.
STREAMS = "versions,vulnerabilities,statuses"
_AUDITED, _SYNCED, _FILE = "audited.duckdb", "synced.duckdb", "pins.txt"


def audit(bench: Workbench) -> Iterator[Figure]:
    """Wall time of a second audit, of a second sync, and the requests of both."""
    with workbench(min(PINS, 2 * bench.projects), bench.runs) as pins:
        yield from _figures(pins)


def _figures(bench: Workbench) -> Iterator[Figure]:
    world = generated_world(bench.projects, FILES)  # the releases of the index of the workbench
    pins = [f"{project.name}=={min(project.releases)}\n" for project in world.projects.values()]
    (bench.folder / _FILE).write_text("".join(pins))
    given = ("-r", _FILE, "--index-url", bench.url, "--requests-per-second", "0")
    rules = ("--fail-on", "none", "--follow-dependencies", "0", "-o", "audit.txt")
    ours = bench.source_pypi("audit", *given, *rules, "--into", _AUDITED)
    sync = bench.source_pypi("sync", *given, "--streams", STREAMS, "--into", _SYNCED)
    ours.run()
    sync.run()
    bench.sent()
    ours.run()
    audited, _ = bench.sent()
    sync.run()
    synced, _ = bench.sent()
    pairs: list[tuple[Cost, Cost]] = alternate(ours.run, sync.run, bench.runs)
    ones, others = [one.wall for one, _ in pairs], [other.wall for _, other in pairs]
    times = ratio(ones, others)
    yield Figure(
        f"second `audit` of {bench.projects} pins on an unchanged index: wall time, relative to `sync`",
        f"{times:.2f}x ({beside(ones, others)}); {audited:,} responses against {synced:,}",
        f"at most {TIMES_SYNC}x",
        times <= TIMES_SYNC,
        (ours, sync),
        headline=True,
    )
    yield Figure(
        f"second `audit` of {bench.projects} pins: CPU",
        f"{median(one.cpu for one, _ in pairs):.2f} s against {median(other.cpu for _, other in pairs):.2f} s",
        "",
        None,
        (ours, sync),
    )
