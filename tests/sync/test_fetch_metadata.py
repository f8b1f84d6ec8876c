"""sync/fetch_metadata.py: METADATA on an index that has pages only, in several runs."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from source_pypi.errors import DocumentError, NotOfferedError, UnavailableError
from source_pypi.services.index.documents.page import JSON_PAGE
from source_pypi.sync.batch import Notice
from source_pypi.sync.notices import NoticeKind
from tests.fake_index import FakeIndex, faults
from tests.fake_index.documents import View, dump, page_html
from tests.memory_store import MemoryStore, Row
from tests.sync.helpers import Connect, agrees, paths

DESCRIBED = ["projects", "versions", "files", "dependencies", "classifiers", "urls", "core_metadata"]
RELEASED = ["dependencies", "classifiers", "urls"]
Form = Callable[..., None]


def metadata(name: str, version: str, *lines: str) -> bytes:
    """METADATA of a file."""
    head = ["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}"]
    return "\n".join([*head, *lines, "", "Long text."]).encode()


#: What the METADATA of each release of foo states.
STATED = (
    "Summary: A tool",
    "License-Expression: MIT",
    "Keywords: a,b",
    "Requires-Python: >=3.9",
    "Requires-Dist: bar>=1",
    'Requires-Dist: baz; extra == "x"',
    "Provides-Extra: x",
    "Classifier: Typing :: Typed",
    "Project-URL: Docs, https://a.test",
    "Home-page: https://b.test",
)


def upload(fake: FakeIndex, version: str, *lines: str, name: str = "foo", declared: str = "") -> None:
    """Add a release with a wheel that has METADATA."""
    content = metadata("Foo", declared or version, *(lines or STATED))
    fake.world.upload(name, version, filename=f"{name}-{version}-py3-none-any.whl", metadata=content)


def as_json(fake: FakeIndex, name: str = "foo") -> None:
    """Serve no project document; the page is JSON and lists the digests of METADATA."""
    fake.world.override(f"/pypi/{name}/json", b"{}", status=404)


def as_html(fake: FakeIndex, name: str = "foo") -> None:
    """Serve no project document, and the page as HTML."""
    as_json(fake, name)
    fake.world.override(f"/simple/{name}/", page_html(fake.world.projects[name], View(fake.url)), "text/html")


def bare(fake: FakeIndex, name: str = "foo", **keys: Any) -> None:
    """Serve no project document, and a page that lists no digests, sizes or times: simple-repository-server's."""
    as_json(fake, name)
    files = [
        {
            "filename": file.filename,
            "url": f"{fake.url}/{file.path()}",
            "hashes": {},
            "core-metadata": file.core_metadata is not None,
        }
        for release in fake.world.projects[name].releases.values()
        for file in release.files.values()
    ]
    fake.world.override(f"/simple/{name}/", dump({"name": name, "files": files, **keys}), JSON_PAGE)


FORMS = pytest.mark.parametrize("form", [as_json, as_html, bare], ids=lambda form: form.__name__)


def metadata_requests(fake: FakeIndex) -> list[str]:
    """The METADATA that the last run requested, each with its status."""
    return [path.rpartition("/")[2] for path in paths(fake) if ".metadata" in path]


def values(rows: Sequence[Row], *names: str) -> list[tuple[Any, ...]]:
    """Some values of each row."""
    return sorted(tuple(row[name] for name in names) for row in rows)


def failures(store: MemoryStore) -> dict[str, type[Exception]]:
    """The errors of the last run, by stream."""
    return {name: type(error) for batch in store.batches for name, error in batch.failures.items()}


def warnings(store: MemoryStore) -> list[str]:
    """The warnings of the last run, but for the one about project documents."""
    lines = [line for batch in store.batches for line in batch.warnings]
    return [line for line in lines if "the index has no project documents of" not in line]


