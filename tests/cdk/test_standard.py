"""Airbyte's standard tests of connectors, run in their process and as for an image."""

import json
import os
import re
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from source_pypi import __version__
from tests.cdk.builder import executable
from tests.connector import copy_connector, sample_world
from tests.fake_index import FakeIndex
from tests.shipped import environment as variables
from tests.shipped import location

pytestmark = pytest.mark.cdk
INSIDE = Path(__file__).parent / "inside"
#: Nothing listens there: requests to other machines fail at once.
NOWHERE = "http://127.0.0.1:9"
IMAGE = "airbyte/source-pypi:dev"


#: Configurations that are listed for every test, and the one for ``check`` only.
LISTED, CHECK_ONLY = ("config", "config_0_2"), "invalid_config"
NOT_LISTED = "its config is listed under `connection`"


@dataclass(frozen=True)
class Outcome:
    """The results of tests, by name and configuration: passed; skipped or failed, with the reason."""

    passed: set[str]
    skipped: dict[str, str]
    failed: dict[str, str]
    output: str


@pytest.fixture(scope="module")
def index() -> Iterator[FakeIndex]:
    """Serve the projects of the configurations."""
    with FakeIndex(sample_world(), strict=False, record=False) as fake:
        yield fake


@pytest.fixture
def connector(tmp_path: Path, index: FakeIndex) -> Path:
    """Copy the connector's files, with configurations for the index."""
    return copy_connector(tmp_path, index)


@pytest.fixture
def environment(tmp_path: Path, source: Path) -> dict[str, str]:
    """Return the environment of the tests: a stand-in for Docker, and no access to other machines."""
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    docker = bin_ / "docker"
    docker.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(INSIDE / "docker.py"))} "$@"\n')
    docker.chmod(0o755)
    return {
        "PATH": f"{bin_}:{os.defpath}",
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "PYTHONPATH": str(INSIDE),
        "PYTHONDONTWRITEBYTECODE": "1",
        "SOURCE_EXE": str(source),
        "DOCKER_CALLS": str(tmp_path / "calls"),
        "HTTPS_PROXY": NOWHERE,
        "NO_PROXY": "127.0.0.1",
        "DO_NOT_TRACK": "1",
    }


def run_tests(connector: Path, environment: dict[str, str], *command: str) -> Outcome:
    """Run a command of ``airbyte-cdk`` that runs tests; return their results."""
    done = subprocess.run(
        [executable("airbyte-cdk"), *command, f"{connector}/"],
        cwd=connector.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    report = connector / "build" / "test-results" / "standard-tests-junit.xml"
    assert report.exists(), done.stdout + done.stderr
    cases = {_name(case): case for case in ET.parse(report).iter("testcase")}
    reasons: dict[str, dict[str, str]] = {"skipped": {}, "failure": {}, "error": {}}
    for name, case in cases.items():
        for word, found in reasons.items():
            if (element := case.find(word)) is not None:
                found[name] = element.attrib["message"]
    failed = reasons["failure"] | reasons["error"]
    passed = cases.keys() - reasons["skipped"].keys() - failed.keys()
    return Outcome(set(passed), reasons["skipped"], failed, done.stdout + done.stderr)


def _name(case: ET.Element) -> str:
    """Return the short name of a test and its configuration."""
    named = re.fullmatch(r"test_(?:docker_image_build_and_)?(\w+)(?:\['(\w+)' Test Scenario\])?", case.attrib["name"])
    assert named is not None, case.attrib["name"]
    return named[1] if named[2] is None else f"{named[1]} {named[2]}"


def test_the_wheel_is_tested(source: Path) -> None:
    """These tests run the wheel: the package beside the executable, with a version, and no source of this folder."""
    assert source.parent.parent in location(source).parents
    done = subprocess.run([source, "--version"], env=variables(), capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == __version__


def with_configurations(*tests: str) -> set[str]:
    """Return the tests with each configuration that is listed for every test."""
    return {f"{test} {name}" for test in tests for name in LISTED}


def test_in_process(connector: Path, environment: dict[str, str]) -> None:
    """All tests without an image pass; only tests for which a configuration is not listed are skipped."""
    outcome = run_tests(connector, environment, "connector", "test", "--pytest-arg=-m", "--pytest-arg=not image_tests")
    assert outcome.failed == {}, outcome.output
    read = ("config_matches_spec", "discover", "basic_read", "fail_read_with_bad_catalog")
    assert outcome.passed == {"spec", f"check {CHECK_ONLY}"} | with_configurations("check", *read)
    assert outcome.skipped.keys() == {f"{test} {CHECK_ONLY}" for test in read}
    assert all(NOT_LISTED in reason for reason in outcome.skipped.values())
    assert "DiscoveredCatalogWarning" not in outcome.output


def test_image(connector: Path, environment: dict[str, str]) -> None:
    """All tests of the image pass, except skipped ones: not listed, reading, or requiring the registry."""
    outcome = run_tests(connector, environment, "image", "test", "--image", IMAGE)
    assert outcome.failed == {}, outcome.output
    run = ("config_matches_spec", "discover")
    assert outcome.passed == {"spec", f"check {CHECK_ONLY}"} | with_configurations("check", *run)
    skipped = dict(outcome.skipped)
    assert "the connector registry could not be reached" in skipped.pop("docker_image_spec_backward_compatibility")
    reasons = [skipped.pop(f"read {name}") for name in LISTED]
    assert reasons == ["Skipping read test (`--read-from-streams=false`)."] * 2
    assert skipped.keys() == {f"{test} {CHECK_ONLY}" for test in (*run, "read")}
    assert all(NOT_LISTED in reason for reason in skipped.values())


def test_read_from_image(connector: Path, environment: dict[str, str]) -> None:
    """Every stream is read from the image, with a catalog whose missing values are null."""
    options = ["-m", "image_tests", "-k", "image_build_and_read", f"--connector-image={IMAGE}"]
    options += ["--read-from-streams=all", f"--read-scenarios={','.join(LISTED)}"]
    outcome = run_tests(connector, environment, "connector", "test", *(f"--pytest-arg={one}" for one in options))
    assert outcome.failed == {}, outcome.output
    assert outcome.passed == with_configurations("read")
    assert outcome.skipped.keys() == {f"read {CHECK_ONLY}"}
    calls = [json.loads(line) for line in Path(environment["DOCKER_CALLS"]).read_text().splitlines()]
    commands = [call[call.index(IMAGE) + 1 :] for call in calls]
    discover = ["discover", "--config", "/secrets/config.json"]
    read = ["read", "--config", "/secrets/config.json", "--catalog", "/secrets/catalog.json"]
    assert commands == [discover, read] * 2
