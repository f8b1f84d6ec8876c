"""How a command ends early: by a signal, or because nothing reads its output any more."""

import os
import signal
import sys
import time
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path

from source_pypi.cli.console import print_error

#: Seconds that an interrupted run has to close the database. After that it exits at once; what is committed stays.
SHUTDOWN_SECONDS = 0.7
#: The same for a command that only reads the database. It stops its query by itself, then deletes the unfinished file.
QUERY_SHUTDOWN_SECONDS = 5.0


def interrupt(*_: object) -> None:
    """Handle a signal like Ctrl-C: everything read so far is committed."""
    raise KeyboardInterrupt


def exit_on_signal(
    message: str = "", before_exit: Callable[[], None] = lambda: None, seconds: float = SHUTDOWN_SECONDS
) -> None:
    """Exit some seconds after Ctrl-C or SIGTERM, even while Python cannot run its signal handlers.

    Python raises KeyboardInterrupt in the main thread only, and not before a query of the database is over. The
    interpreter writes the signal's number to a pipe at once, and a thread reads it there.

    :param message: printed on standard error before the exit.
    :param before_exit: called before the message is printed.
    :param seconds: how long the command has to end by itself.
    """
    import threading

    if not hasattr(os, "set_blocking"):
        return
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)

    def wait() -> None:
        while (number := os.read(readable, 1)[0]) not in (signal.SIGINT, signal.SIGTERM):
            pass
        time.sleep(seconds)
        before_exit()
        if message:
            print_error(message)
            sys.stderr.flush()
        os._exit(130 if message or number == signal.SIGINT else 143)

    threading.Thread(target=wait, name="signals", daemon=True).start()


def exit_when_stdout_closes() -> None:
    """Exit as soon as the reader of standard output closes it, even while a request is under way."""
    import select
    import threading

    if not hasattr(select, "poll"):
        return
    stdout = select.poll()
    stdout.register(1, 0)  # POLLHUP and POLLERR are always reported

    def wait() -> None:
        stdout.poll()
        os._exit(1)

    threading.Thread(target=wait, name="reader", daemon=True).start()


class OutputError(OSError):
    """Standard output cannot be written."""


class _Output(TextIOWrapper):
    """Standard output, whose errors are ``OutputError``: those of files are not mistaken for it."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError as error:
            raise OutputError(error.errno, error.strerror) from error

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            raise OutputError(error.errno, error.strerror) from error


def open_output() -> None:
    """Make the errors of standard output recognisable.

    Characters that the encoding of standard output or error lacks, as in consoles of Windows, are written as escapes.
    """
    if isinstance(sys.stderr, TextIOWrapper):
        sys.stderr.reconfigure(errors="backslashreplace")
    if isinstance(old := sys.stdout, TextIOWrapper):
        encoding, by_line, at_once = old.encoding, old.line_buffering, old.write_through
        sys.stdout = _Output(old.detach(), encoding, "backslashreplace", line_buffering=by_line, write_through=at_once)


def open_missing_streams() -> None:
    """Open the null device for each standard stream that is closed.

    Otherwise the next file that is opened, a database for instance, gets the stream's number and its output.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - it stays open
