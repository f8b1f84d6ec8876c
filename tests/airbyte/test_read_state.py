"""airbyte/read.py: what a read does with the state of the one before."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from source_pypi import airbyte
from source_pypi.streams import choose_streams
from tests.airbyte import (
    NOW,
    NOW_TEXT,
    Messages,
    Read,
    config,
    errors,
    logs,
    record_counts,
    records,
    shape,
    state_file,
    states,
)
from tests.fake_index import FakeIndex, World, faults


def test_second_read_has_no_rows(world: World, fake: FakeIndex, read: Read, tmp_path: Path) -> None:
    """A second read of an unchanged index requests each document conditionally and writes no rows."""
    world.add("flask", releases=["1.0", "2.0"], owner="ann")
    names = [stream.name for stream in choose_streams(["all"])]
    complete, first = read(config(fake, "flask"), *names)
    fake.new_run()
    again, second = read(config(fake, "flask"), *names, state=state_file(tmp_path, first), now=lambda: NOW + 60)
    assert complete
    assert again
    momentary = ("recent_projects", "recent_releases", "stats")
    assert record_counts(second) == {name: record_counts(first)[name] for name in momentary}
    assert {r.path: r.status for r in fake.requests if r.path not in ("/stats/",) and "rss" not in r.path} == {
        "/pypi/flask/json": 304,
        "/simple/flask/": 304,
        "/simple/": 304,
    }
    assert [shape(m) for m in second if shape(m).startswith("COMPLETE")] == [f"COMPLETE {name}" for name in names]


def _read_generation(
    fake: FakeIndex,
    folder: Path,
    state: Path | None,
    generation: int | None,
    mode: str = "full_refresh",
    minimum: int = 0,
) -> tuple[bool, Messages]:
    """Read ``files`` in a sync mode, in a generation; None: the platform sends none."""
    configured = folder / "generation.json"
    stream = {"stream": {"name": "files", "json_schema": {}}, "sync_mode": mode}
    generations = {"generation_id": generation, "minimum_generation_id": None if generation is None else minimum}
    configured.write_text(json.dumps({"streams": [{**stream, **generations, "destination_sync_mode": "overwrite"}]}))
    fake.new_run()
    written: list[bytes] = []
    complete = airbyte.read(config(fake, "flask"), configured, state, written.append)
    return complete, [json.loads(line) for line in b"".join(written).splitlines()]


@pytest.mark.parametrize(
    ("first", "then", "reads"),
    [(None, None, True), (1, 1, False), (1, 2, True), (2, 1, True), (None, 1, True), (1, None, True)],
)
def test_full_refresh(
    world: World, fake: FakeIndex, tmp_path: Path, first: int | None, then: int | None, reads: bool
) -> None:
    """A full refresh reads everything; it continues only from state of its own generation."""
    world.add("flask", releases=["1.0"])
    _, before = _read_generation(fake, tmp_path, None, first)
    complete, messages = _read_generation(fake, tmp_path, state_file(tmp_path, before), then)
    assert complete
    assert record_counts(messages) == (record_counts(before) if reads else {})
    assert [request.status for request in fake.requests] == [200 if reads else 304]
    assert states(messages, "files")[-1].get("generation") == then


def test_full_refresh_with_state_of_an_earlier_release(world: World, fake: FakeIndex, tmp_path: Path) -> None:
    """A full refresh reads everything if its state has no generation; an incremental sync continues from it."""
    world.add("flask", releases=["1.0"])
    _, before = _read_generation(fake, tmp_path, None, 3)
    state = state_file(tmp_path, before)
    state.write_text(state.read_text().replace('"generation": 3, ', ""))
    assert "generation" not in state.read_text()
    _, messages = _read_generation(fake, tmp_path, state, 3, "incremental", 3)
    assert record_counts(messages) == {}
    _, messages = _read_generation(fake, tmp_path, state, 3)
    assert record_counts(messages) == record_counts(before)
    restart = "files: the state is of an earlier generation; everything is read from the beginning"
    assert restart in logs(messages, "INFO")


@pytest.mark.parametrize(("minimum", "reads"), [(0, False), (2, True)])
def test_refresh_of_an_incremental_stream(
    world: World, fake: FakeIndex, tmp_path: Path, minimum: int, reads: bool
) -> None:
    """An incremental sync reads everything if the destination deletes the rows that its state stands for."""
    world.add("flask", releases=["1.0"])
    _, before = _read_generation(fake, tmp_path, None, 1, "incremental")
    _, messages = _read_generation(fake, tmp_path, state_file(tmp_path, before), 2, "incremental", minimum)
    assert record_counts(messages) == (record_counts(before) if reads else {})


def test_changed_and_deleted_rows(world: World, fake: FakeIndex, read: Read, tmp_path: Path) -> None:
    """New and changed rows are written with the time of the read, and deleted rows as their key with that time."""
    world.add("flask", releases=["1.0", "2.0"])
    world.add("click")
    settings = config(fake, "flask", "click")
    _, first = read(settings, "files", "versions", "release")
    assert {row["seen_at"] for row in records(first, "files")} == {NOW_TEXT}
    world.delete_file("flask-1.0.tar.gz")
    fake.new_run()
    state = state_file(tmp_path, first)
    complete, second = read(settings, "files", "versions", "release", state=state, now=lambda: NOW + 60)
    assert complete
    later = "2026-11-22T07:30:37.078000Z"
    files = records(second, "files")
    deleted = {"project": "flask", "filename": "flask-1.0.tar.gz", "seen_at": later, "_ab_cdc_deleted_at": later}
    assert files[-1] == deleted
    assert {row["filename"] for row in files[:-1]} == {
        "flask-1.0-py3-none-any.whl",
        "flask-2.0-py3-none-any.whl",
        "flask-2.0.tar.gz",
    }
    assert {row["seen_at"] for row in files} == {later}
    assert all("_ab_cdc_deleted_at" not in row for row in files[:-1])
    assert record_counts(second) == {"files": 4, "versions": 2, "release": 1}
    counted = {
        m["state"]["stream"]["stream_descriptor"]["name"]: m["state"]["sourceStats"]
        for m in second
        if m["type"] == "STATE"
    }
    assert counted == {"files": {"recordCount": 4.0}, "versions": {"recordCount": 2.0}, "release": {"recordCount": 1.0}}
    validator = Draft7Validator(_schema("files"))
    required = {**_schema("files"), "required": ["filename", "project"]}
    assert [error.message for row in files for error in validator.iter_errors(row)] == []
    assert Draft7Validator(required).is_valid(deleted)


def _schema(stream: str) -> dict[str, Any]:
    streams = json.loads(airbyte.discover())["catalog"]["streams"]
    return next(one["json_schema"] for one in streams if one["name"] == stream)


@pytest.mark.parametrize("setting", [{"track_removed": False}, {"whole_index": True}], ids=str)
def test_deleted_rows_are_not_tracked(
    world: World, fake: FakeIndex, read: Read, tmp_path: Path, setting: dict[str, Any]
) -> None:
    """With track_removed off, or the whole index, deleted rows are not reported, and state has no keys."""
    world.add("flask", releases=["1.0", "2.0"])
    settings = config(fake, "flask", **setting)
    _, first = read(settings, "files")
    assert logs(first, "INFO")[1] == "deleted rows are not reported (track_removed is off, or whole_index is on)"
    world.delete_file("flask-1.0.tar.gz")
    fake.new_run()
    _, second = read(settings, "files", state=state_file(tmp_path, first))
    assert [row["filename"] for row in records(second, "files") if "_ab_cdc_deleted_at" in row] == []
    assert len(records(second, "files")) == 3
    fake.new_run()
    _, with_keys = read(config(fake, "flask"), "files")
    assert "deleted rows" not in "".join(logs(with_keys, "INFO"))
    with_state, without = (states(messages, "files")[-1]["projects"]["flask"] for messages in (with_keys, second))
    assert len(with_state) > len(without)


def test_state_of_another_index(world: World, fake: FakeIndex, read: Read, tmp_path: Path) -> None:
    """State of another index is ignored with a warning, and everything is read from the beginning."""
    world.add("flask")
    _, first = read(config(fake, "flask"), "files", "versions")
    state = state_file(tmp_path, first)
    state.write_text(state.read_text().replace(fake.url, "http://other.test"))
    fake.new_run()
    complete, second = read(config(fake, "flask"), "files", "versions", state=state)
    assert complete
    assert logs(second, "WARN") == [
        f"{name}: the state is of another index, http://other.test; everything is read from the beginning"
        for name in ("files", "versions")
    ]
    assert record_counts(second) == {"files": 2, "versions": 1}
    assert {one["index"] for one in states(second, "files")} == {fake.url}


@pytest.mark.parametrize("answer", ["404", "html", "silence"])
def test_state_of_another_index_until_it_answers(
    world: World, fake: FakeIndex, read: Read, tmp_path: Path, answer: str
) -> None:
    """A mistyped index URL, which answers 404 or HTML to everything or never, does not replace the stored state."""
    world.add("flask")
    _, first = read(config(fake, "flask"), "files", "versions")
    for message in first:
        if message["type"] == "STATE":
            message["state"]["stream"]["stream_state"]["index"] = "http://other.test"
    kept = states(first, "files")[-1]
    fake.new_run()
    for path in ("/pypi/flask/json", "/simple/flask/", "/simple/", "/"):
        fault = {"404": faults.server_error(404), "html": faults.html(), "silence": faults.too_many("86400")}[answer]
        fake.fault(path, fault, times=None)
    complete, second = read(config(fake, "flask"), "files", "versions", state=state_file(tmp_path, first))
    assert not complete
    assert (record_counts(second), states(second, "files")[-1]) == ({}, kept)
    fake.clear_faults()
    fake.new_run()
    complete, third = read(config(fake, "flask"), "files", "versions", state=state_file(tmp_path, second))
    assert complete
    assert record_counts(third) == record_counts(first)
    assert {one["index"] for one in states(third, "files")} == {fake.url}


@pytest.mark.parametrize(
    "foreign", [{"version": 2, "index": "x", "projects": {}}, {"cursor": "2024-01-01"}], ids=["newer", "foreign"]
)
def test_unreadable_state(world: World, fake: FakeIndex, read: Read, tmp_path: Path, foreign: dict[str, Any]) -> None:
    """A stream with state of another connector or a newer release is incomplete and keeps its state.

    The other streams are read; without any, nothing is requested.
    """
    world.add("flask")
    state = tmp_path / "state.json"
    message = {"type": "STREAM", "stream": {"stream_descriptor": {"name": "files"}, "stream_state": foreign}}
    state.write_text(json.dumps([message]))
    complete, messages = read(config(fake, "flask"), "files", state=state)
    assert not complete
    assert fake.requests == []
    complete, messages = read(config(fake, "flask"), "files", "versions", "stats", state=state)
    assert not complete
    assert [shape(m) for m in messages if m["type"] in ("STATE", "TRACE") and "files" in shape(m)] == [
        *("STARTED files", "RUNNING files", "STATE files", "ERROR files", "INCOMPLETE files"),
    ]
    (error,) = errors(messages)
    assert "reset the stream" in error["message"]
    assert states(messages, "files") == [foreign]
    assert record_counts(messages) == {"versions": 1, "stats": 1}
    assert {shape(m) for m in messages if "COMPLETE" in shape(m)} == {
        *("INCOMPLETE files", "COMPLETE versions", "COMPLETE stats"),
    }


def test_damaged_state_of_a_project(world: World, fake: FakeIndex, read: Read, tmp_path: Path) -> None:
    """A stream with a damaged entry in its state writes no rows and keeps its state; the others continue."""
    world.add("flask")
    _, first = read(config(fake, "flask"), "files", "versions")
    state = state_file(tmp_path, first)
    content = json.loads(state.read_text())
    content[0]["stream"]["stream_state"]["projects"]["flask"] = "broken"
    state.write_text(json.dumps(content))
    world.upload("flask", "2.0", filename="flask-2.0.tar.gz", content=b"tar")
    fake.new_run()
    complete, second = read(config(fake, "flask"), "files", "versions", state=state)
    assert not complete
    (error,) = errors(second)
    assert error["message"].split(";")[0] == "the state of files cannot be read: its entry of flask is damaged"
    assert (error["failure_type"], error["stream_descriptor"]) == ("config_error", {"name": "files"})
    assert record_counts(second) == {"versions": len(records(second, "versions"))}
    assert "2.0" in {row["version"] for row in records(second, "versions")}
    assert states(second, "files")[-1]["projects"] == {"flask": "broken"}
    assert [shape(m) for m in second if "COMPLETE" in shape(m)] == ["INCOMPLETE files", "COMPLETE versions"]


def test_failed_project_keeps_its_state(world: World, fake: FakeIndex, read: Read, tmp_path: Path) -> None:
    """A project that cannot be read keeps its state, and none of its rows are reported as deleted."""
    world.add("flask")
    _, first = read(config(fake, "flask"), "files", "versions")
    fake.new_run()
    fake.fault("/pypi/flask/json", faults.html(), times=None)
    complete, second = read(config(fake, "flask"), "files", "versions", state=state_file(tmp_path, first))
    assert not complete
    assert record_counts(second) == {}
    for name in ("files", "versions"):
        assert states(second, name)[-1]["projects"] == states(first, name)[-1]["projects"]


def test_checkpoints(world: World, fake: FakeIndex, read: Read) -> None:
    """A state comes after the rows it covers and counts them; only the last one is of a finished run."""
    names = [f"p{number}" for number in range(30)]
    for name in names:
        world.add(name)
    clock = iter(range(100_000))
    _, messages = read(config(fake, *names), "files", now=lambda: NOW + next(clock))
    written: set[str] = set()
    counted, since, unfinished = 0, 0, list[bool]()
    for message in messages:
        if message["type"] == "RECORD":
            written.add(message["record"]["data"]["project"])
            since += 1
        elif message["type"] == "STATE":
            state = message["state"]["stream"]["stream_state"]
            assert state["projects"].keys() == written
            assert message["state"]["sourceStats"] == {"recordCount": since}
            counted, since = counted + since, 0
            unfinished.append("unfinished" in state)
    assert (counted, since) == (60, 0)
    assert unfinished == [True] * (len(unfinished) - 1) + [False]
    assert len(unfinished) > 3


def test_killed_read_is_resumed(world: World, fake: FakeIndex, read: Read, tmp_path: Path) -> None:
    """After a read that is killed, the next one requests only the projects that are not in the last state."""
    names = [f"p{number}" for number in range(30)]
    for name in names:
        world.add(name)
    clock = iter(range(100_000))
    _, messages = read(config(fake, *names), "files", now=lambda: NOW + next(clock))
    positions = [position for position, message in enumerate(messages) if message["type"] == "STATE"]
    killed = messages[: positions[2] + 3]
    state = state_file(tmp_path, killed)
    saved = states(killed, "files")[-1]["projects"]
    assert 0 < len(saved) < len(names)
    fake.new_run()
    complete, rest = read(config(fake, *names), "files", state=state, now=lambda: NOW + next(clock))
    assert complete
    assert logs(rest, "INFO")[1] == "the last sync ended early; this one skips what it has read"
    assert [r.path for r in fake.requests] == [f"/pypi/{name}/json" for name in names if name not in saved]
    assert states(rest, "files")[-1]["projects"].keys() == set(names)
    fake.new_run()
    _, third = read(config(fake, *names), "files", state=state_file(tmp_path, rest), now=lambda: NOW + next(clock))
    assert [r.status for r in fake.requests] == [304] * len(names)
    assert record_counts(third) == {}
