"""cli/audit.py: the command, its report and its exit status."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import duckdb
import pytest

from source_pypi.services.index.documents.page import JSON_PAGE
from tests.cli import Run
from tests.fake_index import FakeIndex, World, advisory, faults
from tests.servers.simulated import Nexus, Simulated

Audit = Callable[..., Any]


@pytest.fixture
def audit(run: Run, fake: FakeIndex, tmp_path: Path) -> Audit:
    """Return a function that audits a requirements.txt and returns the exit status and the report."""

    def command(requirements: str, *options: object, url: str | None = None) -> tuple[int, dict[str, Any]]:
        (tmp_path / "requirements.txt").write_text(requirements)
        fake.new_run()
        index = ("--index-url", url or fake.url, "--requests-per-second", "0")
        done = run("audit", "-r", "requirements.txt", *index, "--format", "json", *options)
        assert "Traceback" not in done.stderr
        report: dict[str, Any] = json.loads(done.stdout) if done.stdout else {"error": done.stderr}
        return done.returncode, report

    return command


def short(report: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Rule, project, version, line and fix of each finding."""
    return [tuple(one[key] for key in ("rule", "project", "version", "line", "fix")) for one in report["findings"]]


def why(report: dict[str, Any]) -> dict[tuple[str, str], str]:
    """Why rules could not be checked, by rule and project."""
    return {(one["rule"], one["project"]): one["why"] for one in report["not_checked"]}


@pytest.fixture
def sample(world: World) -> World:
    """A project of each kind."""
    world.add("flask", releases=["1.0", "2.0"])
    world.add("werkzeug", releases=["2.2.1", "2.2.3", "3.0"])
    fixed = {"fixed_in": ["3.0", "2.2.3"], "aliases": ["CVE-1"], "summary": "a | <b>\x1b[31m"}
    world.add_advisory("werkzeug", "2.2.1", advisory("PYSEC-1", **fixed))
    world.add("old", releases=["1.0", "1.1"])
    world.yank("old", "1.0", reason="broken")
    for name in ("boxed", "suspect"):
        world.add(name)
    world.archive("boxed")
    world.quarantine("suspect")
    return world


def test_findings(sample: World, audit: Audit) -> None:
    """Findings are in the order of severity, with file, line, message and fix, and whether the specifier admits it."""
    status, report = audit("werkzeug==2.2.1\nold==1.0\nboxed\nsuspect\nnowhere\nflask\n")
    assert status == 1
    assert short(report) == [
        ("vulnerable", "werkzeug", "2.2.1", 1, "2.2.3"),
        ("quarantined", "suspect", None, 4, None),
        ("missing", "nowhere", None, 5, None),
        ("yanked", "old", "1.0", 2, "1.1"),
        ("archived", "boxed", "1.0", 3, None),
    ]
    assert report["findings"][0] == {
        "rule": "vulnerable",
        "project": "werkzeug",
        "version": "2.2.1",
        "file": "requirements.txt",
        "line": 1,
        "message": "PYSEC-1 (CVE-1): a | <b>\\x1b[31m",
        "since": None,
        "fix": "2.2.3",
        "fix_admitted": False,
        "id": "PYSEC-1",
        "aliases": ["CVE-1"],
        "link": "https://osv.example/vulnerability/PYSEC-1",
        "source": "index",
        "severity": None,
        "score": None,
        "published": None,
        "cluster": None,
        "required_by": None,
        "fails": True,
    }
    assert report["findings"][3]["message"] == "is yanked: broken"
    assert why(report) == {
        ("vulnerable", "suspect"): "the index lists no release",
        ("yanked", "suspect"): "the index lists no release",
        **{
            (rule, "nowhere"): "the project is not on this index"
            for rule in ("vulnerable", "quarantined", "yanked", "archived")
        },
    }
    assert report["checked"] == 4


