"""A history: an index that changes, a choice that changes, and syncs, each compared with a fresh full one."""

import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from source_pypi.config import Config, make_config
from source_pypi.http.client import Client
from source_pypi.selection import select
from source_pypi.services.index.api import Index
from source_pypi.sync.run import batches
from tests.fake_index import FakeIndex, Fault, World, faults
from tests.fake_index.site import Answer
from tests.fake_index.versions import latest, same, visible
from tests.model.changes import PROJECTS, Site
from tests.model.destinations import Deduplicated, Destination, Outcome, Place, Run, Synced
from tests.model.tables import BY_NAME, NAMES, Tables, differences, tables_of

HOUR, DAY = 3600, 86_400
BEGIN = 1_800_000_000


@dataclass(frozen=True)
class Trouble:
    """What goes wrong during a sync.

    :ivar fault: what requests for ``path`` get, and how many of them (None: all).
    :ivar cut: the run is killed after so many batches or messages.
    :ivar change: happens (name of a change, project, number) before the request of that number.
    """

    path: str = ""
    fault: Fault | None = None
    times: int | None = None
    cut: int | None = None
    change: tuple[str, str, int] | None = None
    before_request: int = 0

    @property
    def tells_lies(self) -> bool:
        """Whether what was read may be something else than what the index now holds."""
        return self.change is not None or (self.fault is not None and self.fault.stale)


QUIET = Trouble()
#: Answers of an index, or of something in between, that is not well: none needs a wait.
OUTAGES: Mapping[str, Fault] = {
    "unavailable": Fault("unavailable", Answer(503, "text/html", b"<html>busy</html>", (("Retry-After", "0"),))),
    "html": faults.html(),
    "reset": faults.reset(),
    "forbidden": faults.forbidden(),
}


@dataclass
class Choice:
    """What the user chose.

    :ivar projects: names, each with the versions it is pinned to; None among them: without a version too.
    """

    projects: dict[str, tuple[str | None, ...]] = field(default_factory=dict)
    streams: tuple[str, ...] = NAMES
    settings: dict[str, Any] = field(default_factory=dict)

    def config(self, root: str) -> Config:
        """As settings."""
        whole = self.settings.get("whole_index")
        named = [
            name if pin is None else f"{name}=={pin}"
            for name, pins in self.projects.items()
            for pin in (pins or (None,))
            if pin is not None or not whole
        ]
        chosen = self.settings if whole else {**self.settings, "exclude": ()}  # or there may be nothing left
        return make_config({"projects": named, "index_url": root, "requests_per_second": 0, **chosen})


