"""Decides whether a project is requested again, why, and on which condition each of its documents is requested.

Every rule is a pure function of this file; ``Planner`` loads the states that they take. Each decision has a ``Reason``.

With the index's list of projects (``decide_listed``; ``listing.py`` says when a run requests the list)
    1. A project without state is requested (``NEW``).
    2. A project that is no longer listed is requested once, to learn why: its rows may have to go (``NOT_LISTED``).
    3. A project that a selected stream has not read, or with other settings, is requested (``OTHER_SETTINGS``).
    4. A project whose listed serial is higher than the one in state, or unknown, is requested (``SERIAL_CHANGED``).
       So is one whose listed serial is lower: the list is an old copy, or does not move with the documents.
    5. A project whose full check is due is requested (``FULL_CHECK``).
    6. Every other project is skipped (``UNCHANGED``), but for a sample, which shows whether the list moves with its
       projects (``list_sample.py``).
    Projects with pins or ranges are requested in every run, whatever the list says: an advisory changes a release
    document only. So is a project with a requirement of which the store does not know the version.

Each project that is requested (``decide``)
    A run that continues an interrupted one skips what that one has read (``ALREADY_READ``), unless a stream or a
    setting has changed since, the project does not exist, or its requirements are needed and unknown. Otherwise the
    reason is ``NEW``, ``OTHER_SETTINGS``, ``FULL_CHECK`` or ``MAY_HAVE_CHANGED``.

Each document (``PreviousState.condition``)
    The request is conditional (``If-None-Match``) if every selected stream that reads the document has read this
    version of it, with the settings of this run. Otherwise the document is requested in full.

Documents that are announced and missing (``PreviousState.not_there``)
    A release document, METADATA or provenance that the index lists, but answers with 404, is requested again by the
    next run, since such a 404 may be a cached one; then by full checks only. Rows that were made of it stay.

Full checks (``FullChecks``)
    Some changes do not move a project's serial: advisories, archiving, roles (index-api.md 12). Therefore each project
    is requested once in ``full_check_days``, with all its releases. Its name decides when, so that each run checks a
    part of the projects. 0 days: in every run.

Old copies
    A document is not accepted if its serial is lower than that of the version that was read before. A serial may have
    been wrong once, or the index may have been set up anew. Therefore a full check accepts a project document whose
    serial is lower if the project page agrees, other documents of the project that are as new as the project document,
    and the list of projects as it comes.
"""

import enum
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property

from msgspec import Struct, field
from msgspec.structs import replace
from packaging.utils import NormalizedName

from source_pypi.config import Config
from source_pypi.selection import SelectedProject
from source_pypi.services.index.documents import ABSENT, ABSENT_AGAIN, Fingerprint
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams.stream import Stream
from source_pypi.sync.first_seen import FirstSeen
from source_pypi.sync.project_journal import JournalCursor, cursor_of
from source_pypi.sync.resume import resumable
from source_pypi.sync.state import WHOLE_INDEX, ProjectState, ProjectSummary, StateStore, settings_digest_of

#: Projects whose states are loaded at once.
BATCH_SIZE = 100
DAY = 86_400
#: Seconds by which a time in state may lie ahead of the clock, which was set back meanwhile; later times are ignored.
CLOCK_TOLERANCE = DAY


class Reason(enum.StrEnum):
    """Why a project is requested, or skipped."""

    NEW = "it has not been read before"
    NOT_LISTED = "the index no longer lists it"
    OTHER_SETTINGS = "it has been read with other streams or settings"
    SERIAL_CHANGED = "its listed serial has changed"
    FULL_CHECK = "its full check is due"
    MAY_HAVE_CHANGED = "it may have changed since it was read"
    UNCHANGED = "its listed serial has not changed"
    ALREADY_READ = "the interrupted run has read it"