def test_fix_that_the_specifier_admits(sample: World, audit: Audit) -> None:
    """A range selects the highest release that it admits; the fix is the lowest one above it."""
    sample.add_advisory("werkzeug", "2.2.3", advisory("PYSEC-2", fixed_in=["3.0"]))
    _, report = audit("werkzeug>=2.2,<2.3\n")
    assert [(one["version"], one["fix"], one["fix_admitted"]) for one in report["findings"]] == [
        ("2.2.3", "3.0", False)
    ]
    sample.delete_release("werkzeug", "3.0")
    sample.release("werkzeug", "2.2.4")
    sample.set_advisories("werkzeug", "2.2.3", [advisory("PYSEC-2", fixed_in=["2.2.4"])])
    _, report = audit("werkzeug<=2.2.4,!=2.2.4\nwerkzeug>=2.2.3,<3\n")
    assert ("2.2.3", "2.2.4", False) in [
        (one["version"], one["fix"], one["fix_admitted"]) for one in report["findings"]
    ]


def test_withdrawn_advisories_do_not_count(sample: World, audit: Audit) -> None:
    """An advisory that was withdrawn is no finding."""
    sample.withdraw_advisory("werkzeug", "PYSEC-1")
    assert audit("werkzeug==2.2.1\n") == (
        0,
        {
            "index": audit("flask\n")[1]["index"],
            "checked": 1,
            "findings": [],
            "not_checked": [],
            "allowed": [],
            "notes": [],
        },
    )


@pytest.mark.parametrize(
    ("requirements", "options", "status"),
    [
        ("flask==2.0", [], 0),
        ("werkzeug==2.2.1", [], 1),
        ("werkzeug==2.2.1", ["--fail-on", "yanked"], 0),
        ("werkzeug==2.2.1", ["--fail-on", "vulnerable,yanked"], 1),
        ("werkzeug==2.2.1", ["--fail-on", "none", "--strict"], 0),
        ("flask==1.0", ["--fail-on", "outdated"], 1),
        ("flask==1.0", ["--rules", "outdated:major", "--fail-on", "none"], 0),
        ("werkzeug==2.2.1", ["--fail-on", "outdated:major"], 1),
        ("werkzeug==2.2.1", ["--rules", "yanked"], 0),
        ("nowhere", ["--fail-on", "vulnerable"], 0),
        ("nowhere", ["--fail-on", "vulnerable", "--strict"], 2),
        ("nowhere\nold==1.0", ["--fail-on", "yanked", "--strict"], 1),
    ],
)
def test_exit_status(sample: World, audit: Audit, requirements: str, options: list[str], status: int) -> None:
    """0: no finding fails; 1: one does; 2: something was not checked and --strict; 1 comes before 2."""
    assert audit(f"{requirements}\n", *options)[0] == status


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--nope"], "No such option '--nope'"),
        (["--format", "xml"], "'xml' is not one of"),
        (["--rules", "nope"], "--rules: there is no rule 'nope'"),
        (["--rules", ","], "--rules names no rule"),
        (["--fail-on", "yanked:1"], "--fail-on: 'yanked:1': the rule yanked takes nothing after a colon"),
        (["--allow", "nowhere.toml"], "nowhere.toml: cannot be read"),
        (["--into", "folder/"], "audit --into folder/: it must be a DuckDB file"),
        (["--index-url", "ftp://x"], "setting 'index_url'"),
        (["-r", "nowhere.txt"], "nowhere.txt: cannot be read"),
        (["fl ask"], "'fl ask' cannot be a project"),
        (["requirements.txt"], "requirements.txt is a file; to read the projects in it, write -r requirements.txt"),
        (["--into", "nowhere/x.duckdb"], "--into nowhere/x.duckdb: its folder does not exist"),
        (["-o", "nowhere/x.json"], "-o nowhere/x.json: its folder does not exist"),
    ],
)
def test_usage_errors(run: Run, fake: FakeIndex, tmp_path: Path, options: list[str], message: str) -> None:
    """An invalid option, setting or file has the exit status 3 and one line, and nothing is requested."""
    (tmp_path / "requirements.txt").write_text("flask\n")
    done = run("audit", "flask", "--index-url", fake.url, *options)
    assert (done.returncode, done.stdout, fake.requests) == (3, "", [])
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_no_projects(run: Run, fake: FakeIndex) -> None:
    """Without a project or a file there is nothing to check: a usage error."""
    assert run("audit", "--index-url", fake.url).returncode == 3


