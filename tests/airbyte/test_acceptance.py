"""The assertions of Airbyte's older acceptance tests that need no image.

Each docstring names the class and the test that makes the assertion there.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, FormatChecker
from jsonschema.validators import extend

from source_pypi import airbyte
from source_pypi.config import Config, make_config
from source_pypi.services.index.api import Index
from source_pypi.streams import stream_named
from tests.airbyte import NOW, Messages, Read, errors, records, shape, state_file, states
from tests.connector import CONFIGURATIONS, copy_connector, generated, sample_config, sample_world
from tests.fake_index import FakeIndex, World

SPEC: dict[str, Any] = json.loads(airbyte.spec())["spec"]
SETTINGS: dict[str, Any] = SPEC["connectionSpecification"]
#: All streams but those of downloads, which no configuration of the catalogue can read without that service.
STREAMS: list[dict[str, Any]] = [
    stream
    for stream in json.loads(airbyte.discover())["catalog"]["streams"]
    if stream_named(stream["name"]).service != "downloads"
]
NAMES = [stream["name"] for stream in STREAMS]
#: Those that the fake index provides.
READ = [name for name in NAMES if stream_named(name).service != "downloads"]
INCREMENTAL = [
    stream["name"] for stream in STREAMS if "incremental" in stream["supported_sync_modes"] and stream["name"] in READ
]
#: Those of the index. The cursors of other services are of their own kinds.
OF_INDEX = [name for name in INCREMENTAL if not stream_named(name).service]
#: Streams without rows in a first sync.
EMPTY = {"removed_advisories"}
#: Names of settings that hold secrets.
SECRETS = {
    *("client_token", "access_token", "api_token", "token", "secret", "client_secret", "password", "key", "jwt"),
    *("service_account_info", "service_account", "tenant_id", "certificate", "credentials", "app_id", "appid"),
    "refresh_token",
}
#: Keywords of JSON Schema that a form cannot show.
TOO_COMPLEX = {
    *("not", "anyOf", "patternProperties", "prefixItems", "allOf", "if", "then", "else"),
    *("dependentSchemas", "dependentRequired"),
}
DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})?")


@pytest.fixture
def world() -> World:
    """Return the index of the acceptance configurations."""
    return sample_world()


@pytest.fixture
def settings(fake: FakeIndex) -> Config:
    """Return the main configuration."""
    return make_config(sample_config("config.json", fake))


def schemas(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a schema and those in it, each with its path."""
    yield path, schema
    for name, member in schema.get("properties", {}).items():
        yield from schemas(member, f"{path}.{name}")
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), dict):
            yield from schemas(schema[word], f"{path}.{word}")


