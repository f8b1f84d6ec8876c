"""``python -m benchmarks.full_sync --projects N``: load a whole index of realistic size into DuckDB, and measure it.

The index (``full_index/``) runs in a process of its own on the loopback. ``sync`` reads four streams, with four
requests at a time and without a rate limit. It can be killed, and is then continued. After that a day passes on the
index twice: of more than 50,000 projects, the first run after that reads the list, the second one the journal. What is
measured is printed as a table, with the load of the machine.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import duckdb

from benchmarks.figure import megabytes
from benchmarks.measure import CommandError, Cost

STREAMS = ("projects", "versions", "files", "dependencies")
_UNIT = 1 if sys.platform == "darwin" else 1024
_DATABASE = "index.duckdb"


@dataclass(frozen=True, slots=True)
class Sent:
    """What the index has sent: requests, those for the list among them, and bytes of bodies; its CPU, in seconds."""

    requests: int
    lists: int
    size: int
    cpu: float


class Server:
    """The index in its process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.url = self._line()

    def _line(self) -> str:
        stdout: IO[str] | None = self._process.stdout
        line = stdout.readline().strip() if stdout is not None else ""
        if not line:
            raise CommandError("the index has not started, or has ended")
        return line

    def pass_a_day(self) -> tuple[int, int]:
        """Let a day pass; return the numbers of changed projects and of events."""
        self._process.send_signal(signal.SIGUSR1)
        changed, events = self._line().split()
        return int(changed), int(events)

    def requests(self) -> "Sent":
        """Return what the index has sent since the last call."""
        self._process.send_signal(signal.SIGUSR2)
        requests, lists, size, cpu = self._line().split()
        return Sent(int(requests), int(lists), int(size), float(cpu))


@contextmanager
def serving(projects: int) -> Iterator[Server]:
    """Start the index, and stop it at the end."""
    command = (sys.executable, "-m", "benchmarks.full_index", "--projects", str(projects))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Server(process)
        finally:
            process.terminate()


def sync(folder: Path, url: str, kill_after: float | None = None) -> Cost:
    """Run ``sync``, and return its cost.

    :param kill_after: seconds after which it is killed; None: it runs to its end.
    :raises CommandError: when it fails, or ends before it is killed.
    """
    settings = {"index_url": url, "whole_index": True, "requests_per_second": 0, "max_concurrency": 4}
    (folder / "config.json").write_text(json.dumps(settings))
    arguments = ("sync", "--config", "config.json", "--into", _DATABASE, "--streams", ",".join(STREAMS))
    with (folder / "out.txt").open("w") as out, (folder / "err.txt").open("w") as errors:
        began = time.monotonic()
        process = subprocess.Popen(
            (sys.executable, "-m", "source_pypi", *arguments), cwd=folder, stdout=out, stderr=errors
        )
        with suppress(subprocess.TimeoutExpired):
            if kill_after is not None:
                time.sleep(kill_after)
                process.send_signal(signal.SIGKILL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != (0 if kill_after is None else -signal.SIGKILL):
        raise CommandError(f"exit status {process.returncode}: {(folder / 'err.txt').read_text()[-2000:]}")
    return Cost(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _UNIT)


def measured(projects: int, folder: Path, kill_after: float | None) -> Iterator[tuple[str, str]]:
    """Yield what is measured, with its name."""
    with serving(projects) as server:
        if kill_after is not None:
            yield _costs(f"first run, killed after {kill_after:.0f} s", sync(folder, server.url, kill_after))
            loaded = _count(folder, "projects")
            yield "loaded by then", f"{loaded:,} projects, {server.requests().requests:,} requests"
        whole = sync(folder, server.url)
        sent = server.requests()
        name = "first run" if kill_after is None else "run that continues it"
        yield _costs(name, whole)
        read = projects if kill_after is None else projects - loaded
        yield f"{name}: CPU a project", f"{1000 * whole.cpu / read:.2f} ms ({read:,} projects)"
        yield f"{name}: requests", f"{sent.requests:,}, {megabytes(sent.size)}; CPU of the index {sent.cpu:.0f} s"
        _check(folder, "projects", projects)
        yield from _sizes(folder)
        for day in (1, 2):
            versions = _count(folder, "versions")
            changed, events = server.pass_a_day()
            cost = sync(folder, server.url)
            _check(folder, "versions", versions + changed)
            sent = server.requests()
            name = f"run after day {day}, by the {'list' if sent.lists else 'journal'}"
            yield _costs(name, cost)
            found = f"{changed:,} projects with {events:,} events"
            yield f"{name}: requests", f"{sent.requests:,}, {megabytes(sent.size)}; {found}"
        yield _costs("run without changes", sync(folder, server.url))
        yield "file after that", megabytes((folder / _DATABASE).stat().st_size)


def _costs(name: str, cost: Cost) -> tuple[str, str]:
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return name, f"{cost.wall:.0f} s, CPU {cost.cpu:.0f} s, {megabytes(cost.peak)} at most; load of the machine {load}"


def _count(folder: Path, table: str) -> int:
    with duckdb.connect(str(folder / _DATABASE), read_only=True) as connection:
        ((count,),) = connection.execute(f"SELECT count(*) FROM {table}").fetchall()
    return int(count)


def _check(folder: Path, table: str, expected: int) -> None:
    """Check that a run has loaded all rows: a figure of a run that loses some is worth nothing.

    :raises CommandError: when it has not.
    """
    if (found := _count(folder, table)) != expected:
        raise CommandError(f"{table} has {found:,} rows instead of {expected:,}")


def _sizes(folder: Path) -> Iterator[tuple[str, str]]:
    """The rows of each table, the size of the file, and that of the state in it."""
    yield "rows", ", ".join(f"{name} {_count(folder, name):,}" for name in STREAMS)
    yield "file", megabytes((folder / _DATABASE).stat().st_size)
    with duckdb.connect(str(folder / _DATABASE), read_only=True) as connection:
        ((block,),) = connection.execute("SELECT block_size FROM pragma_database_size()").fetchall()
        ((blocks,),) = connection.execute(
            "SELECT count(DISTINCT block_id) FROM pragma_storage_info('_state') WHERE persistent"
        ).fetchall()
    projects = _count(folder, "_state")
    yield "state", f"{megabytes(block * blocks)}, {block * blocks / projects:.0f} bytes a project"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print each figure as soon as it is there."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.full_sync")
    parser.add_argument("--projects", type=int, default=750_000)
    parser.add_argument("--kill-after", type=float, help="seconds after which the first run is killed; without: never")
    parser.add_argument("--folder", type=Path, help="where to keep the database; without: a temporary folder")
    options = parser.parse_args(arguments)
    print(
        f"{options.projects:,} projects, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC\n"
    )
    print("| figure | measured |\n| --- | --- |", flush=True)
    with tempfile.TemporaryDirectory(prefix="source-pypi-full-sync-") as temporary:
        folder = options.folder or Path(temporary)
        for name, value in measured(options.projects, folder, options.kill_after):
            print(f"| {re.sub(r'[|]', '/', name)} | {value} |", flush=True)


if __name__ == "__main__":
    main()