def test_accepted_findings(sample: World, audit: Audit, tmp_path: Path) -> None:
    """Accepted findings do not fail, and are in the report with their reason; unused entries are notes."""
    entries = [("vulnerable", "werkzeug"), ("yanked", "werkzeug")]
    (tmp_path / "allow.toml").write_text(
        "".join(f'[[allow]]\nrule="{rule}"\nproject="{project}"\nreason="r"\n' for rule, project in entries)
    )
    status, report = audit("werkzeug==2.2.1\n", "--allow", "allow.toml")
    assert (status, report["findings"], report["notes"]) == (
        0,
        [],
        ["the allowed finding yanked werkzeug (r) matches nothing; remove it"],
    )
    assert [(one["finding"]["id"], one["reason"], one["expires"]) for one in report["allowed"]] == [
        ("PYSEC-1", "r", None)
    ]


def test_accepted_findings_that_were_not_checked(sample: World, audit: Audit, tmp_path: Path) -> None:
    """An entry about a rule or a project that was not checked is not called useless."""
    entry = '[[allow]]\nrule = "{}"\nproject = "{}"\nreason = "r"\n'
    pairs = [("outdated", "werkzeug"), ("vulnerable", "nowhere"), ("yanked", "werkzeug")]
    (tmp_path / "allow.toml").write_text("".join(entry.format(*pair) for pair in pairs))
    _, report = audit("werkzeug==2.2.1\nnowhere\n", "--allow", "allow.toml")
    assert report["notes"] == ["the allowed finding yanked werkzeug (r) matches nothing; remove it"]


def test_index_without_advisories(sample: World, fake: FakeIndex, audit: Audit) -> None:
    """An index whose documents have no key of advisories is not clean, also in later runs into the same database."""
    for path in ("/pypi/flask/json", "/pypi/flask/1.0/json"):
        document = document_of(fake, path)
        del document["vulnerabilities"]
        sample.override(path, json.dumps(document).encode())
    for _ in range(2):
        status, report = audit("flask==1.0\n", "--strict", "--rules", "vulnerable", "--into", "pypi.duckdb")
        assert (status, report["findings"], report["checked"]) == (2, [], 0)
        assert list(why(report)) == [("vulnerable", "flask")]
        assert "no field vulnerabilities in project documents" in why(report)["vulnerable", "flask"]


def test_index_without_documents(audit: Audit) -> None:
    """Of an index that has only pages, what these say is checked, and the rest is not."""
    with Simulated(Nexus()) as server:
        options = ("--rules", "vulnerable,yanked,missing", "--follow-dependencies", 0)
        _, report = audit("tiny-tool\n", *options, url=server.index)
    assert report["findings"] == []
    assert ("vulnerable", "tiny-tool") in why(report)
    assert ("missing", "tiny-tool") not in why(report)


def test_index_without_statuses(sample: World, fake: FakeIndex, audit: Audit) -> None:
    """A page that gives no status is not clean for the rules about it, unless its format says that there is none."""
    page = document_of(fake, f"/simple/flask/?format={JSON_PAGE}")
    del page["project-status"]
    for version, unchecked in (("1.1", ["archived", "quarantined"]), ("1.4", [])):
        page["meta"]["api-version"] = version
        sample.override("/simple/flask/", page, JSON_PAGE)
        status, report = audit("flask==1.0\n", "--strict")
        assert (status, report["findings"]) == (2 if unchecked else 0, [])
        assert why(report) == {
            (rule, "flask"): "the index does not publish the statuses of projects" for rule in unchecked
        }


