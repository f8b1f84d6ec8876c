"""airbyte/read.py: records, statuses and the order of messages."""

import json
from typing import Any

from jsonschema import Draft7Validator

from source_pypi import airbyte
from source_pypi.streams import choose_streams
from tests.airbyte import (
    NOW_TEXT,
    Read,
    config,
    errors,
    logs,
    records,
    shape,
)
from tests.fake_index import FakeIndex, World


def test_order_of_messages(world: World, fake: FakeIndex, read: Read) -> None:
    """A read starts every stream, writes its rows, then its state with their number, and completes it."""
    world.add("flask", releases=["1.0", "2.0"])
    complete, messages = read(config(fake, "flask"), "versions", "stats")
    assert complete
    assert [shape(message) for message in messages] == [
        "LOG",
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
    assert messages[5]["record"]["emitted_at"] == 1_795_332_577_078


def test_rows_are_valid_and_have_unique_keys(world: World, fake: FakeIndex, read: Read) -> None:
    """Every row is valid against the schema that discover gives, and its key is unique."""
    facts = {
        "requires_dist": ["click>=8"],
        "classifiers": ["Typing :: Typed"],
        "project_urls": {"Docs": "https://a.test"},
    }
    world.add("Flask", releases=["1.0", "2.0"], owner="ann", **facts)
    world.release("flask", "3.0")
    world.add_advisory("flask", "2.0", "PYSEC-2024-1")
    names = [stream.name for stream in choose_streams(["all"])]
    complete, messages = read(config(fake, "flask", releases="all", events_since="0"), *names)
    assert complete
    for stream in json.loads(airbyte.discover())["catalog"]["streams"]:
        if stream["name"] not in names:
            continue
        rows = records(messages, stream["name"])
        keys = [tuple(row[field] for (field,) in stream["source_defined_primary_key"]) for row in rows]
        assert rows or stream["name"] in ("attestations", "core_metadata")
        assert len(set(keys)) == len(rows)
        validator = Draft7Validator(stream["json_schema"])
        assert [error.message for row in rows for error in validator.iter_errors(row)] == []


def test_raw_documents_keep_every_key(world: World, fake: FakeIndex, read: Read) -> None:
    """Raw documents keep all keys, unknown ones and nulls too; key and time are added."""
    world.add("Flask", releases=["1.0", "2.0"])
    world.deploy("brand-new", {"nested": [None, 1]})
    with_keys = config(fake, "flask", "flask==1.0")
    _, messages = read(with_keys, "project", "release", "stats")
    fake.new_run()
    documents = {path: _request(fake, path) for path in ("/pypi/flask/json", "/pypi/flask/1.0/json", "/stats/")}
    project = documents["/pypi/flask/json"]
    assert project["info"]["author"] is None
    assert records(messages, "project") == [{**project, "project": "flask", "seen_at": NOW_TEXT}]
    assert records(messages, "stats") == [documents["/stats/"]]
    latest = {key: value for key, value in project.items() if key != "releases"}
    by_version = {row["version"]: row for row in records(messages, "release")}
    assert by_version == {
        "2.0": {**latest, "project": "flask", "version": "2.0", "seen_at": NOW_TEXT},
        "1.0": {**documents["/pypi/flask/1.0/json"], "project": "flask", "version": "1.0", "seen_at": NOW_TEXT},
    }


def test_range_selects_the_highest_release(world: World, fake: FakeIndex, read: Read) -> None:
    """A name in the settings may have a range of versions, of which the highest release is read."""
    world.add("flask", releases=["1.0", "1.1", "2.0"])
    complete, messages = read(config(fake, "flask<2"), "release")
    assert (complete, [row["version"] for row in records(messages, "release")]) == (True, ["1.1"])


def _request(fake: FakeIndex, path: str) -> Any:
    import urllib.request

    request = urllib.request.Request(fake.url + path, headers={"Accept": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def test_pretty_printed_document_is_one_line(world: World, fake: FakeIndex, read: Read) -> None:
    """A document that an index sends pretty-printed becomes one line."""
    document = {"info": {"name": "a", "version": "1", "description": "two\nlines"}, "releases": {}, "urls": []}
    world.override("/pypi/a/json", json.dumps(document, indent=2).encode())
    _, messages = read(config(fake, "a"), "project")
    assert records(messages, "project") == [{**document, "project": "a", "seen_at": NOW_TEXT}]


def test_documents_cannot_set_our_columns(world: World, fake: FakeIndex, read: Read) -> None:
    """Keys of documents that are names of our columns, in any case, are left out of rows, with a warning."""
    info = {"name": "a", "version": "1"}
    own = {
        "seen_at": None,
        "Seen_At": 1,
        "_ab_cdc_deleted_at": "2020-01-01T00:00:00Z",
        "project": "other",
        "PROJECT": 1,
    }
    document = {"info": info, "releases": {"1": []}, "urls": []}
    world.override("/pypi/a/json", {**document, **own})
    world.override("/stats/", {"top_packages": {}, "_ab_cdc_deleted_at": "2020-01-01T00:00:00Z"})
    complete, messages = read(config(fake, "a"), "project", "release", "stats", "files")
    assert complete
    ours = {"project": "a", "seen_at": NOW_TEXT}
    assert records(messages, "project") == [{**document, **ours}]
    assert records(messages, "release") == [{"info": info, "urls": [], "version": "1", **ours}]
    assert records(messages, "stats") == [{"top_packages": {}}]
    left_out = "has keys that are columns of source-pypi, which are left out"
    assert logs(messages, "WARN") == [
        f"{fake.url}/pypi/a/json {left_out}: PROJECT, Seen_At, _ab_cdc_deleted_at, project, seen_at",
        f"{fake.url}/stats/ {left_out}: _ab_cdc_deleted_at",
    ]


def test_unknown_stream_is_incomplete(world: World, fake: FakeIndex, read: Read) -> None:
    """A stream that does not exist is a configuration error and incomplete; the others are read."""
    world.add("flask")
    complete, messages = read(config(fake, "flask"), "nope", "versions")
    assert not complete
    shapes = [shape(message) for message in messages]
    assert shapes[:3] == ["STARTED nope", "ERROR nope", "INCOMPLETE nope"]
    assert shapes[-1] == "COMPLETE versions"
    (error,) = errors(messages)
    assert error["failure_type"] == "config_error"
    assert error["message"].startswith("no such stream: nope (available: projects, ")


def test_each_unknown_stream_has_an_error(world: World, fake: FakeIndex, read: Read) -> None:
    """Each stream that does not exist has an error of its own, even if there is nothing else to read."""
    complete, messages = read(config(fake, "flask"), "nope", "nada", "nope")
    assert not complete
    assert [shape(message) for message in messages] == [
        *("STARTED nope", "ERROR nope", "INCOMPLETE nope"),
        *("STARTED nada", "ERROR nada", "INCOMPLETE nada"),
    ]
    assert [error["message"].split(" (")[0] for error in errors(messages)] == [
        "no such stream: nope",
        "no such stream: nada",
    ]
