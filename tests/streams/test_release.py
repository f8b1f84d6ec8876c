"""``release``: release documents as the index sends them."""

import json
from typing import Any

from source_pypi.streams.release import release_rows
from source_pypi.streams.stream import ProjectDocuments
from tests.fake_index import World
from tests.fake_index.documents import View, release_document
from tests.streams import ROOT, release_of, values, visit_to


def rows(visit: ProjectDocuments) -> list[Any]:
    """The rows of a visit, as whoever reads their JSON has them."""
    return [values(row) for row in release_rows(visit)]


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
    """There is a row for each release, in the visit's order: its document, key for key, and what it is of."""
    world = flask()
    views = (release_of(world, "flask", "2.0"), release_of(world, "flask", "1.0"))
    assert rows(ProjectDocuments(project="flask", releases=views)) == [
        sent(world, "2.0") | {"project": "flask", "version": "2.0"},
        sent(world, "1.0") | {"project": "flask", "version": "1.0"},
    ]


def test_the_latest_release_from_the_project_document() -> None:
    """The latest release's row from the project's document is the one from its own: without ``releases``."""
    world = flask()
    assert rows(visit_to(world, "flask")) == [sent(world, "2.0") | {"project": "flask", "version": "2.0"}]


def test_no_releases_no_rows() -> None:
    """A visit that read no releases gives no rows, whatever else it brought."""
    visit = visit_to(flask(), "flask")
    assert rows(ProjectDocuments(project="flask", document=visit.document)) == []
    assert rows(ProjectDocuments(project=None)) == []
