"""airbyte/read.py: logs, rate limits, heartbeats and estimates."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from source_pypi import airbyte
from tests.airbyte import (
    NOW,
    Read,
    catalog,
    config,
    errors,
    logs,
    shape,
    traces,
)
from tests.fake_index import FakeIndex, World, faults


def test_retry_after_is_rate_limited(world: World, fake: FakeIndex, read: Read) -> None:
    """While the index asks to wait, every stream is RATE_LIMITED until then, and the wait is logged."""
    world.add("flask")
    fake.fault("/pypi/flask/json", faults.too_many("1"))
    complete, messages = read(config(fake, "flask"), "files", "roles")
    statuses = [trace["stream_status"] for trace in traces(messages, "STREAM_STATUS")]
    limited = [(s["stream_descriptor"]["name"], s["status"], s["reasons"]) for s in statuses if "reasons" in s]
    reason = {"type": "RATE_LIMITED", "rate_limited": {"quota_reset": int((NOW + 1) * 1000)}}
    assert complete
    assert limited == [("files", "RUNNING", [reason]), ("roles", "RUNNING", [reason])]
    assert logs(messages, "WARN") == [
        f"{fake.url}/pypi/flask/json: status 429; waiting 1.0 s before try 2",
    ]


def test_backoff_is_not_rate_limited(world: World, fake: FakeIndex, read: Read) -> None:
    """A wait after a failure is not a rate limit."""
    world.add("flask")
    fake.fault("/pypi/flask/json", faults.unavailable())
    _, messages = read(config(fake, "flask"), "files")
    assert not [t for t in traces(messages, "STREAM_STATUS") if "reasons" in t["stream_status"]]


def test_debug_logs_each_response(world: World, fake: FakeIndex, read: Read) -> None:
    """At level DEBUG each response is logged; at INFO none is."""
    world.add("flask")
    _, messages = read(config(fake, "flask"), "files", level="DEBUG")
    (response,) = logs(messages, "DEBUG")
    assert response.startswith(f"{fake.url}/pypi/flask/json: status 200, {fake.requests[0].body_bytes} bytes, 0.")
    fake.new_run()
    assert logs(read(config(fake, "flask"), "files")[1], "DEBUG") == []


def test_level_limits_logs_only(world: World, fake: FakeIndex, read: Read) -> None:
    """At level ERROR less urgent logs are not written; rows, states and statuses are."""
    world.add("flask")
    _, messages = read(config(fake, "flask"), "files", level="ERROR")
    assert {message["type"] for message in messages} == {"TRACE", "RECORD", "STATE"}


@pytest.mark.parametrize("level", ["INFO", "ERROR"])
def test_heartbeat(world: World, serve: Callable[..., FakeIndex], tmp_path: Path, level: str) -> None:
    """A read that writes nothing for some time logs that it goes on, at any level."""
    world.add("flask")
    written: list[bytes] = []
    settings, configured = config(serve(latency=0.5), "flask"), catalog(tmp_path, "files")
    assert airbyte.read(settings, configured, None, written.append, level=level, heartbeat=0.1)
    messages = [json.loads(line) for line in b"".join(written).splitlines()]
    heartbeats = [line for line in logs(messages, "INFO") if line.startswith("still reading")]
    assert heartbeats[0] == "still reading: 0 requests so far"
    assert 2 <= len(heartbeats) <= 5


@pytest.mark.parametrize(("level", "logged"), [("INFO", True), ("WARN", False)])
def test_progress(world: World, serve: Callable[..., FakeIndex], tmp_path: Path, level: str, logged: bool) -> None:
    """A long read logs how far it is: projects of all, requests and rows."""
    for name in ("a", "b", "c"):
        world.add(name, releases=["1.0"])
    written: list[bytes] = []
    settings, configured = config(serve(latency=0.5), "a", "b", "c"), catalog(tmp_path, "files")
    assert airbyte.read(settings, configured, None, written.append, level=level, progress=0.1)
    messages = [json.loads(line) for line in b"".join(written).splitlines()]
    progress = [line for line in logs(messages, "INFO") if line.startswith("progress: ")]
    assert bool(progress) is logged
    if logged:
        assert progress[0] == "progress: 0 projects, 0 requests, 0 rows"
        assert "progress: 1 of 3 projects, 1 requests, 2 rows" in progress
        assert len(progress) >= 5


def test_no_heartbeat_while_writing(world: World, fake: FakeIndex, read: Read) -> None:
    """A read that writes all the time logs no heartbeat."""
    world.add("flask")
    _, messages = read(config(fake, "flask"), "files")
    assert not [line for line in logs(messages, "INFO") if line.startswith("still reading")]


def test_estimates(world: World, fake: FakeIndex, read: Read, tmp_path: Path) -> None:
    """A first read estimates the rows of streams with one row per project; a later one does not."""
    for name in ("a", "b", "c"):
        world.add(name)
    _, messages = read(config(fake, "a", "b", "c"), "projects", "files", "statuses", "stats")
    assert [trace["estimate"] for trace in traces(messages, "ESTIMATE")] == [
        {"name": "projects", "type": "STREAM", "row_estimate": 3},
        {"name": "statuses", "type": "STREAM", "row_estimate": 3},
    ]
    state = tmp_path / "state.json"
    state.write_text(json.dumps([message["state"] for message in messages if message["type"] == "STATE"]))
    fake.new_run()
    _, messages = read(config(fake, "a", "b", "c"), "projects", "files", "statuses", "stats", state=state)
    assert traces(messages, "ESTIMATE") == []


def test_index_is_logged(world: World, fake: FakeIndex, read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first and the last log name the index; a warning says if the environment names another one."""
    world.add("flask")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://ann:hunter2@corp.example.com/simple")
    _, messages = read(config(fake, "flask"), "files")
    first, *_, last = logs(messages, "INFO")
    assert first == f"reading {fake.url}"
    assert last.startswith(f"read 1 projects from {fake.url} with 1 requests, ")
    assert logs(messages, "WARN") == [
        f"this run reads {fake.url}, but the environment also names https://corp.example.com/simple "
        "(UV_DEFAULT_INDEX); to use it: --index-url, or --index-from environment"
    ]


