"""The table of streams, as a whole: what is said of each, and that its rows are what is said."""

import json
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
from tests.streams import index_of, page_of, release_of, values, visit_to, visit_with

FLAT = choose_streams(None)
#: Streams of our own records; the others pass documents on as the index sends them.
OURS = [stream for stream in STREAMS if stream.name not in ("project", "release", "stats")]
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
    """No two streams have one name."""
    assert len(set(names(STREAMS))) == len(STREAMS)


def test_the_streams_of_0_2_are_there() -> None:
    """The streams of source-pypi 0.2.x are there, by their names."""
    assert {"project", "release", "stats"} <= set(names(STREAMS))


@every_stream
def test_names_are_identifiers(stream: Stream) -> None:
    """A stream's name and those of its fields need no quotes in any database."""
    for name in (stream.name, *(field.name for field in fields_of(stream.record))):
        assert name.isidentifier()
        assert name == name.lower()
        assert len(name) < 63


@every_stream
def test_keys_are_fields_that_are_never_null(stream: Stream) -> None:
    """A key is made of fields of the record, each once, none of which may be null."""
    nullable = {field.name: field.nullable for field in fields_of(stream.record)}
    assert [nullable[name] for name in stream.key] == [False] * len(stream.key)
    assert len(set(stream.key)) == len(stream.key)


@every_stream
def test_a_stream_says_what_it_is(stream: Stream) -> None:
    """A stream says what a row is and what it costs."""
    assert stream.row
    assert stream.cost


@pytest.mark.parametrize(("stream", "field"), FIELDS)
def test_every_field_has_a_meaning(stream: Stream, field: Field) -> None:
    """Every field says in a sentence what it tells."""
    assert field.meaning.endswith((".", "?"))
    assert "\n" not in field.description


@pytest.mark.parametrize("field", OUR_FIELDS)
def test_every_field_of_our_own_has_a_source(field: Field) -> None:
    """Every field of our own records says where in the index's answer it comes from."""
    assert field.source


@pytest.mark.parametrize("field", OUR_FIELDS)
def test_null_is_explained_where_it_may_be(field: Field) -> None:
    """A field of our own records says what null means if and only if it may be null."""
    assert bool(field.null) == field.nullable


@every_stream
def test_schemas_are_schemas(stream: Stream) -> None:
    """A stream's schema is a JSON Schema of draft 7, of the fields of its table; incremental, it tells what is gone."""
    schema = stream_schema(stream)
    jsonschema.Draft7Validator.check_schema(schema)
    gone = ["_ab_cdc_deleted_at"] if stream.incremental else []
    assert list(schema["properties"]) == [*duckdb_columns(stream), *gone]
    assert set(list(schema["properties"])[: len(stream.key)]) == set(stream.key)


# Rows are what the schema says --------------------------------------------------------------------------------


def rich() -> World:
    """A world in which a project has some of everything."""
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
    """A world in which a project has nothing but its name and a version."""
    world = World()
    world.release("foo", "1.0")
    return world


