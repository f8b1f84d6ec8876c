"""airbyte/heartbeat.py: the sign that a read goes on."""

import threading

from source_pypi.airbyte.heartbeat import Heartbeat


def test_beats() -> None:
    """It beats until the block ends, and no more."""
    beats = threading.Semaphore(0)
    with Heartbeat(beats.release, 0.001):
        assert all(beats.acquire(timeout=5) for _ in range(3))
    while beats.acquire(blocking=False):
        pass
    assert not beats.acquire(timeout=0.02)


def test_a_block_without_silence() -> None:
    """A block that ends before the first beat is due does not wait for it."""
    beats: list[None] = []
    with Heartbeat(lambda: beats.append(None), 3600):
        pass
    assert beats == []


def test_nobody_reads() -> None:
    """When a beat finds that its words go nowhere, there are no more of them, and nothing is raised."""
    beats = threading.Semaphore(0)

    def beat() -> None:
        beats.release()
        raise BrokenPipeError

    with Heartbeat(beat, 0.001):
        assert beats.acquire(timeout=5)
        assert not beats.acquire(timeout=0.02)
