"""What each task reads. By default one task reads everything, because each task is another client of the index.

With the option ``partitions``, the list of projects is divided into ranges, and the rate limit among the tasks. A task
has its projects and the time of the job, so that it makes the same rows again if Spark runs it again.
"""

import time
from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from source_pypi.selection import SelectedProject, Selection
from source_pypi.spark.filters import Condition
from source_pypi.spark.options import ReadOptions


class Task(Struct, frozen=True, kw_only=True):
    """What one task reads.

    :ivar options: the options, with the task's share of the rate limit.
    :ivar started_at: the time of all its rows, in seconds since 1970.
    :ivar selection: its projects; None: what the options select.
    """

    options: ReadOptions
    started_at: float
    selection: Selection | None = None


def plan_tasks(
    options: ReadOptions, conditions: Sequence[Condition] = (), started_at: float | None = None
) -> list[Task]:
    """Return the tasks of a job; no tasks: there is nothing to read.

    Nothing is requested unless the projects must be known to divide or select them: then the list of the setting
    ``top`` is, and the index's list if the whole index is read. Streams of other services than the index, and those
    that describe the index as a whole, have one task.

    :param conditions: only the projects that they admit are read.
    :param started_at: the time of the job, in seconds since 1970; None: now.
    :raises ConfigError: when no projects are selected, or a name is invalid.
    :raises SourceError: when a list cannot be read.
    """
    stream, config, now = options.stream, options.config, time.time() if started_at is None else started_at
    if stream.service or not stream.of_project or config.follow_dependencies:
        return [Task(options=options, started_at=now)]
    if options.partitions == 1 and not conditions:
        return [Task(options=options, started_at=now)]
    from source_pypi.opening import selection_of  # Spark plans each query in a process that begins without modules

    selection = selection_of([stream], config)
    projects = [one for one in _projects(selection, options) if all(each.admits(one.project) for each in conditions)]
    ranges = _ranges(projects, options.partitions)
    share = replace(config, requests_per_second=config.requests_per_second / max(len(ranges), 1))
    return [
        Task(
            options=replace(options, config=share),
            started_at=now,
            selection=Selection(
                projects=one, excluded=selection.excluded, warnings=() if number else selection.warnings
            ),
        )
        for number, one in enumerate(ranges)
    ]


def _projects(selection: Selection, options: ReadOptions) -> list[SelectedProject]:
    """The projects of a selection in the order of a run; the index's list is requested if it selects the whole index.

    :raises SourceError: when the list cannot be read.
    """
    if not selection.whole_index:
        return list(selection.projects)
    from source_pypi.services.index.api import open_index
    from source_pypi.services.index.documents.fingerprint import UNKNOWN
    from source_pypi.services.index.documents.kinds import DocumentKind
    from source_pypi.sync.fetch_index import fetch_index
    from source_pypi.sync.listing import serials_of
    from source_pypi.sync.queue import ProjectQueue

    index = open_index(options.config)
    try:
        result = fetch_index(index, [DocumentKind.LISTING], UNKNOWN)
    finally:
        index.client.close()
    if error := result.failures.get(DocumentKind.LISTING):
        raise error
    assert result.documents.listing is not None
    queue = ProjectQueue(selection, list(serials_of(result.documents.listing.content)))
    return list(iter(queue.take, None))


def _ranges(projects: Sequence[SelectedProject], most: int) -> list[tuple[SelectedProject, ...]]:
    """The projects in at most so many ranges, whose sizes differ by one at most; none is empty."""
    count = min(most, len(projects))
    bounds = [number * len(projects) // count for number in range(count + 1)] if count else []
    return [tuple(projects[first:last]) for first, last in pairwise(bounds)]
