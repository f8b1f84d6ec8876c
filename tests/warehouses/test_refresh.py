"""sync without names, for databases: what they contain is refreshed."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fake_index import FakeIndex, World
from tests.warehouses.places import Place

pytestmark = pytest.mark.warehouses

Serve = Callable[..., FakeIndex]


def sync(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command in a folder."""
    command = [sys.executable, "-m", "source_pypi", "sync", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)


def test_refresh(database: Place, world: World, serve: Serve, tmp_path: Path) -> None:
    """Projects, requirements, streams and the index are those of the last run; nothing changes without a reason."""
    for name in ("flask", "click"):
        world.add(name, releases=["1.0", "2.0"])
    fake = serve()
    options = ("--into", database.into)
    done = sync(tmp_path, "flask[b,a]<2", "click", "--index-url", fake.url, "--streams", "versions", *options)
    assert (done.returncode, done.stderr) == (0, "")
    pins = database.select("pins")
    assert [(pin["project"], pin["specifier"], pin["version"]) for pin in pins] == [
        ("flask", "<2", "1.0"),
        ("click", None, "2.0"),
    ]
    fake.new_run()
    done = sync(tmp_path, *options)
    assert done.returncode == 0
    assert done.stderr.startswith("note: refreshing ")
    assert done.stderr.endswith(f": 2 projects, versions, from {fake.url}\n")
    assert "versions          0          0          0          4\n" in done.stdout
    assert database.select("pins") == pins
    assert sorted(request.path for request in fake.requests) == ["/pypi/click/json", "/pypi/flask/json"]


def test_empty_database(database: Place, tmp_path: Path) -> None:
    """A database without tables of ours is one error."""
    done = sync(tmp_path, "--into", database.into)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: no projects named, and ")
    assert len(done.stderr.splitlines()) == 1
