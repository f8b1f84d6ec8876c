"""The mapping of types: schema, columns and description of a record, and the specification of the settings."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal

import jsonschema
import pytest
from msgspec import Meta, Struct, field
from msgspec.structs import replace

from source_pypi.config import GROUPS, Config
from source_pypi.fields import Integer, describe, fields_of
from source_pypi.schema import (
    describe_streams,
    duckdb_columns,
    settings_schema,
    spark_columns,
    stream_schema,
    table_fields,
    type_words,
)
from source_pypi.streams import STREAMS
from source_pypi.streams.stream import Stream

DRAFT = "http://json-schema.org/draft-07/schema#"


class Inner(Struct):
    """A nested record."""

    name: Annotated[str | None, describe("A name.")] = None
    when: Annotated[datetime | None, describe("A time, as the index wrote it.")] = None
    either: Annotated[bool | dict[str, str | None] | None, describe("One or the other.")] = field(
        default=None, name="ei-ther"
    )


class Everything(Struct, kw_only=True):
    """A field of each kind."""

    text: Annotated[str | None, describe("A text.", source="info.text", null="none")] = None
    key: Annotated[str, describe("What tells rows apart.", source="info.key")]
    flag: Annotated[bool, describe("Yes or no.")]
    count: Annotated[Integer | None, describe("How many.", unit="files", null="not counted")] = None
    share: Annotated[float | None, describe("How much.")] = None
    when: Annotated[datetime | None, describe("When.", null="never")] = None
    made: Annotated[datetime, describe("When it was made.")]
    texts: Annotated[list[str] | None, describe("Texts.")] = None
    labels: Annotated[dict[str, str | None] | None, describe("Texts by label.")] = None
    inner: Annotated[Inner | None, describe("Nested.")] = None
    inners: Annotated[list[Inner], describe("A list of them.")]
    groups: Annotated[dict[str, list[Inner] | None] | None, describe("Lists by name.")] = None


STREAM = replace(STREAMS[0], name="everything", row="a thing", record=Everything, key=("key",), cost="nothing")
INNER: dict[str, Any] = {
    "properties": {
        "name": {"type": ["string", "null"], "description": "A name."},
        "when": {"type": ["string", "null"], "description": "A time, as the index wrote it."},
        "ei-ther": {"type": ["boolean", "object", "null"], "description": "One or the other."},
    },
    "additionalProperties": True,
}
SEEN_AT = (
    "Time of the visit that found the row new or changed (or another one of the same project or release); "
    "the same for all rows of a visit."
)
TIME = {"format": "date-time", "airbyte_type": "timestamp_with_timezone"}


def test_schema_of_a_stream() -> None:
    """A stream's schema has its key first, types, descriptions and null where allowed, and permits further keys."""
    expected = {
        "$schema": DRAFT,
        "type": "object",
        "properties": {
            "key": {"type": "string", "description": "What tells rows apart."},
            "text": {"type": ["string", "null"], "description": "A text. Null: none."},
            "flag": {"type": "boolean", "description": "Yes or no."},
            "count": {"type": ["integer", "null"], "description": "How many. In files. Null: not counted."},
            "share": {"type": ["number", "null"], "description": "How much."},
            "when": {"type": ["string", "null"], **TIME, "description": "When. Null: never."},
            "made": {"type": "string", **TIME, "description": "When it was made."},
            "texts": {"type": ["array", "null"], "items": {"type": "string"}, "description": "Texts."},
            "labels": {
                "type": ["object", "null"],
                "additionalProperties": {"type": ["string", "null"]},
                "description": "Texts by label.",
            },
            "inner": {"type": ["object", "null"], **INNER, "description": "Nested."},
            "inners": {"type": "array", "items": {"type": "object", **INNER}, "description": "A list of them."},
            "groups": {
                "type": ["object", "null"],
                "additionalProperties": {"type": ["array", "null"], "items": {"type": "object", **INNER}},
                "description": "Lists by name.",
            },
            "seen_at": {"type": "string", **TIME, "description": SEEN_AT},
            "_ab_cdc_deleted_at": {
                "type": ["string", "null"],
                **TIME,
                "description": "Time of the visit that found the row gone; such a row has its key only. "
                "Null: it is there.",
            },
        },
        "additionalProperties": True,
    }
    schema = stream_schema(STREAM)
    assert schema == expected
    assert list(schema["properties"]) == list(expected["properties"])  # type: ignore[call-overload]
    jsonschema.Draft7Validator.check_schema(schema)


