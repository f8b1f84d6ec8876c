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
from source_pypi.selection import Selection, Target
from source_pypi.services.index.api import Index
from source_pypi.services.index.documents import Mark
from source_pypi.services.index.documents.fingerprint import mark_of
from source_pypi.streams import choose_streams
from source_pypi.sync.planner import AT_ONCE, DAY, Recollection
from source_pypi.sync.queue import Frontier
from source_pypi.sync.resume import RESUME_WITHIN, begins, resumable
from source_pypi.sync.state import WHOLE_INDEX, Known, Part, Seen, terms_of
from tests.fake_index import FakeIndex, World
from tests.remembering import NOW, Remembering, fresh

Connect = Callable[..., Index]
CALM = settings(deadline=None)
FILES = choose_streams(["files"])
TWO = choose_streams(["files", "release"])


class Kept(Remembering):
    """A memory of what the test says, that counts what it is asked."""

    def __init__(self, seen: dict[str, dict[str, Seen]] | None = None, unfinished: int | None = None) -> None:
        super().__init__()
        self._seen = seen or {}
        self.unfinished = unfinished
        self.asked: list[list[str]] = []

    def recall(self, projects: Any) -> Any:
        """What was seen; the names are noted."""
        self.asked.append(list(projects))
        return super().recall(projects)


def recollection(memory: Remembering, streams: Any = FILES, now: float = NOW, **settings: Any) -> Recollection:
    """What a run that begins now remembers."""
    return Recollection(memory, streams, make_config(settings), now)


def frontier(*names: str) -> Frontier:
    """Projects to visit."""
    return Frontier(Selection(tuple(Target(NormalizedName(name)) for name in names)))


def seen_by(streams: Any, *, asked: float = NOW - 60, **settings: Any) -> dict[str, Seen]:
    """What streams saw of a project at some time, on the terms of today."""
    due = recollection(Remembering(), streams, **settings).take(frontier("foo"))
    assert due is not None
    mark = {"d": mark_of('"one"', b"", 7)}
    return {name: Seen(int(asked), terms, True, 7, mark, {"": Part(b"digest")}) for name, terms in due.terms.items()}


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
        if recollection(Remembering(), now=now, full_check_days=days).is_due(name, int(asked)):
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
    assert recollection(Remembering(), now=now, full_check_days=days).is_due(name, NOW)


@CALM
@given(NAMES)
def test_always(name: str) -> None:
    """Where the period is 0, everything is due in every run."""
    assert recollection(Remembering(), full_check_days=0).is_due(name, NOW)


def test_slices() -> None:
    """Projects have days of their own: every day about a seventh of them is due."""
    names = [f"project-{number}" for number in range(7000)]
    for day in range(1, 8):
        run = recollection(Remembering(), now=NOW + day * DAY)
        assert 800 < sum(run.is_due(name, NOW + (day - 1) * DAY) for name in names) < 1200


# What is known of a project -----------------------------------------------------------------------------------


def test_recalled_together() -> None:
    """Projects are recalled many at once, in the order of their visits."""
    names = [f"p{number}" for number in range(AT_ONCE + 1)]
    memory, waiting = Kept(), frontier(*names)
    run = recollection(memory)
    taken = []
    while (due := run.take(waiting)) is not None:
        taken.append(due.target.project)
    assert taken == names
    assert memory.asked == [names[:AT_ONCE], names[AT_ONCE:]]


def test_settled() -> None:
    """A stream's rows stand where it has seen the project on the terms of today; another's do not matter."""
    both = seen_by(TWO)
    memory = Kept({"foo": {"files": both["files"], "release": Seen(*_fields(both["release"], terms=b"old."))}})
    due = recollection(memory, TWO).take(frontier("foo"))
    assert due is not None
    assert due.known == Known(TWO, memory.recall(["foo"])["foo"], frozenset({"files"}), deep=False)
    assert due.terms == {name: one.terms for name, one in both.items()}


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
    due = recollection(Remembering(keys=keys), streams, **settings).take(frontier("foo"))
    foo = Target(NormalizedName("foo"))
    assert due is not None
    assert due.terms == {"dependencies": terms_of(streams[0], foo, releases, fill=fill, keys=keys)}


def _fields(seen: Seen, **changed: Any) -> list[Any]:
    return [changed.get(name, getattr(seen, name)) for name in seen.__struct_fields__]


@pytest.mark.parametrize(("asked", "deep"), [(NOW - 60, False), (NOW - 8 * DAY, True)])
def test_deep(asked: float, deep: bool) -> None:
    """Release documents are asked for once the project's own time has come."""
    due = recollection(Kept({"foo": seen_by(FILES, asked=asked)})).take(frontier("foo"))
    assert due is not None
    assert due.known.deep == deep


