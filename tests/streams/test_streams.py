"""The table of streams: the rules that every stream keeps, and choosing streams by name."""

import json
from collections.abc import Sequence
from typing import Any

import jsonschema
import pytest
from msgspec import Struct
from msgspec.structs import replace

from source_pypi.errors import UnknownStreamError
from source_pypi.fields import Field, fields_of
from source_pypi.schema import duckdb_columns, stream_schema
from source_pypi.services.index.documents import Provenance, open_core_metadata, open_document
from source_pypi.streams import STREAMS, choose_streams
from source_pypi.streams.stream import ProjectDocuments, Stream
from source_pypi.sync.batch import rows_of
from source_pypi.sync.changes import change_of
from source_pypi.sync.fetch_result import FetchResult
from source_pypi.sync.planner import PreviousState
from tests.fake_index import World
from tests.streams import documents_of, documents_with, index_documents, page_of, release_of, values
from tests.streams.of_services import DOCUMENTS as OF_SERVICES

FLAT = choose_streams(None)
#: Streams of our own records; the others pass documents on as the index sends them.
OURS = [stream for stream in STREAMS if stream.name not in ("project", "release", "stats")]
OF_INDEX = [stream.name for stream in STREAMS if not stream.service]
FIELDS = [
    pytest.param(stream, field, id=f"{stream.name}.{field.name}")
    for stream in STREAMS
    for field in fields_of(stream.record)
]
OUR_FIELDS = [
    pytest.param(field, id=f"{stream.name}.{field.name}") for stream in OURS for field in fields_of(stream.record)
]
every_stream = pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)


def names(streams: Any) -> list[str]:
    """The names of streams, in their order."""
    return [stream.name for stream in streams]


def test_names_are_unique() -> None:
    """No two streams have the same name."""
    assert len(set(names(STREAMS))) == len(STREAMS)


def test_streams_of_0_2_exist() -> None:
    """The streams of source-pypi 0.2.x exist."""
    assert {"project", "release", "stats"} <= set(names(STREAMS))


@every_stream
def test_names_are_identifiers(stream: Stream) -> None:
    """Names of streams and fields need no quotes in any database."""
    for name in (stream.name, *(field.name for field in fields_of(stream.record))):
        assert name.isidentifier()
        assert name == name.lower()
        assert len(name) < 63


@every_stream
def test_key_fields_are_never_null(stream: Stream) -> None:
    """A key consists of fields of the record, each once, none of which may be null."""
    nullable = {field.name: field.nullable for field in fields_of(stream.record)}
    assert [nullable[name] for name in stream.key] == [False] * len(stream.key)
    assert len(set(stream.key)) == len(stream.key)


@every_stream
def test_every_stream_has_row_and_cost(stream: Stream) -> None:
    """A stream says what a row is and what it costs."""
    assert stream.row
    assert stream.cost


@pytest.mark.parametrize(("stream", "field"), FIELDS)
def test_every_field_has_a_meaning(stream: Stream, field: Field) -> None:
    """Every field has a meaning of whole sentences on one line."""
    assert field.meaning.endswith((".", "?"))
    assert "\n" not in field.description


@pytest.mark.parametrize("field", OUR_FIELDS)
def test_every_field_of_our_records_has_a_source(field: Field) -> None:
    """Every field of our records names its source."""
    assert field.source


@pytest.mark.parametrize("field", OUR_FIELDS)
def test_null_is_explained_if_allowed(field: Field) -> None:
    """A field of our records says what null means if and only if it may be null."""
    assert bool(field.null) == field.nullable


@every_stream
def test_schemas_are_json_schemas(stream: Stream) -> None:
    """A stream's schema is a JSON Schema (draft 7) of its columns and, if incremental, ``_ab_cdc_deleted_at``."""
    schema = stream_schema(stream)
    jsonschema.Draft7Validator.check_schema(schema)
    deletion = ["_ab_cdc_deleted_at"] if stream.incremental else []
    assert list(schema["properties"]) == [*duckdb_columns(stream), *deletion]
    assert set(list(schema["properties"])[: len(stream.key)]) == set(stream.key)


# Rows are what the schema says --------------------------------------------------------------------------------


