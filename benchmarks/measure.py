"""Measure a command as a whole process: wall time, CPU, peak memory.

Scope
    Commands do not get the environment variables that change the interpreter (unbuffered output, no bytecode). Bytecode
    is stored in the command's folder from the first run on, as in an installation: measure from the second run on.

    On Linux a process inherits the peak memory of the one that starts it, so a small one does (``launch.py``).
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

_BENCHMARKS = Path(__file__).parent
_LAUNCH = _BENCHMARKS / "launch.py"
#: The unit of ``ru_maxrss``, in bytes.
_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


class CommandError(Exception):
    """A measured command failed."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Wall time and CPU time (user and system) in seconds, peak memory in bytes."""

    wall: float
    cpu: float
    peak: int

    def __add__(self, other: "Cost") -> "Cost":
        """Return the cost of one command after the other."""
        return Cost(self.wall + other.wall, self.cpu + other.cpu, max(self.peak, other.peak))


@dataclass(frozen=True, slots=True)
class Command:
    """A command and the folder in which it runs.

    :ivar output: name of a file in ``folder`` for its standard output; None: discarded.
    :ivar variables: environment variables, in addition to those of this process.
    """

    arguments: tuple[str, ...]
    folder: Path
    output: str | None = None
    variables: tuple[tuple[str, str], ...] = ()

    def run(self) -> Cost:
        """Run it to its end, and return its cost.

        :raises CommandError: when it fails.
        """
        target = self.folder / self.output if self.output else Path(os.devnull)
        user_errors = self.folder / "stderr.txt"  # on a terminal it would show its progress, which takes time
        launched = (sys.executable, "-I", "-S", str(_LAUNCH), str(target), str(user_errors), *self.arguments)
        launcher = subprocess.run(
            launched, cwd=self.folder, env=self._environment(), capture_output=True, text=True, check=False
        )
        if launcher.returncode:
            raise CommandError(f"cannot be started: {self}\n{launcher.stderr}")
        wall, cpu, peak, status = launcher.stdout.split()
        if code := os.waitstatus_to_exitcode(int(status)):
            raise CommandError(f"exit status {code}: {self}\n{user_errors.read_text()}")
        return Cost(float(wall), float(cpu), int(peak) * _MAXRSS_UNIT)

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        return inherited | {"PYTHONPYCACHEPREFIX": str(self.folder / "bytecode")} | dict(self.variables)

    def __str__(self) -> str:
        """Return it as a user would write it."""
        shown = [_shown(argument) for argument in self.arguments]
        return " ".join(shown + ([f"> {self.output}"] if self.output else []))


def _shown(argument: str) -> str:
    """An argument without the parts that differ between machines and runs."""
    if argument == sys.executable:
        return "python"
    if argument.startswith("http"):
        return "INDEX"
    path = Path(argument)
    if not path.is_absolute():
        return argument
    return str(path.relative_to(_BENCHMARKS.parent)) if path.is_relative_to(_BENCHMARKS) else path.name


def alternate(one: Callable[[], Cost], other: Callable[[], Cost], runs: int) -> list[tuple[Cost, Cost]]:
    """Return the costs of two commands that take turns, so that a slower machine affects both."""
    return [(one(), other()) for _ in range(runs)]


def highest_peak(costs: Iterable[Cost]) -> int:
    """Return the highest peak memory in bytes."""
    return max(cost.peak for cost in costs)