def test_columns_of_a_stream() -> None:
    """A scalar has its own column type, a list of texts is an array, and a nested value is JSON."""
    columns = duckdb_columns(STREAM)
    assert columns == {
        "key": "VARCHAR",
        "text": "VARCHAR",
        "flag": "BOOLEAN",
        "count": "BIGINT",
        "share": "DOUBLE",
        "when": "TIMESTAMPTZ",
        "made": "TIMESTAMPTZ",
        "texts": "VARCHAR[]",
        "labels": "JSON",
        "inner": "JSON",
        "inners": "JSON",
        "groups": "JSON",
        "seen_at": "TIMESTAMPTZ",
    }
    assert next(iter(columns)) == "key"


def test_columns_of_files() -> None:
    """The columns of ``files`` are these, in this order, its key first."""
    (files,) = (stream for stream in STREAMS if stream.name == "files")
    assert list(duckdb_columns(files).items()) == [
        ("project", "VARCHAR"),
        ("filename", "VARCHAR"),
        ("version", "VARCHAR"),
        ("packagetype", "VARCHAR"),
        ("python_version", "VARCHAR"),
        ("build_tag", "VARCHAR"),
        ("python_tags", "VARCHAR[]"),
        ("abi_tags", "VARCHAR[]"),
        ("platform_tags", "VARCHAR[]"),
        ("variant_label", "VARCHAR"),
        ("size", "BIGINT"),
        ("url", "VARCHAR"),
        ("md5", "VARCHAR"),
        ("sha256", "VARCHAR"),
        ("blake2b_256", "VARCHAR"),
        ("has_core_metadata", "BOOLEAN"),
        ("core_metadata_sha256", "VARCHAR"),
        ("uploaded_at", "TIMESTAMPTZ"),
        ("first_seen_at", "TIMESTAMPTZ"),
        ("requires_python", "VARCHAR"),
        ("yanked", "BOOLEAN"),
        ("yanked_reason", "VARCHAR"),
        ("comment_text", "VARCHAR"),
        ("has_sig", "BOOLEAN"),
        ("downloads", "BIGINT"),
        ("source", "VARCHAR"),
        ("seen_at", "TIMESTAMPTZ"),
    ]


@pytest.mark.parametrize("name", ["stats", "recent_releases", "recent_projects"])
def test_snapshot_streams_have_no_cursor(name: str) -> None:
    """Streams that are snapshots have no cursor and no ``seen_at``."""
    (stream,) = (stream for stream in STREAMS if stream.name == name)
    assert not {"seen_at", "_ab_cdc_deleted_at"} & {*duckdb_columns(stream), *stream_schema(stream)["properties"]}
    assert describe_streams([stream])[0]["cursor"] is None


def test_types_in_words() -> None:
    """A field's type has a name of one or two words."""
    assert {one.name: type_words(one) for one in fields_of(Everything)} == {
        "text": "string",
        "key": "string",
        "flag": "boolean",
        "count": "integer",
        "share": "number",
        "when": "time",
        "made": "time",
        "texts": "list of strings",
        "labels": "object",
        "inner": "object",
        "inners": "list of objects",
        "groups": "object",
    }
    assert [type_words(one) for one in fields_of(Inner)] == ["string", "time", "boolean or object"]


class Small(Struct):
    """A record of two fields."""

    value: Annotated[int | None, describe("How many.", source="a.b", unit="files", null="not counted")]
    key: Annotated[str, describe("What tells rows apart.")]


