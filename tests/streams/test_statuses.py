"""``statuses``: one row for each requested project, in every state of its life."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from source_pypi.errors import DocumentError, NotOfferedError, SourceError, UnavailableError, UnreachableError
from source_pypi.services.index.api import Index
from source_pypi.services.index.documents import Page, open_document
from source_pypi.streams import choose_streams
from source_pypi.streams.statuses import Status, statuses_rows
from source_pypi.streams.stream import ProjectDocuments
from source_pypi.sync.batch import Batch
from tests.batches import rows_in
from tests.fake_index import FakeIndex, World, faults
from tests.streams import ROOT, documents_of, documents_with, page_of
from tests.sync.helpers import counts, read

Connect = Callable[..., Index]
STATUSES = choose_streams(["statuses"])


def row_with(status: str, **changes: Any) -> Status:
    """The row of a project foo with document, page and no files, with these changes."""
    plain: dict[str, Any] = {
        "project": "foo",
        "status": status,
        "reason": None,
        "has_status": True,
        "has_document": True,
        "has_page": True,
        "file_count": 0,
        "agree": True,
        "disagreement": None,
        "serial": None,
        "namespaces": None,
        "owned_namespaces": None,
    }
    return Status(**plain | changes)


# The lifecycle of a project (index-api.md 3) ------------------------------------------------------------------


def normal(world: World) -> None:
    """A project with two releases of two files."""
    world.add("foo", ["1.0", "2.0"])


def no_releases(world: World) -> None:
    """A name that was registered, and nothing else."""
    world.project("foo")


def no_files(world: World) -> None:
    """A release without files."""
    world.release("foo", "1.0")


def yanked(world: World) -> None:
    """One of two releases is yanked."""
    world.add("foo", ["1.0", "2.0"])
    world.yank("foo", "2.0", "broken")


def only_prereleases(world: World) -> None:
    """Every release is a pre-release."""
    world.add("foo", ["1.0a1", "1.0.dev1"])


def all_yanked(world: World) -> None:
    """Every release is yanked."""
    world.add("foo", ["1.0"])
    world.yank("foo", "1.0")


def archived(world: World) -> None:
    """The owner archived the project."""
    world.add("foo")
    world.archive("foo")


def archived_without_files(world: World) -> None:
    """The owner archived a project that has no releases."""
    world.project("foo")
    world.archive("foo")


def deprecated(world: World) -> None:
    """A status that the specification knows."""
    world.add("foo")
    world.deprecate("foo")


def quarantined(world: World) -> None:
    """The administrators hid the project."""
    world.add("foo")
    world.quarantine("foo")


def release_quarantined(world: World) -> None:
    """The administrators hid one of two releases."""
    world.add("foo", ["1.0", "2.0"])
    world.quarantine_release("foo", "2.0")


def only_release_quarantined(world: World) -> None:
    """The administrators hid the only release."""
    world.add("foo", ["1.0"])
    world.quarantine_release("foo", "1.0")


def release_deleted(world: World) -> None:
    """One of two releases was deleted."""
    world.add("foo", ["1.0", "2.0"])
    world.delete_release("foo", "2.0")


def deleted(world: World) -> None:
    """The project was deleted."""
    world.add("foo")
    world.delete_project("foo")


def never_existed(world: World) -> None:
    """The index never had it."""


HIDDEN: dict[str, Any] = {"has_document": False}
GONE: dict[str, Any] = {
    "has_status": False,
    "has_document": False,
    "has_page": False,
    "file_count": None,
    "agree": None,
}
NO_DOCUMENT = "the index has no project document of it"

#: What happened to the project; its row without the serial; the rows of versions and files, None if loaded ones stay;
#: the warnings.
LIFECYCLE: dict[Callable[[World], None], tuple[Status, dict[str, int], tuple[str, ...]]] = {
    normal: (row_with("active", file_count=4), {"versions": 2, "files": 4}, ()),
    no_releases: (
        row_with("empty", **HIDDEN),
        {"versions": 0, "files": 0},
        (f"foo has no releases: {NO_DOCUMENT}",),
    ),
    no_files: (row_with("active"), {"versions": 1, "files": 0}, ()),
    yanked: (row_with("active", file_count=4), {"versions": 2, "files": 4}, ()),
    only_prereleases: (row_with("active", file_count=4), {"versions": 2, "files": 4}, ()),
    all_yanked: (row_with("active", file_count=2), {"versions": 1, "files": 2}, ()),
    archived: (row_with("archived", file_count=2), {"versions": 1, "files": 2}, ()),
    archived_without_files: (
        row_with("archived", **HIDDEN),
        {"versions": 0, "files": 0},
        (f"foo is archived: {NO_DOCUMENT}",),
    ),
    deprecated: (row_with("deprecated", file_count=2), {"versions": 1, "files": 2}, ()),
    quarantined: (
        row_with("quarantined", **HIDDEN),
        {"versions": 0, "files": 0},
        (f"foo is quarantined: {NO_DOCUMENT}",),
    ),
    release_quarantined: (row_with("active", file_count=2), {"versions": 1, "files": 2}, ()),
    only_release_quarantined: (
        row_with("empty", **HIDDEN),
        {"versions": 0, "files": 0},
        (f"foo has no releases: {NO_DOCUMENT}",),
    ),
    release_deleted: (row_with("active", file_count=2), {"versions": 1, "files": 2}, ()),
    deleted: (row_with("missing", **GONE), {"versions": 0, "files": 0}, ()),
    never_existed: (row_with("missing", **GONE), {"versions": 0, "files": 0}, ()),
}
lifecycle = pytest.mark.parametrize("happened", LIFECYCLE, ids=lambda happened: happened.__name__)


def with_serial(row: Status, world: World) -> Status:
    """The row, with the page's serial if there is a page."""
    project = world.get("foo")
    return row_with(
        **{name: getattr(row, name) for name in row.__struct_fields__} | {"serial": project and project.last_serial}
    )