@FORMS
def test_rows_are_made_of_metadata(fake: FakeIndex, connect: Connect, form: Form) -> None:
    """Dependencies, classifiers, URLs and the project's own fields come from METADATA of the latest release."""
    upload(fake, "1.0", "Requires-Dist: old")
    upload(fake, "2.0")
    form(fake)
    store = MemoryStore()
    store.sync(fake, connect(fake), ["foo"], DESCRIBED)
    tables = store.tables()
    assert metadata_requests(fake) == ["foo-2.0-py3-none-any.whl.metadata 200"]
    assert (failures(store), warnings(store)) == ({}, [])
    assert values(tables["dependencies"], "version", "position", "requirement", "name", "source") == [
        ("2.0", 0, "bar>=1", "bar", "core_metadata"),
        ("2.0", 1, 'baz; extra == "x"', "baz", "core_metadata"),
    ]
    assert values(tables["classifiers"], "version", "classifier", "source") == [("2.0", "Typing :: Typed", "metadata")]
    assert values(tables["urls"], "label", "url", "source", "read_from") == [
        ("Docs", "https://a.test", "project_urls", "metadata"),
        ("Home-page", "https://b.test", "home_page", "metadata"),
    ]
    assert values(tables["core_metadata"], "filename", "version", "summary") == [
        ("foo-2.0-py3-none-any.whl", "2.0", "A tool")
    ]
    (project,) = tables["projects"]
    names = ("name", "latest_version", "summary", "license_expression", "keywords", "requires_python", "version_count")
    assert [project[name] for name in names] == ["Foo", "2.0", "A tool", "MIT", ["a", "b"], ">=3.9", 2]
    assert [project[name] for name in ("requires_dist", "extras", "classifiers", "project_urls", "source")] == [
        ["bar>=1", 'baz; extra == "x"'],
        ["x"],
        ["Typing :: Typed"],
        {"Docs": "https://a.test"},
        "metadata",
    ]


@FORMS
@pytest.mark.parametrize("releases", ["latest", "all"])
def test_second_run_requests_no_metadata_again(fake: FakeIndex, connect: Connect, form: Form, releases: str) -> None:
    """Unchanged METADATA is requested once; after an upload, only new METADATA, and rows equal those of a first run."""
    upload(fake, "1.0", "Requires-Dist: old")
    upload(fake, "2.0")
    form(fake)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], DESCRIBED, releases=releases)
    assert len(metadata_requests(fake)) == (1 if releases == "latest" else 2)
    store.sync(fake, index, ["foo"], DESCRIBED, releases=releases)
    assert (metadata_requests(fake), store.rows, store.deleted_keys) == ([], {}, {})
    upload(fake, "3.0", "Summary: New")
    form(fake)
    store.sync(fake, index, ["foo"], DESCRIBED, releases=releases)
    again = [one for one in metadata_requests(fake) if "-3.0-" not in one]
    by_etag = ["foo-1.0-py3-none-any.whl.metadata 304", "foo-2.0-py3-none-any.whl.metadata 304"]
    assert sorted(again) == (by_etag if form is bare and releases == "all" else [])
    assert agrees(fake, index, store, ["foo"], DESCRIBED, releases=releases)
    assert values(store.tables()["projects"], "latest_version", "summary") == [("3.0", "New")]
    versions = {"3.0"} if releases == "latest" else {"1.0", "2.0", "3.0"}
    assert {row["version"] for row in store.tables()["core_metadata"]} == versions


@FORMS
def test_rows_do_not_depend_on_other_streams(fake: FakeIndex, connect: Connect, form: Form) -> None:
    """Each stream alone has the rows that it has together with the others."""
    upload(fake, "1.0")
    form(fake)
    index, together = connect(fake), MemoryStore()
    together.sync(fake, index, ["foo"], DESCRIBED)
    for name in DESCRIBED:
        alone = MemoryStore()
        alone.sync(fake, index, ["foo"], [name])
        assert alone.tables()[name] == together.tables()[name]
    assert together.tables()["dependencies"] != []


