"""SIGTERM, SIGINT, and a reader that closes the pipe."""

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
#: Seconds within which a command has to end after a signal.
PROMPT = 5
FIRST = Scenario("first", projects=150)
#: Seconds that a slow response takes.
SLOW = 60


@pytest.fixture(scope="module")
def index() -> Iterator[FakeIndex]:
    """An index of 150 projects."""
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
def test_signal_keeps_what_sync_has_read(
    first_sync: syncing.Kills, index: FakeIndex, tmp_path: Path, number: signal.Signals
) -> None:
    """After a signal, sync keeps what it has read; the next run continues from there."""
    file, answered = tmp_path / "killed.duckdb", random.Random(number).randint(5, 100)
    running = first_sync.start(file)
    _wait(lambda: len(index.requests) >= answered)
    running.send(number)
    ended = running.wait(PROMPT)
    assert (ended.status, ended.user_errors) == (130, "error: interrupted; what was read before is kept\n")
    assert len(first_sync.committed(file)) >= answered - 3  # less the projects that were fetched but not yet written
    assert first_sync.judge_partial(file) == []
    assert first_sync.finish(file) == []


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, 130)])
def test_read_continues_after_a_signal(
    first_read: reading.Kills, index: FakeIndex, number: signal.Signals, status: int
) -> None:
    """After a signal, read ends at once without a message; a read from its last state completes the tables."""
    platform = first_read.begin(keeps=True)
    running = first_read.start(platform)
    _wait(lambda: len(index.requests) >= 100)
    running.send(number)
    ended = running.wait(PROMPT)
    assert (ended.status, ended.user_errors) == (status, "")
    platform.take(ended.output)
    assert first_read.finish(platform) == []


def test_closed_pipe_ends_read(first_read: reading.Kills) -> None:
    """If the reader closes the pipe, read ends without a message; a read from its last state completes the tables."""
    platform = first_read.begin(keeps=True)
    running = first_read.start(platform, collect=False)
    output = running.process.stdout
    assert output is not None
    received = b"".join(output.readline() for _ in range(300))
    output.close()
    ended = running.wait(PROMPT)
    assert (ended.status, ended.user_errors) == (1, "")
    platform.take(received)
    assert first_read.finish(platform) == []


def test_closed_pipe_ends_a_read_that_waits_for_a_response(first_read: reading.Kills, index: FakeIndex) -> None:
    """If the reader closes the pipe, read does not wait for a slow response."""
    platform = first_read.begin(keeps=True)
    index.fault(f"/pypi/{name_of(5)}/json", faults.slow(SLOW))
    running = first_read.start(platform, collect=False)
    output = running.process.stdout
    assert output is not None
    _wait(lambda: any(request.fault for request in index.requests))
    time.sleep(0.3)  # the records so far are in the pipe, which holds them
    received = os.read(output.fileno(), 1 << 20)
    output.close()
    try:
        ended = running.wait(PROMPT)
    finally:
        index.clear_faults()
    assert (ended.status, ended.user_errors) == (1, "")
    platform.take(received)
    assert first_read.finish(platform) == []
