"""cli/console.py: warnings, notes and errors, and who prints them."""

import pytest

from source_pypi.cli.console import Level, Messages, level_of, size_text
from source_pypi.http.request_log import RequestLog, RetryWait

REQUEST = RequestLog("http://index.test/a", 200, 7, 0.5, {"Accept": "x"}, {"ETag": "y\x1b[31m"})
WAIT = RetryWait("http://index.test/a", "status 503", 1.0, 1)


@pytest.mark.parametrize(
    ("level", "lines"),
    [
        (Level.QUIET, []),
        (Level.NORMAL, ["note: n"]),
        (Level.VERBOSE, ["note: n", "request: http://index.test/a: status 200, 7 bytes, 0.500 s"]),
        (
            Level.DEBUG,
            [
                "note: n",
                "request: http://index.test/a: status 200, 7 bytes, 0.500 s",
                "  > Accept: x",
                "  < ETag: y\\x1b[31m",
            ],
        ),
    ],
)
def test_levels(capsys: pytest.CaptureFixture[str], level: Level, lines: list[str]) -> None:
    """Warnings and errors are printed at each level, notes, requests and headers only at some; nothing is raw."""
    messages = Messages(level)
    messages.print_note("n")
    messages.on_event(REQUEST)
    messages.on_event(WAIT)
    messages.error("e")
    wait = "warning: http://index.test/a: status 503; waiting 1.0 s before try 2"
    assert capsys.readouterr().err.splitlines() == [*lines, wait, "error: e"]
    assert messages.warnings == 1


def test_another_printer(capsys: pytest.CaptureFixture[str]) -> None:
    """Within the block, lines go to the given function; a bar is left with a visible cursor, and only then."""
    messages, printed = Messages(), list[tuple[str, str, str]]()
    messages.leave_bar()
    with messages.printed_by(lambda *line: printed.append(line)):
        messages.warn("a")
        messages.leave_bar()
    messages.warn("b")
    assert printed == [("warning:", "yellow", "a")]
    assert capsys.readouterr().err == "\x1b[?25h\nwarning: b\n"


def test_level_of_options() -> None:
    """Of several options, the one that prints most counts."""
    assert level_of(quiet=False, verbose=False, debug=False) is Level.NORMAL
    assert level_of(quiet=True, verbose=False, debug=False) is Level.QUIET
    assert level_of(quiet=True, verbose=True, debug=False) is Level.VERBOSE
    assert level_of(quiet=True, verbose=True, debug=True) is Level.DEBUG


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (2_340_000, "2.3 MB"), (10**10, "10.0 GB")]
)
def test_size(size: int, text: str) -> None:
    """A size has the largest unit of which there is at least one."""
    assert size_text(size) == text
