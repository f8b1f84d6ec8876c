"""The product as a black box: its command line, what it prints, what it costs."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.oracle.forks import Forks

LONGEST_COMMAND = 60.0
"""Seconds after which a command counts as hanging."""
LARGEST_MB = 600
"""Megabytes that a command may take at most, for an index of some dozens of small projects."""
_HURRY = Path(__file__).parent / "hurry"
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Outcome:
    """What became of a command: its status (None: it was stopped), its output, its time and its peak memory in MB."""

    status: int | None
    printed: str
    said: str
    seconds: float
    peak_mb: float

    @property
    def traceback(self) -> bool:
        """
        Whether a stack was printed, or an error came up that nobody foresaw. (Stacks within messages of the protocol,
        which have a place for them, are none.)
        """
        stack = "Traceback (most recent call last)" in self.said
        unforeseen = ("something went wrong in source-pypi", "internal error in source-pypi")
        return stack or any(phrase in self.everything for phrase in unforeseen)

    @property
    def everything(self) -> str:
        """Standard output and error."""
        return self.printed + self.said

    @property
    def messages(self) -> str:
        """The same without rows and state."""
        lines = self.everything.splitlines()
        return "\n".join(line for line in lines if not line.startswith(('{"type":"RECORD"', '{"type":"STATE"')))


@dataclass(frozen=True)
class StreamInfo:
    """A stream as the product describes it: key, cursor (None: it tells of the moment only), types by field."""

    name: str
    key: tuple[str, ...]
    cursor: str | None
    types: dict[str, str]


@dataclass(frozen=True)
class Product:
    """
    The command; `hurried`: it waits a fiftieth of the time between tries. `forks`: what starts it quickly, instead of a
    new interpreter for each command.
    """

    command: Sequence[str] = (sys.executable, "-m", "source_pypi")
    hurried: bool = True
    environment: dict[str, str] = field(default_factory=dict)
    forks: Forks | None = None

    @contextmanager
    def forking(self) -> Iterator["Product"]:
        """The same product, whose commands start quickly."""
        with Forks(self.command[-1], self._environment()) as forks:
            yield replace(self, forks=forks)

    def run(self, folder: Path, *arguments: str, timeout: float = LONGEST_COMMAND) -> Outcome:
        """Run the command in a folder, and stop it when the time is over."""
        begun = time.monotonic()
        printed, said = folder / ".printed", folder / ".said"
        if self.forks is None:
            status, peak = self._started(folder, printed, said, arguments, timeout)
        else:
            status, peak = self.forks.run(folder, printed, said, arguments, timeout)
        seconds = time.monotonic() - begun
        return Outcome(
            status=None if seconds >= timeout else status,
            printed=printed.read_text(errors="replace"),
            said=said.read_text(errors="replace"),
            seconds=seconds,
            peak_mb=peak,
        )

    def _started(
        self, folder: Path, printed: Path, said: Path, arguments: Sequence[str], timeout: float
    ) -> tuple[int, float]:
        """The exit status of a command in an interpreter of its own, and its peak memory in MB."""
        with printed.open("wb") as out, said.open("wb") as err:
            environment = self._environment() | {"TMPDIR": str(folder)}
            process = subprocess.Popen([*self.command, *arguments], cwd=folder, env=environment, stdout=out, stderr=err)
            timer = threading.Timer(timeout, process.kill)
            timer.start()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            timer.cancel()
        return process.returncode, usage.ru_maxrss / 1024

    def _environment(self) -> dict[str, str]:
        paths = [str(_HURRY)] if self.hurried else []
        given = os.environ.get("PYTHONPATH") or str(_ROOT / "src")
        paths += [str(Path(path).resolve()) for path in given.split(os.pathsep)]
        settings = {"PYTHONPATH": os.pathsep.join(paths), "NO_PROXY": "*", "RUNTIME__DLTHUB_TELEMETRY": "false"}
        return os.environ | settings | self.environment

    @cached_property
    def streams(self) -> dict[str, StreamInfo]:
        """The streams by name."""
        text = subprocess.run(
            [*self.command, "streams", "--json"], env=self._environment(), check=True, capture_output=True, text=True
        ).stdout
        return {one["name"]: _stream(one) for one in json.loads(text)}


def _stream(told: dict[str, Any]) -> StreamInfo:
    types = {field["name"]: field["type"] for field in told["fields"]}
    return StreamInfo(told["name"], tuple(told["key"] or ()), told["cursor"], types)


def names(project: str, text: str) -> bool:
    """Whether a text names a project: as a word of its own, not as a part of another name, or by one of its files."""
    file = re.escape(project.replace("-", "_"))
    return re.search(rf"(?<![\w.-])({re.escape(project)}(?![\w-])|{file}-v?\d)", text) is not None
