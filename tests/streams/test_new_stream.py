"""Adding a stream takes one file and one line; the checks run in a copy of the project that has one more stream."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.fake_index import FakeIndex, World

ROOT = Path(__file__).parents[2]
FOLDERS = ("src", "tests", "tools", "docs", "benchmarks", "integration_tests")
#: The checks that compare every stream with the rules, the documentation and the files for Airbyte's catalogue.
CHECKS = ("tests/streams/test_streams.py", "tests/test_schema.py", "tests/test_catalogue.py")


class Copy:
    """A copy of the project with the stream ``toy``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for path in ROOT.iterdir():
            if path.name in FOLDERS:
                shutil.copytree(path, folder / path.name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
            elif path.is_file():
                shutil.copy(path, folder)
        streams = folder / "src" / "source_pypi" / "streams"
        shutil.copy(Path(__file__).with_name("toy.py"), streams)
        table = (streams / "__init__.py").read_text()
        assert table.count('    "stats",\n') == 1
        (streams / "__init__.py").write_text(table.replace('    "stats",\n', '    "stats",\n    "toy",\n'))

    def run(self, *arguments: object) -> str:
        """The output of ``python -m`` with these arguments, which must succeed."""
        paths = os.pathsep.join([str(self.folder / "src"), str(self.folder)])
        done = subprocess.run(
            [sys.executable, "-m", *map(str, arguments)],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": paths},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """A copy of the project with the stream ``toy``."""
    return Copy(tmp_path)


def test_new_stream_passes_the_checks_of_all_streams(copy: Copy) -> None:
    """With generated files regenerated, a new stream is documented, and no check of all streams needs a change."""
    pages = [path for path in (copy.folder / "docs").glob("*.md") if "[[[cog" in path.read_text("utf-8")]
    copy.run("cogapp", "-r", *pages)
    copy.run("tests.connector")
    assert "\n## toy\n\nA row is a project's summary.\n" in (copy.folder / "docs" / "streams.md").read_text("utf-8")
    assert "\n| `toy` | a project's summary | `project` | yes |\n" in (copy.folder / "docs" / "airbyte.md").read_text()
    assert '"name": "toy"' in (copy.folder / "integration_tests" / "configured_catalog.json").read_text()
    assert "toy" in copy.run("pytest", "-q", "-p", "no:cacheprovider", *CHECKS, "--collect-only")
    copy.run("pytest", "-q", "-p", "no:cacheprovider", *CHECKS)


def test_new_stream_is_loaded_by_sync(copy: Copy, world: World, fake: FakeIndex) -> None:
    """``sync --streams toy`` loads the rows of a new stream."""
    world.add("flask", summary="A framework")
    world.add("click")
    path = copy.folder / "toy.duckdb"
    copy.run("source_pypi", "sync", "flask", "click", "--streams", "toy", "--index-url", fake.url, "--into", path)
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.execute("SELECT project, length FROM toy ORDER BY project").fetchall()
    assert rows == [("click", None), ("flask", 11)]
