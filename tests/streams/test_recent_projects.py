"""``recent_projects``: a row for each project that the feed tells of."""

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
from tests.streams import ROOT, index_of
from tests.sync.helpers import counts, read

Connect = Callable[..., Index]
STREAMS = choose_streams(["recent_projects"])


def rows(*entries: Entry) -> list[Any]:
    """The rows of a feed with these entries."""
    feed = Document(f"{ROOT}/rss/packages.xml", Feed(entries), b"", None, None, ())
    return list(recent_projects_rows(ProjectDocuments(recent_projects=feed)))


def test_the_feed_of_an_index() -> None:
    """Each entry is a row, newest first, with what it says of its project; one without releases is not listed."""
    world = World(start="2024-01-01T00:00:00Z")
    world.release("Zope.Interface", "1.0", {"summary": "Interfaces", "author_email": "Zoe <zoe@example.com>"})
    world.release("foo", "2.0")
    world.project("empty")
    times = {name: project.created_at.replace(microsecond=0, tzinfo=UTC) for name, project in world.projects.items()}
    assert list(recent_projects_rows(index_of(world))) == [
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


def test_an_entry_that_comes_twice() -> None:
    """A project that is listed twice, in whatever spelling, is one row: the first."""
    links = [f"{ROOT}/project/{path}/" for path in ("Foo.Bar", "foo-bar", "baz")]
    made = rows(*(Entry(str(number), link, None, None, None) for number, link in enumerate(links)))
    assert [(row.project, row.title) for row in made] == [("foo-bar", "0"), ("baz", "2")]


@pytest.mark.parametrize("link", [None, f"{ROOT}/project/", f"{ROOT}/help/", "http://[bad/project/foo/"])
def test_an_entry_that_leads_to_no_project(link: str | None) -> None:
    """An entry without a project is no row, and costs no other."""
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


def test_no_feed_no_rows() -> None:
    """Where the feed was not read there are no rows."""
    assert list(recent_projects_rows(ProjectDocuments(project="foo"))) == []
    assert rows() == []


def test_requests(world: World, fake: FakeIndex, connect: Connect) -> None:
    """The feed is one request, of the forty newest projects, beside that of the other feed."""
    for number in range(50):
        world.add(f"p{number}")
    (batch,) = read(connect(fake), ["p1"], choose_streams(["recent_projects", "recent_releases"]))
    assert (batch.project, counts(batch)) == (None, {"recent_releases": 50, "recent_projects": 40})
    assert fake.counts == {"/rss/packages.xml": 1, "/rss/updates.xml": 1}


def test_failures(world: World, serve: Callable[..., FakeIndex], connect: Connect) -> None:
    """A page of HTML is no feed, and a mirror without feeds does not offer them; the other feed is read."""
    world.add("foo")
    fake = serve()
    fake.fault("/rss/packages.xml", faults.html())
    (batch,) = read(connect(fake), ["foo"], choose_streams(["recent_projects", "recent_releases"]))
    assert counts(batch) == {"recent_releases": 1}
    assert isinstance(batch.failures["recent_projects"], DocumentError)
    (batch,) = read(connect(serve(poverty=True)), ["foo"], STREAMS)
    assert isinstance(batch.failures["recent_projects"], NotOfferedError)
