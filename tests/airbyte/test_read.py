"""airbyte/read.py: batches as RECORD lines, and what was seen as STATE lines."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from source_pypi import airbyte
from source_pypi.services.index.api import Index, open_index
from source_pypi.streams import STREAMS
from tests.airbyte import NOW, NOW_TEXT, Messages, Read, catalog, config, errors, logs, records, shape, states
from tests.fake_index import FakeIndex, World, faults


def test_read(world: World, fake: FakeIndex, read: Read) -> None:
    """A read begins every stream, writes its rows, its state with their count, and ends it as complete."""
    world.add("flask", releases=["1.0", "2.0"])
    whole, messages = read(config(fake, "flask"), "versions", "stats")
    assert whole
    assert [shape(message) for message in messages] == [
        "STARTED versions",
        "RUNNING versions",
        "STARTED stats",
        "RUNNING stats",
        "RECORD versions",
        "RECORD versions",
        "RECORD stats",
        "LOG",
        "STATE versions",
        "COMPLETE versions",
        "STATE stats",
        "COMPLETE stats",
    ]
    state = next(message["state"] for message in messages if message["type"] == "STATE")
    assert state["sourceStats"] == {"recordCount": 2.0}
    assert messages[4]["record"]["emitted_at"] == 1_795_332_577_078


def test_rows_fit_their_schemas(world: World, fake: FakeIndex, read: Read) -> None:
    """Every row of every stream is valid against the schema that discover gave, and carries its whole key."""
    facts = {"requires_dist": ["click"], "classifiers": ["Typing :: Typed"], "project_urls": {"Docs": "https://a.test"}}
    world.add("Flask", releases=["1.0", "2.0"], owner="ann", **facts)
    world.release("flask", "3.0")
    world.add_advisory("flask", "2.0", "PYSEC-2024-1")
    whole, messages = read(config(fake, "flask", releases="all"), *[stream.name for stream in STREAMS])
    assert whole
    for stream in json.loads(airbyte.discover())["catalog"]["streams"]:
        rows = records(messages, stream["name"])
        keys = [tuple(row[field] for (field,) in stream["source_defined_primary_key"]) for row in rows]
        assert rows or stream["name"] in ("attestations", "core_metadata")
        assert len(set(keys)) == len(rows)
        validator = Draft7Validator(stream["json_schema"])
        assert [error.message for row in rows for error in validator.iter_errors(row)] == []


def test_documents_keep_every_key(world: World, fake: FakeIndex, read: Read) -> None:
    """Documents are passed on as the index sends them, known keys and new ones, nulls too; key and time are added."""
    world.add("Flask", releases=["1.0", "2.0"])
    world.deploy("brand-new", {"nested": [None, 1]})
    with_keys = config(fake, "flask", "flask==1.0")
    _, messages = read(with_keys, "project", "release", "stats")
    fake.new_run()
    asked = {path: _ask(fake, path) for path in ("/pypi/flask/json", "/pypi/flask/1.0/json", "/stats/")}
    project = asked["/pypi/flask/json"]
    assert project["info"]["author"] is None
    assert records(messages, "project") == [{**project, "project": "flask", "seen_at": NOW_TEXT}]
    assert records(messages, "stats") == [asked["/stats/"]]
    latest = {key: value for key, value in project.items() if key != "releases"}
    by_version = {row["version"]: row for row in records(messages, "release")}
    assert by_version == {
        "2.0": {**latest, "project": "flask", "version": "2.0", "seen_at": NOW_TEXT},
        "1.0": {**asked["/pypi/flask/1.0/json"], "project": "flask", "version": "1.0", "seen_at": NOW_TEXT},
    }


def _ask(fake: FakeIndex, path: str) -> Any:
    import urllib.request

    request = urllib.request.Request(fake.url + path, headers={"Accept": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def test_one_line_a_row(world: World, fake: FakeIndex, read: Read) -> None:
    """A document that a mirror serves pretty-printed is still one line."""
    document = {"info": {"name": "a", "version": "1", "description": "two\nlines"}, "releases": {}, "urls": []}
    world.override("/pypi/a/json", json.dumps(document, indent=2).encode())
    _, messages = read(config(fake, "a"), "project")
    assert records(messages, "project") == [{**document, "project": "a", "seen_at": NOW_TEXT}]


def test_unknown_stream(world: World, fake: FakeIndex, read: Read) -> None:
    """A stream that does not exist is an error of the user's, incomplete; the others are read."""
    world.add("flask")
    whole, messages = read(config(fake, "flask"), "nope", "versions")
    assert not whole
    kinds = [shape(message) for message in messages]
    assert kinds[:3] == ["STARTED nope", "ERROR nope", "INCOMPLETE nope"]
    assert kinds[-1] == "COMPLETE versions"
    (error,) = errors(messages)
    assert error["failure_type"] == "config_error"
    assert error["message"].startswith("no such stream: nope (available: projects, ")


