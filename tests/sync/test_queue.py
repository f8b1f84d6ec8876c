"""sync/queue.py: which project comes next: the selected ones, their dependencies, the listed ones."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from packaging.utils import NormalizedName

from source_pypi.config import make_config
from source_pypi.errors import DocumentError, NotOfferedError, SourceError, UnavailableError
from source_pypi.selection import SelectedProject, Selection, select
from source_pypi.services.index.api import Index
from source_pypi.streams import choose_streams
from source_pypi.sync.batch import Batch
from source_pypi.sync.queue import ProjectQueue
from source_pypi.sync.run import batches
from tests.batches import rows_in
from tests.fake_index import FakeIndex, World, faults
from tests.memory_store import MemoryStore
from tests.sync.helpers import counts, read

Connect = Callable[..., Index]
FILES = choose_streams(["files"])


def documents(*names: str) -> dict[str, int]:
    """Return one request for the document of each project."""
    return {f"/pypi/{name}/json": 1 for name in names}


def projects_in(given: Iterable[Batch]) -> list[str | None]:
    """Return the projects of batches, in order; None: the whole index."""
    return [batch.project for batch in given]


def add_with_requirements(world: World, **requirements: list[str]) -> None:
    """Add projects by name, each with the requirements of its only release."""
    for name, listed in requirements.items():
        world.add(name, requires_dist=listed)


# The whole index ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [["files"], ["files", "listing"], ["listing", "files", "stats"]])
def test_whole_index_reads_every_listed_project(
    world: World, fake: FakeIndex, connect: Connect, names: list[str]
) -> None:
    """Every listed project is read, and the list is requested once, also if it is a stream."""
    for name in ("b", "A.b", "c"):
        world.add(name)
    world.add("hidden")
    world.quarantine("hidden")
    given = list(read(connect(fake), [], choose_streams(names), whole_index=True))
    assert projects_in(given) == ["a-b", "b", "c"] + [None] * (len(names) > 1)
    assert [batch.total_projects for batch in given[:3]] == [3, 3, 3]
    stats = {"/stats/": 1} if "stats" in names else {}
    assert fake.counts == {"/simple/": 1, **documents("a-b", "b", "c"), **stats}
    if "listing" in names:
        assert counts(given[-1])["listing"] == 3


def test_named_projects_come_before_the_listed_ones(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Named projects come first, with their pins, and no project is read twice."""
    for name in ("a", "b", "c"):
        world.add(name, ["1.0", "2.0"])
    given = list(read(connect(fake), ["C==1.0", "b"], choose_streams(["release"]), whole_index=True))
    assert projects_in(given) == ["c", "b", "a"]
    assert fake.counts == {"/simple/": 1, **documents("a", "b", "c"), "/pypi/c/1.0/json": 1}
    assert given[-1].total_projects == 3


@pytest.mark.parametrize(
    ("exclude", "expected"),
    [
        (["b"], ["a-x", "a-y", "c"]),
        (["A_*"], ["b", "c"]),
        (["?"], ["a-x", "a-y"]),
        (["a.x", "C"], ["a-y", "b"]),
        (["nothing-*"], ["a-x", "a-y", "b", "c"]),
        (["*"], []),
    ],
)
def test_excluded_projects_are_not_requested(
    world: World, fake: FakeIndex, connect: Connect, exclude: list[str], expected: list[str]
) -> None:
    """A project that a pattern excludes, in any spelling, is not requested."""
    for name in ("A.x", "a_y", "b", "c"):
        world.add(name)
    given = list(read(connect(fake), [], FILES, whole_index=True, exclude=exclude))
    assert projects_in(given) == expected
    assert fake.counts == {"/simple/": 1, **documents(*expected)}


