"""The results as a page."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from benchmarks.figure import Figure
from benchmarks.workbench import FILES, MOST_FILES

_PARTS = ("source-pypi", "msgspec", "urllib3", "packaging", "duckdb")


def page(figures: Sequence[Figure], missing: Sequence[str], projects: int, runs: int) -> str:
    """A short table, which the README has too; all figures with their commands; the machine and the date."""
    lines = [
        "# Benchmarks",
        "",
        f"Measured with `make bench` on {datetime.now(UTC):%Y-%m-%d}: {machine()}.",
        "",
        f"A generated index of {projects} projects answers on the loopback, from a process of its own, without a pace, "
        f"compressed beforehand; where nothing else is said, documents have {FILES} to {MOST_FILES:,} files, about "
        "0.1 to 3 MB.",
        f"Commands are measured as whole processes and take turns; a figure is the median of {runs} runs or more, a "
        "ratio is taken pair by pair, peak memory is the highest of all. Requests are counted by the index.",
        "Before a figure is told, the rows of the commands that are compared are compared; what the peers do, and "
        "what was chosen for them, stands in [performance.md](../docs/performance.md).",
        "",
        "## In short",
        "",
        *_table(("figure", "measured", "goal"), [_cells(figure) for figure in figures if figure.headline]),
        "",
        "## All, with their commands",
        "",
        *_table(
            ("figure", "measured", "goal", "commands"), [(*_cells(figure), _commands(figure)) for figure in figures]
        ),
        "",
    ]
    return "\n".join([*lines, *(line for reason in missing for line in (f"{reason}.", ""))])


def machine() -> str:
    """What it was measured on."""
    parts = ", ".join(f"{part} {version(part)}" for part in _PARTS)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{os.cpu_count()} cores ({platform.machine()}), {platform.system()}, {python}; {parts}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]


def _cells(figure: Figure) -> tuple[str, str, str]:
    goal = figure.goal if figure.met is not False else f"{figure.goal} **(missed)**"
    return figure.name, figure.measured, goal


def _commands(figure: Figure) -> str:
    return "<br>".join(f"`{command}`" for command in figure.commands)
