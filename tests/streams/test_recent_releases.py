"""``recent_releases``: a row for each release in the feed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from source_pypi.errors import DocumentError, NotOfferedError
from source_pypi.services.index.api import Index
from source_pypi.services.index.documents import Document, Entry, Feed
from source_pypi.streams import choose_streams
from source_pypi.streams.recent_releases import RecentRelease, recent_releases_rows
from source_pypi.streams.stream import ProjectDocuments
from tests.fake_index import FakeIndex, World, faults
from tests.streams import ROOT, index_documents
from tests.sync.helpers import counts, read

Connect = Callable[..., Index]
STREAMS = choose_streams(["recent_releases"])


def rows(*entries: Entry) -> list[Any]:
    """The rows of a feed with these entries."""
    feed = Document(f"{ROOT}/rss/updates.xml", Feed(entries), b"", None, None, ())
    return list(recent_releases_rows(ProjectDocuments(recent_releases=feed)))


def test_feed_of_an_index() -> None:
    """Each entry is a row, newest first."""
    world = World(start="2024-01-01T00:00:00Z")
    world.release("Zope.Interface", "1.0", {"summary": "Interfaces", "author_email": "Zoe <zoe@example.com>"})
    first = world.projects["zope-interface"].releases["1.0"].created_at.replace(microsecond=0, tzinfo=UTC)
    world.release("foo", "2.0+local.1")
    second = world.projects["foo"].releases["2.0+local.1"].created_at.replace(microsecond=0, tzinfo=UTC)
    assert list(recent_releases_rows(index_documents(world))) == [
        RecentRelease(
            project="foo",
            version="2.0+local.1",
            title="foo 2.0+local.1",
            summary=None,
            author_email=None,
            link=f"{ROOT}/project/foo/2.0+local.1/",
            published_at=second,
        ),
        RecentRelease(
            project="zope-interface",
            version="1.0",
            title="Zope.Interface 1.0",
            summary="Interfaces",
            author_email="zoe@example.com",
            link=f"{ROOT}/project/zope-interface/1.0/",
            published_at=first,
        ),
    ]
    assert second - first >= timedelta(seconds=1)


def test_repeated_release_is_one_row() -> None:
    """A release that is listed twice is one row, the first; another release of the project is another row."""
    links = [f"{ROOT}/project/{path}/" for path in ("Foo/1.0", "foo/1.0", "foo/1.0.0")]
    made = rows(*(Entry(str(number), link, None, None, None) for number, link in enumerate(links)))
    assert [(row.project, row.version, row.title) for row in made] == [("foo", "1.0", "0"), ("foo", "1.0.0", "2")]


@pytest.mark.parametrize("link", [None, f"{ROOT}/project/foo/", f"{ROOT}/help/", "http://[bad/project/foo/1.0/"])
def test_entry_without_a_release_is_skipped(link: str | None) -> None:
    """An entry without a release has no row; the others have theirs."""
    good = Entry(None, f"{ROOT}/project/foo/1.0/", None, None, "Mon, 01 Jan 2024 00:00:00 GMT")
    assert rows(Entry("x", link, None, None, None), good) == [
        RecentRelease(
            project="foo",
            version="1.0",
            title=None,
            summary=None,
            author_email=None,
            link=f"{ROOT}/project/foo/1.0/",
            published_at=datetime(2024, 1, 1, tzinfo=UTC),
        )
    ]


def test_missing_feed_has_no_rows() -> None:
    """Without a feed there are no rows."""
    assert list(recent_releases_rows(ProjectDocuments(project="foo"))) == []
    assert rows() == []


def test_one_request(world: World, fake: FakeIndex, connect: Connect) -> None:
    """The feed of the hundred newest releases takes one request, and no project is requested."""
    world.add("foo", [f"1.{number}" for number in range(120)])
    (batch,) = read(connect(fake), ["foo"], STREAMS)
    assert (batch.project, counts(batch)) == (None, {"recent_releases": 100})
    assert fake.counts == {"/rss/updates.xml": 1}


def test_html_and_missing_feed_are_failures(world: World, serve: Callable[..., FakeIndex], connect: Connect) -> None:
    """An HTML page is a failure, and an index without feeds does not offer the stream."""
    fake = serve()
    fake.fault("/rss/updates.xml", faults.html())
    (batch,) = read(connect(fake), ["foo"], STREAMS)
    assert isinstance(batch.failures["recent_releases"], DocumentError)
    (batch,) = read(connect(serve(poverty=True)), ["foo"], STREAMS)
    assert isinstance(batch.failures["recent_releases"], NotOfferedError)
