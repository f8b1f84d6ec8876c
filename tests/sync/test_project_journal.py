"""sync/project_journal.py: the index's journal in place of its list of projects."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from packaging.utils import canonicalize_name

from source_pypi.services.events.entries import JournalEntry
from source_pypi.services.index.api import Index
from source_pypi.sync.planner import DAY
from source_pypi.sync.project_journal import (
    MOST_TRIES,
    JournalCursor,
    ProjectEvents,
    cursor_of,
    events_since,
)
from source_pypi.sync.state import WHOLE_INDEX, ProjectSummary
from tests.fake_index import FakeIndex, World, faults
from tests.memory_store import NOW, MemoryStore, full_sync
from tests.services.events.helpers import open_journal

Connect = Callable[..., Index]
NAMES = tuple(f"Project.{number}" for number in range(30))
STREAMS = ("projects", "versions", "files")


class Synced:
    """An index of thirty projects that is read as a whole, again and again."""

    def __init__(self, world: World, fake: FakeIndex, connect: Connect) -> None:
        self.world, self.fake, self._connect = world, fake, connect
        self.store, self.at = MemoryStore(), float(NOW)
        for name in NAMES:
            world.add(name, ["1.0"])

    def sync(self, *, later: float = 3600, names: Sequence[str] = (), **settings: Any) -> set[str]:
        """A run some seconds later; return what it requested, apart from the sample of unchanged projects."""
        self.at += later
        journal = open_journal(self.fake).journal
        self.store.sync(
            self.fake,
            self._connect(self.fake),
            names,
            STREAMS,
            at=self.at,
            open_journal=lambda: journal,
            **{"whole_index": True, "full_check_days": 3650, **settings},
        )
        return {one.path for one in self.fake.requests if one.status != 304}

    def warnings(self) -> list[str]:
        """The warnings of the last run."""
        return [warning for batch in self.store.batches for warning in batch.warnings if "skipped" not in warning]

    def cursor(self) -> JournalCursor | None:
        """The cursor after the last run."""
        states = self.store.states.get(WHOLE_INDEX, {})
        return cursor_of(states, {name: states[name].settings_digest for name in states})

    def is_current(self) -> bool:
        """Whether the tables are those of a full sync."""
        full = full_sync(self.fake, self._connect(self.fake), [], STREAMS, whole_index=True)
        return self.store.tables() == full.tables()


@pytest.fixture
def synced(world: World, fake: FakeIndex, connect: Connect) -> Synced:
    """An index that has been read once, by its list."""
    made = Synced(world, fake, connect)
    assert "/simple/" in made.sync()
    assert made.cursor() is not None
    return made


def test_the_second_run_reads_the_journal(synced: Synced) -> None:
    """After a run with the list, the next one requests the journal, and the projects with events."""
    synced.world.project("project.3").release("2.0", wheel=True)
    synced.world.yank("project.4", "1.0")
    assert synced.sync() == {"/pypi", "/pypi/project-3/json", "/pypi/project-4/json"}
    assert synced.is_current()


def test_new_and_removed_projects(synced: Synced) -> None:
    """Projects that are created or removed are known by their events; one that is both is not requested."""
    synced.world.add("Brand_New", ["1.0"])
    synced.world.add("gone again", ["1.0"])
    synced.world.delete_project("gone again")
    synced.world.delete_project("project.7")
    assert synced.sync() >= {"/pypi", "/pypi/brand-new/json", "/pypi/project-7/json"}
    assert "/simple/" not in {one.path for one in synced.fake.requests}
    assert "/pypi/gone-again/json" not in {one.path for one in synced.fake.requests}
    assert synced.is_current()


def test_nothing_has_happened(synced: Synced) -> None:
    """Without events only the journal is requested, twice: the second time to see that it has not been set up anew."""
    assert synced.sync() == {"/pypi"}
    cursor = synced.cursor()
    assert cursor is not None
    assert (cursor.last, cursor.pending) == (synced.world.serial, {})


def test_late_documents_are_requested_again(synced: Synced) -> None:
    """A document that is older than its event is requested again by the next run, which then has the change."""
    synced.world.project("project.3").release("2.0", wheel=True)
    synced.fake.fault("/pypi/project-3/json", faults.stale(), times=None)
    synced.sync()
    cursor = synced.cursor()
    assert cursor is not None
    assert cursor.pending == {"project-3": (synced.world.serial, 1)}
    synced.fake.clear_faults()
    assert synced.sync() == {"/pypi", "/pypi/project-3/json"}
    assert synced.is_current()
    after = synced.cursor()
    assert after is not None
    assert after.pending == {}


def test_failed_projects_are_requested_again(synced: Synced) -> None:
    """A changed project that could not be read is requested by the next run, although it has no new event."""
    synced.world.project("project.3").release("2.0", wheel=True)
    synced.fake.fault("/pypi/project-3/json", faults.html())
    synced.sync()
    assert synced.sync() == {"/pypi", "/pypi/project-3/json"}
    assert synced.is_current()


def test_a_serial_that_is_never_reached(synced: Synced) -> None:
    """A document that never reaches the serial of its event is requested a few times, and then left."""
    synced.world.add_role("project.3", "ann")
    event = synced.world.serial
    synced.world.set_serial("project.3", event - 1)
    pending = []
    for _ in range(MOST_TRIES + 1):
        synced.sync()
        cursor = synced.cursor()
        assert cursor is not None
        pending.append(cursor.pending)
    tried: list[dict[str, tuple[int, int]]] = [{"project-3": (event, number + 1)} for number in range(MOST_TRIES)]
    assert pending == [*tried, {}]


@pytest.mark.parametrize("fault", [faults.missing(), faults.html(), faults.unavailable()], ids=lambda one: one.name)
def test_without_journal_the_list_is_read(synced: Synced, fault: faults.Fault) -> None:
    """If the journal cannot be read, the list is, and nothing fails."""
    synced.world.yank("project.4", "1.0")
    synced.fake.fault("/pypi", fault, times=None)
    assert "/simple/" in synced.sync()
    assert synced.is_current()


def test_other_selections_read_the_list(synced: Synced) -> None:
    """The cursor of another selection says nothing of projects that were not part of it."""
    assert "/simple/" in synced.sync(exclude=["project-4"])
    synced.world.yank("project.4", "1.0")
    assert synced.sync(exclude=["project-4"]) == {"/pypi"}
    assert "/simple/" in synced.sync()
    assert synced.is_current()


def test_many_named_projects(world: World, fake: FakeIndex, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many named projects are read by the list once, then by the journal; events of other projects are ignored."""
    monkeypatch.setattr("source_pypi.sync.listing.MIN_PROJECTS_FOR_LISTING", 10)
    synced = Synced(world, fake, connect)
    named: dict[str, Any] = {"whole_index": False, "names": NAMES[:20]}
    assert "/simple/" not in synced.sync(**named)
    assert "/simple/" in synced.sync(**named)
    for number in (3, 4, 25):
        world.yank(f"project.{number}", "1.0")
    assert synced.sync(**named) == {"/pypi", "/pypi/project-3/json", "/pypi/project-4/json"}
    full = full_sync(fake, connect(fake), NAMES[:20], STREAMS)
    assert synced.store.tables() == full.tables()


