"""The sign that a read goes on, while it has nothing else to write."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress


class Heartbeat:
    """Calls a function every so many seconds, in a thread of its own, until the end of the ``with`` block.

    :param beat: what is called; when it finds that nobody reads its words any more (``OSError``), it is called no more.
    :param seconds: between two calls.
    """

    def __init__(self, beat: Callable[[], None], seconds: float) -> None:
        self._beat, self._seconds = beat, seconds
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        with suppress(OSError):
            while not self._end.wait(self._seconds):
                self._beat()
