"""Random histories: rules for changes of the index and of the settings, and for syncs in between."""

import tempfile
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.fake_index import faults
from tests.model.changes import CHANGES, PROJECTS, VERSIONS
from tests.model.history import DAY, HOUR, OUTAGES, History, Trouble, is_range
from tests.model.tables import NAMES

names = st.sampled_from(PROJECTS)
#: Ranges of versions: each admits some of ``VERSIONS``.
RANGES = ("<1.1", "<2", ">=1.0,<3", "!=2.0", ">=2.0rc1")
picks = st.integers(0, 5)
some_time = st.sampled_from([2 * HOUR, 30 * 60, DAY, 8 * DAY])
#: The paths of faulty responses: a project's documents of one kind, those of all projects, or all paths.
paths = st.one_of(
    st.builds(
        str.format, st.sampled_from(["/*/{}/*", "/*/{}/*", "/pypi/{}/json", "/pypi/{}/*/json", "/simple/{}/"]), names
    ),
    st.sampled_from(["*", "/pypi/*", "/simple/*", "/simple/", "/integrity/*", "/packages/*.metadata"]),
)
#: The settings, with the values that are chosen more often given more often.
settings = st.fixed_dictionaries(
    {
        "releases": st.sampled_from(["latest", "all", "all"]),
        "core_metadata": st.booleans(),
        "follow_dependencies": st.sampled_from([0, 0, 0, 1, 2]),
        "track_removed": st.sampled_from([True, True, True, False]),
        "whole_index": st.sampled_from([False, False, True]),
        "exclude": st.sampled_from([(), (), ("alpha",)]),
    }
)

OF_FILES = ("upload", "create", "upload", "metadata", "provenance", "delete file", "release without files")
OF_RELEASES = (
    "delete release",
    "yank",
    "unyank",
    "advisory",
    "withdraw advisory",
    "quarantine release",
    "unquarantine release",
)
OF_PROJECTS = (
    "create",
    "delete project",
    "quarantine",
    "unquarantine",
    "archive",
    "unarchive",
    "invite",
    "deploy",
    "leave out",
)
OF_PEOPLE = ("add role", "remove role", "rename user", "delete account", "organization", "rename organization")
assert {*OF_FILES, *OF_RELEASES, *OF_PROJECTS, *OF_PEOPLE} == set(CHANGES)


