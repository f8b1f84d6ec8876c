"""sync/failures.py: why a stream has no rows of a project, and keeps those that were loaded."""

import pytest

from source_pypi.errors import NotOfferedError, SourceError, UnknownReleaseError
from source_pypi.services.index.documents import ABSENT, Fingerprint, open_core_metadata
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams import choose_streams
from source_pypi.streams.stream import ProjectDocuments
from source_pypi.sync.batch import Batch
from source_pypi.sync.failures import failure_of, has_mistyped_pin, not_offered
from source_pypi.sync.fetch_result import FetchResult
from source_pypi.sync.state import DIGEST_OF_NO_ROWS, Partition, ProjectState
from tests.batches import rows_in
from tests.fake_index import World
from tests.streams import documents_with, page_of
from tests.sync.batching import ADDRESS, BEFORE, FOO, NOT_OFFERED, OUTAGE, batch, fetched, previous

UNKNOWN_RELEASE = UnknownReleaseError("foo", "9.0", f"{ADDRESS}/9.0")


@pytest.mark.parametrize(
    ("failed", "costs"),
    [
        ({DocumentKind.RELEASES: OUTAGE}, {"release", "dependencies"}),
        ({DocumentKind.PAGE: OUTAGE}, {"statuses"}),
        ({DocumentKind.PROJECT: OUTAGE}, {"files", "statuses"}),
        ({DocumentKind.CORE_METADATA: OUTAGE}, set()),
    ],
    ids=lambda value: ",".join(sorted(kind.name for kind in value)) if isinstance(value, dict) else "",
)
def test_failure_costs_the_streams_that_read_the_document(
    world: World, failed: dict[DocumentKind, SourceError], costs: set[str]
) -> None:
    """A stream that reads a document that failed has no change, so that its rows stay; the others have theirs."""
    names = ["files", "release", "dependencies", "statuses"]
    result = fetched(world, failures=failed)
    result.fingerprints[DocumentKind.PAGE] = ABSENT
    given = batch(result, previous(*names))
    assert given.failures == dict.fromkeys(costs, OUTAGE)
    assert given.changes.keys() == set(names) - costs


@pytest.mark.parametrize(("error", "fails"), [(OUTAGE, True), (NOT_OFFERED, False)])
def test_failed_core_metadata_costs_the_stream_that_it_fills(world: World, error: SourceError, fails: bool) -> None:
    """Core metadata that could not be read costs the stream that it fills; if it is not offered, the gap stays."""
    result = fetched(world, failures={DocumentKind.CORE_METADATA: error})
    result.documents = ProjectDocuments(
        project="foo", document=result.documents.document, releases=result.documents.releases, use_core_metadata=True
    )
    given = batch(result, previous("dependencies", "classifiers"))
    assert given.failures.keys() == ({"dependencies"} if fails else set())
    assert "classifiers" in given.changes


def test_document_without_the_required_key_is_not_offered() -> None:
    """If a document lacks the key that rows are made of, the index does not offer them, and no row is deleted."""
    documents = documents_with({"info": {"name": "foo", "version": "1.0"}, "releases": {}, "urls": []})
    assert documents.document is not None
    result = FetchResult(FOO, documents, {DocumentKind.PROJECT: documents.document.fingerprint})
    given = batch(result, previous("roles", "files"))
    assert (set(given.failures), set(given.changes)) == ({"roles"}, {"files"})
    assert isinstance(given.failures["roles"], NotOfferedError)
    given = batch(result, previous("roles", "files", states={"roles": BEFORE}))
    assert (given.failures, given.counts, len(given.notices)) == ({}, {"files": 0}, 1)
    assert given.changes["roles"].state.partitions == BEFORE.partitions
    offered = documents_with({"info": {"name": "foo", "version": "1.0"}, "ownership": {"roles": []}})
    result = FetchResult(FOO, offered, {DocumentKind.PROJECT: documents.document.fingerprint})
    assert rows_in(batch(result, previous("roles", states={"roles": BEFORE}))) == {"roles": []}


def test_stream_of_pages_is_read_without_project_documents(world: World) -> None:
    """If an index has pages and no project documents, the stream ``statuses`` is read nevertheless."""
    world.add("foo", releases=["1.0"])
    page = page_of(world, "foo")
    fingerprints = {DocumentKind.PROJECT: ABSENT, DocumentKind.PAGE: page.fingerprint}
    failures: dict[DocumentKind, SourceError] = {DocumentKind.PROJECT: NOT_OFFERED}
    result = FetchResult(FOO, ProjectDocuments(project="foo", page=page), fingerprints, failures=failures)
    given = batch(result, previous("statuses", "files"))
    assert (given.failures, set(given.changes)) == ({"files": NOT_OFFERED}, {"statuses"})


