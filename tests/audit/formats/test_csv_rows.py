"""audit/formats/csv_rows.py: a file for spreadsheets."""

import csv
import io

import pytest
from msgspec.structs import replace

from source_pypi.audit.formats import render
from source_pypi.audit.formats.csv_rows import COLUMNS
from tests.audit.reports import CLEAN, REPORT, RULES, YANKED


def test_csv() -> None:
    """A line for each finding, allowed finding, and rule that was not checked; empty cells where nothing is known."""
    rows = list(csv.reader(io.StringIO(render(REPORT, RULES, "csv"))))
    assert rows[0] == list(COLUMNS)
    assert rows[1] == [
        *("finding", "vulnerable", "werkzeug", "2.2.1", "deploy/my requirements.txt", "3"),
        "PYSEC-1 (CVE-1): <b>a|b</b> [click](javascript:x) `c` @team",
        *("2026-01-02 00:00:00+00:00", "2.2.3", "false", "PYSEC-1", "https://osv.example/PYSEC-1", "true"),
    ]
    assert [row[:3] for row in rows[2:]] == [
        ["finding", "yanked", "flask"],
        ["finding", "outdated:major", "jinja2"],
        ["allowed", "sole-maintainer", "click"],
        ["not_checked", "vulnerable", "secret-lib"],
        ["not_checked", "yanked", "secret-lib"],
        ["not_checked", "yanked", "other"],
    ]
    assert rows[-1][6] == "'=1+1"


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    """A cell that a spreadsheet would execute gets an apostrophe; others stay."""
    findings = tuple(replace(YANKED, message=message) for message in (cell, f"a{cell}"))
    rows = csv.DictReader(io.StringIO(render(replace(CLEAN, findings=findings), RULES, "csv"), newline=""))
    assert [row["message"] for row in rows] == [f"'{cell}", f"a{cell}"]
