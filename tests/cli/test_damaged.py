"""Commands that open a DuckDB file which is damaged or not complete."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.cli import Run
from tests.cli.loaded import make_database
from tests.fake_index import FakeIndex, World

DAMAGED = "it is damaged, or an incomplete copy; copy it again, or sync into a new file\n"
#: Commands that read the file x.duckdb.
READING: tuple[tuple[str, ...], ...] = (
    ("export", "--all", "--to", "out", "--from", "x.duckdb"),
    ("export", "projects", "files", "--to", "out", "--from", "x.duckdb"),
    ("query", "projects", "--from", "x.duckdb", "-o", "out.csv"),
    ("query", "--list", "--from", "x.duckdb"),
    ("report", "x.duckdb"),
)
#: Commands that write it.
WRITING: tuple[tuple[str, ...], ...] = (("sync",), ("sync", "flask"), ("audit", "flask==1.0"))


def half(content: bytes) -> bytes:
    """A copy that ended early."""
    return content[: len(content) // 2]


def without_end(content: bytes) -> bytes:
    """A copy that lacks its last block."""
    return content[:-1000]


def flipped(content: bytes) -> bytes:
    """A file whose first block, which has the names of the tables, has other bytes."""
    return content[:12_400] + bytes(byte ^ 0xFF for byte in content[12_400:12_500]) + content[12_500:]


@pytest.fixture
def loaded(world: World, fake: FakeIndex, run: Run, tmp_path: Path) -> bytes:
    """The content of a file that a sync wrote."""
    for name in ("flask", "click"):
        world.add(name, releases=["1.0", "2.0"])
    assert run("sync", "flask", "click", "--index-url", fake.url, "--into", "x.duckdb").returncode == 0
    return (tmp_path / "x.duckdb").read_bytes()


@pytest.mark.parametrize(
    ("damage", "lines"),
    [
        (half, {"", f"error: x.duckdb cannot be read: {DAMAGED}"}),
        (without_end, {""}),
        (flipped, {f"error: x.duckdb cannot be read: {DAMAGED}"}),
    ],
)
def test_damaged_file(
    loaded: bytes, fake: FakeIndex, run: Run, tmp_path: Path, damage: Callable[[bytes], bytes], lines: set[str]
) -> None:
    """A command that needs what is lost ends with one line that says so, and others with their results."""
    found = set[str]()
    for command in READING:
        (tmp_path / "x.duckdb").write_bytes(damage(loaded))
        done = run(*command)
        found.add(done.stderr if done.returncode else "")
    assert found == lines
    found = set()
    for command in WRITING:
        (tmp_path / "x.duckdb").write_bytes(damage(loaded))
        done = run(*command, "--index-url", fake.url, "--into", "x.duckdb")
        assert done.returncode == 1
        found.add(done.stderr)
    assert found == {f"error: cannot write x.duckdb: {DAMAGED}"}


def test_damaged_log(run: Run, tmp_path: Path) -> None:
    """A log that is damaged is named, also by commands that only read."""
    path = make_database(tmp_path / "x.duckdb")
    with duckdb.connect(str(path)) as connection:
        connection.execute("INSERT INTO projects (project) SELECT 'p' || range FROM range(5000)")
        content, log = path.read_bytes(), (tmp_path / "x.duckdb.wal").read_bytes()
    path.write_bytes(content)
    (tmp_path / "x.duckdb.wal").write_bytes(log[:60] + b"damaged" + log[67:])
    done = run("query", "projects", "--from", "x.duckdb")
    assert (done.returncode, done.stderr) == (
        1,
        "error: x.duckdb cannot be read: the log beside it (.wal) is damaged: restore a copy of both, or move the log "
        "away, with which its changes go\n",
    )
