"""The index's journal in place of its list of projects: which projects have had events since the last run.

When it is used
    The list has tens of megabytes; the journal since yesterday has one. A run that would request the list reads the
    journal instead, if an earlier run has read the list with the same selection and streams, less than
    ``full_check_days`` ago. Where there is no journal, where it cannot be read, or where more than ``MOST_PAGES`` pages
    have passed, the list is read. Once in ``full_check_days`` the list is read in any case, and compared with the
    journal: if the list shows changes that the journal does not, a warning says so, and the next run reads the list.

What a run keeps
    A ``JournalCursor`` in the state of each stream of projects: the serial up to which events are known, and the
    projects whose documents were older than their event, or could not be read. These are requested again by the next
    runs, ``MOST_TRIES`` times: a document may lag behind the journal, and some never reach its serial
    (index-api.md 12).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Protocol

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace
from packaging.utils import canonicalize_name

from source_pypi.errors import SourceError
from source_pypi.selection import Selection
from source_pypi.services.index.documents.fingerprint import Fingerprint
from source_pypi.sync.batch import Batch, Change
from source_pypi.sync.state import ProjectState, ProjectSummary

#: Pages of the journal that cost less than the list.
MOST_PAGES = 3
#: Runs that request a project again whose documents are older than its last event.
MOST_TRIES = 3
#: Projects that may wait for a newer document; if there are more, the next run reads the list.
MOST_PENDING = 500
#: Requested projects whose serials are compared with what was expected; if there are more, as above.
MOST_TRACKED = 50_000
#: The key in ``ProjectState.fingerprints`` of the cursor, whose tag it is.
JOURNAL_CODE = "j"
#: ``Batch.service`` of the cursor, so that nothing takes it for a document of the index.
_JOURNAL = "journal"
_REMOVED = "remove project"


class JournalEvent(Protocol):
    """What a run takes from an event of the journal."""

    @property
    def name(self) -> str:
        """The project, in any spelling."""
        ...

    @property
    def serial(self) -> int:
        """The serial."""
        ...

    @property
    def action(self) -> str:
        """What happened."""
        ...


class EventSource(Protocol):
    """The journal of an index."""

    def read_ahead(self, serial: int, pages: int) -> Sequence[JournalEvent] | None:
        """Return all events after a serial; None: there are more pages than the limit."""
        ...

    def last_serial(self) -> int:
        """Return the serial of the last event."""
        ...


class JournalCursor(Struct, frozen=True):
    """What a run knows of the journal.

    :ivar last: the serial up to which events are known.
    :ivar listed_at: when the list was last read, in seconds since 1970.
    :ivar selection: a digest of the selected projects.
    :ivar pending: projects to request again, each with the serial of its last event and the tries so far.
    """

    last: int
    listed_at: int
    selection: str
    pending: dict[str, tuple[int, int]] = field(default_factory=dict)


class ProjectEvents(Struct, frozen=True):
    """The projects that have had events, by normalised name, each with the serial of its last event.

    :ivar last: the serial of the last event of all.
    :ivar removed: those whose last event is their removal.
    """

    serials: Mapping[str, int]
    last: int
    removed: frozenset[str] = frozenset()

    def listed(self, summaries: Iterable[ProjectSummary]) -> dict[str, int | None]:
        """Return what the list would show: the serial of each project that the index has (``serials_of``)."""
        listed: dict[str, int | None] = {one.project: one.serial for one in summaries if not one.absent}
        for project, serial in self.serials.items():
            known = listed.get(project, 0)
            listed[project] = known if known is None or known > serial else serial
        for project in self.removed:
            listed.pop(project, None)
        return listed


def selection_digest(selection: Selection) -> str:
    """Return a digest of the projects that a run covers: state says nothing of the others."""
    named = sorted(one.project for one in selection.projects)
    parts = [str(selection.whole_index), *sorted(selection.excluded), "", *named]
    return blake2b("\n".join(parts).encode(), digest_size=8).hexdigest()


def events_since(source: EventSource, cursor: JournalCursor) -> ProjectEvents | None:
    """Return the projects with events since a cursor, and the pending ones; None: the list has to be read.

    Nothing but the list is lost if the journal cannot be read, so that errors are no failures.
    """
    try:
        entries = source.read_ahead(cursor.last, MOST_PAGES)
        if entries is None or (not entries and source.last_serial() < cursor.last):  # set up anew, or an old copy
            return None
    except SourceError:
        return None
    serials = {project: serial for project, (serial, _) in cursor.pending.items()}
    removed = set[str]()
    for entry in (one for one in entries if one.name):
        name = canonicalize_name(entry.name)
        serials[name] = entry.serial
        (removed.add if entry.action == _REMOVED else removed.discard)(name)
    return ProjectEvents(serials, entries[-1].serial if entries else cursor.last, frozenset(removed))


class ProjectTracker:
    """Notes which requested projects have documents as new as expected, and makes the next run's cursor.

    :param expected: the serials of requested projects; None: too many, or unknown; then there is no cursor.
    :param cursor: the next cursor, without pending projects.
    :param tries: how often the pending projects of the previous cursor have been requested.
    """

    def __init__(
        self, expected: dict[str, int] | None, cursor: JournalCursor | None, tries: Mapping[str, tuple[int, int]]
    ) -> None:
        self._expected, self._cursor, self._tries = expected, cursor, tries

    def add(self, batch: Batch) -> None:
        """Note what a batch has read."""
        if self._expected is None or batch.project is None or batch.failures or not batch.changes:
            return
        expected = self._expected.get(batch.project)
        serials = [change.state.serial for change in batch.changes.values()]
        if expected is not None and all(serial is not None and serial >= expected for serial in serials):
            del self._expected[batch.project]

    def batch(self, digests: Mapping[str, bytes], now: float) -> Batch | None:
        """Return a batch with the cursor as the state of each stream; None: the next run reads the list.

        :param digests: of the settings of each stream.
        :param now: in seconds since 1970.
        """
        if self._expected is None or self._cursor is None:
            return None
        tried = {name: (serial, self._tries.get(name, (0, 0))[1] + 1) for name, serial in self._expected.items()}
        pending = {name: one for name, one in tried.items() if one[1] <= MOST_TRIES}
        if len(pending) > MOST_PENDING:
            return None
        tag = Fingerprint(msgspec.json.encode(replace(self._cursor, pending=pending)))
        changes = {
            name: Change(ProjectState(int(now), digest, True, None, {JOURNAL_CODE: tag}, {}))
            for name, digest in digests.items()
        }
        return Batch(None, datetime.fromtimestamp(now, UTC), changes=changes, service=_JOURNAL)


def cursor_of(states: Mapping[str, ProjectState], digests: Mapping[str, bytes]) -> JournalCursor | None:
    """Return the cursor that all streams agree on; None: one has none, or had other settings.

    :param states: of the whole index, by stream; ``digests``: of this run's settings, by stream.
    """
    cursors = list[JournalCursor]()
    for name, digest in digests.items():
        state = states.get(name)
        found = None if state is None else state.fingerprints.get(JOURNAL_CODE)
        if state is None or found is None or state.settings_digest != digest:
            return None
        try:
            cursors.append(msgspec.json.decode(found.tag, type=JournalCursor))
        except msgspec.DecodeError:
            return None
    if not cursors or len({one.selection for one in cursors}) > 1:
        return None
    pending = {name: one for cursor in cursors for name, one in cursor.pending.items()}
    return replace(
        cursors[0],
        last=min(one.last for one in cursors),
        listed_at=min(one.listed_at for one in cursors),
        pending=pending,
    )
