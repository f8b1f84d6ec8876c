"""sync/run.py: an index whose pages supply what its project documents lack, in several runs."""

from collections.abc import Callable
from typing import Any

import pytest

from source_pypi.config import make_config
from source_pypi.errors import DocumentError
from source_pypi.selection import select
from source_pypi.services.index.documents.page import JSON_PAGE
from source_pypi.streams import choose_streams
from source_pypi.sync.run import Run
from tests.fake_index import FakeIndex, World, faults
from tests.fake_index.documents import View, page_html, page_json
from tests.memory_store import MemoryStore, Row, full_sync
from tests.sync.helpers import Connect, agrees, rich

PAGED = ["projects", "versions", "files", "statuses"]
Form = Callable[[FakeIndex], None]


def as_json(fake: FakeIndex) -> None:
    """Serve no project document, and the page as JSON."""
    fake.world.override("/pypi/foo/json", b"{}", status=404)


def as_html(fake: FakeIndex) -> None:
    """Serve no project document, and the page as HTML."""
    as_json(fake)
    body = page_html(fake.world.projects["foo"], View(fake.url))
    fake.world.override("/simple/foo/", body, "text/html")


def without_releases(fake: FakeIndex) -> None:
    """Serve a project document that lists no releases, and the page as JSON."""
    fake.world.override("/pypi/foo/json", {"info": {"name": "Foo", "version": "2.0", "summary": "s"}})


FORMS = pytest.mark.parametrize("form", [as_json, as_html, without_releases], ids=lambda form: form.__name__)


def with_poor_files(fake: FakeIndex) -> None:
    """Serve a project document that lists the files without most of their fields, which the page has."""
    fake.world.leave_out(
        "core-metadata", "size", "upload_time", "upload_time_iso_8601", "requires_python", "yanked", "yanked_reason"
    )


def one_project(fake: FakeIndex, form: Form) -> None:
    """Add a project with two releases."""
    fake.world.add("foo", ["1.0", "2.0"])
    form(fake)


def values(rows: list[Row], *names: str) -> list[tuple[Any, ...]]:
    """Some values of each row."""
    return sorted(tuple(row[name] for name in names) for row in rows)


@FORMS
def test_changes_of_a_page_reach_the_rows(fake: FakeIndex, connect: Connect, form: Form) -> None:
    """A second run writes nothing; after an upload and a yank, incremental rows equal those of a first run."""
    one_project(fake, form)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], PAGED)
    assert {name: len(rows) for name, rows in store.tables().items()} == {
        "projects": 1,
        "versions": 2,
        "files": 4,
        "statuses": 1,
    }
    store.sync(fake, index, ["foo"], PAGED)
    assert (store.rows, store.deleted_keys) == ({}, {})
    fake.world.upload("foo", "3.0", filename="foo-3.0.tar.gz")
    fake.world.yank("foo", "1.0", "bad")
    form(fake)
    store.sync(fake, index, ["foo"], PAGED)
    assert agrees(fake, index, store, ["foo"], PAGED)
    assert values(store.tables()["versions"], "version", "yanked", "yanked_reason") == [
        ("1.0", True, "bad"),
        ("2.0", False, None),
        ("3.0", False, None),
    ]


@FORMS
def test_rows_do_not_depend_on_other_streams(fake: FakeIndex, connect: Connect, form: Form) -> None:
    """The rows of files are the same with and without a stream that reads the page anyway."""
    one_project(fake, form)
    index, alone, together = connect(fake), MemoryStore(), MemoryStore()
    alone.sync(fake, index, ["foo"], ["files"])
    together.sync(fake, index, ["foo"], PAGED)
    assert alone.tables()["files"] == together.tables()["files"]
    assert values(alone.tables()["files"], "source") == [("page",)] * 4


@pytest.mark.parametrize("form", [with_poor_files, as_json, as_html, without_releases], ids=lambda one: one.__name__)
@pytest.mark.parametrize("alone", [True, False], ids=["first alone", "last alone"])
@pytest.mark.parametrize("name", [*PAGED, "core_metadata"])
def test_rows_do_not_depend_on_what_was_read_before(
    fake: FakeIndex, connect: Connect, form: Form, name: str, *, alone: bool
) -> None:
    """A stream that is added later, or is read again, has the rows of a first load: it gets the page in full."""
    rich(fake.world)
    fake.world.yank("foo", "1.0", "bad")
    form(fake)
    names = [*PAGED, "core_metadata"]
    index, store = connect(fake), MemoryStore()
    first = [name] if alone else [one for one in names if one != name]
    store.sync(fake, index, ["foo"], first)
    store.sync(fake, index, ["foo"], names)
    assert agrees(fake, index, store, ["foo"], names)
    del store.states["foo"][name]  # as if its table had been dropped
    store.sync(fake, index, ["foo"], names)
    assert agrees(fake, index, store, ["foo"], names)
    assert {batch.project: list(batch.failures) for batch in store.batches if batch.failures} == {}


