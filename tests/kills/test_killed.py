"""SIGKILL at random times of ``sync`` and ``read``: a few rounds here, hundreds with ``make kills``."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from source_pypi.destinations.duckdb.state import NEW
from tests.fake_index import FakeIndex
from tests.kills import reading, syncing
from tests.kills.command import Workdir, when_grown
from tests.kills.syncing import Scenario, index_of
from tests.kills.tables import content_of
from tests.kills.worlds import name_of, small_world

#: The largest number of kills in a round.
MOST = 2
#: Seed of the kill times, name of the scenario, number of projects; a STATE comes after 500 of them.
SYNCS = [
    (1, "first", 220),
    (2, "again, with a history", 220),
    (3, "all releases again", 120),
    (4, "dependencies", 220),
    (5, "whole index again", 220),
]
READS = [
    (6, "first", 600),
    (7, "again, all streams", 120),
    (8, "all releases again", 120),
    (9, "dependencies", 220),
    (10, "whole index", 120),
]


def _scenario(scenarios: tuple[Scenario, ...], name: str, projects: int) -> Scenario:
    found = next(scenario for scenario in scenarios if scenario.name == name)
    return replace(found, projects=projects, named=projects // 2 if found.named else found.named)


@pytest.mark.parametrize(("seed", "name", "projects"), SYNCS)
def test_sync_killed(tmp_path: Path, seed: int, name: str, projects: int) -> None:
    """After a kill, a file opens and has whole projects; the next run gives the tables of a run that was not killed."""
    scenario = _scenario(syncing.SCENARIOS, name, projects)
    with index_of(scenario) as index:
        kills = syncing.Kills(scenario, index, tmp_path, seed)
        assert kills.round(random.Random(seed), MOST).wrong == []


def test_sync_killed_while_it_creates_the_file(tmp_path: Path) -> None:
    """If sync is killed while it creates the file, there is none, or one that opens; the next run works."""
    with FakeIndex(small_world(3)) as index:
        workdir = Workdir(tmp_path, index.url)
        arguments = ("sync", name_of(0), "--config", workdir.settings(), "--into", "killed.duckdb")
        for number in range(6):
            file = tmp_path / (f"{NEW}*/new.duckdb" if number % 2 else "killed.duckdb")
            workdir.kill(when_grown(file, 1 + number // 3, 0), *arguments)
            index.new_run()
            ended = workdir.start(*arguments).wait()
            assert (ended.status, list(content_of(tmp_path / "killed.duckdb").tables["projects"])) == (0, [name_of(0)])
            (tmp_path / "killed.duckdb").unlink()
            index.new_run()


@pytest.mark.parametrize(("seed", "name", "projects"), READS)
def test_read_killed(tmp_path: Path, seed: int, name: str, projects: int) -> None:
    """A read from the last state of a killed read gives the rows of a read that was not killed."""
    scenario = _scenario(reading.SCENARIOS, name, projects)
    with index_of(scenario) as index:
        kills = reading.Kills(scenario, index, tmp_path, seed)
        assert kills.round(random.Random(seed), MOST).wrong == []
