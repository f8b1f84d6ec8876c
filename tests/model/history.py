"""A history: an index that changes, settings that change, and syncs, each compared with a full one."""

import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from source_pypi.config import Config, make_config
from source_pypi.http.client import Client
from source_pypi.selection import select
from source_pypi.services.index.api import Index
from source_pypi.services.index.locations import Locations
from source_pypi.sync.run import batches
from tests.fake_index import FakeIndex, Fault, World, faults
from tests.fake_index.model import Project
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

    :ivar fault: the response to requests for ``path``; ``times``: to how many of them (None: all).
    :ivar cut: the run is killed after this number of batches or messages.
    :ivar change: a change (name, project, number) that happens before the request with that number.
    """

    path: str = ""
    fault: Fault | None = None
    times: int | None = None
    cut: int | None = None
    change: tuple[str, str, int] | None = None
    before_request: int = 0

    @property
    def misleads(self) -> bool:
        """Whether what was read may differ from what the index now has."""
        return self.change is not None or (self.fault is not None and self.fault.stale)


QUIET = Trouble()
#: Faulty responses of an index or of a proxy before it; none of them needs a wait.
OUTAGES: Mapping[str, Fault] = {
    "unavailable": Fault("unavailable", Answer(503, "text/html", b"<html>busy</html>", (("Retry-After", "0"),))),
    "html": faults.html(),
    "reset": faults.reset(),
    "forbidden": faults.forbidden(),
}


@dataclass
class Choice:
    """The projects, streams and settings that the user chose.

    :ivar projects: names, each with its pins and ranges of versions; None among these: the project is selected without
        versions as well.
    """

    projects: dict[str, tuple[str | None, ...]] = field(default_factory=dict)
    streams: tuple[str, ...] = NAMES
    settings: dict[str, Any] = field(default_factory=dict)

    def config(self, root: str) -> Config:
        """Return the configuration."""
        whole = self.settings.get("whole_index")
        named = [
            f"{name}{pin or ''}" if pin is None or is_range(pin) else f"{name}=={pin}"
            for name, pins in self.projects.items()
            for pin in (pins or (None,))
            if pin is not None or not whole
        ]
        chosen = self.settings if whole else {**self.settings, "exclude": ()}  # otherwise no project may be left
        return make_config({"projects": named, "index_url": root, "requests_per_second": 0, **chosen})


class History:
    """An index, settings and two destinations, over some time; a context manager."""

    def __init__(self, folder: Path, commands: Sequence[str] = ("sync", "read"), **settings: Any) -> None:
        self.world = World()
        self.site = Site(self.world)
        self.choice = Choice({"alpha": (None,), "beta": (None,)}, settings=settings)
        self.clock = float(BEGIN)
        self.synced, self.deduplicated = Synced(folder), Deduplicated(folder)
        by_name: Mapping[str, Destination] = {"sync": self.synced, "read": self.deduplicated}
        self.destinations = [by_name[command] for command in commands]
        self.syncs = self.steps = 0

    def __enter__(self) -> Self:
        self.fake = FakeIndex(self.world, strict=False).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.fake.stop()

    def decide(self, **chosen: Any) -> None:
        """Change ``projects``, ``streams``, or settings."""
        self.steps += 1
        for name in chosen.keys() & {"projects", "streams"}:
            setattr(self.choice, name, chosen.pop(name))
        self.choice.settings |= chosen

    def happen(self, what: str, name: str = "alpha", pick: int = 0) -> None:
        """Let the index change."""
        self.steps += 1
        self.site.happen(what, name, pick)

    def serial(self, name: str) -> int | None:
        """Return the serial in the list of projects; None: the project is not listed."""
        project = self.world.get(name)
        return None if project is None else project.last_serial

    def settings_of(self, place: Place, destination: Destination) -> object:
        """Return what a stream's rows of a project depend on besides documents."""
        (name, project), settings = place, self.choice.settings
        stream, follows = BY_NAME[name], settings.get("follow_dependencies", 0) > 0
        parts: list[object] = [destination.keeps_keys(settings)]
        if stream.partition_field is not None or follows:  # which releases are read, and what fills their gaps
            fills = settings.get("core_metadata", False) and (follows or bool(stream.fallback_documents))
            pins = {pin for pin in self.choice.projects.get(project, ()) if pin is not None}
            parts += [follows, settings.get("releases"), fills, pins]
        return parts

    def restart(self, *, etags: bool) -> None:
        """Restart the index with or without ETags."""
        self.steps += 1
        self.fake.stop()
        self.fake = FakeIndex(self.world, strict=False, etags=etags, port=self.fake.port).start()

    def sync(self, later: float = 2 * HOUR, trouble: Trouble = QUIET) -> None:
        """Some time later, sync into each destination, and compare its tables."""
        self.clock += later
        self.syncs += 1
        self.steps += 1
        full_check = self.choice.settings.get("full_check_days", 7) == 0 or (later >= 8 * DAY)
        for destination in self.destinations:
            resumed = destination.resumed(self.clock)
            serials = {name: self.serial(name) for name in PROJECTS}
            outcome = self._run(destination, trouble)
            fresh = self._fresh()
            _Check(self, destination, fresh, outcome, trouble, resumed, serials, full_check=full_check).compare()
            destination.record(self.clock, outcome, resumed)
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
            for thread in threading.enumerate():  # a run that was killed requests nothing more
                if thread.name.startswith("fetch"):
                    thread.join(10)
        self.fake.clear_faults()
        assert trouble is not QUIET or self.fake.repeated == [], "a document was requested twice"
        return outcome

    def _connect(self, stack: ExitStack, trouble: Trouble = QUIET) -> Index:
        requests = iter(range(1, 10**6))

        def clock() -> float:
            """Called before each request: a change that is due before it happens here."""
            if trouble.change is not None and next(requests) == trouble.before_request:
                self.happen(*trouble.change)
            return 0.0

        client = Client(requests_per_second=0, timeout=5, clock=clock, sleep=lambda _: None, jitter=lambda: 0.0)
        stack.callback(client.close)
        return Index(client, Locations(self.fake.url))

    def _fresh(self) -> Tables:
        """The tables of a full sync with the same settings."""
        config = self.choice.config(self.fake.url)
        with ExitStack() as stack:
            index = self._connect(stack)
            self.fake.new_run()
            return tables_of(batches(index, select(config), [BY_NAME[name] for name in self.choice.streams], config))


