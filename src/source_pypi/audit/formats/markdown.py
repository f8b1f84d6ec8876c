"""The report as Markdown, for the summary of a CI job or a comment."""

import re

from source_pypi.audit.results import COLUMNS, Allowed, Report, cells, grouped, subject, summary_line
from source_pypi.audit.rules import ChosenRule

#: What Markdown, or HTML in it, gives a meaning.
_SPECIAL = re.compile(r"[\\`*_{}\[\]()#+!|~-]")
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;", ":": "&#58;"})


def render(report: Report, rules: tuple[ChosenRule, ...]) -> str:
    """A heading, the summary, a table of findings, and lists of everything else."""
    checked = ", ".join(escaped(one.text) for one in rules)
    parts = ["## Audit of Python packages", f"{escaped(summary_line(report))}.", f"Rules: {checked}."]
    if report.findings:
        lines = [" | ".join(name.capitalize() for name in COLUMNS), " | ".join("---" for _ in COLUMNS)]
        lines += [" | ".join(map(escaped, cells(finding))) for finding in report.findings]
        parts.append("\n".join(f"| {line} |" for line in lines))
    if report.not_checked:
        groups = grouped(report.not_checked)
        lines = [f"{escaped(projects)} ({escaped(names)}): {escaped(why)}" for projects, names, why in groups]
        parts += ["### Not checked", _listed(lines)]
    if report.allowed:
        parts += ["### Allowed", _listed(list(map(_allowed, report.allowed)))]
    if report.notes:
        parts += ["### Notes", _listed([escaped(note) for note in report.notes])]
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """A text that Markdown shows as it is: no formatting, link, mention, HTML or end of a cell."""
    return _SPECIAL.sub(r"\\\g<0>", text.replace("\n", " ").replace("\r", " ")).translate(_HTML)


def _allowed(one: Allowed) -> str:
    until = f" (until {one.expires})" if one.expires else ""
    return escaped(f"{subject(one.finding)}: {one.reason}{until}")


def _listed(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
