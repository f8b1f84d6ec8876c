"""A day's work in small: what is loaded, and what it takes."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_index import FakeIndex
from tests.fake_index.generate import generated_world
from tests.load.day import PASSING, Days, compare

PROJECTS = 400

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="processes can be looked at on Linux only")


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Days]:
    """Days of an index of some hundred projects."""
    names = [f"project-{number:04}" for number in range(PROJECTS)]
    with FakeIndex(generated_world(PROJECTS, 10, 300), strict=False) as index:
        yield Days(tmp_path_factory.mktemp("load"), index, names)


def test_a_bad_day(days: Days) -> None:
    """An index that fails in every way that passes gives the tables of a good day, in memory that does not grow."""
    (good, expected), (bad, found) = days.good(), days.bad()
    assert (good.ended.status, good.ended.user_errors) == (0, "")
    assert (bad.ended.status, bad.met) == (0, len(PASSING))
    assert compare(found, expected) == []
    assert bad.growth < 1.25
    assert (bad.descriptors, bad.threads) <= (good.descriptors + 2, good.threads + 1)


PROGRAM = """
import os, sys, threading, time
import source_pypi

def held():
    time.sleep(0.2)  # what was told to end, ends
    return len(os.listdir("/proc/self/fd")), threading.active_count()

before = held()
for _ in range(5):
    rows = list(source_pypi.read("files", sys.argv[2:], index_url=sys.argv[1], requests_per_second=0))
    assert len(rows) > 100, len(rows)
assert held() == before, (before, held())
"""


def test_nothing_is_left(days: Days) -> None:
    """A program that has read several times holds no more descriptors and threads than before."""
    command = [sys.executable, "-c", PROGRAM, days.index.url, *days.names[:20]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
