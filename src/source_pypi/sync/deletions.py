"""Deletions of whole projects: they are held back until the run knows that the index is healthy.

Rules
    A batch deletes a project if the index has no document of it any more, and rows of it were loaded. All such batches
    wait until the other projects have been read. Then:

    1. A project that the index answers 404 for is deleted only if the index is healthy (``health.py``).
    2. If too many of the known projects disappear at once (``are_too_many``), none is deleted, unless the user accepts.

    3. If the list of projects is that much shorter than before, the stream ``listing`` keeps its rows
       (``without_short_list``).

    Rows that are not deleted stay with their state, so that the next run decides again.
"""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from source_pypi.config import Config
from source_pypi.errors import MassDeletionError, ShortListError, SourceError, UnconfirmedDeletionError
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.sync.batch import Batch
from source_pypi.sync.fetch_result import FetchResult
from source_pypi.sync.health import IndexHealth
from source_pypi.sync.planner import PreviousState
from source_pypi.sync.state import COUNT_CODE, ProjectState, is_absent

#: Fewer projects than this may disappear at once, whatever share of all they are.
MIN_TOO_MANY = 5


def deletes_project(result: FetchResult, previous: PreviousState, batch: Batch) -> bool:
    """Return whether a batch deletes the rows of a project that the index had in an earlier run, and has no more."""
    document = result.fingerprints.get(DocumentKind.PROJECT)
    gone = result.missing or (document is not None and document.absent)
    return gone and any(
        name in batch.counts
        and not is_absent(state)
        and (result.missing or is_absent(batch.changes[name].state))  # a page may stand for the document
        for name, state in previous.states.items()
    )


def is_known(previous: PreviousState) -> bool:
    """Return whether the index had the project when it was last read."""
    return previous.existed and any(not is_absent(state) for state in previous.states.values())


def are_too_many(deleted: int, known: int, share: float) -> bool:
    """Return whether too many known projects disappear at once: the index is probably wrong.

    :param share: the largest share that may disappear, 0 to 1 (``max_deleted_share``).
    """
    return deleted >= MIN_TOO_MANY and deleted > share * known


def without_short_list(batch: Batch, previous: PreviousState, config: Config, index_url: str) -> Batch:
    """Return the batch of the whole index; a stream whose list is too short (``are_too_many``) fails, and keeps rows.

    :param previous: the streams of the index, and what they read before.
    """
    if config.accept_deletions:
        return batch
    short = dict[str, SourceError]()
    for name, change in batch.changes.items():
        before, now = _listed(previous.states.get(name)), _listed(change.state)
        if before is not None and now is not None and are_too_many(before - now, before, config.max_deleted_share):
            short[name] = ShortListError(index_url, now, before)
    changes = {name: change for name, change in batch.changes.items() if name not in short}
    return replace(batch, changes=changes, failures={**batch.failures, **short})


def _listed(state: ProjectState | None) -> int | None:
    """How many projects were on the list; None: unknown."""
    count = None if state is None else state.fingerprints.get(COUNT_CODE)
    return None if count is None else int(count.tag)


class Deletions:
    """The batches of a run that delete projects, until the run decides about them.

    :param known: how many known projects the run skips.
    """

    def __init__(self, config: Config, index_url: str, health: IndexHealth, known: int = 0) -> None:
        self._config, self._index_url, self._health, self._known = config, index_url, health, known
        self._held: list[tuple[Batch, bool]] = []

    def add_known(self) -> None:
        """Count a known project."""
        self._known += 1

    def holds(self, result: FetchResult, previous: PreviousState, batch: Batch) -> bool:
        """Return whether a batch deletes a project; it is then held back. Counts the project if it is known."""
        self._known += is_known(previous)
        if not deletes_project(result, previous, batch):
            return False
        self._held.append((batch, result.missing))
        return True

    def decide(self) -> tuple[Sequence[Batch], SourceError | None]:
        """Return the batches that delete projects of which this is certain, and why others are not deleted."""
        held, config = self._held, self._config
        if not held:
            return (), None
        if are_too_many(len(held), self._known, config.max_deleted_share) and not config.accept_deletions:
            error: SourceError = MassDeletionError(self._index_url, tuple(_names(held)), self._known)
            unconfirmed = self._unconfirmed()
            return (), error if len(unconfirmed) < len(held) else self._unconfirmed_error(unconfirmed)
        unconfirmed = self._unconfirmed()
        certain = [batch for batch, _ in held if batch.project not in unconfirmed]
        return certain, self._unconfirmed_error(unconfirmed) if unconfirmed else None

    def _unconfirmed(self) -> list[str]:
        missing = [*_names(one for one in self._held if one[1])]
        confirmed = self._health.confirmed(missing) if missing else frozenset()
        return [name for name in missing if name not in confirmed]

    def _unconfirmed_error(self, names: Sequence[str]) -> SourceError:
        return UnconfirmedDeletionError(self._index_url, tuple(names))


def _names(held: "Iterator[tuple[Batch, bool]] | Sequence[tuple[Batch, bool]]") -> Iterator[str]:
    return (batch.project for batch, _ in held if batch.project is not None)