@lifecycle
def test_each_state_of_a_project_is_one_row(
    world: World, fake: FakeIndex, connect: Connect, happened: Callable[[World], None]
) -> None:
    """Each state of a project is one row, for two requests."""
    happened(world)
    (batch,) = read(connect(fake), ["foo"], STATUSES)
    row, _, notes = LIFECYCLE[happened]
    assert batch == Batch(
        "foo",
        batch.seen_at,
        changes=batch.changes,
        missing=row.status == "missing",
        warnings=notes,
        total_projects=1,
        provided=frozenset({"statuses"}),
        versions=batch.versions,
    )
    assert rows_in(batch) == {"statuses": [with_serial(row, world)]}
    assert fake.counts == {"/pypi/foo/json": 1, "/simple/foo/": 1}


@lifecycle
def test_other_streams_in_each_state(
    world: World, fake: FakeIndex, connect: Connect, happened: Callable[[World], None]
) -> None:
    """Other streams have the rows of the documents that exist; they request the page only if there is no document."""
    happened(world)
    (batch,) = read(connect(fake), ["foo"], choose_streams(["versions", "files"]))
    row, expected, notes = LIFECYCLE[happened]
    assert (counts(batch), batch.failures, batch.warnings) == (expected, {}, notes)
    assert batch.missing == (row.status == "missing")
    assert fake.counts == {"/pypi/foo/json": 1} | ({} if row.has_document else {"/simple/foo/": 1})


@lifecycle
def test_row_depends_on_document_and_page_only(world: World, happened: Callable[[World], None]) -> None:
    """The row depends on document and page alone."""
    happened(world)
    row, _, _ = LIFECYCLE[happened]
    document = documents_of(world, "foo").document if row.has_document else None
    page = page_of(world, "foo") if row.has_page else None
    assert list(statuses_rows(ProjectDocuments(project="foo", document=document, page=page))) == [
        with_serial(row, world)
    ]


