"""What commands print for people: warnings, notes and errors. Each is one line without secrets."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING

import click

from source_pypi.errors import SourceError
from source_pypi.safety.printable import printable
from source_pypi.safety.redaction import without_credentials

if TYPE_CHECKING:
    from source_pypi.http.request_log import RequestLog, RetryWait

INTERRUPTED = "interrupted; what was read before is kept"


class Level(IntEnum):
    """How much a command prints: only warnings and errors; as usual; each request as well; its headers, too."""

    QUIET = 0
    NORMAL = 1
    VERBOSE = 2
    DEBUG = 3


#: Prints a line: its label, the colour of the label, and the text.
PrintLine = Callable[[str, str, str], None]


class Messages:
    """The warnings, notes and errors of one command, on standard error. Threads may share it.

    :ivar warnings: how many warnings were printed.
    """

    def __init__(self, level: Level = Level.NORMAL) -> None:
        self.level, self.warnings = level, 0
        self._print: PrintLine = _print_line
        self._lock = threading.Lock()

    @contextmanager
    def printed_by(self, print_line: PrintLine) -> Iterator[None]:
        """Print lines with this function within the block, such as above a progress bar."""
        self._print = print_line
        try:
            yield
        finally:
            self._print = _print_line

    def leave_bar(self) -> None:
        """Begin a new line and show the cursor again if a progress bar is shown, which hides it."""
        if self._print is not _print_line:
            click.echo("\x1b[?25h", err=True, color=True)

    def warn(self, line: str) -> None:
        """Print a warning, and count it."""
        with self._lock:
            self.warnings += 1
        self._print("warning:", "yellow", line)

    def print_note(self, line: str) -> None:
        """Print a note, unless only warnings and errors are printed."""
        if self.level > Level.QUIET:
            self._print("note:", "cyan", line)

    def error(self, line: str) -> None:
        """Print an error."""
        self._print("error:", "red", line)

    def progress(self, line: str) -> None:
        """Print how far a run is."""
        self._print("progress:", "cyan", line)

    def on_event(self, event: "RetryWait | RequestLog") -> None:
        """Print a warning when the client waits before a retry; print each request if that is wanted."""
        from source_pypi.http.request_log import RetryWait

        if isinstance(event, RetryWait):
            self.warn(str(event))
        elif self.level >= Level.VERBOSE:
            self._print("request:", "blue", str(event))
            if self.level >= Level.DEBUG:
                for mark, headers in ((">", event.sent), ("<", event.received)):
                    for name, value in headers.items():
                        self._print(f"  {mark}", "blue", f"{name}: {value}")


def level_of(*, quiet: bool, verbose: bool, debug: bool) -> Level:
    """Return the level that the options ``-q``, ``-v`` and ``--debug`` name; of several, the one that prints most."""
    if debug:
        return Level.DEBUG
    if verbose:
        return Level.VERBOSE
    return Level.QUIET if quiet else Level.NORMAL


def size_text(count: int) -> str:
    """Return a number of bytes in the largest unit of which there is at least one."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"


def shown(text: str) -> str:
    """Return a text that is safe to print. Escape first: a control character within credentials would hide them."""
    return without_credentials(printable(text))


def warn(line: str) -> None:
    """Print a warning as one line on standard error."""
    _print_line("warning:", "yellow", line)


def print_note(line: str) -> None:
    """Print a note as one line on standard error."""
    _print_line("note:", "cyan", line)


def print_error(line: str) -> None:
    """Print an error as one line on standard error."""
    _print_line("error:", "red", line)


def _print_line(label: str, colour: str, line: str) -> None:
    coloured = label if os.environ.get("NO_COLOR") else click.style(label, fg=colour)
    click.echo(f"{coloured} {shown(line)}", err=True)


@contextmanager
def one_line_errors(interrupted: str = INTERRUPTED) -> Iterator[None]:
    """Print an error of this package as one line on standard error, without a traceback, and exit with 1.

    :param interrupted: what is printed after Ctrl-C.
    """
    try:
        yield
    except SourceError as error:
        print_error(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        print_error(interrupted)
        sys.stderr.flush()
        os._exit(130)  # without waiting for the threads that still wait for a response
