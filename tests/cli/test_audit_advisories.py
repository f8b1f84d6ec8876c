"""cli/audit.py with ``--advisories``: OSV's export instead of, or besides, the advisories of the index."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli import Run
from tests.fake_advisories import Database, FakeAdvisories, Fault, record
from tests.fake_advisories.database import zip_of
from tests.fake_advisories.records import timestamp
from tests.fake_index import FakeIndex, World, advisory

Audit = Callable[..., tuple[int, dict[str, Any]]]
pytest.importorskip("cvss")
_NOW = datetime.now(UTC) - timedelta(hours=1)
_V3 = {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}


@pytest.fixture
def database() -> Database:
    """Advisories about flask, jinja2, and a malicious package."""
    made = Database()
    made.publish(
        record(
            "PYSEC-1",
            "flask",
            events=[{"introduced": "0"}, {"fixed": "2.0"}],
            modified=_NOW,
            published="2026-03-04T00:00:00Z",
            summary="bad",
            aliases=["CVE-1"],
            severity=[_V3],
        ),
        record("PYSEC-2", "jinja2", events=[{"introduced": "0"}, {"last_affected": "3.0"}], modified=_NOW),
        record("OLD-1", "flask", events=[{"introduced": "0"}], modified=_NOW, withdrawn="2026-05-06T00:00:00Z"),
        record("MAL-2026-1", "evil", versions=["1.0"], modified=_NOW, summary="steals tokens"),
    )
    return made


@pytest.fixture
def bulk(database: Database) -> Iterator[FakeAdvisories]:
    """The export of these advisories."""
    with FakeAdvisories(database) as fake:
        yield fake


@pytest.fixture
def audit(run: Run, fake: FakeIndex, bulk: FakeAdvisories, tmp_path: Path) -> Audit:
    """Return a function that audits a requirements.txt and returns the exit status and the report."""

    def command(requirements: str, *options: object) -> tuple[int, dict[str, Any]]:
        (tmp_path / "requirements.txt").write_text(requirements)
        fake.new_run()
        index = ("--index-url", fake.url, "--requests-per-second", "0", "--advisories-url", bulk.url)
        done = run("audit", "-r", "requirements.txt", *index, "--format", "json", *options)
        assert "Traceback" not in done.stderr
        return done.returncode, (json.loads(done.stdout) if done.stdout else {}) | {"stderr": done.stderr}

    return command


def short(report: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Rule, project, version, advisory and source of each finding."""
    return [tuple(one[key] for key in ("rule", "project", "version", "id", "source")) for one in report["findings"]]


def why(report: dict[str, Any]) -> dict[tuple[str, str], str]:
    """Why rules could not be checked, by rule and project."""
    return {(one["rule"], one["project"]): one["why"] for one in report["not_checked"]}


def test_export_only(world: World, audit: Audit, bulk: FakeAdvisories) -> None:
    """With ``osv``, one download answers for every release, also followed ones and those that the index lacks."""
    world.add("flask", releases=["1.0", "2.0"], requires_dist=["jinja2"])
    world.add("jinja2", releases=["3.0"])
    world.add_advisory("flask", "1.0", advisory("PYSEC-9", fixed_in=["2.0"]))
    status, report = audit("flask==1.0\nevil==1.0\n", "--advisories", "osv", "--rules", "malware,vulnerable")
    assert (status, report["checked"], report["not_checked"]) == (1, 3, [])
    assert short(report) == [
        ("malware", "evil", "1.0", "MAL-2026-1", "osv"),
        ("vulnerable", "flask", "1.0", "PYSEC-1", "osv"),
        ("vulnerable", "jinja2", "3.0", "PYSEC-2", "osv"),
    ]
    assert bulk.paths == ["all.zip"]
    assert report["findings"][1] == {
        "rule": "vulnerable",
        "project": "flask",
        "version": "1.0",
        "file": "requirements.txt",
        "line": 1,
        "message": "PYSEC-1 (CVE-1): bad [critical, score 9.8, published 2026-03-04]",
        "since": "2026-03-04T00:00:00Z",
        "fix": "2.0",
        "fix_admitted": False,
        "id": "PYSEC-1",
        "aliases": ["CVE-1"],
        "link": "https://osv.dev/vulnerability/PYSEC-1",
        "source": "osv",
        "severity": "critical",
        "score": 9.8,
        "published": "2026-03-04T00:00:00Z",
        "cluster": "CVE-1",
        "required_by": None,
        "fails": True,
    }