# Outages ------------------------------------------------------------------------------------------------------

FAULTS: Mapping[str, tuple[faults.Fault, type[SourceError]]] = {
    "503": (faults.unavailable(), UnavailableError),
    "500": (faults.server_error(500), UnavailableError),
    "429": (faults.too_many(), UnavailableError),
    "reset": (faults.reset(), UnreachableError),
    "cut": (faults.truncated(10), UnreachableError),
    "html": (faults.html(), DocumentError),
    "no document": (faults.json({"message": "ok"}), DocumentError),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("path", ["/pypi/foo/json", "/simple/foo/"])
@pytest.mark.parametrize("happened", [normal, no_releases, never_existed], ids=lambda happened: happened.__name__)
def test_outage_is_a_failure_and_no_status(
    fake: FakeIndex, connect: Connect, happened: Callable[[World], None], path: str, fault: str
) -> None:
    """If a document cannot be fetched, the stream fails: there is no row, and the project is not missing."""
    fake.world.add("bar")
    happened(fake.world)
    what, error = FAULTS[fault]
    fake.fault(path, what, times=None)
    bar, foo = read(connect(fake), ["bar", "foo"], STATUSES)
    assert counts(bar) == {"statuses": 1}
    assert (rows_in(foo), foo.missing, foo.warnings) == ({}, False, ())
    assert {name: type(failure) for name, failure in foo.failures.items()} == {"statuses": error}


def test_outage_of_the_page_fails_this_stream_only(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Streams that do not read the page are read if the page cannot be fetched."""
    normal(world)
    fake.fault("/simple/foo/", faults.unavailable(), times=None)
    (batch,) = read(connect(fake), ["foo"], choose_streams(["files", "statuses"]))
    assert (counts(batch), set(batch.failures)) == ({"files": 4}, {"statuses"})


def test_row_after_a_retry(world: World, fake: FakeIndex, connect: Connect) -> None:
    """After an outage that a retry overcomes, the row is right."""
    normal(world)
    for path in ("/pypi/foo/json", "/simple/foo/"):
        fake.fault(path, faults.unavailable())
    (batch,) = read(connect(fake), ["foo"], STATUSES)
    assert rows_in(batch)["statuses"] == [with_serial(row_with("active", file_count=4), world)]


# Odd pages ----------------------------------------------------------------------------------------------------


def status_with(page: Any, document: Any = None) -> Status:
    """The row of a project with this page and, if given, this document."""
    documents = ProjectDocuments(project="foo") if document is None else documents_with(document)
    opened = open_document(page, Page, f"{ROOT}/simple/foo/")
    (row,) = statuses_rows(ProjectDocuments(project="foo", document=documents.document, page=opened))
    assert isinstance(row, Status)
    return row


without_namespaces = row_with("active", namespaces=[], owned_namespaces=[])


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b'{"files":[]}', row_with("active", has_status=False)),
        (b'{"files":[],"meta":{},"project-status":{}}', row_with("active", has_status=False)),
        (b'{"files":[],"project-status":null}', row_with("active", has_status=False)),
        (b'{"files":[],"project-status":"archived"}', row_with("active", has_status=False)),
        (b'{"files":[],"project-status":{"status":""}}', row_with("active", has_status=False)),
        (b'{"files":[],"project-status":{"status":"new"}}', row_with("new")),
        (
            b'{"files":[],"project-status":{"status":"archived","reason":"see bar"}}',
            row_with("archived", reason="see bar"),
        ),
        (b'{"files":[],"project-status":{"status":"active","reason":""}}', row_with("active")),
        (b'{"files":[],"meta":{"api-version":"1.4"}}', row_with("active")),
        (b'{"files":[],"meta":{"api-version":"1.10"}}', row_with("active")),
        (b'{"files":[],"meta":{"api-version":"1.3"}}', row_with("active", has_status=False)),
        (b'{"files":[],"meta":{"api-version":"1.x"}}', row_with("active", has_status=False)),
        (
            b'{"files":[],"meta":{"api-version":"1.4"},"project-status":"archived"}',
            row_with("active", has_status=False),
        ),
        (b'{"files":[],"meta":{"_last-serial":7}}', row_with("active", has_status=False, serial=7)),
        (b'{"files":[],"meta":{"_last-serial":"7"}}', row_with("active", has_status=False, serial=7)),
        (b'{"files":[],"meta":{"_last-serial":"x"}}', row_with("active", has_status=False)),
        (b'{"files":[],"meta":{"api-version":"1.5"}}', row_with("active")),
        (b'\xef\xbb\xbf {"files":[],"meta":{"api-version":"1.5"},"namespaces":null}', without_namespaces),
        (b'{"files":[],"meta":{"api-version":"1.5"},"namespaces":[]}', without_namespaces),
        (b'{"files":[],"meta":{"api-version":"1.5"},"namespaces":"acme"}', row_with("active")),
        (
            b'{"files":[],"meta":{"api-version":"1.5"},"namespaces":[{"name":"a"},{"name":"b","owned":true},{}]}',
            row_with("active", namespaces=["a", "b"], owned_namespaces=["b"]),
        ),
    ],
)
def test_page_with_few_keys(page: bytes, expected: Status) -> None:
    """A page may lack nearly all keys (index-api.md 7.4), and its serial may be a text."""
    assert status_with(page, {"info": {}, "releases": {}}) == expected


@pytest.mark.parametrize(
    ("listed", "paged", "expected"),
    [
        (["a", "b"], ["b", "a"], {"file_count": 2}),
        (["a", "b"], ["a"], {"agree": False, "disagreement": "1 files only in the document"}),
        (["a"], ["a", "b", "c"], {"agree": False, "disagreement": "2 files only on the page"}),
        (
            ["a"],
            ["b"],
            {"agree": False, "disagreement": "1 files only in the document; 1 files only on the page"},
        ),
        (None, ["b"], {"agree": None}),
    ],
)
def test_disagreement_of_document_and_page(
    listed: list[str] | None, paged: list[str], expected: dict[str, Any]
) -> None:
    """Document and page are compared by file names, if the document lists any."""
    files = ",".join(f'{{"filename":"{name}"}}' for name in paged)
    releases = None if listed is None else {"1.0": [{"filename": name} for name in listed]}
    row = status_with(f'{{"files":[{files}]}}'.encode(), {"info": {}, "releases": releases})
    assert row == row_with("active", **{"has_status": False, "file_count": len(paged)} | expected)


def test_document_without_a_page_is_active(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project with a document and no page is active."""
    normal(world)
    world.override("/simple/foo/", b"", status=404)
    (batch,) = read(connect(fake), ["foo"], STATUSES)
    assert rows_in(batch)["statuses"] == [
        row_with("active", has_status=False, has_page=False, file_count=None, agree=None)
    ]
    assert not batch.missing


def test_page_without_a_document(world: World, fake: FakeIndex, connect: Connect) -> None:
    """An index with pages and no documents has the status and files, and offers no stream that needs documents."""
    normal(world)
    world.override("/pypi/foo/json", b"", status=404)
    (batch,) = read(connect(fake), ["foo"], choose_streams(["files", "roles", "statuses"]))
    assert {name: type(error) for name, error in batch.failures.items()} == {"roles": NotOfferedError}
    assert counts(batch) == {"files": 4, "statuses": 1}
    assert rows_in(batch)["statuses"] == [
        with_serial(row_with("active", has_document=False, file_count=4, agree=None), world)
    ]
    assert not batch.missing


def test_index_documents_have_no_row() -> None:
    """Documents about the index as a whole have no row."""
    assert list(statuses_rows(ProjectDocuments(project=None))) == []