def test_unknown_streams_are_told_one_by_one(world: World, fake: FakeIndex, read: Read) -> None:
    """Each of several streams that do not exist has an error of its own, also where there is nothing else to read."""
    whole, messages = read(config(fake, "flask"), "nope", "nada", "nope")
    assert not whole
    assert [shape(message) for message in messages] == [
        *("STARTED nope", "ERROR nope", "INCOMPLETE nope"),
        *("STARTED nada", "ERROR nada", "INCOMPLETE nada"),
    ]
    assert [error["message"].split(" (")[0] for error in errors(messages)] == [
        "no such stream: nope",
        "no such stream: nada",
    ]


@pytest.mark.parametrize("projects", [[], ["fl ask", "flask"]], ids=str)
def test_no_projects(world: World, fake: FakeIndex, read: Read, projects: list[str]) -> None:
    """Where it cannot be told what to visit, the streams of projects are incomplete; the others are read."""
    whole, messages = read(config(fake, *projects), "files", "stats")
    assert not whole
    assert [shape(message) for message in messages] == [
        *("STARTED files", "RUNNING files", "STARTED stats", "RUNNING stats", "RECORD stats", "LOG"),
        *("STATE files", "ERROR files", "INCOMPLETE files", "STATE stats", "COMPLETE stats", "LOG"),
    ]
    assert [error["failure_type"] for error in errors(messages)] == ["config_error"]


def test_an_error_of_ours(fake: FakeIndex, tmp_path: Path) -> None:
    """An error that nobody raised on purpose ends every stream as incomplete, with its state, and is ours."""

    def fails(*_: object) -> Index:
        index = open_index(config(fake, "flask"))
        index.client.get = None  # type: ignore[assignment, method-assign]
        return index

    written: list[bytes] = []
    configured = catalog(tmp_path, "files", "stats")
    assert not airbyte.read(config(fake, "flask"), configured, None, written.append, lambda: NOW, fails)
    messages = [json.loads(line) for line in b"".join(written).splitlines()]
    kinds = [shape(message) for message in messages if message["type"] in ("TRACE", "STATE")]
    assert kinds[-6:] == [
        *("STATE files", "ERROR files", "INCOMPLETE files", "STATE stats", "ERROR stats", "INCOMPLETE stats"),
    ]
    error = errors(messages)[0]
    assert error["message"] == "something went wrong in source-pypi (TypeError): please report it"
    assert error["failure_type"] == "system_error"
    assert "'NoneType' object is not callable" in error["stack_trace"]


def test_missing_project(world: World, fake: FakeIndex, read: Read) -> None:
    """A missing project makes the streams of projects incomplete after the others were read; stats is whole."""
    world.add("flask")
    whole, messages = read(config(fake, "nope", "flask"), "versions", "stats")
    assert not whole
    assert Counter(shape(message) for message in messages) == {
        "STARTED versions": 1,
        "RUNNING versions": 1,
        "STARTED stats": 1,
        "RUNNING stats": 1,
        "RECORD versions": 1,
        "RECORD stats": 1,
        "STATE versions": 1,
        "STATE stats": 1,
        "ERROR versions": 1,
        "INCOMPLETE versions": 1,
        "COMPLETE stats": 1,
        "LOG": 2,
    }
    (error,) = errors(messages)
    assert error["message"] == f"not on the index {fake.url}: nope (check the spelling)"
    assert error["stream_descriptor"] == {"name": "versions"}