def rich() -> World:
    """A world in which a project has values for all fields."""
    world = World(serial=1_000)
    info = {
        "author": "A. Uthor",
        "classifiers": ["Typing :: Typed"],
        "description": "caf\u00e9 \U0001f40d\n",
        "dynamic": ["License-File"],
        "home_page": "https://example.com/",
        "keywords": "web wsgi",
        "license": "UNKNOWN",
        "license_files": [],
        "project_urls": {"Docs": "https://example.com/docs"},
        "provides_extra": ["async"],
        "requires_dist": ["werkzeug>=3", 'asgiref>=3.2; extra == "async"'],
        "requires_python": ">=3.9",
        "summary": "",
    }
    world.add("Foo", ["0.9rc1", "1.0", "1.0.post1", "2.0+local.1", "3!1.0.dev4"], owner="alice", **info)
    for filename in ("Foo-1.0-2-cp39.cp310-abi3-win32.whl", "Foo-1.0.win32-py2.7.exe", "Foo-1.0-py2.7.egg"):
        world.upload("Foo", "1.0", filename=filename)
    world.upload("Foo", "1.0", filename="Foo.odd.whl", python_version="py3")
    world.release("Foo", "2004d")
    world.upload("Foo", "2004e", filename="Foo-2004e.tar.gz", comment_text=None)
    world.set_organization("Foo", "acme")
    world.add_role("Foo", "bob", "Maintainer")
    world.yank("Foo", "1.0", "broken")
    for version in world.projects["foo"].releases:
        world.add_advisory("Foo", version, f"PYSEC-{version}")
    world.withdraw_advisory("Foo", "PYSEC-1.0")
    world.deploy("new_key", {"a": [1, None]})
    return world


def poor() -> World:
    """A world in which a project has only its name and a version."""
    world = World()
    world.release("foo", "1.0")
    return world


INVALID: dict[str, Any] = {
    "info": {"name": 1, "version": None, "classifiers": ["a", 2], "project_urls": {"a": 1}, "downloads": []},
    "last_serial": "7",
    "ownership": {"roles": [None, {"role": 1}], "organization": 2},
    "urls": [{"size": 1.5}],
    "vulnerabilities": [{"aliases": [1]}],
    "releases": {
        "": [{"filename": "a", "core-metadata": {"sha256": 1}}, {"filename": "b", "core-metadata": 7}],
        "1.0": None,
        "2.0": [{"filename": "c", "upload_time_iso_8601": "never", "size": 2**63}],
        "9" * 5000: [{"filename": "d", "size": -(2**63), "downloads": 5}],
    },
    "unknown": [1.5, None],
}


def many_documents() -> list[ProjectDocuments]:
    """Rich, poor, invalid and missing documents, of an index and of a mirror, and those about an index as a whole."""
    world, invalid = rich(), documents_with(INVALID)
    everything = tuple(release_of(world, "foo", version) for version in world.projects["foo"].releases)
    return [
        documents_of(world, "foo"),
        ProjectDocuments(project="foo", document=documents_of(world, "foo").document, releases=everything),
        documents_of(world, "foo", poverty=True),
        documents_of(poor(), "foo"),
        invalid,
        documents_with({"info": {}}),
        ProjectDocuments(project="foo"),
        ProjectDocuments(project="foo", page=page_of(world, "foo"), document=documents_of(world, "foo").document),
        ProjectDocuments(project="foo", page=page_of(world, "foo")),
        attested(),
        described(),
        index_documents(world),
        index_documents(World()),
        ProjectDocuments(project=None),
    ]


def documents_for(stream: Stream) -> Sequence[Any]:
    """Documents that a stream makes rows of."""
    return OF_SERVICES[stream.service]() if stream.service else many_documents()


def attested() -> ProjectDocuments:
    """Documents with a provenance document whose attestation cannot be parsed."""
    document = {"attestation_bundles": [{"publisher": {"kind": "GitHub"}, "attestations": [{}]}]}
    opened = open_document(json.dumps(document).encode(), Provenance, "http://index.test/provenance")
    return replace(
        documents_with({"info": {}, "releases": {"1.0": [{"filename": "a.whl"}]}}), provenance={"a.whl": opened}
    )


def described() -> ProjectDocuments:
    """Documents with core metadata."""
    opened = open_core_metadata(
        b"Metadata-Version: 2.4\nName: a\nVersion: 1.0\nX-Odd: 1\n", "http://index.test/a.metadata"
    )
    listed = {"info": {}, "releases": {"1.0": [{"filename": "a.whl"}]}}
    return replace(documents_with(listed), core_metadata={"a.whl": opened})