ODD: dict[str, Any] = {
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


def visits() -> list[ProjectDocuments]:
    """Visits of all kinds: rich, with every release, poor, odd, to a mirror, with nothing, to the index as a whole."""
    world, odd = rich(), visit_with(ODD)
    everything = tuple(release_of(world, "foo", version) for version in world.projects["foo"].releases)
    return [
        visit_to(world, "foo"),
        ProjectDocuments(project="foo", document=visit_to(world, "foo").document, releases=everything),
        visit_to(world, "foo", poverty=True),
        visit_to(poor(), "foo"),
        odd,
        visit_with({"info": {}}),
        ProjectDocuments(project="foo"),
        ProjectDocuments(project="foo", page=page_of(world, "foo"), document=visit_to(world, "foo").document),
        ProjectDocuments(project="foo", page=page_of(world, "foo")),
        attested(),
        described(),
        index_of(world),
        index_of(World()),
        ProjectDocuments(project=None),
    ]


def attested() -> ProjectDocuments:
    """A visit that brought a provenance document; that its attestation cannot be read costs no row."""
    document = {"attestation_bundles": [{"publisher": {"kind": "GitHub"}, "attestations": [{}]}]}
    opened = open_document(json.dumps(document).encode(), Provenance, "http://index.test/provenance")
    return replace(visit_with({"info": {}, "releases": {"1.0": [{"filename": "a.whl"}]}}), provenance={"a.whl": opened})


def described() -> ProjectDocuments:
    """A visit that brought core metadata."""
    opened = open_core_metadata(
        b"Metadata-Version: 2.4\nName: a\nVersion: 1.0\nX-Odd: 1\n", "http://index.test/a.metadata"
    )
    listed = {"info": {}, "releases": {"1.0": [{"filename": "a.whl"}]}}
    return replace(visit_with(listed), core_metadata={"a.whl": opened})


@every_stream
def test_rows_are_what_the_schema_says(stream: Stream) -> None:
    """Every row made of the fake index's documents, and of odd ones, is valid by the stream's own schema."""
    validator = jsonschema.Draft7Validator(stream_schema(stream), format_checker=jsonschema.FormatChecker())
    rows = [values(row) for visit in visits() for row in stream.rows(visit)]
    assert rows
    assert [error.message for row in rows for error in validator.iter_errors(row)] == []


@every_stream
def test_schemas_are_not_idle(stream: Stream) -> None:
    """A row in which any known field is of a wrong type is not valid by the schema."""
    schema = stream_schema(stream)
    validator = jsonschema.Draft7Validator(schema)
    wrong: dict[str, Any] = {name: 1 if "array" in said["type"] else [] for name, said in schema["properties"].items()}
    assert [name for name, value in wrong.items() if validator.is_valid({name: value})] == []


@every_stream
def test_keys_tell_rows_apart(stream: Stream) -> None:
    """Within one visit no two rows have one key, and no key is null."""
    for visit in visits():
        keys = [tuple(values(row)[name] for name in stream.key) for row in stream.rows(visit)]
        assert len(set(keys)) == len(keys)
        assert all(value is not None for key in keys for value in key)


@every_stream
def test_rows_have_every_field(stream: Stream) -> None:
    """A row of a record has every field of it, in the same order, also where it is null."""
    expected = [field.name for field in fields_of(stream.record)]
    for visit in visits():
        for row in stream.rows(visit):
            if isinstance(row, Struct):
                assert list(values(row)) == expected


@pytest.mark.parametrize("stream", OURS, ids=lambda stream: stream.name)
def test_rows_of_our_own_are_records(stream: Stream) -> None:
    """The rows of a stream that has a record of our own are instances of it."""
    rows = [row for visit in visits() for row in stream.rows(visit)]
    assert {type(row) for row in rows} == {stream.record}


@every_stream
def test_rows_are_made_anew(stream: Stream) -> None:
    """Making a visit's rows twice gives the same rows twice."""
    for visit in visits():
        assert [values(row) for row in stream.rows(visit)] == [values(row) for row in stream.rows(visit)]


@every_stream
def test_rows_come_back(stream: Stream) -> None:
    """The rows that a batch has as lines come back as they were made; those of documents as plain values."""
    compared = 0
    for visit in visits():
        made = list(stream.rows(visit))
        result = FetchResult(documents=visit)
        if stream.partition_kind is not None:
            result.partitions[stream.partition_kind] = {values(row)[stream.partition_field]: None for row in made}
        change = change_of(stream, result, PreviousState((stream,)), b"term", 0, keys=True)
        assert list(rows_of(stream, change)) == ([values(row) for row in made] if stream.raw else made)
        assert change.count == len(made)
        compared += len(made)
    assert compared


# Choosing -----------------------------------------------------------------------------------------------------


def test_no_choice_is_the_flat_ones() -> None:
    """Where no stream is named, the flat ones are chosen."""
    assert choose_streams(None) == tuple(FLAT)
    assert {"projects", "versions", "files"} <= set(names(FLAT))
    assert not {"project", "release", "stats"} & set(names(FLAT))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([], []),
        (["files"], ["files"]),
        (["files", "projects"], ["projects", "files"]),
        (["stats", "release", "stats"], ["release", "stats"]),
        (iter(["files"]), ["files"]),
        (["all"], names(STREAMS)),
        (["files", "all"], names(STREAMS)),
    ],
)
def test_streams_by_name(asked: Any, expected: list[str]) -> None:
    """Streams are chosen by name, each once, in the table's order; ``all`` is all of them."""
    assert names(choose_streams(asked)) == expected


@pytest.mark.parametrize("asked", [["Files"], ["files", ""], ["file", "files", "x"], ["all", "none"]])
def test_streams_that_do_not_exist(asked: list[str]) -> None:
    """Every name that is no stream is told at once, with all that there are."""
    with pytest.raises(UnknownStreamError) as caught:
        choose_streams(asked)
    known = [*names(STREAMS), "all"]
    assert caught.value.streams == tuple(name for name in asked if name not in known)
    assert caught.value.known == tuple(known)
