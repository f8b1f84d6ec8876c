"""audit/formats/json_document.py: the report for programs, and its schema."""

import json

import jsonschema

from source_pypi.audit.formats import render
from source_pypi.audit.formats.json_document import schema
from tests.audit.reports import CLEAN, REPORT, RULES
from tests.connector import ROOT


def test_json() -> None:
    """The document has all keys, also null ones; times are in UTC."""
    document = json.loads(render(REPORT, RULES, "json"))
    assert list(document) == ["index", "checked", "findings", "not_checked", "allowed", "notes"]
    assert document["findings"][0] == {
        "rule": "vulnerable",
        "project": "werkzeug",
        "version": "2.2.1",
        "file": "deploy/my requirements.txt",
        "line": 3,
        "message": "PYSEC-1 (CVE-1): <b>a|b</b> [click](javascript:x) `c` @team",
        "since": "2026-01-02T00:00:00Z",
        "fix": "2.2.3",
        "fix_admitted": False,
        "id": "PYSEC-1",
        "aliases": ["CVE-1"],
        "link": "https://osv.example/PYSEC-1",
        "source": None,
        "severity": None,
        "score": None,
        "published": None,
        "cluster": None,
        "required_by": None,
        "fails": True,
    }
    assert document["not_checked"][2] == {"rule": "yanked", "project": "other", "why": "=1+1"}
    assert (document["allowed"][0]["reason"], document["allowed"][0]["expires"]) == ("known | accepted", "2027-01-31")
    assert json.loads(render(CLEAN, RULES, "json")) == {
        "index": "http://index.example",
        "checked": 1,
        "findings": [],
        "not_checked": [],
        "allowed": [],
        "notes": [],
    }


def test_reports_match_the_schema() -> None:
    """Reports are valid; one with a key of another type is not."""
    validator = jsonschema.Draft202012Validator(schema(), format_checker=jsonschema.FormatChecker())
    validator.check_schema(schema())
    for report in (REPORT, CLEAN):
        validator.validate(json.loads(render(report, RULES, "json")))
    assert not validator.is_valid(json.loads(render(CLEAN, RULES, "json")) | {"checked": "1"})


def test_published_schema_is_current() -> None:
    """docs/audit.schema.json is what the records say; tools/write_audit_schema.py writes it."""
    assert json.loads((ROOT / "docs" / "audit.schema.json").read_text()) == json.loads(json.dumps(schema()))