def test_description_of_a_stream() -> None:
    """The description of a stream has its fields, key first, as plain values."""
    (described,) = describe_streams([replace(STREAM, record=Small)])
    (reads,) = (one.pop("reads") for one in (described,))
    assert described == {
        "name": "everything",
        "row": "a thing",
        "key": ["key"],
        "cursor": "seen_at",
        "cost": "nothing",
        "default": False,
        "fields": [
            {
                "name": "key",
                "type": "string",
                "nullable": False,
                "meaning": "What tells rows apart.",
                "unit": None,
                "null": None,
                "source": None,
            },
            {
                "name": "value",
                "type": "integer",
                "nullable": True,
                "meaning": "How many.",
                "unit": "files",
                "null": "not counted",
                "source": "a.b",
            },
            {
                "name": "seen_at",
                "type": "time",
                "nullable": False,
                "meaning": SEEN_AT,
                "unit": None,
                "null": None,
                "source": "the time of the visit",
            },
        ],
    }
    assert "project document" in reads


class Settings(Struct, kw_only=True):
    """A setting of each kind."""

    names: Annotated[tuple[str, ...], describe("Names.", title="The names", examples=[["a"]], group="some")] = ()
    secret: Annotated[str | None, describe("A secret.", airbyte_secret=True)] = None
    choice: Annotated[Literal["a", "b"], describe("A choice.")] = "a"
    pace: Annotated[float, Meta(ge=0), describe("How fast.", unit="1/s")] = 5
    seconds: Annotated[float, Meta(gt=0), describe("How long.")] = 30
    number: Annotated[int, Meta(ge=1, le=64), describe("How many.")] = 1


def test_schema_of_settings() -> None:
    """A setting has a title, bounds, default, group and order; a secret is marked, and nothing is required."""
    assert settings_schema(Settings, {"some": "Some", "more": "More"}) == {
        "$schema": DRAFT,
        "title": "PyPI",
        "type": "object",
        "required": [],
        "properties": {
            "names": {
                "type": "array",
                "items": {"type": "string"},
                "title": "The names",
                "description": "Names.",
                "examples": [["a"]],
                "group": "some",
                "order": 0,
            },
            "secret": {
                "type": "string",
                "title": "secret",
                "description": "A secret.",
                "airbyte_secret": True,
                "order": 1,
            },
            "choice": {
                "type": "string",
                "enum": ["a", "b"],
                "title": "choice",
                "description": "A choice.",
                "default": "a",
                "order": 2,
            },
            "pace": {
                "type": "number",
                "title": "pace",
                "description": "How fast. In 1/s.",
                "minimum": 0,
                "default": 5,
                "order": 3,
            },
            "seconds": {
                "type": "number",
                "title": "seconds",
                "description": "How long.",
                "exclusiveMinimum": 0,
                "default": 30,
                "order": 4,
            },
            "number": {
                "type": "integer",
                "title": "number",
                "description": "How many.",
                "minimum": 1,
                "maximum": 64,
                "default": 1,
                "order": 5,
            },
        },
        "additionalProperties": True,
        "groups": [{"id": "some", "title": "Some"}, {"id": "more", "title": "More"}],
    }


SPECIFICATION = settings_schema(Config, GROUPS)


def test_specification_is_a_json_schema() -> None:
    """The specification is a JSON Schema (draft 7) with a title and description for every setting."""
    jsonschema.Draft7Validator.check_schema(SPECIFICATION)
    properties = SPECIFICATION["properties"]
    assert list(properties) == list(Config.__struct_fields__)
    assert [setting["order"] for setting in properties.values()] == list(range(len(properties)))
    assert all(setting["title"] != name and setting["description"] for name, setting in properties.items())


def test_specification_requires_no_setting() -> None:
    """No setting is required, and further ones are allowed, so that configurations of 0.2.x stay valid."""
    assert (SPECIFICATION["required"], SPECIFICATION["additionalProperties"]) == ([], True)


