"""fronts/airbyte.py: the protocol."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from source_pypi.config import Config, make_config
from source_pypi.errors import CatalogError
from source_pypi.fronts import airbyte
from source_pypi.streams import STREAMS
from tests.fake_index import FakeIndex, World, faults

NOW = 1_795_332_577.078
Messages = list[dict[str, Any]]


def config(fake: FakeIndex, *projects: str, **settings: Any) -> Config:
    """Settings for the fake index, without pace."""
    return make_config({"projects": projects, "index_url": fake.url, "requests_per_second": 0, **settings})


def catalog(folder: Path, *names: str) -> Path:
    """A configured catalog, as PyAirbyte sends it: incremental and overwrite, whatever the stream offers."""
    streams = [
        {
            "stream": {"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh"]},
            "sync_mode": "incremental",
            "destination_sync_mode": "overwrite",
            "generation_id": 1,
            "minimum_generation_id": 1,
            "sync_id": 1,
        }
        for name in names
    ]
    path = folder / "catalog.json"
    path.write_text(json.dumps({"streams": streams}))
    return path


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., tuple[bool, Messages]]:
    """Read streams; whether all was read, and the messages."""

    def run(settings: Config, *names: str, state: Path | None = None) -> tuple[bool, Messages]:
        written: list[bytes] = []
        whole = airbyte.read(settings, catalog(tmp_path, *names), state, written.append, lambda: NOW)
        assert all(chunk.endswith(b"\n") for chunk in written), "only whole lines"
        return whole, [json.loads(line) for line in b"".join(written).splitlines()]

    return run


Read = Callable[..., tuple[bool, Messages]]


def shape(message: dict[str, Any]) -> str:
    """A message in a word or three: its kind, stream and status."""
    match message["type"]:
        case "RECORD":
            return f"RECORD {message['record']['stream']}"
        case "STATE":
            return f"STATE {message['state']['stream']['stream_descriptor']['name']}"
        case "TRACE" if message["trace"]["type"] == "STREAM_STATUS":
            status = message["trace"]["stream_status"]
            return f"{status['status']} {status['stream_descriptor']['name']}"
        case "TRACE":
            return f"ERROR {message['trace']['error'].get('stream_descriptor', {}).get('name')}"
        case kind:
            return str(kind)


def records(messages: Messages, stream: str) -> Messages:
    """The rows of a stream."""
    return [m["record"]["data"] for m in messages if m["type"] == "RECORD" and m["record"]["stream"] == stream]


def errors(messages: Messages) -> Messages:
    """The ERROR traces."""
    return [m["trace"]["error"] for m in messages if m["type"] == "TRACE" and m["trace"]["type"] == "ERROR"]


def test_spec() -> None:
    """The specification is a valid schema, every setting has a title, a description and an order of its own."""
    message = json.loads(airbyte.spec())
    schema = message["spec"]["connectionSpecification"]
    Draft7Validator.check_schema(schema)
    properties = schema["properties"]
    assert list(properties) == list(Config.__struct_fields__)
    assert [setting["order"] for setting in properties.values()] == list(range(len(properties)))
    assert all(setting["title"] and setting["description"] for setting in properties.values())
    assert [name for name, setting in properties.items() if setting.get("airbyte_secret")] == ["index_password"]
    assert message["spec"]["documentationUrl"].startswith("https://")


@pytest.mark.parametrize(
    "settings",
    [
        {"project_name": "sampleproject"},
        {"project_name": "sampleproject", "version": "1.2.0"},
        {"projects": ["flask", "requests==2.31.0"], "releases": "all", "max_concurrency": 4},
    ],
)
def test_configurations_fit_the_spec(settings: dict[str, Any]) -> None:
    """Configurations of 0.2.x and new ones are valid against the specification."""
    schema = json.loads(airbyte.spec())["spec"]["connectionSpecification"]
    Draft7Validator(schema).validate(settings)


def test_discover() -> None:
    """The catalog has every stream with a schema that the platform takes, and its key in it."""
    streams = json.loads(airbyte.discover())["catalog"]["streams"]
    assert [stream["name"] for stream in streams] == [stream.name for stream in STREAMS]
    for stream in streams:
        Draft7Validator.check_schema(stream["json_schema"])
        text = json.dumps(stream["json_schema"])
        assert not any(word in text for word in ('"$ref"', '"allOf"', '"anyOf"', '"oneOf"', '"not"'))
        assert stream["json_schema"]["additionalProperties"] is True
        for (field,) in stream["source_defined_primary_key"]:
            assert stream["json_schema"]["properties"][field]["type"] in ("string", "integer")


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
    """Documents are passed on as the index sends them, known keys and new ones, nulls too, and only keys are added."""
    world.add("Flask", releases=["1.0", "2.0"])
    world.deploy("brand-new", {"nested": [None, 1]})
    with_keys = config(fake, "flask", "flask==1.0")
    _, messages = read(with_keys, "project", "release", "stats")
    fake.new_run()
    asked = {path: _ask(fake, path) for path in ("/pypi/flask/json", "/pypi/flask/1.0/json", "/stats/")}
    project = asked["/pypi/flask/json"]
    assert project["info"]["author"] is None
    assert records(messages, "project") == [{**project, "project": "flask"}]
    assert records(messages, "stats") == [asked["/stats/"]]
    latest = {key: value for key, value in project.items() if key != "releases"}
    by_version = {row["version"]: row for row in records(messages, "release")}
    assert by_version == {
        "2.0": {**latest, "project": "flask", "version": "2.0"},
        "1.0": {**asked["/pypi/flask/1.0/json"], "project": "flask", "version": "1.0"},
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
    assert records(messages, "project") == [{**document, "project": "a"}]


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


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("nonsense", "is no JSON"),
        ("[]", "has no list of streams"),
        ('{"streams": [{"stream": {}}]}', "has a stream without a name"),
        (None, "No such file"),
    ],
)
def test_bad_catalog(tmp_path: Path, content: str | None, reason: str) -> None:
    """A catalog that is none is an error that says what is wrong with it."""
    path = tmp_path / "catalog.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(CatalogError, match=reason):
        airbyte.configured_streams(path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '[{"type":"STREAM","global_":null,"global_":null}]'])
def test_states_that_are_taken(tmp_path: Path, content: str) -> None:
    """No state, an empty one, and PyAirbyte's with nulls and repeated keys are all taken."""
    path = tmp_path / "state.json"
    path.write_text(content)
    airbyte.check_state(path)
    airbyte.check_state(None)


