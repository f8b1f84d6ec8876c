"""A disk that is full, for the database, for the temporary folder and for standard output."""

import os
import re
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
#: Of disks: for nothing at all, for the tables, for one commit of two.
SIZES = [16 * KB, 400 * KB, 700 * KB]


def told_once(ended: Ended, place: str) -> None:
    """It ended with one line that names the place."""
    lines = ended.user_errors.splitlines()
    assert ended.status == 1
    assert len(lines) == 1, ended.user_errors
    assert re.fullmatch(rf"error: cannot write {re.escape(place)}.*: .+", lines[0])


@pytest.fixture(scope="module")
def index() -> Iterator[FakeIndex]:
    """An index of some projects."""
    with index_of(FIRST) as started:
        yield started


@pytest.fixture(scope="module")
def kills(index: FakeIndex, tmp_path_factory: pytest.TempPathFactory) -> syncing.Kills:
    """Runs of ``sync`` into new files."""
    return syncing.Kills(FIRST, index, tmp_path_factory.mktemp("sync"))


@pytest.mark.parametrize("size", SIZES)
def test_the_database(kills: syncing.Kills, small_disk: SmallDisk, size: int) -> None:
    """Where the database has no room, whole projects are in it; with room, the next run ends as one left alone."""
    file = small_disk(size) / "killed.duckdb"
    told_once(kills.attempt(file), str(file))
    small_disk(64 * MB)
    assert kills.judge_partial(file) == []
    assert kills.finish(file) == []


def test_no_room_to_tidy_up(kills: syncing.Kills, small_disk: SmallDisk) -> None:
    """Where there is room for the database's log, and none to move it into the file, all is loaded all the same."""
    file = small_disk(1300 * KB) / "killed.duckdb"
    ended = kills.attempt(file)
    assert (ended.status, ended.user_errors) == (0, "")
    assert file.with_name("killed.duckdb.wal").exists()
    assert kills.judge(file) == []
    small_disk(64 * MB)
    assert kills.finish(file) == []


def test_a_limit_of_size(kills: syncing.Kills, tmp_path: Path) -> None:
    """Where no file may grow as large as the database would, that is one line, and nothing is lost."""
    file = tmp_path / "killed.duckdb"
    limited = ("sh", "-c", 'ulimit -f 1200; exec "$@"', "sh")
    told_once(kills.attempt(file, through=limited), str(file))
    assert kills.judge_partial(file) == []
    assert kills.finish(file) == []


def test_the_temporary_folder(kills: syncing.Kills, small_disk: SmallDisk, tmp_path: Path) -> None:
    """Where rows cannot be staged, that is one line that names the folder, and nothing is lost."""
    file, staging = tmp_path / "killed.duckdb", small_disk(40 * KB)
    ended = kills.attempt(file, env=os.environ | {"TMPDIR": str(staging)})
    told_once(ended, f"the temporary folder {staging}")
    assert list(staging.iterdir()) == []
    assert kills.judge_partial(file) == []
    assert kills.finish(file) == []


def test_standard_output(index: FakeIndex, tmp_path: Path) -> None:
    """Where lines cannot be written, that is one line; the next read ends as one left alone."""
    kills = reading.Kills(FIRST, index, tmp_path)
    platform = kills.begin(keeps=False)
    with Path("/dev/full").open("wb") as full:
        ended = kills.attempt(platform, stdout=full)
    told = "error: standard output cannot be written: No space left on device\n"
    assert (ended.status, ended.user_errors) == (1, told)
    assert kills.finish(platform) == []
