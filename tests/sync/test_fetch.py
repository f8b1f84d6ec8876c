"""Visits: which documents are asked for, and what became of each question."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from packaging.utils import NormalizedName

from source_pypi.errors import (
    DamagedError,
    DocumentError,
    NotOfferedError,
    RefusedError,
    UnavailableError,
    UnreachableError,
)
from source_pypi.selection import SelectedProject
from source_pypi.services.index.api import Index
from source_pypi.services.index.documents import ABSENT, UNKNOWN, Fingerprint
from source_pypi.services.index.documents.kinds import BEHIND_PROJECT, OF_INDEX, DocumentKind
from source_pypi.streams import choose_streams
from source_pypi.sync.batch import batch_of
from source_pypi.sync.fetch import fetch_project
from source_pypi.sync.fetch_index import fetch_index
from source_pypi.sync.fetch_plan import FetchPlan
from source_pypi.sync.fetch_result import FetchResult
from source_pypi.sync.planner import PreviousState
from tests.fake_index import FakeIndex, World, faults
from tests.fake_index.site import Answer

Connect = Callable[..., Index]
FOO = NormalizedName("foo")
METADATA = b"Metadata-Version: 2.1\nName: foo\n"
PROVENANCE = {"version": 1, "attestation_bundles": []}


def plan(*reads: DocumentKind, **given: Any) -> FetchPlan:
    """A plan that reads these documents."""
    return FetchPlan(frozenset(reads), **given)


def full(world: World, *versions: str) -> None:
    """The project foo; each version has a wheel with core metadata and provenance, and an sdist."""
    for version in versions:
        wheel = f"foo-{version}-py3-none-any.whl"
        world.upload("foo", version, filename=wheel, metadata=METADATA, provenance=PROVENANCE)
        world.upload("foo", version, filename=f"foo-{version}.tar.gz")


def brought(result: FetchResult) -> set[str]:
    """The documents that a visit to a project brought."""
    visit = result.documents
    named: dict[str, Any] = {
        "project": visit.document,
        "page": visit.page,
        "releases": visit.releases,
        "metadata": visit.core_metadata,
        "provenance": visit.provenance,
    }
    return {name for name, document in named.items() if document}


def kinds(fake: FakeIndex) -> list[str]:
    """What kind of document each request was for, in their order."""

    def kind(path: str) -> str:
        parts = path.strip("/").split("/")
        if path.endswith(".metadata"):
            return "metadata"
        return {"simple": "page", "integrity": "provenance"}.get(parts[0], "project" if len(parts) == 3 else "release")

    return [kind(request.path) for request in fake.requests]


@pytest.mark.parametrize(
    ("asked", "requests", "expected"),
    [
        (plan(), [], set()),
        (plan(DocumentKind.PROJECT), ["project"], {"project"}),
        (plan(DocumentKind.PAGE), ["page"], {"page"}),
        (plan(DocumentKind.PROJECT, DocumentKind.PAGE), ["project", "page"], {"project", "page"}),
        (plan(DocumentKind.RELEASES), ["project"], {"project", "releases"}),
        (plan(DocumentKind.RELEASES, releases="all"), ["project", "release"], {"project", "releases"}),
        (plan(DocumentKind.CORE_METADATA), ["project", "metadata"], {"project", "metadata"}),
        (
            plan(DocumentKind.CORE_METADATA, releases="all"),
            ["project", "metadata", "metadata"],
            {"project", "metadata"},
        ),
        (plan(DocumentKind.PROVENANCE), ["project", "page", "provenance"], {"project", "page", "provenance"}),
        (
            plan(DocumentKind.RELEASES, use_core_metadata=True),
            ["project", "metadata"],
            {"project", "releases", "metadata"},
        ),
        (plan(DocumentKind.PROJECT, use_core_metadata=True), ["project"], {"project"}),
        (
            plan(*(read for read in DocumentKind if read.of_project), releases="all", use_core_metadata=True),
            ["project", "page", "release", "metadata", "metadata", "provenance", "provenance"],
            {"project", "page", "releases", "metadata", "provenance"},
        ),
    ],
)
def test_what_is_asked_for(
    fake: FakeIndex, connect: Connect, asked: FetchPlan, requests: list[str], expected: set[str]
) -> None:
    """The project document comes first, then what else the plan needs, each once."""
    full(fake.world, "1.0", "2.0")
    result = fetch_project(connect(fake), SelectedProject(FOO), asked)
    assert kinds(fake) == requests
    assert brought(result) == expected
    assert (result.failures, result.warnings, result.missing) == ({}, [], False)


def test_a_release_that_speaks_is_not_filled(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Core metadata is asked for only where the index says nothing of the requirements."""
    full(world, "1.0")
    world.projects["foo"].releases["1.0"].info["requires_dist"] = []
    fetch_project(connect(fake), SelectedProject(FOO), plan(DocumentKind.RELEASES, use_core_metadata=True))
    assert kinds(fake) == ["project"]