@every_stream
def test_rows_match_the_schema(stream: Stream) -> None:
    """Every row of the fake index's documents, and of invalid ones, is valid in the stream's schema."""
    validator = jsonschema.Draft7Validator(stream_schema(stream), format_checker=jsonschema.FormatChecker())
    rows = [values(row) for documents in documents_for(stream) for row in stream.rows(documents)]
    assert rows
    assert [error.message for row in rows for error in validator.iter_errors(row)] == []


@every_stream
def test_schema_refuses_wrong_types(stream: Stream) -> None:
    """A row with a field of a wrong type is not valid in the schema."""
    schema = stream_schema(stream)
    validator = jsonschema.Draft7Validator(schema)
    wrong: dict[str, Any] = {
        name: 1 if "array" in field["type"] else [] for name, field in schema["properties"].items()
    }
    assert [name for name, value in wrong.items() if validator.is_valid({name: value})] == []


@every_stream
def test_keys_are_unique(stream: Stream) -> None:
    """No two rows of a project have the same key, and no key is null."""
    for documents in documents_for(stream):
        keys = [tuple(values(row)[name] for name in stream.key) for row in stream.rows(documents)]
        assert len(set(keys)) == len(keys)
        assert all(value is not None for key in keys for value in key)


@every_stream
def test_rows_have_every_field(stream: Stream) -> None:
    """A row of a record has every field, in order, including null ones."""
    expected = [field.name for field in fields_of(stream.record)]
    for documents in documents_for(stream):
        for row in stream.rows(documents):
            if isinstance(row, Struct):
                assert list(values(row)) == expected


@pytest.mark.parametrize("stream", OURS, ids=lambda stream: stream.name)
def test_rows_are_instances_of_the_record(stream: Stream) -> None:
    """Rows of a stream with our own record are instances of it."""
    rows = [row for documents in documents_for(stream) for row in stream.rows(documents)]
    assert {type(row) for row in rows} == {stream.record}


@every_stream
def test_rows_can_be_made_twice(stream: Stream) -> None:
    """Making the rows of the same documents twice gives the same rows."""
    for documents in documents_for(stream):
        assert [values(row) for row in stream.rows(documents)] == [values(row) for row in stream.rows(documents)]


@pytest.mark.parametrize("stream", choose_streams(["all"]), ids=lambda stream: stream.name)
def test_rows_of_a_batch_equal_the_made_rows(stream: Stream) -> None:
    """The rows of a batch equal those that were made; those of raw documents are plain values."""
    compared = 0
    for documents in many_documents():
        made = list(stream.rows(documents))
        result = FetchResult(documents=documents)
        if stream.partition_kind is not None:
            result.partitions[stream.partition_kind] = {values(row)[stream.partition_field]: None for row in made}
        change = change_of(stream, result, PreviousState((stream,)), b"term", 0, keys=True)
        assert list(rows_of(stream, change)) == ([values(row) for row in made] if stream.raw else made)
        assert change.count == len(made)
        compared += len(made)
    assert compared


# Choosing -----------------------------------------------------------------------------------------------------


def test_default_streams() -> None:
    """If no stream is named, the default streams are chosen, which are flat."""
    assert choose_streams(None) == tuple(FLAT)
    assert {"projects", "versions", "files"} <= set(names(FLAT))
    assert not {"project", "release", "stats"} & set(names(FLAT))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (["files"], ["files"]),
        (["files", "projects"], ["projects", "files"]),
        (["stats", "release", "stats"], ["release", "stats"]),
        (iter(["files"]), ["files"]),
        (["all"], OF_INDEX),
        (["files", "all"], OF_INDEX),
        (["all", "events"], [*OF_INDEX, "events"]),
        (["all", "advisories"], [*OF_INDEX[:9], "advisories", *OF_INDEX[9:]]),
    ],
)
def test_streams_by_name(wanted: Any, expected: list[str]) -> None:
    """Streams are chosen by name, each once, in the table's order; ``all`` is every stream of the index."""
    assert names(choose_streams(wanted)) == expected


@pytest.mark.parametrize("wanted", [["Files"], ["files", ""], ["file", "files", "x"], ["all", "none"]])
def test_unknown_streams_are_refused(wanted: list[str]) -> None:
    """One error names all unknown streams and those that exist."""
    with pytest.raises(UnknownStreamError) as caught:
        choose_streams(wanted)
    existing = [*names(STREAMS), "all"]
    assert caught.value.streams == tuple(name for name in wanted if name not in existing)
    assert caught.value.available == tuple(existing)
