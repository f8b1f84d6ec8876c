"""The page with the results."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from benchmarks.figure import Figure
from benchmarks.workbench import FILES, MOST_FILES

_PARTS = ("source-pypi", "msgspec", "urllib3", "packaging", "duckdb")


def page(figures: Sequence[Figure], missing: Sequence[str], projects: int, runs: int) -> str:
    """Return the page: a short table, all figures with their commands, the machine and the date."""
    lines = [
        "# Benchmarks",
        "",
        f"Measured with `make bench` on {datetime.now(UTC):%Y-%m-%d}: {machine()}.",
        "",
        f"A generated index of {projects} projects runs on the loopback, in a separate process, without a rate limit. "
        f"Its documents are compressed in advance; unless stated otherwise, they have {FILES} to {MOST_FILES:,} files, "
        "about 0.1 to 3 MB.",
        f"Commands are measured as whole processes and take turns. A figure is the median of {runs} runs or more; a "
        "ratio is computed for each pair; peak memory is the highest of all runs. The index counts the requests.",
        "The rows of compared commands are compared before a figure is reported. "
        "[performance.md](../docs/performance.md) describes what the other tools do.",
        "",
        "## Summary",
        "",
        *_table(("figure", "measured", "goal"), [_cells(figure) for figure in figures if figure.headline]),
        "",
        "## All figures with their commands",
        "",
        *_table(
            ("figure", "measured", "goal", "commands"), [(*_cells(figure), _commands(figure)) for figure in figures]
        ),
        "",
    ]
    return "\n".join([*lines, *(line for reason in missing for line in (f"{reason}.", ""))])


def machine() -> str:
    """Return the machine and the versions, as text."""
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