def test_both(world: World, audit: Audit) -> None:
    """With ``both``, an advisory of either source is a finding, once, and says who names it."""
    world.add("flask", releases=["1.0", "2.0"])
    for identifier in ("PYSEC-1", "PYSEC-9"):
        world.add_advisory("flask", "1.0", advisory(identifier, fixed_in=["2.0"]))
    world.add("jinja2", releases=["3.0"])
    _, report = audit("flask==1.0\njinja2\n", "--advisories", "both")
    assert short(report) == [
        ("vulnerable", "flask", "1.0", "PYSEC-1", "osv, index"),
        ("vulnerable", "flask", "1.0", "PYSEC-9", "index"),
        ("vulnerable", "jinja2", "3.0", "PYSEC-2", "osv"),
    ]


def test_index_is_the_default(world: World, audit: Audit, bulk: FakeAdvisories) -> None:
    """Without the option, the export is not requested."""
    world.add("flask", releases=["1.0"])
    assert audit("flask==1.0\n")[0] == 0
    assert bulk.answers == []


def test_withdrawn(world: World, audit: Audit) -> None:
    """A withdrawn advisory is a finding of its own rule, and says when it was withdrawn."""
    world.add("flask", releases=["2.0"])
    _, report = audit("flask==2.0\n", "--rules", "withdrawn,vulnerable", "--advisories", "osv")
    assert [(one["rule"], one["id"], one["message"]) for one in report["findings"]] == [
        ("withdrawn", "OLD-1", "withdrawn on 2026-05-06: OLD-1")
    ]


def test_export_that_fails(world: World, audit: Audit, bulk: FakeAdvisories) -> None:
    """If the export cannot be read, its rules are not checked, and the others are."""
    world.add("flask", releases=["1.0"])
    world.yank("flask", "1.0")
    bulk.fault("all.zip", Fault(403))
    status, report = audit("flask==1.0\n", "--advisories", "osv", "--strict", "--fail-on", "vulnerable")
    assert (status, short(report)) == (2, [("yanked", "flask", "1.0", None, None)])
    found = f"{bulk.url}/PyPI/all.zip answered 403: check advisories_url"
    assert why(report) == {("malware", "flask"): found, ("vulnerable", "flask"): found}


def test_advisory_that_cannot_be_read(world: World, audit: Audit, bulk: FakeAdvisories, database: Database) -> None:
    """An advisory that cannot be read may be about any project: the rules of the export are not checked."""
    world.add("jinja2", releases=["9.0"])
    database.zip = zip_of({f"{one}.json": content for one, content in database.files.items()} | {"PYSEC-1.json": b"{"})
    database.files["PYSEC-1"] = b"{"
    found = f"{bulk.url}: 1 advisory could not be read in full (PYSEC-1: it is not valid JSON)"
    options = ("--advisories", "osv", "--strict", "--into", "kept.duckdb", "--rules", "vulnerable,yanked")
    for _ in range(2):
        status, report = audit("jinja2==9.0\n", *options)
        assert (status, report["checked"], short(report), why(report)) == (2, 0, [], {("vulnerable", "jinja2"): found})
        assert f"warning: {found}; the rows of earlier syncs stay" in report["stderr"]
    database.export()
    assert audit("jinja2==9.0\n", *options)[0] == 0


def test_old_export(world: World, audit: Audit, database: Database) -> None:
    """The audit prints the warnings of a sync, such as that the export is old."""
    world.add("flask", releases=["2.0"])
    for one in database.records.values():
        one["modified"] = timestamp(_NOW - timedelta(days=30))
    database.export()
    status, report = audit("flask==2.0\n", "--advisories", "osv")
    assert (status, "the export may be out of date: its newest change is 30 days old" in report["stderr"]) == (0, True)


def test_kept_database(world: World, audit: Audit, bulk: FakeAdvisories, database: Database) -> None:
    """A kept database is brought up to date: the second audit reads the list and the modified advisories only."""
    world.add("flask", releases=["2.0"])
    assert audit("flask==2.0\n", "--advisories", "osv", "--into", "kept.duckdb", "--rules", "vulnerable")[0] == 0
    database.change("PYSEC-1", affected=record("x", "flask", events=[{"introduced": "0"}])["affected"])
    bulk.answers.clear()
    _, report = audit("flask==2.0\n", "--advisories", "osv", "--into", "kept.duckdb", "--rules", "vulnerable")
    assert short(report) == [("vulnerable", "flask", "2.0", "PYSEC-1", "osv")]
    assert bulk.paths == ["modified_id.csv", "PYSEC-1.json"]
