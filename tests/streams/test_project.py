"""``project``: the project document as the index sends it."""

import json
from typing import Any

from source_pypi.streams.project import project_rows
from source_pypi.streams.stream import ProjectDocuments
from tests.fake_index import World
from tests.fake_index.documents import View, project_document
from tests.streams import ROOT, values, visit_to, visit_with


def rows(visit: ProjectDocuments) -> list[Any]:
    """The rows of a visit, as whoever reads their JSON has them."""
    return [values(row) for row in project_rows(visit)]


def test_a_project_of_the_index() -> None:
    """The one row is the document, key for key, and whose it is."""
    world = World()
    world.add("Flask", ["1.0", "2.0"], owner="alice", summary="A framework")
    world.add_advisory("Flask", "2.0", "PYSEC-2024-1")
    document = project_document(world.projects["flask"], View(ROOT))
    assert document is not None
    assert rows(visit_to(world, "flask")) == [json.loads(document) | {"project": "flask"}]


def test_unknown_keys_are_kept() -> None:
    """Keys that nobody knows yet are in the row, at every level."""
    world = World()
    world.add("foo")
    world.deploy("new_key", {"a": [1, None]})
    (row,) = rows(visit_to(world, "foo"))
    assert row["info"]["new_key"] == {"a": [1, None]}
    document = {"info": {"new": 1.50}, "new": [{"a": None}], "urls": [{"new": True}]}
    assert rows(visit_with(document)) == [document | {"project": "foo"}]


def test_values_are_passed_on_as_they_were_written() -> None:
    """Times, empty texts and large numbers are what the index wrote."""
    file = {"upload_time": "2024-01-01T00:00:00", "upload_time_iso_8601": "2024-01-01T00:00:00.120000Z"}
    document = {"info": {"summary": "", "author": "UNKNOWN", "new": 10**30}, "releases": {"1.0": [file], "0.1": None}}
    assert rows(visit_with(document)) == [document | {"project": "foo"}]


def test_the_row_is_of_the_project_asked_for() -> None:
    """A key ``project`` that the index sends does not take the place of the name asked for."""
    assert rows(visit_with({"info": {}, "project": "bar"})) == [{"info": {}, "project": "foo"}]


def test_a_mended_document() -> None:
    """Wrong fields are null in the row."""
    document = {"info": {"name": 1}, "urls": ["a"], "last_serial": "7"}
    assert rows(visit_with(document)) == [{"info": {"name": None}, "urls": [], "last_serial": None, "project": "foo"}]


def test_no_document_no_row() -> None:
    """Where there is no document there is no row."""
    assert rows(ProjectDocuments(project="foo")) == []
    assert rows(ProjectDocuments(project=None)) == []
