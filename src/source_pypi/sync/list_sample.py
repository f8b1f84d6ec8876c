"""Compares the index's list of projects with a sample of the documents that it lets a run skip.

A list may have stopped moving: it then has plausible serials, and every project looks unchanged. In each run a few
projects that look unchanged are requested, conditionally, and what has changed is read. If the serials of many are
higher than listed, the list is not trusted in this run. A list that is some minutes old is no reason: the public
index's may be half an hour old (index-api.md 12). Neither are changes that move no serial.
"""

import zlib
from collections.abc import Mapping
from contextlib import suppress
from heapq import heappush, heapreplace

from source_pypi.errors import SourceError
from source_pypi.services.index.api import Index
from source_pypi.services.index.documents import Document, Fingerprint, Project, Unchanged

#: Projects that are requested in each run although the list shows no change.
SIZE = 10
#: The list is not trusted if more than one in this number of them has changed.
MOST_CHANGED = 3


class Sample:
    """Up to ``SIZE`` of the names that are added, other ones with each salt."""

    def __init__(self, salt: int) -> None:
        self._salt = salt.to_bytes(8, "big", signed=True)
        self._heap: list[tuple[int, str]] = []

    def add(self, name: str) -> None:
        """Add a name; it may replace another one."""
        rank = -zlib.crc32(name.encode(), zlib.crc32(self._salt))
        if len(self._heap) < SIZE:
            heappush(self._heap, (rank, name))
        elif rank > self._heap[0][0]:
            heapreplace(self._heap, (rank, name))

    @property
    def names(self) -> list[str]:
        """The names, sorted."""
        return sorted(name for _, name in self._heap)


def request_sample(
    index: Index, conditions: Mapping[str, Fingerprint], serials: Mapping[str, int | None]
) -> dict[str, Document[Project] | Unchanged]:
    """Request the documents of sampled projects, and return the responses, by project.

    Projects without a project document are left out; so is one that cannot be read.

    :param conditions: for the documents of these projects, by project.
    :param serials: of the listed projects; None: the list does not tell a project's.
    """
    responses = dict[str, Document[Project] | Unchanged]()
    for name, previous in conditions.items():
        if serials.get(name) is None or not previous.tag or previous.absent:
            continue
        with suppress(SourceError):  # the run may still read the other projects
            if (response := index.project(name, previous)) is not None:
                responses[name] = response
    return responses


def changed_since_read(
    responses: Mapping[str, Document[Project] | Unchanged], conditions: Mapping[str, Fingerprint]
) -> set[str]:
    """Return the sampled projects whose document is another one than earlier runs read."""
    return {
        name
        for name, response in responses.items()
        if isinstance(response, Document) and not response.fingerprint.same(conditions[name])
    }


def changed_since_listed(
    responses: Mapping[str, Document[Project] | Unchanged], serials: Mapping[str, int | None]
) -> set[str]:
    """Return the sampled projects whose document has a higher serial than listed."""
    return {
        name
        for name, response in responses.items()
        if isinstance(response, Document) and (response.best_serial or 0) > (serials[name] or 0)
    }


def is_untrusted(changed: int, sampled: int) -> bool:
    """Return whether too many of the sampled projects have changed: the list does not move with its projects."""
    return changed * MOST_CHANGED > sampled