class Histories(RuleBasedStateMachine):
    """A history; see ``history.py`` for what its steps do."""

    #: As the setting ``full_check_days``.
    full_check_days: ClassVar[float] = 0
    commands: ClassVar[tuple[str, ...]] = ("sync", "read")

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="histories-")
        self.history = History(Path(self._folder.name), self.commands, full_check_days=self.full_check_days)
        self.history.__enter__()

    @initialize(
        created=st.tuples(picks, picks, picks),
        chosen=st.sets(names, min_size=1),
        streams=st.one_of(st.just(set(NAMES)), st.sets(st.sampled_from(NAMES), min_size=3)),
        settings=settings,
        keep_history=st.sampled_from([False, False, False, True]),
    )
    def begin(
        self,
        created: tuple[int, ...],
        chosen: set[str],
        streams: set[str],
        settings: dict[str, Any],
        keep_history: bool,
    ) -> None:
        """Create some of the projects: without any, a history would be short."""
        for name, pick in zip(PROJECTS, created, strict=True):
            if pick:
                self.history.happen("create", name, pick)
        self.history.decide(projects=dict.fromkeys(sorted(chosen), (None,)))
        self.history.synced.keep_history = keep_history
        self.select_streams(streams)
        self.set_up(settings)

    # The index ---------------------------------------------------------------------------------------------------

    @rule(what=st.sampled_from(OF_FILES), name=names, pick=picks)
    def files_change(self, what: str, name: str, pick: int) -> None:
        """Add, remove or describe a file."""
        self.history.happen(what, name, pick)

    @rule(what=st.sampled_from(OF_RELEASES), name=names, pick=picks)
    def releases_change(self, what: str, name: str, pick: int) -> None:
        """Change a release."""
        self.history.happen(what, name, pick)

    @rule(what=st.sampled_from(OF_PROJECTS), name=names, pick=picks)
    def projects_change(self, what: str, name: str, pick: int) -> None:
        """Change a project."""
        self.history.happen(what, name, pick)

    @rule(what=st.sampled_from(OF_PEOPLE), name=names, pick=picks)
    def people_change(self, what: str, name: str, pick: int) -> None:
        """Change the people and organizations of a project."""
        self.history.happen(what, name, pick)

    @rule(etags=st.booleans())
    def restart(self, etags: bool) -> None:
        """Restart the index with or without ETags."""
        self.history.restart(etags=etags)

    # The choice --------------------------------------------------------------------------------------------------

    @rule(name=names, pinned=st.sampled_from([None, *VERSIONS, *RANGES]), more=st.booleans())
    def choose(self, name: str, pinned: str | None, more: bool) -> None:
        """Add a project, or choose other versions of it; ``more``: in addition to its pins and ranges."""
        projects, project = self.history.choice.projects, self.history.world.get(name)
        pins = projects.get(name, ()) if more else ()
        known = project is not None and pinned is not None and (is_range(pinned) or pinned in project.releases)
        if pinned is None or known:
            self.history.decide(projects=projects | {name: tuple(dict.fromkeys([*pins, pinned]))})

    @precondition(lambda self: len(self.history.choice.projects) > 1)
    @rule(name=names)
    def drop(self, name: str) -> None:
        """Remove a project from the settings."""
        projects = {one: pins for one, pins in self.history.choice.projects.items() if one != name}
        self.history.decide(projects=projects)

    @rule(chosen=st.sets(st.sampled_from(NAMES), min_size=1))
    def select_streams(self, chosen: set[str]) -> None:
        """Select streams; those that are no longer selected keep their tables."""
        self.history.decide(streams=tuple(name for name in NAMES if name in chosen))

    @rule(settings=settings)
    def set_up(self, settings: dict[str, Any]) -> None:
        """Change the settings."""
        self.history.decide(**settings)

    # Syncs -------------------------------------------------------------------------------------------------------

    @rule(later=some_time)
    def sync(self, later: float) -> None:
        """Sync without trouble."""
        self.history.sync(later)

    @rule(later=some_time)
    def sync_again(self, later: float) -> None:
        """The same rule once more, so that syncs are frequent."""
        self.history.sync(later)

    @rule(
        later=some_time, path=paths, outage=st.sampled_from(list(OUTAGES)), times=st.sampled_from([None, None, 1, 2, 8])
    )
    def sync_in_an_outage(self, later: float, path: str, outage: str, times: int | None) -> None:
        """Sync while the index, or a part of it, fails."""
        self.history.sync(later, Trouble(path=path, fault=OUTAGES[outage], times=times))

    @rule(later=some_time, path=paths, times=st.sampled_from([None, 1, 2, 3]))
    def sync_with_old_copies(self, later: float, path: str, times: int | None) -> None:
        """Sync while a cache returns copies from before the last change."""
        self.history.sync(later, Trouble(path=path, fault=faults.stale(), times=times))

    @rule(later=some_time, cut=st.integers(0, 40))
    def sync_killed(self, later: float, cut: int) -> None:
        """Sync, and be killed."""
        self.history.sync(later, Trouble(cut=cut))

    @rule(
        later=some_time,
        change=st.tuples(st.sampled_from(sorted(CHANGES)), names, picks),
        before_request=st.integers(1, 12),
    )
    def sync_while_it_changes(self, later: float, change: tuple[str, str, int], before_request: int) -> None:
        """Sync while the index changes between two requests."""
        self.history.sync(later, Trouble(change=change, before_request=before_request))

    def teardown(self) -> None:
        """Whatever happened, a sync without trouble, much later, makes all tables right."""
        try:
            self.history.sync(8 * DAY)
        finally:
            self.history.__exit__(None, None, None)
            self._folder.cleanup()


class ReadHistories(Histories):
    """Histories with ``read`` only: many more in the same time."""

    commands = ("read",)


class LazyHistories(Histories):
    """Histories with full checks once a week, which is the default."""

    full_check_days = 7


class LazyReadHistories(LazyHistories):
    """The same with ``read`` only."""

    commands = ("read",)
