"""The manifest as plain values, from the streams' records and their recipes."""

from typing import Any
from urllib.parse import urlsplit

from source_pypi.airbyte.manifest import requester
from source_pypi.airbyte.manifest.recipes import RECIPES, Recipe
from source_pypi.airbyte.manifest.templates import NOW
from source_pypi.schema import SEEN_AT, stream_fields, stream_schema
from source_pypi.services.index.documents.feed import FEED
from source_pypi.streams import STREAMS
from source_pypi.streams.stream import Stream

#: The lowest version of the CDK that reads the manifest as the connector reads the index (make cdk-lowest). Older ones
#: have no ``request_url`` in messages of errors, and fail where the index lacks a project; those before 7.31.0 have no
#: expander that keeps a field of the parent, and those before 7.10.0 no filter ``regex_replace``.
LOWEST_CDK = "7.37.0"
#: The key under which the fields of a row are collected before they replace the record.
_ROW = "row"


def make_manifest(root: str) -> dict[str, Any]:
    """Return the manifest for the index with this root URL."""
    return {
        "version": LOWEST_CDK,
        "type": "DeclarativeSource",
        "description": "What a Python package index publishes about projects.",
        "check": {"type": "CheckStream", "stream_names": ["project"]},
        "concurrency_level": requester.concurrency(),
        "api_budget": requester.api_budget(root),
        "definitions": {
            "error_handler": requester.error_handler(),
            "partitions": requester.routers(),
        },
        "streams": [_stream(stream, RECIPES[stream.name], root) for stream in STREAMS if stream.name in RECIPES],
        "spec": requester.spec(root),
        "metadata": {"allowedHosts": {"hosts": [urlsplit(root).hostname, "${index_url}"]}},
    }


def left_out_fields(stream: Stream) -> list[str]:
    """Return the fields of a carried stream that the manifest does not make; of other streams, none."""
    recipe = RECIPES.get(stream.name)
    if recipe is None or recipe.whole:
        return []
    return [field.name for field in stream_fields(stream) if field.name not in recipe.values]


def _stream(stream: Stream, recipe: Recipe, root: str) -> dict[str, Any]:
    keyed = {"primary_key": list(stream.key)} if stream.key else {}
    return {
        "type": "DeclarativeStream",
        "name": stream.name,
        **keyed,
        "retriever": _retriever(recipe, root),
        "transformations": _transformations(stream, recipe),
        "schema_loader": {"type": "InlineSchemaLoader", "schema": _schema(stream, recipe)},
    }


def _schema(stream: Stream, recipe: Recipe) -> dict[str, Any]:
    """Return the connector's schema of a stream, without the fields that are left out."""
    schema = stream_schema(stream)
    properties: dict[str, Any] = schema["properties"]
    for name in left_out_fields(stream):
        del properties[name]
    for name, description in recipe.descriptions.items():
        properties[name] = {**properties[name], "description": description}
    return schema


def _retriever(recipe: Recipe, root: str) -> dict[str, Any]:
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
        "decoder": {"type": "XmlDecoder" if recipe.accept == FEED else "JsonDecoder"},
        "record_selector": selector,
        **routed,
    }


def _transformations(stream: Stream, recipe: Recipe) -> list[dict[str, Any]]:
    """Add the fields to the record, or collect them in a row that replaces it."""
    path = [] if recipe.whole else [_ROW]
    transformations: list[dict[str, Any]] = []
    if recipe.without:
        transformations.append({"type": "RemoveFields", "field_pointers": [[name] for name in recipe.without]})
    if values := {**recipe.values, **({SEEN_AT.name: NOW} if stream.incremental else {})}:
        fields = [_added([*path, name], value) for name, value in values.items()]
        transformations.append({"type": "AddFields", "fields": fields})
    if not recipe.whole:
        transformations.append({"type": "DpathFlattenFields", "field_path": [_ROW], "replace_record": True})
    return transformations


def _added(path: list[str], value: str) -> dict[str, Any]:
    """Return a field to add. Unless its template writes a literal, it is a text, whatever it looks like."""
    typed = {} if "'%r'" in value else {"value_type": "string"}
    return {"type": "AddedFieldDefinition", "path": path, "value": value, **typed}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/definitions/{name}"}
