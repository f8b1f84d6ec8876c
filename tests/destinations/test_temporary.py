"""destinations/temporary.py: the folders of runs that were killed are deleted, and no others."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from source_pypi.destinations.temporary import STALE, TemporaryFolder

KILLED = "import os; from source_pypi.destinations.temporary import *; folder = TemporaryFolder(); print(folder.name); "


def test_folder_of_a_killed_run_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next run deletes it; the folder of a run that goes on, and what is not ours, stay."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    code = KILLED + "import sys; sys.stdout.flush(); os.kill(os.getpid(), 9)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert Path(done.stdout.strip()).is_dir()
    old, young, foreign = (tmp_path / name for name in ("source-pypi-old", "source-pypi-young", "other-old"))
    for folder in (old, young, foreign):
        folder.mkdir()
    for folder in (old, foreign):
        os.utime(folder, (time.time() - STALE - 60, time.time() - STALE - 60))
    first = TemporaryFolder()
    second = TemporaryFolder()
    assert set(tmp_path.iterdir()) == {Path(first.name), Path(second.name), young, foreign}
    first.cleanup()
    second.cleanup()
    assert set(tmp_path.iterdir()) == {young, foreign}


MAKES = """
import sys
from pathlib import Path
from source_pypi.destinations.temporary import TemporaryFolder
for _ in range(300):
    folder = TemporaryFolder()
    if not Path(folder.name).is_dir():
        sys.exit("the folder is gone")
    folder.cleanup()
"""


def test_runs_that_start_at_once_leave_each_others_folders(tmp_path: Path) -> None:
    """A run that is making its folder does not lose it to one that looks for the folders of killed runs."""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    runs = [subprocess.Popen([sys.executable, "-c", MAKES], env=environment, stderr=-1, text=True) for _ in range(4)]
    assert [run.communicate()[1] for run in runs] == [""] * 4
    assert list(tmp_path.iterdir()) == []
