"""audit/rules.py: which rules are selected, and which streams they need."""

import pytest

from source_pypi.audit.rules import DEFAULT, RULES, choose_rules, split_rules, streams_of, with_source
from source_pypi.errors import SettingError
from source_pypi.queries import views
from source_pypi.streams import NAMES


def test_rules_are_in_the_order_of_their_severity() -> None:
    """Each rule is selected once; the order is that of severity, not that of the option."""
    chosen = choose_rules(["outdated:major", "yanked", "Vulnerable", "yanked", "license: MIT"], "--rules")
    assert [one.text for one in chosen] == ["vulnerable", "yanked", "license:MIT", "outdated:major"]
    levels = [rule.level for rule in RULES]
    assert levels == sorted(levels, key=("error", "warning", "note").index)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("vulnerabel", "--rules: there is no rule 'vulnerabel' (rules: malware, vulnerable, quarantined, "),
        ("yanked:x", "--rules: 'yanked:x': the rule yanked takes nothing after a colon"),
        ("outdated:minor", "--rules: 'outdated:minor': the rule outdated is written outdated or outdated:major"),
        ("license", "--rules: 'license': write an SPDX expression after the colon"),
        ("license:", "--rules: 'license:': write an SPDX expression after the colon"),
        ("license:GPL", "--rules: 'license:GPL': write an SPDX expression after the colon"),
    ],
)
def test_invalid_rules(text: str, message: str) -> None:
    """An unknown rule, or an argument that it does not take, is an error that says what is valid."""
    with pytest.raises(SettingError) as raised:
        choose_rules([text], "--rules")
    assert str(raised.value).startswith(message)


def test_lists_of_rules() -> None:
    """Rules are separated by commas; empty ones do not count."""
    assert split_rules(" yanked, license:MIT OR ISC,,") == ["yanked", "license:MIT OR ISC"]


def test_streams() -> None:
    """A rule needs the streams that its view reads, also through other views; the default rules need few."""
    needs = {view.name: view.needs for view in views()}
    chosen = choose_rules(DEFAULT, "--rules")
    assert streams_of(chosen, needs, NAMES) == {"vulnerabilities", "statuses", "versions"}
    assert streams_of(choose_rules(["unattested"], "--rules"), needs, NAMES) >= {"files", "attestations"}


def test_source_of_advisories() -> None:
    """The rule ``vulnerable`` reads OSV's export instead of, or besides, the advisories of the index."""
    needs = {view.name: view.needs for view in views()}
    bulk = {"advisories", "advisory_ranges", "advisory_versions", "removed_advisories"}
    chosen = choose_rules(["vulnerable", "yanked"], "--rules")
    assert streams_of(with_source(chosen, "index"), needs, NAMES) == {"vulnerabilities", "versions"}
    assert streams_of(with_source(chosen, "osv"), needs, NAMES) == {*bulk, "versions"}
    assert streams_of(with_source(chosen, "both"), needs, NAMES) == {*bulk, "vulnerabilities", "versions"}
    assert [one.text for one in with_source(chosen, "both")] == ["vulnerable", "yanked"]


def test_each_rule_has_a_view() -> None:
    """The view of each rule exists."""
    assert {rule.view for rule in RULES} <= {view.name for view in views()}
