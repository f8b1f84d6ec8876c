"""``project``: the project document as the index sends it."""

import json
from typing import Any

from source_pypi.streams.project import project_rows
from source_pypi.streams.stream import ProjectDocuments
from tests.fake_index import World
from tests.fake_index.documents import View, project_document
from tests.streams import ROOT, documents_of, documents_with, values


def rows(documents: ProjectDocuments) -> list[Any]:
    """The rows of these documents, as a reader of their JSON gets them."""
    return [values(row) for row in project_rows(documents)]


def test_project_of_the_index() -> None:
    """The row is the document with all its keys and the project's name."""
    world = World()
    world.add("Flask", ["1.0", "2.0"], owner="alice", summary="A framework")
    world.add_advisory("Flask", "2.0", "PYSEC-2024-1")
    document = project_document(world.projects["flask"], View(ROOT))
    assert document is not None
    assert rows(documents_of(world, "flask")) == [json.loads(document) | {"project": "flask"}]


def test_unknown_keys_are_kept() -> None:
    """Unknown keys at every level are in the row."""
    world = World()
    world.add("foo")
    world.deploy("new_key", {"a": [1, None]})
    (row,) = rows(documents_of(world, "foo"))
    assert row["info"]["new_key"] == {"a": [1, None]}
    document = {"info": {"new": 1.50}, "new": [{"a": None}], "urls": [{"new": True}]}
    assert rows(documents_with(document)) == [document | {"project": "foo"}]


def test_values_are_not_converted() -> None:
    """Times, empty texts and large numbers stay as the index wrote them."""
    file = {"upload_time": "2024-01-01T00:00:00", "upload_time_iso_8601": "2024-01-01T00:00:00.120000Z"}
    document = {"info": {"summary": "", "author": "UNKNOWN", "new": 10**30}, "releases": {"1.0": [file], "0.1": None}}
    assert rows(documents_with(document)) == [document | {"project": "foo"}]


def test_key_named_project_does_not_replace_the_requested_name() -> None:
    """A key ``project`` in the document does not replace the requested name."""
    assert rows(documents_with({"info": {}, "project": "bar"})) == [{"info": {}, "project": "foo"}]


def test_invalid_fields_are_null() -> None:
    """Invalid fields are null in the row."""
    document = {"info": {"name": 1}, "urls": ["a"], "last_serial": "7"}
    assert rows(documents_with(document)) == [
        {"info": {"name": None}, "urls": [], "last_serial": None, "project": "foo"}
    ]


def test_missing_document_has_no_row() -> None:
    """Without a document there is no row."""
    assert rows(ProjectDocuments(project="foo")) == []
    assert rows(ProjectDocuments(project=None)) == []