def test_patterns_exclude_named_and_required_projects(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A pattern excludes named and required projects, with all that only these require."""
    add_with_requirements(world, a=["internal-x", "b"], internal_x=["c"], b=["a"], c=[])
    given = read(connect(fake), ["a", "Internal.X"], FILES, exclude=["internal-*"], follow_dependencies=9)
    assert projects_in(given) == ["a", "b"]
    assert fake.counts == documents("a", "b")


def test_listed_spellings_of_one_project_are_read_once(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Several listed spellings of one project are read once; an entry without a name is ignored."""
    world.add("a")
    names = ["A", "a", None, "", "a"]
    world.override("/simple/", json.dumps({"projects": [{"name": name} for name in names]}).encode())
    assert projects_in(read(connect(fake), [], FILES, whole_index=True)) == ["a"]
    assert fake.counts == {"/simple/": 1, **documents("a")}


@pytest.mark.parametrize("name", ["../../evil", "a/b", "a b", "a?b#c", "\u00e4", "-a-"])
def test_listed_name_that_is_invalid_is_not_requested(
    world: World, fake: FakeIndex, connect: Connect, name: str
) -> None:
    """A name that no project can have is never made part of a URL."""
    world.add("a")
    world.override("/simple/", json.dumps({"projects": [{"name": name}, {"name": "a"}]}).encode())
    assert "a" in projects_in(read(connect(fake), [], FILES, whole_index=True))
    assert {request.path for request in fake.requests} == {"/simple/", *documents("a")}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.html(), DocumentError),
        (faults.json({"message": "ok"}), DocumentError),
        (faults.unavailable(), UnavailableError),
    ],
)
def test_failed_list_ends_a_run_over_the_whole_index(
    world: World, fake: FakeIndex, connect: Connect, fault: faults.Fault, error: type[SourceError]
) -> None:
    """Without the list there is nothing to read: one error, also if the list is a stream."""
    world.add("a")
    fake.fault("/simple/", fault, times=None)
    with pytest.raises(error):
        list(read(connect(fake), ["a"], choose_streams(["files", "listing"]), whole_index=True))
    assert {request.path for request in fake.requests} == {"/simple/"}


def test_index_without_a_list_cannot_be_read_whole(world: World, fake: FakeIndex, connect: Connect) -> None:
    """An index without a list cannot be read whole."""
    world.override("/simple/", b"", status=404)
    with pytest.raises(NotOfferedError):
        list(read(connect(fake), [], FILES, whole_index=True))