def test_release_document_without_advisories(sample: World, audit: Audit, fake: FakeIndex) -> None:
    """A document of a release that lacks the key of the advisories says nothing about them."""
    document = document_of(fake, "/pypi/flask/1.0/json")
    del document["vulnerabilities"]
    sample.override("/pypi/flask/1.0/json", json.dumps(document).encode())
    status, report = audit("flask==1.0\n", "--strict", "--rules", "vulnerable")
    assert (status, why(report)) == (
        2,
        {("vulnerable", "flask"): "a document of the index has no valid vulnerabilities"},
    )


def document_of(fake: FakeIndex, path: str) -> dict[str, Any]:
    """A document that the index sends."""
    with urlopen(f"{fake.url}{path}") as response:
        document: dict[str, Any] = json.load(response)
    return document


def test_unknown_release(sample: World, audit: Audit) -> None:
    """A pin of a release that the index does not have is missing, and rules of releases could not be checked."""
    status, report = audit("flask==9.9\n")
    assert status == 1
    assert short(report) == [("missing", "flask", None, 1, None)]
    assert set(why(report)) == {("vulnerable", "flask"), ("yanked", "flask")}


def test_range_of_yanked_releases(sample: World, audit: Audit) -> None:
    """A range selects no yanked release (PEP 592): if it admits no other one, the pin is missing."""
    sample.yank("old", "1.1", reason="broken, too")
    status, report = audit("old>=1.0\n")
    assert (status, short(report)) == (1, [("missing", "old", None, 1, None)])
    assert report["findings"][0]["message"] == (
        "the index has no release that >=1.0 admits (a range admits no yanked release)"
    )


def test_project_of_another_index(sample: World, audit: Audit, fake: FakeIndex, tmp_path: Path) -> None:
    """A project that a file has from another index is not requested, and nothing of it was checked."""
    text = f"-i {fake.url}/simple\nflask==2.0\n"
    lock = '[[package]]\nname = "{}"\nversion = "1.0"\nsource = {{ registry = "{}" }}\n'
    (tmp_path / "uv.lock").write_text(
        lock.format("flask", f"{fake.url}/simple") + lock.format("secret-lib", "https://ann:pw@corp.example/simple")
    )
    status, report = audit(text, "-r", "uv.lock", "--strict")
    assert (status, report["checked"], report["findings"]) == (2, 2, [])
    assert {rule for rule, project in why(report) if project == "secret-lib"} == {
        *("vulnerable", "quarantined", "missing", "yanked", "archived")
    }
    assert "pw@" not in json.dumps(report)
    assert not any("secret" in path for path in fake.counts)


def test_failed_project(sample: World, audit: Audit, fake: FakeIndex) -> None:
    """A project whose documents could not be read was not checked; the others were."""
    fake.fault("/pypi/old/json", faults.forbidden(), times=None)
    status, report = audit("flask==2.0\nold==1.0\n", "--strict")
    assert (status, report["checked"]) == (2, 1)
    assert {project for _, project in why(report)} == {"old"}


def test_release_document_that_is_refused(sample: World, audit: Audit, fake: FakeIndex) -> None:
    """If the document of a pinned release cannot be read, what the list of releases says is checked all the same."""
    fake.fault("/pypi/old/1.0/json", faults.forbidden(), times=None)
    status, report = audit("old==1.0\n", "--rules", "vulnerable,yanked,missing", "--follow-dependencies", 0)
    assert (status, short(report)) == (1, [("yanked", "old", "1.0", 1, "1.1")])
    assert list(why(report)) == [("vulnerable", "old")]


