"""The manifest as plain values, from the streams' records and their recipes."""

from typing import Any
from urllib.parse import urlsplit

from source_pypi.airbyte.manifest import requester
from source_pypi.airbyte.manifest.recipes import CARRIED, Recipe
from source_pypi.airbyte.manifest.templates import NOW
from source_pypi.schema import SEEN_AT, stream_schema
from source_pypi.services.index.api import FEED
from source_pypi.streams import STREAMS
from source_pypi.streams.stream import Stream

#: The CDK against which it is tested; a manifest must name one.
CDK_VERSION = "7.39.1"
#: Where a row is put together, before it takes the record's place.
_ROW = "row"


def make_manifest(root: str) -> dict[str, Any]:
    """A manifest for the index with this root, that carries every stream that one can carry."""
    streams = [_stream(stream, CARRIED[stream.name], root) for stream in STREAMS if stream.name in CARRIED]
    return {
        "version": CDK_VERSION,
        "type": "DeclarativeSource",
        "description": "What a Python package index publishes about projects.",
        "check": {"type": "CheckStream", "stream_names": ["project"]},
        "concurrency_level": requester.concurrency(),
        "api_budget": requester.api_budget(),
        "definitions": {
            "error_handler": requester.error_handler(),
            "partitions": requester.routers(),
        },
        "streams": streams,
        "spec": requester.spec(root),
        "metadata": {"allowedHosts": {"hosts": [urlsplit(root).hostname, "${index_url}"]}},
    }


def _stream(stream: Stream, recipe: Recipe, root: str) -> dict[str, Any]:
    keyed = {"primary_key": list(stream.key)} if stream.key else {}
    return {
        "type": "DeclarativeStream",
        "name": stream.name,
        **keyed,
        "retriever": _retriever(recipe, root),
        "transformations": _transformations(stream, recipe),
        "schema_loader": {"type": "InlineSchemaLoader", "schema": stream_schema(stream)},
    }


def _retriever(recipe: Recipe, root: str) -> dict[str, Any]:
    decoder = {"type": "XmlDecoder" if recipe.accept == FEED else "JsonDecoder"}
    selector: dict[str, Any] = {"type": "RecordSelector", "extractor": recipe.extractor()}
    if recipe.condition is not None:
        selector["record_filter"] = {"type": "RecordFilter", "condition": recipe.condition}
    routed = {} if recipe.partition is None else {"partition_router": _ref(f"partitions/{recipe.partition}")}
    return {
        "type": "SimpleRetriever",
        "requester": {
            "type": "HttpRequester",
            "url": requester.url(root, recipe.path),
            "http_method": "GET",
            "request_headers": requester.headers(recipe.accept),
            "error_handler": _ref("error_handler"),
        },
        "decoder": decoder,
        "record_selector": selector,
        **routed,
    }


def _transformations(stream: Stream, recipe: Recipe) -> list[dict[str, Any]]:
    """Add the fields; where rows are no whole documents, put these in the record's place."""
    seen = {SEEN_AT.name: NOW} if stream.incremental else {}
    within = [] if recipe.whole else [_ROW]
    made: list[dict[str, Any]] = []
    if recipe.without:
        made.append({"type": "RemoveFields", "field_pointers": [[name] for name in recipe.without]})
    if values := {**recipe.values, **seen}:
        fields = [_added([*within, name], value) for name, value in values.items()]
        made.append({"type": "AddFields", "fields": fields})
    if not recipe.whole:
        made.append({"type": "DpathFlattenFields", "field_path": [_ROW], "replace_record": True})
    return made


def _added(path: list[str], value: str) -> dict[str, Any]:
    """A field to add. What is not written as a literal is a text, whatever it looks like."""
    told = {} if "'%r'" in value else {"value_type": "string"}
    return {"type": "AddedFieldDefinition", "path": path, "value": value, **told}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/definitions/{name}"}