@pytest.mark.parametrize("name", ["project_name", "version"])
def test_settings_of_0_2_are_plain_texts(name: str) -> None:
    """The settings of 0.2.x are plain texts without a default."""
    setting = SPECIFICATION["properties"][name]
    assert setting["type"] == "string"
    assert setting.keys() == {"type", "title", "description", "examples", "group", "order"}


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"project_name": "sampleproject"},
        {"project_name": "sampleproject", "version": "1.2.0"},
        {"project_name": "sampleproject", "version": "", "unknown": 1},
        {"projects": ["flask", "requests==2.31.0"], "releases": "all", "max_concurrency": 64},
        {"requests_per_second": 0, "request_timeout_seconds": 0.5},
    ],
)
def test_specification_accepts_valid_configurations(settings: dict[str, Any]) -> None:
    """Configurations of 0.2.x and new ones are valid."""
    jsonschema.Draft7Validator(SPECIFICATION).validate(settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"project_name": 1},
        {"version": 1.2},
        {"projects": "flask"},
        {"projects": [1]},
        {"releases": "newest"},
        {"max_concurrency": 0},
        {"max_concurrency": 65},
        {"max_concurrency": 1.5},
        {"requests_per_second": -1},
        {"request_timeout_seconds": 0},
        {"index_password": 1},
    ],
)
def test_specification_refuses_what_the_connector_refuses(settings: dict[str, Any]) -> None:
    """What the connector refuses is invalid in the specification as well."""
    assert not jsonschema.Draft7Validator(SPECIFICATION).is_valid(settings)


def test_only_passwords_are_secrets() -> None:
    """Only passwords are marked as secrets."""
    marked = {name for name, setting in SPECIFICATION["properties"].items() if setting.get("airbyte_secret")}
    assert marked == {"index_password", "clickhouse_password"}


def test_form_is_grouped() -> None:
    """The form has six sections in order; each setting is in one, and each section has settings that are shown."""
    assert SPECIFICATION["groups"] == [{"id": name, "title": title} for name, title in GROUPS.items()]
    shown = [one["group"] for one in SPECIFICATION["properties"].values() if not one.get("airbyte_hidden")]
    assert set(shown) == set(GROUPS)
    assert {one["group"] for one in SPECIFICATION["properties"].values()} == set(GROUPS)


def test_form_hides_what_is_about_the_machine() -> None:
    """The form hides netrc, keyring and the environment of pip and uv; a CA is entered as text, on several lines."""
    hidden = {name for name, one in SPECIFICATION["properties"].items() if one.get("airbyte_hidden")}
    assert hidden == {"credentials_from", "index_from"}
    mentioned = re.compile(r"netrc|keyring|PIP_|UV_|on this computer")
    shown = {name: one for name, one in SPECIFICATION["properties"].items() if name not in hidden}
    assert {name for name, one in shown.items() if mentioned.search(one["description"])} == {
        "advisories_url",
        "index_url",
    }
    assert shown["ca_bundle"]["multiline"] is True
    assert shown["ca_bundle"]["examples"][0].startswith("-----BEGIN CERTIFICATE-----\n")


#: Spark's types, by DuckDB's.
_SPARK = {
    "VARCHAR": "STRING",
    "BIGINT": "BIGINT",
    "DOUBLE": "DOUBLE",
    "BOOLEAN": "BOOLEAN",
    "TIMESTAMPTZ": "TIMESTAMP",
    "VARCHAR[]": "ARRAY<STRING>",
    "JSON": "STRING",
    "BLOB": "BINARY",
}


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_columns_in_spark(stream: Stream) -> None:
    """Spark has the columns of the table in DuckDB, in their order, with their types and comments."""
    columns = re.findall(r"`(\w+)` ([A-Z<>]+) COMMENT '((?:[^'\\]|\\.)*)'(?:, |$)", spark_columns(stream))
    assert [(name, type_) for name, type_, _ in columns] == [
        (name, _SPARK[type_]) for name, type_ in duckdb_columns(stream).items()
    ]
    comments = [re.sub(r"\\(.)", r"\1", comment) for _, _, comment in columns]
    assert comments == [field.description for field in table_fields(stream)]
