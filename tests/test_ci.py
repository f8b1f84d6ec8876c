"""The workflows for GitHub Actions: .ci/run where pyproject.toml says that the package works, and the release."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
WORKFLOW = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
RELEASE = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")


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
    for workflow in (WORKFLOW, RELEASE):
        uses = re.findall(r"uses: (\S+)", workflow)
        assert uses
        assert all(re.fullmatch(r"[\w-]+/[\w-]+@(v\d+(\.\d+\.\d+)?|[0-9a-f]{40})", action) for action in uses)


def job(name: str) -> str:
    """A job of the release."""
    found = re.search(rf"^  {name}:\n((?:    .*\n|\n)+)", RELEASE, re.MULTILINE)
    assert found is not None, name
    return found[1]


def granted(text: str) -> dict[str, str]:
    """The permissions of a job."""
    block = re.search(r"^    permissions:\n((?:      .+\n)+)", text, re.MULTILINE)
    assert block is not None
    return dict(re.findall(r"^      ([\w-]+): (\w+)", block[1], re.MULTILINE))


def test_release_is_published_without_a_password() -> None:
    """Distributions are published by trusted publishing, from an environment, by a job that runs none of our code."""
    publish = job("publish")
    assert granted(publish) == {"id-token": "write"}
    assert "\n    environment: release\n" in publish
    assert re.findall(r"uses: ([\w/-]+)@", publish) == ["actions/download-artifact", "pypa/gh-action-pypi-publish"]
    assert "secrets." not in job("build") + publish
    assert "attestations: true" in publish


def test_release_is_built_and_attested() -> None:
    """A tag builds with make release; wheel, source distribution and SBOM are attested; the tag is the version."""
    build = job("build")
    assert granted(build) == {"contents": "read", "id-token": "write", "attestations": "write"}
    assert 'tags: ["v*"]' in RELEASE
    assert "run: make release REPOSITORY=" in build
    assert '__version__ = \\"${GITHUB_REF_NAME#v}\\"' in build
    assert {"actions/attest-build-provenance", "actions/attest-sbom"} <= set(re.findall(r"uses: ([\w/-]+)@", build))
    assert re.search(r"^permissions:\n  contents: read\n\n", RELEASE, re.MULTILINE)
