"""airbyte/heartbeat.py: a function called at regular intervals."""

import threading

from source_pypi.airbyte.heartbeat import Heartbeat


def test_calls_until_the_block_ends() -> None:
    """The function is called until the block ends, and not after it."""
    beats = threading.Semaphore(0)
    with Heartbeat(beats.release, 0.001):
        assert all(beats.acquire(timeout=5) for _ in range(3))
    while beats.acquire(blocking=False):
        pass
    assert not beats.acquire(timeout=0.02)


def test_short_block_does_not_wait() -> None:
    """A block that ends before the first call does not wait for it."""
    beats: list[None] = []
    with Heartbeat(lambda: beats.append(None), 3600):
        pass
    assert beats == []


def test_os_error_ends_the_calls() -> None:
    """After an OSError the function is not called again, and nothing is raised."""
    beats = threading.Semaphore(0)

    def beat() -> None:
        beats.release()
        raise BrokenPipeError

    with Heartbeat(beat, 0.001):
        assert beats.acquire(timeout=5)
        assert not beats.acquire(timeout=0.02)
