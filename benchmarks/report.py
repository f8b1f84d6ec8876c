"""The results as a page."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from benchmarks.figure import Figure

_PARTS = ("source-pypi", "msgspec", "urllib3", "packaging", "duckdb")


def page(figures: Sequence[Figure], projects: int, runs: int) -> str:
    """A table of the figures, the machine and the date."""
    lines = [
        "# Benchmarks",
        "",
        f"Measured with `make bench` on {datetime.now(UTC):%Y-%m-%d}: {machine()}.",
        "",
        f"A generated index of {projects} projects answers on the loopback, from a process of its own, without a pace; "
        "a document has about 100 KB.",
        f"Commands are measured as whole processes and take turns; a figure is the median of {runs} runs or more, a "
        "ratio is taken pair by pair, peak memory is the highest of all.",
        "Before anything is measured, the rows of the commands that are compared are compared.",
        "",
        "| figure | measured | goal | commands |",
        "| --- | --- | --- | --- |",
    ]
    return "\n".join([*lines, *map(_line, figures), ""])


def machine() -> str:
    """What it was measured on."""
    parts = ", ".join(f"{part} {version(part)}" for part in _PARTS)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{os.cpu_count()} cores ({platform.machine()}), {platform.system()}, {python}; {parts}"


def _line(figure: Figure) -> str:
    goal = figure.goal if figure.met is not False else f"{figure.goal} **(missed)**"
    commands = "<br>".join(f"`{command}`" for command in figure.commands)
    return f"| {figure.name} | {figure.measured} | {goal} | {commands} |"
