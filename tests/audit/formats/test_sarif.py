"""audit/formats/sarif.py: the log for code scanning. tests/supply validates it against SARIF's schema."""

import json
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from source_pypi.audit.formats import render
from source_pypi.audit.formats.sarif import FINGERPRINT, fingerprint
from tests.audit.reports import ACCEPTED, CLEAN, REPORT, RULES, VULNERABLE


def run_of(report: Any = REPORT) -> dict[str, Any]:
    """The only run of the log."""
    log = json.loads(render(report, RULES, "sarif"))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


def test_rules() -> None:
    """Each selected rule is described, with its severity and help, also if it has no finding."""
    rules = run_of(CLEAN)["tool"]["driver"]["rules"]
    assert [(rule["id"], rule["name"], rule["defaultConfiguration"]["level"]) for rule in rules] == [
        ("vulnerable", "Vulnerable", "error"),
        ("yanked", "Yanked", "error"),
        ("outdated:major", "Outdated", "note"),
        ("sole-maintainer", "SoleMaintainer", "note"),
    ]
    assert all(rule["help"]["text"] and rule["shortDescription"]["text"] for rule in rules)


def test_results() -> None:
    """A result names file and line of the pin, the rule with its position and level, and the fix."""
    results = run_of()["results"]
    assert results[0] == {
        "ruleId": "vulnerable",
        "ruleIndex": 0,
        "level": "error",
        "message": {
            "text": "werkzeug 2.2.1: PYSEC-1 (CVE-1): <b>a|b</b> [click](javascript:x) `c` @team. "
            "Fix: 2.2.3 (not admitted)."
        },
        "locations": [
            {
                "logicalLocations": [{"name": "werkzeug", "kind": "package"}],
                "physicalLocation": {
                    "artifactLocation": {"uri": "deploy/my%20requirements.txt"},
                    "region": {"startLine": 3},
                },
            }
        ],
        "partialFingerprints": {FINGERPRINT: fingerprint(VULNERABLE)},
        "properties": {
            "project": "werkzeug",
            "version": "2.2.1",
            "since": "2026-01-02T00:00:00+00:00",
            "fix": "2.2.3",
            "fixAdmitted": False,
            "advisory": "PYSEC-1",
            "link": "https://osv.example/PYSEC-1",
        },
    }
    assert results[1]["locations"] == [{"logicalLocations": [{"name": "flask", "kind": "package"}]}]
    assert (results[2]["ruleIndex"], results[2]["level"]) == (2, "note")
    assert results[3]["suppressions"] == [{"kind": "external", "justification": "known | accepted"}]
    assert "suppressions" not in results[2]


def test_not_checked_are_notifications() -> None:
    """What was not checked is a warning of the tool about the rule; notes are notes."""
    (invocation,) = run_of()["invocations"]
    assert [(one["level"], one.get("associatedRule")) for one in invocation["toolExecutionNotifications"]] == [
        ("warning", {"id": "vulnerable", "index": 0}),
        ("warning", {"id": "yanked", "index": 1}),
        ("warning", {"id": "yanked", "index": 1}),
        ("note", None),
    ]


def test_fingerprints_are_stable() -> None:
    """A fingerprint does not depend on line, message or fix; it does on rule, project, version, advisory and file."""
    moved = replace(VULNERABLE, line=99, message="PYSEC-1: other words", fix="3.0", since=None)
    assert fingerprint(moved) == fingerprint(VULNERABLE)
    others = [{"rule": "x"}, {"project": "x"}, {"version": "1"}, {"id": "x"}, {"file": "x"}]
    assert len({fingerprint(replace(VULNERABLE, **other)) for other in others} | {fingerprint(VULNERABLE)}) == 6


def test_absolute_paths_are_urls(tmp_path: Path) -> None:
    """An absolute path is a file URL."""
    report = replace(REPORT, findings=(replace(ACCEPTED, file=str(tmp_path / "a b.txt")),), allowed=())
    (result,) = run_of(report)["results"]
    location = result["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == (tmp_path / "a b.txt").as_uri()
