"""One figure: what was measured, the goal, and the commands."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.measure import Command


@dataclass(frozen=True, slots=True)
class Figure:
    """A line of the results.

    :ivar met: whether the goal is met; None: there is no goal.
    :ivar headline: whether docs/performance.md shows it, too.
    """

    name: str
    measured: str
    goal: str
    met: bool | None
    commands: tuple[Command, ...]
    headline: bool = False

    def __str__(self) -> str:
        verdict = "" if self.met is None else " (met)" if self.met else " (MISSED)"
        return f"{self.name}: {self.measured}; goal: {self.goal or 'none'}{verdict}"


def ratio(ones: Sequence[float], others: Sequence[float]) -> float:
    """Return the median of the ratios of the pairs."""
    return median(one / other for one, other in zip(ones, others, strict=True))


def beside(ones: Sequence[float], others: Sequence[float], unit: str = "s", digits: int = 2) -> str:
    """Return both medians, and the range of the ratios of the pairs, as text."""
    ratios = [one / other for one, other in zip(ones, others, strict=True)]
    medians = f"{median(ones):.{digits}f} {unit} against {median(others):.{digits}f} {unit}"
    return f"{medians}; pairs {min(ratios):.2f} to {max(ratios):.2f}"


def many_times(
    name: str,
    theirs: Sequence[float],
    ours: Sequence[float],
    goal: float,
    commands: tuple[Command, ...],
    unit: str = "s",
    *,
    headline: bool = True,
) -> Figure:
    """Return the figure of theirs as a multiple of ours, pair by pair, with the least multiple that is the goal."""
    times = ratio(theirs, ours)
    measured = f"{times:.1f}x ({beside(theirs, ours, unit, digits=0 if unit == 'ms' else 2)})"
    return Figure(name, measured, f"at least {goal:g}x", times >= goal, commands, headline)


def megabytes(count: float) -> str:
    """Return a number of bytes in MB, as text."""
    return f"{count / 1e6:.0f} MB"
