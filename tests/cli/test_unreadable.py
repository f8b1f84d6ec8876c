"""Files and folders that the user may not look at: each is named, and none is taken for standard output."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from source_pypi.cli import cli
from source_pypi.config import make_config
from source_pypi.errors import SettingError
from source_pypi.services.index.api import open_index
from tests.cli.loaded import make_database

NOBODY = 65534


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """A folder whose files only its owner may look at, with a mirror and a database."""
    folder = tmp_path / "closed"
    (folder / "mirror/simple").mkdir(parents=True)
    make_database(folder / "x.duckdb")
    folder.chmod(0)
    yield folder
    folder.chmod(0o700)


@contextmanager
def another_user() -> Iterator[None]:
    """Run the block as a user whom permissions concern, as root does not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def output(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder to write to."""
    monkeypatch.chdir(tmp_path)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)


@pytest.mark.usefixtures("output")
@pytest.mark.parametrize(
    "command",
    [
        ["query", "projects", "--from"],
        ["query", "--list", "--from"],
        ["export", "--all", "--to", "out", "--from"],
        ["report"],
    ],
)
def test_database_below_a_closed_folder(closed: Path, command: list[str]) -> None:
    """A database that may not be looked at is an error that names it."""
    CliRunner().invoke(cli, [command[0], "--help"])  # imports what another user may not read
    with another_user():
        done = CliRunner().invoke(cli, [*command, f"{closed}/x.duckdb"])
    assert (done.exit_code, done.stderr) == (1, f"error: {closed}/x.duckdb cannot be read: Permission denied\n")


@pytest.mark.usefixtures("output")
def test_index_below_a_closed_folder(closed: Path) -> None:
    """An index on disk that may not be looked at is an error of its setting."""
    config = make_config({"index_url": f"{closed}/mirror"})
    with another_user(), pytest.raises(SettingError) as caught:
        open_index(config)
    assert str(caught.value) == f"setting 'index_url': is {closed}/mirror, which cannot be read: Permission denied"


def test_no_temporary_folder(tmp_path: Path) -> None:
    """Without a temporary folder, the error says that."""
    make_database(tmp_path / "pypi.duckdb")
    code = (
        "import sys, tempfile; tempfile.tempdir = '/dev/null/none'; from source_pypi.cli import main; "
        "sys.argv = ['source-pypi', 'query', 'projects']; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        1,
        "error: there is no temporary folder that can be written: Not a directory\n",
    )