class PreviousState(Struct, frozen=True):
    """What the selected streams read of a project in earlier runs.

    :ivar streams: the streams that read the project.
    :ivar states: their states, by name of the stream.
    :ivar comparable: the streams whose state has the settings of this run.
    :ivar full_check: whether all release documents are requested, even if the project has not changed.
    :ivar accepts_lower_serials: whether documents may have a lower serial than before, if others agree.
    :ivar first_seen: when earlier runs first saw files without upload time, from the states of all streams.
    """

    streams: tuple[Stream, ...] = ()
    states: Mapping[str, ProjectState] = field(default_factory=dict)
    comparable: frozenset[str] = frozenset()
    full_check: bool = False
    accepts_lower_serials: bool = False
    first_seen: tuple[FirstSeen, ...] = ()

    def readers(self, kind: DocumentKind) -> tuple[Stream, ...]:
        """Return the streams that need this kind of document, and those whose rows the page completes, if there is one.

        Rows that are made anew need it in full, whichever other streams have read it (``_may_use_page``).
        """
        return tuple(
            stream
            for stream in self.streams
            if kind in stream.required_documents or (kind is DocumentKind.PAGE and self._may_use_page(stream))
        )

    def _may_use_page(self, stream: Stream) -> bool:
        """Whether a page completed the stream's rows, or may complete those that this run makes anew."""
        return _completed_by_page(stream) and (stream.name not in self.comparable or self._used_page(stream))

    def _used_page(self, stream: Stream) -> bool:
        """Whether a page completed the stream's rows, or stood for the project document."""
        state = self.states.get(stream.name)
        return _completed_by_page(stream) and state is not None and bool(state.fingerprint(DocumentKind.PAGE).tag)

    @property
    def page_completed(self) -> bool:
        """Whether the page completed rows of any stream that otherwise does not need it."""
        return any(map(self._used_page, self.streams))

    def condition(self, kind: DocumentKind, name: str = "") -> Fingerprint:
        """Return on which condition a document is requested: its ETag, if any, and the lowest serial to accept.

        :param name: the version or file name, for kinds of which a project has several documents.
        """
        readers = self.readers(kind)
        fingerprints = [self.states[s.name].fingerprint(kind, name) for s in readers if s.name in self.states]
        serial = max((one.serial for one in fingerprints if one.serial is not None), default=None)
        same = len({one.tag for one in fingerprints}) == 1 and all(s.name in self.comparable for s in readers)
        return Fingerprint(fingerprints[0].tag if same else b"", serial)

    def is_unchanged(
        self, kind: DocumentKind, fingerprint: Fingerprint, readers: Iterable[Stream], name: str = ""
    ) -> bool:
        """Return whether each of these streams, of which there must be one, has read this version of the document."""
        states = [self.states[s.name] if s.name in self.comparable else None for s in readers]
        return bool(states) and all(
            state is not None and state.fingerprint(kind, name).same(fingerprint) for state in states
        )

    def partition_fingerprints(self, kind: DocumentKind) -> dict[str, Fingerprint | None]:
        """Return the documents of this kind that were read, by version or file name; None: the project's was used."""
        states = [self.states[s.name] for s in self.readers(kind) if s.name in self.comparable]
        return {name: part.fingerprint for state in states[:1] for name, part in state.partitions.items()}

    def partition_names(self, kind: DocumentKind) -> list[str]:
        """Return the documents of this kind that any stream has read, whatever its settings were."""
        states = (self.states.get(stream.name) for stream in self.readers(kind))
        return list(dict.fromkeys(name for state in states if state is not None for name in state.partitions))

    def without_serials(self) -> "PreviousState":
        """Return the same without the serials of documents, so that documents of any serial are accepted."""
        states = {
            name: replace(state, fingerprints={code: Fingerprint(one.tag) for code, one in state.fingerprints.items()})
            for name, state in self.states.items()
        }
        return replace(self, states=states)

    def awaited(self, kind: DocumentKind) -> list[str]:
        """Return the documents that the index announced and did not have in the last run, by version or file name."""
        return [name for name, fingerprint in self.partition_fingerprints(kind).items() if fingerprint == ABSENT]

    def not_there(self, kind: DocumentKind, name: str) -> Fingerprint:
        """Return how a document stands in state that the index announces, but does not have in this run."""
        known = self.partition_fingerprints(kind).get(name)
        return ABSENT_AGAIN if known is not None and known.absent else ABSENT

    def seen_at(self, now: float) -> float:
        """Return the time of rows that are read ``now``: later than those of earlier runs, if the clock was set back.

        Destinations that keep the row with the latest time would otherwise lose the change. Times too far in the future
        (``CLOCK_TOLERANCE``) are ignored.
        """
        times = (state.checked_at for state in self.states.values())
        last = max((time for time in times if time <= now + CLOCK_TOLERANCE), default=0)
        return now if last <= now else last + 1.0

    @property
    def requirements(self) -> tuple[str, ...] | None:
        """The project's requirements when it was last read; None: unknown."""
        known = (self.states[name].requirements for name in sorted(self.comparable))
        return next((requirements for requirements in known if requirements is not None), None)

    @property
    def any_requirements(self) -> tuple[str, ...]:
        """The project's requirements when any stream last read it, whatever its settings were; empty: none known."""
        known = (self.states[name].requirements for name in sorted(self.states))
        return self.requirements or next((requirements for requirements in known if requirements), ())

    @property
    def had_document(self) -> bool:
        """Whether any stream has read the project's document."""
        fingerprints = [state.fingerprint(DocumentKind.PROJECT) for state in self.states.values()]
        return any(one.tag and not one.absent for one in fingerprints)

    @property
    def existed(self) -> bool:
        """Whether the index has ever had the project."""
        return any(state.existed for state in self.states.values())