def test_streams_of_the_index_need_no_list(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Without streams of projects the list is not requested."""
    world.add("a")
    config = make_config({"whole_index": True})
    assert projects_in(batches(connect(fake), select(config), choose_streams(["stats"]), config)) == [None]
    assert fake.counts == {"/stats/": 1}


def test_whole_index_with_dependencies_reads_each_project_once(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Required and listed projects are read once."""
    add_with_requirements(world, a=["b", "unlisted"], b=["a"])
    given = read(connect(fake), [], FILES, whole_index=True, follow_dependencies=2)
    assert projects_in(given) == ["a", "b", "unlisted"]
    assert fake.counts == {"/simple/": 1, "/simple/unlisted/": 1, **documents("a", "b", "unlisted")}


# Names --------------------------------------------------------------------------------------------------------


def test_spellings_of_one_project_are_read_once(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project named in several spellings is read once, with every version asked for."""
    world.add("Foo.Bar", ["1.0", "2.0", "3.0"])
    asked = ["foo_bar==1.0", "Foo.Bar", "FOO--BAR==2", "foo-bar==1.0.0"]
    (batch,) = read(connect(fake), asked, choose_streams(["release"]))
    assert [row["version"] for row in rows_in(batch)["release"]] == ["1.0", "2.0", "3.0"]
    releases = {f"/pypi/foo-bar/{version}/json": 1 for version in ("1.0", "2.0")}
    assert fake.counts == {**documents("foo-bar"), **releases}


# Dependencies -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("levels", "expected"), [(0, "a"), (1, "ab"), (2, "abc"), (3, "abcd"), (4, "abcd"), (100, "abcd")]
)
def test_dependencies_are_followed_as_many_levels_as_set(
    world: World, fake: FakeIndex, connect: Connect, levels: int, expected: str
) -> None:
    """Dependencies are followed as many levels deep as set, with one request a project."""
    add_with_requirements(world, a=["b"], b=["c"], c=["d"], d=[])
    given = list(read(connect(fake), ["a"], FILES, follow_dependencies=levels))
    assert projects_in(given) == [*expected]
    assert fake.counts == documents(*expected)
    assert given[-1].total_projects == len(expected)


def test_project_that_several_require_is_read_once(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project that others, or itself, require several times is read once, level by level."""
    add_with_requirements(world, a=["b", "c", "a"], b=["d"], c=["D", "b"], d=["a", "e"], e=["e"])
    assert projects_in(read(connect(fake), ["a", "c"], FILES, follow_dependencies=100)) == [*"acbde"]
    assert fake.counts == documents(*"abcde")


def test_depth_is_that_of_the_shortest_path(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project that is required both near and far is followed from near."""
    add_with_requirements(world, a=["b", "d"], b=["c"], c=["d"], d=["e"], e=["f"], f=[])
    assert projects_in(read(connect(fake), ["a"], FILES, follow_dependencies=2)) == [*"abdce"]


def test_requirements_of_every_platform_are_followed(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Platform markers do not matter. A requirement that PEP 508 does not allow is followed by its name, if any."""
    invalid = ["pytz (>dev)", "git+https://example.com/d.git", "-e ./e", "f/g", "git@example.com:h.git"]
    valid = ["b; os_name == 'nt'", "c; python_version < '3'"]
    add_with_requirements(world, a=[*valid, *invalid, "B >= 2"], b=[], c=[], pytz=[])
    assert projects_in(read(connect(fake), ["a"], FILES, follow_dependencies=1)) == [*"abc", "pytz"]


def test_requirements_of_extras_are_followed_if_they_are_asked_for(
    world: World, fake: FakeIndex, connect: Connect
) -> None:
    """What an extra requires is read if the extra is asked for, in any spelling, by name or by a requirement."""
    extras = ["x; extra == 'One_x'", "y; extra == 'two'", "z; 'three' == extra"]
    add_with_requirements(world, a=["b[one.x]", *extras], b=extras, x=[], y=[], z=[])
    assert projects_in(read(connect(fake), ["a[two]"], FILES, follow_dependencies=2)) == [*"abyx"]


def test_requirements_of_extras_are_not_followed_otherwise(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Without extras, only unconditional requirements are followed."""
    add_with_requirements(world, a=["b", "x; extra == 'x'", "y; extra == 'x' and os_name == 'nt'"], b=[], x=[], y=[])
    assert projects_in(read(connect(fake), ["a"], FILES, follow_dependencies=1)) == [*"ab"]


def test_extra_asked_for_later_adds_its_requirements(world: World, fake: FakeIndex, connect: Connect) -> None:
    """An extra that is asked for after the project was read adds its requirements; the project is not read again."""
    add_with_requirements(world, a=["x; extra == 'late'"], b=["c"], c=["a[late]"], x=["y"], y=[])
    assert projects_in(read(connect(fake), ["a", "b"], FILES, follow_dependencies=9)) == [*"abcxy"]
    assert fake.counts == documents(*"abcxy")


def test_extra_of_a_project_that_the_list_skips_adds_its_requirements(
    world: World, fake: FakeIndex, connect: Connect
) -> None:
    """A changed project asks for an extra of an unchanged one, which was sampled: what the extra requires is read."""
    index, store = connect(fake), MemoryStore()
    add_with_requirements(world, a=[], b=["unlisted; extra == 'x'"])
    store.sync(fake, index, [], ["files"], whole_index=True, follow_dependencies=9)
    world.add("a", ["2.0"], requires_dist=["b[x]"])
    store.sync(fake, index, [], ["files"], whole_index=True, follow_dependencies=9)
    assert projects_in(store.batches) == [None, "a", "b", "unlisted"]
    assert fake.counts == {"/simple/": 1, "/simple/unlisted/": 1, **documents("a", "b", "unlisted")}


def test_extra_made_of_other_extras_adds_theirs(world: World, fake: FakeIndex, connect: Connect) -> None:
    """An extra that consists of the project's other extras adds what those require."""
    everything = ["foo[x,y]; extra == 'all'", "foo[z]; extra == 'y'", *(f"{e}; extra == '{e}'" for e in "xyzw")]
    add_with_requirements(world, foo=everything, x=[], y=[], z=[], w=[])
    given = projects_in(read(connect(fake), ["foo[all]"], FILES, follow_dependencies=1))
    assert sorted(name or "" for name in given) == ["foo", "x", "y", "z"]


def test_requirements_of_the_pinned_release_are_followed(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Of a pinned project, the pinned release's requirements are followed, not the latest one's."""
    world.add("a", ["1.0"], requires_dist=["old"])
    world.add("a", ["2.0"], requires_dist=["new"])
    add_with_requirements(world, old=[], new=[])
    assert projects_in(read(connect(fake), ["a==1.0.0"], FILES, follow_dependencies=1)) == ["a", "old"]
    assert fake.counts == {**documents("a", "old"), "/pypi/a/1.0/json": 1}
    fake.new_run()
    assert projects_in(read(connect(fake), ["a==1.0", "a"], FILES, follow_dependencies=1)) == ["a", "old", "new"]
    fake.new_run()
    assert projects_in(read(connect(fake), ["a==2.0"], FILES, follow_dependencies=1)) == ["a", "new"]
    assert fake.counts == documents("a", "new")


def test_pin_that_only_the_release_document_spells_is_followed(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A pin that only the release document spells as the index does is followed as well (index-api.md 19)."""
    world.override("/pypi/a/json", {"info": {"version": "2.0", "requires_dist": ["new"]}})
    world.override("/pypi/a/1.0.0/json", {"info": {"version": "1.0", "requires_dist": ["old"]}})
    add_with_requirements(world, old=[], new=[])
    assert projects_in(read(connect(fake), ["a==1.0.0"], FILES, follow_dependencies=1)) == ["a", "old"]


def test_pinned_release_is_not_requested_without_need(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If nothing is followed, streams that read no release documents do not request a pinned release's."""
    world.add("a", ["1.0", "2.0"])
    assert projects_in(read(connect(fake), ["a==1.0"], FILES)) == ["a"]
    assert fake.counts == documents("a")


def test_only_the_latest_release_is_followed(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Which releases are read does not change which one is followed: the latest."""
    world.add("a", ["1.0"], requires_dist=["old"])
    world.add("a", ["2.0"], requires_dist=["new"])
    add_with_requirements(world, old=[], new=[])
    streams = choose_streams(["dependencies"])
    given = list(read(connect(fake), ["a"], streams, releases="all", follow_dependencies=1))
    assert projects_in(given) == ["a", "new"]
    assert counts(given[0]) == {"dependencies": 2}


def test_missing_dependency_is_a_warning(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A required project that is not on the index is a warning: the user has not mistyped it."""
    add_with_requirements(world, a=["nope", "b"], b=["nope"])
    given = list(read(connect(fake), ["a"], FILES, follow_dependencies=5))
    assert [(batch.project, batch.missing) for batch in given] == [("a", False), ("nope", False), ("b", False)]
    warnings = ("nope is listed or required, but the index does not have it",)
    assert given[1] == Batch("nope", given[1].seen_at, given[1].changes, warnings=warnings, total_projects=3)
    assert counts(given[1]) == {"files": 0}


def test_hidden_dependency_is_a_warning(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A required project without document is a warning, and its requirements are unknown."""
    add_with_requirements(world, a=["hidden", "empty"], hidden=["b"], b=[])
    world.quarantine("hidden")
    world.project("empty")
    given = list(read(connect(fake), ["a"], FILES, follow_dependencies=5))
    assert [(batch.project, batch.warnings) for batch in given] == [
        ("a", ()),
        ("hidden", ("hidden is quarantined: the index has no project document of it",)),
        ("empty", ("empty has no releases: the index has no project document of it",)),
    ]


def test_failed_project_is_not_followed(world: World, fake: FakeIndex, connect: Connect) -> None:
    """The requirements of a project that cannot be read are unknown; the failure is reported."""
    add_with_requirements(world, a=["b"], b=["c"], c=[], d=[])
    fake.fault("/pypi/b/json", faults.unavailable(), times=None)
    given = list(read(connect(fake), ["a", "d"], FILES, follow_dependencies=5))
    assert [(batch.project, [*batch.failures]) for batch in given] == [("a", []), ("d", []), ("b", ["files"])]


def test_failed_pinned_release_is_reported(world: World, fake: FakeIndex, connect: Connect) -> None:
    """If a pinned release's requirements cannot be read, that is reported, though no stream reads its document."""
    world.add("a", ["1.0"], requires_dist=["old"])
    world.add("a", ["2.0"])
    add_with_requirements(world, old=[])
    fake.fault("/pypi/a/1.0/json", faults.unavailable(), times=None)
    (batch,) = read(connect(fake), ["a==1.0"], FILES, follow_dependencies=1)
    assert counts(batch) == {"files": 4}
    assert batch.warnings or batch.user_errors or batch.failures


def test_missing_pinned_release_is_a_user_error(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A pin that the index does not have is a user error, and nothing is followed."""
    world.add("a", ["2.0"], requires_dist=["b"])
    (batch,) = read(connect(fake), ["a==1.0"], FILES, follow_dependencies=1)
    assert [type(error).__name__ for error in batch.user_errors] == ["UnknownReleaseError"]


@pytest.mark.parametrize("concurrency", [1, 4])
def test_order_does_not_depend_on_concurrency(
    world: World, serve: Callable[..., FakeIndex], connect: Connect, concurrency: int
) -> None:
    """Projects come in the same order with any concurrency."""
    names = [f"p{number}" for number in range(20)]
    for number, name in enumerate(names):
        world.add(name, requires_dist=[other for other in names if int(other[1:]) in (2 * number + 1, 2 * number + 2)])
    fake = serve(latency=0.005)
    index = connect(fake, connections=concurrency)
    given = read(index, ["p0"], FILES, follow_dependencies=100, max_concurrency=concurrency)
    assert projects_in(given) == names


# The queue alone --------------------------------------------------------------------------------------------


def taken(queue: ProjectQueue) -> list[str]:
    """Return the names of the projects that are taken."""
    given: list[str] = []
    while (project := queue.take()) is not None:
        given.append(project.project)
    return given


@pytest.mark.parametrize(
    ("chosen", "listed", "expected"),
    [
        ([], [], []),
        (["b", "a"], [], ["b", "a"]),
        (["b"], ["A", "B", "c"], ["b", "a", "c"]),
        ([], ["A", "a_b", "c"], ["a", "a-b", "c"]),
    ],
)
def test_selected_projects_come_before_the_list(chosen: list[str], listed: list[str], expected: list[str]) -> None:
    """Selected projects come first, then the list, each project once; then there is none."""
    queue = ProjectQueue(Selection(tuple(SelectedProject(NormalizedName(name)) for name in chosen)), listed)
    assert taken(queue) == expected
    assert queue.total == len(expected)
    assert queue.take() is None


def test_total_counts_the_list() -> None:
    """The number of projects is known from the beginning, as far as the list tells."""
    chosen: Any = (SelectedProject(NormalizedName("b")),)
    assert ProjectQueue(Selection(chosen), ["a", "c"]).total == 3
