"""A function called at regular intervals while a read goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress


class Heartbeat:
    """Calls a function every few seconds in a thread of its own, until the ``with`` block ends.

    :param beat: the function. After it raises ``OSError``, because nothing reads its output, it is not called again.
    :param seconds: between two calls.
    """

    def __init__(self, beat: Callable[[], None], seconds: float) -> None:
        self._beat, self._seconds = beat, seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with suppress(OSError):
            while not self._stop.wait(self._seconds):
                self._beat()
