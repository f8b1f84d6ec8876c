"""CSV: lines that every reader splits alike, and texts that a spreadsheet would calculate."""

import csv
from collections.abc import Iterable
from typing import TextIO

#: What a spreadsheet takes for the beginning of a formula, also in full width; tab and line breaks may precede it.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def without_formula(text: str) -> str:
    """Return the text, with an apostrophe before it if a spreadsheet would take it for a formula.

    Spaces at its beginning do not count, since some spreadsheets skip them.
    """
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) else text


def write_rows(out: TextIO, rows: Iterable[Iterable[object]]) -> None:
    """Write rows as lines of CSV that end with a line feed.

    A cell with a carriage return is quoted. Before Python 3.13, the module ``csv`` quotes it only in lines that end
    with one; readers would otherwise take it for the end of a row.
    """
    csv.writer(_Lines(out)).writerows(rows)


class _Lines:
    """Lines of the module ``csv``, without the carriage return at their end."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, line: str) -> int:
        return self._out.write(line.removesuffix("\r\n") + "\n")
