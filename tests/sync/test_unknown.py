"""sync/unknown.py: a field that is missing, null or of a wrong type keeps rows; an empty list deletes them."""

import json
from typing import Any

import pytest

from source_pypi.services.index.documents.document import Document, open_document
from source_pypi.services.index.documents.page import JSON_PAGE
from source_pypi.services.index.documents.project import Project
from source_pypi.sync.batch import Notice
from source_pypi.sync.notices import NoticeKind
from source_pypi.sync.unknown import Unknown, unknown
from tests.fake_index import FakeIndex, World, faults
from tests.memory_store import MemoryStore
from tests.streams.provenance import attested
from tests.sync.helpers import Connect, rich

#: Each stream whose rows are made of one field, and the path of the field.
FIELDS = {
    "files": "releases",
    "versions": "releases",
    "classifiers": "info.classifiers",
    "dependencies": "info.requires_dist",
    "urls": "info.project_urls",
    "vulnerabilities": "vulnerabilities",
    "roles": "ownership.roles",
}
GONE = object()
EMPTY: dict[str, Any] = {"releases": {}, "info.project_urls": {}}


def document_of(fake: FakeIndex, connect: Connect) -> dict[str, Any]:
    """Return the project document that the index serves."""
    document = connect(fake).project("foo")
    assert isinstance(document, Document)
    content: dict[str, Any] = json.loads(document.body)
    return content


