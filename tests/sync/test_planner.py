"""sync/planner.py: what is remembered, as a run asks for it."""

import itertools
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from packaging.utils import NormalizedName

from source_pypi.config import make_config
from source_pypi.selection import SelectedProject, Selection
from source_pypi.services.index.api import Index
from source_pypi.services.index.documents import Fingerprint
from source_pypi.services.index.documents.fingerprint import fingerprint_of
from source_pypi.streams import choose_streams
from source_pypi.sync.planner import BATCH_SIZE, DAY, Planner
from source_pypi.sync.queue import ProjectQueue
from source_pypi.sync.resume import RESUME_WITHIN, begins, resumable
from source_pypi.sync.state import WHOLE_INDEX, Partition, PreviousState, ProjectState, settings_digest_of
from tests.fake_index import FakeIndex, World
from tests.remembering import NOW, Remembering, fresh

Connect = Callable[..., Index]
CALM = settings(deadline=None)
FILES = choose_streams(["files"])
TWO = choose_streams(["files", "release"])


class Kept(Remembering):
    """A memory of what the test says, that counts what it is asked."""

    def __init__(self, seen: dict[str, dict[str, ProjectState]] | None = None, unfinished: int | None = None) -> None:
        super().__init__()
        self._seen = seen or {}
        self.unfinished = unfinished
        self.asked: list[list[str]] = []

    def finish(self) -> None:
        """Nothing is kept of it."""

    def load(self, projects: Any) -> Any:
        """What was seen; the names are noted."""
        self.asked.append(list(projects))
        return super().load(projects)


def planner(memory: Remembering, streams: Any = FILES, now: float = NOW, **settings: Any) -> Planner:
    """What a run that begins now remembers."""
    return Planner(memory, streams, make_config(settings), now)


def queue(*names: str) -> ProjectQueue:
    """Projects to visit."""
    return ProjectQueue(Selection(tuple(SelectedProject(NormalizedName(name)) for name in names)))


def seen_by(streams: Any, *, asked: float = NOW - 60, **settings: Any) -> dict[str, ProjectState]:
    """What streams saw of a project at some time, on the terms of today."""
    due = planner(Remembering(), streams, **settings).take(queue("foo"))
    assert due is not None
    fingerprint = {"d": fingerprint_of('"one"', b"", 7)}
    return {
        name: ProjectState(int(asked), terms, True, 7, fingerprint, {"": Partition(b"digest")})
        for name, terms in due.settings_digests.items()
    }


# Full checks --------------------------------------------------------------------------------------------------

NAMES = st.text("abcdefghij-0123456789", min_size=1, max_size=12)
PERIODS = st.floats(0.1, 30)


@CALM
@given(NAMES, PERIODS, st.integers(2, 60), st.integers(0, 100 * DAY))
def test_once_in_the_period(name: str, days: float, runs: int, begin: int) -> None:
    """Whatever the rhythm of runs, a project is due once in each period, and never twice."""
    step = days * DAY / runs
    asked = NOW + begin
    due = []
    for number in range(1, 5 * runs + 1):
        now = NOW + begin + number * step
        if planner(Remembering(), now=now, full_check_days=days).is_due(name, int(asked)):
            due.append(now)
        asked = int(now)  # every run asks for it, due or not
    assert len(due) in (4, 5, 6)
    gaps = [later - earlier for earlier, later in itertools.pairwise(due)]
    assert all(abs(gap - days * DAY) <= step + 1 for gap in gaps)


@CALM
@given(NAMES, PERIODS, st.floats(1, 100))
def test_after_a_long_time(name: str, days: float, periods: float) -> None:
    """A project that was not asked for in a whole period is due."""
    now = NOW + periods * days * DAY + 1
    assert planner(Remembering(), now=now, full_check_days=days).is_due(name, NOW)


@CALM
@given(NAMES)
def test_always(name: str) -> None:
    """Where the period is 0, everything is due in every run."""
    assert planner(Remembering(), full_check_days=0).is_due(name, NOW)