def types(schema: dict[str, Any]) -> list[str]:
    """Return the types of a schema as a list."""
    return [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", [])


# TestSpec -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["config.json", "config_0_2.json", "invalid_config.json"])
def test_config_match_spec(name: str) -> None:
    """TestSpec.config_match_spec: each configuration, without keys that begin with _, is valid against the spec."""
    config = {key: value for key, value in json.loads((CONFIGURATIONS / name).read_text()).items() if key[0] != "_"}
    Draft7Validator(SETTINGS).validate(config)


def test_enum_usage() -> None:
    """TestSpec.enum_usage: the values of an enumeration are distinct, and its default is one of them."""
    enums = [schema for _, schema in schemas(SETTINGS) if "enum" in schema]
    assert ["latest", "all"] in [schema["enum"] for schema in enums]
    assert all(len(set(schema["enum"])) == len(schema["enum"]) for schema in enums)
    assert all(schema["default"] in schema["enum"] for schema in enums)


def test_secret_is_properly_marked() -> None:
    """TestSpec.secret_is_properly_marked: every setting that holds a secret is marked as one."""
    named = [path for path, schema in schemas(SETTINGS) if path.rpartition(".")[2] in SECRETS]
    marked = [path for path, schema in schemas(SETTINGS) if schema.get("airbyte_secret") is True]
    assert named == []
    assert marked == [".index_password", ".clickhouse_password"]


def test_property_type_is_not_array() -> None:
    """TestSpec.property_type_is_not_array: a setting has one type, or one type and null, in this order."""
    for path, schema in schemas(SETTINGS):
        assert isinstance(schema["type"], str) or schema["type"][1:] == ["null"], path


def test_object_not_empty_and_array_type() -> None:
    """TestSpec.object_not_empty, .array_type: objects have properties, and lists have simple items."""
    for path, schema in schemas(SETTINGS):
        assert schema["type"] != "object" or schema["properties"], path
        if schema["type"] == "array":
            assert schema["items"]["type"] in ("object", "string", "number", "integer"), path


def test_forbidden_complex_types() -> None:
    """TestSpec.forbidden_complex_types, .oneof_usage, .defined_refs: no keyword is used that a form cannot show."""
    used = {word for _, schema in schemas(SETTINGS) for word in schema}
    assert used & {*TOO_COMPLEX, "oneOf", "$ref"} == set()


def test_duplicate_order() -> None:
    """TestSpec.duplicate_order, .nested_group, .display_type: each order occurs once; only settings have groups."""
    orders = [schema["order"] for path, schema in schemas(SETTINGS) if path.count(".") == 1]
    assert sorted(orders) == list(range(len(orders)))
    assert all(path.count(".") == 1 for path, schema in schemas(SETTINGS) if "group" in schema)
    assert not any("display_type" in schema for _, schema in schemas(SETTINGS))


def test_oauth_flow_parameters() -> None:
    """TestSpec.oauth_flow_parameters, .oauth_is_default_method: there is no OAuth."""
    assert SPEC.keys() & {"advanced_auth", "authSpecification"} == set()


def test_spec_additional_properties_is_true() -> None:
    """TestSpec.additional_properties_is_true: unknown settings are accepted."""
    values = [schema["additionalProperties"] for _, schema in schemas(SETTINGS) if "additionalProperties" in schema]
    assert values == [True]


# TestConnection -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "status"),
    [("config.json", "SUCCEEDED"), ("config_0_2.json", "SUCCEEDED"), ("invalid_config.json", "FAILED")],
)
def test_check(fake: FakeIndex, name: str, status: str) -> None:
    """TestConnection.check: each configuration gives one CONNECTION_STATUS with the expected status."""
    (line,) = airbyte.check(make_config(sample_config(name, fake))).splitlines()
    assert json.loads(line)["connectionStatus"]["status"] == status


# TestDiscovery ------------------------------------------------------------------------------------------------


def test_discover() -> None:
    """TestDiscovery.discover, .sync_modes: streams have distinct names and support full refresh."""
    assert len(set(NAMES)) == len(NAMES) > 0
    assert all("full_refresh" in stream["supported_sync_modes"] for stream in STREAMS)


@pytest.mark.parametrize("stream", STREAMS, ids=NAMES)
def test_stream_schemas(stream: dict[str, Any]) -> None:
    """TestDiscovery.valid_json_schemas, .refs, .keywords, .additionalProperties: schemas are valid, simple and open."""
    schema = stream["json_schema"]
    Draft7Validator.check_schema(schema)
    assert schema["properties"]
    for path, one in schemas(schema):
        assert one.keys() & {"$ref", "allOf", "not", "anyOf", "oneOf"} == set(), path
        assert one.get("additionalProperties", True) is not False, path


@pytest.mark.parametrize("stream", STREAMS, ids=NAMES)
def test_cursors_and_primary_keys_exist_in_schema(stream: dict[str, Any]) -> None:
    """TestDiscovery.cursors, .primary_keys_exist, .primary_keys_scalar: cursors and keys are simple fields."""
    properties = stream["json_schema"]["properties"]
    fields = [*stream["default_cursor_field"], *(field for (field,) in stream["source_defined_primary_key"])]
    for field in fields:
        assert set(types(properties[field])) <= {"string", "integer", "null"}, field
    assert bool(stream["default_cursor_field"]) == (stream["name"] in INCREMENTAL)


# TestBasicRead ------------------------------------------------------------------------------------------------


def _is_date_time(value: object) -> bool:
    if not isinstance(value, str):
        return True
    return bool(DATE_TIME.fullmatch(value)) and datetime.fromisoformat(value) is not None


