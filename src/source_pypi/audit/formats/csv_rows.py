"""The report as CSV: findings, then what was not checked. A spreadsheet takes no cell for a formula."""

import csv
import io

from source_pypi.audit.results import Finding, Report
from source_pypi.audit.rules import ChosenRule

COLUMNS = (
    "result",
    "rule",
    "project",
    "version",
    "file",
    "line",
    "message",
    "since",
    "fix",
    "fix_admitted",
    "id",
    "link",
    "fails",
)
#: What a cell may not begin with: spreadsheets would execute it, or skip it and execute what follows.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render(report: Report, rules: tuple[ChosenRule, ...]) -> str:  # noqa: ARG001 - the interface of all formats
    """A line for each finding (``result`` is finding or allowed), and for each rule that was not checked."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_row("finding", finding) for finding in report.findings)
    writer.writerows(_row("allowed", one.finding) for one in report.allowed)
    for one in report.not_checked:
        cells = {"result": "not_checked", "rule": one.rule, "project": one.project, "message": one.why}
        writer.writerow([safe(cells.get(name, "")) for name in COLUMNS])
    return text.getvalue()


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _row(result: str, finding: Finding) -> list[str]:
    values = [result, *(getattr(finding, name) for name in COLUMNS[1:])]
    return [safe(_text(value)) for value in values]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
