"""The index's list of projects, where it spares visits: of many projects, few have changed since they were visited.

What it tells
    Each listed project's serial. A project whose serial has not moved since every selected stream has seen it is not
    visited, unless its day has come (``recollection.py``): there are changes without a serial (index-api.md 12). What
    is not listed any more is visited once, to learn why, whichever stream has seen it: its rows are to go.

What it costs
    One large answer in the place of many small ones: see ``PAYS_FROM``.
"""

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct, field
from msgspec.structs import replace
from packaging.utils import canonicalize_name

from source_pypi.selection import Selection
from source_pypi.services.index.documents import Listing
from source_pypi.services.index.documents.page import serial_of
from source_pypi.sync.state import ProjectSummary

#: Projects from which on the list is asked for instead of each of them: operators ask not to be sent thousands of
#: requests in a short time (index-api.md 2.1). In bytes the list pays later, in time long before (benchmarks/).
MIN_PROJECTS_FOR_LISTING = 2000


class VisitList(Struct, frozen=True):
    """What is to be visited.

    :ivar selection: the projects that were named, without those that are spared.
    :ivar listed: the listed ones that were not named, by the names that the list has, where the whole index was chosen.
    :ivar spared: how many need no visit.
    :ivar serials: which those that are visited have at least, as the list tells: a visit may bring an older copy.
    """

    selection: Selection
    listed: list[str]
    skipped: int = 0
    serials: Mapping[str, int | None] = field(default_factory=dict)


def make_visit_list(
    selection: Selection,
    serials: Mapping[str, int | None] | None,
    summaries: Iterable[ProjectSummary],
    is_due: Callable[[str, int], bool],
) -> VisitList:
    """Leave out what need not be visited.

    :param serials: of each listed project (``serials_of``); None: since every moved project in the list was visited, it
        has not changed.
    :param glances: the projects that any selected stream has seen.
    :param is_due: whether everything is to be asked for of a project that was last visited at a time.
    """
    named = {target.project for target in selection.projects if not target.pins}
    unlisted = None if serials is not None else 1  # the list may have it: then it has a serial, whatever that is
    open_: dict[str, int | None] = dict(serials or {}) if selection.whole_index else {}
    skipped: set[str] = set()
    count = 0
    for summary in summaries:
        project = summary.project
        if not (selection.whole_index or project in named):
            continue
        if _is_unchanged(summary, serials) and not is_due(project, summary.checked_at):
            count += 1
            open_.pop(project, None)
            skipped.update({project} & named)
        elif selection.whole_index:
            open_.setdefault(project, unlisted)
    targets = tuple(target for target in selection.projects if target.project not in skipped)
    told: Mapping[str, int | None] = open_
    if not selection.whole_index:
        told = {one.project: (serials or {}).get(one.project, unlisted) for one in targets}
    return VisitList(replace(selection, projects=targets), list(open_), count, told)


def has_serials(listing: Listing) -> bool:
    """Whether a list that has not changed means that no project has: only then is it one to remember."""
    return all(serial_of(one.last_serial) is not None for one in listing.projects)


def serials_of(listing: Listing) -> dict[str, int | None]:
    """The serial of each listed project, by normalised name; there may be a million, so no text is held twice."""
    serials: dict[str, int | None] = {}
    for one in listing.projects:
        if name := one.name:
            normalized = canonicalize_name(name)
            serials[name if name == normalized else normalized] = serial_of(one.last_serial)
    return serials


def _is_unchanged(summary: ProjectSummary, serials: Mapping[str, int | None] | None) -> bool:
    """Whether a project is as it was seen, as far as the list tells; None: the list has not changed itself."""
    if serials is None:
        return summary.comparable
    if summary.project not in serials:
        return summary.absent
    if not summary.comparable:
        return False
    serial = serials[summary.project]
    return serial is not None and summary.serial is not None and serial <= summary.serial
