"""sync/planner.py: whether a project is requested again, why, and on which condition its documents are requested."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from packaging.utils import NormalizedName

from source_pypi.config import make_config
from source_pypi.selection import SelectedProject, Selection
from source_pypi.services.index.api import Index
from source_pypi.services.index.documents import ABSENT, UNKNOWN, Fingerprint
from source_pypi.services.index.documents.fingerprint import fingerprint_of
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams import choose_streams
from source_pypi.streams.stream import Stream
from source_pypi.sync.planner import (
    BATCH_SIZE,
    DAY,
    FullChecks,
    Planner,
    PreviousState,
    ProjectTask,
    Reason,
    Skip,
    decide,
    decide_listed,
    previous_state,
    settings_digests_of,
)
from source_pypi.sync.queue import ProjectQueue
from source_pypi.sync.resume import RESUME_WITHIN, begins, resumable
from source_pypi.sync.state import CODES, Partition, ProjectState, ProjectSummary, settings_digest_of
from tests.fake_index import FakeIndex, World
from tests.memory_store import NOW, MemoryStore, full_sync

Connect = Callable[..., Index]
NO_DEADLINE = settings(deadline=None)
FOO = SelectedProject(NormalizedName("foo"))
FILES = choose_streams(["files"])
FILES_AND_RELEASE = choose_streams(["files", "release"])
ONE, OTHER = fingerprint_of('"one"', b"", 5), fingerprint_of('"other"', b"", 9)


def state(fingerprint: Fingerprint = ONE, **changes: Any) -> ProjectState:
    """The state of a stream that read the project document."""
    code = CODES[DocumentKind.PROJECT]
    made = ProjectState(NOW - 60, b"term", True, 7, {code: fingerprint}, {"": Partition(b"digest")})
    return ProjectState(*(changes.get(name, getattr(made, name)) for name in made.__struct_fields__))


def previous(streams: tuple[Stream, ...] = FILES, **changes: Any) -> PreviousState:
    """What streams read before with the settings of this run."""
    states = {stream.name: state(**changes) for stream in streams}
    return PreviousState(streams, states, frozenset(states))


# Why a project is requested -----------------------------------------------------------------------------------

DIGESTS = {"files": b"term", "release": b"term"}


def decision(before: PreviousState, *, resumed_since: int | None = None, follow: bool = False) -> ProjectTask | Skip:
    """The decision about the project foo."""
    return decide(FOO, before, DIGESTS, resumed_since=resumed_since, follow=follow)


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        (PreviousState(FILES), Reason.NEW),
        (replace(previous(), comparable=frozenset()), Reason.OTHER_SETTINGS),
        (replace(previous(), streams=FILES_AND_RELEASE), Reason.OTHER_SETTINGS),
        (replace(previous(), full_check=True), Reason.FULL_CHECK),
        (previous(FILES_AND_RELEASE), Reason.MAY_HAVE_CHANGED),
    ],
)
def test_project_is_requested_in_a_new_run(before: PreviousState, reason: Reason) -> None:
    """A run that continues none requests every project, for one of four reasons."""
    assert decision(before) == ProjectTask(FOO, before, DIGESTS, reason)


@pytest.mark.parametrize(
    ("checked_at", "existed", "requirements", "follow", "skipped"),
    [
        (NOW, True, None, False, True),
        (NOW - 1, True, None, False, False),
        (NOW, False, None, False, False),
        (NOW, True, None, True, False),
        (NOW, True, ("bar",), True, True),
    ],
    ids=["read by it", "read before it", "does not exist", "requirements unknown", "requirements known"],
)
def test_continued_run_skips_what_the_interrupted_one_read(
    checked_at: int, existed: bool, requirements: tuple[str, ...] | None, follow: bool, skipped: bool
) -> None:
    """A run that continues one skips the projects that it read, unless something has to be found out again."""
    before = previous(checked_at=checked_at, existed=existed, requirements=requirements)
    task = ProjectTask(FOO, before, DIGESTS, Reason.MAY_HAVE_CHANGED)
    expected = Skip(Reason.ALREADY_READ, requirements) if skipped else task
    assert decision(before, resumed_since=NOW, follow=follow) == expected


def test_continued_run_reads_a_stream_that_was_added() -> None:
    """A stream that was selected after the interrupted run is read."""
    before = replace(previous(checked_at=NOW), streams=FILES_AND_RELEASE)
    assert decision(before, resumed_since=NOW) == ProjectTask(FOO, before, DIGESTS, Reason.OTHER_SETTINGS)


SERIALS = {"foo": 7, "unknown": None}


@pytest.mark.parametrize(
    ("summary", "reason"),
    [
        (ProjectSummary("foo", 7, NOW, absent=False), Reason.UNCHANGED),
        (ProjectSummary("foo", 8, NOW, absent=False), Reason.UNCHANGED),
        (ProjectSummary("foo", 6, NOW, absent=False), Reason.SERIAL_CHANGED),
        (ProjectSummary("foo", None, NOW, absent=True), Reason.SERIAL_CHANGED),
        (ProjectSummary("unknown", 7, NOW, absent=False), Reason.SERIAL_CHANGED),
        (ProjectSummary("foo", 7, NOW, absent=False, comparable=False), Reason.OTHER_SETTINGS),
        (ProjectSummary("gone", 7, NOW, absent=False), Reason.NOT_LISTED),
        (ProjectSummary("gone", 7, NOW, absent=False, comparable=False), Reason.NOT_LISTED),
        (ProjectSummary("gone", None, NOW, absent=True, comparable=False), Reason.UNCHANGED),
        (ProjectSummary("foo", 7, NOW - 8 * DAY, absent=False), Reason.FULL_CHECK),
        (ProjectSummary("gone", None, NOW - 8 * DAY, absent=True), Reason.FULL_CHECK),
    ],
)
def test_project_with_state_is_compared_with_the_list(summary: ProjectSummary, reason: Reason) -> None:
    """The first rule that applies decides: not listed, other settings, serial, full check; else it is skipped."""
    assert decide_listed(summary, SERIALS, FullChecks(NOW, 7)) is reason


# Full checks --------------------------------------------------------------------------------------------------

NAMES = st.text("abcdefghij-0123456789", min_size=1, max_size=12)
PERIODS = st.floats(0.1, 30)


@NO_DEADLINE
@given(NAMES, PERIODS, st.integers(2, 60), st.integers(0, 100 * DAY))
def test_full_check_is_due_once_a_period(name: str, days: float, runs: int, begin: int) -> None:
    """However often runs start, a full check is due once in each period."""
    step = days * DAY / runs
    checked_at = NOW + begin
    due = []
    for number in range(1, 5 * runs + 1):
        now = NOW + begin + number * step
        if FullChecks(now, days).is_due(name, int(checked_at)):
            due.append(now)
        checked_at = int(now)  # every run reads it
    assert len(due) in (4, 5, 6)
    gaps = [later - earlier for earlier, later in itertools.pairwise(due)]
    assert all(abs(gap - days * DAY) <= step + 1 for gap in gaps)


@NO_DEADLINE
@given(NAMES, PERIODS, st.floats(1, 100))
def test_full_check_is_due_after_a_whole_period(name: str, days: float, periods: float) -> None:
    """A full check is due for a project that was not read in a whole period."""
    assert FullChecks(NOW + periods * days * DAY + 1, days).is_due(name, NOW)


@NO_DEADLINE
@given(NAMES)
def test_full_check_days_0_is_always_due(name: str) -> None:
    """With a period of 0, every full check is due in every run."""
    assert FullChecks(NOW, 0).is_due(name, NOW)


def test_full_checks_are_spread_by_name() -> None:
    """On each of seven days, about a seventh of the projects is due."""
    names = [f"project-{number}" for number in range(7000)]
    for day in range(1, 8):
        checks = FullChecks(NOW + day * DAY, 7)
        assert 800 < sum(checks.is_due(name, NOW + (day - 1) * DAY) for name in names) < 1200


# What streams read before -------------------------------------------------------------------------------------


def test_comparable_streams_have_the_settings_of_this_run() -> None:
    """A state with other settings counts for existence, but is not comparable."""
    states = {"files": state(), "release": state(settings_digest=b"else")}
    expected = PreviousState(FILES_AND_RELEASE, states, frozenset({"files"}))
    assert previous_state(FILES_AND_RELEASE, {**states, "roles": state()}, DIGESTS) == expected


@pytest.mark.parametrize(("checked_at", "due"), [(NOW - 60, False), (NOW - 8 * DAY, True)])
def test_full_check_of_a_project(checked_at: int, due: bool) -> None:
    """A full check is due if it is for one of the comparable states."""
    states = {"files": state(checked_at=checked_at), "release": state(settings_digest=b"else", checked_at=1)}
    made = previous_state(FILES_AND_RELEASE, states, DIGESTS, "foo", FullChecks(NOW, 7))
    assert made.full_check is due


def test_full_check_is_due_if_it_is_for_one_stream() -> None:
    """A project is checked in full if that is due for any of its streams, not only if it is for all of them."""
    states = {"files": state(checked_at=NOW), "release": state(checked_at=NOW - 8 * DAY)}
    digests = dict.fromkeys(states, b"term")
    checks = FullChecks(NOW, 7)
    assert previous_state(FILES_AND_RELEASE, states, digests, "foo", checks).full_check
    states["release"] = state(checked_at=NOW)
    assert not previous_state(FILES_AND_RELEASE, states, digests, "foo", checks).full_check


def test_time_in_the_future_makes_a_full_check_due() -> None:
    """A time in state that lies more than a day ahead is ignored: the full check is due."""
    checks = FullChecks(NOW, 3650)
    assert checks.is_due("foo", NOW + 400 * DAY)
    assert not checks.is_due("foo", NOW + 3600)


def test_continued_run_reads_a_project_that_one_stream_lacks() -> None:
    """A continued run skips a project only if all streams were read since the interrupted run began."""
    since = NOW - 100
    before = previous(FILES_AND_RELEASE, checked_at=NOW)
    assert isinstance(decision(before, resumed_since=since), Skip)
    states = {**before.states, "release": state(checked_at=since - 1)}
    assert isinstance(decision(replace(before, states=states), resumed_since=since), ProjectTask)
    states["release"] = state(checked_at=NOW + 400 * DAY)
    ahead = replace(before, states=dict.fromkeys(states, states["release"]))
    assert isinstance(decision(ahead, resumed_since=since), ProjectTask)


def test_streams_that_are_not_incremental_have_no_previous_state() -> None:
    """Statistics are read in full, even if there is state."""
    streams = choose_streams(["stats", "listing"])
    states = {stream.name: state() for stream in streams}
    assert previous_state(streams, states, dict.fromkeys(states, b"term")) == PreviousState(
        streams, {"listing": states["listing"]}, frozenset({"listing"})
    )


def read_by(comparable: bool = True, **fingerprints: Fingerprint) -> PreviousState:
    """What streams by these names know of the project document."""
    states = {name: state(fingerprint) for name, fingerprint in fingerprints.items()}
    names = frozenset(fingerprints) if comparable else frozenset[str]()
    return PreviousState(choose_streams(list(fingerprints)), states, names)


@pytest.mark.parametrize("names", [("files", "versions"), ("files", "release")])
def test_request_is_conditional_if_all_readers_know_the_document(names: tuple[str, ...]) -> None:
    """A document is requested with its ETag if every stream that needs it has read this version."""
    assert read_by(True, **dict.fromkeys(names, ONE)).condition(DocumentKind.PROJECT) == ONE


@pytest.mark.parametrize(
    ("before", "serial"),
    [
        (read_by(files=ONE, versions=OTHER), 9),
        (read_by(comparable=False, files=ONE), 5),
        (replace(read_by(files=ONE), streams=choose_streams(["files", "versions"])), 5),
        (replace(read_by(files=ONE, versions=ONE), comparable=frozenset({"files"})), 5),
        (read_by(files=ABSENT, versions=ONE), 5),
        (PreviousState(FILES), None),
        (PreviousState(), None),
    ],
    ids=["two versions", "other settings", "added stream", "settings of one", "was absent", "no state", "no stream"],
)
def test_request_is_unconditional_otherwise(before: PreviousState, serial: int | None) -> None:
    """Otherwise a document is requested in full; an older copy than the newest known is still not accepted."""
    assert before.condition(DocumentKind.PROJECT) == Fingerprint(b"", serial)


def test_only_readers_of_a_document_decide_its_condition() -> None:
    """Streams that do not read a document have no part in its condition."""
    page = state(fingerprints={CODES[DocumentKind.PROJECT]: ONE, CODES[DocumentKind.PAGE]: OTHER})
    names = ("files", "statuses")
    both = PreviousState(choose_streams(names), {"statuses": page, "files": state()}, frozenset(names))
    assert both.condition(DocumentKind.PAGE) == OTHER
    assert both.condition(DocumentKind.PROJECT) == ONE
    assert [stream.name for stream in both.readers(DocumentKind.PAGE)] == ["statuses"]
    assert both.readers(DocumentKind.PROVENANCE) == ()


def test_release_documents_have_conditions_of_their_own() -> None:
    """A release has a fingerprint of its own, unless it was read from the project document."""
    kind = DocumentKind.RELEASES
    partitions = {"1.0": Partition(b"digest", OTHER), "2.0": Partition(b"digest")}
    release = previous(choose_streams(["release"]), partitions=partitions)
    assert [release.condition(kind, version) for version in ("1.0", "2.0", "3.0")] == [OTHER, UNKNOWN, UNKNOWN]
    assert release.condition(kind, "") == UNKNOWN, "an index may list a release without a version"
    assert release.partition_fingerprints(kind) == {"1.0": OTHER, "2.0": None}
    assert replace(release, comparable=frozenset()).partition_fingerprints(kind) == {}
    assert [release.is_unchanged(kind, OTHER, release.streams, version) for version in ("1.0", "3.0")] == [True, False]
    assert not release.is_unchanged(kind, ONE, release.streams, "1.0")


def test_partitions_are_those_of_one_comparable_stream() -> None:
    """One stream tells which releases were read: all of them have read the same."""
    streams = choose_streams(["release", "dependencies"])
    states = {
        "release": state(partitions={"1.0": Partition(b"digest", OTHER)}),
        "dependencies": state(partitions={"2.0": Partition(b"digest")}),
    }
    both = PreviousState(streams, states, frozenset(states))
    assert both.partition_fingerprints(DocumentKind.RELEASES) in ({"1.0": OTHER}, {"2.0": None})


def test_document_is_unchanged_if_each_reader_has_read_it() -> None:
    """A document is unchanged if each of these streams, at least one, has read this version with these settings."""
    both, kind = read_by(files=ONE, versions=ONE), DocumentKind.PROJECT
    assert both.is_unchanged(kind, Fingerprint(ONE.tag, 99), both.streams)
    assert not both.is_unchanged(kind, OTHER, both.streams)
    assert not both.is_unchanged(kind, ONE, [])
    assert not both.is_unchanged(kind, UNKNOWN, both.streams)
    assert not both.is_unchanged(kind, ONE, choose_streams(["files", "projects"]))
    assert not replace(both, comparable=frozenset({"files"})).is_unchanged(kind, ONE, both.streams)


def test_requirements_and_existence_of_a_project() -> None:
    """Requirements come from any comparable state that has them; existence from any state."""
    names = ("files", "versions")
    states = {"files": state(), "versions": state(requirements=("bar",), existed=False)}
    both = PreviousState(choose_streams(names), states, frozenset(names))
    assert (both.requirements, both.existed) == (("bar",), True)
    other_settings = replace(both, comparable=frozenset({"files"}))
    assert (other_settings.requirements, other_settings.existed) == (None, True)
    assert (PreviousState().requirements, PreviousState().existed) == (None, False)
    assert not PreviousState(FILES, {"files": state(existed=False)}).existed


# Loading states -----------------------------------------------------------------------------------------------


def queue(*names: str) -> ProjectQueue:
    """A queue of these projects."""
    return ProjectQueue(Selection(tuple(SelectedProject(NormalizedName(name)) for name in names)))


def test_states_are_loaded_in_blocks() -> None:
    """The states of many projects are loaded at once, in the order of the queue."""
    names = [f"p{number}" for number in range(BATCH_SIZE + 1)]
    store, waiting = MemoryStore(), queue(*names)
    planner = Planner(store, FILES, make_config({}), NOW)
    while (project := waiting.take()) is not None:
        planner.decide(project, waiting.upcoming)
    assert store.loads == [names[:BATCH_SIZE], names[BATCH_SIZE:]]


@pytest.mark.parametrize(
    ("settings", "keys", "project"),
    [
        ({}, True, FOO),
        ({"core_metadata": True}, True, FOO),
        ({"releases": "all"}, True, FOO),
        ({"follow_dependencies": 2}, True, FOO),
        ({}, False, FOO),
        ({}, True, replace(FOO, pins=("1.0",))),
    ],
)
def test_task_has_the_settings_digests_of_this_run(
    settings: dict[str, Any], keys: bool, project: SelectedProject
) -> None:
    """The digests depend on the settings, on whether keys are kept, and on the pins."""
    streams, config = choose_streams(["dependencies"]), make_config(settings)
    task = Planner(MemoryStore(keys=keys), streams, config, NOW).decide(project, lambda _: [])
    expected = settings_digest_of(
        streams[0],
        project,
        config.releases,
        use_core_metadata=config.core_metadata,
        keys=keys,
        follow=config.follow_dependencies > 0,
    )
    assert isinstance(task, ProjectTask)
    assert task.settings_digests == {"dependencies": expected}


def test_summaries_and_index_state_are_not_loaded_without_need() -> None:
    """A run without streams of projects loads no summaries, one without streams of the index no state of it."""
    store = MemoryStore({"foo": {"files": state()}})
    assert Planner(store, choose_streams(["listing"]), make_config({}), NOW).summaries() == ()
    assert Planner(store, FILES, make_config({}), NOW).index_state() == (PreviousState(), {})
    assert store.loads == []


def test_index_state_is_that_of_the_streams_of_the_index() -> None:
    """The state of the whole index is that of the selected streams that describe it."""
    streams = choose_streams(["files", "listing"])
    digests = settings_digests_of(streams[1:], None, make_config({}), keys=True)
    states = {name: state(settings_digest=digests["listing"]) for name in ("files", "listing")}
    found = Planner(MemoryStore({"": states}), streams, make_config({}), NOW).index_state()
    assert found == (PreviousState(streams[1:], {"listing": states["listing"]}, frozenset({"listing"})), digests)


# Interrupted runs ---------------------------------------------------------------------------------------------


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
    ids=["finished", "just now", "within the hour", "too long ago", "this second", "in the future"],
)
def test_interrupted_run_is_continued_within_the_hour(unfinished: int | None, expected: int | None) -> None:
    """A run continues an interrupted one that started less than an hour ago."""
    assert resumable(unfinished, NOW) == expected


@pytest.mark.parametrize("now", [NOW, NOW + 0.999])
def test_projects_read_in_the_second_before_a_run_are_not_its_own(now: float) -> None:
    """A project that the run before read in the second in which a run starts does not count as read by it."""
    assert int(now) < begins(now) <= now + 1


def interrupted(store: MemoryStore, fake: FakeIndex, index: Index, names: list[str], after: int, **more: Any) -> None:
    """A run that ends after so many batches; the next one continues it."""
    store.unfinished = NOW
    for batch in full_sync(fake, index, names, ["files"], **more).batches[:after]:
        store.add(FILES[0], batch)


def test_continued_run_requests_the_rest(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A run that continues an interrupted one requests only what that one has not read."""
    for name in "abc":
        world.add(name)
    index, store = connect(fake), MemoryStore()
    interrupted(store, fake, index, [*"abc"], after=2)
    store.sync(fake, index, [*"abc"], ["files"], at=NOW + 60)
    assert [batch.project for batch in store.batches] == ["c", None]  # the last one says how many were skipped
    assert store.tables() == full_sync(fake, index, [*"abc"], ["files"]).tables()


def test_continued_run_follows_dependencies_of_skipped_projects(
    world: World, fake: FakeIndex, connect: Connect
) -> None:
    """The dependencies of a project that the interrupted run read are read, the project itself is not."""
    world.add("a", requires_dist=["b"])
    world.add("b", requires_dist=["c"])
    world.add("c")
    index, store = connect(fake), MemoryStore()
    interrupted(store, fake, index, ["a"], after=1, follow_dependencies=2)
    store.sync(fake, index, ["a"], ["files"], at=NOW + 60, follow_dependencies=2)
    assert [batch.project for batch in store.batches] == ["b", "c", None]
    assert store.tables() == full_sync(fake, index, ["a"], ["files"], follow_dependencies=2).tables()


def test_continued_run_reports_a_mistyped_name_again(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A name that the index never had is reported by the interrupted run and by the one that continues it."""
    world.add("a")
    index, store = connect(fake), MemoryStore()
    interrupted(store, fake, index, ["nope", "a"], after=1)
    store.sync(fake, index, ["nope", "a"], ["files"], at=NOW + 60)
    assert [(batch.project, batch.missing) for batch in store.batches] == [("nope", True), ("a", False)]