def test_index_without_the_projects(sample: World, run: Run, fake: FakeIndex) -> None:
    """An index that has none of the projects may be the wrong one: a warning, beside the findings."""
    done = run("audit", "nowhere", "nobody", "--index-url", fake.url, "--format", "csv", "--fail-on", "vulnerable")
    assert done.returncode == 0
    assert f"warning: {fake.url} has none of the projects: check index_url\n" in done.stderr
    fake.new_run()
    assert "warning" not in run("audit", "nowhere", "flask", "--index-url", fake.url, "--format", "csv").stderr


def test_nothing_could_be_read(sample: World, run: Run, tmp_path: Path) -> None:
    """If the index cannot be reached, there is one error and no report."""
    done = run("audit", "flask==2.0", "--index-url", "http://127.0.0.1:9", "--format", "sarif")
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot be reached" in done.stderr.splitlines()[-1]


def test_dependencies_are_followed(world: World, fake: FakeIndex, audit: Audit, tmp_path: Path) -> None:
    """Without a lock file dependencies are checked, at the line of the pin that requires them; with one, none is."""
    world.add("flask", releases=["2.0"], requires_dist=["werkzeug"])
    world.add("werkzeug", releases=["3.0"], requires_dist=["markupsafe"])
    world.add("markupsafe", releases=["2.0"])
    world.add("click", releases=["8.0"])
    world.add_advisory("markupsafe", "2.0", advisory("PYSEC-9"))
    _, report = audit("click==8.0\nflask==2.0\n")
    assert short(report) == [("vulnerable", "markupsafe", "2.0", 2, None)]
    assert report["findings"][0]["required_by"] == "flask"
    assert report["checked"] == 4
    source = f'source = {{ registry = "{fake.url}/simple" }}'
    (tmp_path / "uv.lock").write_text(f'[[package]]\nname = "click"\nversion = "8.0"\n{source}\n')
    assert audit("flask==2.0\n", "-r", "uv.lock")[1]["checked"] == 2


def test_dependencies_that_are_not_known(sample: World, audit: Audit) -> None:
    """Without a lock file, a project whose dependencies the index does not publish is not checked by any rule."""
    options = ("--rules", "yanked", "--strict")
    with Simulated(Nexus()) as server:
        status, report = audit("tiny-tool\n", *options, url=server.index)
        assert (status, report["checked"]) == (2, 0)
        assert why(report)["yanked", "tiny-tool"].startswith("its dependencies are not known: this index offers no ")
        status, report = audit("tiny-tool\n", *options, "--follow-dependencies", 0, url=server.index)
        assert (status, report["checked"]) == (0, 1)


def test_lines_without_a_name(sample: World, audit: Audit, tmp_path: Path) -> None:
    """What a file requests without a name, or by an unset variable, is not checked."""
    lines = ["flask==2.0", "./local", "git+https://git.example/x.git", "-e .", "old==${NO_VARIABLE}"]
    status, report = audit("\n".join([*lines, "-r https://files.example/more.txt"]), "--rules", "yanked", "--strict")
    assert (status, report["checked"]) == (2, 1)
    assert {(one["project"], one["why"]) for one in report["not_checked"]} == {
        ("./local", "requirements.txt:2: a path, not a project of an index"),
        ("git+https://git.example/x.git", "requirements.txt:3: a URL, not a project of an index"),
        (".", "requirements.txt:4: editable, not a project of an index"),
        ("old==${NO_VARIABLE}", "requirements.txt:5: environment variable NO_VARIABLE is not set"),
        ("https://files.example/more.txt", "requirements.txt:6: a URL, not a file"),
    }


