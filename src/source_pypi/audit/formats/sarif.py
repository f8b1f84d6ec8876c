"""The report as SARIF 2.1.0, for code scanning."""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from source_pypi._version import __version__
from source_pypi.audit.results import Finding, Report, fix_text, message
from source_pypi.audit.rules import ChosenRule

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
#: The name of our fingerprint; a change in how it is made changes the number.
FINGERPRINT = "sourcePypiAudit/v1"


def render(report: Report, rules: tuple[ChosenRule, ...]) -> str:
    """A log with one run: a rule for each selected one, a result for each finding, a notification for the rest."""
    positions = {chosen.text: number for number, chosen in enumerate(rules)}
    levels = {chosen.text: chosen.rule.level for chosen in rules}
    results = [_result(one, positions, levels) for one in report.findings]
    for one in report.allowed:
        result = _result(one.finding, positions, levels)
        results.append(result | {"suppressions": [{"kind": "external", "justification": one.reason}]})
    driver = {"name": "source-pypi", "version": __version__, "rules": [_rule(chosen) for chosen in rules]}
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": _notifications(report, positions)}],
        "results": results,
        "columnKind": "unicodeCodePoints",
        "properties": {"index": report.index, "checked": report.checked},
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2) + "\n"


def _rule(chosen: ChosenRule) -> dict[str, Any]:
    rule = chosen.rule
    name = "".join(part.capitalize() for part in rule.name.split("-"))
    return {
        "id": chosen.text,
        "name": name,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": f"{rule.title}. {rule.help}"},
        "help": {"text": rule.help, "markdown": rule.help},
        "defaultConfiguration": {"level": rule.level},
        "properties": {"tags": ["dependencies", "supply-chain"]},
    }


def _result(finding: Finding, positions: dict[str, int], levels: Mapping[str, str]) -> dict[str, Any]:
    release = " ".join(filter(None, (finding.project, finding.version)))
    fix = f" Fix: {text}." if (text := fix_text(finding)) else ""
    since = None if finding.since is None else finding.since.isoformat()
    properties = {
        "project": finding.project,
        "version": finding.version,
        "since": since,
        "fix": finding.fix,
        "fixAdmitted": finding.fix_admitted,
        "advisory": finding.id,
        "link": finding.link,
        "source": finding.source,
        "severity": finding.severity,
        "score": finding.score,
        "published": None if finding.published is None else finding.published.isoformat(),
        "cluster": finding.cluster,
        "requiredBy": finding.required_by,
    }
    return {
        "ruleId": finding.rule,
        "ruleIndex": positions[finding.rule],
        "level": levels[finding.rule],
        "message": {"text": f"{release}: {message(finding)}.{fix}"},
        "locations": [_location(finding)],
        "partialFingerprints": {FINGERPRINT: fingerprint(finding)},
        "properties": {name: value for name, value in properties.items() if value is not None},
    }


def _location(finding: Finding) -> dict[str, Any]:
    location: dict[str, Any] = {"logicalLocations": [{"name": finding.project, "kind": "package"}]}
    if finding.file is not None:
        path = PurePath(finding.file)
        artifact: dict[str, str] = {"uri": path.as_uri() if path.is_absolute() else quote(path.as_posix())}
        region = {} if finding.line is None else {"region": {"startLine": finding.line}}
        location["physicalLocation"] = {"artifactLocation": artifact, **region}
    return location


def fingerprint(finding: Finding) -> str:
    """What identifies a finding in later runs: its rule, project, version, advisory and file; not the line."""
    parts = (finding.rule, finding.project, finding.version, finding.id, finding.file)
    return sha256("\0".join(part or "" for part in parts).encode()).hexdigest()


def _notifications(report: Report, positions: dict[str, int]) -> list[dict[str, Any]]:
    not_checked = [
        {
            "level": "warning",
            "message": {"text": f"{one.project}: {one.rule} could not be checked: {one.why}"},
            "associatedRule": {"id": one.rule, "index": positions[one.rule]},
        }
        for one in report.not_checked
    ]
    return not_checked + [{"level": "note", "message": {"text": note}} for note in report.notes]
