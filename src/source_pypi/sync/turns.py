"""Whose turn it is to ask: visits begin in their order, so many of them at once.

Flow
    Each visit has a ``Turn``, which begins once all but so many of those before it are over. A visit that asks one
    question is over for the next one as soon as its answer is in: while that one's question is on its way, the answer
    is unpacked, decoded, and made rows of.

Large answers
    stay packed, a tenth of what they are when they are opened, until the rows of all before them are written.
"""

import threading

#: Bytes of an answer, compressed, from which on it is large: one or two MB of JSON.
LARGE = 256 * 1024


#: Seconds for which a large answer stays packed at most: a program may have left off, and ends when its threads do.
LONGEST = 2.0


class Stopped(Exception):  # noqa: N818 - nothing is wrong
    """The run is over, so there is nothing to ask any more."""


class Turns:
    """The turns of a run's visits.

    :param at_once: visits that may ask at once.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._given = self._over = 0
        self._wanted = -1
        self._stopped = False
        lock = threading.Lock()
        self._may_begin, self._may_open = threading.Condition(lock), threading.Condition(lock)

    def next(self) -> "Turn":
        """The turn of the next visit."""
        self._given += 1
        return Turn(self, self._given - 1)

    def stop(self) -> None:
        """The run is over: who waits for its turn has none."""
        with self._may_begin:
            self._stopped = True
            self._may_begin.notify_all()
            self._may_open.notify_all()

    def begin(self, number: int) -> None:
        """Wait for a turn.

        :raises Stopped: when the run is over.
        """
        with self._may_begin:
            self._may_begin.wait_for(lambda: self._stopped or number < self._over + self._at_once)
            if self._stopped:
                raise Stopped

    def end(self) -> None:
        """One turn more is over."""
        with self._may_begin:
            self._over += 1
            self._may_begin.notify_all()

    def want(self, number: int) -> None:
        """The rows of this visit are to be made next."""
        with self._may_open:
            self._wanted = number
            self._may_open.notify_all()

    def wait_until_wanted(self, number: int) -> None:
        """Return when the rows of this visit are to be made next, when the run is over, or after ``LONGEST``."""
        with self._may_open:
            self._may_open.wait_for(lambda: self._stopped or number <= self._wanted, LONGEST)


class Turn:
    """The turn of one visit."""

    def __init__(self, turns: Turns, number: int) -> None:
        self._turns, self._number = turns, number
        self._over = False

    def __enter__(self) -> "Turn":
        """Wait for it.

        :raises Stopped: when the run is over.
        """
        self._turns.begin(self._number)
        return self

    def __exit__(self, *_: object) -> None:
        """It is over."""
        self._end()

    def answered(self, size: int) -> None:
        """The only answer is in: the next visit may ask. Returns when the answer may be opened.

        :param size: of the answer, compressed, in bytes.
        """
        self._end()
        if size >= LARGE:
            self._turns.wait_until_wanted(self._number)

    def want(self) -> None:
        """Its rows are to be made next."""
        self._turns.want(self._number)

    def _end(self) -> None:
        if not self._over:
            self._over = True
            self._turns.end()
