"""The index's list of projects: when a run requests it, and which projects it then leaves to request.

The list has the serial of each project. Projects whose serial has not changed need no request of their own; the rules
are in ``planner.py`` (``decide_listed``). One large response takes the place of many small ones. A sample of the
projects that look unchanged is requested all the same (``list_sample.py``). The index's journal of events may take the
place of the list (``project_journal.py``).
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace
from packaging.utils import canonicalize_name

from source_pypi.errors import SourceError
from source_pypi.selection import Selection
from source_pypi.services.index.api import Index
from source_pypi.services.index.documents import Document, Listing, Project, Unchanged
from source_pypi.services.index.documents.page import serial_of
from source_pypi.sync.fetch_index import IndexDocuments
from source_pypi.sync.list_sample import Sample, changed_since_listed, changed_since_read, is_untrusted, request_sample
from source_pypi.sync.name_list import NameList
from source_pypi.sync.planner import Planner, Reason
from source_pypi.sync.project_journal import (
    MOST_TRACKED,
    EventSource,
    JournalCursor,
    ProjectEvents,
    ProjectTracker,
    events_since,
    selection_digest,
)
from source_pypi.sync.state import ProjectSummary

#: Named projects that the list could leave out from which on a run requests it. Operators of indexes ask clients not to
#: send thousands of requests in a short time (index-api.md 2.1). In bytes the list pays later, in time long before.
MIN_PROJECTS_FOR_LISTING = 2000


class VisitList(Struct, frozen=True):
    """The projects that a run requests.

    :ivar selection: the selection without the named projects that are skipped.
    :ivar listed: further projects, when the whole index is selected, by name: listed ones and those no longer listed.
    :ivar skipped: how many projects are skipped.
    :ivar known: how many of these the index had when they were last read.
    :ivar unlisted: the projects that have left the list.
    :ivar sample: some of the projects that are skipped.
    :ivar received: what the index answered for the sample, by project; the run does not request these documents again.
    :ivar untrusted: how many of how many sampled projects have changed, if the list is not trusted; None: it is.
    :ivar tracker: makes the cursor of the journal for the next run; None: there is none.
    :ivar unknown_to_journal: how many changes the list shows that the journal does not.
    :ivar shown_by: what shows which projects have changed: list or journal.
    """

    selection: Selection
    listed: Sequence[str] = ()
    skipped: int = 0
    known: int = 0
    unlisted: frozenset[str] = frozenset()
    sample: tuple[str, ...] = ()
    received: Mapping[str, Document[Project] | Unchanged] = field(default_factory=dict)
    untrusted: tuple[int, int] | None = None
    tracker: ProjectTracker | None = None
    unknown_to_journal: int = 0
    shown_by: str = "list"


class Listed(Struct, frozen=True):
    """What the index's list shows, or what the journal shows in its place.

    :ivar serials: of each project that the index has (``serials_of``).
    :ivar cursor: of the journal, for the next run; None: that one reads the list.
    :ivar tries: the pending projects of the previous cursor.
    :ivar unknown_to_journal: how many changes the list shows that the journal does not.
    :ivar shown_by: list or journal.
    """

    serials: Mapping[str, int | None]
    cursor: JournalCursor | None = None
    tries: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    unknown_to_journal: int = 0
    shown_by: str = "list"


def visit_list(
    selection: Selection,
    planner: Planner,
    documents: IndexDocuments,
    index: Index,
    open_journal: Callable[[], EventSource] | None = None,
) -> VisitList:
    """Return which projects a run requests; request the list, if that saves many requests, and then a sample.

    :param open_journal: returns the journal, which may take the place of the list; None: there is none.
    :raises SourceError: when the whole index is selected and its list cannot be read.
    """
    unresolved = planner.unresolved
    summaries = summaries_for_list(selection, planner.summaries(), unresolved)
    if summaries is None:
        return VisitList(selection)
    listed = _listed(selection, planner, documents, open_journal)
    if isinstance(listed, SourceError):
        if selection.whole_index:
            raise listed
        return VisitList(selection)
    visits = _visits(selection, planner, index, listed.serials, summaries)
    tracker, unknown = _tracker(visits, listed), listed.unknown_to_journal
    return replace(visits, tracker=tracker, unknown_to_journal=unknown, shown_by=listed.shown_by)


def _listed(
    selection: Selection,
    planner: Planner,
    documents: IndexDocuments,
    open_journal: Callable[[], EventSource] | None,
) -> Listed | SourceError:
    """Read the journal if an earlier run has read the list, and else the list."""
    digest = selection_digest(selection)
    previous = None if open_journal is None else planner.journal_cursor()
    previous = None if previous is None or previous.selection != digest else previous
    if open_journal is not None and previous is not None and not documents.reads_list:
        events = None if planner.list_is_due(previous) else events_since(open_journal(), previous)
        if events is not None:
            cursor = JournalCursor(events.last, previous.listed_at, digest)
            return Listed(events.listed(planner.summaries()), cursor, previous.pending, shown_by="journal")
    listing = documents.projects()
    if isinstance(listing, SourceError):
        return listing
    serials = serials_of(listing)
    last = None if listing.meta is None or not any(serials.values()) else serial_of(listing.meta.last_serial)
    del listing  # tens of megabytes that nothing needs any more, unless a stream reads them
    unknown = 0
    if open_journal is not None and previous is not None and planner.list_is_due(previous):
        events = events_since(open_journal(), previous)
        unknown = 0 if events is None else _unknown_to(events, serials, planner.summaries())
    if open_journal is None or not last or unknown:
        return Listed(serials, unknown_to_journal=unknown)
    return Listed(
        serials, JournalCursor(last, planner.started_at, digest), {} if previous is None else previous.pending
    )


def _unknown_to(events: ProjectEvents, serials: Mapping[str, int | None], summaries: Iterable[ProjectSummary]) -> int:
    """How many projects the list shows as changed that have no event."""
    return sum(
        (listed := serials.get(one.project)) is not None
        and one.serial is not None
        and listed > one.serial
        and one.project not in events.serials
        for one in summaries
    )


def _tracker(visits: VisitList, listed: Listed) -> ProjectTracker:
    """What compares the documents of the requested projects with their listed serials."""
    expected: dict[str, int] | None = None
    if listed.cursor is not None and len(visits.selection.projects) + len(visits.listed) <= MOST_TRACKED:
        names = [*(one.project for one in visits.selection.projects), *visits.listed]
        expected = {name: serial for name in names if (serial := listed.serials.get(name)) is not None}
    return ProjectTracker(expected, listed.cursor, listed.tries)


def _visits(
    selection: Selection,
    planner: Planner,
    index: Index,
    serials: Mapping[str, int | None],
    summaries: Iterable[ProjectSummary],
) -> VisitList:
    """Return which projects are requested according to their serials, and to a sample of the others."""
    unresolved = planner.unresolved
    visits = make_visit_list(selection, serials, summaries, planner.decide_listed, planner.started_at, unresolved)
    conditions = planner.project_conditions(visits.sample)
    received = request_sample(index, conditions, serials)
    changed = changed_since_read(received, conditions)
    if not changed:
        return replace(visits, received=received)
    unlisted = changed_since_listed(received, serials)
    untrusted = is_untrusted(len(unlisted), len(visits.sample))

    def decide(summary: ProjectSummary, serials: Mapping[str, int | None]) -> Reason:
        reason = planner.decide_listed(summary, serials)
        requested = reason is Reason.UNCHANGED and (untrusted or summary.project in changed)
        return Reason.SERIAL_CHANGED if requested else reason

    again = summaries_for_list(selection, planner.summaries(), unresolved) or ()
    known = (len(unlisted), len(visits.sample)) if untrusted else None
    return replace(
        make_visit_list(selection, serials, again, decide, unresolved=unresolved), received=received, untrusted=known
    )


def summaries_for_list(
    selection: Selection, summaries: Iterable[ProjectSummary], unresolved: Collection[str] = ()
) -> Iterable[ProjectSummary] | None:
    """Return the summaries to compare with the list; None: the run does not need the list.

    The whole index needs it. Named projects do if enough of them could be skipped and dependencies are not followed.

    :param unresolved: as of ``make_visit_list``.
    """
    if selection.whole_index:
        return summaries
    named = _unpinned(selection, unresolved)
    if len(named) < MIN_PROJECTS_FOR_LISTING or selection.follow:
        return None
    comparable = [summary for summary in summaries if summary.comparable and summary.project in named]
    return comparable if len(comparable) >= MIN_PROJECTS_FOR_LISTING else None


def make_visit_list(
    selection: Selection,
    serials: Mapping[str, int | None],
    summaries: Iterable[ProjectSummary],
    decide: Callable[[ProjectSummary, Mapping[str, int | None]], Reason],
    salt: int = 0,
    unresolved: Collection[str] = (),
) -> VisitList:
    """Return which projects to request.

    :param serials: of each listed project (``serials_of``).
    :param summaries: of the projects that have state.
    :param decide: why a project that has state is requested, or ``Reason.UNCHANGED`` (``planner.decide_listed``).
    :param salt: another one leads to another sample.
    :param unresolved: named projects that are requested whatever the list says (``StateStore.unresolved``).
    """
    named = _unpinned(selection, unresolved)
    listed = dict.fromkeys(serials) if selection.whole_index else {}
    skipped_names: set[str] = set()
    unlisted: set[str] = set()
    sample, pinned = Sample(salt), {one.project for one in selection.projects} - named
    skipped = known = 0
    for summary in summaries:
        project = summary.project
        if not (selection.whole_index or project in named):
            continue
        reason = decide(summary, serials)
        if reason is Reason.NOT_LISTED:
            unlisted.add(project)
        if reason is Reason.UNCHANGED:
            skipped += 1
            known += not summary.absent
            listed.pop(project, None)
            if project not in pinned:
                sample.add(project)
            skipped_names.update({project} & named)
        elif selection.whole_index:
            listed.setdefault(project)
    projects = tuple(one for one in selection.projects if one.project not in skipped_names)
    names, selected = tuple(sample.names), replace(selection, projects=projects)
    # by name, as the public index lists them: rows that are written together then are neighbours for later runs, too
    return VisitList(selected, NameList(sorted(listed)), skipped, known, frozenset(unlisted), names)


def serials_of(listing: Listing) -> dict[str, int | None]:
    """Return the serial of each listed project, by normalised name; None: the list does not tell it.

    Zero, and one serial for all projects, are not serials of projects: some servers list them.

    There may be a million names: one that is normalised already is not held twice.
    """
    serials: dict[str, int | None] = {}
    for project in listing.projects:
        if name := project.name:
            normalized = canonicalize_name(name)
            serials[name if name == normalized else normalized] = serial_of(project.last_serial) or None
    if len(serials) > 1 and len(set(serials.values())) == 1:  # a constant says nothing of a project
        return dict.fromkeys(serials)
    return serials


def _unpinned(selection: Selection, unresolved: Collection[str]) -> set[str]:
    """The named projects that the list can leave out."""
    return {
        one.project for one in selection.projects if not one.pins and not one.ranges and one.project not in unresolved
    }
