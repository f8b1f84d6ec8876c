"""A report that has everything, with hostile texts, for the tests of formats."""

from datetime import UTC, datetime

from source_pypi.audit.results import Allowed, Finding, NotChecked, Report
from source_pypi.audit.rules import choose_rules

RULES = choose_rules(["vulnerable", "yanked", "outdated:major", "sole-maintainer"], "--rules")
VULNERABLE = Finding(
    rule="vulnerable",
    project="werkzeug",
    version="2.2.1",
    file="deploy/my requirements.txt",
    line=3,
    message="PYSEC-1 (CVE-1): <b>a|b</b> [click](javascript:x) `c` @team",
    since=datetime(2026, 1, 2, tzinfo=UTC),
    fix="2.2.3",
    fix_admitted=False,
    id="PYSEC-1",
    aliases=("CVE-1",),
    link="https://osv.example/PYSEC-1",
    fails=True,
)
YANKED = Finding(
    rule="yanked", project="flask", version="1.0", file=None, line=None, message="is yanked: =cmd()", fails=True
)
DEPENDENCY = Finding(
    rule="outdated:major",
    project="jinja2",
    version="2.0",
    file="uv.lock",
    line=None,
    message="the latest release is 3.0, 4 releases ahead",
    fix="3.0",
    required_by="flask",
)
ACCEPTED = Finding(
    rule="sole-maintainer", project="click", version=None, file="uv.lock", line=9, message="only eve has a role in it"
)
REPORT = Report(
    index="http://index.example",
    checked=4,
    findings=(VULNERABLE, YANKED, DEPENDENCY),
    not_checked=(
        NotChecked("vulnerable", "secret-lib", "uv.lock has it from https://corp.example"),
        NotChecked("yanked", "secret-lib", "uv.lock has it from https://corp.example"),
        NotChecked("yanked", "other", "=1+1"),
    ),
    allowed=(Allowed(ACCEPTED, "known | accepted", "2027-01-31"),),
    notes=("the allowed finding yanked foo (old) matches nothing; remove it",),
)
CLEAN = Report(index="http://index.example", checked=1)
