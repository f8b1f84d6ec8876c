"""cli/progress.py: how far a run is, on a terminal and elsewhere."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from source_pypi.cli.console import Level, Messages
from source_pypi.cli.progress import ProgressView, duration, progress
from source_pypi.config import make_config
from source_pypi.opening import open_run
from source_pypi.streams import choose_streams
from source_pypi.sync.run import Run
from tests.fake_index import FakeIndex, World, faults

NAMES = ("flask", "click", "jinja2")


def run_of(fake: FakeIndex, *names: str) -> Run:
    """A run over projects, without a rate limit."""
    config = make_config({"projects": list(names), "index_url": fake.url, "requests_per_second": 0})
    return open_run(config, choose_streams(["projects", "files"]))


@pytest.fixture
def view(fake: FakeIndex) -> Iterator[tuple[ProgressView, Run, Callable[[float], None]]]:
    """The view of a run over three projects, the run, and a function that sets the clock."""
    now = [100.0]
    run = run_of(fake, *NAMES)
    yield ProgressView(run, lambda: now[0]), run, lambda seconds: now.__setitem__(0, 100 + seconds)
    run.index.client.close()


def test_counts(view: tuple[ProgressView, Run, Callable[[float], None]]) -> None:
    """Projects, rate, bytes, rows of each stream, remaining time, and the project that the run waits for are shown."""
    shown, run, set_clock = view
    assert shown.counts() == "0 projects  0.0/s  0 bytes  ETA -:--"
    assert shown.rows() == "rows: none yet"
    run.progress.total, run.progress.done, run.progress.waiting_for = 1200, 30, "flask"
    run.index.client.stats.bytes_received, run.index.client.stats.requests = 2_345_678, 41
    run.summary.rows.update({"files": 1234, "projects": 30})
    shown.update()
    set_clock(10)
    assert shown.counts() == "30/1,200 projects  3.0/s  2.3 MB  ETA 6:30"
    assert shown.counts(short=True) == "30/1,200  3.0/s  2.3 MB  ETA 6:30"
    assert shown.line() == (
        "30 of 1,200 projects; 3.0 projects per second; 41 requests; 2.3 MB; rows: projects 30, files 1,234; "
        "waiting for flask; about 6:30 left"
    )


def test_resumed_run_begins_where_it_resumes(view: tuple[ProgressView, Run, Callable[[float], None]]) -> None:
    """Projects that an earlier run has read count as finished, but not for the rate and the remaining time."""
    shown, run, set_clock = view
    run.progress.total, run.progress.already_read = 100, 80
    assert shown.counts() == "80/100 projects  0.0/s  0 bytes  ETA -:--"
    run.progress.done = 5
    set_clock(10)
    assert shown.counts() == "85/100 projects  0.5/s  0 bytes  ETA 0:30"


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (3599, "59:59"), (3600, "1:00:00")])
def test_duration(seconds: float, text: str) -> None:
    """A time has minutes and seconds, from an hour on also hours."""
    assert duration(seconds) == text


def test_lines_without_a_terminal(world: World, fake: FakeIndex, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal, a line at each interval says how far the run is; with -q there is none."""
    for name in NAMES:
        world.add(name)
    fake.latency = 0.1
    for level in (Level.NORMAL, Level.QUIET):
        run = run_of(fake, *NAMES)
        with progress(run, Messages(level), interval=0.02) as show:
            for _ in run.batches():
                show()
        run.index.client.close()
        lines = capsys.readouterr().err.splitlines()
        if level is Level.NORMAL:
            assert any("waiting for click" in line for line in lines)
            assert all(re.match(r"progress: \d( of 3)? projects; \d+\.\d projects per second; ", one) for one in lines)
            assert any(line.startswith("progress: 2 of 3 projects; ") for line in lines)
        else:
            assert lines == []
        fake.new_run()