def _completed_by_page(stream: Stream) -> bool:
    """Whether the project page supplies what other documents lack of the stream's rows."""
    return stream.from_listed or stream.from_metadata


class ProjectTask(Struct, frozen=True):
    """A project to request.

    :ivar settings_digests: by name of the stream, for the states that this run makes.
    """

    project: SelectedProject
    previous: PreviousState
    settings_digests: Mapping[str, bytes]
    reason: Reason = Reason.NEW


class Skip(Struct, frozen=True):
    """A project that is not requested; ``requirements`` are followed all the same (None: unknown)."""

    reason: Reason
    requirements: tuple[str, ...] | None = None


class FullChecks(Struct, frozen=True):
    """When full checks are due: ``now`` in seconds since 1970, ``days`` as in ``full_check_days``."""

    now: float
    days: float

    def is_due(self, project: str, checked_at: int) -> bool:
        """Return whether a project's time for a full check has passed since it was last read."""
        period = self.days * DAY
        if not period or self.is_ahead(checked_at):
            return True
        phase = zlib.crc32(project.encode()) / 2**32 * period
        return (self.now - phase) // period > (checked_at - phase) // period

    def is_ahead(self, checked_at: int) -> bool:
        """Return whether a time in state is so far ahead that the clock was wrong."""
        return checked_at > self.now + CLOCK_TOLERANCE


def previous_state(
    streams: tuple[Stream, ...],
    states: Mapping[str, ProjectState],
    settings_digests: Mapping[str, bytes],
    project: str = WHOLE_INDEX,
    full_checks: FullChecks | None = None,
) -> PreviousState:
    """Return what streams read of a project; streams that are not incremental count as if they had read nothing.

    :param full_checks: None: there are none.
    """
    used = {stream.name: states[stream.name] for stream in streams if stream.incremental and stream.name in states}
    comparable = frozenset(name for name, state in used.items() if settings_digests[name] == state.settings_digest)
    times = [used[name].checked_at for name in comparable]
    due = full_checks is not None and any(full_checks.is_due(project, time) for time in times)
    ahead = full_checks is not None and any(map(full_checks.is_ahead, times))
    first_seen = dict.fromkeys(state.first_seen for state in states.values() if state.first_seen)
    return PreviousState(streams, used, comparable, due, due and not ahead, tuple(first_seen))


def decide(
    project: SelectedProject,
    previous: PreviousState,
    settings_digests: Mapping[str, bytes],
    *,
    resumed_since: int | None,
    follow: bool,
    unresolved: bool = False,
) -> ProjectTask | Skip:
    """Return the task to request a project, or why it is skipped.

    :param resumed_since: when the interrupted run started that this run continues, in seconds since 1970; None: none.
    :param follow: whether the project's requirements are needed.
    :param unresolved: whether the project's versions are needed (``StateStore.unresolved``).
    """
    if not previous.states:
        return ProjectTask(project, previous, settings_digests, Reason.NEW)
    if len(previous.comparable) < len(previous.streams):
        return ProjectTask(project, previous, settings_digests, Reason.OTHER_SETTINGS)
    known = previous.existed and not unresolved and not (follow and previous.requirements is None)
    checked_at = min(state.checked_at for state in previous.states.values())
    if known and resumed_since is not None and resumed_since <= checked_at <= resumed_since + CLOCK_TOLERANCE:
        return Skip(Reason.ALREADY_READ, previous.requirements)
    reason = Reason.FULL_CHECK if previous.full_check else Reason.MAY_HAVE_CHANGED
    return ProjectTask(project, previous, settings_digests, reason)


def decide_listed(summary: ProjectSummary, serials: Mapping[str, int | None], full_checks: FullChecks) -> Reason:
    """Return why a project that has state is requested, or ``UNCHANGED``.

    :param serials: of the listed projects; None: the list does not tell the project's.
    """
    if summary.project not in serials:
        if not summary.absent:
            return Reason.NOT_LISTED
    elif not summary.comparable:
        return Reason.OTHER_SETTINGS
    else:
        serial = serials[summary.project]
        if serial is None or summary.serial is None or serial > summary.serial:
            return Reason.SERIAL_CHANGED
    return Reason.FULL_CHECK if full_checks.is_due(summary.project, summary.checked_at) else Reason.UNCHANGED


def settings_digests_of(
    streams: Iterable[Stream], project: SelectedProject | None, config: Config, *, keys: bool
) -> dict[str, bytes]:
    """Return the digest of this run's settings for each stream, by its name (``settings_digest_of``)."""
    return {
        stream.name: settings_digest_of(
            stream,
            project,
            config.releases,
            use_core_metadata=config.core_metadata,
            keys=keys,
            follow=config.follow_dependencies > 0,
        )
        for stream in streams
    }


