"""`python -m benchmarks.questions FILE`: every named question over a generated index of 750,000 projects.

FILE is generated unless it exists, by ``generated_index.py``. Each question runs as ``source-pypi query NAME`` does, in
a process of its own: wall time and peak memory are those of the process, start and output included.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import duckdb

from benchmarks.generated_index import generate
from source_pypi.queries import questions

#: Seconds and bytes that a question may take.
MOST_SECONDS, MOST_BYTES = 2.0, 1_000_000_000


class Measured(NamedTuple):
    """What a question took.

    :ivar seconds: wall time of the process.
    :ivar cpu: its CPU time, in all threads.
    :ivar size: its peak memory in bytes.
    :ivar last: its last line of output: the number of rows, or an error.
    """

    name: str
    seconds: float
    cpu: float
    size: int
    last: str

    @property
    def is_good(self) -> bool:
        """Whether it kept the limits, and had an answer."""
        return self.seconds <= MOST_SECONDS and self.size <= MOST_BYTES and self.last.startswith("(")


def measure(path: Path, name: str) -> Measured:
    """Run a question as the command does."""
    command = [sys.executable, "-m", "source_pypi", "query", name, "--from", str(path)]
    began = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    lines = output.splitlines() or [""]
    cpu = usage.ru_utime + usage.ru_stime
    return Measured(name, time.monotonic() - began, cpu, usage.ru_maxrss * 1024, lines[-1])


def measured(path: Path, names: list[str]) -> Iterator[Measured]:
    """Measure questions; the first run, which reads the file from the disk, does not count."""
    for name in names:
        measure(path, name)
        yield measure(path, name)


def main() -> None:
    """Generate the database unless it exists, measure, and exit with 1 if a question breaks a limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("names", nargs="*", help="the questions; none: all")
    parser.add_argument("--projects", type=int, default=750_000)
    options = parser.parse_args()
    if not options.file.exists():  # in a process of its own: those that it starts would count its memory as theirs
        began = time.monotonic()
        with ProcessPoolExecutor(1) as pool:
            pool.submit(generate, options.file, options.projects).result()
        print(f"generated in {time.monotonic() - began:.0f} s, {options.file.stat().st_size / 1e9:.1f} GB")
    with duckdb.connect(str(options.file), read_only=True) as connection:
        counts = connection.execute("SELECT table_name, estimated_size FROM duckdb_tables() ORDER BY ALL").fetchall()
        print(", ".join(f"{name} {count:,}" for name, count in counts))
    is_good = True
    print("| question | wall time | CPU | peak memory | rows |\n| --- | --- | --- | --- | --- |")
    for one in measured(options.file, options.names or [question.name for question in questions()]):
        is_good &= one.is_good
        mark = "" if one.is_good else "  **(missed)**"
        print(
            f"| {one.name} | {one.seconds:.2f} s | {one.cpu:.2f} s | {one.size / 1e6:.0f} MB | {one.last} |{mark}",
            flush=True,
        )
    sys.exit(not is_good)


if __name__ == "__main__":
    main()
