"""A sync of downloads that is killed at any moment: the next one continues, and nothing is lost or doubled."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from source_pypi.services.downloads.progress import source_day
from tests.databases import rows
from tests.fake_downloads import Downloads, FakeClickhouse, FakePypistats
from tests.fake_downloads.server import Asked

PROJECTS = tuple(f"p{number}" for number in range(12))
QUERY = "SELECT * EXCLUDE (seen_at) FROM {} ORDER BY ALL"
#: The time of every sync: a source's day then begins between none of them, whenever the test runs.
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
_SYNC = f"""
import runpy, sys, time
time.time = lambda: {NOON}
runpy.run_module("source_pypi", run_name="__main__", alter_sys=True)
"""


def start(path: Path, settings: dict[str, Any]) -> "subprocess.Popen[bytes]":
    """Start ``sync`` with these settings, at noon."""
    config = path.with_suffix(".json")
    config.write_text(json.dumps({"projects": PROJECTS, **settings}))
    command = ["sync", "--streams", "downloads,downloads_by", "--into", str(path), "--config", str(config), "-q"]
    return subprocess.Popen([sys.executable, "-c", _SYNC, *command], stdout=subprocess.DEVNULL)


@pytest.mark.parametrize(
    ("kind", "after"), [*((FakePypistats, after) for after in (1, 5, 14, 35)), *((FakeClickhouse, n) for n in (1, 3))]
)
def test_killed_sync_continues(kind: Any, after: int, tmp_path: Path) -> None:
    """Killed at a request or soon after it, the next run makes the tables those of one that was not killed."""
    downloads = Downloads(source_day(NOON))
    for number, project in enumerate(PROJECTS):
        for days in range(1, 6):
            downloads.add(project, days, number + days, version=f"{days}.0")
    options = {"once_a_day": False} if kind is FakePypistats else {"most_cells": 30}
    with kind(downloads, **options) as fake:
        settings = {"downloads_url": fake.url, "downloads_per_minute": 0}
        if kind is FakeClickhouse:
            settings = {"downloads_from": "clickhouse", "clickhouse_url": fake.url, "downloads_by": ["version"]}
        killed: list[int] = []
        path, whole = tmp_path / "killed.duckdb", tmp_path / "whole.duckdb"
        process = start(path, settings)

        def kill(asked: Asked) -> None:
            if len(fake.asked) == after and not killed:
                killed.append(after)
                os.kill(process.pid, signal.SIGKILL)

        fake.before = kill
        process.wait(60)
        fake.before = lambda asked: None
        assert start(path, settings).wait(60) == 0
        assert start(whole, settings).wait(60) == 0
    for table in ("downloads", "downloads_by"):
        assert rows(path, QUERY.format(table)) == rows(whole, QUERY.format(table)) != []
