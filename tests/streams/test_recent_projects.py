"""``recent_projects``: a row for each project in the feed."""

from collections.abc import Callable
from datetime import UTC
from typing import Any

import pytest

from source_pypi.errors import DocumentError, NotOfferedError
from source_pypi.services.index.api import Index
from source_pypi.services.index.documents import Document, Entry, Feed
from source_pypi.streams import choose_streams
from source_pypi.streams.recent_projects import RecentProject, recent_projects_rows
from source_pypi.streams.stream import ProjectDocuments
from tests.fake_index import FakeIndex, World, faults
from tests.streams import ROOT, index_documents
from tests.sync.helpers import counts, read

Connect = Callable[..., Index]
STREAMS = choose_streams(["recent_projects"])


def rows(*entries: Entry) -> list[Any]:
    """The rows of a feed with these entries."""
    feed = Document(f"{ROOT}/rss/packages.xml", Feed(entries), b"", None, None, ())
    return list(recent_projects_rows(ProjectDocuments(recent_projects=feed)))


def test_feed_of_an_index() -> None:
    """Each entry is a row, newest first; projects without releases are not listed."""
    world = World(start="2024-01-01T00:00:00Z")
    world.release("Zope.Interface", "1.0", {"summary": "Interfaces", "author_email": "Zoe <zoe@example.com>"})
    world.release("foo", "2.0")
    world.project("empty")
    times = {name: project.created_at.replace(microsecond=0, tzinfo=UTC) for name, project in world.projects.items()}
    assert list(recent_projects_rows(index_documents(world))) == [
        RecentProject(
            project="foo",
            title="foo added to PyPI",
            summary=None,
            author_email=None,
            link=f"{ROOT}/project/foo/",
            published_at=times["foo"],
        ),
        RecentProject(
            project="zope-interface",
            title="Zope.Interface added to PyPI",
            summary="Interfaces",
            author_email="zoe@example.com",
            link=f"{ROOT}/project/zope-interface/",
            published_at=times["zope-interface"],
        ),
    ]


def test_repeated_project_is_one_row() -> None:
    """A project that is listed twice, in any spelling, is one row: the first."""
    links = [f"{ROOT}/project/{path}/" for path in ("Foo.Bar", "foo-bar", "baz")]
    made = rows(*(Entry(str(number), link, None, None, None) for number, link in enumerate(links)))
    assert [(row.project, row.title) for row in made] == [("foo-bar", "0"), ("baz", "2")]


@pytest.mark.parametrize("link", [None, f"{ROOT}/project/", f"{ROOT}/help/", "http://[bad/project/foo/"])
def test_entry_without_a_project_is_skipped(link: str | None) -> None:
    """An entry without a project has no row; the others have theirs."""
    made = rows(Entry("x", link, None, None, None), Entry(None, f"{ROOT}/project/foo/", None, None, "yesterday"))
    assert made == [
        RecentProject(
            project="foo",
            title=None,
            summary=None,
            author_email=None,
            link=f"{ROOT}/project/foo/",
            published_at=None,
        )
    ]


def test_missing_feed_has_no_rows() -> None:
    """Without a feed there are no rows."""
    assert list(recent_projects_rows(ProjectDocuments(project="foo"))) == []
    assert rows() == []


def test_one_request(world: World, fake: FakeIndex, connect: Connect) -> None:
    """The feed of the forty newest projects takes one request, beside that of the other feed."""
    for number in range(50):
        world.add(f"p{number}")
    (batch,) = read(connect(fake), ["p1"], choose_streams(["recent_projects", "recent_releases"]))
    assert (batch.project, counts(batch)) == (None, {"recent_releases": 50, "recent_projects": 40})
    assert fake.counts == {"/rss/packages.xml": 1, "/rss/updates.xml": 1}


def test_html_and_missing_feed_are_failures(world: World, serve: Callable[..., FakeIndex], connect: Connect) -> None:
    """An HTML page is a failure, and an index without feeds does not offer the stream; the other feed is read."""
    world.add("foo")
    fake = serve()
    fake.fault("/rss/packages.xml", faults.html())
    (batch,) = read(connect(fake), ["foo"], choose_streams(["recent_projects", "recent_releases"]))
    assert counts(batch) == {"recent_releases": 1}
    assert isinstance(batch.failures["recent_projects"], DocumentError)
    (batch,) = read(connect(serve(poverty=True)), ["foo"], STREAMS)
    assert isinstance(batch.failures["recent_projects"], NotOfferedError)
