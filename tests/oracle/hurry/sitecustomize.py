"""In front of the product on PYTHONPATH: it waits a part of the time between tries, and is the same otherwise."""

import os
import time
from typing import SupportsIndex

_SLEEP = time.sleep
_PART = float(os.environ.get("HURRY", "50"))


def _hurried(seconds: SupportsIndex | float, /) -> None:
    _SLEEP(float(seconds) / _PART)


time.sleep = _hurried
