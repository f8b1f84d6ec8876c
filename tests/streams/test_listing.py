"""``listing``: a row for each project that the index lists."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from source_pypi.errors import DocumentError, NotOfferedError, SourceError, UnavailableError
from source_pypi.services.index.api import Index
from source_pypi.services.index.documents import Listing as ListingDocument
from source_pypi.services.index.documents import open_document
from source_pypi.services.index.documents.invalid_fields import InvalidField
from source_pypi.streams import choose_streams
from source_pypi.streams.listing import ListedProject, listing_rows
from source_pypi.streams.stream import ProjectDocuments
from tests.batches import rows_in
from tests.fake_index import FakeIndex, World, faults
from tests.streams import ROOT, index_documents
from tests.sync.helpers import counts, read

Connect = Callable[..., Index]
LISTING = choose_streams(["listing"])


def rows(*projects: Any) -> list[Any]:
    """The rows of a list of these projects."""
    body = json.dumps({"projects": projects}).encode()
    return list(listing_rows(ProjectDocuments(listing=open_document(body, ListingDocument, f"{ROOT}/simple/"))))


def test_list_of_an_index() -> None:
    """Every listed project is a row, including archived ones and those without releases, but no quarantined ones."""
    world = World()
    world.add("Zope.Interface")
    world.project("empty")
    world.add("old")
    world.archive("old")
    world.add("bad")
    world.quarantine("bad")
    serials = {name: project.last_serial for name, project in world.projects.items()}
    assert list(listing_rows(index_documents(world))) == [
        ListedProject(project="empty", name="empty", serial=serials["empty"]),
        ListedProject(project="old", name="old", serial=serials["old"]),
        ListedProject(project="zope-interface", name="Zope.Interface", serial=serials["zope-interface"]),
    ]


def test_first_of_equal_names_counts() -> None:
    """Of several names with the same normal form, the first one counts."""
    made = rows({"name": "Foo_Bar", "_last-serial": 1}, {"name": "foo.bar", "_last-serial": 2}, {"name": "foo--BAR"})
    assert made == [ListedProject(project="foo-bar", name="Foo_Bar", serial=1)]


@pytest.mark.parametrize("name", ["0-._.-._.-0", "0---0", "0_0"])
def test_listed_name_is_kept(name: str) -> None:
    """A name is kept as it is listed, beside its normal form."""
    assert rows({"name": name}) == [ListedProject(project="0-0", name=name, serial=None)]


@pytest.mark.parametrize(
    ("serial", "expected"),
    [(7, 7), ("7", 7), (0, 0), ("007", 7), (None, None), ("", None), ("-7", None), ("7.0", None), ("9" * 19, None)],
)
def test_serials(serial: Any, expected: int | None) -> None:
    """A serial is a number, even if a mirror writes it as text; an invalid one is null."""
    assert rows({"name": "a", "_last-serial": serial}) == [ListedProject(project="a", name="a", serial=expected)]


@pytest.mark.parametrize("project", [{"name": None}, {"name": ""}, {}, {"_last-serial": 7}])
def test_project_without_a_name_is_skipped(project: dict[str, Any]) -> None:
    """A project without a name has no row; the others have theirs."""
    assert rows(project, {"name": "a"}) == [ListedProject(project="a", name="a", serial=None)]


def test_invalid_values_are_reported() -> None:
    """A value of a wrong type is null and reported; an entry that is not an object is dropped and reported."""
    body = json.dumps({"projects": [{"name": 7}, "b", {"name": "a", "_last-serial": [1]}, None]}).encode()
    document = open_document(body, ListingDocument, f"{ROOT}/simple/")
    assert list(listing_rows(ProjectDocuments(listing=document))) == [ListedProject(project="a", name="a", serial=None)]
    assert document.invalid_fields == (
        InvalidField("$.projects[0].name", "text", "7"),
        InvalidField("$.projects[1]", "an object", "'b'"),
        InvalidField("$.projects[2]._last-serial", "a whole number of 64 bits or text", "[1]"),
        InvalidField("$.projects[3]", "an object", "None"),
    )


def test_missing_list_has_no_rows() -> None:
    """Without a list there are no rows."""
    assert list(listing_rows(ProjectDocuments(project="foo"))) == []
    assert rows() == []


# Through the index --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("poverty", [False, True])
def test_one_request(world: World, serve: Callable[..., FakeIndex], connect: Connect, poverty: bool) -> None:
    """The list takes one request, and no projects need to be named."""
    world.add("a")
    world.add("B")
    fake = serve(poverty=poverty)
    (batch,) = read(connect(fake), ["a"], LISTING)
    assert (batch.project, counts(batch)) == (None, {"listing": 2})
    assert fake.counts == {"/simple/": 1}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.html(), DocumentError),
        (faults.json({"message": "ok"}), DocumentError),
        (faults.unavailable(), UnavailableError),
    ],
)
def test_outage_fails_this_stream_only(
    world: World, fake: FakeIndex, connect: Connect, fault: faults.Fault, error: type[SourceError]
) -> None:
    """A list that cannot be fetched is a failure of this stream only."""
    world.add("a")
    fake.fault("/simple/", fault, times=None)
    project, index = read(connect(fake), ["a"], choose_streams(["files", "listing", "stats"]))
    assert (counts(project), counts(index)) == ({"files": 2}, {"stats": 1})
    assert {name: type(failure) for name, failure in index.failures.items()} == {"listing": error}


def test_index_without_a_list_does_not_offer_the_stream(world: World, fake: FakeIndex, connect: Connect) -> None:
    """An index without a list does not offer the stream."""
    world.override("/simple/", b"", status=404)
    (batch,) = read(connect(fake), ["a"], LISTING)
    assert isinstance(batch.failures["listing"], NotOfferedError)
    assert str(batch.failures["listing"]) == (
        f"this index offers no list of projects ({fake.url}/simple/ answered 404): "
        "leave the stream out, or read an index that has it"
    )


def test_list_as_html(world: World, fake: FakeIndex, connect: Connect) -> None:
    """The list as HTML has names and no serials."""
    world.override("/simple/", b"<!DOCTYPE html><html><body><a href='a/'>A</a><a href='/login'>x</a></body></html>")
    (batch,) = read(connect(fake), ["a"], LISTING)
    assert rows_in(batch)["listing"] == [ListedProject(project="a", name="A", serial=None)]