def is_range(versions: str) -> bool:
    """Return whether a text is a range of versions, not a version."""
    return not versions[0].isalnum()


def highest(project: Project, versions: str) -> str | None:
    """Return the release that a range selects: the highest that pip would consider; None: none."""
    shown = {release.version: release for release in visible(project) if _is_valid(release.version)}
    with_files = [version for version, release in shown.items() if release.files]
    admitted = list(SpecifierSet(versions).filter(with_files))
    candidates = admitted or list(SpecifierSet(versions).filter(shown))
    available = [version for version in candidates if not admitted or not shown[version].yanked]
    return max(available, key=Version, default=None)


def _is_valid(version: str) -> bool:
    try:
        Version(version)
    except InvalidVersion:
        return False
    return True


class _Check:
    """Which rows a destination should have after a sync, and whether it does."""

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
        full_check: bool,
    ) -> None:
        self.history, self.destination, self.fresh, self.outcome = history, destination, fresh, outcome
        self.trouble, self.resumed, self.serials, self.full_check = trouble, resumed, serials, full_check
        self.found = destination.tables()

    def compare(self) -> None:
        """Compare all tables, also those of projects and streams that are no longer selected."""
        expected = dict(self.destination.expected)
        chosen, whole = self.history.choice.streams, self.history.choice.settings.get("whole_index")
        remaining = {place for place in self.found if place[0] in chosen} if whole else set()
        for place in self.fresh.keys() | self.outcome.read | remaining:
            expected[place] = self._expected(place)
        self._allow_deleted(expected)
        found = list(differences(self.found, expected))
        assert not found, "\n".join([type(self.destination).__name__, *found[:20]])
        self.destination.doubtful |= self.trouble.misleads
        if self.trouble is QUIET and not self.resumed:
            self.destination.doubtful &= not self.full_check
        for place in self.outcome.read:
            self.destination.read_at[place] = self._version(place) if self._is_current(place) else None
        self.destination.expected = {place: dict(rows) for place, rows in self.found.items()}

    def _expected(self, place: Place) -> dict[Any, Any]:
        before, now = self.destination.expected.get(place, {}), self.found.get(place, {})
        read = place in self.outcome.read
        if self.trouble is not QUIET or place in self.resumed:
            if not read:
                return before
            if self.trouble.misleads or place not in self.fresh:
                return now
        if place not in self.fresh:
            return self._beyond(place, read=read)
        if not read and self._may_be_skipped(place):
            return before
        rows = self.fresh[place]
        if self.destination.doubtful and BY_NAME[place[0]].partition_field is not None and not self.full_check:
            return self.found.get(place, {})
        return dict(rows) if self.full_check else self._old_advisories(place, rows)

    def _beyond(self, place: Place, *, read: bool) -> dict[Any, Any]:
        """The rows that should be there of projects that a full sync does not request, or does not find.

        The whole index: a project that is not listed any more loses its rows, and ``statuses`` says why, unless it is
        excluded. Else a pin.
        """
        (stream, name), settings = place, self.history.choice.settings
        before, now = self.destination.expected.get(place, {}), self.found.get(place, {})
        if settings.get("whole_index") and stream == "statuses":
            return now if read else before
        project = self.history.world.get(name)
        removed = settings.get("whole_index") and (project is None or project.status == "quarantined")
        deletes = not isinstance(self.destination, Deduplicated) and name not in settings.get("exclude", ())
        return {} if read or (removed and deletes) else before

    def _may_be_skipped(self, place: Place) -> bool:
        """Whether the list may have shown that a project has not changed."""
        uses_list = self.history.choice.settings.get("whole_index") and not self.full_check
        return bool(uses_list) and self.destination.read_at.get(place) == self._version(place)

    def _version(self, place: Place) -> object:
        """If this has not changed, the list may leave the project out."""
        return self.history.serial(place[1]), self.history.settings_of(place, self.destination)

    def _is_current(self, place: Place) -> bool:
        """Whether what was read has the serial that the project has now: that of an older copy is lower.

        A copy from before a change that did not move the serial has it, too: only a full check replaces that.
        """
        name, serial = place[1], self.history.serial(place[1])
        if not self.trouble.misleads or self.found.get(place, {}) == self.fresh.get(place):
            return True
        copy = self.history.world.before(name) if self.trouble.change is None else None
        older = self.serials.get(name) if self.trouble.change else None if copy is None else copy.last_serial
        return older is not None and older == serial

    def _old_advisories(self, place: Place, rows: Mapping[Any, Any]) -> dict[Any, Any]:
        """Accept any state of what only a full check updates: what only release documents show of old releases."""
        stream, name = place
        project = self.history.world.get(name)
        if stream not in ("release", "vulnerabilities") or project is None:
            return dict(rows)
        newest, pins = latest(project), self.history.choice.projects.get(name, ())
        selected = [highest(project, pin) if is_range(pin) else pin for pin in pins if pin]
        old = {
            release.version
            for release in visible(project)
            if release is not newest and not any(pin and same(release.version, pin) for pin in selected)
        }
        current = {key: row for key, row in rows.items() if key[1] not in old}
        return current | {key: row for key, row in self.found.get(place, {}).items() if key[1] in old}

    def _allow_deleted(self, expected: Tables) -> None:
        """If deleted rows are not tracked, they stay."""
        destination = self.destination
        if not isinstance(destination, Deduplicated):
            return
        settings = self.history.choice.settings
        tracks = destination.keeps_keys(settings)
        for place in self.fresh.keys() | self.outcome.read:
            want = expected.setdefault(place, {})
            deleted = {key: row for key, row in self.found.get(place, {}).items() if key not in want}
            untracked = not tracks or place in destination.untracked
            if untracked:
                misled = self.trouble.misleads and place in self.outcome.read  # what was read had other keys
                now = {} if misled else self.fresh.get(place, {})
                destination.lingering |= {(place, key) for key in self.found.get(place, {}) if key not in now}
            expected[place] = want | {key: row for key, row in deleted.items() if (place, key) in destination.lingering}
            if place in self.outcome.read:
                destination.untracked -= {place}
                destination.untracked |= set() if tracks else {place}