class Terminal:
    """A command on a terminal of some columns.

    :ivar written: everything that it has written, once it has ended.
    """

    def __init__(self, folder: Path, *arguments: str, columns: int = 100, **environment: str) -> None:
        self._end, process_end = pty.openpty()
        fcntl.ioctl(process_end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        variables = {"TERM": "xterm", **environment}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "source_pypi", *arguments],
            cwd=folder,
            stdin=process_end,
            stdout=process_end,
            stderr=process_end,
            env={name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")} | variables,
        )
        os.close(process_end)
        self.written = ""

    def wait_for(self, text: str) -> None:
        """Read until this text was written."""
        while text not in self.written:
            self.written += os.read(self._end, 65536).decode()

    def finish(self) -> int:
        """Read all; return the exit status."""
        chunks = []
        while True:
            try:
                chunk = os.read(self._end, 65536)
            except OSError:  # the other end has closed
                break
            if not chunk:
                break
            chunks.append(chunk)
        os.close(self._end)
        self.written += b"".join(chunks).decode()
        return self.process.wait()

    def lines(self) -> list[str]:
        """What was written, line by line, without control sequences; an erased line counts, too."""
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.written)
        return [line.rstrip() for line in re.split(r"[\r\n]+", text) if line.strip()]


def test_bar(world: World, fake: FakeIndex, tmp_path: Path) -> None:
    """A terminal has a bar with counts and the project that the run waits for, and below it the rows of each stream."""
    for name in NAMES:
        world.add(name)
    fake.latency = 0.5
    terminal = Terminal(tmp_path, "sync", *NAMES, "--index-url", fake.url)
    assert terminal.finish() == 0
    lines = terminal.lines()
    shown = r"[━╸╺]+ +1/3 projects  \d\.\d/s  [\d.]+ (kB|bytes)  ETA \d:\d\d  waiting for click"
    assert any(re.fullmatch(shown, line) for line in lines)
    assert "rows: projects 1, versions 1, files 2" in lines
    assert any(line.startswith("files ") for line in lines)


def test_warnings_stand_above_the_bar(world: World, fake: FakeIndex, tmp_path: Path) -> None:
    """Each warning is a line of its own above the bar, also if it is longer than the terminal is wide."""
    for name in NAMES:
        world.add(name)
    fake.latency = 0.3
    fake.fault("/pypi/click/json", faults.too_many("0"))
    terminal = Terminal(tmp_path, "sync", *NAMES, "--index-url", fake.url, columns=60)
    assert terminal.finish() == 0
    warning = f"warning: {fake.url}/pypi/click/json: status 429; waiting 0.0 s before try 2"
    assert warning in terminal.lines()
    bars = [line for line in terminal.lines() if re.match("[━╸╺]", line)]
    assert max(map(len, bars)) <= 60
    assert any("1/3  " in line for line in bars)


@pytest.mark.parametrize("kind", ["dumb", "unknown"])
def test_terminals_without_a_bar(world: World, fake: FakeIndex, tmp_path: Path, kind: str) -> None:
    """A terminal that cannot move its cursor gets no control sequences, only lines."""
    world.add("flask")
    terminal = Terminal(tmp_path, "sync", "flask", "--index-url", fake.url, TERM=kind, NO_COLOR="1")
    assert terminal.finish() == 0
    assert "\x1b" not in terminal.written
    assert terminal.lines()[0].startswith("table ")


def test_no_color(world: World, fake: FakeIndex, tmp_path: Path) -> None:
    """With NO_COLOR, nothing on a terminal has a colour."""
    world.add("flask")
    fake.fault("/pypi/flask/json", faults.too_many("0"))
    terminal = Terminal(tmp_path, "sync", "flask", "nope", "--index-url", fake.url, NO_COLOR="1")
    assert terminal.finish() == 1
    assert "warning:" in terminal.written
    assert re.findall(r"\x1b\[[0-9;]*3[0-7][0-9;]*m", terminal.written) == []


def test_interrupt_restores_the_terminal(world: World, fake: FakeIndex, tmp_path: Path) -> None:
    """After Ctrl-C the bar is gone, the cursor is visible, and one line says what is kept."""
    for name in NAMES:
        world.add(name)
    fake.latency = 1.0
    terminal = Terminal(tmp_path, "sync", *NAMES, "--index-url", fake.url)
    terminal.wait_for("waiting for flask")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.finish() == 130
    assert terminal.written.rindex("\x1b[?25h") > terminal.written.rindex("\x1b[?25l")
    assert terminal.lines()[-1] == "error: interrupted; what was read before is kept"
