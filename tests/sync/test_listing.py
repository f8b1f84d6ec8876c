"""sync/listing.py: which projects a run requests when it has the index's list of projects."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest
from msgspec.structs import replace
from packaging.utils import NormalizedName

from source_pypi.errors import StaleError, UnavailableError
from source_pypi.selection import SelectedProject, Selection
from source_pypi.services.index.api import Index
from source_pypi.services.index.document_requests import STALE_TRIES
from source_pypi.services.index.documents import Fingerprint, Listed, Listing
from source_pypi.services.index.documents.page import JSON_PAGE
from source_pypi.sync.listing import (
    MIN_PROJECTS_FOR_LISTING,
    VisitList,
    make_visit_list,
    serials_of,
    summaries_for_list,
)
from source_pypi.sync.planner import Reason
from source_pypi.sync.state import CODES, WHOLE_INDEX, ProjectState, ProjectSummary
from tests.fake_index import FakeIndex, World, faults
from tests.memory_store import DAY, NOW, MemoryStore
from tests.sync.helpers import paths, visited

Connect = Callable[..., Index]


class Syncs:
    """Syncs of one index with one store, at times that the test sets."""

    def __init__(self, fake: FakeIndex, connect: Connect, streams: Iterable[str] = ("files",)) -> None:
        self.fake, self.connect, self.streams = fake, connect, list(streams)
        self.store = MemoryStore(keys=False)
        self.now = float(NOW)

    def sync(self, projects: Iterable[str] = (), **settings: Any) -> list[str]:
        """Return the paths that a sync requests, in order, each with its status, but for the sample of the list."""
        index, names = self.connect(self.fake), list(projects)
        settings = {"whole_index": not names, **settings}
        self.store.sync(self.fake, index, names, self.streams, at=self.now, **settings)
        return visited(self.fake, self.store)

    @property
    def warnings(self) -> list[str]:
        """The warnings of the last sync."""
        return [warning for batch in self.store.batches for warning in batch.warnings]


@pytest.fixture
def syncs(world: World, fake: FakeIndex, connect: Connect) -> Syncs:
    """Syncs of an index with three projects."""
    for name in ("a", "b", "c"):
        world.add(name)
    return Syncs(fake, connect)


def test_unchanged_index_takes_one_request_and_a_sample(syncs: Syncs) -> None:
    """If no serial has moved, only the list and a sample are requested; the projects are counted as skipped."""
    assert syncs.sync() == ["/simple/ 200", "/pypi/a/json 200", "/pypi/b/json 200", "/pypi/c/json 200"]
    assert syncs.sync() == ["/simple/ 200"]
    assert paths(syncs.fake) == ["/simple/ 200", *(f"/pypi/{name}/json 304" for name in "abc")]
    assert syncs.warnings == ["3 projects skipped: the index's list shows no change"]


def test_only_changed_new_and_removed_projects_are_requested(world: World, syncs: Syncs) -> None:
    """A project whose serial has moved, a new one and one that is no longer listed are requested, no other one."""
    syncs.sync()
    world.yank("b", "1.0")
    world.add("d")
    world.delete_project("c")
    assert sorted(syncs.sync()) == [
        "/pypi/b/json 200",
        "/pypi/c/json 404",
        "/pypi/d/json 200",
        "/simple/ 200",
        "/simple/c/ 404",
    ]
    assert syncs.sync() == ["/simple/ 200"], "its absence is in state now"


def test_quarantined_project_is_requested_once_and_again_when_it_returns(world: World, syncs: Syncs) -> None:
    """A project that is no longer listed is requested once, and again when it is listed again."""
    syncs.sync()
    world.quarantine("a")
    assert syncs.sync() == ["/simple/ 200", "/pypi/a/json 404", "/simple/a/ 200"]
    world.invite("b", "somebody")
    assert syncs.sync() == ["/simple/ 200", "/pypi/b/json 200"]
    world.unquarantine("a")
    assert syncs.sync() == ["/simple/ 200", "/pypi/a/json 200"]


def test_full_checks_are_spread_over_the_days(world: World, syncs: Syncs) -> None:
    """Within ``full_check_days``, each project is requested once although its serial has not moved, some each day."""
    for name in "defghijklm":
        world.add(name)
    syncs.sync()
    requested: list[str] = []
    per_day = []
    for _ in range(7):
        syncs.now += DAY
        of_day = [path for path in syncs.sync() if path.startswith("/pypi/")]
        per_day.append(len(of_day))
        requested += of_day
    assert sorted(requested) == [f"/pypi/{name}/json 304" for name in "abcdefghijklm"]
    assert max(per_day) < 13


def test_full_check_days_0_requests_everything(syncs: Syncs) -> None:
    """With ``full_check_days`` 0, every sync requests every project."""
    syncs.sync(full_check_days=0)
    assert syncs.sync(full_check_days=0) == [
        "/simple/ 200",
        "/pypi/a/json 304",
        "/pypi/b/json 304",
        "/pypi/c/json 304",
    ]


def test_failed_project_is_requested_again(world: World, syncs: Syncs, fake: FakeIndex) -> None:
    """A changed project that could not be read is requested again by the next sync."""
    syncs.sync()
    world.yank("b", "1.0")
    fake.fault("/pypi/b/json", faults.forbidden())
    assert syncs.sync() == ["/simple/ 200", "/pypi/b/json 403"]
    assert syncs.sync() == ["/simple/ 200", "/pypi/b/json 200"]
    assert syncs.sync() == ["/simple/ 200"]


def test_added_stream_is_read_of_every_project(syncs: Syncs) -> None:
    """A stream that is selected later is read of every project, once."""
    syncs.sync()
    syncs.streams = ["files", "roles"]
    assert syncs.sync() == ["/simple/ 200", "/pypi/a/json 200", "/pypi/b/json 200", "/pypi/c/json 200"]
    assert syncs.sync() == ["/simple/ 200"]


def test_list_is_requested_once_for_the_stream_and_the_projects(world: World, syncs: Syncs) -> None:
    """If the list is a stream as well, one request serves both, and an unchanged list makes no rows."""
    syncs.streams = ["files", "listing"]
    syncs.sync()
    world.yank("b", "1.0")
    assert syncs.sync() == ["/simple/ 200", "/pypi/b/json 200"]
    assert syncs.sync() == ["/simple/ 200"]
    assert syncs.store.rows == {}


def test_stale_list_ends_the_sync_if_a_newer_one_was_read(world: World, syncs: Syncs, fake: FakeIndex) -> None:
    """If the stream ``listing`` has read a newer list, an older copy ends the sync; the next one continues."""
    syncs.streams = ["files", "listing"]
    world.yank("b", "1.0")
    syncs.sync()
    fake.fault("/simple/", faults.stale(), times=STALE_TRIES)
    with pytest.raises(StaleError) as caught:
        syncs.sync()
    serial = syncs.store.states[WHOLE_INDEX]["listing"].serial
    assert caught.value.args == (f"{fake.url}/simple/", None, serial)
    world.yank("c", "1.0")
    assert syncs.sync() == ["/simple/ 200", "/pypi/c/json 200"]


def test_list_without_serials_skips_nothing(world: World, serve: Callable[..., FakeIndex], connect: Connect) -> None:
    """If the list has no serials, every project is requested."""
    world.add("a")
    world.override("/simple/", {"meta": {"api-version": "1.0"}, "projects": [{"name": "a"}]}, JSON_PAGE)
    syncs = Syncs(serve(), connect)
    syncs.sync()
    assert [path for path in syncs.sync() if path.startswith("/pypi/")] == ["/pypi/a/json 304"]


def test_unavailable_list_ends_the_sync_and_keeps_the_state(syncs: Syncs, fake: FakeIndex) -> None:
    """Without the list, the whole index cannot be read; the state stays."""
    syncs.sync()
    fake.fault("/simple/", faults.unavailable(), times=7)
    with pytest.raises(UnavailableError):
        syncs.sync()
    assert syncs.sync() == ["/simple/ 200"]


def test_many_named_projects_are_compared_with_the_list(
    world: World, serve: Callable[..., FakeIndex], connect: Connect
) -> None:
    """With many named projects, only changed and pinned ones are requested; with fewer names, each is."""
    names = [f"p{number}" for number in range(MIN_PROJECTS_FOR_LISTING)]
    for name in [*names, "pinned"]:
        world.add(name, releases=["1.0", "2.0"])
    syncs = Syncs(serve(), connect, ["dependencies"])
    chosen = [*names, "pinned==1.0"]
    assert len(syncs.sync(chosen)) == MIN_PROJECTS_FOR_LISTING + 2
    world.yank("p7", "1.0")
    assert syncs.sync(chosen) == [
        "/simple/ 200",
        "/pypi/p7/json 200",
        "/pypi/pinned/json 304",
        "/pypi/pinned/1.0/json 304",
    ]
    assert syncs.sync([*chosen, "late"])[-2:] == ["/pypi/late/json 404", "/simple/late/ 404"]
    assert len(syncs.sync(names[1:])) == MIN_PROJECTS_FOR_LISTING - 1


def test_sampled_project_that_another_one_requires_is_requested_once(world: World, syncs: Syncs) -> None:
    """What the index answered for the sample serves a project that a changed one requires; it counts as read."""
    syncs.sync(follow_dependencies=1)
    world.add("a", ["2.0"], requires_dist=["b"])
    syncs.sync(follow_dependencies=1)
    assert paths(syncs.fake) == ["/simple/ 200", "/pypi/b/json 304", "/pypi/c/json 304", "/pypi/a/json 200"]
    assert [batch.project for batch in syncs.store.batches] == [None, "a", "b"]


def test_sampled_project_that_is_needed_in_full_is_requested_in_full(world: World, syncs: Syncs) -> None:
    """That a sampled project is unchanged does not serve a run that needs the content of its document."""
    syncs.sync(follow_dependencies=1)
    world.add("a", ["2.0"], requires_dist=["b"])
    syncs.store.unresolved = ["b"]
    syncs.sync(follow_dependencies=1)
    assert [path for path in paths(syncs.fake) if "/b/" in path] == ["/pypi/b/json 304", "/pypi/b/json 200"]


def test_project_read_from_an_older_copy_is_requested_again(world: World, syncs: Syncs, fake: FakeIndex) -> None:
    """If a project document is older than the list, the next sync requests the project again."""
    world.add("d")
    world.yank("b", "1.0")
    fake.fault("/pypi/b/json", faults.stale())
    syncs.sync()
    assert syncs.sync() == ["/simple/ 200", "/pypi/b/json 200"]
    assert syncs.sync() == ["/simple/ 200"]
    assert syncs.store.states["b"]["files"].serial == world.projects["b"].last_serial


def test_state_of_the_list_that_0_4_0_wrote_is_ignored(syncs: Syncs) -> None:
    """State of the list under the name of a stream of projects, which 0.4.0 wrote, changes nothing."""
    syncs.sync()
    fingerprint = Fingerprint(b'"list"', 10**9)
    state = ProjectState(NOW, b"term", True, 10**9, {CODES[kind]: fingerprint for kind in CODES}, {})
    syncs.store.states[WHOLE_INDEX] = {"files": state}
    assert syncs.sync() == ["/simple/ 200"]
    syncs.streams = ["files", "listing"]
    assert syncs.sync() == ["/simple/ 200"]


# When the list is requested -----------------------------------------------------------------------------------

A, B, C = (SelectedProject(NormalizedName(name)) for name in "abc")
PINNED = SelectedProject(NormalizedName("pinned"), ("1.0",))


def summary(project: str, serial: int | None = 5, *, absent: bool = False, comparable: bool = True) -> ProjectSummary:
    """The summary of a project."""
    return ProjectSummary(project, serial, 100, absent, comparable)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection((A,), whole_index=True), "abd"),
        (Selection((A, B)), "ab"),
        (Selection((A, B, C)), "ab"),
        (Selection((A, C)), None),
        (Selection((A, B), follow=1), None),
        (Selection((A, PINNED)), None),
    ],
    ids=["whole index", "enough names", "one of them new", "too few with state", "dependencies", "pinned"],
)
def test_summaries_for_list(monkeypatch: pytest.MonkeyPatch, selection: Selection, expected: str | None) -> None:
    """The list is needed for the whole index, and for enough named projects that it could leave out."""
    monkeypatch.setattr("source_pypi.sync.listing.MIN_PROJECTS_FOR_LISTING", 2)
    found = summaries_for_list(selection, map(summary, "abd"))
    assert (None if found is None else "".join(one.project for one in found)) == expected


def test_projects_with_other_settings_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Named projects that were read with other settings have to be requested anyway."""
    monkeypatch.setattr("source_pypi.sync.listing.MIN_PROJECTS_FOR_LISTING", 2)
    assert summaries_for_list(Selection((A, B)), [summary("a"), summary("b", comparable=False)]) is None