def test_stream_that_is_added_later_has_rows(fake: FakeIndex, connect: Connect) -> None:
    """A stream that joins an existing destination is read, although nothing has changed."""
    upload(fake, "1.0")
    as_json(fake)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], ["dependencies"])
    store.sync(fake, index, ["foo"], DESCRIBED)
    assert metadata_requests(fake) == ["foo-1.0-py3-none-any.whl.metadata 200"]
    assert agrees(fake, index, store, ["foo"], DESCRIBED)


def test_full_check(fake: FakeIndex, connect: Connect) -> None:
    """A full check requests METADATA again, unless the index lists its digest, which the page then confirms."""
    upload(fake, "1.0")
    for form, expected in ((as_json, []), (bare, ["foo-1.0-py3-none-any.whl.metadata 304"])):
        form(fake)
        index, store = connect(fake), MemoryStore()
        store.sync(fake, index, ["foo"], RELEASED, full_check_days=0)
        store.sync(fake, index, ["foo"], RELEASED, full_check_days=0)
        assert (metadata_requests(fake), store.rows) == (expected, {})


def test_metadata_that_changes_behind_the_same_page(fake: FakeIndex, connect: Connect) -> None:
    """Without digests, METADATA that has changed is found by the next full check."""
    upload(fake, "1.0", "Requires-Dist: old")
    bare(fake)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], RELEASED, full_check_days=0)
    fake.world.backfill("foo-1.0-py3-none-any.whl", metadata=metadata("foo", "1.0", "Requires-Dist: new"))
    store.sync(fake, index, ["foo"], RELEASED, full_check_days=0)
    assert values(store.tables()["dependencies"], "requirement") == [("new",)]
    assert agrees(fake, index, store, ["foo"], RELEASED)


def test_pins(fake: FakeIndex, connect: Connect) -> None:
    """Pinned versions are read from METADATA, too; one that the page does not list is an error."""
    upload(fake, "1.0", "Requires-Dist: old")
    upload(fake, "2.0")
    as_json(fake)
    store = MemoryStore()
    store.sync(fake, connect(fake), ["foo==1.0", "foo==9.9"], RELEASED)
    assert values(store.tables()["dependencies"], "version", "requirement") == [("1.0", "old")]
    assert [getattr(error, "version", None) for batch in store.batches for error in batch.user_errors] == ["9.9"]
    assert metadata_requests(fake) == ["foo-1.0-py3-none-any.whl.metadata 200"]


def test_releases_without_metadata(fake: FakeIndex, connect: Connect) -> None:
    """Releases whose files have no METADATA are reported once; the others have rows."""
    upload(fake, "1.0")
    fake.world.upload("foo", "0.9", filename="foo-0.9.tar.gz", core_metadata=None)
    as_json(fake)
    store = MemoryStore()
    store.sync(fake, connect(fake), ["foo"], RELEASED, releases="all")
    assert [batch.notices for batch in store.batches] == [
        (Notice(NoticeKind.PAGE_ONLY), Notice(NoticeKind.UNDESCRIBED))
    ]
    assert failures(store) == {}
    assert {row["version"] for row in store.tables()["dependencies"]} == {"1.0"}


@FORMS
def test_project_without_metadata(fake: FakeIndex, connect: Connect, form: Form) -> None:
    """Without METADATA, the streams are not offered, and the project's row is made of the page."""
    fake.world.upload("foo", "1.0", filename="foo-1.0-py3-none-any.whl", core_metadata=None)
    form(fake)
    store = MemoryStore()
    store.sync(fake, connect(fake), ["foo"], [*RELEASED, "projects"])
    assert failures(store) == dict.fromkeys(RELEASED, NotOfferedError)
    assert metadata_requests(fake) == []
    assert values(store.tables()["projects"], "latest_version", "summary", "source") == [("1.0", None, "page")]


