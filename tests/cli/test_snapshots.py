"""A loaded destination is a snapshot from which others continue."""

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from tests.cli import Run
from tests.fake_index import FakeIndex, World

#: A user other than the one who runs the tests, if that is root.
_OTHER_USER = 65_534


def _digests(path: Path) -> dict[str, str]:
    """The digests of a file, or of the files of a folder."""
    files = [one for one in path.rglob("*") if one.is_file()] if path.is_dir() else [path]
    return {str(one.relative_to(path)): hashlib.sha256(one.read_bytes()).hexdigest() for one in files}


def _make_read_only(path: Path) -> None:
    """Take the right to write a file or folder from its owner, who becomes another user if possible."""
    for one in (path, *path.rglob("*")):
        one.chmod(0o555 if one.is_dir() else 0o444)
        if os.geteuid() == 0:
            os.chown(one, _OTHER_USER, _OTHER_USER)


def _copy(original: Path, copy: Path) -> None:
    """Copy a file or folder, and make the copy writable."""
    if not original.is_dir():
        shutil.copyfile(original, copy)
        return
    shutil.copytree(original, copy, copy_function=shutil.copyfile)
    for one in (copy, *copy.rglob("*")):
        one.chmod(0o755 if one.is_dir() else 0o644)


@pytest.mark.parametrize("name", ["pypi.duckdb", "warehouse"])
def test_copy_continues(world: World, fake: FakeIndex, run: Run, tmp_path: Path, name: str) -> None:
    """A copy at another path continues where the original ended, which may belong to another user and be read-only."""
    for project in ("flask", "click", "werkzeug"):
        world.add(project, releases=["1.0"])
    original = tmp_path / "published" / name
    original.parent.mkdir()
    into = f"{original}/" if name == "warehouse" else original
    assert run("sync", "flask", "click", "werkzeug", "--index-url", fake.url, "--into", into).returncode == 0
    _make_read_only(original.parent)
    before = _digests(original)
    copy = tmp_path / "mine" / f"copy-of-{name}"
    copy.parent.mkdir()
    _copy(original, copy)
    world.release("flask", "2.0")
    world.upload("flask", "2.0", filename="flask-2.0.tar.gz")
    world.delete_project("werkzeug")
    fake.new_run()
    into = f"{copy}/" if copy.is_dir() else copy
    done = run("sync", "flask", "click", "werkzeug", "--index-url", fake.url, "--into", into)
    assert "werkzeug" in done.stderr
    statuses = {request.path: request.status for request in fake.requests}
    assert statuses["/pypi/click/json"] == 304
    assert statuses["/pypi/flask/json"] == 200
    rows = run("query", "SELECT project, version FROM versions ORDER BY ALL", "--from", copy, "--format", "csv")
    assert rows.stdout.split() == ["project,version", "click,1.0", "flask,1.0", "flask,2.0"]
    assert _digests(original) == before
    rows = run("query", "SELECT count(*) AS n FROM versions", "--from", original, "--format", "csv")
    assert rows.stdout.split() == ["n", "3"]
