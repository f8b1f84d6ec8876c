"""audit/formats/table.py: columns for a terminal."""

from source_pypi.audit.formats import render
from tests.audit.reports import CLEAN, REPORT, RULES


def test_table() -> None:
    """Findings are aligned columns; a line for each project and reason that was not checked, allowed, or noted."""
    assert render(REPORT, RULES, "table").splitlines() == [
        "rule            project   version  where                         fix                   finding",
        "vulnerable      werkzeug  2.2.1    deploy/my requirements.txt:3  2.2.3 (not admitted)  "
        "PYSEC-1 (CVE-1): <b>a|b</b> [click](javascript:x) `c` @team",
        "yanked          flask     1.0      command line                                        is yanked: =cmd()",
        "outdated:major  jinja2    2.0      uv.lock                       3.0                   "
        "the latest release is 3.0, 4 releases ahead (required by flask)",
        "not checked: secret-lib (vulnerable, yanked): uv.lock has it from https://corp.example",
        "not checked: other (yanked): =1+1",
        "allowed until 2027-01-31: sole-maintainer click: known | accepted",
        "note: the allowed finding yanked foo (old) matches nothing; remove it",
        "4 releases checked, 3 findings (2 failing), 2 projects not fully checked, 1 finding allowed; "
        "index http://index.example",
    ]


def test_clean_table() -> None:
    """Without findings there is one line: how many releases were checked, of which index."""
    assert render(CLEAN, RULES, "table") == (
        "1 release checked, 0 findings (0 failing), 0 projects not fully checked, 0 findings allowed; "
        "index http://index.example\n"
    )