def test_metadata_that_is_no_longer_listed(fake: FakeIndex, connect: Connect) -> None:
    """Rows stay if the index no longer lists METADATA."""
    upload(fake, "1.0")
    as_json(fake)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], RELEASED)
    before = store.tables()
    bare(fake)
    fake.world.backfill("foo-1.0-py3-none-any.whl", core_metadata=None)
    bare(fake)
    store.sync(fake, index, ["foo"], RELEASED)
    assert store.tables() == before
    assert failures(store) == dict.fromkeys(RELEASED, NotOfferedError)


def test_row_of_a_project_that_loses_its_metadata(fake: FakeIndex, connect: Connect) -> None:
    """The row is made of the page again, and the run says once what becomes null."""
    upload(fake, "1.0")
    as_json(fake)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], ["projects"])
    fake.world.upload("foo", "2.0", filename="foo-2.0.tar.gz", core_metadata=None)
    notices = []
    for _ in range(2):
        store.sync(fake, index, ["foo"], ["projects"])
        notices.append(NoticeKind.UNSTATED in [one.kind for batch in store.batches for one in batch.notices])
    assert notices == [True, False]
    assert values(store.tables()["projects"], "latest_version", "summary", "source") == [("2.0", None, "page")]


@pytest.mark.parametrize("status", [404, 503])
def test_metadata_that_cannot_be_read(fake: FakeIndex, connect: Connect, status: int) -> None:
    """Rows stay if METADATA cannot be read, also those of the release before; a later run reads it."""
    upload(fake, "1.0")
    as_json(fake)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], DESCRIBED)
    before = store.tables()
    upload(fake, "2.0", "Summary: New")
    fault = faults.missing() if status == 404 else faults.unavailable()
    fake.fault("*/foo-2.0-py3-none-any.whl.metadata", fault, times=None)
    for _ in range(3):
        store.sync(fake, index, ["foo"], DESCRIBED)
        for name in (*RELEASED, "core_metadata", "projects"):
            assert store.tables()[name] == before[name]
        assert store.tables() == store.merged()
        unread = {} if status == 404 else dict.fromkeys([*RELEASED, "core_metadata"], UnavailableError)
        assert failures(store) == unread
        announced = Notice(NoticeKind.ANNOUNCED, "core metadata (METADATA)")
        assert [batch.notices for batch in store.batches] == [
            (Notice(NoticeKind.PAGE_ONLY), *([announced] if status == 404 else []))
        ]
    fake.clear_faults()
    store.sync(fake, index, ["foo"], DESCRIBED, full_check_days=0)
    assert agrees(fake, index, store, ["foo"], DESCRIBED)
    assert values(store.tables()["projects"], "latest_version", "summary") == [("2.0", "New")]


@pytest.mark.parametrize("form", [as_json, bare], ids=lambda form: form.__name__)
def test_metadata_that_is_listed_and_missing(fake: FakeIndex, connect: Connect, form: Form) -> None:
    """METADATA that answers 404 is a warning, also in a first run; it is requested once more, then by full checks."""
    upload(fake, "1.0")
    form(fake)
    fake.fault("*/foo-1.0-py3-none-any.whl.metadata", faults.missing(), times=None)
    index, store = connect(fake), MemoryStore()
    for requests, days in ((1, 7), (1, 7), (0, 7), (1, 0)):
        store.sync(fake, index, ["foo"], DESCRIBED, full_check_days=days)
        assert (len(metadata_requests(fake)), failures(store)) == (requests, {})
        assert values(store.tables()["projects"], "latest_version", "summary", "source") == [("1.0", None, "page")]
    fake.clear_faults()
    store.sync(fake, index, ["foo"], DESCRIBED, full_check_days=0)
    assert agrees(fake, index, store, ["foo"], DESCRIBED)
    assert store.tables()["dependencies"] != []


def test_first_run_without_metadata_of_a_project(fake: FakeIndex, connect: Connect) -> None:
    """In a first run, a project whose METADATA fails has the row of its page, and a warning says why."""
    upload(fake, "1.0")
    as_json(fake)
    fake.fault("*/foo-1.0-py3-none-any.whl.metadata", faults.unavailable(), times=None)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], ["projects"])
    assert values(store.tables()["projects"], "latest_version", "summary", "source") == [("1.0", None, "page")]
    assert failures(store) == {}
    assert ["answered 503" in line for line in warnings(store)] == [True]
    fake.clear_faults()
    store.sync(fake, index, ["foo"], ["projects"])
    assert values(store.tables()["projects"], "summary", "source") == [("A tool", "metadata")]