def test_warning_once_a_run(fake: FakeIndex, connect: Connect) -> None:
    """A run says once that the index has no project documents."""
    for name in ("foo", "bar"):
        fake.world.add(name)
        fake.world.override(f"/pypi/{name}/json", b"{}", status=404)
    config = make_config({"projects": ["foo", "bar"]})
    run = Run(connect(fake), select(config), choose_streams(PAGED), config)
    assert [warning for batch in run.batches() for warning in batch.warnings] == [
        "the index has no project documents of 2 projects (foo, bar): projects, versions and files come from pages, "
        "and what they do not give is null"
    ]


def test_single_document_that_is_missing_is_named(fake: FakeIndex, connect: Connect) -> None:
    """Where the index has documents, one that is missing is requested once more, and its project is named."""
    for name in ("bar", "foo"):
        fake.world.add(name)
    fake.fault("/pypi/foo/json", faults.missing(), times=None)
    config = make_config({"projects": ["bar", "foo"]})
    run = Run(connect(fake), select(config), choose_streams(["files"]), config)
    (line,) = [warning for batch in run.batches() for warning in batch.warnings]
    assert line.startswith("the index has no project documents of 1 project (foo): ")
    assert [request.path for request in fake.requests] == [
        "/pypi/bar/json",
        "/pypi/foo/json",
        "/simple/foo/",
        "/pypi/foo/json",
    ]


@pytest.mark.parametrize("loaded", [False, True], ids=["first run", "second run"])
def test_404_that_belongs_to_another_request_costs_nothing(fake: FakeIndex, connect: Connect, *, loaded: bool) -> None:
    """A single 404 for a document whose page lists files is requested again, also if the others have not changed."""
    for name in ("bar", "foo"):
        fake.world.add(name)
    store = MemoryStore()
    if loaded:
        store.sync(fake, connect(fake), ["bar"], PAGED)
    fake.fault("/pypi/foo/json", faults.missing(), times=1)
    store.sync(fake, connect(fake), ["bar", "foo"], PAGED)
    assert {row["source"] for row in store.tables()["files"]} == {"document"}
    assert [batch.warnings for batch in store.batches] == [(), ()]


def test_page_that_cannot_be_read_deletes_nothing(fake: FakeIndex, connect: Connect) -> None:
    """Without its page, a project whose document lists no releases keeps its rows, and the streams fail."""
    one_project(fake, without_releases)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], PAGED)
    before = store.tables()
    fake.world.override("/pypi/foo/json", {"info": {"name": "Foo", "version": "2.0", "summary": "changed"}})
    for fault in (faults.unavailable(), faults.html(), faults.server_error(404)):
        fake.fault("/simple/foo/", fault, times=None)
        store.sync(fake, index, ["foo"], PAGED)
        fake.clear_faults()
        assert store.tables()["files"] == before["files"]
        assert store.tables()["versions"] == before["versions"]


def test_document_that_disappears_does_not_replace_its_rows(fake: FakeIndex, connect: Connect) -> None:
    """If only the document disappears, the rows that were made from it stay: a page says less."""
    rich(fake.world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], PAGED)
    before = store.tables()["files"]
    fake.fault("/pypi/foo/json", faults.missing(), times=None)
    store.sync(fake, index, ["foo"], PAGED)
    assert store.tables()["files"] == before
    assert set(store.batches[0].failures) == {"projects", "versions", "files"}


def test_index_that_drops_its_documents_for_good(fake: FakeIndex, connect: Connect) -> None:
    """The error says that rows stay, and what to do; a new destination then gets what pages have."""
    rich(fake.world)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], PAGED)
    fake.fault("/pypi/foo/json", faults.missing(), times=None)
    store.sync(fake, index, ["foo"], PAGED)
    (message,) = {str(error) for error in store.batches[0].failures.values()}
    assert message == (
        f"this index offers no project documents of foo ({fake.url}/pypi/foo/json answered 404), which earlier runs "
        "read, so that the rows made of them stay: repeat the run later; if the index has dropped them for good, sync "
        "into a new destination, which gets what the index has now"
    )
    new = MemoryStore()
    new.sync(fake, index, ["foo"], PAGED)
    assert new.batches[0].failures == {}
    assert {row["source"] for row in new.tables()["files"]} == {"page"}


def test_page_in_another_encoding(fake: FakeIndex, connect: Connect) -> None:
    """The reason of a yanked release is read in the encoding that the Content-Type says."""
    fake.world.override("/pypi/foo/json", b"{}", status=404)
    body = '<title>Links for foo</title><a data-yanked="cass\u00e9" href="foo-1.0.tar.gz">foo-1.0.tar.gz</a>'
    fake.world.override("/simple/foo/", body.encode("iso-8859-1"), "text/html; charset=iso-8859-1")
    store = full_sync(fake, connect(fake), ["foo"], ["files"])
    assert values(store.tables()["files"], "yanked_reason") == [("cass\u00e9",)]


def test_page_without_conditions(world: World, serve: Callable[..., FakeIndex], connect: Connect) -> None:
    """On an index without ETags, an unchanged page makes no rows."""
    fake = serve(etags=False)
    one_project(fake, as_json)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], PAGED)
    store.sync(fake, index, ["foo"], PAGED)
    assert store.rows == {}
    assert page_json(world.projects["foo"], View(fake.url)) != b""


