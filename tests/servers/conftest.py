"""The servers, each started once, and our command line to ask them with."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.servers.expected import INDEXES
from tests.servers.packages import PROJECTS
from tests.servers.servers import Server

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Read = Callable[..., tuple[int, list[dict[str, Any]]]]
Start = Callable[[str], Server]
Load = Callable[[str], "tuple[subprocess.CompletedProcess[str], Path]"]

#: The streams for which pages are enough.
PAGE_STREAMS = ("--streams", "projects,versions,files,statuses")


def run_in(folder: Path, *arguments: str, **settings: Any) -> "subprocess.CompletedProcess[str]":
    """Run a command in a folder, with settings of its own."""
    (folder / "config.json").write_text(json.dumps({"requests_per_second": 0} | settings))
    return subprocess.run(
        [sys.executable, "-m", "source_pypi", *arguments, "--config", "config.json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start the server of that name (expected.py), once in a session."""
    running: dict[str, Server] = {}
    with ExitStack() as stack:

        def named(name: str) -> Server:
            if name not in running:
                folder = tmp_path_factory.mktemp("index")
                running[name] = stack.enter_context(INDEXES[name].start(folder))
            return running[name]

        yield named


@pytest.fixture(scope="session")
def pypiserver(start: Start) -> Server:
    """pypiserver, with the uploads; its index is the server's root."""
    server = start("pypiserver")
    return Server(server.url, server.url)


@pytest.fixture(scope="session")
def devpi(start: Start) -> Server:
    """devpi-server, with the uploads in an index that has no bases."""
    server = start("devpi")
    return Server(server.url, server.index.removesuffix("/+simple/"))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command with settings of its own, in an empty folder, its output no terminal."""

    def command(*arguments: str, **settings: Any) -> "subprocess.CompletedProcess[str]":
        return run_in(tmp_path, *arguments, **settings)

    return command


@pytest.fixture(scope="session")
def load(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Load:
    """Load every project of the server of that name, once in a session: what the command printed, and its folder."""
    loaded: dict[str, tuple[subprocess.CompletedProcess[str], Path]] = {}

    def named(name: str) -> "tuple[subprocess.CompletedProcess[str], Path]":
        if name not in loaded:
            folder = tmp_path_factory.mktemp("loaded")
            loaded[name] = (run_in(folder, "sync", *PROJECTS, *PAGE_STREAMS, "--index-url", start(name).index), folder)
        return loaded[name]

    return named


@pytest.fixture
def read(run: Run, tmp_path: Path) -> Read:
    """Read streams through the Airbyte protocol: the exit status and the messages."""

    def messages(streams: list[str], **settings: Any) -> tuple[int, list[dict[str, Any]]]:
        catalog = {"streams": [{"stream": {"name": name}} for name in streams]}
        (tmp_path / "catalog.json").write_text(json.dumps(catalog))
        done = run("read", "--catalog", "catalog.json", **settings)
        assert done.stderr == ""
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    return messages
