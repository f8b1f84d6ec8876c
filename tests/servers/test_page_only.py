"""Every index gives versions and files: from its pages, whether or not it has project documents."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from packaging.utils import canonicalize_name

from tests.servers import servers
from tests.servers.claims import NOBODY, table
from tests.servers.conftest import PAGE_STREAMS, Load, Run, Start, run_in
from tests.servers.expected import INDEXES, ExpectedFile, expected_files
from tests.servers.packages import PROJECTS, REQUIRES, UPLOADS
from tests.servers.simulated import Awkward, GitLab, Simulated
from tests.servers.trees import LONG

pytestmark = pytest.mark.servers
#: Redirects to another index are still followed.
EACH_INDEX = pytest.mark.parametrize("name", INDEXES)

_FILES = """
select filename, version, md5, sha256, size, uploaded_at at time zone 'UTC', requires_python, yanked, yanked_reason,
  has_core_metadata, core_metadata_sha256
from files where project = ? order by filename
"""
_VERSIONS = """
select version, file_count, total_size, has_sdist, has_wheel, yanked, is_latest from versions where project = ?
order by sort_key
"""


def query(folder: Path, text: str, project: str) -> list[tuple[Any, ...]]:
    """Rows of what was loaded."""
    with duckdb.connect(str(folder / "pypi.duckdb"), read_only=True) as database:
        return database.execute(text, [project]).fetchall()


def files_row(file: ExpectedFile) -> tuple[Any, ...]:
    """A row of ``files``; a file is yanked, or described, or the row may as well say that nothing is known."""
    uploaded_at = file.uploaded_at and file.uploaded_at.replace(tzinfo=None)
    return (
        *(file.filename, file.version, file.md5, file.sha256, file.size, uploaded_at, file.requires_python),
        *(file.yanked, file.yanked_reason, file.core_metadata, file.core_metadata_sha256),
    )


def loaded_files(folder: Path, project: str) -> list[tuple[Any, ...]]:
    """Rows of ``files``, with false for null in ``yanked`` and ``has_core_metadata``."""
    rows = query(folder, _FILES, project)
    return [(*row[:7], bool(row[7]), row[8], bool(row[9]), row[10]) for row in rows]


def version_rows(files: list[ExpectedFile]) -> list[tuple[Any, ...]]:
    """Rows of ``versions`` that the files make; the last is the latest, unless it is yanked."""
    rows = []
    versions = sorted({file.version for file in files})
    for version in versions:
        own = [file for file in files if file.version == version]
        sizes = [file.size for file in own if file.size is not None]
        rows.append(
            (
                *(version, len(own), sum(sizes) if len(sizes) == len(own) else None),
                *(any(file.filename.endswith(ending) for file in own) for ending in (".tar.gz", ".whl")),
                *(all(file.yanked for file in own), version == versions[-1]),
            )
        )
    return rows


@EACH_INDEX
def test_files(load: Load, name: str) -> None:
    """The files of each project, with all that the index says of them, and nothing that it does not say."""
    done, folder = load(name)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    expected = {project: [files_row(file) for file in expected_files(INDEXES[name], project)] for project in PROJECTS}
    assert {project: loaded_files(folder, project) for project in PROJECTS} == expected


@EACH_INDEX
def test_versions(load: Load, name: str) -> None:
    """The versions of each project, with what their files tell."""
    done, folder = load(name)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    for project in PROJECTS:
        rows = [(*row[:5], bool(row[5]), row[6]) for row in query(folder, _VERSIONS, project)]
        assert rows == version_rows(expected_files(INDEXES[name], project))


@EACH_INDEX
def test_projects_and_statuses(load: Load, name: str) -> None:
    """A row for each project, whichever form of its page the index has."""
    done, _ = load(name)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    counted = {"projects": len(PROJECTS), "versions": 6, "files": len(UPLOADS), "statuses": len(PROJECTS)}
    assert {stream: table(done).get(stream) for stream in counted} == counted


@EACH_INDEX
def test_second_sync(start: Start, load: Load, tmp_path: Path, name: str) -> None:
    """A second sync deletes nothing and changes nothing."""
    _, folder = load(name)
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    before = {project: query(tmp_path, _FILES, project) for project in PROJECTS}
    done = run_in(tmp_path, "sync", *PROJECTS, *PAGE_STREAMS, "--index-url", start(name).index)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert {project: query(tmp_path, _FILES, project) for project in PROJECTS} == before
    assert sum(len(rows) for rows in before.values()) == len(UPLOADS)


@EACH_INDEX
def test_missing_project(start: Start, run: Run, tmp_path: Path, name: str) -> None:
    """A project that the index does not have is one error, also where its page is empty; the other is loaded."""
    done = run("sync", NOBODY, "tiny-tool", *PAGE_STREAMS, "--index-url", start(name).index)
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert [NOBODY in line for line in errors] == [True]
    assert len(query(tmp_path, _FILES, "tiny-tool")) == 2


def test_names_that_the_list_of_a_folder_cuts(start: Start, run: Run, tmp_path: Path) -> None:
    """A file's name comes from its address: nginx cuts the text of a link after fifty characters."""
    run("sync", LONG.project, *PAGE_STREAMS, "--index-url", start("folder").index)
    assert [row[0] for row in query(tmp_path, _FILES, LONG.project)] == [LONG.filename]