def test_streams_of_the_moment_remember_nothing() -> None:
    """What tells of the moment only is read in full, whatever was seen."""
    streams = choose_streams(["stats", "listing"])
    run = recollection(Remembering(), streams)
    _, terms = run.of_index()
    memory = Kept({"": {name: Seen(NOW, one, True, None, {}, {}) for name, one in terms.items()}})
    known, _ = recollection(memory, streams).of_index()
    assert (set(known.seen), set(known.settled)) == ({"listing"}, {"listing"})


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
    waiting, run = frontier("foo", "bar"), recollection(memory, streams)
    visited = []
    while (due := run.take(waiting)) is not None:
        visited.append(due.target.project)
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
    due = recollection(memory, follow_dependencies=levels).take(frontier("foo"))
    assert [due.target.project for due in (due,) if due is not None] == visited


def test_a_misspelt_name_is_told_when_a_run_is_taken_up(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A name that the index has never had is told also by the run that takes up the one that found it out."""
    world.add("a")
    index, memory = connect(fake), Remembering()
    interrupted(memory, fake, index, ["nope", "a"], after=1)
    memory.sync(fake, index, ["nope", "a"], ["files"], at=NOW + 60)
    assert [(batch.project, batch.missing) for batch in memory.given] == [("nope", True), ("a", False)]


# The index's list ---------------------------------------------------------------------------------------------

LISTED = mark_of('"list"', b"", 9)


def test_what_is_remembered_of_a_list() -> None:
    """Of the list that told what to visit, each stream remembers its mark; before a run without it, its serial."""
    memory = Kept()
    made = recollection(memory)
    remembered = made.of_list(LISTED)
    terms = remembered["files"].terms
    assert remembered == {"files": Seen(int(NOW), terms, True, 9, {"l": LISTED}, {})}
    assert len(terms) == 4
    memory._seen[WHOLE_INDEX] = remembered
    again = recollection(memory)
    assert (again.list_mark(of_projects=True), again.list_mark(of_projects=False)) == (LISTED, Mark())
    assert again.without_list() == {"files": Seen(int(NOW), b"", True, 9, {"l": Mark(serial=9)}, {})}
    memory._seen[WHOLE_INDEX] = again.without_list()
    assert recollection(memory).without_list() == {}
    assert recollection(memory).list_mark(of_projects=True) == Mark(serial=9)


def test_a_list_on_other_terms() -> None:
    """Another choice of projects, or other settings, make the list count for nothing but its serial."""
    memory = Kept()
    memory._seen[WHOLE_INDEX] = recollection(memory).of_list(LISTED)
    foo = Target(NormalizedName("foo"), ("1", "2"))
    choices = [
        Selection((foo,)),
        Selection((replace(foo, pins=("1,", "2")),)),
        Selection(whole_index=True),
        Selection(follow=1),
        Selection(whole_index=True, excluded=("a",)),
    ]
    terms = {Recollection(memory, FILES, make_config({}), NOW, one).of_list(LISTED)["files"].terms for one in choices}
    assert len(terms) == len(choices)
    for one in choices:
        assert Recollection(memory, FILES, make_config({}), NOW, one).list_mark(of_projects=True) == Mark(serial=9)
    followed = [recollection(memory, follow_dependencies=n).of_list(LISTED)["files"].terms for n in (0, 1, 2)]
    assert followed[0] != followed[1] == followed[2]


def test_terms_of_a_list_stay() -> None:
    """A list is remembered on the same terms in every version, or each of its projects would be asked for anew."""
    targets = Target(NormalizedName("foo"), ("1", "2")), Target(NormalizedName("bar"))
    choice = Selection(targets, whole_index=True, follow=2, excluded=("b*", "a"))
    of_projects = terms_of(FILES[0], Target(NormalizedName("any")), "latest", fill=False, keys=True)
    told = blake2b(of_projects + b"True\n2\na\nb*\n\nbar==\nfoo==1,2", digest_size=4).digest()
    remembered = Recollection(Remembering(), FILES, make_config({}), NOW, choice).of_list(LISTED)
    assert remembered["files"].terms == told


def test_a_list_that_is_a_stream_too() -> None:
    """A list is asked for on condition where the stream of it has seen it as well, and it needs no other to."""
    memory, both = Kept(), choose_streams(["files", "listing", "stats"])
    _, terms = recollection(memory, both).of_index()
    listing = {"listing": Seen(int(NOW), terms["listing"], True, 9, {"l": LISTED}, {})}
    files = recollection(memory).of_list(LISTED)
    for seen, expected in (
        (files | listing, (LISTED, LISTED)),
        (listing, (Mark(serial=9), LISTED)),
        (files, (Mark(serial=9), Mark())),
    ):
        memory._seen[WHOLE_INDEX] = dict(seen)
        run = recollection(memory, both)
        assert (run.list_mark(of_projects=True), run.list_mark(of_projects=False)) == expected


def test_no_projects_to_glance_at() -> None:
    """Where no stream is of projects, nobody looks what was seen of them."""
    memory = Kept()
    assert recollection(memory, choose_streams(["listing"])).glance() == ()
