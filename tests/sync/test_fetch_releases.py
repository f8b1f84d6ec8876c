"""sync/fetch_releases.py: release documents, core metadata and provenance."""

from collections.abc import Callable
from typing import Any

import pytest

from source_pypi.selection import SelectedProject
from source_pypi.services.index.documents import ABSENT, ABSENT_AGAIN, UNKNOWN
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.sync.batch import Notice
from source_pypi.sync.fetch import fetch_project
from source_pypi.sync.notices import NoticeKind
from tests.fake_index import FakeIndex, World
from tests.sync.fetching import FOO, Connect, full, kinds, plan, received, state_after


def test_core_metadata_is_not_requested_if_the_index_has_requirements(
    world: World, fake: FakeIndex, connect: Connect
) -> None:
    """Core metadata is requested only if the index says nothing of the requirements."""
    full(world, "1.0")
    world.projects["foo"].releases["1.0"].info["requires_dist"] = []
    fetch_project(connect(fake), SelectedProject(FOO), plan(DocumentKind.RELEASES, use_core_metadata=True))
    assert kinds(fake) == ["project"]


@pytest.mark.parametrize("offered", [False, None])
def test_core_metadata_that_is_not_offered_is_not_requested(
    world: World, fake: FakeIndex, connect: Connect, offered: Any
) -> None:
    """The METADATA of a file is not requested if the index does not say that it has it."""
    file = {"filename": "a-1-py3-none-any.whl", "packagetype": "bdist_wheel", "url": "a", "core-metadata": offered}
    world.override("/pypi/foo/json", {"info": {"version": "1"}, "releases": {"1": [file]}, "urls": [file]})
    fetch_project(connect(fake), SelectedProject(FOO), plan(DocumentKind.CORE_METADATA))
    assert kinds(fake) == ["project"]


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
def test_wanted_releases_are_read_in_order(
    fake: FakeIndex, connect: Connect, target: SelectedProject, releases: Any, expected: dict[str, bool]
) -> None:
    """Pins come first, in the index's spelling, then the latest release, then, if all are read, the rest; each once."""
    full(fake.world, "1.0", "2.0", "3.0")
    result = fetch_project(connect(fake), target, plan(DocumentKind.RELEASES, releases=releases))
    assert [view.version for view in result.documents.releases] == list(expected)
    assert result.pinned == {version for version, pinned in expected.items() if pinned}
    assert kinds(fake) == ["project"] + ["release"] * len([version for version in expected if version != "3.0"])


def test_exact_spelling_of_a_pin_comes_first(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If the index has two spellings of one version, a pin means the one that it spells."""
    full(world, "1.0", "1.0.0")
    result = fetch_project(connect(fake), SelectedProject(FOO, ("1.0",), False), plan(DocumentKind.RELEASES))
    assert [view.version for view in result.documents.releases] == ["1.0"]


def test_missing_release_documents_are_counted(world: World, serve: Callable[..., FakeIndex], connect: Connect) -> None:
    """Releases without documents are counted; a run reports them once for all projects."""
    full(world, *(f"1.{number}" for number in range(9)))
    result = fetch_project(
        connect(serve(poverty=True)), SelectedProject(FOO), plan(DocumentKind.RELEASES, releases="all")
    )
    assert (result.warnings, result.notices) == ([], [Notice(NoticeKind.UNREAD, count=8)])


def test_full_check_requests_all_releases_conditionally(fake: FakeIndex, connect: Connect) -> None:
    """A full check requests release documents, conditionally, although nothing has changed."""
    full(fake.world, "1.0", "2.0", "3.0")
    index = connect(fake)
    first = fetch_project(index, SelectedProject(FOO), plan(DocumentKind.RELEASES, releases="all"))
    fake.new_run()
    previous = state_after(first, "release", full_check=True)
    again = fetch_project(index, SelectedProject(FOO), plan(DocumentKind.RELEASES, releases="all"), previous)
    assert [(request.path, request.status) for request in fake.requests] == [
        ("/pypi/foo/json", 304),
        ("/pypi/foo/1.0/json", 304),
        ("/pypi/foo/2.0/json", 304),
    ]
    assert again.partitions == {DocumentKind.RELEASES: first.partitions[DocumentKind.RELEASES] | {"3.0": UNKNOWN}}
    assert received(again) == set()


def test_missing_core_metadata_is_requested_again_by_a_full_check(
    world: World, serve: Callable[..., FakeIndex], connect: Connect
) -> None:
    """METADATA that is announced and missing is requested again by the next run, and then by full checks."""
    world.upload("foo", "1.0", filename="foo-1.0-py3-none-any.whl", metadata=None, core_metadata="cc")
    fake = serve(etags=False)
    index = connect(fake)
    wanted = plan(DocumentKind.CORE_METADATA)
    first = fetch_project(index, SelectedProject(FOO), wanted)
    found = {DocumentKind.CORE_METADATA: {"foo-1.0-py3-none-any.whl": ABSENT}}
    assert (kinds(fake), first.partitions) == (["project", "metadata"], found)
    after, expected = first, ["project", "metadata"]
    for full_check, requested in ((False, expected), (False, ["project"]), (True, expected)):
        fake.new_run()
        previous = state_after(after, "core_metadata", full_check=full_check)
        again = fetch_project(index, SelectedProject(FOO), wanted, previous)
        assert kinds(fake) == requested
        after = again if requested == expected else after
    assert after.partitions == {DocumentKind.CORE_METADATA: {"foo-1.0-py3-none-any.whl": ABSENT_AGAIN}}