def test_redirect_to_another_index_from_pypiserver(
    tmp_path_factory: pytest.TempPathFactory, run: Run, tmp_path: Path
) -> None:
    """A redirect of pypiserver to another index is not followed: the project is missing."""
    other, folder = Simulated(GitLab()), tmp_path_factory.mktemp("pypiserver")
    with other, servers.pypiserver(folder, fallback=other.index) as server:
        done = run("sync", NOBODY, "tiny-tool", *PAGE_STREAMS, "--index-url", f"{server.url}/simple/")
    assert done.returncode == 1
    assert NOBODY in done.stderr
    assert other.asked == []
    assert len(query(tmp_path, _FILES, "tiny-tool")) == 2


def test_redirect_to_an_index_that_has_the_project(
    tmp_path_factory: pytest.TempPathFactory, run: Run, tmp_path: Path
) -> None:
    """Rows of another index do not get into the tables, although it has a project of that name."""
    folder = tmp_path_factory.mktemp("simpleindex")
    with Simulated(GitLab()) as other, Simulated(GitLab(fallback=other.index)) as gitlab:
        done = run("sync", NOBODY, *PAGE_STREAMS, "--index-url", gitlab.index)
        assert other.asked == []
        with servers.simpleindex(folder, other.index) as server:
            again = run("sync", "other-tool", *PAGE_STREAMS, "--index-url", server.index)
    assert (done.returncode, again.returncode) == (1, 1)
    assert NOBODY in done.stderr
    assert "other-tool" in again.stderr
    assert other.asked == []


def test_index_without_the_right_password(start: Start, run: Run) -> None:
    """An index that wants credentials and gets wrong ones is one error, which does not repeat them."""
    url = start("Azure Artifacts").index.replace("open%20sesame", "wrong-password")
    done = run("sync", "tiny-tool", *PAGE_STREAMS, "--index-url", url)
    assert done.returncode == 1
    assert "401" in done.stderr
    assert "wrong-password" not in done.stderr + done.stdout


def test_hashes_that_the_table_has_no_column_for(start: Start, run: Run, tmp_path: Path) -> None:
    """A file whose page has a SHA-512 alone has no SHA-256: none is made up from it."""
    run("sync", "tiny-tool", *PAGE_STREAMS, "--index-url", start("awkward HTML").index)
    digests = {hashlib.sha512(upload.content).hexdigest()[:64] for upload in UPLOADS}
    assert [row[3] for row in query(tmp_path, _FILES, "tiny-tool")] == [None, None]
    assert digests.isdisjoint(str(row) for row in query(tmp_path, _FILES, "tiny-tool"))


@pytest.mark.parametrize("name", ["simple-repository-server", "proxpi", "awkward HTML"])
def test_metadata_of_an_index_without_documents(start: Start, run: Run, tmp_path: Path, name: str) -> None:
    """Where pages announce METADATA, it gives dependencies, classifiers and a summary; urls has no row."""
    streams = ("--streams", "projects,dependencies,classifiers,urls")
    done = run("sync", *PROJECTS, *streams, "--index-url", start(name).index)
    assert (done.returncode, done.stderr.count("warning:")) == (0, 1), done.stderr
    latest = {canonicalize_name(upload.project): upload for upload in UPLOADS}
    for project, upload in latest.items():
        version = upload.version
        required = "select version, requirement, source from dependencies where project = ?"
        assert query(tmp_path, required, project) == [(version, REQUIRES, "core_metadata")]
        classified = "select version, classifier, source from classifiers where project = ?"
        assert query(tmp_path, classified, project) == [(version, "Programming Language :: Python :: 3", "metadata")]
        described = "select name, latest_version, summary, source from projects where project = ?"
        assert query(tmp_path, described, project) == [
            (upload.project, version, f"{upload.project} is small", "metadata")
        ]


def test_metadata_is_requested_once(run: Run) -> None:
    """A second sync requests no METADATA that the first one has read."""
    with Simulated(Awkward()) as server:
        for expected in (len(PROJECTS), 0):
            done = run("sync", *PROJECTS, "--streams", "projects,dependencies", "--index-url", server.index)
            assert done.returncode == 0, done.stderr
            assert sum(".metadata" in path for path in server.asked) == expected
            server.asked.clear()


@pytest.mark.parametrize("name", ["GitLab", "devpi", "folder"])
def test_first_seen_at_survives(start: Start, run: Run, tmp_path: Path, name: str) -> None:
    """Without upload times, a file has the time of its first sync, also after a second one and a full check."""
    text = "select filename, first_seen_at, uploaded_at from files where project = ? order by filename"
    asked = ("sync", "tiny-tool", *PAGE_STREAMS, "--index-url", start(name).index)
    assert run(*asked).returncode == 0
    before = query(tmp_path, text, "tiny-tool")
    assert [(row[1] is not None, row[2]) for row in before] == [(True, None)] * 2
    assert run(*asked, full_check_days=0).returncode == 0
    assert query(tmp_path, text, "tiny-tool") == before
    assert query(tmp_path, "select min(first_seen_at) from versions where project = ?", "tiny-tool") == [before[0][1:2]]
