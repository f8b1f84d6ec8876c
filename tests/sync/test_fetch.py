"""sync/fetch.py: the project document, the project page, and why a project document is missing."""

from collections.abc import Callable, Iterable

import pytest

from source_pypi.errors import (
    DamagedError,
    DocumentError,
    NotOfferedError,
    RefusedError,
    UnavailableError,
    UnreachableError,
)
from source_pypi.selection import SelectedProject
from source_pypi.services.index.documents import ABSENT
from source_pypi.services.index.documents.kinds import VIA_PROJECT, DocumentKind
from source_pypi.sync.fetch import fetch_project
from source_pypi.sync.fetch_plan import FetchPlan
from tests.fake_index import FakeIndex, World, faults
from tests.fake_index.site import Answer
from tests.sync.fetching import EVERY, EVERYTHING, FOO, Connect, full, kinds, plan, received, state_after


@pytest.mark.parametrize(
    ("wanted", "requests", "expected"),
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
            plan(*(kind for kind in DocumentKind if kind.of_project), releases="all", use_core_metadata=True),
            ["project", "page", "release", "metadata", "metadata", "provenance", "provenance"],
            {"project", "page", "releases", "metadata", "provenance"},
        ),
    ],
)
def test_plan_decides_what_is_requested(
    fake: FakeIndex, connect: Connect, wanted: FetchPlan, requests: list[str], expected: set[str]
) -> None:
    """The project document is requested first, then what else the plan needs, each document once."""
    full(fake.world, "1.0", "2.0")
    result = fetch_project(connect(fake), SelectedProject(FOO), wanted)
    assert kinds(fake) == requests
    assert received(result) == expected
    assert (result.failures, result.warnings, result.missing) == ({}, [], False)


@pytest.mark.parametrize(
    ("path", "failed"),
    [
        ("/pypi/foo/json", VIA_PROJECT),
        ("/simple/foo/", {DocumentKind.PAGE, DocumentKind.PROVENANCE}),
        ("/pypi/foo/1.0/json", {DocumentKind.RELEASES}),
        ("*.metadata", {DocumentKind.CORE_METADATA}),
        ("/integrity/*", {DocumentKind.PROVENANCE}),
    ],
)
@pytest.mark.parametrize("fault", [faults.json({"message": "ok"}), faults.reset()], ids=lambda fault: fault.name)
def test_failed_request_costs_its_kinds_of_documents(
    fake: FakeIndex, connect: Connect, path: str, failed: Iterable[DocumentKind], fault: faults.Fault
) -> None:
    """A request that fails costs the documents behind it, and no others."""
    full(fake.world, "1.0", "2.0")
    index = connect(fake)
    index.statistics()
    fake.fault(path, fault, times=None)
    every = plan(*(kind for kind in DocumentKind if kind.of_project), releases="all")
    result = fetch_project(index, SelectedProject(FOO), every)
    other = DamagedError if path == "*.metadata" else DocumentError  # of metadata, the digest is known beforehand
    error = UnreachableError if fault.name == "reset" else other
    assert {kind: type(failure) for kind, failure in result.failures.items()} == dict.fromkeys(failed, error)


def test_html_that_is_no_page_is_a_failure(world: World, fake: FakeIndex, connect: Connect) -> None:
    """HTML without links to files, as the login page of a network sends it, is no page."""
    full(world, "1.0")
    fake.fault("/simple/foo/", faults.html())
    result = fetch_project(connect(fake), SelectedProject(FOO), plan(DocumentKind.PAGE))
    assert {kind: type(failure) for kind, failure in result.failures.items()} == dict.fromkeys(
        (DocumentKind.PAGE, DocumentKind.PROVENANCE), DocumentError
    )


