"""Hostile documents through JSON lines, DuckDB and Python, next to a harmless project.

The tests of each module show how it refuses or repairs them; docs/reliability.md has the table.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

import source_pypi
from source_pypi.destinations import open_destination
from source_pypi.errors import DocumentError, TooLargeError
from source_pypi.safety import limits
from source_pypi.safety.limits import DEEPEST
from source_pypi.services.index import documents
from source_pypi.services.index.api import Index
from source_pypi.streams import choose_streams
from source_pypi.sync import changes
from source_pypi.sync.batch import Notice, lines_of
from source_pypi.sync.notices import NoticeKind
from tests.batches import rows_in
from tests.fake_index import FakeIndex, World
from tests.hostile import TAKEN, info, nested
from tests.sync.helpers import counts, read

Connect = Callable[..., Index]
READ = tuple(
    stream
    for stream in choose_streams(["all"])
    if stream.of_project and stream.name not in ("attestations", "core_metadata")
)
#: Seconds that a hostile project may take, including all streams and DuckDB.
QUICK = 10.0


def load(path: Path, batches: list[Any]) -> dict[str, int]:
    """Load batches with a history, commit by commit, and count the rows of ``bar`` in every table."""
    with open_destination(str(path), READ, root="", keep_history=True) as database:
        for batch in batches:
            database.add(batch)
            database.commit()
    with duckdb.connect(str(path), read_only=True) as connection:
        count = "select count(*) from {} where project = 'bar'"
        return {s.name: connection.execute(count.format(s.name)).fetchall()[0][0] for s in READ}


#: The streams that a hostile document may lack.
HOSTILE_STREAMS = {"roles", "vulnerabilities", "dependencies", "dependency_clauses", "classifiers", "urls", "files"}


@pytest.mark.parametrize("body", TAKEN.values(), ids=TAKEN.keys())
def test_hostile_document_affects_no_other_project(
    world: World, fake: FakeIndex, connect: Connect, tmp_path: Path, body: bytes
) -> None:
    """A hostile document takes no time and affects no other project: JSON lines, DuckDB, Python."""
    world.add("bar", ["1.0", "2.0"])
    world.override("/pypi/foo/json", body)
    began = time.process_time()
    hostile, sound = read(connect(fake), ["foo", "bar"], READ)
    assert (hostile.failures.keys() - HOSTILE_STREAMS) == set()
    for stream in READ:
        if stream.name in hostile.changes:
            lines = [json.loads(line, parse_int=str) for line in b"".join(lines_of(stream, hostile)).splitlines()]
            assert [line["project"] for line in lines] == ["foo"] * hostile.counts[stream.name]
    loaded = load(tmp_path / "x.duckdb", [hostile, sound])
    assert loaded == {name: len(rows) for name, rows in rows_in(sound).items()}
    assert [path.name for path in tmp_path.iterdir()] == ["x.duckdb"]
    assert time.process_time() - began < QUICK


@pytest.mark.parametrize(
    "name", ["a number beyond a double", "an integer of 5,000 digits", "nested as deep as is taken"]
)
def test_values_in_python(world: World, fake: FakeIndex, name: str) -> None:
    """Python has the values of a document; a number that a double cannot hold is None."""
    world.override("/pypi/foo/json", TAKEN[name])
    (row,) = source_pypi.read("project", ["foo"], index_url=fake.url, requests_per_second=0)
    assert row["info"]["new"] == (None if "deep" not in name else json.loads(nested(DEEPEST - 3)))


@pytest.mark.parametrize("depth", [DEEPEST, 900, 100_000])
@pytest.mark.parametrize("brackets", [("[", "]"), ('{"a":', "}")], ids=["lists", "objects"])
def test_document_nested_too_deep(
    world: World, fake: FakeIndex, connect: Connect, depth: int, brackets: tuple[str, str]
) -> None:
    """A document that is nested too deep affects the streams that pass it on, or the project, and no other project."""
    world.add("bar")
    world.override("/pypi/foo/json", info(new=nested(depth, *brackets)))
    hostile, sound = read(connect(fake), ["foo", "bar"], choose_streams(["files", "project", "release"]))
    assert set(hostile.failures) >= {"project", "release"}
    for error in hostile.failures.values():
        assert isinstance(error, TooLargeError | DocumentError)
        assert str(error).isprintable()
    assert (sound.failures, set(sound.changes)) == ({}, {"files", "project", "release"})


def test_version_too_long_for_a_url(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A version of a megabyte is a row; its release document is not requested, which is counted."""
    world.override("/pypi/foo/json", TAKEN["a version of a megabyte"])
    (batch,) = read(connect(fake), ["foo"], choose_streams(["versions", "release"]), releases="all")
    assert (batch.failures, counts(batch)) == ({}, {"versions": 2, "release": 1})
    assert batch.notices == (Notice(NoticeKind.UNREAD, count=1),)