def test_missing_pin_concerns_release_only(world: World, fake: FakeIndex, read: Read) -> None:
    """A pinned release that is not there makes only the stream that reads releases incomplete."""
    world.add("flask")
    whole, messages = read(config(fake, "flask==9"), "files", "release")
    assert not whole
    statuses = [shape(m) for m in messages if m["type"] == "TRACE"]
    assert statuses[-3:] == ["COMPLETE files", "ERROR release", "INCOMPLETE release"]


@pytest.mark.parametrize(
    ("fault", "failure_type"),
    [
        (faults.too_many("86400"), "transient_error"),
        (faults.html(), "system_error"),
        (faults.forbidden(), "config_error"),
    ],
    ids=["busy", "html", "forbidden"],
)
def test_whose_fault(world: World, fake: FakeIndex, read: Read, fault: faults.Fault, failure_type: str) -> None:
    """An outage is transient, a refusal the user's to mend, an answer that is no document ours or the index's."""
    world.add("flask")
    fake.fault("/pypi/flask/json", fault)
    whole, messages = read(config(fake, "flask"), "files")
    assert not whole
    (error,) = errors(messages)
    assert error["failure_type"] == failure_type
    assert f"{fake.url}/pypi/flask/json" in error["message"]
    assert "Traceback" in error["stack_trace"]


def test_rate_limits_are_logged(world: World, fake: FakeIndex, read: Read) -> None:
    """A wait that the index asks for is told, so that silence is understood."""
    world.add("flask")
    fake.fault("/pypi/flask/json", faults.too_many("0"))
    whole, messages = read(config(fake, "flask"), "files")
    assert whole
    logs = [m["log"] for m in messages if m["type"] == "LOG"]
    told = f"{fake.url}/pypi/flask/json: status 429; waiting 0.0 s before try 2"
    assert logs[0] == {"level": "WARN", "message": told}


# What was seen ------------------------------------------------------------------------------------------------


def handed(folder: Path, messages: Messages) -> Path:
    """The last state of each stream, handed back as PyAirbyte does: with nulls, and a key twice."""
    last = {
        m["state"]["stream"]["stream_descriptor"]["name"]: m["state"]["stream"]["stream_state"]
        for m in messages
        if m["type"] == "STATE"
    }
    told = [
        f'{{"type":"STREAM","stream":{{"stream_descriptor":{{"name":"{name}","namespace":null}},"stream_state":'
        f'{json.dumps(state)}}},"global":null,"data":null,"global_":null,"global_":null}}'
        for name, state in last.items()
    ]
    path = folder / "state.json"
    path.write_text(f"[{','.join(told)}]")
    return path


def count(messages: Messages) -> dict[str, int]:
    """How many records each stream had."""
    return dict(Counter(m["record"]["stream"] for m in messages if m["type"] == "RECORD"))


def test_a_second_read(world: World, fake: FakeIndex, read: Read, tmp_path: Path) -> None:
    """With its state handed back a read asks on condition, and writes no record of what has not changed."""
    world.add("flask", releases=["1.0", "2.0"], owner="ann")
    names = [stream.name for stream in STREAMS]
    whole, first = read(config(fake, "flask"), *names)
    fake.new_run()
    again, second = read(config(fake, "flask"), *names, state=handed(tmp_path, first), now=lambda: NOW + 60)
    assert whole
    assert again
    momentary = ("recent_projects", "recent_releases", "stats")
    assert count(second) == {name: count(first)[name] for name in momentary}
    assert {r.path: r.status for r in fake.requests if r.path not in ("/stats/",) and "rss" not in r.path} == {
        "/pypi/flask/json": 304,
        "/simple/flask/": 304,
        "/simple/": 304,
    }
    assert [shape(m) for m in second if shape(m).startswith("COMPLETE")] == [f"COMPLETE {name}" for name in names]