@pytest.mark.parametrize("content", ["nonsense", '{"cursor": 1}', '"text"'])
def test_bad_state(tmp_path: Path, content: str) -> None:
    """A state that is none is an error."""
    path = tmp_path / "state.json"
    path.write_text(content)
    with pytest.raises(CatalogError, match="the state cannot be read"):
        airbyte.check_state(path)


def test_check(world: World, fake: FakeIndex) -> None:
    """Check succeeds when the index has the projects."""
    world.add("flask")
    assert json.loads(airbyte.check(config(fake, "Flask"))) == {
        "type": "CONNECTION_STATUS",
        "connectionStatus": {"status": "SUCCEEDED"},
    }


@pytest.mark.parametrize(
    ("projects", "reason"),
    [(["nope", "flask"], "not on the index"), (["fl ask"], "cannot be a project"), ([], "no projects named")],
)
def test_check_fails(world: World, fake: FakeIndex, projects: list[str], reason: str) -> None:
    """Check fails in one line that says what is wrong."""
    world.add("flask")
    status = json.loads(airbyte.check(config(fake, *projects)))["connectionStatus"]
    assert status["status"] == "FAILED"
    assert reason in status["message"]
    assert "\n" not in status["message"]


def test_check_asks_few(world: World, fake: FakeIndex) -> None:
    """However many projects are named, check asks for ten at most."""
    names = [f"p{number}" for number in range(30)]
    for name in names:
        world.add(name)
    airbyte.check(config(fake, *names))
    assert len(fake.requests) == airbyte.CHECKED == 10


def test_a_bug_is_ours() -> None:
    """What is no error of ours by design is told as a bug, with its trace."""
    error = json.loads(airbyte.error_trace(ZeroDivisionError("division"), NOW))["trace"]
    assert error["error"] == {
        "message": "Something went wrong in source-pypi; please report it.",
        "internal_message": "ZeroDivisionError('division')",
        "stack_trace": "ZeroDivisionError: division\n",
        "failure_type": "system_error",
    }
    assert error["emitted_at"] == NOW * 1000
