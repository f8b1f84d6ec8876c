"""The start of a command that needs nothing: ``source-pypi spec``, compared with an interpreter that does nothing."""

import sys
from collections.abc import Iterator
from statistics import median

from benchmarks.figure import Figure
from benchmarks.measure import Command, alternate
from benchmarks.workbench import Workbench

LONGER = 0.080
#: These commands are short: more runs are necessary, and affordable.
TIMES_AS_MANY = 3


def start(bench: Workbench) -> Iterator[Figure]:
    """Wall time of ``spec`` minus that of a bare interpreter."""
    spec = bench.source_pypi("spec", output="spec.json")
    bare = Command((sys.executable, "-c", "pass"), bench.folder)
    spec.run()
    bare.run()
    pairs = alternate(spec.run, bare.run, TIMES_AS_MANY * bench.runs)
    longer = median(one.wall - other.wall for one, other in pairs)
    one, other = (median(walls) for walls in zip(*((one.wall, other.wall) for one, other in pairs), strict=True))
    yield Figure(
        name="start of `spec`: wall time, compared with a bare interpreter",
        measured=f"+{longer * 1000:.0f} ms ({one * 1000:.0f} ms against {other * 1000:.0f} ms)",
        goal=f"at most +{LONGER * 1000:.0f} ms",
        met=longer <= LONGER,
        commands=(spec, bare),
    )
