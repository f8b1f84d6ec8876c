"""Batches of made-up fetches: for the tests of what a batch has and reports."""

from typing import Any

from source_pypi.errors import NotOfferedError, UnavailableError
from source_pypi.selection import SelectedProject
from source_pypi.services.index.documents import ABSENT, Fingerprint
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams import choose_streams
from source_pypi.streams.stream import ProjectDocuments
from source_pypi.sync.batch import Batch
from source_pypi.sync.changes import batch_of
from source_pypi.sync.fetch_result import FetchResult
from source_pypi.sync.planner import PreviousState
from source_pypi.sync.state import CODES, Partition, ProjectState
from tests.batches import SEEN_AT
from tests.fake_index import World
from tests.streams import documents_of

ADDRESS = "http://index.test/pypi/foo/json"
OUTAGE = UnavailableError(ADDRESS, 503, 7, 60.0, None)
NOT_OFFERED = NotOfferedError("something", ADDRESS)
FOO = SelectedProject("foo")  # type: ignore[arg-type]
#: The state of a stream that read a row.
BEFORE = ProjectState(
    1,
    b"term",
    True,
    5,
    {CODES[DocumentKind.PROJECT]: Fingerprint(b'"x"', 5)},
    {"": Partition(b"digest", None, (("a.whl",),))},
)


def previous(*names: str, states: dict[str, ProjectState] | None = None) -> PreviousState:
    """Return what streams have in state, with the settings of this run."""
    return PreviousState(choose_streams(names), states or {}, frozenset(states or ()))


def batch(result: FetchResult, before: PreviousState, **more: Any) -> Batch:
    """Return the batch of a fetch."""
    return batch_of(result, before, {stream.name: b"term" for stream in before.streams}, SEEN_AT, **more)


def fetched(world: World, **more: Any) -> FetchResult:
    """Return the result of a fetch of foo, which has one release."""
    world.add("foo", releases=["1.0"])
    documents = documents_of(world, "foo")
    assert documents.document is not None
    result = FetchResult(
        FOO, documents, {DocumentKind.PROJECT: documents.document.fingerprint}, {DocumentKind.RELEASES: {"1.0": None}}
    )
    for name, value in more.items():
        setattr(result, name, value)
    return result


def absent(**more: Any) -> FetchResult:
    """Return the result of a fetch of foo, which does not exist."""
    return FetchResult(FOO, ProjectDocuments(project="foo"), {DocumentKind.PROJECT: ABSENT}, missing=True, **more)
