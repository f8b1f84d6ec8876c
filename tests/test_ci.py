"""The workflow for GitHub Actions: it runs what .ci/run runs, where pyproject.toml says that the package works."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
WORKFLOW = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")


def test_every_supported_python_is_tested() -> None:
    """The workflow's matrix has the Python versions of the classifiers, from the oldest required one on."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    versions = re.findall(
        r"^Programming Language :: Python :: (3\.\d+)$", "\n".join(project["classifiers"]), re.MULTILINE
    )
    matrix = re.search(r"^ +python: \[(.+)\]$", WORKFLOW, re.MULTILINE)
    assert matrix is not None
    assert re.findall(r'"([\d.]+)"', matrix[1]) == versions
    assert project["requires-python"] == f">={versions[0]}"


def test_it_runs_the_one_list_of_checks() -> None:
    """The workflow's only command is .ci/run, which exists and may be executed."""
    assert re.findall(r"^ +- run: (.+)$", WORKFLOW, re.MULTILINE) == [".ci/run"]
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_it_may_only_read() -> None:
    """The workflow's token can read the repository and nothing else; every action is pinned to a version."""
    permissions = re.search(r"^permissions:\n((?:  .+\n)+)", WORKFLOW, re.MULTILINE)
    assert permissions is not None
    assert permissions[1] == "  contents: read\n"
    uses = re.findall(r"uses: (\S+)", WORKFLOW)
    assert uses
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@(v\d+|[0-9a-f]{40})", action) for action in uses)
