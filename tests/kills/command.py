"""The command in a process of its own, which is killed at a chosen time or runs to its end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Seconds after which a command that has not ended counts as hanging.
TIMEOUT = 120


@dataclass(slots=True)
class Ended:
    """A command that has ended.

    :ivar status: its exit status; negative: the signal that ended it.
    :ivar seconds: wall time from its start to its end.
    """

    status: int
    output: bytes
    user_errors: str
    seconds: float

    @property
    def killed(self) -> bool:
        """Whether SIGKILL ended it."""
        return self.status == -signal.SIGKILL


@dataclass(slots=True)
class Running:
    """A command that is running.

    :ivar collect: whether a thread reads its standard output; else the test reads it.
    """

    process: subprocess.Popen[bytes]
    collect: bool = True
    began: float = field(default_factory=time.monotonic)
    _chunks: list[bytes] = field(default_factory=list)
    _errors: list[bytes] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        streams = ((self.process.stdout if self.collect else None, self._chunks), (self.process.stderr, self._errors))
        for stream, chunks in streams:
            if stream is not None:
                self._threads.append(threading.Thread(target=_collect, args=(stream, chunks), daemon=True))
                self._threads[-1].start()

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.process.poll() is not None

    def written(self) -> bytes:
        """Return its standard output so far."""
        return b"".join(self._chunks)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def wait(self, seconds: float = TIMEOUT) -> Ended:
        """Wait until it ends, and return how it ended.

        :raises subprocess.TimeoutExpired: when it has not ended after ``seconds``; it is then killed.
        """
        try:
            status = self.process.wait(seconds)
        finally:
            self.process.kill()
        for thread in self._threads:
            thread.join(seconds)
        return Ended(status, self.written(), b"".join(self._errors).decode(), time.monotonic() - self.began)


def _collect(stream: Any, chunks: list[bytes]) -> None:
    with stream:
        while chunk := stream.read1():
            chunks.append(chunk)


#: Waits until a command is to be killed; returns early when it has ended.
KillTime = Callable[[Running], None]


def after(seconds: float) -> KillTime:
    """Kill it this long after its start."""

    def wait(running: Running) -> None:
        until = running.began + seconds
        while not running.over and time.monotonic() < until:
            time.sleep(min(0.002, max(until - time.monotonic(), 0)))

    return wait


def when_grown(path: Path, times: int, then: float) -> KillTime:
    """Kill it ``then`` seconds after the size of a file has changed ``times`` times: in the middle of a commit."""

    def wait(running: Running) -> None:
        changes, size = 0, _size(path)
        while changes < times and not running.over:
            time.sleep(0.0001)
            if (now := _size(path)) != size:
                changes, size = changes + 1, now
        time.sleep(then)

    return wait


def _size(path: Path) -> int:
    """The size of a file, in whose folder's name ``*`` may stand for anything; -1: there is none."""
    if "*" in path.parent.name:
        return max((_size(one / path.name) for one in path.parent.parent.glob(path.parent.name)), default=-1)
    try:
        return path.stat().st_size
    except OSError:
        return -1


def when_written(text: bytes, times: int) -> KillTime:
    """Kill it once its output contains a text ``times`` times."""

    def wait(running: Running) -> None:
        while not running.over and running.written().count(text) < times:
            time.sleep(0.002)

    return wait


@dataclass(frozen=True, slots=True)
class Workdir:
    """A folder in which the command runs, with settings for an index."""

    folder: Path
    index_url: str

    def settings(self, **settings: Any) -> Path:
        """Write a file of settings: the index, without a rate limit, and ``settings``; return its path."""
        path = self.folder / "config.json"
        path.write_text(json.dumps({"index_url": self.index_url, "requests_per_second": 0, **settings}))
        return path

    def start(self, *arguments: object, through: Sequence[str] = (), collect: bool = True, **options: Any) -> Running:
        """Start the command.

        :param through: a command that starts it.
        :param collect: see ``Running``.
        :param options: of ``Popen``.
        """
        command = [*through, sys.executable, "-m", "source_pypi", *map(str, arguments)]
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        process: subprocess.Popen[bytes] = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, **pipes)
        return Running(process, collect)

    def kill(self, when: KillTime, *arguments: object) -> Ended:
        """Start the command, kill it unless it has ended by then, and return how it ended."""
        running = self.start(*arguments)
        when(running)
        if not running.over:
            running.send(signal.SIGKILL)
        return running.wait()
