"""Documents for these tests, and how they are opened."""

from __future__ import annotations

import json
from typing import Any

from source_pypi.services.index.documents import (
    Document,
    Project,
    Release,
    Statistics,
    open_document,
)
from tests.fake_index import World
from tests.fake_index.documents import View, project_document, release_document, stats_json

URL = "http://index.test/pypi/foo/json"


def encode(document: Any) -> bytes:
    """A document as the index sends it, without the final newline."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def open_project(document: Any) -> Document[Project]:
    """Open a project document; anything but bytes is encoded first."""
    return open_document(document if isinstance(document, bytes) else encode(document), Project, URL)


def sample_world() -> World:
    """A world with one project that has some of everything."""
    world = World()
    world.add("Foo", ["1.0", "2.0"], summary="A \u201cfoo\u201d \U0001f40d", owner="alice", keywords="a, b")
    world.release("Foo", "0.1")
    world.add_advisory("Foo", "2.0", "PYSEC-2024-1")
    world.yank("Foo", "1.0", "broken")
    return world


def bodies() -> dict[str, tuple[bytes, type[Any]]]:
    """A document of each type, as the fake index writes it."""
    world, view = sample_world(), View("http://index.test")
    project = world.projects["foo"]
    document = project_document(project, view)
    assert document is not None
    return {
        "project": (document, Project),
        "release": (release_document(project, project.releases["1.0"], view), Release),
        "statistics": (stats_json(world.projects.values()), Statistics),
    }
