"""sync/fetch_index.py: the documents that describe the whole index."""

from collections.abc import Callable

import pytest

from source_pypi.errors import (
    NotOfferedError,
)
from source_pypi.services.index.documents import Fingerprint
from source_pypi.services.index.documents.kinds import INDEX_DOCUMENTS, DocumentKind
from source_pypi.sync.fetch_index import fetch_index
from tests.fake_index import FakeIndex, World, faults
from tests.sync.fetching import Connect, full

PATHS = {
    DocumentKind.STATISTICS: "/stats/",
    DocumentKind.LISTING: "/simple/",
    DocumentKind.RECENT_RELEASES: "/rss/updates.xml",
    DocumentKind.RECENT_PROJECTS: "/rss/packages.xml",
}


@pytest.mark.parametrize("read", sorted(INDEX_DOCUMENTS, key=str), ids=lambda read: read.name)
def test_document_of_the_index_takes_one_request(
    world: World, fake: FakeIndex, connect: Connect, read: DocumentKind
) -> None:
    """A document of the index takes one request; others are not requested."""
    full(world, "1.0")
    result = fetch_index(connect(fake), [read, DocumentKind.PROJECT, read])
    assert fake.counts == {PATHS[read]: 1}
    assert [document.url for document in result.documents.all()] == [f"{fake.url}{PATHS[read]}"]
    assert (result.failures, result.project, result.documents.project) == ({}, None, None)


def test_documents_that_are_not_offered_are_recorded(
    world: World, serve: Callable[..., FakeIndex], connect: Connect
) -> None:
    """Each document that the index does not offer is recorded; the list is read."""
    fake = serve(poverty=True)
    result = fetch_index(connect(fake), INDEX_DOCUMENTS)
    assert {kind: (type(error), str(error).partition(":")[0]) for kind, error in result.failures.items()} == {
        read: (
            NotOfferedError,
            f"this index offers no {read.value} ({fake.url}{PATHS[read]} answered 404)".partition(":")[0],
        )
        for read in INDEX_DOCUMENTS - {DocumentKind.LISTING}
    }
    assert fake.counts == dict.fromkeys(PATHS.values(), 1)


def test_no_request_without_a_document_of_the_index(fake: FakeIndex, connect: Connect) -> None:
    """Without a document of the index nothing is requested."""
    assert fetch_index(connect(fake), [DocumentKind.PROJECT]).failures == {}
    assert fake.requests == []


def test_list_is_requested_conditionally(world: World, fake: FakeIndex, connect: Connect) -> None:
    """The list is requested with its ETag; an older copy of it is not accepted."""
    full(world, "1.0")
    index = connect(fake)
    first = fetch_index(index, [DocumentKind.LISTING])
    fingerprint = first.fingerprints[DocumentKind.LISTING]
    fake.new_run()
    again = fetch_index(index, [DocumentKind.LISTING], fingerprint)
    assert (again.fingerprints, again.documents.listing, again.failures) == (
        {DocumentKind.LISTING: fingerprint},
        None,
        {},
    )
    assert [request.status for request in fake.requests] == [304]
    fake.new_run()
    fake.fault("/simple/", faults.stale(), times=None)
    stale = fetch_index(index, [DocumentKind.LISTING], Fingerprint(serial=fingerprint.serial))
    assert (stale.unusable, stale.failures, stale.fingerprints) == ({DocumentKind.LISTING}, {}, {})
