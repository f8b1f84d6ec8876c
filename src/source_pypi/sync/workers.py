"""Worker threads of a run, which keep no program from ending.

Why not ``concurrent.futures.ThreadPoolExecutor``
    When a program ends, Python waits for the threads of every executor, and for all that was submitted: for minutes, if
    the index is failing and requests are retried. Nothing waits for daemon threads.
"""

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

A = TypeVar("A")
R = TypeVar("R")

#: A call whose result a future gets; None: the thread ends.
_Call = tuple[Future[Any], Callable[[Any], Any], Any] | None


class Workers:
    """At most so many threads, each started when it is first needed. Safe to share between threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._calls: SimpleQueue[_Call] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._unfinished: set[Future[Any]] = set()
        self._closed = False
        self._lock = threading.Lock()

    def submit(self, function: Callable[[A], R], argument: A) -> Future[R]:
        """Call a function in a thread. Calls begin in the order in which they were submitted.

        :raises CancelledError: when the workers are closed.
        """
        future: Future[R] = Future()
        with self._lock:
            if self._closed:
                raise CancelledError
            self._unfinished.add(future)
            future.add_done_callback(self._unfinished.discard)
            self._calls.put((future, function, argument))
            if len(self._threads) < self._most:
                thread = threading.Thread(target=_work, args=(self._calls,), name="fetch", daemon=True)
                self._threads.append(thread)
                thread.start()
        return future

    def close(self) -> None:
        """Begin no further call, and cancel all that have not ended: whoever waits for one gets ``CancelledError``.

        A thread that is in a call ends after it.
        """
        with self._lock:
            self._closed = True
            with suppress(Empty):
                while True:
                    self._calls.get_nowait()
            for _ in self._threads:
                self._calls.put(None)
        for future in tuple(self._unfinished):
            future.cancel()


def _work(calls: SimpleQueue[_Call]) -> None:
    """Answer calls, one after another. Nothing of a call is kept: documents are large."""
    while (call := calls.get()) is not None:
        future, function, argument = call
        with suppress(InvalidStateError):  # the future was cancelled in the meantime
            try:
                result = function(argument)
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)
                del result
        del call, future, function, argument