class History:
    """An index, a choice and two destinations, over some time; a context manager."""

    def __init__(self, folder: Path, fronts: Sequence[str] = ("sync", "read"), **settings: Any) -> None:
        self.world = World()
        self.site = Site(self.world)
        self.choice = Choice({"alpha": (None,), "beta": (None,)}, settings=settings)
        self.clock = float(BEGIN)
        self.synced, self.deduplicated = Synced(folder), Deduplicated(folder)
        by_name: Mapping[str, Destination] = {"sync": self.synced, "read": self.deduplicated}
        self.destinations = [by_name[front] for front in fronts]
        self.syncs = self.steps = 0

    def __enter__(self) -> Self:
        self.fake = FakeIndex(self.world, strict=False).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.fake.stop()

    def decide(self, **chosen: Any) -> None:
        """The user chooses something else: ``projects``, ``streams``, or settings."""
        self.steps += 1
        for name in chosen.keys() & {"projects", "streams"}:
            setattr(self.choice, name, chosen.pop(name))
        self.choice.settings |= chosen

    def happen(self, what: str, name: str = "alpha", pick: int = 0) -> None:
        """A change of the index."""
        self.steps += 1
        self.site.happen(what, name, pick)

    def serial(self, name: str) -> int | None:
        """What the list tells of a project now; None: it does not have it."""
        project = self.world.get(name)
        return None if project is None else project.last_serial

    def terms(self, place: Place, destination: Destination) -> object:
        """What a stream's rows of a project depend on besides what the index says: where it moves, so may they."""
        (name, project), settings = place, self.choice.settings
        stream, follows = BY_NAME[name], settings.get("follow_dependencies", 0) > 0
        told: list[object] = [destination.keeps_keys(settings)]
        if stream.partition_field is not None or follows:  # which releases are meant, and what fills their gaps
            fills = settings.get("core_metadata", False) and (follows or bool(stream.fallback_documents))
            pins = {pin for pin in self.choice.projects.get(project, ()) if pin is not None}
            told += [follows, settings.get("releases"), fills, pins]
        return told

    def restart(self, *, etags: bool) -> None:
        """The index goes on with or without ETags."""
        self.steps += 1
        self.fake.stop()
        self.fake = FakeIndex(self.world, strict=False, etags=etags, port=self.fake.port).start()

    def sync(self, later: float = 2 * HOUR, trouble: Trouble = QUIET) -> None:
        """Some time later, sync through both fronts, and compare what each destination then holds."""
        self.clock += later
        self.syncs += 1
        self.steps += 1
        deep = self.choice.settings.get("full_check_days", 7) == 0 or (later >= 8 * DAY)
        for destination in self.destinations:
            resumed = destination.resumed(self.clock)
            serials = {name: self.serial(name) for name in PROJECTS}
            outcome = self._run(destination, trouble)
            fresh = self._fresh()
            _Check(self, destination, fresh, outcome, trouble, resumed, serials, deep=deep).compare()
            destination.remember(self.clock, outcome, resumed)
        self.clock += HOUR / 60

    def _run(self, destination: Destination, trouble: Trouble) -> Outcome:
        self.fake.new_run()
        if trouble.fault is not None:
            self.fake.fault(trouble.path, trouble.fault, trouble.times)
        config = self.choice.config(self.fake.url)
        with ExitStack() as stack:
            connect = lambda: self._connect(stack, trouble)  # noqa: E731
            began, ticks = self.clock, iter(range(10**6))
            step = 0.25 if trouble.cut is None else 11.0
            run = Run(config, self.choice.streams, connect, int(began), lambda: began + step * next(ticks), trouble.cut)
            outcome = destination.run(run)
            for thread in threading.enumerate():  # a run that was killed asks for nothing any more
                if thread.name.startswith("visit"):
                    thread.join(10)
        self.fake.clear_faults()
        assert trouble is not QUIET or self.fake.repeated == [], "asked twice"
        return outcome

    def _connect(self, stack: ExitStack, trouble: Trouble = QUIET) -> Index:
        asked = iter(range(1, 10**6))

        def clock() -> float:
            """Told of every request; what is to happen before one, happens here."""
            if trouble.change is not None and next(asked) == trouble.before_request:
                self.happen(*trouble.change)
            return 0.0

        client = Client(requests_per_second=0, timeout=5, clock=clock, sleep=lambda _: None, jitter=lambda: 0.0)
        stack.callback(client.close)
        return Index(client, self.fake.url)

    def _fresh(self) -> Tables:
        """What a full sync of the same choice gives now."""
        config = self.choice.config(self.fake.url)
        with ExitStack() as stack:
            index = self._connect(stack)
            self.fake.new_run()
            return tables_of(batches(index, select(config), [BY_NAME[name] for name in self.choice.streams], config))


