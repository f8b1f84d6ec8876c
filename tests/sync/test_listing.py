"""sync/listing.py: the index's list of projects, where it spares visits."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import pytest
from packaging.utils import NormalizedName

from source_pypi.config import make_config
from source_pypi.errors import StaleError, UnavailableError
from source_pypi.selection import SelectedProject, Selection, select
from source_pypi.services.index.api import STALE_TRIES, Index
from source_pypi.services.index.documents import Listed, Listing
from source_pypi.services.index.documents.page import JSON_PAGE
from source_pypi.streams import choose_streams
from source_pypi.sync import run as sync
from source_pypi.sync.batch import Batch
from source_pypi.sync.listing import MIN_PROJECTS_FOR_LISTING, VisitList, make_visit_list, serials_of
from source_pypi.sync.state import WHOLE_INDEX, ProjectState, ProjectSummary, summary_for
from tests.fake_index import FakeIndex, World, faults

Connect = Callable[..., Index]
DAY = 86_400


class Notes:
    """A memory of one stream after another, as simple as can be."""

    unfinished: int | None = None
    keys = False

    def __init__(self) -> None:
        self.seen: dict[str, dict[str, ProjectState]] = {}

    def finish(self) -> None:
        """Nothing is kept of it."""

    def load(self, projects: Collection[str]) -> Mapping[str, Mapping[str, ProjectState]]:
        """What was seen of these projects."""
        return {name: dict(self.seen[name]) for name in projects if name in self.seen}

    def summaries(self, terms: Mapping[str, bytes]) -> Iterable[ProjectSummary]:
        """Every project that any stream has seen."""
        summaries = (summary_for(project, seen, terms) for project, seen in self.seen.items())
        return [summary for summary in summaries if summary is not None]

    def add(self, batch: Batch) -> None:
        """Remember what was seen."""
        for stream, change in batch.changes.items():
            self.seen.setdefault(batch.project or WHOLE_INDEX, {})[stream] = change.state


class Run:
    """Syncs of one index with one memory, at times that the test tells."""

    def __init__(self, fake: FakeIndex, connect: Connect, streams: Iterable[str] = ("files",)) -> None:
        self.fake, self.connect, self.streams = fake, connect, list(streams)
        self.memory = Notes()
        self.now = 1_795_000_000.0
        self.notes: list[str] = []

    def sync(self, **settings: Any) -> list[str]:
        """The paths that a sync asks for, in their order, each with its status."""
        self.fake.new_run()
        config = make_config({"whole_index": "projects" not in settings, **settings})
        index = self.connect(self.fake)
        given = list(
            sync.batches(index, select(config), choose_streams(self.streams), config, self.memory, lambda: self.now)
        )
        for batch in given:
            self.memory.add(batch)
        self.notes = [note for batch in given for note in batch.warnings]
        return [f"{request.path} {request.status}" for request in self.fake.requests]


@pytest.fixture
def run(world: World, fake: FakeIndex, connect: Connect) -> Run:
    """Syncs of an index with three projects."""
    for name in ("a", "b", "c"):
        world.add(name)
    return Run(fake, connect)


def test_nothing_new(run: Run) -> None:
    """A list that has not changed is all that is asked for."""
    assert run.sync() == ["/simple/ 200", "/pypi/a/json 200", "/pypi/b/json 200", "/pypi/c/json 200"]
    assert run.sync() == ["/simple/ 304"]
    assert run.notes == ["3 projects have not changed, as the index's list tells: not asked for one by one"]


def test_only_what_moved_is_visited(world: World, run: Run) -> None:
    """A project whose serial has moved, one that is new, and one that is gone are visited, no other one."""
    run.sync()
    world.yank("b", "1.0")
    world.add("d")
    world.delete_project("c")
    assert sorted(run.sync()) == [
        "/pypi/b/json 200",
        "/pypi/c/json 404",
        "/pypi/d/json 200",
        "/simple/ 200",
        "/simple/c/ 404",
    ]
    assert run.sync() == ["/simple/ 304"], "that it is gone is known by now"


def test_quarantine(world: World, run: Run) -> None:
    """A project that is not listed any more is visited once, and again when it is listed again."""
    run.sync()
    world.quarantine("a")
    assert run.sync() == ["/simple/ 200", "/pypi/a/json 404", "/simple/a/ 200"]
    world.invite("b", "somebody")
    assert run.sync() == ["/simple/ 200", "/pypi/b/json 200"]
    world.unquarantine("a")
    assert run.sync() == ["/simple/ 200", "/pypi/a/json 200"]


def test_what_the_serial_misses_comes_with_time(world: World, run: Run) -> None:
    """Within ``full_check_days``, each project is asked for once, a slice a day, though its serial has not moved."""
    for name in "defghijklm":
        world.add(name)
    run.sync()
    asked: list[str] = []
    slices = []
    for _ in range(7):
        run.now += DAY
        of_day = [path for path in run.sync() if path.startswith("/pypi/")]
        slices.append(len(of_day))
        asked += of_day
    assert sorted(asked) == [f"/pypi/{name}/json 304" for name in "abcdefghijklm"]
    assert max(slices) < 13, "not all on one day"


def test_always_everything(run: Run) -> None:
    """With ``full_check_days`` 0, everything is asked for at each sync."""
    run.sync(full_check_days=0)
    assert run.sync(full_check_days=0) == ["/simple/ 304", "/pypi/a/json 304", "/pypi/b/json 304", "/pypi/c/json 304"]


def test_a_failure_is_made_up_for(world: World, run: Run, fake: FakeIndex) -> None:
    """A moved project that could not be read is asked for again, though the list has not changed since."""
    run.sync()
    world.yank("b", "1.0")
    fake.fault("/pypi/b/json", faults.forbidden())
    assert run.sync() == ["/simple/ 200", "/pypi/b/json 403"]
    assert run.sync() == ["/simple/ 200", "/pypi/b/json 200"]
    assert run.sync() == ["/simple/ 304"]


def test_a_stream_selected_later(run: Run) -> None:
    """A stream that was not there before is read of every project."""
    run.sync()
    run.streams = ["files", "roles"]
    assert run.sync() == ["/simple/ 200", "/pypi/a/json 200", "/pypi/b/json 200", "/pypi/c/json 200"]
    assert run.sync() == ["/simple/ 304"]


def test_beside_the_listing(world: World, run: Run) -> None:
    """Where the list is a stream too, it is asked for once, and both see the same."""
    run.streams = ["files", "listing"]
    run.sync()
    world.yank("b", "1.0")
    assert run.sync() == ["/simple/ 200", "/pypi/b/json 200"]
    assert run.sync() == ["/simple/ 304"]


def test_an_old_copy_of_the_list(world: World, run: Run, fake: FakeIndex) -> None:
    """A list older than the one that was read before ends the sync; the next one goes on with the right one."""
    run.sync()
    world.yank("b", "1.0")
    run.sync()
    fake.fault("/simple/", faults.stale(), times=STALE_TRIES)
    with pytest.raises(StaleError) as caught:
        run.sync()
    assert caught.value.args == (f"{fake.url}/simple/", None, run.memory.seen[WHOLE_INDEX]["files"].serial)
    world.yank("c", "1.0")
    assert run.sync() == ["/simple/ 200", "/pypi/c/json 200"]


def test_an_index_without_serials(world: World, serve: Callable[..., FakeIndex], connect: Connect) -> None:
    """A list that tells no serials spares nothing."""
    world.add("a")
    world.override("/simple/", {"meta": {"api-version": "1.0"}, "projects": [{"name": "a"}]}, JSON_PAGE)
    run = Run(serve(), connect)
    run.sync()
    assert [path for path in run.sync() if path.startswith("/pypi/")] == ["/pypi/a/json 304"]


def test_no_list(run: Run, fake: FakeIndex) -> None:
    """Without the list, the whole index cannot be read; what was read before stays known."""
    run.sync()
    fake.fault("/simple/", faults.unavailable(), times=7)
    with pytest.raises(UnavailableError):
        run.sync()
    assert run.sync() == ["/simple/ 304"]


def test_many_names(world: World, serve: Callable[..., FakeIndex], connect: Connect) -> None:
    """Of so many named projects that the list pays, only those that moved are visited, and pinned ones always."""
    names = [f"p{number}" for number in range(MIN_PROJECTS_FOR_LISTING)]
    for name in [*names, "pinned"]:
        world.add(name, releases=["1.0", "2.0"])
    run = Run(serve(), connect, ["dependencies"])
    chosen = [*names, "pinned==1.0"]
    assert len(run.sync(projects=chosen)) == MIN_PROJECTS_FOR_LISTING + 2
    world.yank("p7", "1.0")
    assert run.sync(projects=chosen) == [
        "/simple/ 200",
        "/pypi/p7/json 200",
        "/pypi/pinned/json 304",
        "/pypi/pinned/1.0/json 304",
    ]
    assert run.sync(projects=[*chosen, "late"])[-2:] == ["/pypi/late/json 404", "/simple/late/ 404"]
    assert len(run.sync(projects=names[1:])) == MIN_PROJECTS_FOR_LISTING - 1, "of fewer names, each is asked for"


def test_an_old_copy_of_a_project(world: World, run: Run, fake: FakeIndex) -> None:
    """A list is not remembered where a project came as a copy older than it: the next run asks for it again."""
    world.add("d")
    world.yank("b", "1.0")
    fake.fault("/pypi/b/json", faults.stale())
    run.sync()
    run.sync()
    assert run.sync() == ["/simple/ 304"]
    assert run.memory.seen["b"]["files"].serial == world.projects["b"].last_serial


# What is made of a list ---------------------------------------------------------------------------------------

A, B, C = (SelectedProject(NormalizedName(name)) for name in "abc")
PINNED = SelectedProject(NormalizedName("pinned"), ("1.0",))
#: In the order in which a memory tells them: one that nobody named comes first.
GLANCES = (
    ProjectSummary("other", 1, 100, absent=False),
    ProjectSummary("a", 5, 100, absent=False),
    ProjectSummary("b", 5, 100, absent=False, comparable=False),
    ProjectSummary("pinned", 4, 100, absent=False),
    ProjectSummary("gone", 3, 100, absent=False),
    ProjectSummary("never", None, 100, absent=True),
)
SERIALS: dict[str, int | None] = {"other": 1, "a": 5, "b": 6, "pinned": 4, "late": None}


def visit_list(
    targets: tuple[SelectedProject, ...], serials: Mapping[str, int | None] | None, *due: str, whole: bool = False
) -> VisitList:
    """What is to be visited of what was glanced at 100 seconds after 1970, if these projects are due."""
    return make_visit_list(
        Selection(targets, whole_index=whole), serials, GLANCES, lambda name, asked: asked == 100 and name in due
    )


def test_an_agenda_of_named_projects() -> None:
    """Of named projects, those that stand are left out, but for pinned ones; the others have what the list tells."""
    targets = (A, B, PINNED, C)
    moved = VisitList(Selection((B, PINNED, C)), [], 1, {"b": 6, "pinned": 4, "c": None})
    assert visit_list(targets, SERIALS) == moved
    everything = VisitList(Selection(targets), [], 0, {"a": 5, "b": 6, "pinned": 4, "c": None})
    assert visit_list(targets, SERIALS, "a", "b") == everything


def test_an_agenda_of_named_projects_without_a_list() -> None:
    """Where the list has not changed, named projects that are visited have any serial at least."""
    targets = (A, B, PINNED, C)
    assert visit_list(targets, None) == VisitList(Selection((B, PINNED, C)), [], 1, {"b": 1, "pinned": 1, "c": 1})


def test_an_agenda_of_the_whole_index() -> None:
    """What the list has and what it has no more are visited, but for what stands, named besides or not."""
    expected = VisitList(
        Selection((PINNED,), whole_index=True), ["b", "late", "gone"], 4, {"b": 6, "late": None, "gone": None}
    )
    assert visit_list((A, PINNED), SERIALS, whole=True) == expected
    assert visit_list((), SERIALS, "never", whole=True).serials == {"b": 6, "late": None, "gone": None, "never": None}


def test_an_agenda_of_the_whole_index_without_a_list() -> None:
    """Where the list has not changed, what is not settled or due is visited, and has any serial at least."""
    expected = VisitList(Selection((), whole_index=True), ["b", "gone"], 4, {"b": 1, "gone": 1})
    assert visit_list((), None, "gone", whole=True) == expected


def test_serials_of_a_list() -> None:
    """Serials stand by normalised names; a project without a name has none, and a name is not held twice."""
    names = ["Foo.Bar_baz", "foo", None, "", "new"]
    listed = [Listed(name, serial) for name, serial in zip(names, [7, "8", 9, 10, None], strict=True)]
    serials = serials_of(Listing(listed))
    assert serials == {"foo-bar-baz": 7, "foo": 8, "new": None}
    assert next(name for name in serials if name == "foo") is listed[1].name