# What is made of the list -------------------------------------------------------------------------------------

#: One that nobody named comes first: stores return them in any order.
SUMMARIES = (summary("other"), summary("a"), summary("b"), summary("pinned"), summary("gone"), summary("never"))
SERIALS: dict[str, int | None] = {"other": 1, "a": 5, "b": 6, "pinned": 4, "late": None}
UNCHANGED = {"other", "a", "pinned", "never"}


def visit_list(projects: tuple[SelectedProject, ...], *due: str, whole: bool = False) -> VisitList:
    """The projects to request if a full check of ``due`` is due."""

    def decide(one: ProjectSummary, serials: Mapping[str, int | None]) -> Reason:
        assert serials is SERIALS
        return Reason.UNCHANGED if one.project in UNCHANGED - set(due) else Reason.FULL_CHECK

    visits = make_visit_list(Selection(projects, whole_index=whole), SERIALS, SUMMARIES, decide)
    return replace(visits, listed=list(visits.listed))


def test_visit_list_of_named_projects() -> None:
    """Unchanged named projects are skipped, except pinned ones."""
    projects = (A, B, PINNED, C)
    assert visit_list(projects) == VisitList(Selection((B, PINNED, C)), [], 1, known=1, sample=("a",))
    assert visit_list(projects, "a") == VisitList(Selection(projects), [], 0)


def test_visit_list_of_the_whole_index() -> None:
    """Listed projects and those no longer listed are requested by name unless they are unchanged, also if named."""
    selection, sample = Selection((PINNED,), whole_index=True), ("a", "never", "other")
    expected = VisitList(selection, ["b", "gone", "late"], 4, known=4, sample=sample)
    assert visit_list((A, PINNED), whole=True) == expected
    assert visit_list((), "never", whole=True).listed == ["b", "gone", "late", "never"]


def test_serials_of_a_list() -> None:
    """Serials are by normalised name; a project without a name is left out, and a normalised name is not copied."""
    names = ["Foo.Bar_baz", "foo", None, "", "new"]
    listed = [Listed(name, serial) for name, serial in zip(names, [7, "8", 9, 10, None], strict=True)]
    serials = serials_of(Listing(listed))
    assert serials == {"foo-bar-baz": 7, "foo": 8, "new": None}
    assert next(name for name in serials if name == "foo") is listed[1].name
