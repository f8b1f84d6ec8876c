"""devpi-server: project pages as JSON at +simple/, and no project documents."""

import json

import pytest

from source_pypi.services.index.documents.kinds import DocumentKind
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
    rows_of,
    table,
    unknown,
    version_row,
    wheel_tags,
    without_warning,
)
from tests.servers.conftest import Read, Run
from tests.servers.packages import PROJECTS, Upload
from tests.servers.servers import Server
from tests.servers.simulated import REQUIRES_PYTHON

pytestmark = pytest.mark.servers
ENDINGS = pytest.mark.parametrize("ending", ["", "/+simple/"])
#: What can only be had with a project document.
DOCUMENTS = frozenset(
    {DocumentKind.PROJECT, DocumentKind.RELEASES, DocumentKind.PROVENANCE, DocumentKind.CORE_METADATA}
)


@pytest.fixture
def claims(devpi: Server) -> Claims:
    """What it can give, and what it lacks."""
    index = devpi.index
    rows: dict[str, list[Row]] = {
        "projects": [
            row(
                "projects",
                project=PROJECT,
                name=PROJECT,
                latest_version="1.1",
                version_count=2,
                file_count=4,
                requires_python=REQUIRES_PYTHON,
                yanked=False,
                source="page",
            )
        ],
        "versions": [
            version_row(version, requires_python=REQUIRES_PYTHON, source="page") for version in ("1.0", "1.1")
        ],
        "files": [_file(index, upload) for upload in FILES],
        "statuses": [_status(PROJECT, 4)],
        "listing": [row("listing", project=project, name=project) for project in PROJECTS],
    }
    document = not_offered("project documents", f"{index}/pypi/{PROJECT}/json")
    lacks = {s.name: document for s in STREAMS if DOCUMENTS & set(s.documents) and s.name not in rows}
    metadata = not_offered("core metadata", f"{index}/+simple/{PROJECT}/", "announces none for the selected releases")
    lacks |= dict.fromkeys(
        ("dependencies", "dependency_clauses", "classifiers", "licenses", "urls", "core_metadata"), metadata
    )
    lacks |= {name: not_offered(what, f"{index}{path}") for name, (what, path) in PUBLIC_ONLY.items()}
    return Claims(devpi.url, rows, lacks)


def _file(index: str, upload: Upload) -> Row:
    """A file as the page describes it."""
    return row(
        "files",
        project=PROJECT,
        version=upload.version,
        filename=upload.filename,
        url=f"{index}/+f/{upload.sha256[:3]}/{upload.sha256[3:16]}/{upload.filename}",
        sha256=upload.sha256,
        requires_python=REQUIRES_PYTHON,
        yanked=False,
        first_seen_at=FIRST_VISIT,
        source="page",
        **wheel_tags(upload),
    )


def _status(project: str, files: int) -> Row:
    """A project of which there is a page and no document."""
    return row(
        "statuses",
        project=project,
        status="active",
        has_status=False,
        has_document=False,
        has_page=True,
        file_count=files,
    )


@ENDINGS
def test_check(devpi: Server, run: Run, ending: str) -> None:
    """It answers, and has the project: the check succeeds."""
    done = run("check", index_url=devpi.index + ending, projects=[PROJECT])
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["connectionStatus"]["status"] == "SUCCEEDED"


@ENDINGS
def test_check_of_a_missing_project(devpi: Server, run: Run, ending: str) -> None:
    """A project that it does not have fails the check, and only that project is named."""
    done = run("check", index_url=devpi.index + ending, projects=[PROJECT, NOBODY])
    status = json.loads(done.stdout)["connectionStatus"]
    assert status["status"] == "FAILED"
    assert status["message"].startswith(f"not on the index {devpi.index}: {NOBODY} (")


def test_discover(devpi: Server, run: Run) -> None:
    """Every stream is discovered, whatever the server lacks."""
    done = run("discover", index_url=devpi.index, projects=[PROJECT])
    assert (done.returncode, done.stderr) == (0, "")
    assert [s["name"] for s in json.loads(done.stdout)["catalog"]["streams"]] == [stream.name for stream in STREAMS]


@ENDINGS
@EACH_STREAM
def test_read(devpi: Server, claims: Claims, read: Read, name: str, ending: str) -> None:
    """Each stream gives the rows that the server can give, or one error that says what it lacks."""
    claims.judge_read(name, *read([name], index_url=devpi.index + ending, projects=[PROJECT]))


@ENDINGS
@EACH_STREAM
def test_sync(devpi: Server, claims: Claims, run: Run, name: str, ending: str) -> None:
    """Each stream is loaded, or exactly one line says what the server lacks for it."""
    claims.judge_sync(name, run("sync", PROJECT, "--streams", name, index_url=devpi.index + ending))


@ENDINGS
def test_sync_of_a_missing_project(devpi: Server, run: Run, ending: str) -> None:
    """A project that it does not have is one line, and a row that says so; the others are loaded."""
    done = run("sync", NOBODY, PROJECT, "--streams", "statuses", index_url=devpi.index + ending)
    assert (done.returncode, done.stderr) == (1, f"error: {unknown(devpi.index, NOBODY)}\n")
    assert table(done) == {"statuses": 2}


def test_sync_of_many(devpi: Server, claims: Claims, run: Run) -> None:
    """What the server lacks is said once, not once a project, and does not end the run early."""
    names = claimed(claims)
    done = run(
        "sync", *sorted(PROJECTS, key=lambda p: p != PROJECT), "--streams", ",".join(names), index_url=devpi.index
    )
    assert done.returncode == 1
    assert sorted(without_warning(done.stderr)) == claims.lines(names)
    assert len(done.stderr.splitlines()) == len(claims.lines(names)) + 1
    assert table(done) == {"projects": 4, "versions": 6, "files": 8, "statuses": 4, "listing": 4}


def test_whole_index(devpi: Server, read: Read) -> None:
    """The projects of the whole index come from its list."""
    status, messages = read(["statuses"], index_url=devpi.index, whole_index=True)
    assert status == 0
    expected = [_status("first-extra", 1), _status("second-extra", 1), _status(PROJECT, 4), _status("tiny-tool", 2)]
    assert sorted(rows_of(messages), key=lambda row: str(row["project"])) == expected


def test_root_of_the_server(devpi: Server, run: Run) -> None:
    """The server's root is no index: one line, no traceback."""
    done = run("sync", PROJECT, index_url=devpi.url)
    assert (done.returncode, done.stderr) == (1, f"error: {unknown(devpi.url, PROJECT)}\n")
