"""The servers, each started once, and our command line to ask them with."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers import servers
from tests.servers.servers import Server

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Read = Callable[..., tuple[int, list[dict[str, Any]]]]


@pytest.fixture(scope="session")
def pypiserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """pypiserver, with the uploads."""
    with servers.pypiserver(tmp_path_factory.mktemp("pypiserver")) as server:
        yield server


@pytest.fixture(scope="session")
def devpi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """devpi-server, with the uploads in an index that has no bases."""
    with servers.devpi(tmp_path_factory.mktemp("devpi")) as server:
        yield server


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command with settings of its own, in an empty folder, its output no terminal."""

    def command(*arguments: str, **settings: Any) -> "subprocess.CompletedProcess[str]":
        (tmp_path / "config.json").write_text(json.dumps({"requests_per_second": 0} | settings))
        return subprocess.run(
            [sys.executable, "-m", "source_pypi", *arguments, "--config", "config.json"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return command


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
