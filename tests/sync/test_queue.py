"""Which projects are visited: those that were chosen, those that they need, or the whole index."""

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
from tests.sync.test_run import counts, read

Connect = Callable[..., Index]
FILES = choose_streams(["files"])


def documents(*names: str) -> dict[str, int]:
    """One request for the document of each project."""
    return {f"/pypi/{name}/json": 1 for name in names}


def visited(given: Iterable[Batch]) -> list[str | None]:
    """The projects visited, in their order; None: the index as a whole."""
    return [batch.project for batch in given]


def needs(world: World, **requirements: list[str]) -> None:
    """Projects by name, each with the requirements of its only release."""
    for name, listed in requirements.items():
        world.add(name, requires_dist=listed)


# The whole index ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [["files"], ["files", "listing"], ["listing", "files", "stats"]])
def test_whole_index(world: World, fake: FakeIndex, connect: Connect, names: list[str]) -> None:
    """Every listed project is visited, and the list is asked for once, also where it is a stream too."""
    for name in ("b", "A.b", "c"):
        world.add(name)
    world.add("hidden")
    world.quarantine("hidden")
    given = list(read(connect(fake), [], choose_streams(names), whole_index=True))
    assert visited(given) == ["a-b", "b", "c"] + [None] * (len(names) > 1)
    assert [batch.total_projects for batch in given[:3]] == [3, 3, 3]
    stats = {"/stats/": 1} if "stats" in names else {}
    assert fake.counts == {"/simple/": 1, **documents("a-b", "b", "c"), **stats}
    if "listing" in names:
        assert counts(given[-1])["listing"] == 3


def test_whole_index_and_names(world: World, fake: FakeIndex, connect: Connect) -> None:
    """What was named comes first, with its pins, and nothing is visited twice."""
    for name in ("a", "b", "c"):
        world.add(name, ["1.0", "2.0"])
    given = list(read(connect(fake), ["C==1.0", "b"], choose_streams(["release"]), whole_index=True))
    assert visited(given) == ["c", "b", "a"]
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
def test_excluded(world: World, fake: FakeIndex, connect: Connect, exclude: list[str], expected: list[str]) -> None:
    """What a pattern excludes, in any spelling, is not asked for."""
    for name in ("A.x", "a_y", "b", "c"):
        world.add(name)
    given = list(read(connect(fake), [], FILES, whole_index=True, exclude=exclude))
    assert visited(given) == expected
    assert fake.counts == {"/simple/": 1, **documents(*expected)}


def test_excluded_of_those_named(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A pattern excludes what was named, and what is needed, with all that only it needs."""
    needs(world, a=["internal-x", "b"], internal_x=["c"], b=["a"], c=[])
    given = read(connect(fake), ["a", "Internal.X"], FILES, exclude=["internal-*"], follow_dependencies=9)
    assert visited(given) == ["a", "b"]
    assert fake.counts == documents("a", "b")


def test_a_list_of_odd_names(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Names that are one project's are visited once, and what has no name is passed over."""
    world.add("a")
    names = ["A", "a", None, "", "a"]
    world.override("/simple/", json.dumps({"projects": [{"name": name} for name in names]}).encode())
    assert visited(read(connect(fake), [], FILES, whole_index=True)) == ["a"]
    assert fake.counts == {"/simple/": 1, **documents("a")}


@pytest.mark.parametrize("name", ["../../evil", "a/b", "a b", "a?b#c", "\u00e4", "-a-"])
def test_a_listed_name_that_no_project_has(world: World, fake: FakeIndex, connect: Connect, name: str) -> None:
    """What cannot be a project's name is never made part of an address."""
    world.add("a")
    world.override("/simple/", json.dumps({"projects": [{"name": name}, {"name": "a"}]}).encode())
    assert "a" in visited(read(connect(fake), [], FILES, whole_index=True))
    assert {request.path for request in fake.requests} == {"/simple/", *documents("a")}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.html(), NotOfferedError),
        (faults.json({"message": "ok"}), DocumentError),
        (faults.unavailable(), UnavailableError),
    ],
)
def test_a_list_that_cannot_be_had(
    world: World, fake: FakeIndex, connect: Connect, fault: faults.Fault, error: type[SourceError]
) -> None:
    """Without the list there is nothing to visit: one error, also where the list is a stream too."""
    world.add("a")
    fake.fault("/simple/", fault, times=None)
    with pytest.raises(error):
        list(read(connect(fake), ["a"], choose_streams(["files", "listing"]), whole_index=True))
    assert {request.path for request in fake.requests} == {"/simple/"}


