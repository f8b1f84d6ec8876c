"""pypiserver: pages as HTML, and at /<name>/json a project document of little but addresses."""

import json
from pathlib import Path

import duckdb
import pytest

from source_pypi.streams import STREAMS
from tests.servers.claims import (
    EACH_STREAM,
    FILES,
    FIRST_VISIT,
    NOBODY,
    PROJECT,
    PUBLIC_ONLY,
    Claims,
    Row,
    claimed,
    not_offered,
    row,
    table,
    unknown,
    version_row,
    wheel_tags,
)
from tests.servers.conftest import Read, Run
from tests.servers.packages import PROJECTS
from tests.servers.servers import Server

pytestmark = pytest.mark.servers
ENDINGS = pytest.mark.parametrize("ending", ["", "/simple/"])
#: Streams that need a key of the project document which this server does not write.
KEYS = {
    "dependencies": "info.requires_dist",
    "classifiers": "info.classifiers",
    "urls": "info.project_urls",
    "vulnerabilities": "vulnerabilities",
    "roles": "ownership.roles",
}


@pytest.fixture
def claims(pypiserver: Server) -> Claims:
    """What it can give, and what it lacks."""
    url = pypiserver.url
    document = f"{url}/{PROJECT}/json"
    lacks = {name: not_offered(f"field {key} in project documents", document, "lacks it") for name, key in KEYS.items()}
    lacks |= {name: not_offered(what, f"{url}{path}") for name, (what, path) in PUBLIC_ONLY.items()}
    lacks["stats"] = not_offered("statistics", f"{url}/stats/")
    lacks["attestations"] = not_offered("provenance documents", f"{url}/simple/{PROJECT}/", "names none")
    rows: dict[str, list[Row]] = {
        "projects": [
            row(
                "projects",
                project=PROJECT,
                latest_version="1.1",
                version_count=2,
                file_count=4,
                source="document",
            )
        ],
        "versions": [version_row(version, source="document") for version in ("1.0", "1.1")],
        "statuses": [
            row(
                "statuses",
                project=PROJECT,
                status="active",
                has_status=False,
                has_document=True,
                has_page=True,
                file_count=4,
                agree=True,
            )
        ],
        "listing": [row("listing", project=project, name=project) for project in PROJECTS],
        "files": _files(url),
        "project": [_document(url)],
        "release": [{"project": PROJECT, "version": "1.1", "info": {"version": "1.1"}}],
    }
    return Claims(url, rows, lacks)


def _document(url: str) -> Row:
    """The project document as the server sends it."""
    releases: dict[str, list[Row]] = {}
    for upload in FILES:
        releases.setdefault(upload.version, []).append({"url": f"{url}/packages/{upload.filename}"})
    return {"project": PROJECT, "info": {"version": "1.1"}, "releases": releases}


def _files(url: str) -> list[Row]:
    return [
        row(
            "files",
            project=PROJECT,
            version=upload.version,
            filename=upload.filename,
            url=f"{url}/packages/{upload.filename}",
            sha256=upload.sha256,
            yanked=False,
            first_seen_at=FIRST_VISIT,
            source="document",
            **wheel_tags(upload),
        )
        for upload in FILES
    ]


@ENDINGS
def test_check(pypiserver: Server, run: Run, ending: str) -> None:
    """It answers: the check succeeds."""
    done = run("check", index_url=pypiserver.url + ending, projects=[PROJECT])
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["connectionStatus"]["status"] == "SUCCEEDED"


@ENDINGS
def test_check_of_a_missing_project(pypiserver: Server, run: Run, ending: str) -> None:
    """A project that it does not have fails the check, and only that project is named."""
    done = run("check", index_url=pypiserver.url + ending, projects=[PROJECT, NOBODY])
    status = json.loads(done.stdout)["connectionStatus"]
    assert status["status"] == "FAILED"
    assert status["message"].startswith(f"not on the index {pypiserver.url}: {NOBODY} (")


def test_discover(pypiserver: Server, run: Run) -> None:
    """Every stream is discovered, whatever the server lacks."""
    done = run("discover", index_url=pypiserver.url, projects=[PROJECT])
    assert (done.returncode, done.stderr) == (0, "")
    assert [s["name"] for s in json.loads(done.stdout)["catalog"]["streams"]] == [stream.name for stream in STREAMS]


@ENDINGS
@EACH_STREAM
def test_read(pypiserver: Server, claims: Claims, read: Read, name: str, ending: str) -> None:
    """Each stream gives the rows that the server can give, or one error that says what it lacks."""
    claims.judge_read(name, *read([name], index_url=pypiserver.url + ending, projects=[PROJECT]))


@ENDINGS
@EACH_STREAM
def test_sync(pypiserver: Server, claims: Claims, run: Run, name: str, ending: str) -> None:
    """Each stream is loaded, or exactly one line says what the server lacks for it."""
    done = run("sync", PROJECT, "--streams", name, index_url=pypiserver.url + ending)
    claims.judge_sync(name, done)


def test_sync_default(pypiserver: Server, run: Run, tmp_path: Path) -> None:
    """Without a word on streams, names in, tables out, as from any index."""
    done = run("sync", *PROJECTS, index_url=pypiserver.url)
    assert (done.returncode, done.stderr) == (0, "")
    with duckdb.connect(str(tmp_path / "pypi.duckdb"), read_only=True) as database:
        counted = database.execute("select project, count(*) from files group by all order by all").fetchall()
    assert counted == [("first-extra", 1), ("second-extra", 1), ("small-example", 4), ("tiny-tool", 2)]


def test_sync_of_a_missing_project(pypiserver: Server, run: Run) -> None:
    """A project that it does not have is one line, and the others are loaded."""
    done = run("sync", NOBODY, PROJECT, "--streams", "files", index_url=pypiserver.url)
    assert (done.returncode, done.stderr) == (1, f"error: {unknown(pypiserver.url, NOBODY)}\n")
    assert table(done)["files"] == 4


def test_sync_of_many(pypiserver: Server, claims: Claims, run: Run) -> None:
    """What the server lacks is said once, not once a project, and does not end the run early."""
    names = claimed(claims)
    done = run(
        "sync", *sorted(PROJECTS, key=lambda p: p != PROJECT), "--streams", ",".join(names), index_url=pypiserver.url
    )
    assert done.returncode == 1
    assert sorted(done.stderr.splitlines()) == claims.lines(names)
    given = {name: table(done)[name] for name in ("projects", "versions", "files", "project", "release", "statuses")}
    assert given == {"projects": 4, "versions": 6, "files": 8, "project": 4, "release": 4, "statuses": 4}


def test_pinned_release(pypiserver: Server, run: Run) -> None:
    """It has no document of a release that is not the latest; the line says so."""
    done = run("sync", f"{PROJECT}==1.0", "--streams", "release", index_url=pypiserver.url)
    assert done.returncode == 1
    assert done.stderr == (
        f"error: release: this index offers no release documents ({pypiserver.url}/{PROJECT}/1.0/json answered 404): "
        "leave the stream out, or read an index that has it\n"
    )
