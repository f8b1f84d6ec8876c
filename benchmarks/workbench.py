"""Shared by the benchmarks: a generated index in a process of its own, settings, catalogs, and commands."""

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measure import Command, CommandError

#: The streams of project documents and of the statistics, and the flat ones among them.
STREAMS = ("project", "release", "projects", "versions", "files", "stats")
FLAT_STREAMS = ("projects", "versions", "files")
#: Files of a generated project: ``FILES`` make a document of about 100 KB. In comparisons with other tools, projects
#: have from this many to ``MOST_FILES``.
FILES, MOST_FILES = 100, 4000

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Workbench:
    """The folder in which the commands run, their index, and the numbers of projects and runs."""

    folder: Path
    url: str
    projects: int
    runs: int
    index: subprocess.Popen[str]

    def sent(self) -> tuple[int, int]:
        """Return the number of responses since the last call, and the bytes of their bodies."""
        assert self.index.stdout is not None
        self.index.send_signal(signal.SIGUSR1)
        answers, size = self.index.stdout.readline().split()
        return int(answers), int(size)

    def remove(self, database: str) -> None:
        """Remove a database, and all files beside it whose names begin with its name."""
        for path in self.folder.glob(f"{database}*"):
            path.unlink()

    def source_pypi(self, *arguments: str, output: str | None = None) -> Command:
        """Return a command of source-pypi; its executable is beside this interpreter's."""
        executable = Path(sys.executable).with_name("source-pypi")
        return Command((str(executable), *arguments), self.folder, output)

    def script(self, name: str, *arguments: str, output: str | None = None) -> Command:
        """Return the command of a script of this folder."""
        return Command((sys.executable, str(_HERE / name), *arguments), self.folder, output)

    def read(
        self,
        streams: Sequence[str],
        output: str,
        projects: int | None = None,
        state: str | None = None,
        **settings: Any,
    ) -> Command:
        """Return the command ``source-pypi read``.

        :param projects: number of projects; None: all.
        :param state: name of a file with a state; None: no state.
        """
        config = self.config(projects or self.projects, **settings)
        catalog = f"catalog-{len(streams)}-streams.json"
        configured = [
            {
                "stream": {"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh"]},
                "sync_mode": "incremental",
                "destination_sync_mode": "overwrite",
            }
            for name in streams
        ]
        (self.folder / catalog).write_text(json.dumps({"streams": configured}))
        given = () if state is None else ("--state", state)
        return self.source_pypi("read", "--config", config, "--catalog", catalog, *given, output=output)

    def config(self, projects: int, **more: Any) -> str:
        """Write a file of settings: one request at a time, without a rate limit; return its name."""
        named = [f"{key}-{value}" for key, value in more.items()]
        name = "-".join(["config", str(projects), "projects", *named]) + ".json"
        settings = {
            "index_url": self.url,
            "projects": self.names(projects),
            "requests_per_second": 0,
            "max_concurrency": 1,
            **more,
        }
        (self.folder / name).write_text(json.dumps(settings))
        return name

    def names(self, projects: int) -> list[str]:
        """Return the names of the first projects of the generated index."""
        return [f"project-{number:04}" for number in range(projects)]


@contextmanager
def workbench(
    projects: int,
    runs: int,
    files: int = FILES,
    description_bytes: int = 8000,
    *,
    most_files: int | None = None,
    latency: float = 0,
    warm: bool = True,
) -> Iterator[Workbench]:
    """Create a temporary folder and start a generated index; remove and stop both at the end.

    :param files: number of files of a project, or of the smallest one if the largest has ``most_files``.
    :param description_bytes: size of a project's description.
    :param latency: seconds before each response.
    :param warm: compress the documents before anything is measured.
    :raises CommandError: when the index does not start.
    """
    size = ("--projects", str(projects), "--files", str(files), "--description-bytes", str(description_bytes))
    spread = ("--most-files", str(most_files)) if most_files else ()
    how = ("--latency", str(latency), *(["--warm"] if warm else []))
    serve = (sys.executable, "-m", "tests.fake_index", *size, *spread, *how)
    with (
        tempfile.TemporaryDirectory(prefix="source-pypi-benchmarks-") as folder,
        subprocess.Popen(serve, cwd=_HERE.parent, stdout=subprocess.PIPE, text=True) as index,
    ):
        assert index.stdout is not None
        try:
            url = index.stdout.readline().strip()
            if not url:
                raise CommandError("the generated index has not started")
            yield Workbench(Path(folder), url, projects, runs, index)
        finally:
            index.terminate()