@pytest.mark.parametrize("generation", [None, 3], ids=["none", "told"])
def test_full_refresh(world: World, fake: FakeIndex, read: Read, tmp_path: Path, generation: int | None) -> None:
    """A full refresh is whole whatever state there is; where generations are told, state is of the same job."""
    world.add("flask", releases=["1.0"])
    _, first = read(config(fake, "flask"), "files")
    state, configured = handed(tmp_path, first), tmp_path / "full.json"
    stream = {"stream": {"name": "files", "json_schema": {}}, "sync_mode": "full_refresh", "generation_id": generation}
    configured.write_text(json.dumps({"streams": [{**stream, "destination_sync_mode": "overwrite"}]}))
    fake.new_run()
    written: list[bytes] = []
    assert airbyte.read(config(fake, "flask"), configured, state, written.append)
    second = [json.loads(line) for line in b"".join(written).splitlines()]
    assert count(second) == (count(first) if generation is None else {})
    assert [request.status for request in fake.requests] == [200 if generation is None else 304]


def test_what_has_changed_since(world: World, fake: FakeIndex, read: Read, tmp_path: Path) -> None:
    """Rows that are new or differ are written with the time of the visit, and keys that are gone with it as well."""
    world.add("flask", releases=["1.0", "2.0"])
    world.add("click")
    asked = config(fake, "flask", "click")
    _, first = read(asked, "files", "versions", "release")
    assert {row["seen_at"] for row in records(first, "files")} == {NOW_TEXT}
    world.delete_file("flask-1.0.tar.gz")
    fake.new_run()
    state = handed(tmp_path, first)
    whole, second = read(asked, "files", "versions", "release", state=state, now=lambda: NOW + 60)
    assert whole
    later = "2026-11-22T07:30:37.078000Z"
    files = records(second, "files")
    gone = {"project": "flask", "filename": "flask-1.0.tar.gz", "seen_at": later, "_ab_cdc_deleted_at": later}
    assert files[-1] == gone
    assert {row["filename"] for row in files[:-1]} == {
        "flask-1.0-py3-none-any.whl",
        "flask-2.0-py3-none-any.whl",
        "flask-2.0.tar.gz",
    }
    assert {row["seen_at"] for row in files} == {later}
    assert all("_ab_cdc_deleted_at" not in row for row in files[:-1])
    assert count(second) == {"files": 4, "versions": 2, "release": 1}
    counted = {
        m["state"]["stream"]["stream_descriptor"]["name"]: m["state"]["sourceStats"]
        for m in second
        if m["type"] == "STATE"
    }
    assert counted == {"files": {"recordCount": 4.0}, "versions": {"recordCount": 2.0}, "release": {"recordCount": 1.0}}
    validator = Draft7Validator(_schema("files"))
    required = {**_schema("files"), "required": ["filename", "project"]}
    assert [error.message for row in files for error in validator.iter_errors(row)] == []
    assert Draft7Validator(required).is_valid(gone)


def _schema(stream: str) -> dict[str, Any]:
    streams = json.loads(airbyte.discover())["catalog"]["streams"]
    return next(one["json_schema"] for one in streams if one["name"] == stream)


