"""sync/workers.py: threads that keep no program from ending."""

import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import CancelledError
from threading import Event

import pytest

from source_pypi.sync.workers import Workers

#: Seconds after which a test fails that waits for another thread.
SOON = 10


class Document:
    """Something that a weak reference may point to."""


def test_results_and_errors() -> None:
    """A future has what the call returned, or raises what it raised; the thread then takes the next call."""
    workers = Workers(1)
    half, error, third = (workers.submit(lambda number: 6 // number, number) for number in (2, 0, 3))
    assert half.result(SOON) == 3
    with pytest.raises(ZeroDivisionError):
        error.result(SOON)
    assert third.result(SOON) == 2
    workers.close()


def test_calls_begin_in_order_in_at_most_so_many_threads() -> None:
    """Calls begin as they were submitted, and no more of them at a time than there may be threads."""
    workers, begun, go_on = Workers(2), list[int](), Event()

    def call(number: int) -> str:
        begun.append(number)
        assert go_on.wait(SOON)
        return threading.current_thread().name

    futures = [workers.submit(call, number) for number in range(5)]
    until(lambda: len(begun) == 2)
    time.sleep(0.05)
    assert sorted(begun) == [0, 1]
    go_on.set()
    assert {future.result(SOON) for future in futures} == {"fetch"}
    assert sorted(begun[:2]) + begun[4:] == [0, 1, 4]
    workers.close()


def test_closing_cancels_all_that_has_not_ended() -> None:
    """Whoever waits for a call learns at once that it was cancelled, whether it had begun or not; threads then end."""
    workers, begun, go_on = Workers(1), Event(), Event()

    def call(document: Document) -> Document:
        begun.set()
        assert go_on.wait(SOON)
        return document

    waiting, queued = workers.submit(call, Document()), workers.submit(call, Document())
    assert begun.wait(SOON)
    threading.Timer(0.05, workers.close).start()
    for future in (waiting, queued):
        with pytest.raises(CancelledError):
            future.result(SOON)
    with pytest.raises(CancelledError):
        workers.submit(call, Document())
    go_on.set()
    until(lambda: not any(thread.is_alive() for thread in workers._threads))


def test_nothing_of_a_call_is_kept() -> None:
    """What a call took and returned is freed once nobody else holds it, while the thread waits for the next call."""
    workers = Workers(1)
    taken, made = Document(), Document()
    freed = [weakref.ref(taken), weakref.ref(made)]
    returned = {1: made}

    def call(document: Document | None) -> Document | None:
        return returned.pop(1) if document is not None else None

    workers.submit(call, taken).result(SOON)
    del taken, made
    until(lambda: [reference() for reference in freed] == [None, None])
    workers.close()


def test_program_ends_while_a_call_goes_on() -> None:
    """A program does not wait for calls that nobody waits for."""
    program = (
        "import time\n"
        "from source_pypi.sync.workers import Workers\n"
        "workers = Workers(1)\n"
        f"[workers.submit(time.sleep, {3 * SOON}) for _ in range(2)]\n"
        "print('done')\n"
    )
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=2 * SOON
    )
    assert (done.stdout, done.stderr, done.returncode) == ("done\n", "", 0)
    assert time.monotonic() - begin < SOON


def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds; fail after ``SOON`` seconds."""
    end = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.005)
