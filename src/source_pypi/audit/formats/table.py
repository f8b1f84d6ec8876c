"""The report as a table for a terminal."""

from source_pypi.audit.results import COLUMNS, Report, cells, grouped, subject, summary_line
from source_pypi.audit.rules import ChosenRule


def render(report: Report, rules: tuple[ChosenRule, ...]) -> str:  # noqa: ARG001 - the interface of all formats
    """The findings as aligned columns, then what was not checked, notes and the summary, a line each."""
    lines = _aligned([COLUMNS, *map(cells, report.findings)]) if report.findings else []
    for projects, names, why in grouped(report.not_checked):
        lines.append(f"not checked: {projects} ({names}): {why}")
    for one in report.allowed:
        until = f" until {one.expires}" if one.expires else ""
        lines.append(f"allowed{until}: {subject(one.finding)}: {one.reason}")
    lines += [f"note: {note}" for note in report.notes]
    lines.append(f"{summary_line(report)}; index {report.index}")
    return "".join(f"{line}\n" for line in lines)


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """Rows as lines in which all columns but the last have the same width; empty columns are left out."""
    columns = [column for column in zip(*rows, strict=True) if any(column[1:])]
    widths = [max(map(len, column)) for column in columns[:-1]] + [0]
    padded = [[cell.ljust(width) for cell in column] for column, width in zip(columns, widths, strict=True)]
    return ["  ".join(cells).rstrip() for cells in zip(*padded, strict=True)]