def test_the_list_is_read_once_in_full_check_days(synced: Synced) -> None:
    """After ``full_check_days`` the list is read again, and compared; later runs read the journal."""
    synced.world.yank("project.4", "1.0")
    requested = synced.sync(later=8 * DAY, full_check_days=7)
    assert {"/simple/", "/pypi"} <= requested
    assert synced.warnings() == []
    assert "/simple/" not in synced.sync(full_check_days=7)


def test_a_journal_without_the_changes_of_the_list(synced: Synced) -> None:
    """If the list shows changes that the journal does not have, a warning says so, and the next run reads the list."""
    assert synced.fake.xmlrpc is not None
    before = list(synced.world.journal)
    synced.fake.xmlrpc.journal = lambda: before
    synced.world.yank("project.4", "1.0")
    synced.sync(later=8 * DAY, full_check_days=7)
    (warning,) = synced.warnings()
    assert warning.startswith("the index's list of projects shows 1 change that its journal does not have")
    assert synced.is_current()
    assert "/simple/" in synced.sync(full_check_days=7)


def test_many_events_read_the_list(synced: Synced, monkeypatch: pytest.MonkeyPatch) -> None:
    """If more pages have passed than cost less than the list, the list is read."""
    monkeypatch.setattr("source_pypi.services.events.journal.PAGE_SIZE", 2)
    assert synced.fake.xmlrpc is not None
    synced.fake.xmlrpc.page_size = 2
    for number in range(7):
        synced.world.yank(f"project.{number}", "1.0")
    assert "/simple/" in synced.sync()
    assert synced.is_current()


