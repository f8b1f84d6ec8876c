"""``release``: release documents as the index sends them."""

import json
from typing import Any

from source_pypi.streams.release import release_rows
from source_pypi.streams.stream import ProjectDocuments
from tests.fake_index import World
from tests.fake_index.documents import View, release_document
from tests.streams import ROOT, documents_of, release_of, values


def rows(documents: ProjectDocuments) -> list[Any]:
    """The rows of these documents, as a reader of their JSON gets them."""
    return [values(row) for row in release_rows(documents)]


def flask() -> World:
    """A world with two releases of one project."""
    world = World()
    world.add("Flask", ["1.0", "2.0"], owner="alice", summary="A framework")
    world.add_advisory("Flask", "1.0", "PYSEC-2024-1")
    world.deploy("new_key", {"a": [1, None]})
    return world


def sent(world: World, version: str) -> Any:
    """A release document of the world, as the index sends it."""
    project = world.projects["flask"]
    return json.loads(release_document(project, project.releases[version], View(ROOT, deployed=world.deployed)))


def test_releases_of_the_index() -> None:
    """Each release is a row, in order: its document with all keys, its project and version."""
    world = flask()
    views = (release_of(world, "flask", "2.0"), release_of(world, "flask", "1.0"))
    assert rows(ProjectDocuments(project="flask", releases=views)) == [
        sent(world, "2.0") | {"project": "flask", "version": "2.0"},
        sent(world, "1.0") | {"project": "flask", "version": "1.0"},
    ]


def test_latest_release_from_the_project_document() -> None:
    """The latest release's row from the project document equals that from its own document: it has no ``releases``."""
    world = flask()
    assert rows(documents_of(world, "flask")) == [sent(world, "2.0") | {"project": "flask", "version": "2.0"}]


def test_missing_releases_have_no_rows() -> None:
    """Without releases there are no rows, whatever other documents there are."""
    documents = documents_of(flask(), "flask")
    assert rows(ProjectDocuments(project="flask", document=documents.document)) == []
    assert rows(ProjectDocuments(project=None)) == []
