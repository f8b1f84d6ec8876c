"""
Runs commands of a module in forks of one process, which imports in advance what the first command has imported: a
command then starts in a few milliseconds. A line on standard input asks for one: a JSON array of the module, the
folder, the files for output and errors, and the arguments. Two lines answer: the process, then its status and its peak
memory in KB.
"""

import json
import os
import runpy
import sys
import tempfile
from contextlib import suppress
from importlib import import_module
from typing import Any


def _run(module: str, folder: str, out: str, err: str, arguments: list[str]) -> None:
    """Become the command, as `python -m module` would be it."""
    os.chdir(folder)
    os.environ["TMPDIR"], tempfile.tempdir = folder, None
    for descriptor, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, err, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        opened = os.open(path, flags)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.argv[1:] = arguments
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _become(request: Any, told: int | None) -> None:
    """Become the command; it writes to the pipe, if there is one, what it has imported."""
    try:
        _run(*request)
    finally:
        if told is not None:
            with os.fdopen(told, "w") as pipe:
                pipe.write("\n".join(name for name in [*sys.modules] if not name.endswith("__main__")))


def _fork(request: Any, *, first: bool) -> list[str]:
    """Run a command in a fork, and answer; what the first one has imported, and nothing of others."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        _become(request, writing if first else None)
        raise SystemExit
    os.close(writing)
    sys.stdout.write(f"{process}\n")
    sys.stdout.flush()
    with os.fdopen(reading) as pipe:
        names = pipe.read().split()
    _, status, usage = os.wait4(process, 0)
    sys.stdout.write(f"{status} {usage.ru_maxrss}\n")
    sys.stdout.flush()
    return names


def main() -> None:
    """Run commands until standard input ends."""
    imported = False
    for line in sys.stdin:
        for name in _fork(json.loads(line), first=not imported):
            imported = True
            with suppress(Exception):
                import_module(name)


if __name__ == "__main__":
    main()
