"""A full disk: of the database, of the temporary folder, of standard output."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_index import FakeIndex
from tests.kills import reading, syncing
from tests.kills.command import Ended
from tests.kills.conftest import SmallDisk
from tests.kills.syncing import MANY, Scenario, index_of

KB, MB = 1024, 1024 * 1024
FIRST = Scenario("first", MANY, projects=150)
#: Sizes of the disk: too small for anything, for the tables only, for one commit of two.
SIZES = [16 * KB, 400 * KB, 700 * KB]


def assert_one_line(ended: Ended, place: str) -> None:
    """Check that it ended with a one-line error that names the place."""
    lines = ended.user_errors.splitlines()
    assert ended.status == 1
    assert len(lines) == 1, ended.user_errors
    reason = "(?:No space left|File too large)"
    assert re.fullmatch(rf"error: cannot write {re.escape(place)}.*: .*{reason}.*", lines[0]), lines[0]


@pytest.fixture(scope="module")
def index() -> Iterator[FakeIndex]:
    """An index of 150 projects."""
    with index_of(FIRST) as started:
        yield started


@pytest.fixture(scope="module")
def kills(index: FakeIndex, tmp_path_factory: pytest.TempPathFactory) -> syncing.Kills:
    """Runs of ``sync`` into new files."""
    return syncing.Kills(FIRST, index, tmp_path_factory.mktemp("sync"))


@pytest.mark.parametrize("size", SIZES)
def test_full_disk_keeps_whole_projects(kills: syncing.Kills, small_disk: SmallDisk, size: int) -> None:
    """A full disk leaves whole projects in the database; with more space, the next run completes it."""
    file = small_disk(size) / "killed.duckdb"
    assert_one_line(kills.attempt(file), str(file))
    small_disk(64 * MB)
    assert kills.judge_partial(file) == []
    assert kills.finish(file) == []


def test_no_space_for_a_checkpoint_loads_everything(kills: syncing.Kills, small_disk: SmallDisk) -> None:
    """If the disk has space for the database's log but not for a checkpoint, everything is loaded."""
    file = small_disk(1300 * KB) / "killed.duckdb"
    ended = kills.attempt(file)
    assert (ended.status, ended.user_errors) == (0, "")
    assert file.with_name("killed.duckdb.wal").exists()
    assert kills.judge(file) == []
    small_disk(64 * MB)
    assert kills.finish(file) == []


def test_file_size_limit_keeps_whole_projects(kills: syncing.Kills, tmp_path: Path) -> None:
    """A limit on file sizes is a one-line error; whole projects stay, and the next run completes them."""
    file = tmp_path / "killed.duckdb"
    limited = ("sh", "-c", 'ulimit -f 1200; exec "$@"', "sh")
    assert_one_line(kills.attempt(file, through=limited), str(file))
    assert kills.judge_partial(file) == []
    assert kills.finish(file) == []


def test_full_temporary_folder_loses_nothing(kills: syncing.Kills, small_disk: SmallDisk, tmp_path: Path) -> None:
    """A full temporary folder is a one-line error that names it; the next run completes the database."""
    file, staging = tmp_path / "killed.duckdb", small_disk(40 * KB)
    ended = kills.attempt(file, env=os.environ | {"TMPDIR": str(staging)})
    assert_one_line(ended, f"the temporary folder {staging}")
    assert list(staging.iterdir()) == []
    assert kills.judge_partial(file) == []
    assert kills.finish(file) == []


def test_full_disk_under_a_folder_of_parquet(index: FakeIndex, small_disk: SmallDisk, tmp_path: Path) -> None:
    """A full disk under a folder of Parquet is one line that names the folder and the reason, and nothing else."""
    folder = small_disk(40 * KB) / "warehouse"
    names = list(index.world.projects)[:20]
    command = [sys.executable, "-m", "source_pypi", "sync", *names, "--index-url", index.url, "--into", f"{folder}/"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, f"error: cannot write {folder}/: No space left on device\n")


def test_full_standard_output_loses_nothing(index: FakeIndex, tmp_path: Path) -> None:
    """A full standard output is a one-line error; the next read completes the tables."""
    kills = reading.Kills(FIRST, index, tmp_path)
    platform = kills.begin(keeps=False)
    with Path("/dev/full").open("wb") as full:
        ended = kills.attempt(platform, stdout=full)
    error = "error: standard output cannot be written: No space left on device\n"
    assert (ended.status, ended.user_errors) == (1, error)
    assert kills.finish(platform) == []
