"""Fetches of one project, and what they requested: for the tests of ``sync/fetch*.py``."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from packaging.utils import NormalizedName

from source_pypi.services.index.api import Index
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams import choose_streams
from source_pypi.sync.changes import batch_of
from source_pypi.sync.fetch_plan import FetchPlan
from source_pypi.sync.fetch_result import FetchResult
from source_pypi.sync.planner import PreviousState
from tests.fake_index import FakeIndex, World

Connect = Callable[..., Index]
FOO = NormalizedName("foo")
METADATA = b"Metadata-Version: 2.1\nName: foo\n"
PROVENANCE = {"version": 1, "attestation_bundles": []}
#: Streams that together read every kind of document of a project.
EVERY = ("files", "release", "core_metadata", "attestations", "statuses")


def plan(*documents: DocumentKind, **more: Any) -> FetchPlan:
    """Return a plan with these kinds of documents."""
    return FetchPlan(frozenset(documents), **more)


#: Every document of every release.
EVERYTHING = plan(*(kind for kind in DocumentKind if kind.of_project), releases="all")


def full(world: World, *versions: str) -> None:
    """Add the project foo; each version has a wheel with core metadata and provenance, and an sdist."""
    for version in versions:
        wheel = f"foo-{version}-py3-none-any.whl"
        world.upload("foo", version, filename=wheel, metadata=METADATA, provenance=PROVENANCE)
        world.upload("foo", version, filename=f"foo-{version}.tar.gz")


def received(result: FetchResult) -> set[str]:
    """Return the documents of a project that were received in full."""
    documents = result.documents
    named: dict[str, Any] = {
        "project": documents.document,
        "page": documents.page,
        "releases": documents.releases,
        "metadata": documents.core_metadata,
        "provenance": documents.provenance,
    }
    return {name for name, document in named.items() if document}


def kinds(fake: FakeIndex) -> list[str]:
    """Return the kind of document of each request, in order."""

    def kind(path: str) -> str:
        parts = path.strip("/").split("/")
        if path.endswith(".metadata"):
            return "metadata"
        return {"simple": "page", "integrity": "provenance"}.get(parts[0], "project" if len(parts) == 3 else "release")

    return [kind(request.path) for request in fake.requests]


def state_after(result: FetchResult, *names: str, **more: Any) -> PreviousState:
    """Return what these streams have in state after their rows were made of a fetch."""
    streams = choose_streams(names)
    digests = {stream.name: b"term" for stream in streams}
    batch = batch_of(result, PreviousState(streams), digests, datetime(2026, 11, 22, tzinfo=UTC))
    states = {name: change.state for name, change in batch.changes.items()}
    return PreviousState(streams, states, frozenset(states), **more)
