"""Documents of the fake index as they are fetched, for the tests of the streams."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from source_pypi.services.index.documents import (
    Document,
    Listing,
    Page,
    Project,
    Release,
    Statistics,
    open_document,
    open_feed,
)
from source_pypi.streams.stream import ProjectDocuments, ReleaseView, Row
from tests.fake_index import World, feeds
from tests.fake_index.documents import (
    View,
    listing_json,
    page_json,
    project_document,
    release_document,
    stats_json,
)

ROOT = "http://index.test"


def documents_of(world: World, name: str, *, poverty: bool = False) -> ProjectDocuments:
    """The project document and the latest release of a project of the world."""
    project = world.projects[name]
    body = project_document(project, View(ROOT, poverty=poverty, deployed=world.deployed))
    assert body is not None
    document = open_document(body, Project, f"{ROOT}/pypi/{name}/json", serial=project.last_serial)
    latest = ReleaseView(document.content.info.version or "", document.content, document)
    return ProjectDocuments(project=name, document=document, releases=(latest,))


def release_of(world: World, name: str, version: str) -> ReleaseView:
    """One release of a project of the world, from its own document."""
    project = world.projects[name]
    body = release_document(project, project.releases[version], View(ROOT, deployed=world.deployed))
    document = open_document(body, Release, f"{ROOT}/pypi/{name}/{version}/json")
    return ReleaseView(version, document.content, document)


def documents_with(document: Mapping[str, Any], *, serial: int | None = None) -> ProjectDocuments:
    """The documents of the project foo, whose project document is this one."""
    body = json.dumps(document, separators=(",", ":")).encode()
    return ProjectDocuments(
        project="foo", document=open_document(body, Project, f"{ROOT}/pypi/foo/json", serial=serial)
    )


def statistics_of(world: World) -> Document[Statistics]:
    """The statistics of the world."""
    return open_document(stats_json(world.projects.values()), Statistics, f"{ROOT}/stats/")


def page_of(world: World, name: str) -> Document[Page]:
    """The page of a project of the world."""
    return open_document(page_json(world.projects[name], View(ROOT)), Page, f"{ROOT}/simple/{name}/")


def index_documents(world: World) -> ProjectDocuments:
    """Every document about the index as a whole."""
    projects = world.projects.values()
    return ProjectDocuments(
        project=None,
        statistics=statistics_of(world),
        listing=open_document(listing_json(projects, world.serial), Listing, f"{ROOT}/simple/"),
        recent_releases=open_feed(feeds.updates(projects, ROOT), f"{ROOT}/rss/updates.xml"),
        recent_projects=open_feed(feeds.packages(projects, ROOT), f"{ROOT}/rss/packages.xml"),
    )


def values(row: Row) -> Any:
    """A row, as a reader of its JSON gets it."""
    return msgspec.json.decode(msgspec.json.encode(row))
