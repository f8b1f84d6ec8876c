"""report/rules.py: what a page of pins counts, and what was not checked."""

from pathlib import Path

from source_pypi.report.database import OPTIONAL, open_database
from source_pypi.report.figures import read_query
from source_pypi.report.rules import RULES, checked_rules, counting_query, rule_counts
from tests.report.tables import PINS, Tables, make_database, pin


def test_counts_of_the_example(example: Path) -> None:
    """Each rule counts the projects that break it, serious ones first."""
    with open_database(str(example)) as database:
        result = database.run_query(counting_query(checked_rules(database)), 100)
        counts = rule_counts(database, result.rows)  # type: ignore[union-attr]
    assert [(count.rule.name, count.projects, count.style) for count in counts] == [
        ("vulnerable", 5, "red"),
        ("missing", 1, "red"),
        ("quarantined", 1, "red"),
        ("yanked", 1, "red"),
        ("archived or deprecated", 1, "amber"),
        ("outdated", 18, "amber"),
        ("unattested", 15, "amber"),
        ("sole maintainer", 5, "amber"),
        ("stale", 1, "amber"),
        ("no SPDX licence", 2, "amber"),
        ("malware", None, "unchecked"),
        ("vulnerable (OSV)", None, "unchecked"),
    ]


def test_rules_without_tables_are_not_checked(tmp_path: Path) -> None:
    """A rule whose view is not in the file is not checked, and says which streams it needs; it is no zero."""
    with open_database(str(make_database(tmp_path / "a.duckdb", {"pins": (PINS, [pin(0, "a", "1")])}))) as database:
        assert checked_rules(database) == ()
        counts = {count.rule.name: count for count in rule_counts(database, [])}
    assert {count.style for count in counts.values()} == {"unchecked"}
    assert "vulnerabilities" in counts["vulnerable"].why
    assert "roles" in counts["sole maintainer"].why
    assert len(counts) == len(RULES)


def test_rules_that_the_index_cannot_answer_are_not_checked(tmp_path: Path) -> None:
    """Where the index does not provide a stream, an empty view does not count as clean."""
    tables: Tables = {
        "pins": (PINS, [pin(0, "a", "1")]),
        "vulnerable_pins": "SELECT 'a' AS project WHERE false",
        "index_capabilities": ("stream TEXT, available BOOLEAN, reason TEXT", [("vulnerabilities", False, "none")]),
    }
    with open_database(str(make_database(tmp_path / "a.duckdb", tables))) as database:
        assert checked_rules(database) == ()
        (count,) = [one for one in rule_counts(database, []) if one.rule.name == "vulnerable"]
    assert (count.projects, count.why) == (None, "the index does not provide vulnerabilities")


def test_projects_that_a_rule_cannot_judge(tmp_path: Path) -> None:
    """Each rule counts the projects of which it lacks the release or the status; without a finding it is not clean."""
    pins = [pin(0, "a", "1"), pin(1, "b", None), pin(2, "c", None), pin(3, "d", None, "its file names another index")]
    tables: Tables = {
        "pins": (PINS, pins),
        "statuses": ("project TEXT", [("a",), ("b",)]),
        "missing_projects": "SELECT 'b' AS project, 'missing' AS status",
        "vulnerable_pins": "SELECT 'a' AS project WHERE false",
        "yanked_pins": "SELECT 'a' AS project",
        "advisory_pins": (
            "project TEXT, kind TEXT, withdrawn_at TIMESTAMPTZ, removed_at TIMESTAMPTZ",
            [("b", "vulnerability", None, None)],
        ),
    }
    with open_database(str(make_database(tmp_path / "a.duckdb", tables))) as database:
        result = database.run_query(counting_query(checked_rules(database)), 100)
        counts = rule_counts(database, result.rows)  # type: ignore[union-attr]
    assert [(count.rule.name, count.projects, count.not_checked, count.style) for count in counts[:5]] == [
        ("vulnerable (OSV)", 1, 2, "red"),
        ("missing", 1, 2, "red"),
        ("yanked", 1, 3, "red"),
        ("malware", 0, 1, "unchecked"),
        ("vulnerable", 0, 3, "unchecked"),
    ]


def test_release_that_a_later_sync_selects_is_not_checked(tmp_path: Path) -> None:
    """A release is not checked if a later sync selected it without the rule's stream, unless rows tell about it."""
    tables: Tables = {
        "pins": (PINS, [pin(0, "a", "1"), pin(1, "b", "2"), pin(2, "c", "1")]),
        "runs": (
            "run BIGINT, streams TEXT[]",
            [(2, ["projects", "versions"]), (1, ["projects", "versions", "vulnerabilities", "roles"])],
        ),
        "vulnerabilities": ("project TEXT, version TEXT, id TEXT", [("a", "1", "X"), ("b", "1", "Y")]),
        "vulnerable_pins": "SELECT 'a' AS project, '1' AS version, NULL AS specifier, 'X' AS id, NULL AS smallest_fix, "
        "NULL AS fix_admitted",
        "versions": ("project TEXT, version TEXT, is_latest BOOLEAN", []),
        "yanked_pins": "SELECT 'a' AS project, '1' AS version, NULL AS yanked_reason WHERE false",
        "roles": ("project TEXT, user TEXT", [("a", "eve"), ("b", "eve")]),
        "sole_maintainers": "SELECT 'a' AS project",
    }
    with open_database(str(make_database(tmp_path / "a.duckdb", tables))) as database:
        result = database.run_query(counting_query(checked_rules(database)), 100)
        counts = {one.rule.name: one for one in rule_counts(database, result.rows)}  # type: ignore[union-attr]
        pins = database.run_query(read_query("dependencies", "pins"), 10, optional=OPTIONAL)
        severities = {row["project"]: row["severity"] for row in pins.records()}  # type: ignore[union-attr]
    assert {name: (one.projects, one.not_checked) for name, one in counts.items() if one.projects is not None} == {
        "vulnerable": (1, 2),
        "yanked": (0, 0),
        "sole maintainer": (1, 1),
    }
    assert severities == {"a": "red", "b": "not checked", "c": "not checked"}
