"""results/reader.py, results/source.py: several streams from one visit."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import source_pypi
from source_pypi.errors import RowsMissingError, RowsTakenError, StateError, UnknownProjectsError, UnknownStreamError
from tests.fake_index import FakeIndex, World


@pytest.fixture
def opened(world: World, fake: FakeIndex) -> Callable[..., source_pypi.Reader]:
    """Return a function that opens ``files`` and ``versions`` of two projects."""
    world.add("flask", releases=["1.0"])
    world.add("click", releases=["1.0", "2.0"])

    def start(*projects: str, **options: Any) -> source_pypi.Reader:
        fake.new_run()
        settings: dict[str, Any] = {"streams": ["files", "versions"], "index_url": fake.url} | options
        return source_pypi.open(projects or ("flask", "click"), requests_per_second=0, **settings)

    return start


def test_streams_share_what_was_read(opened: Callable[..., source_pypi.Reader], fake: FakeIndex) -> None:
    """Streams can be taken in any order, several times and at the same time; each has all rows."""
    with opened() as reader:
        files, versions = iter(reader["files"]), iter(reader["versions"])
        first = (next(files).project, next(versions).version)
        assert first == ("flask", "1.0")
        assert [row.version for row in versions] == ["1.0", "2.0"]
        assert len(list(files)) == 5
        assert len(list(reader["files"])) == 6
        assert [batch.project for batch in reader] == ["flask", "click"]
    assert len(fake.requests) == 2


def test_batches_are_not_kept(opened: Callable[..., source_pypi.Reader]) -> None:
    """Batches that were iterated over are not kept: a stream cannot be taken afterwards, and says so."""
    with opened() as reader:
        assert next(iter(reader)).project == "flask"
        with pytest.raises(RowsTakenError, match="rows were taken by iteration"):
            reader["files"]
        assert [batch.project for batch in reader] == ["click"]


def test_stream_that_is_not_read(opened: Callable[..., source_pypi.Reader]) -> None:
    """A stream that is not read is an error, of a reader and of a batch, which names those that are."""
    with opened() as reader:
        for call in (lambda: reader["roles"], lambda: next(iter(reader))["roles"]):
            with pytest.raises(UnknownStreamError, match=r"roles .*available: versions, files"):
                call()


def test_unfinished_reader_requests_no_more(world: World, fake: FakeIndex) -> None:
    """A reader that is closed early requests no further projects, and then says that rows are missing."""
    names = [f"project{number}" for number in range(20)]
    for name in names:
        world.add(name)
    with source_pypi.open(names, index_url=fake.url, requests_per_second=0) as reader:
        next(iter(reader))
    assert len(fake.requests) < 6
    with pytest.raises(RowsMissingError, match="the reader is closed"):
        list(reader)


def test_asynchronous_batches(opened: Callable[..., source_pypi.Reader]) -> None:
    """``async for`` yields the same batches."""

    async def read() -> list[str | None]:
        return [batch.project async for batch in opened()]

    assert asyncio.run(read()) == ["flask", "click"]


@pytest.mark.parametrize("kind", [dict, Path])
def test_next_run_reads_what_changed(
    opened: Callable[..., source_pypi.Reader], world: World, kind: type, tmp_path: Path
) -> None:
    """With state, in a mapping or a file, the next run has only new, changed and deleted rows."""
    state: Any = {} if kind is dict else tmp_path / "state.json"
    with opened(state=state) as reader:
        assert [(batch.project, batch.changed) for batch in reader] == [
            ("flask", ("versions", "files")),
            ("click", ("versions", "files")),
        ]
    with opened(state=state) as reader:
        assert [(batch.project, batch.changed, batch["files"]) for batch in reader] == [
            ("flask", (), []),
            ("click", (), []),
        ]
    world.release("click", "3.0")
    world.upload("click", "3.0", filename="click-3.0.tar.gz")
    world.delete_file("flask-1.0.tar.gz")
    with opened(state=state) as reader:
        flask, click = reader
    assert {row.version for row in click["versions"]} == {"1.0", "2.0", "3.0"}
    assert [row.packagetype for row in flask["files"]] == ["bdist_wheel"]
    assert flask.deleted("files") == [{"project": "flask", "filename": "flask-1.0.tar.gz"}]
    assert click.deleted("files") == []


def test_state_is_that_of_airbyte(opened: Callable[..., source_pypi.Reader], fake: FakeIndex) -> None:
    """The state has an object a stream, as Airbyte's STATE messages have, and keeps those of other streams."""
    state: dict[str, Any] = {"roles": {"version": 1}}
    with opened(state=state) as reader:
        list(reader)
    assert {name: set(one) for name, one in state.items()} == {
        "roles": {"version"},
        "files": {"version", "index", "projects"},
        "versions": {"version", "index", "projects"},
    }
    assert state["files"]["index"] == fake.url
    assert json.loads(json.dumps(state)) == state


