"""safety/printable.py: text of others on a terminal or in a log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_pypi.safety.printable import LONGEST_LINE, printable, printable_lines


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("flask 1.0: caf\u00e9 \U0001f40d \u4e2d", "flask 1.0: caf\u00e9 \U0001f40d \u4e2d"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("a\nerror: b\r\nc", "a\\nerror: b\\r\\nc"),
        ("a\u2028b\u2029c\x85d\x0be", "a\\u2028b\\u2029c\\x85d\\x0be"),
        ("\u202egnp.exe\u202c \u2066x\u2069 \u200f", "\\u202egnp.exe\\u202c \\u2066x\\u2069 \\u200f"),
        ("\ud83d", "\\ud83d"),
        ("\x9b31m", "\\x9b31m"),
        ("\x00\x7f\ufeff", "\\x00\\x7f\\ufeff"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_unprintable_characters_are_escaped(text: str, expected: str) -> None:
    """Printable characters stay; others are escaped."""
    assert printable(text) == expected
    assert printable(expected) == expected


@given(st.text(st.characters()))
def test_any_text_becomes_one_printable_line(text: str) -> None:
    """Any text becomes one printable line that can be encoded."""
    shown = printable(text)
    assert shown.isprintable()
    assert len(shown.encode().splitlines()) <= 1


def test_long_lines_are_cut() -> None:
    """A line above the limit is cut, also if escaping makes it long."""
    assert printable("a" * LONGEST_LINE) == "a" * LONGEST_LINE
    assert printable("a" * (LONGEST_LINE + 1)) == "a" * LONGEST_LINE + "..."
    assert printable("\x1b" * LONGEST_LINE) == ("\\x1b" * LONGEST_LINE)[:LONGEST_LINE] + "..."


def test_lines_of_a_traceback_stay() -> None:
    """The lines of a traceback stay separate."""
    assert printable_lines("Traceback:\n  x\x1b\r\nKeyError") == "Traceback:\n  x\\x1b\\r\nKeyError"