@pytest.mark.parametrize("settings", [{"track_removed": False}, {"whole_index": True}], ids=str)
def test_without_keys(world: World, fake: FakeIndex, read: Read, tmp_path: Path, settings: dict[str, Any]) -> None:
    """Where removed rows are not told, that is said, and state keeps no keys."""
    world.add("flask", releases=["1.0", "2.0"])
    asked = config(fake, "flask", **settings)
    _, first = read(asked, "files")
    assert logs(first, "INFO")[0] == "rows that are gone from the index are not told (track_removed, whole_index)"
    world.delete_file("flask-1.0.tar.gz")
    fake.new_run()
    _, second = read(asked, "files", state=handed(tmp_path, first))
    assert [row["filename"] for row in records(second, "files") if "_ab_cdc_deleted_at" in row] == []
    assert len(records(second, "files")) == 3
    fake.new_run()
    _, with_keys = read(config(fake, "flask"), "files")
    assert "rows that are gone" not in "".join(logs(with_keys, "INFO"))
    kept, none = (states(messages, "files")[-1]["projects"]["flask"] for messages in (with_keys, second))
    assert len(kept) > len(none)


def test_state_of_another_index(world: World, fake: FakeIndex, read: Read, tmp_path: Path) -> None:
    """State of another index is set aside with a warning, and everything is read from its beginning."""
    world.add("flask")
    _, first = read(config(fake, "flask"), "files", "versions")
    state = handed(tmp_path, first)
    state.write_text(state.read_text().replace(fake.url, "http://other.test"))
    fake.new_run()
    whole, second = read(config(fake, "flask"), "files", "versions", state=state)
    assert whole
    assert logs(second, "WARN") == [
        f"{name}: the state is of another index, http://other.test: it is set aside, all is read anew"
        for name in ("files", "versions")
    ]
    assert count(second) == {"files": 2, "versions": 1}
    assert {one["index"] for one in states(second, "files")} == {fake.url}


@pytest.mark.parametrize(
    "told", [{"version": 2, "index": "x", "projects": {}}, {"cursor": "2024-01-01"}], ids=["newer", "foreign"]
)
def test_a_state_that_cannot_be_read(
    world: World, fake: FakeIndex, read: Read, tmp_path: Path, told: dict[str, Any]
) -> None:
    """A stream whose state is of another connector or a newer release is incomplete, and its state stays as it was.

    The others are read; where there are none, nothing is asked for.
    """
    world.add("flask")
    state = tmp_path / "state.json"
    message = {"type": "STREAM", "stream": {"stream_descriptor": {"name": "files"}, "stream_state": told}}
    state.write_text(json.dumps([message]))
    whole, messages = read(config(fake, "flask"), "files", state=state)
    assert not whole
    assert fake.requests == []
    whole, messages = read(config(fake, "flask"), "files", "versions", "stats", state=state)
    assert not whole
    assert [shape(m) for m in messages if m["type"] in ("STATE", "TRACE") and "files" in shape(m)] == [
        *("STARTED files", "RUNNING files", "STATE files", "ERROR files", "INCOMPLETE files"),
    ]
    (error,) = errors(messages)
    assert "reset the stream" in error["message"]
    assert states(messages, "files") == [told]
    assert count(messages) == {"versions": 1, "stats": 1}
    assert {shape(m) for m in messages if "COMPLETE" in shape(m)} == {
        *("INCOMPLETE files", "COMPLETE versions", "COMPLETE stats"),
    }


def test_a_broken_state(world: World, fake: FakeIndex, read: Read, tmp_path: Path) -> None:
    """A stream whose state is broken for a project gives no rows, and its state stays; the others go on from theirs."""
    world.add("flask")
    _, first = read(config(fake, "flask"), "files", "versions")
    state = handed(tmp_path, first)
    told = json.loads(state.read_text())
    told[0]["stream"]["stream_state"]["projects"]["flask"] = "broken"
    state.write_text(json.dumps(told))
    world.upload("flask", "2.0", filename="flask-2.0.tar.gz", content=b"tar")
    fake.new_run()
    whole, second = read(config(fake, "flask"), "files", "versions", state=state)
    assert not whole
    (error,) = errors(second)
    assert error["message"].split(";")[0] == "the state of files cannot be read: what it says of flask is broken"
    assert (error["failure_type"], error["stream_descriptor"]) == ("config_error", {"name": "files"})
    assert count(second) == {"versions": len(records(second, "versions"))}
    assert "2.0" in {row["version"] for row in records(second, "versions")}
    assert states(second, "files")[-1]["projects"] == {"flask": "broken"}
    assert [shape(m) for m in second if "COMPLETE" in shape(m)] == ["INCOMPLETE files", "COMPLETE versions"]


