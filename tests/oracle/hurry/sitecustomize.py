"""In front of the product on PYTHONPATH: it waits a part of the time between tries, and is the same otherwise."""

import os
import threading
import time
from typing import SupportsIndex

_SLEEP, _WAIT = time.sleep, threading.Event.wait
_PART = float(os.environ.get("HURRY", "50"))


def _hurried(seconds: SupportsIndex | float, /) -> None:
    _SLEEP(float(seconds) / _PART)


def _hurried_wait(self: threading.Event, timeout: float | None = None) -> bool:
    return _WAIT(self, None if timeout is None else timeout / _PART)


time.sleep = _hurried
threading.Event.wait = _hurried_wait  # type: ignore[method-assign]