def test_slices() -> None:
    """Projects have days of their own: every day about a seventh of them is due."""
    names = [f"project-{number}" for number in range(7000)]
    for day in range(1, 8):
        run = planner(Remembering(), now=NOW + day * DAY)
        assert 800 < sum(run.is_due(name, NOW + (day - 1) * DAY) for name in names) < 1200


# What is known of a project -----------------------------------------------------------------------------------


def test_recalled_together() -> None:
    """Projects are recalled many at once, in the order of their visits."""
    names = [f"p{number}" for number in range(BATCH_SIZE + 1)]
    memory, waiting = Kept(), queue(*names)
    run = planner(memory)
    taken = []
    while (due := run.take(waiting)) is not None:
        taken.append(due.project.project)
    assert taken == names
    assert memory.asked == [names[:BATCH_SIZE], names[BATCH_SIZE:]]


def test_settled() -> None:
    """A stream's rows stand where it has seen the project on the terms of today; another's do not matter."""
    both = seen_by(TWO)
    memory = Kept(
        {"foo": {"files": both["files"], "release": ProjectState(*_fields(both["release"], settings_digest=b"old."))}}
    )
    due = planner(memory, TWO).take(queue("foo"))
    assert due is not None
    assert due.previous == PreviousState(TWO, memory.load(["foo"])["foo"], frozenset({"files"}), full_check=False)
    assert due.settings_digests == {name: one.settings_digest for name, one in both.items()}


@pytest.mark.parametrize(
    ("settings", "keys", "fill", "releases"),
    [
        ({}, True, False, "latest"),
        ({"core_metadata": True}, True, True, "latest"),
        ({"releases": "all"}, True, False, "all"),
        ({}, False, False, "latest"),
    ],
)
def test_terms(settings: dict[str, Any], keys: bool, fill: bool, releases: str) -> None:
    """The terms of today are those of the settings, and of whether keys are remembered."""
    streams = choose_streams(["dependencies"])
    due = planner(Remembering(keys=keys), streams, **settings).take(queue("foo"))
    foo = SelectedProject(NormalizedName("foo"))
    assert due is not None
    assert due.settings_digests == {"dependencies": settings_digest_of(streams[0], foo, releases, fill=fill, keys=keys)}


def _fields(seen: ProjectState, **changed: Any) -> list[Any]:
    return [changed.get(name, getattr(seen, name)) for name in seen.__struct_fields__]


@pytest.mark.parametrize(("asked", "deep"), [(NOW - 60, False), (NOW - 8 * DAY, True)])
def test_deep(asked: float, deep: bool) -> None:
    """Release documents are asked for once the project's own time has come."""
    due = planner(Kept({"foo": seen_by(FILES, asked=asked)})).take(queue("foo"))
    assert due is not None
    assert due.previous.full_check == deep


def test_streams_of_the_moment_remember_nothing() -> None:
    """What tells of the moment only is read in full, whatever was seen."""
    streams = choose_streams(["stats", "listing"])
    run = planner(Remembering(), streams)
    _, terms = run.of_index()
    memory = Kept({"": {name: ProjectState(NOW, one, True, None, {}, {}) for name, one in terms.items()}})
    known, _ = planner(memory, streams).of_index()
    assert (set(known.states), set(known.comparable)) == ({"listing"}, {"listing"})


# Runs that ended early ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unfinished", "expected"),
    [
        (None, None),
        (NOW, NOW),
        (NOW - RESUME_WITHIN + 1, NOW - RESUME_WITHIN + 1),
        (NOW - RESUME_WITHIN, None),
        (begins(NOW), begins(NOW)),
        (begins(NOW) + 1, None),
    ],
    ids=["it came to its end", "just now", "within the hour", "too long ago", "this second", "in the future"],
)
def test_resumable(unfinished: int | None, expected: int | None) -> None:
    """A run that ended early is taken up again within the hour."""
    assert resumable(unfinished, NOW) == expected