def test_checkpoints(world: World, fake: FakeIndex, read: Read) -> None:
    """Rows come before the state that tells of them; states are written in between, and count what came since."""
    names = [f"p{number}" for number in range(30)]
    for name in names:
        world.add(name)
    clock = iter(range(100_000))
    _, messages = read(config(fake, *names), "files", now=lambda: NOW + next(clock))
    written: set[str] = set()
    told, since, unfinished = 0, 0, list[bool]()
    for message in messages:
        if message["type"] == "RECORD":
            written.add(message["record"]["data"]["project"])
            since += 1
        elif message["type"] == "STATE":
            state = message["state"]["stream"]["stream_state"]
            assert state["projects"].keys() == written
            assert message["state"]["sourceStats"] == {"recordCount": since}
            told, since = told + since, 0
            unfinished.append("unfinished" in state)
    assert (told, since) == (60, 0)
    assert unfinished == [True] * (len(unfinished) - 1) + [False]
    assert len(unfinished) > 3


def test_a_read_that_is_killed(world: World, fake: FakeIndex, read: Read, tmp_path: Path) -> None:
    """A read that ends anywhere is taken up by the next one, which asks only for what was not in its last state."""
    names = [f"p{number}" for number in range(30)]
    for name in names:
        world.add(name)
    clock = iter(range(100_000))
    _, messages = read(config(fake, *names), "files", now=lambda: NOW + next(clock))
    states_at = [place for place, message in enumerate(messages) if message["type"] == "STATE"]
    killed = messages[: states_at[2] + 3]
    state = handed(tmp_path, killed)
    had = states(killed, "files")[-1]["projects"]
    assert 0 < len(had) < len(names)
    fake.new_run()
    whole, rest = read(config(fake, *names), "files", state=state, now=lambda: NOW + next(clock))
    assert whole
    assert logs(rest, "INFO")[0] == "the last sync ended early: what it has read is not asked for again"
    assert [r.path for r in fake.requests] == [f"/pypi/{name}/json" for name in names if name not in had]
    assert states(rest, "files")[-1]["projects"].keys() == set(names)
    fake.new_run()
    _, third = read(config(fake, *names), "files", state=handed(tmp_path, rest), now=lambda: NOW + next(clock))
    assert [r.status for r in fake.requests] == [304] * len(names)
    assert count(third) == {}


def test_an_outage_keeps_the_state(world: World, fake: FakeIndex, read: Read, tmp_path: Path) -> None:
    """A project that could not be read keeps its state, and nothing of it is told gone."""
    world.add("flask")
    _, first = read(config(fake, "flask"), "files", "versions")
    fake.new_run()
    fake.fault("/pypi/flask/json", faults.html(), times=None)
    whole, second = read(config(fake, "flask"), "files", "versions", state=handed(tmp_path, first))
    assert not whole
    assert count(second) == {}
    for name in ("files", "versions"):
        assert states(second, name)[-1]["projects"] == states(first, name)[-1]["projects"]


def logged(messages: Messages, level: str) -> list[str]:
    """The texts of LOG messages of a level."""
    return [m["log"]["message"] for m in messages if m["type"] == "LOG" and m["log"]["level"] == level]


def traced(messages: Messages, kind: str) -> list[dict[str, Any]]:
    """TRACE messages of a kind."""
    return [m["trace"] for m in messages if m["type"] == "TRACE" and m["trace"]["type"] == kind]


