"""Loads with and without faults: the same tables, and what the process uses."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_index import FakeIndex
from tests.fake_index.generate import generated_world
from tests.load.loading import TEMPORARY, Loads, compare

PROJECTS = 400

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="processes can be measured on Linux only")


@pytest.fixture(scope="module")
def loads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loads]:
    """Loads from an index of 400 projects."""
    names = [f"project-{number:04}" for number in range(PROJECTS)]
    with FakeIndex(generated_world(PROJECTS, 10, 300), strict=False) as index:
        yield Loads(tmp_path_factory.mktemp("load"), index, names)


def test_temporary_faults_change_no_table(loads: Loads) -> None:
    """With every temporary fault, a load gives the same tables as without faults, and its memory does not grow."""
    (plain, expected), (faulty, found) = loads.without_faults(), loads.with_faults()
    assert (plain.ended.status, plain.ended.user_errors) == (0, "")
    assert (faulty.ended.status, faulty.faults) == (0, len(TEMPORARY))
    assert compare(found, expected) == []
    assert faulty.growth < 1.25
    assert (faulty.descriptors, faulty.threads) <= (plain.descriptors + 2, plain.threads + 1)


PROGRAM = """
import os, sys, threading, time
import source_pypi

def used():
    time.sleep(0.2)  # threads need time to end
    return len(os.listdir("/proc/self/fd")), threading.active_count()

before = used()
for _ in range(5):
    rows = list(source_pypi.read("files", sys.argv[2:], index_url=sys.argv[1], requests_per_second=0))
    assert len(rows) > 100, len(rows)
assert used() == before, (before, used())
"""


def test_reads_leave_no_descriptor_or_thread(loads: Loads) -> None:
    """A program that has read several times has as many open descriptors and threads as before."""
    command = [sys.executable, "-c", PROGRAM, loads.index.url, *loads.names[:20]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