@pytest.mark.parametrize("now", [NOW, NOW + 0.999])
def test_the_run_before(now: float) -> None:
    """A visit of the run before, in the very second in which a run begins, is none of that run."""
    assert int(now) < begins(now) <= now + 1


@pytest.mark.parametrize(
    ("unfinished", "asked", "streams", "taken"),
    [
        (NOW - 100, NOW - 50, FILES, []),
        (NOW - 100, NOW - 100, FILES, []),
        (NOW - 100, NOW - 101, FILES, ["foo"]),
        (None, NOW - 50, FILES, ["foo"]),
        (NOW - RESUME_WITHIN, NOW - 50, FILES, ["foo"]),
        (NOW - 100, NOW - 50, TWO, ["foo"]),
    ],
    ids=["visited", "at its beginning", "before it", "nothing to resume", "too late", "a stream selected since"],
)
def test_taken_up_again(unfinished: int | None, asked: int, streams: Any, taken: Sequence[str]) -> None:
    """What the run that ended early has visited is not visited again, unless a stream has come since."""
    memory = Kept({"foo": seen_by(FILES, asked=asked)}, unfinished)
    waiting, run = queue("foo", "bar"), planner(memory, streams)
    visited = []
    while (due := run.take(waiting)) is not None:
        visited.append(due.project.project)
    assert visited == [*taken, "bar"]


def interrupted(memory: Remembering, fake: FakeIndex, index: Index, asked: list[str], after: int, **more: Any) -> None:
    """A run that ends after so many batches; the next one takes it up."""
    memory.unfinished = NOW
    whole = Remembering()
    whole.sync(fake, index, asked, ["files"], **more)
    for batch in whole.given[:after]:
        memory._take(FILES[0], batch)


def test_a_run_is_taken_up(world: World, fake: FakeIndex, connect: Connect) -> None:
    """The run after one that ended early asks only for what that one has not read."""
    for name in "abc":
        world.add(name)
    index, memory = connect(fake), Remembering()
    interrupted(memory, fake, index, [*"abc"], after=2)
    memory.sync(fake, index, [*"abc"], ["files"], at=NOW + 60)
    assert [batch.project for batch in memory.given] == ["c"]
    assert memory.tables() == fresh(fake, index, [*"abc"], ["files"]).tables()


def test_dependencies_of_what_was_visited(world: World, fake: FakeIndex, connect: Connect) -> None:
    """What was visited before a run ended is not asked for again, and what it needs is visited all the same."""
    world.add("a", requires_dist=["b"])
    world.add("b", requires_dist=["c"])
    world.add("c")
    index, memory = connect(fake), Remembering()
    interrupted(memory, fake, index, ["a"], after=1, follow_dependencies=2)
    memory.sync(fake, index, ["a"], ["files"], at=NOW + 60, follow_dependencies=2)
    assert [batch.project for batch in memory.given] == ["b", "c"]
    assert memory.tables() == fresh(fake, index, ["a"], ["files"], follow_dependencies=2).tables()


@pytest.mark.parametrize(("levels", "visited"), [(0, []), (1, ["foo"])])
def test_needs_that_nobody_found(levels: int, visited: Sequence[str]) -> None:
    """What was visited before a run ended is visited again where dependencies are followed and its own are unknown."""
    memory = Kept({"foo": seen_by(FILES, asked=NOW - 50, follow_dependencies=levels)}, NOW - 100)
    due = planner(memory, follow_dependencies=levels).take(queue("foo"))
    assert [due.project.project for due in (due,) if due is not None] == visited