def test_rate_limited(world: World, fake: FakeIndex, read: Read) -> None:
    """While the index asks to wait, every stream says that it is rate limited, and until when."""
    world.add("flask")
    fake.fault("/pypi/flask/json", faults.too_many("1"))
    whole, messages = read(config(fake, "flask"), "files", "roles")
    statuses = [trace["stream_status"] for trace in traced(messages, "STREAM_STATUS")]
    limited = [(s["stream_descriptor"]["name"], s["status"], s["reasons"]) for s in statuses if "reasons" in s]
    reason = {"type": "RATE_LIMITED", "rate_limited": {"quota_reset": int((NOW + 1) * 1000)}}
    assert whole
    assert limited == [("files", "RUNNING", [reason]), ("roles", "RUNNING", [reason])]
    assert logged(messages, "WARN") == [
        f"{fake.url}/pypi/flask/json: status 429; waiting 1.0 s before try 2",
    ]


def test_a_wait_that_the_index_did_not_ask_for(world: World, fake: FakeIndex, read: Read) -> None:
    """A pause after a failure is no rate limit."""
    world.add("flask")
    fake.fault("/pypi/flask/json", faults.unavailable())
    _, messages = read(config(fake, "flask"), "files")
    assert not [t for t in traced(messages, "STREAM_STATUS") if "reasons" in t["stream_status"]]


def test_debugging(world: World, fake: FakeIndex, read: Read) -> None:
    """With the level DEBUG every answer is logged; otherwise none is."""
    world.add("flask")
    _, messages = read(config(fake, "flask"), "files", level="DEBUG")
    (told,) = logged(messages, "DEBUG")
    assert told.startswith(f"{fake.url}/pypi/flask/json: status 200, {fake.requests[0].body_bytes} bytes, 0.")
    fake.new_run()
    assert logged(read(config(fake, "flask"), "files")[1], "DEBUG") == []


def test_a_quiet_read(world: World, fake: FakeIndex, read: Read) -> None:
    """With the level ERROR, nothing less urgent is logged; rows, states and statuses are written all the same."""
    world.add("flask")
    _, messages = read(config(fake, "flask"), "files", level="ERROR")
    assert {message["type"] for message in messages} == {"TRACE", "RECORD", "STATE"}


@pytest.mark.parametrize("level", ["INFO", "ERROR"])
def test_a_long_silence(world: World, serve: Callable[..., FakeIndex], tmp_path: Path, level: str) -> None:
    """A read that writes nothing for long, whatever the reason, says that it goes on, on whatever level logs are."""
    world.add("flask")
    written: list[bytes] = []
    asked, configured = config(serve(latency=0.5), "flask"), catalog(tmp_path, "files")
    assert airbyte.read(asked, configured, None, written.append, level=level, heartbeat=0.1)
    messages = [json.loads(line) for line in b"".join(written).splitlines()]
    heartbeats = [told for told in logged(messages, "INFO") if told.startswith("still reading")]
    assert heartbeats[0] == "still reading: 0 requests so far"
    assert 2 <= len(heartbeats) <= 5


def test_no_heartbeat_is_needed(world: World, fake: FakeIndex, read: Read) -> None:
    """A read that writes all the time says nothing of the kind."""
    world.add("flask")
    _, messages = read(config(fake, "flask"), "files")
    assert not [told for told in logged(messages, "INFO") if told.startswith("still reading")]


def test_estimates(world: World, fake: FakeIndex, read: Read, tmp_path: Path) -> None:
    """A first read tells how many rows come of streams that have one a project; a later one cannot know."""
    for name in ("a", "b", "c"):
        world.add(name)
    _, messages = read(config(fake, "a", "b", "c"), "projects", "files", "statuses", "stats")
    assert [trace["estimate"] for trace in traced(messages, "ESTIMATE")] == [
        {"name": "projects", "type": "STREAM", "row_estimate": 3},
        {"name": "statuses", "type": "STREAM", "row_estimate": 3},
    ]
    state = tmp_path / "state.json"
    state.write_text(json.dumps([message["state"] for message in messages if message["type"] == "STATE"]))
    fake.new_run()
    _, messages = read(config(fake, "a", "b", "c"), "projects", "files", "statuses", "stats", state=state)
    assert traced(messages, "ESTIMATE") == []
