"""A run that is killed at any moment, and then run again, leaves what a run that was left alone leaves."""

import random
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from tests.fake_index import FakeIndex, World
from tests.model.changes import CHANGES, PROJECTS, Site
from tests.warehouses.places import Place
from tests.warehouses.syncing import held, read, sync

pytestmark = pytest.mark.warehouses

#: About how many seconds a sync takes once the warehouse is open.
TAKES = {"postgres": 1.0, "sqlite": 1.2, "parquet": 0.2}


def killed(place: Place, fake: FakeIndex, seconds: float) -> bool:
    """Run sync in a process, kill it some seconds after the warehouse opened; return whether it was still running."""
    command = [sys.executable, "-m", "tests.warehouses.child", place.into, fake.url, *PROJECTS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        if seconds >= 0:
            assert child.stdout.readline() == "open\n"
        time.sleep(abs(seconds))
        child.kill()
        _, user_errors = child.communicate()
    assert user_errors == ""
    return child.returncode != 0


@pytest.mark.parametrize("seed", [1, 2])
def test_killed(place: Place, world: World, serve: Callable[..., FakeIndex], seed: int) -> None:
    """Killed while it opens, stages, replaces or ends: the next run makes it whole."""
    chance = random.Random(seed)
    site = Site(world)
    for name in PROJECTS:
        site.happen("create", name, chance.randrange(9))
    fake = serve()
    for number in range(3):
        # before it is open at first (the sign), then while it is under way
        killed(place, fake, -chance.uniform(0.5, 2.5) if number == 0 else chance.uniform(0, TAKES[place.name]))
        fake.new_run()
        if number % 2:
            sync(place, fake, PROJECTS)
            fake.new_run()
            assert held(place) == read(fake, PROJECTS)
        for _ in range(8):
            site.happen(chance.choice(list(CHANGES)), chance.choice(PROJECTS), chance.randrange(9))
        fake.new_run()
    sync(place, fake, PROJECTS)
    fake.new_run()
    assert held(place) == read(fake, PROJECTS)