@pytest.mark.parametrize(
    ("filenames", "chosen"),
    [
        (["foo-1.0-cp312-cp312-win32.whl", "foo-1.0-py3-none-any.whl", "foo-1.0.tar.gz"], "foo-1.0-py3-none-any.whl"),
        (["foo-1.0-py3-none-any.whl", "foo-1.0-py2-none-any.whl"], "foo-1.0-py2-none-any.whl"),
        (["foo-1.0-cp39-cp39-win32.whl", "foo-1.0-cp312-cp312-win32.whl"], "foo-1.0-cp312-cp312-win32.whl"),
        (["foo-1.0.tar.gz"], "foo-1.0.tar.gz"),
        (["foo-1.0.zip", "foo-1.0-py3.11.egg"], "foo-1.0.zip"),
        (["foo-1.0-py3.11.egg", "foo-1.0.win32.exe"], None),
    ],
)
def test_the_file_that_speaks(
    world: World, fake: FakeIndex, connect: Connect, filenames: list[str], chosen: str | None
) -> None:
    """One file speaks for a release: a wheel for any platform, or any wheel, or the sdist; never another kind."""
    for filename in filenames:
        world.upload("foo", "1.0", filename=filename, metadata=METADATA, core_metadata="0")
    result = fetch_project(connect(fake), SelectedProject(FOO), plan(DocumentKind.CORE_METADATA))
    assert list(result.documents.core_metadata) == ([] if chosen is None else [chosen])


@pytest.mark.parametrize("offered", [False, None])
def test_metadata_that_is_not_offered(world: World, fake: FakeIndex, connect: Connect, offered: Any) -> None:
    """A file of which the index does not say that it has metadata is not asked for it."""
    file = {"filename": "a-1-py3-none-any.whl", "packagetype": "bdist_wheel", "url": "a", "core-metadata": offered}
    world.override("/pypi/foo/json", {"info": {"version": "1"}, "releases": {"1": [file]}, "urls": [file]})
    fetch_project(connect(fake), SelectedProject(FOO), plan(DocumentKind.CORE_METADATA))
    assert kinds(fake) == ["project"]


