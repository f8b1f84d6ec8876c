"""Documents with any invalid values, of which every stream makes its rows."""

import copy
import json
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from source_pypi.errors import DocumentError
from source_pypi.services.index.documents import Document, Listing, Page, Project, open_document
from source_pypi.streams import choose_streams
from source_pypi.streams.stream import ProjectDocuments, ReleaseView
from tests.services.index.documents.test_any_document import (
    COMPLETE,
    JSON,
    LETTERS,
    MISSING,
    changes,
    put,
    without_missing,
)
from tests.streams import ROOT
from tests.test_hard_cases import OF_PROJECT


def documents_of(document: Document[Project], page: Document[Page]) -> ProjectDocuments:
    """Everything that can be made of a document and a page."""
    version = document.content.info.version or ""
    views = (ReleaseView(version, document.content, document, tuple(document.content.urls or ())),)
    return ProjectDocuments(project="foo", document=document, releases=views, page=page, use_core_metadata=True)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=200)
@given(changes())
def test_every_stream_reads_a_document_with_any_invalid_values(changed: list[tuple[Any, str, Any]]) -> None:
    """If values of a document are missing, null or wrong, every stream makes its rows, and none is lost."""
    sent, wrong = copy.deepcopy(COMPLETE), 0
    for path, what, instead in changed:
        put(sent, path, {"missing": MISSING, "null": None, "wrong": instead}[what])
        wrong += what == "wrong" or (what == "null" and isinstance(path[-1], int))
    body = json.dumps(without_missing(sent)).encode()
    document = open_document(body, Project, f"{ROOT}/pypi/foo/json")
    page = {"files": [], "project-status": without_missing(sent).get("ownership")}
    documents = documents_of(document, open_document(json.dumps(page).encode(), Page, f"{ROOT}/simple/foo/"))
    made = {stream.name: list(stream.rows(documents)) for stream in OF_PROJECT}
    content = document.content
    listed = [file for files in content.listed().values() for file in files]
    assert len(document.invalid_fields) == wrong
    assert len(made["versions"]) == len(content.listed())
    assert len(made["files"]) == len(
        {name for file in listed if (name := file.filename or (file.url or "").split("/")[-1])}
    )
    assert len(made["dependencies"]) == len(content.info.requires_dist or ())
    assert len(made["classifiers"]) == len(set(content.info.classifiers or ()))
    assert (len(made["projects"]), len(made["statuses"]), len(made["release"])) == (1, 1, 1)
    for stream in OF_PROJECT:
        encoded = [msgspec.json.decode(msgspec.json.encode(row)) for row in made[stream.name]]
        keys = [tuple(row[name] for name in stream.key) for row in encoded]
        assert len(set(keys)) == len(keys)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["projects", "files", "meta", "project-status", "name"]), JSON), JSON, LETTERS)
def test_page_or_list_with_any_content_is_read_or_refused(given_keys: dict[str, Any], value: Any, key: str) -> None:
    """A page or list with any content is refused, or every stream makes its rows."""
    project = {"name": value, "_last-serial": value}
    for tree in (given_keys, {"projects": [project, value], "files": [{"filename": value, key: value}, value]}):
        body = json.dumps(tree).encode()
        try:
            documents = ProjectDocuments(
                project="foo", page=open_document(body, Page, ROOT), listing=open_document(body, Listing, ROOT)
            )
        except DocumentError:
            continue
        for stream in choose_streams(["all"]):
            for row in stream.rows(documents):
                msgspec.json.encode(row)
