"""Ends that are not as hard as SIGKILL: signals that a program may handle, and a reader that goes away."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fake_index import FakeIndex, faults
from tests.kills import reading, syncing
from tests.kills.syncing import Scenario, index_of
from tests.kills.worlds import name_of

SIGNALS = [signal.SIGTERM, signal.SIGINT]
#: Seconds within which a command that was told to end has ended.
PROMPT = 5
FIRST = Scenario("first", projects=150)
#: Seconds that a slow answer takes.
SLOW = 60


@pytest.fixture(scope="module")
def index() -> Iterator[FakeIndex]:
    """An index of some projects."""
    with index_of(FIRST) as started:
        yield started


@pytest.fixture(scope="module")
def first_sync(index: FakeIndex, tmp_path_factory: pytest.TempPathFactory) -> syncing.Kills:
    """Runs of ``sync`` into new files."""
    return syncing.Kills(FIRST, index, tmp_path_factory.mktemp("sync"))


@pytest.fixture(scope="module")
def first_read(index: FakeIndex, tmp_path_factory: pytest.TempPathFactory) -> reading.Kills:
    """Runs of ``read`` without a state."""
    return reading.Kills(FIRST, index, tmp_path_factory.mktemp("read"))


def _wait(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not condition() and time.monotonic() < until:
        time.sleep(0.002)


@pytest.mark.parametrize("number", SIGNALS)
def test_sync(first_sync: syncing.Kills, index: FakeIndex, tmp_path: Path, number: signal.Signals) -> None:
    """Told to end, sync keeps what it has read; the next run goes on from there."""
    file, answered = tmp_path / "killed.duckdb", random.Random(number).randint(5, 100)
    running = first_sync.start(file)
    _wait(lambda: len(index.requests) >= answered)
    running.send(number)
    ended = running.wait(PROMPT)
    assert (ended.status, ended.user_errors) == (130, "error: interrupted; what was read before is kept\n")
    assert len(first_sync.committed(file)) >= answered - 3  # those ahead of the one whose rows are written
    assert first_sync.judge_partial(file) == []
    assert first_sync.finish(file) == []


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, 130)])
def test_read(first_read: reading.Kills, index: FakeIndex, number: signal.Signals, status: int) -> None:
    """Told to end, read ends at once, without a word; its state, handed back, ends as that of a read left alone."""
    platform = first_read.begin(keeps=True)
    running = first_read.start(platform)
    _wait(lambda: len(index.requests) >= 100)
    running.send(number)
    ended = running.wait(PROMPT)
    assert (ended.status, ended.user_errors) == (status, "")
    platform.take(ended.output)
    assert first_read.finish(platform) == []


def test_the_reader_goes_away(first_read: reading.Kills) -> None:
    """When the reader closes the pipe, read ends soon and without a word; its state leads to the right end."""
    platform = first_read.begin(keeps=True)
    running = first_read.start(platform, taken=False)
    output = running.process.stdout
    assert output is not None
    taken = b"".join(output.readline() for _ in range(300))
    output.close()
    ended = running.wait(PROMPT)
    assert (ended.status, ended.user_errors) == (1, "")
    platform.take(taken)
    assert first_read.finish(platform) == []


def test_the_reader_goes_away_while_an_answer_is_awaited(first_read: reading.Kills, index: FakeIndex) -> None:
    """Nor does read wait for an answer of which nobody will hear any more."""
    platform = first_read.begin(keeps=True)
    index.fault(f"/pypi/{name_of(5)}/json", faults.slow(SLOW))
    running = first_read.start(platform, taken=False)
    output = running.process.stdout
    assert output is not None
    _wait(lambda: any(request.fault for request in index.requests))
    time.sleep(0.3)  # what comes before is written: it fits into the pipe
    taken = os.read(output.fileno(), 1 << 20)
    output.close()
    try:
        ended = running.wait(PROMPT)
    finally:
        index.clear_faults()
    assert (ended.status, ended.user_errors) == (1, "")
    platform.take(taken)
    assert first_read.finish(platform) == []
