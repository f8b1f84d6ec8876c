"""``urls``: a row for each labelled URL of a release."""

from collections.abc import Callable
from typing import Any

import pytest

from source_pypi.services.index.api import Index
from source_pypi.streams import choose_streams
from source_pypi.streams.stream import ProjectDocuments, ReleaseView
from source_pypi.streams.urls import Url, urls_rows, well_known
from tests.batches import rows_in
from tests.fake_index import FakeIndex, World
from tests.streams import documents_with
from tests.sync.helpers import counts, read


def rows(**info: Any) -> list[Any]:
    """The rows of a release with this metadata."""
    document = documents_with({"info": info}).document
    assert document is not None
    return list(urls_rows(ProjectDocuments(project="foo", releases=(ReleaseView("1.0", document.content, document),))))


def row_with(label: str, well_known: str | None, url: str, source: str = "project_urls") -> Url:
    """A row of foo 1.0."""
    return Url(
        project="foo",
        version="1.0",
        label=label,
        well_known=well_known,
        url=url,
        source=source,
        read_from="document",
    )


def test_urls_of_a_release() -> None:
    """Labelled URLs come first, in order, then home page and download URL under the names of their fields."""
    made = rows(
        project_urls={"Source Code": "https://a.test", "What's New": "https://b.test", "Chat": "not an address"},
        home_page="https://c.test",
        download_url="https://d.test",
    )
    assert made == [
        row_with("Source Code", "source", "https://a.test"),
        row_with("What's New", "changelog", "https://b.test"),
        row_with("Chat", None, "not an address"),
        row_with("Home-page", "homepage", "https://c.test", "home_page"),
        row_with("Download-URL", "download", "https://d.test", "download_url"),
    ]


def test_label_of_project_urls_replaces_the_field() -> None:
    """A label of project_urls replaces the field of that name; another spelling is another label."""
    made = rows(project_urls={"Home-page": "https://a.test", "home-page": "https://b.test"}, home_page="https://c.test")
    assert made == [
        row_with("Home-page", "homepage", "https://a.test"),
        row_with("home-page", "homepage", "https://b.test"),
    ]


@pytest.mark.parametrize("nothing", [None, "", "UNKNOWN", " "])
def test_empty_urls_have_no_rows(nothing: str | None) -> None:
    """Null, empty and UNKNOWN URLs have no rows."""
    assert rows(project_urls={"Homepage": nothing}, home_page=nothing, download_url=nothing) == []


@pytest.mark.parametrize("project_urls", [None, {}])
def test_release_without_urls_has_no_rows(project_urls: Any) -> None:
    """A release without URLs has no rows."""
    assert rows(project_urls=project_urls) == []


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Homepage", "homepage"),
        ("Home Page", "homepage"),
        ("source", "source"),
        ("Repository", "source"),
        ("Source-Code", "source"),
        ("GitHub", "source"),
        ("Git_Hub!", "source"),
        ("Download", "download"),
        ("Changelog", "changelog"),
        ("Change Log", "changelog"),
        ("CHANGES", "changelog"),
        ("What's New", "changelog"),
        ("History", "changelog"),
        ("Release Notes", "releasenotes"),
        ("Documentation", "documentation"),
        ("docs", "documentation"),
        ("Issues", "issues"),
        ("Bugs", "issues"),
        ("issue", "issues"),
        ("Tracker", "issues"),
        ("Issue Tracker", "issues"),
        ("Bug\tTracker", "issues"),
        ("Funding", "funding"),
        ("Sponsor", "funding"),
        ("Donate", "funding"),
        ("donation", "funding"),
        ("Documents", None),
        ("Repo", None),
        ("", None),
        ("::", None),
        ("Ho\u00fbmepage", None),
    ],
)
def test_well_known_labels(label: str, expected: str | None) -> None:
    """A label is matched with the well-known ones by PEP 753's rule: without punctuation, white space and case."""
    assert well_known(label) == expected


def test_missing_document_has_no_rows() -> None:
    """Without a document there are no rows."""
    assert list(urls_rows(ProjectDocuments(project="foo"))) == []
    assert list(urls_rows(ProjectDocuments(project=None))) == []


def test_requests(world: World, fake: FakeIndex, connect: Callable[..., Index]) -> None:
    """The latest release takes no further request, all releases one each."""
    world.add("foo", ["1.0"], project_urls={"a": "https://a.test"})
    world.add("foo", ["2.0"], home_page="https://c.test")
    streams = choose_streams(["urls"])
    (batch,) = read(connect(fake), ["foo"], streams)
    assert [(row.label, row.source) for row in rows_in(batch)["urls"]] == [
        ("Homepage", "project_urls"),
        ("Home-page", "home_page"),
    ]
    assert fake.counts == {"/pypi/foo/json": 1}
    fake.new_run()
    (batch,) = read(connect(fake), ["foo"], streams, releases="all")
    assert (counts(batch), fake.counts) == ({"urls": 3}, {"/pypi/foo/json": 1, "/pypi/foo/1.0/json": 1})
