"""The rate limit of a client: how many requests it may start per second."""

import threading
from collections.abc import Callable


class RateLimiter:
    """Spaces the requests of all threads evenly, ``per_second`` of them a second; 0 disables the limit.

    :ivar waited: the seconds during which at least one request waited for its turn.
    """

    def __init__(self, per_second: float, clock: Callable[[], float], sleep: Callable[[float], object]) -> None:
        self._interval = 1 / per_second if per_second else 0.0
        self._clock, self._sleep = clock, sleep
        self._next_start = self._waited_until = 0.0
        self.waited = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when the next request may start."""
        with self._lock:
            now = self._clock()
            start = max(now, self._next_start)
            self._next_start = start + self._interval
            if start > now:
                self.waited += start - max(now, self._waited_until)
                self._waited_until = start
        if start > now:
            self._sleep(start - now)