@pytest.mark.parametrize(
    "lines", [metadata("other", "1.0"), metadata("foo", "2.0")], ids=["another project", "another version"]
)
def test_metadata_of_something_else(serve: Callable[..., FakeIndex], connect: Connect, lines: bytes) -> None:
    """METADATA of another project or version is an error, and makes no row."""
    fake = serve(strict=False)
    fake.world.upload("foo", "1.0", filename="foo-1.0-py3-none-any.whl", metadata=lines)
    bare(fake)
    store = MemoryStore()
    store.sync(fake, connect(fake), ["foo"], RELEASED)
    fake.new_run()
    assert failures(store) == dict.fromkeys(RELEASED, DocumentError)
    assert store.tables() == {}


def test_document_that_appears_replaces_metadata(fake: FakeIndex, connect: Connect) -> None:
    """If the index gains project documents, rows are made from them."""
    upload(fake, "1.0")
    as_json(fake)
    index, store = connect(fake), MemoryStore()
    store.sync(fake, index, ["foo"], DESCRIBED)
    fake.world.projects["foo"].releases["1.0"].info |= {
        "requires_dist": ["new"],
        "project_urls": {"A": "https://c.test"},
    }
    del fake.world.overrides["/pypi/foo/json"]
    store.sync(fake, index, ["foo"], DESCRIBED)
    assert agrees(fake, index, store, ["foo"], DESCRIBED)
    assert values(store.tables()["projects"], "summary", "source") == [(None, "document")]


def test_index_with_documents_is_not_asked_for_metadata(fake: FakeIndex, connect: Connect) -> None:
    """An index that has project documents gets no request for METADATA."""
    upload(fake, "1.0")
    store = MemoryStore()
    store.sync(fake, connect(fake), ["foo"], ["projects", *RELEASED])
    assert metadata_requests(fake) == []


def test_requirements_of_metadata_are_followed(fake: FakeIndex, connect: Connect) -> None:
    """Dependencies are followed through METADATA, in the second run, too."""
    upload(fake, "1.0", "Requires-Dist: bar")
    fake.world.upload("bar", "1.0", filename="bar-1.0-py3-none-any.whl", metadata=metadata("bar", "1.0"))
    for name in ("foo", "bar"):
        as_json(fake, name)
    index, store = connect(fake), MemoryStore()
    for requested in (["foo-1.0-py3-none-any.whl.metadata 200", "bar-1.0-py3-none-any.whl.metadata 200"], []):
        store.sync(fake, index, ["foo"], ["files", "projects"], follow_dependencies=2)
        assert [batch.project for batch in store.batches if batch.project] == ["foo", "bar"]
        assert metadata_requests(fake) == requested[: len(requested)]


def test_query_of_a_signed_url_stays_behind(fake: FakeIndex, connect: Connect) -> None:
    """The URL of METADATA keeps the query of the file's URL."""
    upload(fake, "1.0")
    as_json(fake)
    ((file,),) = (release.files.values() for release in fake.world.projects["foo"].releases.values())
    digest = hashlib.sha256(file.metadata or b"").hexdigest()
    entry = {
        "filename": file.filename,
        "url": f"{fake.url}/{file.path()}?token=a%2Fb",
        "core-metadata": {"sha256": digest},
    }
    fake.world.override("/simple/foo/", dump({"name": "foo", "files": [entry]}), JSON_PAGE)
    store = MemoryStore()
    store.sync(fake, connect(fake), ["foo"], RELEASED)
    assert metadata_requests(fake) == ["foo-1.0-py3-none-any.whl.metadata?token=a%2Fb 200"]
    assert len(store.tables()["dependencies"]) == 2
