"""airbyte/read.py: what happens when something cannot be read."""

import json
from collections import Counter
from pathlib import Path

import pytest

from source_pypi import airbyte
from source_pypi.services.index.api import Index, open_index
from tests.airbyte import (
    NOW,
    Read,
    catalog,
    config,
    errors,
    record_counts,
    shape,
)
from tests.fake_index import FakeIndex, World, faults


@pytest.mark.parametrize("projects", [[], ["fl ask", "flask"]], ids=str)
def test_no_selected_projects(world: World, fake: FakeIndex, read: Read, projects: list[str]) -> None:
    """If no projects can be selected, the streams of projects are incomplete; the others are read."""
    complete, messages = read(config(fake, *projects), "files", "stats")
    assert not complete
    assert [shape(message) for message in messages] == [
        *("LOG", "STARTED files", "RUNNING files", "STARTED stats", "RUNNING stats", "RECORD stats", "LOG"),
        *("STATE files", "ERROR files", "INCOMPLETE files", "STATE stats", "COMPLETE stats", "LOG"),
    ]
    assert [error["failure_type"] for error in errors(messages)] == ["config_error"]


def test_internal_error(fake: FakeIndex, tmp_path: Path) -> None:
    """An internal error ends every stream as incomplete, with its state, and is one system error."""

    def fails(*_: object) -> Index:
        index = open_index(config(fake, "flask"))
        index.client.get = None  # type: ignore[assignment, method-assign]
        return index

    written: list[bytes] = []
    configured = catalog(tmp_path, "files", "stats")
    assert not airbyte.read(config(fake, "flask"), configured, None, written.append, lambda: NOW, fails)
    messages = [json.loads(line) for line in b"".join(written).splitlines()]
    shapes = [shape(message) for message in messages if message["type"] in ("TRACE", "STATE")]
    assert shapes[-6:] == [
        *("RUNNING stats", "STATE files", "ERROR files", "INCOMPLETE files", "STATE stats", "INCOMPLETE stats"),
    ]
    (error,) = errors(messages)
    assert error["message"] == "something went wrong in source-pypi (TypeError): please report it"
    assert error["failure_type"] == "system_error"
    assert "'NoneType' object is not callable" in error["stack_trace"]


def test_missing_project(world: World, fake: FakeIndex, read: Read) -> None:
    """A missing project makes the streams of projects incomplete after the other projects are read."""
    world.add("flask")
    complete, messages = read(config(fake, "nope", "flask"), "versions", "stats")
    assert not complete
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
        "LOG": 3,
    }
    (error,) = errors(messages)
    assert error["message"] == f"not on the index {fake.url}: nope (check the spelling and index_url)"
    assert error["stream_descriptor"] == {"name": "versions"}


def test_one_trace_for_each_cause(world: World, fake: FakeIndex, read: Read) -> None:
    """Missing projects are one error, whatever number of streams they make incomplete; so is every other cause."""
    world.add("flask")
    world.add("click", releases=["1.0"])
    complete, messages = read(
        config(fake, "nope", "flask==9", "nada", "click"), "files", "versions", "release", "roles"
    )
    assert not complete
    assert [(error["stream_descriptor"]["name"], error["message"].split(":")[0]) for error in errors(messages)] == [
        ("files", f"not on the index {fake.url.split(':')[0]}"),
        ("release", "the index has no release document of flask 9 (http"),
    ]
    assert "nope, nada" in errors(messages)[0]["message"]
    assert [shape(m) for m in messages if "COMPLETE" in shape(m)] == [
        *("INCOMPLETE files", "INCOMPLETE versions", "INCOMPLETE release", "INCOMPLETE roles"),
    ]


def test_project_that_fails_is_one_error(world: World, fake: FakeIndex, read: Read) -> None:
    """A document that several streams cannot read is one error with the first of them."""
    world.add("flask")
    world.add("click")
    fake.fault("/pypi/flask/json", faults.html(), times=None)
    complete, messages = read(config(fake, "flask", "click"), "files", "versions", "statuses")
    assert not complete
    assert [error["stream_descriptor"]["name"] for error in errors(messages)] == ["files"]
    assert record_counts(messages) == {"files": 2, "versions": 1, "statuses": 1}


def test_missing_release(world: World, fake: FakeIndex, read: Read) -> None:
    """A pinned release that is missing makes only the streams of releases incomplete."""
    world.add("flask")
    complete, messages = read(config(fake, "flask==9"), "files", "release")
    assert not complete
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
def test_failure_types(world: World, fake: FakeIndex, read: Read, fault: faults.Fault, failure_type: str) -> None:
    """An outage is a transient error, a refusal a configuration error, an unexpected document a system error."""
    world.add("flask")
    fake.fault("/pypi/flask/json", fault)
    complete, messages = read(config(fake, "flask"), "files")
    assert not complete
    (error,) = errors(messages)
    assert error["failure_type"] == failure_type
    assert f"{fake.url}/pypi/flask/json" in error["message"]
    assert "Traceback" in error["stack_trace"]