def changed(document: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """Return the document with another value; ``GONE``: without the key."""
    copy: dict[str, Any] = json.loads(json.dumps(document))
    *parents, key = path.split(".")
    tree = copy
    for name in parents:
        tree = tree[name]
    tree.pop(key)
    if value is not GONE:
        tree[key] = value
    return copy


def noticed(store: MemoryStore) -> list[tuple[str, str]]:
    """The notices of the last run."""
    return [(notice.kind, notice.subject) for batch in store.batches for notice in batch.notices]


VALUES = {"missing": GONE, "null": None, "text": "text", "number": 7}
#: The public index writes null for a release without URLs: there, null means none.
UNKNOWN = [(stream, name) for stream in FIELDS for name in VALUES if (stream, name) != ("urls", "null")]


@pytest.mark.parametrize("path", ["vulnerabilities", "info.classifiers", "ownership.roles"])
def test_null_in_a_first_run_is_not_silent(world: World, fake: FakeIndex, connect: Connect, path: str) -> None:
    """No rows and no word would say that there is none; a run that finds the document unchanged says nothing again."""
    rich(world)
    index, (stream,) = connect(fake), [name for name, field in FIELDS.items() if field == path]
    world.override("/pypi/foo/json", changed(document_of(fake, connect), path, None))
    store = MemoryStore()
    store.sync(fake, index, ["foo"], [stream])
    assert (store.tables()[stream], noticed(store)) == ([], [(NoticeKind.UNKNOWN_FIELD, path)])
    store.sync(fake, index, ["foo"], [stream])
    assert noticed(store) == []


@pytest.mark.parametrize("path", ["info.requires_dist", "info.project_urls"])
def test_null_that_means_none_is_silent(world: World, fake: FakeIndex, connect: Connect, path: str) -> None:
    """The public index writes null for a release without requirements or URLs."""
    rich(world)
    index, (stream,) = connect(fake), [name for name, field in FIELDS.items() if field == path]
    world.override("/pypi/foo/json", changed(document_of(fake, connect), path, None))
    store = MemoryStore()
    store.sync(fake, index, ["foo"], [stream])
    assert [notice for notice in noticed(store) if notice[0] == NoticeKind.UNKNOWN_FIELD] == []


@pytest.mark.parametrize(("stream", "name"), UNKNOWN)
def test_unknown_field_keeps_rows(world: World, fake: FakeIndex, connect: Connect, stream: str, name: str) -> None:
    """Rows stay while their field is missing, null or of a wrong type, with one notice; then they change as before."""
    rich(world)
    world.add_advisory("foo", "3.0", "PYSEC-2")
    index, store = connect(fake), MemoryStore()
    document = document_of(fake, connect)
    store.sync(fake, index, ["foo"], [stream])
    before = store.tables()
    assert before[stream]
    world.override("/simple/foo/", b"", status=404)  # a page would supply the releases
    world.override("/pypi/foo/json", changed(document, FIELDS[stream], VALUES[name]))
    store.sync(fake, index, ["foo"], [stream])
    assert (store.tables(), store.merged()) == (before, before)
    (batch,) = store.batches
    assert [(notice.kind, notice.subject) for notice in batch.notices if notice.kind != NoticeKind.LATEST_ONLY] == [
        (NoticeKind.UNKNOWN_FIELD, FIELDS[stream])
    ]
    world.override("/pypi/foo/json", changed(document, FIELDS[stream], EMPTY.get(FIELDS[stream], [])))
    store.sync(fake, index, ["foo"], [stream])
    assert store.tables()[stream] == store.merged()[stream] == []


@pytest.mark.parametrize("value", ["text", None])
def test_unknown_list_of_files_keeps_rows(world: World, fake: FakeIndex, connect: Connect, value: object) -> None:
    """If the files of one release are not a list, the project's files and versions stay."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    document = document_of(fake, connect)
    store.sync(fake, index, ["foo"], ["files", "versions"])
    before = store.tables()
    document["releases"]["1.0"] = value
    world.override("/pypi/foo/json", document)
    store.sync(fake, index, ["foo"], ["files", "versions"])
    assert store.tables() == store.merged() == before


#: Each list whose items make rows, and a bad item in it.
ITEMS: list[tuple[str, str, object]] = [
    ("vulnerabilities", "vulnerabilities", None),
    ("vulnerabilities", "vulnerabilities", {"summary": "no id, alias or link"}),
    ("classifiers", "info.classifiers", None),
    ("dependencies", "info.requires_dist", 7),
    ("roles", "ownership.roles", None),
    ("roles", "ownership.roles", {"role": "Owner", "user": None}),
    ("files", "releases", {"1.0": [None]}),
    ("versions", "releases", {"1.0": [{"filename": None}]}),
]


@pytest.mark.parametrize(("stream", "path", "item"), ITEMS)
def test_bad_item_of_a_list_keeps_rows(
    world: World, fake: FakeIndex, connect: Connect, stream: str, path: str, item: object
) -> None:
    """Rows stay while an item of their list is null, of a wrong type, or without a name: nobody knows which it was."""
    rich(world)
    world.add_advisory("foo", "3.0", "PYSEC-2")
    index, store = connect(fake), MemoryStore()
    document = document_of(fake, connect)
    store.sync(fake, index, ["foo"], [stream])
    before = store.tables()
    world.override("/simple/foo/", b"", status=404)
    world.override("/pypi/foo/json", changed(document, path, item if path == "releases" else [item]))
    store.sync(fake, index, ["foo"], [stream])
    assert (store.tables(), store.merged()) == (before, before)
    (batch,) = store.batches
    assert [notice.subject for notice in batch.notices if notice.kind == NoticeKind.UNKNOWN_FIELD] == [path]


@pytest.mark.parametrize("version", [GONE, None, 7, ""])
def test_document_without_a_version_keeps_rows_of_releases(
    world: World, fake: FakeIndex, connect: Connect, version: object
) -> None:
    """If a document does not say which release it describes, rows of releases stay, with a notice; then they change."""
    rich(world)
    world.add_advisory("foo", "3.0", "PYSEC-2")
    index, store, names = connect(fake), MemoryStore(), ["vulnerabilities", "classifiers", "dependencies", "urls"]
    document = document_of(fake, connect)
    store.sync(fake, index, ["foo"], names)
    before = store.tables()
    assert all(before[name] for name in names)
    world.override("/pypi/foo/json", changed(document, "info.version", version))
    store.sync(fake, index, ["foo"], names)
    assert (store.tables(), store.merged()) == (before, before)
    (batch,) = store.batches
    assert [notice.subject for notice in batch.notices] == ["info.version"]
    world.override("/pypi/foo/json", changed(document, "vulnerabilities", []))
    store.sync(fake, index, ["foo"], names)
    assert store.tables() == before | {"vulnerabilities": []}


@pytest.mark.parametrize("value", [GONE, 7])
def test_page_that_does_not_speak_of_provenance_keeps_attestations(
    world: World, fake: FakeIndex, connect: Connect, value: object
) -> None:
    """Attestations stay if a page has the key ``provenance`` of no file, or a wrong type; null says that none is."""
    rich(world)
    world.backfill("foo-3.0-py3-none-any.whl", provenance=attested("foo-3.0-py3-none-any.whl"))
    index, store = connect(fake), MemoryStore()
    page = json.loads(connect(fake).page("foo").body)  # type: ignore[union-attr]
    store.sync(fake, index, ["foo"], ["attestations"])
    before = store.tables()
    assert len(before["attestations"]) == 1
    for given, expected in ((value, before), (None, {"attestations": []})):
        files = [{k: v for k, v in file.items() if k != "provenance"} for file in page["files"]]
        changed_files = files if given is GONE else [{**file, "provenance": given} for file in files]
        world.override("/simple/foo/", {**page, "files": changed_files}, JSON_PAGE)
        store.sync(fake, index, ["foo"], ["attestations"])
        assert store.tables() == expected


RELEASED = ["vulnerabilities", "classifiers", "dependencies", "core_metadata", "attestations"]


@pytest.mark.parametrize("value", [GONE, None, [], {"3.0": None}])
@pytest.mark.parametrize("page", [True, False], ids=["page", "no page"])
@pytest.mark.parametrize("others", [[], ["versions"]], ids=["alone", "with versions"])
def test_unknown_releases_keep_rows_of_every_release(
    world: World, fake: FakeIndex, connect: Connect, value: object, others: list[str], *, page: bool
) -> None:
    """If a document no longer lists releases, rows of all releases and files stay, with a page and without one."""
    rich(world)
    world.add_advisory("foo", "3.0", "PYSEC-2")
    for version in ("1.0", "3.0"):
        wheel = f"foo-{version}-py3-none-any.whl"
        world.backfill(wheel, provenance=attested(wheel))
    index, store = connect(fake), MemoryStore()
    document = document_of(fake, connect)
    store.sync(fake, index, ["foo"], RELEASED + others, releases="all")
    before = store.tables()
    assert {name: len(before[name]) > 1 for name in RELEASED} == dict.fromkeys(RELEASED, True)
    if not page:
        fake.fault("/simple/foo/", faults.missing(), times=None)
    world.override("/pypi/foo/json", changed(document, "releases", value))
    store.sync(fake, index, ["foo"], RELEASED + others, releases="all")
    for tables in (store.tables(), store.merged()):
        assert {name: tables[name] for name in RELEASED} == {name: before[name] for name in RELEASED}


@pytest.mark.parametrize("stream", ["core_metadata", "attestations"])
def test_unknown_files_keep_rows_if_other_releases_are_selected(
    world: World, fake: FakeIndex, connect: Connect, stream: str
) -> None:
    """Rows of a release whose files are null stay, also if fewer releases are selected than before."""
    rich(world)
    world.backfill("foo-3.0-py3-none-any.whl", provenance=attested("foo-3.0-py3-none-any.whl"))
    index, store = connect(fake), MemoryStore()
    document = document_of(fake, connect)
    store.sync(fake, index, ["foo"], [stream], releases="all")
    before = store.tables()
    assert before[stream]
    world.override("/pypi/foo/json", changed(document, "releases", {"3.0": None}))
    store.sync(fake, index, ["foo"], [stream])
    assert (store.tables(), store.merged()) == (before, before)
    world.override("/pypi/foo/json", document)
    store.sync(fake, index, ["foo"], [stream])
    assert {row["version"] for row in store.tables()[stream]} == {"3.0"}


def test_page_supplies_releases_that_the_document_no_longer_lists(
    world: World, fake: FakeIndex, connect: Connect
) -> None:
    """If the document no longer lists releases, rows are made of document and page; nothing is unknown or deleted."""
    rich(world)
    index, store = connect(fake), MemoryStore()
    document = document_of(fake, connect)
    store.sync(fake, index, ["foo"], ["files", "versions"])
    before = store.tables()
    world.override("/pypi/foo/json", changed(document, "releases", GONE))
    store.sync(fake, index, ["foo"], ["files", "versions"])
    after = store.tables()
    assert {row["filename"] for row in after["files"]} == {row["filename"] for row in before["files"]}
    assert {row["source"] for row in after["files"]} == {"document", "page"}
    assert {row["version"] for row in after["versions"]} == {row["version"] for row in before["versions"]}
    (batch,) = store.batches
    assert (batch.notices, batch.failures) == ((Notice(NoticeKind.FILELESS),), {})
    world.override("/pypi/foo/json", changed(changed(document, "releases", GONE), "info.summary", "other"))
    store.sync(fake, index, ["foo"], ["files", "versions"])
    assert [notice for one in store.batches for notice in one.notices] == []


def test_index_that_never_listed_releases_stays_up_to_date(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If the index never listed releases, the latest release is read from ``urls`` in every run."""
    rich(world)
    world.override("/simple/foo/", b"", status=404)
    index, store = connect(fake), MemoryStore()
    document = document_of(fake, connect)
    del document["releases"]
    for version in ("3.0", "4.0"):
        document["info"]["version"] = version
        world.override("/pypi/foo/json", document)
        store.sync(fake, index, ["foo"], ["versions"])
        assert [row["version"] for row in store.tables()["versions"]] == [version]


@pytest.mark.parametrize(
    ("sent", "key", "expected"),
    [
        ({"releases": {"1.0": []}}, "releases", None),
        ({"releases": {}}, "releases", None),
        ({"releases": []}, "releases", Unknown.INVALID),
        ({"releases": {"1.0": "x"}}, "releases", Unknown.INVALID),
        ({"releases": {"1.0": None, "2.0": []}}, "releases", Unknown.NULL),
        ({"releases": {"1.0": [{"filename": "a", "size": "x"}]}}, "releases", None),
        ({"releases": {"1.0": [{"url": "https://a.test/a.whl"}]}}, "releases", None),
        ({"releases": {"1.0": [{"size": 1}]}}, "releases", Unknown.NULL),
        ({"releases": {"1.0": ["x"]}}, "releases", Unknown.INVALID),
        ({"releases": {"1.0": [None]}}, "releases", Unknown.INVALID),
        ({"releases": {"1.0": None}}, "releases", Unknown.NULL),
        ({}, "ownership.roles", Unknown.MISSING),
        ({"ownership": None}, "ownership.roles", Unknown.MISSING),
        ({"ownership": 1}, "ownership.roles", Unknown.INVALID),
        ({"ownership": {"roles": {}}}, "ownership.roles", Unknown.INVALID),
        ({"ownership": {"roles": None}}, "ownership.roles", Unknown.NULL),
        ({"ownership": {"organization": 1, "roles": []}}, "ownership.roles", None),
        ({"ownership": {"roles": [{"role": "Owner", "user": "ann"}]}}, "ownership.roles", None),
        ({"ownership": {"roles": [{"role": "Owner", "user": None}]}}, "ownership.roles", Unknown.NULL),
        ({"ownership": {"roles": [None]}}, "ownership.roles", Unknown.INVALID),
        ({"vulnerabilities": [{"id": "A", "aliases": [1]}]}, "vulnerabilities", None),
        ({"vulnerabilities": [{"aliases": ["CVE-1"]}, {"link": "https://a.test"}]}, "vulnerabilities", None),
        ({"vulnerabilities": [{"id": "A"}, {"summary": "B"}]}, "vulnerabilities", Unknown.NULL),
        ({"vulnerabilities": [None]}, "vulnerabilities", Unknown.INVALID),
        ({"info": {"classifiers": ["A", 1]}}, "info.classifiers", Unknown.INVALID),
    ],
)
def test_why_a_value_is_unknown(sent: dict[str, Any], key: str, expected: Unknown | None) -> None:
    """A value is unknown if it, or what contains it, is missing, null or invalid, or an item is.

    A field within an item counts only if it is the item's name.
    """
    body = json.dumps({"info": {}, **sent}).encode()
    assert unknown(open_document(body, Project, "https://a.test/"), key) is expected