def test_dynamic_dependencies(sample: World, run: Run, fake: FakeIndex, tmp_path: Path) -> None:
    """Dependencies that only the build of a pyproject.toml tells are not checked."""
    text = '[project]\nname = "mine"\ndynamic = ["dependencies"]\noptional-dependencies.x = ["flask"]\n'
    (tmp_path / "pyproject.toml").write_text(text)
    done = run("audit", "-r", "pyproject.toml", "--index-url", fake.url, "--rules", "yanked", "--strict")
    assert done.returncode == 2
    assert done.stdout.splitlines()[0] == (
        "not checked: project.dependencies (yanked): pyproject.toml: determined by the build"
    )


def test_many_aliases(sample: World, audit: Audit) -> None:
    """A message has five aliases at most, so that the summary is not cut off; the report has all of them."""
    names = [f"CVE-{number}" for number in range(500)]
    sample.set_advisories("werkzeug", "2.2.1", [advisory("PYSEC-1", aliases=names, summary="a hole")])
    (finding,) = audit("werkzeug==2.2.1\n")[1]["findings"]
    assert finding["message"] == "PYSEC-1 (CVE-0, CVE-1, CVE-2, CVE-3, CVE-4 and 495 more): a hole"
    assert finding["aliases"] == names


def test_order_of_findings(sample: World, audit: Audit) -> None:
    """Advisories of a release come in the order of their identifiers, whatever the order of the index."""
    names = [f"PYSEC-{number}" for number in (3, 1, 4, 2)]
    sample.set_advisories("werkzeug", "2.2.1", [advisory(name) for name in names])
    _, report = audit("werkzeug==2.2.1\n")
    assert [one["id"] for one in report["findings"]] == sorted(names)


def test_dependency_at_another_release(world: World, audit: Audit) -> None:
    """If a requirement excludes a dependency's latest release, the release that would be installed was not checked.

    What the latest release is affected by is no finding.
    """
    world.add("flask", releases=["2.0"], requires_dist=["werkzeug<3"])
    world.add("werkzeug", releases=["2.0", "3.0"])
    world.add_advisory("werkzeug", "3.0", advisory("PYSEC-1"))
    _, report = audit("flask==2.0\n")
    assert report["findings"] == []
    assert why(report) == {
        (rule, "werkzeug"): "flask 2.0 does not admit 3.0, the only release that was read; audit a lock file"
        for rule in ("vulnerable", "yanked")
    }


def test_kept_database(sample: World, audit: Audit, fake: FakeIndex, tmp_path: Path) -> None:
    """With --into, a second audit sends conditional requests, and sees new advisories with their times."""
    options = ("--into", "pypi.duckdb")
    first = audit("werkzeug==2.2.1\nflask==2.0\n", *options)[1]
    assert [one["since"] for one in first["findings"]] == [None]
    sample.add_advisory("flask", "2.0", advisory("PYSEC-3"))
    status, report = audit("werkzeug==2.2.1\nflask==2.0\n", *options)
    assert (status, [one["project"] for one in report["findings"]]) == (1, ["flask", "werkzeug"])
    assert all(one["since"] for one in report["findings"])
    assert {request.status for request in fake.requests} == {200, 304}
    with duckdb.connect(str(tmp_path / "pypi.duckdb"), read_only=True) as connection:
        assert connection.execute("select project from pins order by position").fetchall() == [
            ("werkzeug",),
            ("flask",),
        ]