def strict(schema: dict[str, Any]) -> Draft7Validator:
    """Return a validator that rejects 1.0 as an integer, and date-times that are not written in ISO format."""
    checker = FormatChecker(formats=())
    checker.checks("date-time", raises=ValueError)(_is_date_time)
    kinds = Draft7Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    validator: Draft7Validator = extend(Draft7Validator, type_checker=kinds)(schema, format_checker=checker)
    return validator


def test_read(settings: Config, read: Read) -> None:
    """TestBasicRead.read: every stream has records, and each record is valid and has fields of its schema."""
    complete, messages = read(settings, *READ)
    assert complete
    for stream in (one for one in STREAMS if one["name"] in READ):
        rows, validator = records(messages, stream["name"]), strict(stream["json_schema"])
        assert rows or stream["name"] in EMPTY, stream["name"]
        assert [error.message for row in rows for error in validator.iter_errors(row)] == []
        assert all(row.keys() & stream["json_schema"]["properties"].keys() for row in rows)


def test_validator_is_strict() -> None:
    """The validator of these tests rejects what the acceptance tests reject."""
    schema = {"properties": {"size": {"type": "integer"}, "at": {"type": "string", "format": "date-time"}}}
    assert strict(schema).is_valid({"size": 1, "at": "2024-01-01T00:00:00.123456Z"})
    refused = [
        {"size": 1.0},
        {"size": True},
        {"at": "2024-13-01T00:00:00Z"},
        {"at": "1704067200"},
        {"at": "2024-01-01"},
    ]
    assert [one for one in refused if strict(schema).is_valid(one)] == []


def test_primary_keys_in_records(settings: Config, read: Read) -> None:
    """TestBasicRead.primary_keys: a record's key is complete, simple and unique."""
    _, messages = read(settings, *READ)
    for stream in STREAMS:
        names = [field for (field,) in stream["source_defined_primary_key"]]
        keys = [tuple(row[name] for name in names) for row in records(messages, stream["name"])]
        assert all(isinstance(part, str | int) for key in keys for part in key), stream["name"]
        assert not names or len(set(keys)) == len(keys), stream["name"]


def test_stream_statuses(settings: Config, read: Read) -> None:
    """TestBasicRead.stream_statuses: exactly the configured streams are STARTED, RUNNING and COMPLETE."""
    configured = ["files", "stats", "attestations"]
    _, messages = read(settings, *configured)
    pairs = [shape(m).split() for m in messages if m["type"] == "TRACE"]
    statuses = {name: [status for status, stream in pairs if stream == name] for name in configured}
    in_order = {name: list(dict.fromkeys(one)) for name, one in statuses.items()}
    assert in_order == {name: ["STARTED", "RUNNING", "COMPLETE"] for name in configured}
    assert [(one.count("STARTED"), one.count("COMPLETE")) for one in statuses.values()] == [(1, 1)] * 3
    assert {stream for _, stream in pairs} == set(configured)


def test_states(settings: Config, read: Read) -> None:
    """TestBasicRead.states: every stream has a state, none has the legacy form, all count their records."""
    _, messages = read(settings, *READ)
    written = [message["state"] for message in messages if message["type"] == "STATE"]
    assert {state["stream"]["stream_descriptor"]["name"] for state in written} == set(READ)
    assert {state["type"] for state in written} == {"STREAM"}
    counted: Counter[str] = Counter()
    for state in written:
        assert isinstance(state["sourceStats"]["recordCount"], float)
        counted[state["stream"]["stream_descriptor"]["name"]] += int(state["sourceStats"]["recordCount"])
    assert counted == Counter(m["record"]["stream"] for m in messages if m["type"] == "RECORD")


def test_airbyte_trace_message_on_failure(settings: Config, read: Read) -> None:
    """TestBasicRead.airbyte_trace_message_on_failure: an unknown stream gives an ERROR trace."""
    complete, messages = read(settings, "__AIRBYTE__stream_that_does_not_exist")
    assert not complete
    assert [error["failure_type"] for error in errors(messages)] == ["config_error"]


# TestFullRefresh ----------------------------------------------------------------------------------------------


