"""Accepted findings: the file of ``--allow``.

::

    [[allow]]
    rule = "vulnerable"
    project = "werkzeug"
    version = "2.2.1"              # optional: any version
    id = "PYSEC-2023-58"           # optional: any advisory; an alias counts, too
    reason = "the debugger is off"
    expires = 2027-01-31           # optional; the last day on which the entry holds, in UTC
"""

from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace
from packaging.utils import InvalidName, canonicalize_name

from source_pypi.audit.results import Allowed, Finding
from source_pypi.audit.rules import parse_rule
from source_pypi.errors import RequirementsError, SettingError
from source_pypi.safety.printable import printable
from source_pypi.selection.file_formats import read_toml
from source_pypi.standards.versions import same_version


class Entry(Struct, frozen=True, forbid_unknown_fields=True):
    """An accepted finding. A key that is None matches everything."""

    rule: str
    project: str
    reason: str
    version: str | None = None
    id: str | None = None
    expires: date | None = None

    def matches(self, finding: Finding) -> bool:
        """Whether the entry is about a finding; an entry of ``outdated`` also about ``outdated:major``."""
        ids = {finding.id, *finding.aliases}
        return (
            self.rule in (finding.rule, finding.rule.partition(":")[0])
            and self.project == finding.project
            and (self.version is None or (finding.version is not None and same_version(self.version, finding.version)))
            and (self.id is None or self.id in ids)
        )

    def __str__(self) -> str:
        what = " ".join(filter(None, (self.rule, self.project, self.version, self.id)))
        return printable(f"{what} ({self.reason})")


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    allow: tuple[Entry, ...] = ()


def read_allowed(path: Path) -> tuple[Entry, ...]:
    """The entries of a file, with normalised names.

    :raises RequirementsError: when it cannot be read, or has an unknown key, an unknown rule or no reason.
    """
    return tuple(_checked(path, number, entry) for number, entry in enumerate(read_toml(path, _File).allow, start=1))


def _checked(path: Path, number: int, entry: Entry) -> Entry:
    def refuse(reason: str) -> RequirementsError:
        return RequirementsError(str(path), None, f"entry {number}: {reason}")

    try:
        rule = parse_rule(entry.rule, "rule") if entry.rule.lower() != "license" else None
        project = canonicalize_name(entry.project, validate=True)
    except SettingError as error:
        raise refuse(error.reason) from error
    except InvalidName as error:
        raise refuse(f"{entry.project!r} is not a project's name") from error
    if not entry.reason.strip():
        raise refuse("reason is empty")
    return replace(entry, rule="license" if rule is None else rule.text, project=project)


def allow(
    findings: Iterable[Finding],
    entries: Iterable[Entry],
    today: date,
    is_checked: Callable[[Entry], bool] = lambda _: True,
) -> tuple[tuple[Finding, ...], tuple[Allowed, ...], tuple[str, ...]]:
    """Separate accepted findings from others.

    :param today: the day in UTC.
    :param is_checked: whether the rule of an entry was checked for its project; otherwise there is no note on it.
    :return: the findings that stand, those that an entry accepts, and notes on entries that expired or match nothing.
    """
    entries, findings = tuple(entries), tuple(findings)
    valid = [entry for entry in entries if entry.expires is None or entry.expires >= today]
    standing, allowed, used = list[Finding](), list[Allowed](), set[Entry]()
    for finding in findings:
        matching = [entry for entry in valid if entry.matches(finding)]
        used.update(matching)
        if matching:
            expires = matching[0].expires
            until = None if expires is None else expires.isoformat()
            allowed.append(Allowed(finding, printable(matching[0].reason), until))
        else:
            standing.append(finding)
    unused = (entry for entry in entries if entry not in used)
    notes = [_note(entry, today, findings) for entry in unused if entry not in valid or is_checked(entry)]
    return tuple(standing), tuple(allowed), tuple(notes)


def _note(entry: Entry, today: date, findings: Iterable[Finding]) -> str:
    """Why an entry accepts nothing."""
    if entry.expires is not None and entry.expires < today:
        effect = "it no longer accepts a finding" if any(map(entry.matches, findings)) else "it matches no finding"
        return f"the allowed finding {entry} expired on {entry.expires.isoformat()}; {effect}"
    return f"the allowed finding {entry} matches nothing; remove it"