@pytest.mark.parametrize("form", [as_json, as_html], ids=lambda form: form.__name__)
def test_changes_of_many_pages_are_no_deletions(fake: FakeIndex, connect: Connect, form: Form) -> None:
    """On an index without project documents, changes of many projects at once are not held back as deletions."""
    names = [f"foo{number}" for number in range(8)]
    index, store = connect(fake), MemoryStore()
    for version in ("1.0", "2.0"):
        for name in names:
            if name not in fake.world.projects:
                fake.world.add(name, [])
            fake.world.upload(name, version, filename=f"{name}-{version}.tar.gz")
            fake.world.override(f"/pypi/{name}/json", b"{}", status=404)
            if form is as_html:
                fake.world.override(
                    f"/simple/{name}/", page_html(fake.world.projects[name], View(fake.url)), "text/html"
                )
        store.sync(fake, index, names, PAGED)
        assert {batch.project for batch in store.batches if batch.failures} == set()
    assert values(store.tables()["files"], "project", "version") == [
        (name, version) for name in names for version in ("1.0", "2.0")
    ]


def test_page_that_one_project_loses(fake: FakeIndex, connect: Connect) -> None:
    """Rows stay that a page completed which is gone; the run cannot tell whether the index has pages of others."""
    one_project(fake, with_poor_files)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], ["files"])
    before = store.tables()
    fake.world.upload("foo", "3.0", filename="foo-3.0.tar.gz")
    with_poor_files(fake)
    fake.world.override("/simple/foo/", b"", status=404)
    fake.new_run()
    config = make_config({"projects": ["foo"]})
    run = Run(index, select(config), choose_streams(["files"]), config)
    *_, last = run.batches(store)
    reason = (
        f"this index offers no project pages of foo ({fake.url}/simple/foo/ answered 404), which earlier runs read, so "
        "that the rows made of them stay: repeat the run later; if the index has dropped them for good, sync into a "
        "new destination, which gets what the index has now"
    )
    assert run.summary.lines() == [f"files: {reason}"]
    assert [(one.available, one.reason) for one in last.capabilities if one.stream == "files"] == [
        (None, f"the run could not read this stream: {reason}")
    ]
    assert run.summary.capabilities.unavailable() == {}
    assert store.tables() == before


def test_page_that_disappears_deletes_its_rows(fake: FakeIndex, connect: Connect) -> None:
    """If the page is gone, too, the project is: its rows are deleted once another project was read."""
    fake.world.add("bar")
    one_project(fake, as_json)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo", "bar"], PAGED)
    fake.world.override("/simple/foo/", b"", status=404)
    store.sync(fake, index, ["foo", "bar"], PAGED)
    assert {row["project"] for row in store.tables()["files"]} == {"bar"}


@FORMS
def test_pins_are_checked_against_pages(fake: FakeIndex, connect: Connect, form: Form) -> None:
    """A pin that no version of the page satisfies is an error; one that a version satisfies is none."""
    one_project(fake, form)
    for pin, unknown in (("1.0", []), ("9.9", ["9.9"])):
        store = MemoryStore()
        store.sync(fake, connect(fake), [f"foo=={pin}"], ["versions", "files"])
        errors = [error for batch in store.batches for error in batch.user_errors]
        assert [getattr(error, "version", None) for error in errors] == unknown
        assert values(store.tables()["versions"], "version") == [("1.0",), ("2.0",)]


def test_page_of_another_project_makes_no_rows(world: World, serve: Callable[..., FakeIndex], connect: Connect) -> None:
    """A JSON page that names another project is an error of the streams that it would supply."""
    fake = serve(strict=False)
    one_project(fake, as_json)
    world.add("bar")
    world.override("/simple/foo/", page_json(world.projects["bar"], View(fake.url)), JSON_PAGE)
    store = MemoryStore()
    store.sync(fake, connect(fake), ["foo"], PAGED)
    fake.new_run()  # the page is requested twice: the first answer may have been meant for another request
    (batch,) = store.batches
    assert batch.changes == {}
    assert {name: type(error) for name, error in batch.failures.items()} == dict.fromkeys(PAGED, DocumentError)


def test_documents_of_files_that_only_the_page_lists(fake: FakeIndex, connect: Connect) -> None:
    """METADATA and provenance of files that only the page lists have rows, also once the document lists them."""
    rich(fake.world)
    names = ["files", "core_metadata"]
    without_releases(fake)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], names, releases="all")
    described = values(store.tables()["core_metadata"], "version", "filename")
    assert [version for version, _ in described] == ["1.0", "2.0", "3.0"]
    del fake.world.overrides["/pypi/foo/json"]
    store.sync(fake, index, ["foo"], names, releases="all", full_check_days=0)
    assert agrees(fake, index, store, ["foo"], names, releases="all")
    assert values(store.tables()["core_metadata"], "version", "filename") == described