def test_a_journal_that_was_set_up_anew(synced: Synced) -> None:
    """If the journal ends before the cursor, the list is read."""
    assert synced.fake.xmlrpc is not None
    synced.fake.xmlrpc.journal = lambda: synced.world.journal[:3]
    synced.world.yank("project.4", "1.0")
    assert "/simple/" in synced.sync()
    assert synced.is_current()


def test_without_a_journal_nothing_is_kept(world: World, fake: FakeIndex, connect: Connect) -> None:
    """A run that is given no journal keeps no cursor, and requests none."""
    world.add("a")
    store = MemoryStore()
    store.sync(fake, connect(fake), [], STREAMS, whole_index=True)
    assert WHOLE_INDEX not in store.states
    assert "/pypi" not in {one.path for one in fake.requests}


def test_histories(world: World, fake: FakeIndex, connect: Connect) -> None:
    """After random changes with late and failing documents, a quiet run makes the tables those of a full sync."""
    random_, synced = random.Random(5), Synced(world, fake, connect)
    synced.sync()
    for round_ in range(12):
        for _ in range(random_.randrange(6)):
            name = random_.choice(NAMES)
            if world.get(name) is None:
                world.add(name, [f"{world.serial}.0"])
            elif random_.random() < 0.2:
                world.delete_project(name)
            else:
                world.project(name).release(f"{world.serial}.0", wheel=True)
        late = canonicalize_name(random_.choice(NAMES))
        synced.fake.fault(f"/pypi/{late}/json", random_.choice((faults.stale(), faults.html(), faults.missing())))
        if random_.random() < 0.3:
            synced.fake.fault("/pypi", random_.choice((faults.html(), faults.missing())))
        synced.sync(accept_deletions=True)
        if round_ % 3 == 2:
            synced.fake.clear_faults()
            for _ in range(2):
                synced.sync(accept_deletions=True)
            assert synced.is_current(), round_


# Pure functions -------------------------------------------------------------------------------------------------------


def summary(project: str, serial: int | None, *, absent: bool = False) -> ProjectSummary:
    """What is known of a project."""
    return ProjectSummary(project, serial, NOW, absent)


def test_listed() -> None:
    """Events raise the serials of known projects, add new ones and leave out those that were removed."""
    events = ProjectEvents({"a": 9, "b": 2, "new": 8, "gone": 7, "back": 6, "unknown": 5}, 9, frozenset({"gone"}))
    known = [summary("a", 5), summary("b", 5), summary("c", 5), summary("gone", 5), summary("unknown", None)]
    listed = events.listed([*known, summary("back", None, absent=True), summary("absent", 3, absent=True)])
    assert listed == {"a": 9, "b": 5, "c": 5, "new": 8, "back": 6, "unknown": None}


class Source:
    """A journal in memory."""

    def __init__(self, *entries: JournalEntry) -> None:
        self.entries = list(entries)

    def read_ahead(self, serial: int, pages: int) -> list[JournalEntry] | None:
        """All events after a serial."""
        assert pages > 0
        return [entry for entry in self.entries if entry.serial > serial]

    def last_serial(self) -> int:
        """The last serial."""
        return self.entries[-1].serial if self.entries else 0


def test_events_since() -> None:
    """Each project has its last event; pending projects are added; a project that came back is not removed."""
    source = Source(
        JournalEntry("Old", None, 0, "create", 1),
        JournalEntry("A.b", None, 0, "remove project", 2),
        JournalEntry("c", None, 0, "remove project", 3),
        JournalEntry("a-B", None, 0, "create", 4),
    )
    cursor = JournalCursor(1, NOW, "x", {"late": (1, 1), "c": (1, 2)})
    assert events_since(source, cursor) == ProjectEvents({"late": 1, "c": 3, "a-b": 4}, 4, frozenset({"c"}))
    assert events_since(source, JournalCursor(9, NOW, "x")) is None
