"""Runs the commands in a page of the documentation, one after another in one shell, and says what they print.

A block of ``console`` has commands, ``$ ``, each with what it prints below. A command goes on in lines that begin with
``> ``. What differs from run to run (times, sizes, the address of the index) is not compared.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
BLOCK = re.compile(r"(^( *)```console\n)(.*?)(^ *```$)", re.DOTALL | re.MULTILINE)
#: What differs from run to run: amounts of seconds and bytes, times, and the files of a temporary folder.
_VARYING = re.compile(r"\b[\d.]+ (?:s|ms|kB|MB)\b|\b\d{4}-\d\d-\d\dT[\d:.]+Z")
#: The programs of the shell: the tested package; make in the clone, which only says what it would do, because the test
#: of README.md makes the same environment, maybe at the same time; and, in place of Docker, the tested package, which
#: sees the folder under the name that it has in the container, and reads the index of the test.
PROGRAMS = {
    "source-pypi": 'exec {python} -m source_pypi "$@"',
    "make": 'PATH="{path}" exec make -n -C {root} "$@"',
    "docker": """
if [ "$1" = build ]; then exec test -f {root}/Dockerfile; fi
while [ "$1" != source-pypi:local ]; do shift; done
sed 's|{{|{{"requests_per_second": 0, "index_url": "'"$SOURCE_PYPI_INDEX_URL"'", |' config.json > for-docker.json
shift; arguments=("${{@//\\/config\\/config.json/for-docker.json}}")
exec source-pypi "${{arguments[@]//\\/config\\//}}"
""",
}
#: What the shell prints after each command: the end of its output.
_END = "end-of-output"


class Step(Struct, frozen=True):
    """A command of a page, and what the page shows below it."""

    command: str
    shown: str


def steps(block: str) -> list[Step]:
    """The commands in a block of a page."""
    found = []
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        more = [line for line in lines[1:] if line.startswith("> ") or line == ">"]
        command = "\n".join([lines[0], *(line[2:] for line in more)])
        found.append(Step(command, "\n".join(lines[1 + len(more) :])))
    return found


def same(one: str) -> str:
    """An output without what differs from run to run, and without the widths of columns, which depend on it."""
    return re.sub(r" {2,}", "  ", re.sub(r"-{2,}", "--", _VARYING.sub("N", one)))


class Shell:
    """A shell in which ``source-pypi`` is the tested package."""

    def __init__(self, folder: Path, index: str, variables: Mapping[str, str] | None = None) -> None:
        programs = folder.parent / f"{folder.name}-programs"
        programs.mkdir(exist_ok=True)
        for name, script in PROGRAMS.items():
            text = script.format(python=sys.executable, root=ROOT, path=os.environ["PATH"])
            programs.joinpath(name).write_text(f"#!/bin/bash\n{text}\n")
            programs.joinpath(name).chmod(0o755)
        path = f"{programs}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "SOURCE_PYPI_INDEX_URL": index, **(variables or {})}
        self.index = index
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, command: str) -> tuple[str, int]:
        """Run a command; return what it prints, with ``{index}`` for the index's address, and its exit status."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{command}\nstatus=$?; echo; echo {_END} $status; (exit $status)\n")
        self._process.stdin.flush()
        lines: list[str] = []
        for line in self._process.stdout:
            if line.startswith(f"{_END} "):
                return "\n".join(lines).rstrip().replace(self.index, "{index}"), int(line.split()[1])
            lines.append(line.rstrip())
        raise AssertionError(f"the shell ended: {command}\n" + "\n".join(lines))

    def close(self) -> None:
        """End the shell."""
        self._process.communicate()


def replay(page: str, shell: Shell, before: Mapping[str, Callable[[], object]] | None = None) -> str:
    """The page, with what its commands print now; what only varies from run to run stays.

    :param before: by a command, what happens before it runs.
    """

    def block(found: re.Match[str]) -> str:
        parts = []
        for step in steps(found[3]):
            (before or {}).get(step.command, lambda: None)()
            output, status = shell.run(step.command)
            makes = step.command.startswith("make ")
            assert status == 0 or not makes, output
            if makes or same(step.shown) == same(output):
                output = step.shown
            parts += ["$ " + "\n> ".join(step.command.split("\n")), *([output] if output else [])]
        return f"{found[1]}" + "\n".join(parts) + f"\n{found[4]}"

    return BLOCK.sub(block, page)
