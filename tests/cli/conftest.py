"""Fixtures of the command line's tests."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli import Run
from tests.fake_index import FakeIndex


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that runs a command in an empty folder, without a terminal; keywords are variables."""

    def command(*arguments: object, stdin: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "source_pypi", *map(str, arguments)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            input=stdin,
            env={**os.environ, **environment},
        )

    return command


@pytest.fixture
def settings(tmp_path: Path, fake: FakeIndex) -> Path:
    """Write a configuration for the fake index, without a rate limit."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"projects": ["flask"], "index_url": fake.url, "requests_per_second": 0}))
    return path