class Planner:
    """Takes the decisions of one run; loads states in blocks of ``BATCH_SIZE`` projects.

    :param now: when the run started, in seconds since 1970.
    :ivar project_streams: the selected streams that have rows of projects; ``index_streams``: the others.
    :ivar keys: whether states hold the keys of rows.
    :ivar unresolved: as of the store.
    :ivar started_at: when the run started, in seconds since 1970.
    """

    def __init__(self, store: StateStore, streams: Sequence[Stream], config: Config, now: float) -> None:
        self._store, self._config, self.started_at = store, config, int(now)
        self.project_streams = tuple(stream for stream in streams if stream.of_project)
        self.index_streams = tuple(stream for stream in streams if not stream.of_project)
        self.keys, self.unresolved = store.keys, frozenset(store.unresolved)
        self._full_checks = FullChecks(now, config.full_check_days)
        self._resumed_since = resumable(store.unfinished, now)
        self._loaded: dict[str, Mapping[str, ProjectState]] = {}

    def decide(self, project: SelectedProject, upcoming: Callable[[int], Iterable[str]]) -> ProjectTask | Skip:
        """Return the task to request a project, or why it is skipped.

        :param upcoming: returns the names of the next projects, at most the given number, to load their states as well.
        """
        if project.project not in self._loaded:
            names = [project.project, *upcoming(BATCH_SIZE - 1)]
            loaded = self._store.load(names)
            self._loaded = {name: loaded.get(name, {}) for name in names}
        digests = self._settings_digests(project)
        states = self._loaded[project.project]
        previous = previous_state(self.project_streams, states, digests, project.project, self._full_checks)
        follow = project.depth < self._config.follow_dependencies
        unresolved = project.project in self.unresolved
        return decide(
            project, previous, digests, resumed_since=self._resumed_since, follow=follow, unresolved=unresolved
        )

    def decide_listed(self, summary: ProjectSummary, serials: Mapping[str, int | None]) -> Reason:
        """Return why a project that has state is requested, or ``UNCHANGED``.

        A listed serial that is lower than that of the project's documents says nothing of the project: the list is an
        old copy, or its serials do not move with the documents.
        """
        reason, listed = decide_listed(summary, serials, self._full_checks), serials.get(summary.project)
        is_lower = listed is not None and summary.serial is not None and listed < summary.serial
        return Reason.SERIAL_CHANGED if reason is Reason.UNCHANGED and is_lower else reason

    def project_conditions(self, projects: Collection[str]) -> dict[str, Fingerprint]:
        """Return the conditions for the documents of projects that are not pinned, by project."""
        loaded = self._store.load(projects) if projects else {}
        return {
            project: previous_state(self.project_streams, loaded.get(project, {}), self._unpinned_digests).condition(
                DocumentKind.PROJECT
            )
            for project in projects
        }

    def journal_cursor(self) -> JournalCursor | None:
        """Return where the journal was last read in place of the list; None: the list has to be read.

        The list is read once in ``full_check_days`` in any case: ``list_is_due``.
        """
        states = self._store.load([WHOLE_INDEX]).get(WHOLE_INDEX, {})
        return cursor_of(states, self._unpinned_digests)

    def list_is_due(self, cursor: JournalCursor) -> bool:
        """Return whether the list was last read ``full_check_days`` ago."""
        return not 0 <= self.started_at - cursor.listed_at < self._config.full_check_days * DAY

    @property
    def journal_digests(self) -> Mapping[str, bytes]:
        """The digests of this run's settings, by stream of projects, for states that hold a cursor of the journal."""
        return self._unpinned_digests

    def summaries(self) -> Iterable[ProjectSummary]:
        """Yield the summary of each project that a selected stream has state of."""
        return self._store.summaries(self._unpinned_digests) if self.project_streams else ()

    def index_state(self) -> tuple[PreviousState, Mapping[str, bytes]]:
        """Return what ``index_streams`` read in earlier runs, and the digests of this run's settings."""
        digests = settings_digests_of(self.index_streams, None, self._config, keys=self.keys)
        states = self._store.load([WHOLE_INDEX]).get(WHOLE_INDEX, {}) if self.index_streams else {}
        return previous_state(self.index_streams, states, digests, full_checks=self._full_checks), digests

    def _settings_digests(self, project: SelectedProject) -> Mapping[str, bytes]:
        if not project.pins and not project.ranges:
            return self._unpinned_digests
        return settings_digests_of(self.project_streams, project, self._config, keys=self.keys)

    @cached_property
    def _unpinned_digests(self) -> Mapping[str, bytes]:
        """The digests of all projects that are not pinned: most of them, and thus made once."""
        unpinned = SelectedProject(NormalizedName(""))
        return settings_digests_of(self.project_streams, unpinned, self._config, keys=self.keys)