def batch_with_unknown_pin(world: World, partitions: dict[str, Partition]) -> Batch:
    """Return the batch of a fetch with the pin 9, which does not exist, after these releases were read."""
    result = fetched(world, user_errors=[UNKNOWN_RELEASE], partitions={DocumentKind.RELEASES: {}})
    state = ProjectState(1, b"term", True, 5, {}, partitions)
    return batch(result, previous("release", "files", states={"release": state}))


def test_mistyped_pin_deletes_no_rows(world: World) -> None:
    """A pin that never existed deletes no rows of the stream of releases; other streams are read."""
    given = batch_with_unknown_pin(world, {"1.0": Partition(b"digest")})
    assert (set(given.changes), [str(error)[:42] for error in given.user_errors]) == (
        {"files"},
        ["the index has no release document of foo 9"],
    )


def test_removed_pin_deletes_its_rows(world: World) -> None:
    """A pin that was read, in any spelling, and is removed deletes its rows."""
    given = batch_with_unknown_pin(world, {"9": Partition(b"digest")})
    assert rows_in(given)["release"] == []
    assert len(given.user_errors) == 1


# Each reason by itself ------------------------------------------------------------------------------------------------

ONE = {stream.name: stream for stream in choose_streams(["files", "release", "dependencies", "roles"])}


def test_page_that_cannot_be_read_fails_the_streams_that_it_completes() -> None:
    """If the page lists what the document does not, and cannot be read, the streams made of both fail."""
    result = FetchResult(page_failure=OUTAGE)
    assert (failure_of(ONE["files"], result), failure_of(ONE["roles"], result)) == (OUTAGE, None)


@pytest.mark.parametrize(
    ("error", "page_completes", "fails"),
    [(NOT_OFFERED, True, False), (NOT_OFFERED, False, True), (OUTAGE, True, True)],
)
def test_page_stands_in_for_a_document_that_is_not_offered(
    error: SourceError, page_completes: bool, fails: bool
) -> None:
    """A page stands in for a project document that the index does not offer, not for one that could not be read."""
    result = FetchResult(failures={DocumentKind.PROJECT: error}, page_completes=page_completes)
    assert failure_of(ONE["files"], result) == (error if fails else None)
    assert failure_of(ONE["roles"], result) == error


def test_other_documents_supply_what_a_document_lacks(world: World) -> None:
    """A document without the key offers no rows, unless core metadata or the page supplies them."""
    lacking = documents_with({"info": {"name": "foo", "version": "1.0"}}).document
    world.add("foo", releases=["1.0"])
    alone = ProjectDocuments(project="foo", document=lacking)
    completed = ProjectDocuments(project="foo", document=lacking, page=page_of(world, "foo"), page_completes=True)
    metadata = open_core_metadata(b"Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n", ADDRESS)
    filled = ProjectDocuments(
        project="foo", document=lacking, core_metadata={"foo.whl": metadata}, use_core_metadata=True
    )
    offered = {
        name: [not_offered(stream, documents) is None for documents in (alone, completed, filled)]
        for name, stream in ONE.items()
    }
    assert offered == {
        "files": [False, True, False],
        "release": [True, True, True],
        "dependencies": [False, False, True],
        "roles": [False, False, False],
    }
    assert str(not_offered(ONE["files"], alone)) == (
        f"this index offers no field releases in project documents of foo ({ADDRESS} lacks it): "
        "leave the stream out, or read an index that has it"
    )


@pytest.mark.parametrize(
    ("stream", "errors", "partitions", "mistyped"),
    [
        ("release", [UNKNOWN_RELEASE], {}, True),
        ("release", [UNKNOWN_RELEASE], {"1.0": Partition(b"digest")}, True),
        ("release", [UNKNOWN_RELEASE], {"9": Partition(b"digest")}, False),
        ("release", [UNKNOWN_RELEASE], {"9": Partition(b"digest", Fingerprint(b'"x"'))}, False),
        ("release", [UNKNOWN_RELEASE], {"9": Partition(b"digest", ABSENT)}, False),
        ("release", [UNKNOWN_RELEASE], {"9": Partition(DIGEST_OF_NO_ROWS, ABSENT)}, True),
        ("release", [OUTAGE], {}, False),
        ("release", [], {}, False),
        ("files", [UNKNOWN_RELEASE], {}, False),
    ],
    ids=[
        "first run",
        "another version",
        "it was the latest",
        "it was read",
        "its rows stay",
        "it never existed",
        "another error",
        "no error",
        "no releases",
    ],
)
def test_mistyped_pin(stream: str, errors: list[SourceError], partitions: dict[str, Partition], mistyped: bool) -> None:
    """A pin is mistyped if the version was never read; only streams of releases keep their rows for it."""
    before = previous(stream, states={stream: ProjectState(1, b"term", True, 5, {}, partitions)})
    assert has_mistyped_pin(ONE[stream], FetchResult(user_errors=errors), before) is mistyped
