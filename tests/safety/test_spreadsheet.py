"""safety/spreadsheet.py: lines of CSV, and texts that a spreadsheet would calculate."""

import csv
import io

import pytest

from source_pypi.safety.spreadsheet import FORMULA_STARTS, without_formula, write_rows


@pytest.mark.parametrize("start", [*FORMULA_STARTS, " =", "  \n@", "\n ="])
def test_formulas(start: str) -> None:
    """A text that a spreadsheet could calculate begins with an apostrophe, also if white space precedes the formula."""
    assert without_formula(f"{start}HYPERLINK(1)") == f"'{start}HYPERLINK(1)"


@pytest.mark.parametrize("text", ["", " ", "a", " a=1", "1-2", "'=1", "\u4e2d=1"])
def test_other_texts(text: str) -> None:
    """Every other text stays as it is."""
    assert without_formula(text) == text


def test_rows() -> None:
    """Lines end with a line feed; a cell with any line break, a comma or a quote is read as written."""
    rows = [["a", "b"], ["one\rtwo", "x"], ["one\ntwo", "one\r\ntwo"], ['1, "2"', ""], ["ends with\r\n", "\r"]]
    out = io.StringIO(newline="")
    write_rows(out, rows)
    assert list(csv.reader(io.StringIO(out.getvalue(), newline=""))) == rows
    assert out.getvalue().startswith('a,b\n"one\rtwo",x\n')
