"""The report of an audit: findings, what could not be checked, and what was accepted."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from source_pypi.safety.wording import counted

#: The columns of a table of findings for people.
COLUMNS = ("rule", "project", "version", "where", "fix", "finding")


class Finding(Struct, frozen=True, kw_only=True):
    """A pin to which a rule applies."""

    rule: Annotated[str, Meta(description="The rule, as selected, e.g. vulnerable or outdated:major.")]
    project: Annotated[str, Meta(description="The project's normalised name (PEP 503).")]
    version: Annotated[str | None, Meta(description="The release that was checked. Null: the rule is about a project.")]
    file: Annotated[str | None, Meta(description="The file that names the project. Null: the command line, a setting.")]
    line: Annotated[int | None, Meta(description="The line in the file, from 1. Null: unknown.")]
    message: Annotated[str, Meta(description="What was found, on one line.")]
    since: Annotated[datetime | None, Meta(description="When it was published or first seen (UTC). Null: unknown.")] = (
        None
    )
    fix: Annotated[str | None, Meta(description="The version to use instead. Null: unknown, or none.")] = None
    fix_admitted: Annotated[
        bool | None, Meta(description="Whether the specifier admits the fix. Null: unknown, or there is no fix.")
    ] = None
    id: Annotated[str | None, Meta(description="The advisory's identifier. Null: the finding is no advisory.")] = None
    aliases: Annotated[tuple[str, ...], Meta(description="Other identifiers of the advisory.")] = ()
    link: Annotated[str | None, Meta(description="URL of the advisory. Null: unknown.")] = None
    source: Annotated[
        str | None, Meta(description="Who names the advisory: index, osv, or 'osv, index'. Null: no advisory.")
    ] = None
    severity: Annotated[
        str | None, Meta(description="critical, high, medium, low or none. Null: unknown, or no advisory.")
    ] = None
    score: Annotated[float | None, Meta(description="The CVSS base score. Null: unknown, or no advisory.")] = None
    published: Annotated[
        datetime | None, Meta(description="When the advisory was published (UTC). Null: unknown, or no advisory.")
    ] = None
    cluster: Annotated[
        str | None,
        Meta(description="The smallest identifier of the same vulnerability. Null: unknown, or no advisory."),
    ] = None
    required_by: Annotated[
        str | None, Meta(description="The project that the file names, and that requires this one. Null: it is named.")
    ] = None
    fails: Annotated[bool, Meta(description="Whether --fail-on selects it, so that the exit status is 1.")] = False


class NotChecked(Struct, frozen=True):
    """A rule that could not be checked for a project."""

    rule: Annotated[str, Meta(description="The rule, as selected.")]
    project: Annotated[
        str, Meta(description="The project's normalised name; the text of the file if it does not name a project.")
    ]
    why: Annotated[str, Meta(description="Why it could not be checked, on one line.")]


class Allowed(Struct, frozen=True):
    """A finding that an entry of ``--allow`` accepts."""

    finding: Annotated[Finding, Meta(description="The finding. It does not change the exit status.")]
    reason: Annotated[str, Meta(description="The entry's reason.")]
    expires: Annotated[str | None, Meta(description="The last day of the entry, YYYY-MM-DD. Null: it has none.")]


class Report(Struct, frozen=True, kw_only=True):
    """The result of an audit."""

    index: Annotated[str, Meta(description="URL of the index that was read, without credentials.")]
    checked: Annotated[int, Meta(description="Number of releases for which every selected rule was checked.", ge=0)]
    findings: Annotated[tuple[Finding, ...], Meta(description="By severity of the rule, then by project.")] = ()
    not_checked: Annotated[
        tuple[NotChecked, ...], Meta(description="What could not be checked. It does not count as clean.")
    ] = ()
    allowed: Annotated[tuple[Allowed, ...], Meta(description="Findings that --allow accepts.")] = ()
    notes: Annotated[tuple[str, ...], Meta(description="Entries of --allow that expired or match nothing.")] = ()

    @property
    def unchecked(self) -> int:
        """The number of projects for which a rule could not be checked."""
        return len({one.project for one in self.not_checked})

    def status(self, *, strict: bool) -> int:
        """The exit status: 1 if a finding fails, 2 if something was not checked and ``strict``, else 0."""
        if any(finding.fails for finding in self.findings):
            return 1
        return 2 if strict and self.not_checked else 0


def summary_line(report: Report) -> str:
    """How many releases were checked, and how many findings, unchecked projects and accepted findings there are."""
    failing = sum(finding.fails for finding in report.findings)
    return (
        f"{counted(report.checked, 'release')} checked, {counted(len(report.findings), 'finding')} "
        f"({failing} failing), {counted(report.unchecked, 'project')} not fully checked, "
        f"{counted(len(report.allowed), 'finding')} allowed"
    )


def subject(finding: Finding) -> str:
    """Rule, project, version and advisory of a finding."""
    return " ".join(filter(None, (finding.rule, finding.project, finding.version, finding.id)))


def message(finding: Finding) -> str:
    """The message, and which project requires this one."""
    return finding.message if finding.required_by is None else f"{finding.message} (required by {finding.required_by})"


def place(finding: Finding) -> str:
    """File and line of a finding, as editors write them."""
    file = finding.file or "command line"
    return file if finding.line is None else f"{file}:{finding.line}"


def fix_text(finding: Finding) -> str:
    """The fix in words; empty: there is none."""
    if finding.fix is None:
        return ""
    words = {True: " (admitted)", False: " (not admitted)", None: ""}
    return f"{finding.fix}{words[finding.fix_admitted]}"


def cells(finding: Finding) -> tuple[str, ...]:
    """A finding as a row of a table with the columns ``COLUMNS``."""
    version = finding.version or ""
    return finding.rule, finding.project, version, place(finding), fix_text(finding), message(finding)


def grouped(not_checked: tuple[NotChecked, ...]) -> list[tuple[str, str, str]]:
    """What could not be checked: projects, rules and reason; projects with the same rules and reason are together."""
    rules: dict[tuple[str, str], list[str]] = {}
    for one in not_checked:
        rules.setdefault((one.project, one.why), []).append(one.rule)
    projects: dict[tuple[str, str], list[str]] = {}
    for (project, why), names in rules.items():
        projects.setdefault((", ".join(names), why), []).append(project)
    return [(", ".join(together), names, why) for (names, why), together in projects.items()]
