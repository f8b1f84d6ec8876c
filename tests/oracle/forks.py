"""Processes that have imported the product, and run each command in a fork of themselves: for speed only."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, LifoQueue
from types import TracebackType

_SERVER = Path(__file__).parent / "hurry" / "fork_server.py"


class _Server:
    """One such process."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(_SERVER)], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, request: Sequence[object], timeout: float) -> tuple[int, float]:
        """The exit status of a command, negative after a signal, and its peak memory in MB."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        process = int(self._process.stdout.readline())
        timer = threading.Timer(timeout, _kill, (process,))
        timer.start()
        status, peak = self._process.stdout.readline().split()
        timer.cancel()
        return os.waitstatus_to_exitcode(int(status)), int(peak) / 1024

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


def _kill(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


class Forks:
    """Runs `python -m module` in forks; as many processes as threads ask at once."""

    def __init__(self, module: str, environment: Mapping[str, str]) -> None:
        self._module = module
        self._environment = environment
        self._idle: LifoQueue[_Server] = LifoQueue()

    def __enter__(self) -> "Forks":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(Empty):
            while True:
                self._idle.get_nowait().close()

    def run(self, folder: Path, out: Path, err: Path, arguments: Sequence[str], timeout: float) -> tuple[int, float]:
        """The exit status of a command, negative after a signal, and its peak memory in MB."""
        try:
            server = self._idle.get_nowait()
        except Empty:
            server = _Server(self._environment)
        found = server.run([self._module, str(folder), str(out), str(err), arguments], timeout)
        self._idle.put(server)
        return found
