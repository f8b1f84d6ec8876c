"""fronts/airbyte/reading.py: batches as RECORD lines, and what was seen as STATE lines."""

import json
from collections import Counter
from typing import Any

import pytest
from jsonschema import Draft7Validator

from source_pypi.fronts import airbyte
from source_pypi.streams import STREAMS
from tests.fake_index import FakeIndex, World, faults
from tests.fronts.airbyte import NOW_TEXT, Read, config, errors, records, shape


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
    assert error["message"].startswith("no such stream: nope (there are: projects, ")


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
