"""Advisories beside other software: pip-audit's OSV service, and the ranges of univers, on the same records."""

import json
import random
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from source_pypi.services.advisories.ranges import Interval, intervals, key_of_introduced
from source_pypi.services.advisories.records import parse_record
from source_pypi.standards.versions import sort_key
from tests.connector import ROOT
from tests.fake_advisories import Database, FakeAdvisories, random_records
from tests.fake_advisories.records import VERSIONS, timestamp
from tests.fake_index import FakeIndex, World
from tests.supply.pip_audit import SUPPLY, run_audit

pytestmark = pytest.mark.supply
PROJECTS = [f"project-{number}" for number in range(60)]

#: For each interval, which versions are in the range that univers makes of it.
_UNIVERS = """
import json, sys
from univers.version_range import VersionRange
from univers.versions import PypiVersion
intervals, versions = json.load(sys.stdin)
parsed = [PypiVersion(version) for version in versions]
ranges = [VersionRange.from_string("vers:pypi/" + "|".join(one)) for one in intervals]
json.dump([[version in one for version in parsed] for one in ranges], sys.stdout)
"""


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    """500 records with every kind of event, modified just now."""
    made = random_records(500, 11, PROJECTS)
    now = datetime.now(UTC) - timedelta(hours=1)
    return [one | {"modified": timestamp(now + timedelta(seconds=number))} for number, one in enumerate(made)]


@pytest.fixture(scope="module")
def bulk(records: list[dict[str, Any]]) -> Iterator[FakeAdvisories]:
    """Their export, and the API that answers from them."""
    database = Database()
    database.publish(*records)
    with FakeAdvisories(database) as fake:
        yield fake


def pip_audit(bulk: FakeAdvisories, requirements: Path, folder: Path) -> set[tuple[str, str, frozenset[str]]]:
    """Project, version and identifiers of each advisory that pip-audit finds by OSV's API."""
    service = ("--vulnerability-service", "osv", "--osv-url", f"{bulk.root}/v1/query")
    options = ("--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json", "--desc", "off")
    command = [str(SUPPLY / "pip-audit"), "-r", str(requirements), *service, *options, "--cache-dir", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.stdout, done.stderr
    return {
        (one["name"], one["version"], frozenset([advisory["id"], *advisory["aliases"]]))
        for one in json.loads(done.stdout)["dependencies"]
        for advisory in one["vulns"]
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_audit_finds_what_pip_audit_finds(bulk: FakeAdvisories, tmp_path: Path, seed: int) -> None:
    """``audit --advisories osv`` and pip-audit's OSV service find the same advisories of 60 pins."""
    chance = random.Random(seed)
    world = World()
    pins = {project: chance.choice(VERSIONS) for project in PROJECTS}
    for project, version in pins.items():
        world.add(project, releases=[version])
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("".join(f"{project}=={version}\n" for project, version in pins.items()))
    with FakeIndex(world) as index:
        options = ("--advisories", "osv", "--advisories-url", bulk.url, "--rules", "malware,vulnerable")
        report = run_audit(index, requirements, *options)
    assert report["not_checked"] == []
    found = {(one["project"], one["version"], frozenset([one["id"], *one["aliases"]])) for one in report["findings"]}
    theirs = pip_audit(bulk, requirements, tmp_path / "cache")
    assert len(theirs) > 50
    spelled = {(project, str(_normal(version)), advisories) for project, version, advisories in found}
    assert spelled == {(project, str(_normal(version)), advisories) for project, version, advisories in theirs}


def test_pins_of_a_lock_file(tmp_path: Path) -> None:
    """For every pin of a lock of this repository, both find the same of 500 advisories about its projects."""
    lock = (ROOT / "requirements" / "dev.txt").read_text()
    pins = dict(re.findall(r"^([\w.-]+)==([^ ;\\]+)", lock, re.MULTILINE))
    now = datetime.now(UTC) - timedelta(hours=1)
    records = [one | {"modified": timestamp(now)} for one in random_records(500, 23, sorted(pins))]
    database, world = Database(), World()
    database.publish(*records)
    for project, version in pins.items():
        world.add(project, releases=[version])
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("".join(f"{project}=={version}\n" for project, version in pins.items()))
    with FakeIndex(world) as index, FakeAdvisories(database) as bulk:
        options = ("--advisories", "osv", "--advisories-url", bulk.url, "--rules", "malware,vulnerable")
        report = run_audit(index, requirements, *options)
        theirs = pip_audit(bulk, requirements, tmp_path / "cache")
    found = {(one["project"], frozenset([one["id"], *one["aliases"]])) for one in report["findings"]}
    assert report["not_checked"] == []
    assert len(pins) > 30
    assert len(theirs) > 50
    assert found == {(project, advisories) for project, _, advisories in theirs}


def _normal(version: str) -> Any:
    from packaging.version import Version

    return Version(version)


def test_intervals_match_univers(records: list[dict[str, Any]]) -> None:
    """Every version is in an interval, by sort keys, if univers says that it is in the range."""
    parsed = [parse_record(json.dumps(one).encode())[0] for one in records]
    every = [one for record in parsed for _, affected in record.projects for one in intervals(affected.ranges)]
    found = [one for one in every if not _is_empty(one)]  # a vers cannot say that
    done = subprocess.run(
        [SUPPLY / "python", "-c", _UNIVERS],
        input=json.dumps([[_constraints(one) for one in found], VERSIONS]),
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    ours = [[_contains(one, version) for version in VERSIONS] for one in found]
    theirs = json.loads(done.stdout)
    assert [
        (one, version)
        for one, mine, other in zip(found, ours, theirs, strict=True)
        for version, here, there in zip(VERSIONS, mine, other, strict=True)
        if here != there
    ] == []
    assert len(found) > 500


def _constraints(one: Interval) -> list[str]:
    """An interval as constraints of a vers, in which no version occurs twice."""
    last = one.last_affected
    if last is not None and one.introduced is not None and sort_key(last) == sort_key(one.introduced):
        return [last]
    lower = [f">={one.introduced}"] if one.introduced is not None else []
    ends = {f"<{version}": sort_key(version) for version in (one.fixed, one.limit) if version is not None}
    upper = [min(ends, key=lambda text: ends[text])] if ends else []
    if last is not None and (not ends or sort_key(last) < min(ends.values())):
        upper = [f"<={last}"]
    return [*lower, *upper] or ["*"]


def _is_empty(one: Interval) -> bool:
    """Whether the interval ends before it begins, at its limit."""
    return one.limit is not None and sort_key(one.limit) <= key_of_introduced(one.introduced)


def _contains(one: Interval, version: str) -> bool:
    key = sort_key(version)
    return (
        key >= key_of_introduced(one.introduced)
        and (one.fixed is None or key < sort_key(one.fixed))
        and (one.last_affected is None or key <= sort_key(one.last_affected))
        and (one.limit is None or key < sort_key(one.limit))
    )
