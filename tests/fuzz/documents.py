"""Readers of documents: each opens a document and makes the rows of all streams."""

import functools
from collections.abc import Iterable, Sequence
from typing import Any

import jsonschema
import msgspec
from msgspec.structs import replace

from source_pypi.safety.limits import LARGEST_ROW
from source_pypi.schema import stream_schema
from source_pypi.selection import SelectedProject
from source_pypi.services.index.documents import (
    Listing,
    Page,
    Project,
    Provenance,
    Release,
    Statistics,
    open_core_metadata,
    open_document,
    open_feed,
)
from source_pypi.streams import STREAMS, choose_streams
from source_pypi.streams.stream import ProjectDocuments, ReleaseView, Stream
from source_pypi.sync.batch import Change, rows_of
from source_pypi.sync.changes import change_of
from source_pypi.sync.fetch_result import FetchResult
from source_pypi.sync.listing import serials_of
from source_pypi.sync.planner import PreviousState
from source_pypi.sync.releases import metadata_urls, provenance_urls, selected_versions, wanted_versions
from tests.batches import change_with
from tests.fuzz.seeds import world
from tests.streams import ROOT, documents_of, documents_with, page_of

#: Rows of a stream and an input that are validated by its schema.
_VALIDATED = 3
_ENCODER = msgspec.json.Encoder()
URL = f"{ROOT}/document"


@functools.cache
def _validator(stream: str) -> Any:
    (schema,) = (stream_schema(one) for one in STREAMS if one.name == stream)
    return jsonschema.Draft7Validator(schema)


@functools.cache
def _valid() -> ProjectDocuments:
    """Valid documents of a project, for documents that need others."""
    return replace(documents_of(world(), "foo"), page=page_of(world(), "foo"))


def check_rows(visit: ProjectDocuments, names: Iterable[str] = ()) -> None:
    """Check the rows of all streams: distinct keys, valid by the schema, one line each, and decodable."""
    wanted = set(names)
    for stream in choose_streams(["all"]):
        if stream.of_project == (visit.project is not None) and (not wanted or stream.name in wanted):
            _check(stream, visit)


def _check(stream: Stream, visit: ProjectDocuments) -> None:
    if stream.partition_field is None:
        change = change_of(stream, FetchResult(None, visit), PreviousState(), b"term", 0, keys=True)
    else:
        change = change_with(list(stream.rows(visit)))
    check_change(stream, change)


def check_change(stream: Stream, change: Change) -> None:
    """Check rows of a stream: distinct keys, valid by the schema, one line each, and decodable."""
    lines = b"".join(change.lines)
    assert lines.count(b"\n") == change.count, f"{stream.name}: a row is not a line"
    assert len(lines) <= LARGEST_ROW
    rows = list(rows_of(stream, change))
    made = [msgspec.json.decode(msgspec.json.encode(row)) for row in rows]
    assert stream.raw or _ENCODER.encode_lines(rows) == lines, f"{stream.name}: a row does not come back"
    keys = [tuple(row[name] for name in stream.key) for row in made]
    assert len(set(keys)) == len(keys) or not stream.key, f"{stream.name}: two rows of one key"
    assert all(value is not None for key in keys for value in key), f"{stream.name}: a key is null"
    for row in (*made[:_VALIDATED], *made[-1:]):
        wrong = next(_validator(stream.name).iter_errors(row), None)
        assert wrong is None, f"{stream.name}: {wrong.message[:300]} at {list(wrong.absolute_path)}"


def project(body: bytes) -> None:
    """A project document: the rows of every stream, and the URLs of further documents."""
    document = open_document(body, Project, URL)
    content = document.content
    assert b"\n" not in document.body
    view = ReleaseView(content.info.version or "", content, document, tuple(content.urls or ()))
    visit = ProjectDocuments(
        project="foo", document=document, releases=(view,), page=_valid().page, use_core_metadata=True
    )
    selected = selected_versions(SelectedProject("foo", ("1.0",), ranges=(">=1",)), content, content)  # type: ignore[arg-type]
    for version in wanted_versions(selected, content, "all"):
        metadata_urls(document, [version])
    visit.required(view)
    check_rows(visit)


def release(body: bytes) -> None:
    """A release document."""
    document = open_document(body, Release, URL)
    view = ReleaseView("1.0", document.content, document)
    check_rows(
        replace(_valid(), releases=(view,)), ("dependencies", "classifiers", "urls", "vulnerabilities", "release")
    )


def page(body: bytes) -> None:
    """A project page, with a valid project document."""
    document = open_document(body, Page, URL)
    sound = _valid().document
    assert sound is not None
    provenance_urls(sound.content, document, list(sound.content.listed()))
    check_rows(replace(_valid(), page=document), ("statuses",))


def listing(body: bytes) -> None:
    """The list of projects."""
    document = open_document(body, Listing, URL)
    serials_of(document.content)
    check_rows(ProjectDocuments(listing=document))


def statistics(body: bytes) -> None:
    """The statistics."""
    check_rows(ProjectDocuments(statistics=open_document(body, Statistics, URL)))


def provenance(body: bytes) -> None:
    """A provenance document."""
    document = open_document(body, Provenance, URL)
    listed = documents_with({"info": {}, "releases": {"1.0": [{"filename": "a.whl"}]}})
    check_rows(replace(listed, provenance={"a.whl": document}), ("attestations",))


def feed(body: bytes) -> None:
    """A feed, read as each of both kinds."""
    document = open_feed(body, URL)
    check_rows(ProjectDocuments(recent_releases=document, recent_projects=document))


def core_metadata(body: bytes) -> None:
    """A METADATA file, read for its own stream and in place of missing requirements."""
    document = open_core_metadata(body, URL)
    listed = documents_with({"info": {"version": "1.0"}, "releases": {"1.0": [{"filename": "a.whl"}]}})
    content = listed.document
    assert content is not None
    files: Sequence[Any] = content.content.listed()["1.0"]
    view = ReleaseView("1.0", content.content, content, tuple(files))
    visit = replace(listed, core_metadata={"a.whl": document}, releases=(view,), use_core_metadata=True)
    check_rows(visit, ("core_metadata", "dependencies"))
