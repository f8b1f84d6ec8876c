"""Run a command with few environment variables, in a read-only folder, or as a user without a name."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fake_index import FakeIndex, World

#: A user id without a name, as containers often have.
NOBODY = 12345
SUMMARY = "Größe, 日本語, \U0001f40d"


def odd_world() -> World:
    """Return an index of two projects, one with a text that no one-byte encoding can represent."""
    world = World()
    world.add("flask", releases=["1.0", "2.0"], summary=SUMMARY)
    world.add("click")
    return world


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A folder to run commands in, and an index to read."""

    folder: Path
    index: FakeIndex
    python: str = sys.executable

    def config(self) -> str:
        """Write a file of settings with text that is not ASCII; return its name."""
        path = self.folder / "größe.json"
        settings = {"projects": ["flask", "click"], "index_url": self.index.url, "requests_per_second": 0}
        path.write_text(json.dumps(settings | {"requirements": "# größe\nflask\n"}, ensure_ascii=False), "utf-8")
        return path.name

    def catalog(self) -> str:
        """Write a catalog of one stream; return its name."""
        path = self.folder / "catalog.json"
        path.write_text(json.dumps({"streams": [{"stream": {"name": "projects"}}]}))
        return path.name

    def run(
        self, *arguments: str, through: Sequence[str] = (), **variables: str | None
    ) -> "subprocess.CompletedProcess[bytes]":
        """Run a command with only these environment variables.

        :param through: a command that runs it.
        """
        inherited = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        given = {name: value for name, value in variables.items() if value is not None}
        return subprocess.run(
            [*through, self.python, "-m", "source_pypi", *arguments],
            cwd=self.folder,
            env=inherited | given,
            capture_output=True,
            check=False,
            timeout=60,
        )

    def sync(self, *arguments: str, through: Sequence[str] = (), **variables: str | None) -> tuple[int, str]:
        """Load the projects; return the exit status and standard error."""
        self.index.new_run()
        done = self.run("sync", "--config", self.config(), *arguments, through=through, **variables)
        return done.returncode, done.stderr.decode(errors="backslashreplace")

    def read(self, through: Sequence[str] = (), **variables: str | None) -> list[str]:
        """Return the summaries that a read emits."""
        self.index.new_run()
        done = self.run("read", "--config", self.config(), "--catalog", self.catalog(), through=through, **variables)
        assert (done.returncode, done.stderr) == (0, b"")
        messages = [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]
        return [one["record"]["data"]["summary"] for one in messages if one["type"] == "RECORD"]


def as_nobody() -> list[str]:
    """Return the command that runs another one as a user without a name; empty: that is not possible here."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return []
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