def test_temporary_database_is_deleted(
    sample: World, audit: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --into nothing stays behind."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    audit("flask==2.0\n")
    assert list((tmp_path / "temporary").iterdir()) == []


def test_output_file(sample: World, run: Run, fake: FakeIndex, tmp_path: Path) -> None:
    """-o writes the report to a file; standard output has the summary."""
    done = run("audit", "werkzeug==2.2.1", "--index-url", fake.url, "--format", "markdown", "-o", "audit.md")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == (
        "1 release checked, 1 finding (1 failing), 0 projects not fully checked, 0 findings allowed -> audit.md\n"
    )
    assert (tmp_path / "audit.md").read_text().startswith("## Audit of Python packages\n")
    assert "<b>" not in (tmp_path / "audit.md").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["audit.md"]


def test_output_to_standard_output(sample: World, run: Run, fake: FakeIndex, tmp_path: Path) -> None:
    """-o - is standard output, as without -o; no file of this name is made."""
    options = ("audit", "werkzeug==2.2.1", "--index-url", fake.url, "--format", "csv")
    without = run(*options).stdout
    fake.new_run()
    assert run(*options, "-o", "-").stdout == without
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_output_to_a_pipe(sample: World, run: Run, fake: FakeIndex, tmp_path: Path) -> None:
    """-o writes into a named pipe, as into a device; no file takes its place."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        done = run("audit", "werkzeug==2.2.1", "--index-url", fake.url, "-o", "pipe")
        assert os.read(reader, 100_000).startswith(b"rule ")
    finally:
        os.close(reader)
    assert (done.returncode, pipe.is_fifo(), list(tmp_path.iterdir())) == (1, True, [pipe])


def test_output_to_a_link(sample: World, run: Run, fake: FakeIndex, tmp_path: Path) -> None:
    """-o writes into the file that a link names; the link stays."""
    (tmp_path / "link.txt").symlink_to("target.txt")
    run("audit", "werkzeug==2.2.1", "--index-url", fake.url, "-o", "link.txt")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "target.txt").read_text().startswith("rule ")


@pytest.mark.parametrize(
    ("options", "message"),
    [((), "interrupted; nothing was reported"), (("--into", "x.duckdb"), "interrupted; what was read before is kept")],
)
def test_interrupted(sample: World, fake: FakeIndex, tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    """After a signal the error says whether what was read is kept: only --into keeps it."""
    fake.fault("/pypi/flask/json", faults.slow(5))
    command = [sys.executable, "-m", "source_pypi", "audit", "flask", "--index-url", fake.url, *options]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        while not fake.requests:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=20)[1] == f"error: {message}\n"
    assert process.returncode == 130


def test_output_that_is_no_file(sample: World, run: Run, fake: FakeIndex, tmp_path: Path) -> None:
    """A device is written to and stays one."""
    (tmp_path / "null").symlink_to("/dev/null")
    assert run("audit", "werkzeug==2.2.1", "--index-url", fake.url, "-o", "null").returncode == 1
    assert ((tmp_path / "null").is_symlink(), Path("/dev/null").is_char_device()) == (True, True)


def test_table(sample: World, run: Run, fake: FakeIndex) -> None:
    """The default format is a table; pins of the command line say so."""
    done = run("audit", "werkzeug==2.2.1", "--index-url", fake.url)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines() == [
        "rule        project   version  where         fix                   finding",
        "vulnerable  werkzeug  2.2.1    command line  2.2.3 (not admitted)  PYSEC-1 (CVE-1): a | <b>\\x1b[31m",
        f"1 release checked, 1 finding (1 failing), 0 projects not fully checked, 0 findings allowed; index {fake.url}",
    ]


def test_pins_of_settings(sample: World, run: Run, fake: FakeIndex, tmp_path: Path) -> None:
    """A finding about a project that only a setting names is in no file, and on no line."""
    settings = {"project_name": "werkzeug", "version": "2.2.1", "projects": ["boxed"], "requirements": "old==1.0"}
    (tmp_path / "settings.json").write_text(json.dumps({**settings, "index_url": fake.url}))
    done = run("audit", "--config", "settings.json", "--format", "json")
    places = [(one["project"], one["file"], one["line"]) for one in json.loads(done.stdout)["findings"]]
    assert places == [("werkzeug", None, None), ("old", None, None), ("boxed", None, None)]


def test_other_rules(world: World, audit: Audit) -> None:
    """Rules about projects and licences: outdated, stale, sole-maintainer, license, unattested."""
    world.add("flask", releases=["1.0", "1.1", "2.0"], license_expression="MIT OR GPL-3.0-only", owner="eve")
    world.add("copied", releases=["1.0"], license_expression="GPL-3.0-only")
    rules = "outdated,outdated:major,stale,sole-maintainer,license:GPL-3.0-only,license:not MIT,unattested"
    _, report = audit("flask==1.0\ncopied==1.0\n", "--rules", rules)
    assert [(one["rule"], one["project"], one["fix"]) for one in report["findings"]] == [
        ("license:GPL-3.0-only", "copied", None),
        ("license:not MIT", "copied", None),
        ("unattested", "copied", None),
        ("unattested", "flask", None),
        ("outdated", "flask", "2.0"),
        ("outdated:major", "flask", "2.0"),
        ("stale", "copied", None),
        ("stale", "flask", None),
        ("sole-maintainer", "flask", None),
    ]


def test_dates(world: World, audit: Audit) -> None:
    """Findings about releases have the time of the upload: of the latest release, or of the one that is pinned."""
    world.add("flask", releases=["1.0", "1.1"], license_expression="MIT", owner="eve")
    uploaded = {
        name: min(file.uploaded_at for file in release.files.values()).replace(tzinfo=UTC)
        for name, release in world.projects["flask"].releases.items()
    }
    _, report = audit("flask==1.0\n", "--rules", "license:MIT,unattested,outdated,stale,sole-maintainer")
    since = {one["rule"]: one["since"] for one in report["findings"]}
    assert {rule: None if text is None else datetime.fromisoformat(text) for rule, text in since.items()} == {
        "license:MIT": uploaded["1.0"],
        "unattested": uploaded["1.0"],
        "outdated": uploaded["1.1"],
        "stale": uploaded["1.1"],
        "sole-maintainer": None,
    }


def test_date_of_a_yank(sample: World, audit: Audit) -> None:
    """With --into, a release that is yanked later is found with the time of the audit that first saw it yanked."""
    sample.add("flit", releases=["1.0", "1.1"])
    options = ("--rules", "yanked", "--into", "pypi.duckdb")
    assert audit("flit==1.0\n", *options)[1]["findings"] == []
    sample.yank("flit", "1.0")
    began = datetime.now(UTC)
    (found,) = audit("flit==1.0\n", *options)[1]["findings"]
    assert began <= datetime.fromisoformat(found["since"]) <= datetime.now(UTC)


@pytest.mark.parametrize("history", [(), ("--history",)])
def test_date_of_a_sole_maintainer(
    world: World, audit: Audit, run: Run, fake: FakeIndex, history: tuple[str, ...]
) -> None:
    """With --into, a sole maintainer has a date: with history, when the other user lost a role; else of the row."""
    world.add("flask", releases=["1.0"], owner="eve")
    world.add_role("flask", "bob")
    options = ("--index-url", fake.url, "--requests-per-second", "0", "--into", "pypi.duckdb", *history)
    run("sync", "flask", *options, "--streams", "roles,projects")
    times = [datetime.now(UTC)]
    changes: list[Callable[[], object]] = [
        lambda: world.remove_role("flask", "bob"),
        lambda: world.add_role("flask", "eve", "Maintainer"),
    ]
    for change in changes:
        change()
        _, report = audit("flask==1.0\n", "--rules", "sole-maintainer", "--into", "pypi.duckdb")
        times += [datetime.fromisoformat(one["since"]) for one in report["findings"]]
    assert len(times) == 3
    assert (times == sorted(times), times[1] == times[2]) == (True, bool(history))


def test_unknown_licence(world: World, audit: Audit) -> None:
    """A licence that is not known as an expression could not be checked."""
    world.add("flask", license="my own | words")
    status, report = audit("flask==1.0\n", "--rules", "license:GPL-3.0-only", "--strict")
    assert (status, why(report)) == (
        2,
        {("license:GPL-3.0-only", "flask"): "its licence is not known as an SPDX expression (my own | words)"},
    )
