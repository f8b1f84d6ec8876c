"""audit/allow.py: accepted findings."""

from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from source_pypi.audit.allow import allow, read_allowed
from source_pypi.errors import RequirementsError
from tests.audit.reports import ACCEPTED, DEPENDENCY, VULNERABLE, YANKED

FINDINGS = (VULNERABLE, YANKED, DEPENDENCY, ACCEPTED)
TODAY = date(2026, 11, 28)


def entries(path: Path, text: str) -> str:
    """What the findings become with a file of entries: the accepted ones, then the notes, a line each."""
    (path / "allow.toml").write_text(text)
    _, allowed, notes = allow(FINDINGS, read_allowed(path / "allow.toml"), TODAY)
    return "\n".join([*(f"{one.finding.project}: {one.reason}, {one.expires}" for one in allowed), *notes])


@pytest.mark.parametrize(
    ("keys", "result"),
    [
        ('rule="vulnerable"\nproject="Werkzeug"\nreason="r"', "werkzeug: r, None"),
        ('rule="vulnerable"\nproject="werkzeug"\nversion="2.2.1.0"\nreason="r"', "werkzeug: r, None"),
        ('rule="vulnerable"\nproject="werkzeug"\nid="CVE-1"\nreason="r"', "werkzeug: r, None"),
        ('rule="vulnerable"\nproject="werkzeug"\nreason="r"\nexpires=2026-11-28', "werkzeug: r, 2026-11-28"),
        ('rule="outdated"\nproject="jinja2"\nreason="r"', "jinja2: r, None"),
        (
            'rule="vulnerable"\nproject="werkzeug"\nreason="r"\nexpires=2026-11-27',
            "the allowed finding vulnerable werkzeug (r) expired on 2026-11-27; it no longer accepts a finding",
        ),
        (
            'rule="yanked"\nproject="werkzeug"\nreason="r"\nexpires=2026-11-27',
            "the allowed finding yanked werkzeug (r) expired on 2026-11-27; it matches no finding",
        ),
        (
            'rule="vulnerable"\nproject="werkzeug"\nversion="2.2"\nreason="r"',
            "the allowed finding vulnerable werkzeug 2.2 (r) matches nothing; remove it",
        ),
        (
            'rule="vulnerable"\nproject="werkzeug"\nid="CVE-2"\nreason="r"',
            "the allowed finding vulnerable werkzeug CVE-2 (r) matches nothing; remove it",
        ),
        (
            'rule="outdated:major"\nproject="flask"\nreason="r"',
            "the allowed finding outdated:major flask (r) matches nothing; remove it",
        ),
    ],
)
def test_entries(tmp_path: Path, keys: str, result: str) -> None:
    """An entry accepts the findings that all its keys match, up to its last day; otherwise a note says why not."""
    assert entries(tmp_path, f"[[allow]]\n{keys}\n") == result


def test_other_findings_stand(tmp_path: Path) -> None:
    """Findings that no entry matches stand; of a rule for releases, a finding without version matches no version."""
    (tmp_path / "a.toml").write_text(
        '[[allow]]\nrule="sole-maintainer"\nproject="click"\nversion="1.0"\nreason="r"\n'
        '[[allow]]\nrule="yanked"\nproject="flask"\nreason="r"\n'
    )
    standing, allowed, _ = allow(FINDINGS, read_allowed(tmp_path / "a.toml"), TODAY)
    assert standing == (VULNERABLE, DEPENDENCY, ACCEPTED)
    assert [one.finding for one in allowed] == [YANKED]


def test_entry_of_any_licence(tmp_path: Path) -> None:
    """An entry of the rule license accepts findings of every expression."""
    (tmp_path / "a.toml").write_text('[[allow]]\nrule="license"\nproject="flask"\nreason="r"\n')
    finding = replace(YANKED, rule="license:GPL-3.0-only")
    assert allow([finding], read_allowed(tmp_path / "a.toml"), TODAY)[0] == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[[allow]]\nrule="yanked"\nproject="a"\n', "does not have the structure of such a file: Object missing"),
        (
            '[[allow]]\nrule="yanked"\nproject="a"\nreason="r"\nuntil=1\n',
            "does not have the structure of such a file: Object contains unknown field `until` - at `$.allow[0]`",
        ),
        ("[[accept]]\n", "does not have the structure of such a file: Object contains unknown field `accept`"),
        ('[[allow]]\nrule="nope"\nproject="a"\nreason="r"\n', "entry 1: rule: there is no rule 'nope'"),
        ('[[allow]]\nrule="yanked"\nproject="a b"\nreason="r"\n', "entry 1: 'a b' is not a project's name"),
        ('[[allow]]\nrule="yanked"\nproject="a"\nreason=" "\n', "entry 1: reason is empty"),
        ('[[allow]]\nrule="yanked"\nproject="a"\nreason="r"\nexpires="soon"\n', "does not have the structure"),
    ],
)
def test_invalid_files(tmp_path: Path, text: str, reason: str) -> None:
    """An unknown key, rule or name, a missing reason and a date that is none are errors."""
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(RequirementsError) as raised:
        read_allowed(tmp_path / "a.toml")
    assert reason in str(raised.value)


def test_entry_of_what_was_not_checked(tmp_path: Path) -> None:
    """Of an entry whose rule was not checked for its project nothing is said, unless it expired."""
    (tmp_path / "a.toml").write_text(
        '[[allow]]\nrule = "yanked"\nproject = "nowhere"\nreason = "r"\n'
        '[[allow]]\nrule = "yanked"\nproject = "nowhere"\nreason = "s"\nexpires = 2020-01-01\n'
    )
    entries = read_allowed(tmp_path / "a.toml")
    assert allow(FINDINGS, entries, TODAY, lambda _: False)[2] == (
        "the allowed finding yanked nowhere (s) expired on 2020-01-01; it matches no finding",
    )
    assert len(allow(FINDINGS, entries, TODAY)[2]) == 2