def test_failed_block_keeps_the_old_state(opened: Callable[..., source_pypi.Reader], tmp_path: Path) -> None:
    """An error of the program keeps the state as it was, but for what ``save`` has written."""
    path = tmp_path / "state.json"
    with pytest.raises(KeyError), opened("flask", state=path) as reader:
        raise KeyError(next(iter(reader)).project)
    assert not path.exists()
    with pytest.raises(KeyError), opened(state=path) as reader:
        _save_first(reader)
    assert set(json.loads(path.read_text())["files"]["projects"]) == {"flask"}


def _save_first(reader: source_pypi.Reader) -> None:
    """Take a batch, save, and fail."""
    next(iter(reader))
    reader.save()
    raise KeyError


def test_missing_project_does_not_cost_the_state(opened: Callable[..., source_pypi.Reader], tmp_path: Path) -> None:
    """A missing project is raised after the last batch; the state of the others is written."""
    path = tmp_path / "state.json"
    with pytest.raises(UnknownProjectsError), opened("flask", "nope", state=path) as reader:
        list(reader)
    assert [type(error) for error in reader.errors] == [UnknownProjectsError]
    assert "flask" in json.loads(path.read_text())["files"]["projects"]


def test_error_while_reading_a_stream_writes_no_state(
    opened: Callable[..., source_pypi.Reader], tmp_path: Path
) -> None:
    """An error that ends the reading of one stream writes no state: the rows of the others were not taken."""
    path = tmp_path / "state.json"
    with pytest.raises(UnknownProjectsError), opened("flask", "nope", state=path) as reader:
        list(reader["files"])
    assert not path.exists()
    with pytest.raises(UnknownProjectsError):
        list(reader["versions"])


@pytest.mark.parametrize("content", ["[]", "{", '{"files": {"version": 99, "projects": {}}}', '{"files": 1}'])
def test_unreadable_state(opened: Callable[..., source_pypi.Reader], content: str, tmp_path: Path) -> None:
    """A file that is no state is an error, before anything is requested."""
    path = tmp_path / "state.json"
    path.write_text(content)
    with pytest.raises(StateError):
        opened(state=path)


def test_damaged_entry(opened: Callable[..., source_pypi.Reader], fake: FakeIndex, tmp_path: Path) -> None:
    """A damaged entry is an error when its project is read, and the file stays as it is."""
    path = tmp_path / "state.json"
    state = {"files": {"version": 1, "index": fake.url, "projects": {"flask": "1:nonsense"}}}
    path.write_text(json.dumps(state))
    with pytest.raises(StateError, match="flask"), opened(state=path) as reader:
        list(reader)
    assert json.loads(path.read_text())["files"] == state["files"]


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("nowhere/state.json", "the state of nowhere/state.json cannot be written: No such file or directory"),
        ("file.txt/state.json", "the state of file.txt/state.json cannot be written: Not a directory"),
        ("folder", "the state of folder cannot be written: it is a folder or a device, not a file"),
        (Path(), "the state of . cannot be written: it is a folder or a device, not a file"),
        ("", "the state of an empty path cannot be written: it names no file"),
        ("/proc/state.json", "the state of /proc/state.json cannot be written: No such file or directory"),
    ],
)
def test_state_that_cannot_be_written(
    opened: Callable[..., source_pypi.Reader],
    fake: FakeIndex,
    location: str | Path,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A path that cannot be written is an error that names it, before anything is requested."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.txt").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(StateError) as caught:
        opened(state=location)
    assert str(caught.value) == f"{message}; name a file in a folder that exists and can be written"
    assert fake.requests == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file.txt", "folder"]


def test_folder_that_is_deleted_while_reading(opened: Callable[..., source_pypi.Reader], tmp_path: Path) -> None:
    """A file that can no longer be written at the end is an error that names it."""
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(StateError, match=r"folder/state\.json cannot be written: No such file"):
        _read_without(opened(state=folder / "state.json"), folder)


def _read_without(reader: source_pypi.Reader, folder: Path) -> None:
    """Read everything, and delete a folder meanwhile."""
    with reader:
        list(reader)
        folder.rmdir()


def test_state_of_another_index(
    opened: Callable[..., source_pypi.Reader], fake: FakeIndex, caplog: pytest.LogCaptureFixture
) -> None:
    """State of another index is set aside with a warning, and everything is read."""
    state: dict[str, Any] = {"files": {"version": 1, "index": "http://other.test", "projects": {"flask": "?"}}}
    with opened(state=state) as reader:
        assert len(list(reader["files"])) == 6
    assert "files: the state is of another index, http://other.test; everything is read in full" in caplog.text
    assert state["files"]["index"] == fake.url