def test_an_index_without_a_list(world: World, fake: FakeIndex, connect: Connect) -> None:
    """An index without a list cannot be read whole."""
    world.override("/simple/", b"", status=404)
    with pytest.raises(NotOfferedError):
        list(read(connect(fake), [], FILES, whole_index=True))


def test_streams_of_the_index_need_no_list(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Where no stream is of projects, the list is not asked for."""
    world.add("a")
    config = make_config({"whole_index": True})
    assert visited(batches(connect(fake), select(config), choose_streams(["stats"]), config)) == [None]
    assert fake.counts == {"/stats/": 1}


def test_whole_index_and_dependencies(world: World, fake: FakeIndex, connect: Connect) -> None:
    """What is needed and what is listed is visited once."""
    needs(world, a=["b", "unlisted"], b=["a"])
    given = read(connect(fake), [], FILES, whole_index=True, follow_dependencies=2)
    assert visited(given) == ["a", "b", "unlisted"]
    assert fake.counts == {"/simple/": 1, "/simple/unlisted/": 1, **documents("a", "b", "unlisted")}


# Names --------------------------------------------------------------------------------------------------------


def test_several_spellings(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project named in several spellings is visited once, with every version asked for."""
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
def test_levels(world: World, fake: FakeIndex, connect: Connect, levels: int, expected: str) -> None:
    """Dependencies are followed as many levels deep as was asked for, for one request a project."""
    needs(world, a=["b"], b=["c"], c=["d"], d=[])
    given = list(read(connect(fake), ["a"], FILES, follow_dependencies=levels))
    assert visited(given) == [*expected]
    assert fake.counts == documents(*expected)
    assert given[-1].total_projects == len(expected)


def test_cycles_and_diamonds(world: World, fake: FakeIndex, connect: Connect) -> None:
    """However often a project is needed, by others or by itself, it is visited once, level by level."""
    needs(world, a=["b", "c", "a"], b=["d"], c=["D", "b"], d=["a", "e"], e=["e"])
    assert visited(read(connect(fake), ["a", "c"], FILES, follow_dependencies=100)) == [*"acbde"]
    assert fake.counts == documents(*"abcde")


def test_the_shortest_way_counts(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project that is needed both near and far is followed from near."""
    needs(world, a=["b", "d"], b=["c"], c=["d"], d=["e"], e=["f"], f=[])
    assert visited(read(connect(fake), ["a"], FILES, follow_dependencies=2)) == [*"abdce"]


def test_whatever_the_platform(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Markers of platforms are ignored, and a requirement that PEP 508 does not allow is followed by its name."""
    invalid = ["pytz (>dev)", "git+https://example.com/d.git", "-e ./e", "f/g", "git@example.com:h.git"]
    needs(world, a=["b; os_name == 'nt'", "c; python_version < '3'", *invalid, "B >= 2"], b=[], c=[], pytz=[])
    assert visited(read(connect(fake), ["a"], FILES, follow_dependencies=1)) == [*"abc", "pytz"]


def test_extras_only_where_they_are_asked_for(world: World, fake: FakeIndex, connect: Connect) -> None:
    """What an extra needs is visited where that extra is asked for, in any spelling, by name or by need."""
    extras = ["x; extra == 'One_x'", "y; extra == 'two'", "z; 'three' == extra"]
    needs(world, a=["b[one.x]", *extras], b=extras, x=[], y=[], z=[])
    assert visited(read(connect(fake), ["a[two]"], FILES, follow_dependencies=2)) == [*"abyx"]


def test_no_extras(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Without extras, only what is needed in any case is visited."""
    needs(world, a=["b", "x; extra == 'x'", "y; extra == 'x' and os_name == 'nt'"], b=[], x=[], y=[])
    assert visited(read(connect(fake), ["a"], FILES, follow_dependencies=1)) == [*"ab"]


def test_extras_asked_for_later(world: World, fake: FakeIndex, connect: Connect) -> None:
    """An extra that another project asks for when the project has been visited brings what it needs, and no visit."""
    needs(world, a=["x; extra == 'late'"], b=["c"], c=["a[late]"], x=["y"], y=[])
    assert visited(read(connect(fake), ["a", "b"], FILES, follow_dependencies=9)) == [*"abcxy"]
    assert fake.counts == documents(*"abcxy")


def test_extras_of_the_project_itself(world: World, fake: FakeIndex, connect: Connect) -> None:
    """An extra that is made of the project's other extras brings what those need."""
    everything = ["foo[x,y]; extra == 'all'", "foo[z]; extra == 'y'", *(f"{e}; extra == '{e}'" for e in "xyzw")]
    needs(world, foo=everything, x=[], y=[], z=[], w=[])
    given = visited(read(connect(fake), ["foo[all]"], FILES, follow_dependencies=1))
    assert sorted(name or "" for name in given) == ["foo", "x", "y", "z"]


def test_a_pinned_release_needs_what_it_needs(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Of a pinned project, what the pinned release needs is followed, not what the latest one does."""
    world.add("a", ["1.0"], requires_dist=["old"])
    world.add("a", ["2.0"], requires_dist=["new"])
    needs(world, old=[], new=[])
    assert visited(read(connect(fake), ["a==1.0.0"], FILES, follow_dependencies=1)) == ["a", "old"]
    assert fake.counts == {**documents("a", "old"), "/pypi/a/1.0/json": 1}
    fake.new_run()
    assert visited(read(connect(fake), ["a==1.0", "a"], FILES, follow_dependencies=1)) == ["a", "old", "new"]
    fake.new_run()
    assert visited(read(connect(fake), ["a==2.0"], FILES, follow_dependencies=1)) == ["a", "new"]
    assert fake.counts == documents("a", "new")


def test_a_pinned_release_in_another_spelling(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A pin that only the release document spells as the index does is followed as well (index-api.md 19)."""
    world.override("/pypi/a/json", {"info": {"version": "2.0", "requires_dist": ["new"]}})
    world.override("/pypi/a/1.0.0/json", {"info": {"version": "1.0", "requires_dist": ["old"]}})
    needs(world, old=[], new=[])
    assert visited(read(connect(fake), ["a==1.0.0"], FILES, follow_dependencies=1)) == ["a", "old"]


def test_a_pin_that_is_read_no_deeper(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Where nothing is followed, a pinned release's document is not asked for by streams that do not read it."""
    world.add("a", ["1.0", "2.0"])
    assert visited(read(connect(fake), ["a==1.0"], FILES)) == ["a"]
    assert fake.counts == documents("a")


def test_all_releases_are_not_followed(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Which releases are read does not change which are followed: the latest."""
    world.add("a", ["1.0"], requires_dist=["old"])
    world.add("a", ["2.0"], requires_dist=["new"])
    needs(world, old=[], new=[])
    streams = choose_streams(["dependencies"])
    given = list(read(connect(fake), ["a"], streams, releases="all", follow_dependencies=1))
    assert visited(given) == ["a", "new"]
    assert counts(given[0]) == {"dependencies": 2}


def test_a_missing_dependency(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project that is needed and not on the index is told in a note: the user has not misspelt it."""
    needs(world, a=["nope", "b"], b=["nope"])
    given = list(read(connect(fake), ["a"], FILES, follow_dependencies=5))
    assert [(batch.project, batch.missing) for batch in given] == [("a", False), ("nope", False), ("b", False)]
    told = ("nope is listed or needed, and the index does not have it",)
    assert given[1] == Batch("nope", given[1].seen_at, given[1].changes, warnings=told, total_projects=3)
    assert counts(given[1]) == {"files": 0}


def test_a_dependency_without_documents(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A project that is needed and hidden is noted, and what it needed is not known."""
    needs(world, a=["hidden", "empty"], hidden=["b"], b=[])
    world.quarantine("hidden")
    world.project("empty")
    given = list(read(connect(fake), ["a"], FILES, follow_dependencies=5))
    assert [(batch.project, batch.warnings) for batch in given] == [
        ("a", ()),
        ("hidden", ("hidden is quarantined: the index gives no document of it",)),
        ("empty", ("empty has no releases: the index gives no document of it",)),
    ]


def test_a_failed_project_is_followed_no_further(world: World, fake: FakeIndex, connect: Connect) -> None:
    """What a project needs that cannot be read is not known; that it could not be read is told."""
    needs(world, a=["b"], b=["c"], c=[], d=[])
    fake.fault("/pypi/b/json", faults.unavailable(), times=None)
    given = list(read(connect(fake), ["a", "d"], FILES, follow_dependencies=5))
    assert [(batch.project, [*batch.failures]) for batch in given] == [("a", []), ("d", []), ("b", ["files"])]


def test_a_pinned_release_that_fails_is_told(world: World, fake: FakeIndex, connect: Connect) -> None:
    """Where what a pinned release needs cannot be read, that is told, though no stream reads that document."""
    world.add("a", ["1.0"], requires_dist=["old"])
    world.add("a", ["2.0"])
    needs(world, old=[])
    fake.fault("/pypi/a/1.0/json", faults.unavailable(), times=None)
    (batch,) = read(connect(fake), ["a==1.0"], FILES, follow_dependencies=1)
    assert counts(batch) == {"files": 4}
    assert batch.warnings or batch.user_errors or batch.failures


def test_a_pinned_release_that_is_missing(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A pin that the index does not have is a complaint, and nothing is followed."""
    world.add("a", ["2.0"], requires_dist=["b"])
    (batch,) = read(connect(fake), ["a==1.0"], FILES, follow_dependencies=1)
    assert [type(complaint).__name__ for complaint in batch.user_errors] == ["UnknownReleaseError"]


@pytest.mark.parametrize("concurrency", [1, 4])
def test_order_does_not_depend_on_concurrency(
    world: World, serve: Callable[..., FakeIndex], connect: Connect, concurrency: int
) -> None:
    """Projects come in the same order, however many are asked for at once."""
    names = [f"p{number}" for number in range(20)]
    for number, name in enumerate(names):
        world.add(name, requires_dist=[other for other in names if int(other[1:]) in (2 * number + 1, 2 * number + 2)])
    fake = serve(latency=0.005)
    index = connect(fake, connections=concurrency)
    given = read(index, ["p0"], FILES, follow_dependencies=100, max_concurrency=concurrency)
    assert visited(given) == names


# The frontier by itself ---------------------------------------------------------------------------------------


def taken(queue: ProjectQueue) -> list[str]:
    """The names of the targets that it gives."""
    given: list[str] = []
    while (target := queue.take()) is not None:
        given.append(target.project)
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
def test_what_comes_next(chosen: list[str], listed: list[str], expected: list[str]) -> None:
    """What was chosen comes first, then the list, each project once; then there is nothing."""
    queue = ProjectQueue(Selection(tuple(SelectedProject(NormalizedName(name)) for name in chosen)), listed)
    assert taken(queue) == expected
    assert queue.total == len(expected)
    assert queue.take() is None


def test_known_before_it_is_visited() -> None:
    """How many there will be is known from the beginning, as well as the list tells."""
    chosen: Any = (SelectedProject(NormalizedName("b")),)
    assert ProjectQueue(Selection(chosen), ["a", "c"]).total == 3
