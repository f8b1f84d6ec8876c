"""How a run ends before its end: told to by a signal, or because nobody reads what it writes."""

import os
import signal
import sys
import time
from pathlib import Path

from source_pypi.cli.console import say_error

#: Seconds that a run which was told to end has to put things away; then it ends as it stands, which loses nothing.
SHUTDOWN_SECONDS = 0.7


def interrupt(*_: object) -> None:
    """End as Ctrl-C does: with what was read so far in the database."""
    raise KeyboardInterrupt


def end_when_told(words: str = "") -> None:
    """End in time after Ctrl-C or SIGTERM, with some last words, also where Python does not come to act on them.

    An exception is raised in the main thread only, and not before a query of the database is over; that the signal has
    come is told in a pipe at once.
    """
    import threading

    if not hasattr(os, "set_blocking"):
        return
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell, warn_on_full_buffer=False)

    def wait() -> None:
        while (number := os.read(told, 1)[0]) not in (signal.SIGINT, signal.SIGTERM):
            pass
        time.sleep(SHUTDOWN_SECONDS)
        if words:
            say_error(words)
            sys.stderr.flush()
        os._exit(130 if words or number == signal.SIGINT else 143)

    threading.Thread(target=wait, name="signals", daemon=True).start()


def end_with_reader() -> None:
    """End as soon as nobody reads standard output any more, also while an answer is awaited."""
    import select
    import threading

    if not hasattr(select, "poll"):
        return
    reader = select.poll()
    reader.register(1, 0)  # that the other end is closed is told unasked

    def wait() -> None:
        reader.poll()
        os._exit(1)

    threading.Thread(target=wait, name="reader", daemon=True).start()


def hold_standard_streams() -> None:
    """Open the null device in the place of a closed standard stream: else a database gets its number and its output."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - it stays open
