"""The commands with an index that is a folder."""

import json
from pathlib import Path
from typing import Any

import pytest

import source_pypi
from tests.cli import Run
from tests.databases import opened
from tests.fake_index import FakeIndex
from tests.mirrors import NAMES, write_mirror


@pytest.mark.usefixtures("mirrored")
def test_sync_reads_what_changed(fake: FakeIndex, tmp_path: Path, run: Run) -> None:
    """A second sync reads changed files only; a removed project is missing, and half a document keeps its rows."""
    web = write_mirror(fake, tmp_path / "mirror", NAMES) / "web"
    sync = ("sync", *NAMES, "--index-url", "mirror", "--into", "x.duckdb")
    with pytest.raises(AssertionError):
        _done(run(*sync))
    sync = ("sync", *NAMES, "--index-url", "./mirror", "--into", "x.duckdb")
    assert "3 projects, 3 requests" in _done(run(*sync)).stdout
    assert "3 projects (3 unchanged), 3 requests, 0 bytes" in _done(run(*sync)).stdout
    document = json.loads((web / "json" / "flask").read_bytes())
    (web / "json" / "flask").write_bytes(json.dumps(document | {"last_serial": 99}).encode())
    (web / "json" / "ruamel-yaml").write_bytes(b'{"info": {"name": "ruamel.yaml"')
    for path in (web / "json" / "quiet", web / "pypi" / "quiet" / "json", web / "simple" / "quiet" / "index.v1_json"):
        path.unlink()
    done = run(*sync)
    assert "expected a project document (JSON with 'info')" in done.stderr
    assert f"{(tmp_path / 'mirror').as_uri()}/pypi/ruamel-yaml/json" in done.stderr
    assert "quiet" in done.stderr
    with opened(tmp_path / "x.duckdb") as database:
        rows = database.execute("select project, serial from projects order by project").fetchall()
    assert rows == [("flask", 99), ("ruamel-yaml", rows[1][1])]


@pytest.mark.usefixtures("mirrored")
def test_commands_take_a_folder(fake: FakeIndex, tmp_path: Path, run: Run) -> None:
    """check, audit, --plan and --whole-index work on a mirror; names that it does not have are missing."""
    mirror = write_mirror(fake, tmp_path / "mirror", NAMES)
    for url in (str(mirror), f"{mirror.as_uri()}/web/simple/", f"file:{mirror}/web"):
        (tmp_path / "config.json").write_text(json.dumps({"projects": list(NAMES), "index_url": url}))
        assert json.loads(run("check", "--config", "config.json").stdout)["connectionStatus"]["status"] == "SUCCEEDED"
    (tmp_path / "config.json").write_text(json.dumps({"projects": ["flsk"], "index_url": str(mirror)}))
    assert "similar names there: flask" in run("check", "--config", "config.json").stdout
    (tmp_path / "requirements.txt").write_text("flask==1.0\n")
    done = run("audit", "-r", "requirements.txt", "--index-url", mirror, "--format", "json")
    assert {(one["rule"], one["project"]) for one in json.loads(done.stdout)["findings"]} >= {("yanked", "flask")}
    whole = _done(run("sync", "--whole-index", "--index-url", mirror, "--into", "whole.duckdb"))
    assert "3 projects, 4 requests" in whole.stdout
    with source_pypi.open(["flask"], streams=["files"], index_url=str(mirror)) as opened_run:
        assert {row.project for row in opened_run} == {"flask"}


def test_manifest_needs_an_index_over_http(tmp_path: Path, run: Run) -> None:
    """A manifest of a folder is an error: the Builder cannot read it."""
    done = run("manifest", "--index-url", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "the Builder reads an index over HTTP only" in done.stderr


def test_journal_of_a_folder_is_not_offered(tmp_path: Path, run: Run) -> None:
    """The stream events says that a folder has no journal, and sends nothing."""
    (tmp_path / "simple").mkdir()
    done = run("sync", "--index-url", tmp_path, "--streams", "events", "--into", "x.duckdb")
    assert "offers no journal of events" in done.stderr
    assert done.returncode == 1


def _done(done: Any) -> Any:
    assert done.returncode == 0, done.stderr
    return done