def test_too_many_rows(world: World, fake: FakeIndex, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project with too many rows loses that stream only; the error gives stream, project and count."""
    monkeypatch.setattr(changes, "MOST_ROWS", 3)
    world.add("foo", ["1.0", "2.0"])
    world.add("bar")
    hostile, sound = read(connect(fake), ["foo", "bar"], choose_streams(["versions", "files"]))
    assert {name: str(error) for name, error in hostile.failures.items()} == {
        "files": "files of foo: 4 rows exceed the limit of 3; "
        "exclude this project, or report it to the index's operators"
    }
    assert (set(hostile.changes), set(sound.changes)) == ({"versions"}, {"versions", "files"})


def test_row_too_large(world: World, fake: FakeIndex, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that is too large fails its stream for that project only."""
    monkeypatch.setattr(changes, "LARGEST_ROW", 10_000)
    world.add("foo", description="x" * 10_000)
    world.add("bar")
    hostile, sound = read(connect(fake), ["foo", "bar"], choose_streams(["files", "project"]))
    assert str(hostile.failures["project"]).endswith(
        "bytes in one row exceed the limit of 10,000; exclude this project, or report it to the index's operators"
    )
    assert (set(hostile.changes), set(sound.changes)) == ({"files"}, {"files", "project"})


def test_projects_above_a_limit_do_not_stop_the_run(
    world: World, fake: FakeIndex, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Consecutive projects above a limit do not stop the run."""
    monkeypatch.setattr(changes, "MOST_ROWS", 3)
    names = [f"foo-{number}" for number in range(5)]
    for name in names:
        world.add(name, ["1.0", "2.0"])
    world.add("bar")
    *_, sound = read(connect(fake), [*names, "bar"], choose_streams(["files"]))
    assert (sound.project, set(sound.changes)) == ("bar", {"files"})


def test_too_many_values(world: World, fake: FakeIndex, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document with too many values is refused before it is decoded."""
    monkeypatch.setattr(documents.document, "MOST_VALUES", 1000)
    world.override("/pypi/foo/json", b'{"info":{},"urls":[%s{}]}' % (b"{}," * 1000))
    world.add("bar")
    hostile, sound = read(connect(fake), ["foo", "bar"], choose_streams(["files"]))
    assert str(hostile.failures["files"]).startswith(
        f"{fake.url}/pypi/foo/json: 1,002 values exceed the limit of 1,000; "
    )
    assert set(sound.changes) == {"files"}


def test_credentials_in_a_document(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Rows keep the URLs of a document with their credentials; errors and warnings do not show them."""
    host = fake.url.removeprefix("http://")
    file = {"filename": "a-1.0-py3-none-any.whl", "packagetype": "bdist_wheel", "core-metadata": True}
    file["url"] = f"http://user:hunter2@{host}/files/a-1.0-py3-none-any.whl"
    document = {
        "info": {"version": "1.0", "project_urls": {"x": "http://me:hunter2@a.test/"}},
        "releases": {"1.0": [file]},
    }
    world.override("/pypi/foo/json", document)
    world.override("/files/a-1.0-py3-none-any.whl.metadata", b"<html>no</html>")
    (batch,) = read(connect(fake), ["foo"], choose_streams(["files", "urls", "core_metadata"]))
    assert [row.url for row in rows_in(batch)["files"]] == [file["url"]]
    assert [row.url for row in rows_in(batch)["urls"]] == ["http://me:hunter2@a.test/"]
    assert list(batch.failures) == ["core_metadata"]
    assert "hunter2" not in "".join(map(str, (*batch.failures.values(), *batch.warnings)))


# On the terminal ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["a\x1b[2J\nerror: forged"],
        ["flask", "--streams", "x\x1b[2J\nerror: forged"],
        ["flask", "--into", "\x1b[2J\nerror: forged/x.duckdb"],
        ["-r", "\x1b[2J\nerror: forged"],
        ["flask", "--\x1b[2J\nerror: forged"],
        ["flask", "--index-url", "http://\x1b[2J\nerror: forged"],
        ["flask", "--config", "\u202e\x1b[2J\nerror: forged"],
    ],
)
def test_typed_text_is_escaped(tmp_path: Path, arguments: list[str]) -> None:
    """Typed text is quoted without escapes and on one line."""
    (error, lines) = output(["sync", *arguments], tmp_path)
    assert error != 0
    assert "\x1b" not in "".join(lines)
    assert "\u202e" not in "".join(lines)
    assert [line for line in lines if line.startswith("error: forged")] == []


def test_text_of_an_index_is_escaped(world: World, fake: FakeIndex, tmp_path: Path) -> None:
    """Text of an index, in a version, key or status, is quoted without escapes and on one line."""
    evil = "9\x1b[2J\u202e\nerror: forged"
    world.override("/pypi/foo/json", {"info": {"version": "1.0", "project_urls": {evil: 1}}, "releases": {evil: []}})
    world.override("/simple/bar/", {"files": [], "project-status": {"status": evil}})
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"index_url": fake.url, "requests_per_second": 0, "releases": "all"}))
    error, lines = output(["sync", "foo==9", "bar", "--config", str(config), "--streams", "urls,versions"], tmp_path)
    assert error == 1
    assert all(line.isprintable() for line in lines)
    assert [line for line in lines if line.startswith("error: forged")] == []
    assert any("\\x1b[2J\\u202e\\nerror: forged" in line for line in lines)


def output(arguments: list[str], folder: Path) -> tuple[int, list[str]]:
    """The exit status of a command, and its output."""
    done = subprocess.run(
        [sys.executable, "-m", "source_pypi", *arguments],
        cwd=folder, capture_output=True, text=True, check=False, timeout=60, errors="replace",
    )  # fmt: skip
    return done.returncode, (done.stdout + done.stderr).split("\n")


def test_limits_exceed_real_indexes() -> None:
    """Rows and values are far above those of real indexes (index-api.md 15); every number Python converts is parsed."""
    assert limits.MOST_ROWS > 100 * 4_056
    assert limits.MOST_VALUES > 2 * 2 * 800_000
    assert sys.get_int_max_str_digits() < limits.LONGEST_PARSED