def test_addresses_of_a_mirror(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Addresses that a mirror writes relative to a document are asked for where they lead; what is gone is left out."""
    files = [
        {"filename": "foo-1.tar.gz", "packagetype": "sdist", "url": "../../x/foo-1.tar.gz#a", "core-metadata": True}
    ]
    document = {"info": {"version": "1"}, "releases": {"1": files, "2": None}, "urls": files}
    world.override("/root/pypi/foo/json", document)
    page = {"files": [{"filename": "foo-1.tar.gz", "provenance": "../../p/1"}, {"filename": "b", "provenance": "q"}]}
    world.override("/root/simple/foo/", page)
    world.override("/root/x/foo-1.tar.gz.metadata", METADATA)
    world.override("/root/p/1", PROVENANCE)
    index = Index(connect(fake).client, f"{fake.url}/root")
    result = fetch_project(index, SelectedProject(FOO), plan(DocumentKind.CORE_METADATA, DocumentKind.PROVENANCE))
    assert result.failures == {}
    assert list(result.documents.core_metadata) == list(result.documents.provenance) == ["foo-1.tar.gz"]
    assert [request.status for request in fake.requests] == [200] * 4


@pytest.mark.parametrize("where", ["url", "provenance"])
def test_an_address_that_is_none(world: World, fake: FakeIndex, connect: Connect, where: str) -> None:
    """An address that no one can read costs the documents that it leads to, and nothing more."""
    file = {"filename": "a.whl", "packagetype": "bdist_wheel", "core-metadata": True, where: "http://[x/a"}
    world.override("/pypi/foo/json", {"info": {"version": "1"}, "releases": {"1": [file]}})
    world.override("/simple/foo/", {"files": [file]})
    result = fetch_project(
        connect(fake), SelectedProject(FOO), plan(DocumentKind.CORE_METADATA, DocumentKind.PROVENANCE)
    )
    assert {"project", "page"} <= brought(result)


@pytest.mark.parametrize(
    ("target", "releases", "expected"),
    [
        (SelectedProject(FOO), "latest", {"3.0": False}),
        (SelectedProject(FOO), "all", {"3.0": False, "1.0": False, "2.0": False}),
        (SelectedProject(FOO, ("1.0",), unpinned=False), "all", {"1.0": True}),
        (SelectedProject(FOO, ("1", "1.0.0"), unpinned=False), "latest", {"1.0": True}),
        (SelectedProject(FOO, ("1",)), "latest", {"1.0": True, "3.0": False}),
        (SelectedProject(FOO, ("3",)), "latest", {"3.0": True}),
        (SelectedProject(FOO, ("2",)), "all", {"2.0": True, "3.0": False, "1.0": False}),
    ],
)
def test_releases(
    fake: FakeIndex, connect: Connect, target: SelectedProject, releases: Any, expected: dict[str, bool]
) -> None:
    """Pins come first, in the index's spelling, then the latest, then, if asked for, the rest; each once."""
    full(fake.world, "1.0", "2.0", "3.0")
    result = fetch_project(connect(fake), target, plan(DocumentKind.RELEASES, releases=releases))
    assert [view.version for view in result.documents.releases] == list(expected)
    assert result.pinned == {version for version, pinned in expected.items() if pinned}
    assert kinds(fake) == ["project"] + ["release"] * len([version for version in expected if version != "3.0"])


def test_an_exact_spelling_comes_first(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Of two spellings of one version, a pin means the one that it spells."""
    full(world, "1.0", "1.0.0")
    result = fetch_project(connect(fake), SelectedProject(FOO, ("1.0",), False), plan(DocumentKind.RELEASES))
    assert [view.version for view in result.documents.releases] == ["1.0"]


def test_releases_that_the_index_does_not_have(world: World, serve: Callable[..., FakeIndex], connect: Connect) -> None:
    """Of releases without documents, the first ones are named and all are counted."""
    full(world, *(f"1.{number}" for number in range(9)))
    result = fetch_project(
        connect(serve(poverty=True)), SelectedProject(FOO), plan(DocumentKind.RELEASES, releases="all")
    )
    shown = "1.0, 1.1, 1.2, 1.3, 1.4, ..."
    assert result.warnings == [f"foo: the index has no release documents of 8 versions ({shown}); 1 could be read"]


# What fails ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "failed"),
    [
        ("/pypi/foo/json", BEHIND_PROJECT),
        ("/simple/foo/", {DocumentKind.PAGE, DocumentKind.PROVENANCE}),
        ("/pypi/foo/1.0/json", {DocumentKind.RELEASES}),
        ("*.metadata", {DocumentKind.CORE_METADATA}),
        ("/integrity/*", {DocumentKind.PROVENANCE}),
    ],
)
@pytest.mark.parametrize("fault", [faults.json({"message": "ok"}), faults.reset()], ids=lambda fault: fault.name)
def test_a_failure_is_noted_under_its_documents(
    fake: FakeIndex, connect: Connect, path: str, failed: Iterable[DocumentKind], fault: faults.Fault
) -> None:
    """A question that fails costs the documents behind it, and no others."""
    full(fake.world, "1.0", "2.0")
    index = connect(fake)
    index.statistics()
    fake.fault(path, fault, times=None)
    every = plan(*(read for read in DocumentKind if read.of_project), releases="all")
    result = fetch_project(index, SelectedProject(FOO), every)
    other = DamagedError if path == "*.metadata" else DocumentError  # of metadata, the digest is known beforehand
    error = UnreachableError if fault.name == "reset" else other
    assert {read: type(failure) for read, failure in result.failures.items()} == dict.fromkeys(failed, error)


def test_a_page_of_html(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A page as HTML only is not what is read."""
    full(world, "1.0")
    fake.fault("/simple/foo/", faults.html())
    result = fetch_project(connect(fake), SelectedProject(FOO), plan(DocumentKind.PAGE))
    assert [str(failure) for failure in dict.fromkeys(result.failures.values())] == [
        f"this index offers no project page as JSON (PEP 691) ({fake.url}/simple/foo/ answered HTML): "
        "leave the stream out, or read an index that has it"
    ]


def test_an_index_that_never_answered(world: World, fake: FakeIndex, connect: Connect) -> None:
    """An index that has never answered makes further questions pointless."""
    fake.fault("*", faults.reset(), times=None)
    with pytest.raises(UnreachableError):
        fetch_project(connect(fake), SelectedProject(FOO), plan(DocumentKind.PROJECT))


def test_refused(world: World, serve: Callable[..., FakeIndex], connect: Connect) -> None:
    """Refused credentials (401) are raised, a refusal of one document (403) is noted."""
    fake = serve(username="me", password="pw")
    with pytest.raises(RefusedError):
        fetch_project(connect(fake), SelectedProject(FOO), plan(DocumentKind.PROJECT))
    full(world, "1.0")
    open_one = serve()
    open_one.fault("/simple/foo/", faults.forbidden())
    result = fetch_project(connect(open_one), SelectedProject(FOO), plan(DocumentKind.PROJECT, DocumentKind.PAGE))
    assert {read: type(error) for read, error in result.failures.items()} == dict.fromkeys(
        (DocumentKind.PAGE, DocumentKind.PROVENANCE), RefusedError
    )


def test_absence_that_cannot_be_explained(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Where there is no document and the page cannot be had, nothing is known of the project: it is not missing."""
    fake.fault("/simple/foo/", faults.unavailable(), times=None)
    result = fetch_project(connect(fake), SelectedProject(FOO), plan(DocumentKind.PROJECT))
    assert (result.missing, result.warnings) == (False, [])
    assert {read: type(error) for read, error in result.failures.items()} == dict.fromkeys(
        {*BEHIND_PROJECT, DocumentKind.PAGE}, UnavailableError
    )


def test_a_page_without_a_document(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project that a page lists files of, and that has no document, is on an index without such documents."""
    full(world, "1.0")
    world.override("/pypi/foo/json", b"", status=404)
    result = fetch_project(connect(fake), SelectedProject(FOO), plan(DocumentKind.PROJECT))
    assert {str(error) for error in result.failures.values()} == {
        f"this index offers no project document of foo, although it has the project ({fake.url}/pypi/foo/json "
        "answered 404): leave the stream out, or read an index that has it"
    }
    assert set(result.failures) == BEHIND_PROJECT


# The index as a whole -----------------------------------------------------------------------------------------

PATHS = {
    DocumentKind.STATISTICS: "/stats/",
    DocumentKind.LISTING: "/simple/",
    DocumentKind.RECENT_RELEASES: "/rss/updates.xml",
    DocumentKind.RECENT_PROJECTS: "/rss/packages.xml",
}


@pytest.mark.parametrize("read", OF_INDEX, ids=lambda read: read.name)
def test_a_document_of_the_index(world: World, fake: FakeIndex, connect: Connect, read: DocumentKind) -> None:
    """A document of the index is one request; others are not asked for."""
    full(world, "1.0")
    result = fetch_index(connect(fake), [read, DocumentKind.PROJECT, read])
    assert fake.counts == {PATHS[read]: 1}
    assert [document.url for document in result.documents.all()] == [f"{fake.url}{PATHS[read]}"]
    assert (result.failures, result.project, result.documents.project) == ({}, None, None)


def test_documents_of_a_poor_index(world: World, serve: Callable[..., FakeIndex], connect: Connect) -> None:
    """Documents that the index does not offer are told one by one; the list is there."""
    fake = serve(poverty=True)
    result = fetch_index(connect(fake), OF_INDEX)
    assert {read: (type(error), str(error).partition(":")[0]) for read, error in result.failures.items()} == {
        read: (
            NotOfferedError,
            f"this index offers no {read.value} ({fake.url}{PATHS[read]} answered 404)".partition(":")[0],
        )
        for read in OF_INDEX - {DocumentKind.LISTING}
    }
    assert fake.counts == dict.fromkeys(PATHS.values(), 1)


def test_nothing_to_ask(fake: FakeIndex, connect: Connect) -> None:
    """Where nothing is read nothing is asked."""
    assert fetch_index(connect(fake), [DocumentKind.PROJECT]).failures == {}
    assert fake.requests == []


# What is known already ----------------------------------------------------------------------------------------


def seen_from(result: FetchResult, *names: str, **more: Any) -> PreviousState:
    """What streams by these names have seen, whose rows were made of what a visit found."""
    streams = choose_streams(names)
    terms = {stream.name: b"term" for stream in streams}
    batch = batch_of(result, PreviousState(streams), terms, datetime(2026, 11, 22, tzinfo=UTC))
    seen = {name: change.state for name, change in batch.changes.items()}
    return PreviousState(streams, seen, frozenset(seen), **more)


EVERYTHING = plan(*(read for read in DocumentKind if read.of_project), releases="all")
EVERY = ("files", "release", "core_metadata", "attestations", "statuses")


def test_nothing_has_changed(fake: FakeIndex, connect: Connect) -> None:
    """Documents that are unchanged are not brought; their marks stay, and nothing is said of what lies behind them."""
    full(fake.world, "1.0", "2.0")
    index = connect(fake)
    first = fetch_project(index, SelectedProject(FOO), EVERYTHING)
    fake.new_run()
    again = fetch_project(index, SelectedProject(FOO), EVERYTHING, seen_from(first, *EVERY))
    assert (kinds(fake), brought(again)) == (["project", "page"], set())
    assert {request.status for request in fake.requests} == {304}
    assert (again.fingerprints, again.partitions, again.failures, again.stale) == (first.fingerprints, {}, {}, set())


def test_a_deep_visit(fake: FakeIndex, connect: Connect) -> None:
    """In a deep visit release documents are asked for, on condition, although nothing has changed."""
    full(fake.world, "1.0", "2.0", "3.0")
    index = connect(fake)
    first = fetch_project(index, SelectedProject(FOO), plan(DocumentKind.RELEASES, releases="all"))
    fake.new_run()
    known = seen_from(first, "release", full_check=True)
    again = fetch_project(index, SelectedProject(FOO), plan(DocumentKind.RELEASES, releases="all"), known)
    assert [(request.path, request.status) for request in fake.requests] == [
        ("/pypi/foo/json", 304),
        ("/pypi/foo/1.0/json", 304),
        ("/pypi/foo/2.0/json", 304),
    ]
    assert again.partitions == {DocumentKind.RELEASES: first.partitions[DocumentKind.RELEASES] | {"3.0": UNKNOWN}}
    assert brought(again) == set()


def test_what_is_missing_behind_an_unchanged_document(
    world: World, serve: Callable[..., FakeIndex], connect: Connect
) -> None:
    """METADATA that is promised and not there is not asked for again until something changes, or a deep visit comes."""
    world.upload("foo", "1.0", filename="foo-1.0-py3-none-any.whl")
    fake = serve(etags=False)
    index = connect(fake)
    asked = plan(DocumentKind.CORE_METADATA)
    first = fetch_project(index, SelectedProject(FOO), asked)
    assert (kinds(fake), first.partitions) == (["project", "metadata"], {DocumentKind.CORE_METADATA: {}})
    for deep, expected in ((False, ["project"]), (True, ["project", "metadata"])):
        fake.new_run()
        fetch_project(index, SelectedProject(FOO), asked, seen_from(first, "core_metadata", full_check=deep))
        assert kinds(fake) == expected


def test_an_old_copy_is_left(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Of a project of which only old copies come nothing else is asked for, and nothing is taken for known."""
    full(world, "1.0")
    world.yank("foo", "1.0")
    index = connect(fake)
    first = fetch_project(index, SelectedProject(FOO), EVERYTHING)
    fake.new_run()
    fake.fault("/pypi/foo/json", faults.stale(), times=None)
    again = fetch_project(index, SelectedProject(FOO), EVERYTHING, seen_from(first, *EVERY))
    assert set(kinds(fake)) == {"project"}
    assert (again.stale, again.failures, again.fingerprints, again.partitions) == (set(BEHIND_PROJECT), {}, {}, {})
    assert (brought(again), again.missing, len(again.warnings)) == (set(), False, 1)


def test_absence_is_asked_for_again(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project that was missing is asked for without condition, and its page says why again."""
    index = connect(fake)
    first = fetch_project(index, SelectedProject(FOO), EVERYTHING)
    assert (first.missing, first.fingerprints) == (True, {DocumentKind.PROJECT: ABSENT, DocumentKind.PAGE: ABSENT})
    fake.new_run()
    again = fetch_project(index, SelectedProject(FOO), EVERYTHING, seen_from(first, "files", "statuses"))
    assert (again.missing, again.fingerprints, kinds(fake)) == (True, first.fingerprints, ["project", "page"])


def test_a_project_that_goes_between_two_questions(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Where the document is gone when it is asked for once more, the streams of the page are left for the next run."""
    full(world, "1.0")
    index = connect(fake)
    first = fetch_project(index, SelectedProject(FOO), plan(DocumentKind.PROJECT, DocumentKind.PAGE))
    world.archive("foo")
    fake.new_run()
    fake.fault("/pypi/foo/json", faults.Fault("304", Answer(304, "application/json", b"")))
    fake.fault("/pypi/foo/json", faults.Fault("404", Answer(404, "application/json", b"{}")))
    again = fetch_project(
        index,
        SelectedProject(FOO),
        plan(DocumentKind.PROJECT, DocumentKind.PAGE),
        seen_from(first, "files", "statuses"),
    )
    assert [(request.path, request.status) for request in fake.requests] == [
        ("/pypi/foo/json", 304),
        ("/simple/foo/", 200),
        ("/pypi/foo/json", 404),
    ]
    assert (again.stale, again.failures, again.missing) == ({DocumentKind.PAGE, DocumentKind.PROVENANCE}, {}, False)
    assert again.fingerprints[DocumentKind.PROJECT] == first.fingerprints[DocumentKind.PROJECT]


def test_needs_to_remember() -> None:
    """What is needed is remembered only if all of it could be read; what an index never offers is no obstacle."""
    outage, lacks = UnavailableError("x", 503, 7, 1.0, None), NotOfferedError("x", "y")
    assert FetchResult(requirements=("a",)).complete_requirements == ("a",)
    assert FetchResult(
        requirements=("a",), failures={DocumentKind.CORE_METADATA: lacks, DocumentKind.PAGE: outage}
    ).complete_requirements == ("a",)
    for cut in (
        FetchResult(requirements=("a",), failures={DocumentKind.RELEASES: outage}),
        FetchResult(requirements=("a",), failures={DocumentKind.CORE_METADATA: outage}),
        FetchResult(requirements=("a",), stale={DocumentKind.RELEASES}),
        FetchResult(requirements=("a",), user_errors=[outage]),
        FetchResult(),
    ):
        assert cut.complete_requirements is None


def test_the_list_of_projects_on_condition(world: World, fake: FakeIndex, connect: Connect) -> None:
    """The list is asked for on condition; an old copy of it is left."""
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
    left = fetch_index(index, [DocumentKind.LISTING], Fingerprint(serial=fingerprint.serial))
    assert (left.stale, left.failures, left.fingerprints) == ({DocumentKind.LISTING}, {}, {})
