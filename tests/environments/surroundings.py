"""A command in odd surroundings: with few variables, in folders that cannot be written, as somebody without a name."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fake_index import FakeIndex, World

#: A user that no system knows, as containers are run with.
NOBODY = 12345
SUMMARY = "Größe, 日本語, \U0001f40d"


def odd_world() -> World:
    """An index of projects, one with a text that no one-byte encoding has."""
    world = World()
    world.add("flask", releases=["1.0", "2.0"], summary=SUMMARY)
    world.add("click")
    return world


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A folder to run commands in, and an index to ask."""

    folder: Path
    index: FakeIndex
    python: str = sys.executable

    def config(self) -> str:
        """A file of settings; the text in it is not ASCII."""
        path = self.folder / "größe.json"
        settings = {"projects": ["flask", "click"], "index_url": self.index.url, "requests_per_second": 0}
        path.write_text(json.dumps(settings | {"requirements": "# größe\nflask\n"}, ensure_ascii=False), "utf-8")
        return path.name

    def catalog(self) -> str:
        """A catalog of one stream."""
        path = self.folder / "catalog.json"
        path.write_text(json.dumps({"streams": [{"stream": {"name": "projects"}}]}))
        return path.name

    def run(
        self, *arguments: str, through: Sequence[str] = (), **variables: str | None
    ) -> "subprocess.CompletedProcess[bytes]":
        """Run a command with no variables but these; ``through``: a command that runs it."""
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        given = {name: value for name, value in variables.items() if value is not None}
        return subprocess.run(
            [*through, self.python, "-m", "source_pypi", *arguments],
            cwd=self.folder,
            env=kept | given,
            capture_output=True,
            check=False,
            timeout=60,
        )

    def sync(self, *arguments: str, through: Sequence[str] = (), **variables: str | None) -> tuple[int, str]:
        """Load the projects; the exit status, and what it complained about."""
        self.index.new_run()
        done = self.run("sync", "--config", self.config(), *arguments, through=through, **variables)
        return done.returncode, done.stderr.decode(errors="backslashreplace")

    def read(self, through: Sequence[str] = (), **variables: str | None) -> list[str]:
        """The summaries that a read gives."""
        self.index.new_run()
        done = self.run("read", "--config", self.config(), "--catalog", self.catalog(), through=through, **variables)
        assert (done.returncode, done.stderr) == (0, b"")
        told = [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]
        return [one["record"]["data"]["summary"] for one in told if one["type"] == "RECORD"]


def as_nobody() -> list[str]:
    """What runs a command as a user that the system does not know; empty: it cannot be done."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return []
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