def test_sequential_reads(fake: FakeIndex, settings: Config, read: Read) -> None:
    """TestFullRefresh.sequential_reads: a second read gives the same records with a later emitted_at."""
    _, first = read(settings, *READ)
    fake.new_run()
    _, second = read(settings, *READ, now=lambda: NOW + 1)
    emitted = [[m["record"]["emitted_at"] for m in one if m["type"] == "RECORD"] for one in (first, second)]
    assert max(emitted[0]) < min(emitted[1])
    assert {name: without_time(records(first, name)) for name in READ} == {
        name: without_time(records(second, name)) for name in READ
    }


def without_time(rows: Messages) -> list[str]:
    """Return records without the time of the read, sorted."""
    return sorted(json.dumps({key: value for key, value in row.items() if key != "seen_at"}) for row in rows)


# TestIncremental ----------------------------------------------------------------------------------------------


def test_two_sequential_reads(fake: FakeIndex, settings: Config, read: Read, tmp_path: Path) -> None:
    """TestIncremental.two_sequential_reads: a second read with the last states gives no records."""
    _, first = read(settings, *INCREMENTAL)
    assert all(records(first, name) or name in EMPTY for name in INCREMENTAL)
    assert all(states(first, name) for name in INCREMENTAL)
    fake.new_run()
    _, second = read(settings, *INCREMENTAL, state=state_file(tmp_path, first), now=lambda: NOW + 60)
    assert {name: records(second, name) for name in INCREMENTAL} == {name: [] for name in INCREMENTAL}
    assert all(states(second, name) for name in INCREMENTAL)


def test_read_sequential_slices(world: World, fake: FakeIndex, read: Read, tmp_path: Path) -> None:
    """TestIncremental.read_sequential_slices: a read from any checkpoint gives exactly the records after it."""
    names = [f"p{number}" for number in range(12)]
    for name in names:
        world.add(name, releases=["1.0", "2.0"], owner="ann")
    settings = make_config({"projects": names, "index_url": fake.url, "requests_per_second": 0})
    clock = iter(range(0, 10**6, 11))
    _, messages = read(settings, "files", "roles", now=lambda: NOW + next(clock) / 10)
    checkpoints = [position for position, message in enumerate(messages) if shape(message) == "STATE roles"]
    assert len(checkpoints) > 3
    for position in checkpoints:
        fake.new_run()
        state = state_file(tmp_path, messages[: position + 1])
        complete, rest = read(settings, "files", "roles", state=state, now=lambda: NOW + next(clock) / 10)
        assert complete
        for name in ("files", "roles"):
            assert without_time(records(rest, name)) == without_time(records(messages[position + 1 :], name))
            assert states(rest, name)[-1]["projects"].keys() == set(names)


def test_state_with_abnormally_large_values(
    world: World, connect: Callable[..., Index], waits: list[float], tmp_path: Path
) -> None:
    """TestIncremental.state_with_abnormally_large_values: a state of the far future gives states and no records."""
    written: list[bytes] = []
    with FakeIndex(world, strict=False) as fake:  # documents that look older than the state are requested again
        folder = copy_connector(tmp_path, fake) / "integration_tests"
        settings = make_config(sample_config("config.json", fake))
        catalog, state = folder / "configured_catalog.json", folder / "abnormal_state.json"
        configured = json.loads(catalog.read_text())["streams"]
        catalog.write_text(json.dumps({"streams": [one for one in configured if one["stream"]["name"] in NAMES]}))
        complete = airbyte.read(settings, catalog, state, written.append, connect=lambda *_: connect(fake))
    messages = [json.loads(line) for line in b"".join(written).splitlines()]
    assert complete
    results = {name: (records(messages, name), len(states(messages, name))) for name in OF_INDEX}
    assert results == {name: ([], 1) for name in OF_INDEX}
    assert waits


# TestConnectorAttributes --------------------------------------------------------------------------------------


def test_streams_define_primary_key() -> None:
    """TestConnectorAttributes.streams_define_primary_key: every stream but stats has one."""
    assert [stream["name"] for stream in STREAMS if not stream["source_defined_primary_key"]] == ["stats"]


def test_generated_files_are_current() -> None:
    """The catalogs and the state in integration_tests fit the streams (python -m tests.connector writes them)."""
    for name, content in generated().items():
        assert json.loads((CONFIGURATIONS / name).read_text()) == content, name