def test_406_is_not_offered(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A page that the index has in neither form, and refuses with 406, counts as not offered."""
    full(world, "1.0")
    world.override("/simple/foo/", b"Not Acceptable", "text/plain", 406)
    result = fetch_project(connect(fake), SelectedProject(FOO), plan(DocumentKind.PAGE))
    assert [str(failure) for failure in dict.fromkeys(result.failures.values())] == [
        f"this index offers no project page as JSON or HTML (PEP 691) ({fake.url}/simple/foo/ answered 406): "
        "leave the stream out, or read an index that has it"
    ]


def test_redirect_to_another_index_is_a_missing_project(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A redirect to another index is not followed: the project is missing, and a warning says where it leads."""
    with FakeIndex(world) as other:
        full(world, "1.0")
        for path in ("/pypi/foo/json", "/simple/foo/"):
            fake.fault(path, faults.redirect(f"{other.url.replace('http://', 'http://me:s3cret@')}{path}"), times=None)
        result = fetch_project(connect(fake), SelectedProject(FOO), plan(DocumentKind.PROJECT))
        assert (result.missing, other.requests) == (True, [])
        assert result.warnings == [
            f"foo: the index redirects to another host, {other.url}/pypi/foo/json, which is not followed"
        ]


def test_redirect_of_a_document_whose_page_is_there(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If only the document is redirected to another host, the error says that, and not that it is missing."""
    full(world, "1.0")
    fake.fault("/pypi/foo/json", faults.redirect("http://other.test/pypi/foo/json"), times=None)
    result = fetch_project(connect(fake), SelectedProject(FOO), plan(DocumentKind.PROJECT))
    error = result.failures[DocumentKind.PROJECT]
    assert isinstance(error, NotOfferedError)
    assert error.found == "redirects to another host, http://other.test/pypi/foo/json, which is not followed"


def test_index_that_never_responded_raises(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If no connection can be made, the error is raised: further requests would fail, too."""
    index = connect(fake)
    fake.stop()
    with pytest.raises(UnreachableError):
        fetch_project(index, SelectedProject(FOO), plan(DocumentKind.PROJECT))


def test_refused_credentials_raise_and_a_refused_document_does_not(
    world: World, serve: Callable[..., FakeIndex], connect: Connect
) -> None:
    """Refused credentials (401) raise; a document that is refused (403) is recorded."""
    fake = serve(username="me", password="pw")
    with pytest.raises(RefusedError):
        fetch_project(connect(fake), SelectedProject(FOO), plan(DocumentKind.PROJECT))
    full(world, "1.0")
    open_one = serve()
    open_one.fault("/simple/foo/", faults.forbidden())
    result = fetch_project(connect(open_one), SelectedProject(FOO), plan(DocumentKind.PROJECT, DocumentKind.PAGE))
    assert {kind: type(error) for kind, error in result.failures.items()} == dict.fromkeys(
        (DocumentKind.PAGE, DocumentKind.PROVENANCE), RefusedError
    )


def test_absence_without_page_is_not_missing(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If there is no document and the page cannot be read, nothing is known: the project is not missing."""
    fake.fault("/simple/foo/", faults.unavailable(), times=None)
    result = fetch_project(connect(fake), SelectedProject(FOO), plan(DocumentKind.PROJECT))
    assert (result.missing, result.warnings) == (False, [])
    assert {kind: type(error) for kind, error in result.failures.items()} == dict.fromkeys(
        {*VIA_PROJECT, DocumentKind.PAGE}, UnavailableError
    )


def test_page_without_document_is_not_offered(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project whose page lists files and that has no document is on an index without project documents."""
    full(world, "1.0")
    world.override("/pypi/foo/json", b"", status=404)
    result = fetch_project(connect(fake), SelectedProject(FOO), plan(DocumentKind.PROJECT))
    assert {str(error) for error in result.failures.values()} == {
        f"this index offers no project documents of foo ({fake.url}/pypi/foo/json answered 404): "
        "leave the stream out, or read an index that has it"
    }
    assert set(result.failures) == VIA_PROJECT


def test_unchanged_documents_are_not_received(fake: FakeIndex, connect: Connect) -> None:
    """Unchanged documents keep their fingerprints, and nothing is recorded of the documents that they lead to."""
    full(fake.world, "1.0", "2.0")
    index = connect(fake)
    first = fetch_project(index, SelectedProject(FOO), EVERYTHING)
    fake.new_run()
    again = fetch_project(index, SelectedProject(FOO), EVERYTHING, state_after(first, *EVERY))
    assert (kinds(fake), received(again)) == (["project", "page"], set())
    assert {request.status for request in fake.requests} == {304}
    assert (again.fingerprints, again.partitions, again.failures, again.unusable) == (first.fingerprints, {}, {}, set())


def test_old_copies_of_the_project_document_end_the_fetch(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If only old copies of the project document come, nothing else is requested, and nothing is recorded."""
    full(world, "1.0")
    world.yank("foo", "1.0")
    index = connect(fake)
    first = fetch_project(index, SelectedProject(FOO), EVERYTHING)
    fake.new_run()
    fake.fault("/pypi/foo/json", faults.stale(), times=None)
    again = fetch_project(index, SelectedProject(FOO), EVERYTHING, state_after(first, *EVERY))
    assert set(kinds(fake)) == {"project"}
    assert (again.unusable, again.failures, again.fingerprints, again.partitions) == (set(VIA_PROJECT), {}, {}, {})
    assert (received(again), again.missing, len(again.warnings)) == (set(), False, 1)


def test_absent_project_is_requested_without_condition(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project that was missing is requested without condition, and its page says why again."""
    index = connect(fake)
    first = fetch_project(index, SelectedProject(FOO), EVERYTHING)
    assert (first.missing, first.fingerprints) == (True, {DocumentKind.PROJECT: ABSENT, DocumentKind.PAGE: ABSENT})
    fake.new_run()
    again = fetch_project(index, SelectedProject(FOO), EVERYTHING, state_after(first, "files", "statuses"))
    assert (again.missing, again.fingerprints, kinds(fake)) == (True, first.fingerprints, ["project", "page"])


def test_project_that_disappears_between_two_requests_is_read_later(
    world: World, fake: FakeIndex, connect: Connect
) -> None:
    """If the document is gone when it is requested in full, the next run reads the streams of the page."""
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
        state_after(first, "files", "statuses"),
    )
    assert [(request.path, request.status) for request in fake.requests] == [
        ("/pypi/foo/json", 304),
        ("/simple/foo/", 200),
        ("/pypi/foo/json", 404),
    ]
    assert (again.unusable, again.failures, again.missing) == ({DocumentKind.PAGE, DocumentKind.PROVENANCE}, {}, False)
    assert again.fingerprints[DocumentKind.PROJECT] == first.fingerprints[DocumentKind.PROJECT]