def test_unavailable_streams(world: World, fake: FakeIndex, read: Read) -> None:
    """A stream that the index does not provide is one log line, and one error for all streams of the same cause."""
    for name in ("flask", "click"):
        world.add(name)
        world.override(f"/pypi/{name}/json", b"{}", status=404)
    world.override("/stats/", b"", status=404)
    complete, messages = read(config(fake, "flask", "click"), "files", "roles", "release", "stats")
    documents = f"this index offers no project documents ({fake.url}/pypi/flask/json answered 404)"
    statistics = f"this index offers no statistics ({fake.url}/stats/ answered 404)"
    remedy = "leave the stream out, or read an index that has it"
    assert not complete
    assert sorted(logs(messages, "ERROR")) == [
        f"release: {documents}: {remedy}",
        f"roles: {documents}: {remedy}",
        f"stats: {statistics}: {remedy}",
    ]
    assert [(e["stream_descriptor"]["name"], e["message"]) for e in errors(messages)] == [
        ("roles", f"{documents}: {remedy}"),
        ("stats", f"{statistics}: {remedy}"),
    ]
    assert [shape(message) for message in messages if shape(message).split()[0] in ("COMPLETE", "INCOMPLETE")] == [
        "COMPLETE files",
        "INCOMPLETE roles",
        "INCOMPLETE release",
        "INCOMPLETE stats",
    ]


def test_pins_without_release_documents(world: World, serve: Callable[..., FakeIndex], read: Read) -> None:
    """Pins on an index without release documents are one log line, which names the streams."""
    for name in ("flask", "click"):
        world.add(name, releases=["1.0", "2.0"])
    fake = serve(poverty=True)
    _, messages = read(config(fake, "flask==1.0", "click==1.0"), "files", "release", "urls")
    message = (
        f"this index offers no release documents ({fake.url}/pypi/flask/1.0/json answered 404): "
        "leave the stream out, or read an index that has it"
    )
    assert logs(messages, "ERROR") == [f"urls, release: {message}"]
    assert [error["message"] for error in errors(messages)] == [message]