def test_a_misspelt_name_is_told_when_a_run_is_taken_up(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A name that the index has never had is told also by the run that takes up the one that found it out."""
    world.add("a")
    index, memory = connect(fake), Remembering()
    interrupted(memory, fake, index, ["nope", "a"], after=1)
    memory.sync(fake, index, ["nope", "a"], ["files"], at=NOW + 60)
    assert [(batch.project, batch.missing) for batch in memory.given] == [("nope", True), ("a", False)]


# The index's list ---------------------------------------------------------------------------------------------

LISTED = fingerprint_of('"list"', b"", 9)


def test_what_is_remembered_of_a_list() -> None:
    """Of the list that told what to visit, each stream remembers its mark; before a run without it, its serial."""
    memory = Kept()
    made = planner(memory)
    remembered = made.of_list(LISTED)
    terms = remembered["files"].settings_digest
    assert remembered == {"files": ProjectState(int(NOW), terms, True, 9, {"l": LISTED}, {})}
    assert len(terms) == 4
    memory._seen[WHOLE_INDEX] = remembered
    again = planner(memory)
    assert (again.list_fingerprint(of_projects=True), again.list_fingerprint(of_projects=False)) == (
        LISTED,
        Fingerprint(),
    )
    assert again.without_list() == {"files": ProjectState(int(NOW), b"", True, 9, {"l": Fingerprint(serial=9)}, {})}
    memory._seen[WHOLE_INDEX] = again.without_list()
    assert planner(memory).without_list() == {}
    assert planner(memory).list_fingerprint(of_projects=True) == Fingerprint(serial=9)


def test_a_list_on_other_terms() -> None:
    """Another choice of projects, or other settings, make the list count for nothing but its serial."""
    memory = Kept()
    memory._seen[WHOLE_INDEX] = planner(memory).of_list(LISTED)
    foo = SelectedProject(NormalizedName("foo"), ("1", "2"))
    choices = [
        Selection((foo,)),
        Selection((replace(foo, pins=("1,", "2")),)),
        Selection(whole_index=True),
        Selection(follow=1),
        Selection(whole_index=True, excluded=("a",)),
    ]
    terms = {
        Planner(memory, FILES, make_config({}), NOW, one).of_list(LISTED)["files"].settings_digest for one in choices
    }
    assert len(terms) == len(choices)
    for one in choices:
        assert Planner(memory, FILES, make_config({}), NOW, one).list_fingerprint(of_projects=True) == Fingerprint(
            serial=9
        )
    followed = [planner(memory, follow_dependencies=n).of_list(LISTED)["files"].settings_digest for n in (0, 1, 2)]
    assert followed[0] != followed[1] == followed[2]


def test_terms_of_a_list_stay() -> None:
    """A list is remembered on the same terms in every version, or each of its projects would be asked for anew."""
    targets = SelectedProject(NormalizedName("foo"), ("1", "2")), SelectedProject(NormalizedName("bar"))
    choice = Selection(targets, whole_index=True, follow=2, excluded=("b*", "a"))
    of_projects = settings_digest_of(FILES[0], SelectedProject(NormalizedName("any")), "latest", fill=False, keys=True)
    told = blake2b(of_projects + b"True\n2\na\nb*\n\nbar==\nfoo==1,2", digest_size=4).digest()
    remembered = Planner(Remembering(), FILES, make_config({}), NOW, choice).of_list(LISTED)
    assert remembered["files"].settings_digest == told


def test_a_list_that_is_a_stream_too() -> None:
    """A list is asked for on condition where the stream of it has seen it as well, and it needs no other to."""
    memory, both = Kept(), choose_streams(["files", "listing", "stats"])
    _, terms = planner(memory, both).of_index()
    listing = {"listing": ProjectState(int(NOW), terms["listing"], True, 9, {"l": LISTED}, {})}
    files = planner(memory).of_list(LISTED)
    for seen, expected in (
        (files | listing, (LISTED, LISTED)),
        (listing, (Fingerprint(serial=9), LISTED)),
        (files, (Fingerprint(serial=9), Fingerprint())),
    ):
        memory._seen[WHOLE_INDEX] = dict(seen)
        run = planner(memory, both)
        assert (run.list_fingerprint(of_projects=True), run.list_fingerprint(of_projects=False)) == expected


def test_no_projects_to_glance_at() -> None:
    """Where no stream is of projects, nobody looks what was seen of them."""
    memory = Kept()
    assert planner(memory, choose_streams(["listing"])).summaries() == ()