class _Check:
    """What a destination should hold after a sync, and whether it does."""

    def __init__(
        self,
        history: History,
        destination: Destination,
        fresh: Tables,
        outcome: Outcome,
        trouble: Trouble,
        resumed: set[Place],
        serials: Mapping[str, int | None],
        *,
        deep: bool,
    ) -> None:
        self.history, self.destination, self.fresh, self.outcome = history, destination, fresh, outcome
        self.trouble, self.resumed, self.serials, self.deep = trouble, resumed, serials, deep
        self.found = destination.tables()

    def compare(self) -> None:
        """Compare all tables, also those of projects and streams that are not chosen any more."""
        expected = dict(self.destination.expected)
        chosen, whole = self.history.choice.streams, self.history.choice.settings.get("whole_index")
        left = {place for place in self.found if place[0] in chosen} if whole else set()
        for place in self.fresh.keys() | self.outcome.read | left:
            expected[place] = self._expected(place)
        self._let_linger(expected)
        told = list(differences(self.found, expected))
        assert not told, "\n".join([type(self.destination).__name__, *told[:20]])
        self.destination.doubtful |= self.trouble.tells_lies
        if self.trouble is QUIET and not self.resumed:
            self.destination.doubtful &= not self.deep
        for place in self.outcome.read:
            self.destination.read_at[place] = self._standing(place) if self._is_of_now(place) else None
        self.destination.expected = {place: dict(rows) for place, rows in self.found.items()}

    def _expected(self, place: Place) -> dict[Any, Any]:
        before, now = self.destination.expected.get(place, {}), self.found.get(place, {})
        read = place in self.outcome.read
        if self.trouble is not QUIET or place in self.resumed:
            if not read:
                return before
            if self.trouble.tells_lies or place not in self.fresh:
                return now
        if place not in self.fresh:
            return self._beyond(place, read=read)
        if not read and self._is_spared(place):
            return before
        rows = self.fresh[place]
        if self.destination.doubtful and BY_NAME[place[0]].partition_field is not None and not self.deep:
            return self.found.get(place, {})
        return dict(rows) if self.deep else self._old_advisories(place, rows)

    def _beyond(self, place: Place, *, read: bool) -> dict[Any, Any]:
        """What should be there of what a full sync does not ask for, or does not find.

        The whole index: a project that is not listed any more loses its rows, and ``statuses`` says why, unless it is
        excluded. Else a pin.
        """
        (stream, name), settings = place, self.history.choice.settings
        before, now = self.destination.expected.get(place, {}), self.found.get(place, {})
        if settings.get("whole_index") and stream == "statuses":
            return now if read else before
        project = self.history.world.get(name)
        gone = settings.get("whole_index") and (project is None or project.status == "quarantined")
        told = not isinstance(self.destination, Deduplicated) and name not in settings.get("exclude", ())
        return {} if read or (gone and told) else before

    def _is_spared(self, place: Place) -> bool:
        """Whether the list may have told that a project need not be visited."""
        spares = self.history.choice.settings.get("whole_index") and not self.deep
        return bool(spares) and self.destination.read_at.get(place) == self._standing(place)

    def _standing(self, place: Place) -> object:
        """Where this does not move, the list spares the visit."""
        return self.history.serial(place[1]), self.history.terms(place, self.destination)

    def _is_of_now(self, place: Place) -> bool:
        """Whether what was read has the serial that the project has now: that of an older copy is lower.

        A copy from before a change that leaves the serial where it was has it too: nothing but a full check mends that.
        """
        name, serial = place[1], self.history.serial(place[1])
        if not self.trouble.tells_lies or self.found.get(place, {}) == self.fresh.get(place):
            return True
        copy = self.history.world.before(name) if self.trouble.change is None else None
        older = self.serials.get(name) if self.trouble.change else None if copy is None else copy.last_serial
        return older is not None and older == serial

    def _old_advisories(self, place: Place, rows: Mapping[Any, Any]) -> dict[Any, Any]:
        """Take what only a full check brings as it is: what release documents alone tell of old releases."""
        stream, name = place
        project = self.history.world.get(name)
        if stream not in ("release", "vulnerabilities") or project is None:
            return dict(rows)
        newest, pins = latest(project), self.history.choice.projects.get(name, ())
        old = {
            release.version
            for release in visible(project)
            if release is not newest and not any(pin and same(release.version, pin) for pin in pins)
        }
        kept = {key: row for key, row in rows.items() if key[1] not in old}
        return kept | {key: row for key, row in self.found.get(place, {}).items() if key[1] in old}

    def _let_linger(self, expected: Tables) -> None:
        """Where removals are not tracked, rows that are gone stay."""
        destination = self.destination
        if not isinstance(destination, Deduplicated):
            return
        settings = self.history.choice.settings
        tracks = destination.keeps_keys(settings)
        for place in self.fresh.keys() | self.outcome.read:
            want = expected.setdefault(place, {})
            gone = {key: row for key, row in self.found.get(place, {}).items() if key not in want}
            loose = not tracks or place in destination.untracked
            if loose:
                lies = self.trouble.tells_lies and place in self.outcome.read  # whatever was read, it had other keys
                now = {} if lies else self.fresh.get(place, {})
                destination.lingering |= {(place, key) for key in self.found.get(place, {}) if key not in now}
            expected[place] = want | {key: row for key, row in gone.items() if (place, key) in destination.lingering}
            if place in self.outcome.read:
                destination.untracked -= {place}
                destination.untracked |= set() if tracks else {place}
