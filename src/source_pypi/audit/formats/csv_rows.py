"""The report as CSV: findings, then what was not checked. A spreadsheet takes no cell for a formula."""

import io

from source_pypi.audit.results import Finding, NotChecked, Report
from source_pypi.audit.rules import ChosenRule
from source_pypi.safety.spreadsheet import without_formula, write_rows

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


def render(report: Report, rules: tuple[ChosenRule, ...]) -> str:  # noqa: ARG001 - the interface of all formats
    """A line for each finding (``result`` is finding or allowed), and for each rule that was not checked."""
    findings = (_row("finding", finding) for finding in report.findings)
    allowed = (_row("allowed", one.finding) for one in report.allowed)
    text = io.StringIO()
    write_rows(text, [COLUMNS, *findings, *allowed, *map(_unchecked_row, report.not_checked)])
    return text.getvalue()


def _unchecked_row(one: NotChecked) -> list[str]:
    cells = {"result": "not_checked", "rule": one.rule, "project": one.project, "message": one.why}
    return [without_formula(cells.get(name, "")) for name in COLUMNS]


def _row(result: str, finding: Finding) -> list[str]:
    values = [result, *(getattr(finding, name) for name in COLUMNS[1:])]
    return [without_formula(_text(value)) for value in values]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
