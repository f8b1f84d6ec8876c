"""What a command costs, measured as a whole process: wall time, CPU, peak memory.

Scope
    Commands see none of the variables that change what an interpreter does (unbuffered output, no bytecode). Bytecode
    is kept in the command's folder from the first run on, as an installation has it: measure from the second run on.

    Linux passes the peak memory of the process that starts another on to it: a small one starts them (``launch.py``).
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

_BENCHMARKS = Path(__file__).parent
_LAUNCH = _BENCHMARKS / "launch.py"
#: What ``ru_maxrss`` counts in, in bytes.
_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


class CommandError(Exception):
    """A command that was to be measured failed."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds on the clock, seconds of CPU (user and system), and peak memory in bytes."""

    wall: float
    cpu: float
    peak: int

    def __add__(self, other: "Cost") -> "Cost":
        """One after the other."""
        return Cost(self.wall + other.wall, self.cpu + other.cpu, max(self.peak, other.peak))


@dataclass(frozen=True, slots=True)
class Command:
    """A command, and the file in ``folder``, in which it runs, that takes what it prints (None: nobody does).

    :ivar variables: of its environment, beside those of this process.
    """

    arguments: tuple[str, ...]
    folder: Path
    output: str | None = None
    variables: tuple[tuple[str, str], ...] = ()

    def run(self) -> Cost:
        """Run it to its end.

        :raises CommandError: when it fails.
        """
        target = self.folder / self.output if self.output else Path(os.devnull)
        user_errors = self.folder / "stderr.txt"  # on a terminal it would show how far it is, which costs
        launched = (sys.executable, "-I", "-S", str(_LAUNCH), str(target), str(user_errors), *self.arguments)
        told = subprocess.run(
            launched, cwd=self.folder, env=self._environment(), capture_output=True, text=True, check=False
        )
        if told.returncode:
            raise CommandError(f"cannot be started: {self}\n{told.stderr}")
        wall, cpu, peak, status = told.stdout.split()
        if code := os.waitstatus_to_exitcode(int(status)):
            raise CommandError(f"exit status {code}: {self}\n{user_errors.read_text()}")
        return Cost(float(wall), float(cpu), int(peak) * _MAXRSS_UNIT)

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        return kept | {"PYTHONPYCACHEPREFIX": str(self.folder / "bytecode")} | dict(self.variables)

    def __str__(self) -> str:
        """As a user would write it."""
        shown = [_shown(argument) for argument in self.arguments]
        return " ".join(shown + ([f"> {self.output}"] if self.output else []))


def _shown(argument: str) -> str:
    """An argument without what differs from machine to machine, or from run to run."""
    if argument == sys.executable:
        return "python"
    if argument.startswith("http"):
        return "INDEX"
    path = Path(argument)
    if not path.is_absolute():
        return argument
    return str(path.relative_to(_BENCHMARKS.parent)) if path.is_relative_to(_BENCHMARKS) else path.name


def alternate(one: Callable[[], Cost], other: Callable[[], Cost], runs: int) -> list[tuple[Cost, Cost]]:
    """Costs of two commands that take turns, so that a machine that slows down slows both."""
    return [(one(), other()) for _ in range(runs)]


def highest_peak(costs: Iterable[Cost]) -> int:
    """The highest peak memory in bytes."""
    return max(cost.peak for cost in costs)
