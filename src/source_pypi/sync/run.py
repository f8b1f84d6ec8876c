"""One visit to a project feeds every selected stream.

Flow
    ``batches`` visits the selected projects one after another. Workers, in turns (``turns.py``), ask for the documents
    of the next project while those of the last one are opened, and its rows made and written, so that one request in
    flight is not idle. Each visit becomes one ``Batch``; fronts take batches and nothing else.

What fails
    A document that cannot be had costs the streams that read it the rows of this project, nothing more: the failure
    travels in the batch. Only what makes every further question pointless is raised: an index that never answered,
    refused credentials, or ``STOP_AFTER`` projects in a row that failed.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from source_pypi.config import Config
from source_pypi.errors import (
    ConfigError,
    DestinationError,
    SourceError,
    StaleError,
    StoppedError,
    TooLargeError,
)
from source_pypi.http.client import RequestLog, RetryWait
from source_pypi.selection import Selection, select
from source_pypi.services.index.api import Index, open_index
from source_pypi.services.index.documents import UNCHANGED, Document, Fingerprint, Listing, Unchanged
from source_pypi.services.index.documents.kinds import INDEX_DOCUMENTS, DocumentKind
from source_pypi.streams.stream import Stream
from source_pypi.sync.batch import Batch, batch_of
from source_pypi.sync.changes import Change
from source_pypi.sync.circuit_breaker import STOP_AFTER, CircuitBreaker
from source_pypi.sync.fetch import FetchPlan, fetch_index, fetch_project
from source_pypi.sync.fetch_result import FetchResult
from source_pypi.sync.listing import MIN_PROJECTS_FOR_LISTING, VisitList, has_serials, make_visit_list, serials_of
from source_pypi.sync.planner import Planner, ProjectTask
from source_pypi.sync.queue import ProjectQueue
from source_pypi.sync.state import NoState, StateStore
from source_pypi.sync.summary import RunSummary
from source_pypi.sync.turns import Turn, Turns


def needs_projects(streams: Iterable[Stream]) -> bool:
    """Return whether any of the streams has rows of projects, so that projects have to be selected."""
    return any(stream.of_project for stream in streams)


class Run:
    """One run: ``for batch in run.batches(store): store.add(batch)``.

    :param index: the index to read; nothing is requested before the first batch is taken.
    :param selection: the projects to read.
    :param streams: the streams to read.
    :param now: returns the time, in seconds since 1970.
    :ivar summary: counts and errors of the run so far; complete once ``batches`` has ended.
    """

    def __init__(
        self,
        index: Index,
        selection: Selection,
        streams: Sequence[Stream],
        config: Config,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.index, self.selection, self.streams, self.config, self.now = index, selection, streams, config, now
        self.summary = RunSummary(index.root)

    def batches(self, store: StateStore | None = None) -> Iterator[Batch]:
        """Yield a batch for each project, and one for the index as a whole, counted in ``summary``.

        An error that ends the run early ends the iteration and is in the summary; ``store.finish`` is called only when
        the run came to its end.

        :param store: what earlier runs remembered; None: every project is read in full.
        :raises DestinationError: when the store cannot be read.
        """
        try:
            for batch in batches(self.index, self.selection, self.streams, self.config, store, self.now):
                self.summary.add(batch)
                yield batch
                del batch  # it is large, and the next one is about to be made
        except DestinationError:
            raise
        except SourceError as error:
            self.summary.stop(error, tuple(stream.name for stream in self.streams))
        else:
            if store is not None:
                store.finish()


def open_run(
    config: Config,
    streams: Sequence[Stream],
    *,
    files: Iterable[Path] = (),
    on_event: Callable[[RetryWait | RequestLog], None] = lambda event: None,
) -> Run:
    """Return the run that a configuration describes. Nothing is requested yet.

    :param files: requirement and lock files whose projects are read, too.
    :param on_event: called with each wait before it begins, and with each response.
    :raises ConfigError: when no projects are selected, or a name, a file or a setting is invalid.
    """
    selection = select(config, files) if needs_projects(streams) else Selection()
    return Run(open_index(config, on_event), selection, streams, config)


def batches(
    index: Index,
    selection: Selection,
    streams: Sequence[Stream],
    config: Config,
    memory: StateStore | None = None,
    now: Callable[[], float] = time.time,
) -> Iterator[Batch]:
    """Visit the selected projects in their order, and the index as a whole, if a stream needs it.

    :param memory: what was seen before; None: everything is read from its beginning.
    :param now: the time, in seconds since 1970.
    :raises UnreachableError, UntrustedError, ProxyError: when the index never answered.
    :raises RefusedError: when it refuses the credentials (401).
    :raises StoppedError: when ``STOP_AFTER`` projects in a row failed.
    :raises SourceError: when the whole index was chosen and its list cannot be had.
    """
    streams, unable = _able(streams)
    if unable:
        yield Batch(None, _utc(now()), failures=unable)
    planner = Planner(memory or NoState(), streams, config, now(), selection)
    chosen = [stream for stream in streams if stream.of_project]
    reads = _reads(streams, config)
    whole = _WholeIndex(index, reads, planner)
    if chosen:
        visit_list = whole.visit_list(selection)
        if visit_list.skipped:
            yield Batch(None, _utc(now()), warnings=(_skipped_warning(visit_list.skipped),))
        filled = any(stream.fallback_documents for stream in chosen) or config.follow_dependencies > 0
        plan = FetchPlan(frozenset(reads), config.releases, use_core_metadata=config.core_metadata and filled)
        queue = ProjectQueue(visit_list.selection, visit_list.listed)
        visits = _Visits(index, queue, plan, planner, now, visit_list.serials)
        if forgotten := planner.without_list():
            yield Batch(None, _utc(now()), {name: Change(one) for name, one in forgotten.items()})
        yield from visits.batches(config.max_concurrency)
        if memory is not None and visits.clean and whole.list_fingerprint is not None:
            seen = planner.of_list(whole.list_fingerprint)
            yield Batch(None, _utc(now()), {name: Change(one) for name, one in seen.items()})
    if any(not stream.of_project for stream in streams):
        known, terms = planner.of_index()
        yield batch_of(whole.result(), known, terms, _utc(now()), keys=planner.keys)


def _skipped_warning(count: int) -> str:
    are = "project has" if count == 1 else "projects have"
    return f"{count:,} {are} not changed, as the index's list tells: not asked for one by one"


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _able(streams: Sequence[Stream]) -> tuple[list[Stream], dict[str, SourceError]]:
    """The streams that can be read, and why others cannot."""
    able, unable = [], dict[str, SourceError]()
    for stream in streams:
        try:
            if stream.require is not None:
                stream.require()
            able.append(stream)
        except ConfigError as error:
            unable[stream.name] = error
    return able, unable


def _reads(streams: Iterable[Stream], config: Config) -> set[DocumentKind]:
    """The documents that the streams and the choice of projects need."""
    reads = {read for stream in streams for read in stream.documents}
    return reads | ({DocumentKind.PROJECT} if config.follow_dependencies and needs_projects(streams) else set())


class _WholeIndex:
    """The documents of the index as a whole, asked for once, whether streams or the choice of projects read them.

    :ivar list_mark: of the list, where it told which projects to visit.
    """

    def __init__(self, index: Index, reads: Iterable[DocumentKind], planner: Planner) -> None:
        self._index, self._planner = index, planner
        self._reads = INDEX_DOCUMENTS & set(reads)
        self._result: FetchResult | None = None
        self.list_fingerprint: Fingerprint | None = None

    def result(self) -> FetchResult:
        """What was found; it is asked for when it is needed first."""
        if self._result is None:
            fingerprint = self._planner.list_fingerprint(of_projects=False)
            self._result = fetch_index(self._index, self._reads, fingerprint)
        return self._result

    def visit_list(self, selection: Selection) -> VisitList:
        """What to visit: what was named or is listed, without what is known not to have changed.

        :raises SourceError: when the whole index was chosen and its list cannot be had.
        """
        summaries = self._planner.summaries()
        if not selection.whole_index:
            named = {target.project for target in selection.projects if not target.pins}
            if len(named) < MIN_PROJECTS_FOR_LISTING or selection.follow:
                return VisitList(selection, [])
            summaries = [summary for summary in summaries if summary.comparable and summary.project in named]
            if len(summaries) < MIN_PROJECTS_FOR_LISTING:
                return VisitList(selection, [])
        result, listing = self._listing()
        if isinstance(listing, SourceError):
            if selection.whole_index:
                raise listing
            return VisitList(selection, [])
        if listing is UNCHANGED or has_serials(listing.content):
            self.list_fingerprint = result.fingerprints[DocumentKind.LISTING]
        serials = None if listing is UNCHANGED else serials_of(listing.content)
        del listing, result  # tens of megabytes that nobody needs any more, unless a stream reads them
        return make_visit_list(selection, serials, summaries, self._planner.is_due)

    def _listing(self) -> tuple[FetchResult, Document[Listing] | Unchanged | SourceError]:
        """The list, or why it cannot be had; with the other documents, where a stream reads it too."""
        fingerprint = self._planner.list_fingerprint(of_projects=True)
        if DocumentKind.LISTING in self._reads:
            result = self._result = fetch_index(self._index, self._reads, fingerprint)
        else:
            result = fetch_index(self._index, {DocumentKind.LISTING}, fingerprint)
        if DocumentKind.LISTING in result.failures:
            return result, result.failures[DocumentKind.LISTING]
        if DocumentKind.LISTING in result.stale:
            return result, StaleError(self._index.url_of(DocumentKind.LISTING), None, fingerprint.serial)
        return result, result.documents.listing or UNCHANGED


class _Visits:
    """Visits to projects, one after another.

    :param listed: the serials that the list tells.
    :ivar clean: whether all streams could be read of all projects so far, from copies as new as the list; not where a
        run is taken up again: what that one had visited may have changed before the list was asked for.
    """

    def __init__(
        self,
        index: Index,
        queue: ProjectQueue,
        plan: FetchPlan,
        planner: Planner,
        now: Callable[[], float],
        listed: Mapping[str, int | None],
    ) -> None:
        self._index, self._queue, self._plan = index, queue, plan
        self._planner, self._now, self._listed = planner, now, listed
        self._unwell = CircuitBreaker()
        self.clean = not planner.resumes

    def batches(self, concurrency: int) -> Iterator[Batch]:
        """Batches, until so many projects in a row failed that the index is not well."""
        failed = done = 0
        for batch in self._ahead(concurrency):
            done += 1  # noqa: SIM113 - enumerate would hold the batch
            failed = failed + 1 if _is_lost(batch) else 0
            yield batch
            if failed == STOP_AFTER and done < self._queue.total:
                raise StoppedError(failed, self._queue.total - done)
            del batch  # it is large, and the next one is about to be made

    def _batch(self, visited: "_Visited") -> Batch:
        known = visited.due.previous
        batch = batch_of(
            visited.result,
            known,
            visited.due.settings_digests,
            visited.seen_at,
            keys=self._planner.keys,
            of=self._queue.total,
        )
        self.clean = self.clean and len(batch.changes) == len(known.streams) and self._is_new(batch)
        return batch

    def _is_new(self, batch: Batch) -> bool:
        """Whether what was read is no older than the list."""
        told = self._listed.get(batch.project or "")
        return told is None or all((change.state.serial or 0) >= told for change in batch.changes.values())

    def _visit(self, due: ProjectTask, turn: Turn) -> "_Visited":
        target, plan = due.project, self._plan
        with turn:
            seen_at = _utc(self._now())
            asked = self._queue.plan(target, self._unwell.spare(plan))
            result = fetch_project(self._index, target, asked, due.previous, turn.answered)
            self._unwell.learn(result, plan.documents)
        if (
            DocumentKind.RELEASES not in plan.documents and DocumentKind.PROJECT not in result.failures
        ):  # read only to be followed
            result.user_errors += [e for read, e in result.failures.items() if read is DocumentKind.RELEASES]
        return _Visited(due, result, seen_at)

    def _ahead(self, concurrency: int) -> Iterator[Batch]:
        """Visit in threads, in order, never more than twice ``concurrency`` ahead of what was taken.

        One slow answer then keeps few threads waiting, and few documents are held.
        """
        ahead = 2 * concurrency
        pool, turns = ThreadPoolExecutor(ahead, thread_name_prefix="visit"), Turns(concurrency)
        waiting: deque[tuple[Turn, Future[_Visited]]] = deque()

        def send_one() -> bool:
            due = self._planner.take(self._queue)
            if due is not None:
                turn = turns.next()
                waiting.append((turn, pool.submit(self._visit, due, turn)))
            return due is not None

        try:
            while True:
                while len(waiting) < ahead and send_one():
                    pass
                if not waiting:
                    return
                turn, visit = waiting.popleft()
                turn.want()
                visited = visit.result()
                del visit
                self._queue.learn(visited.result)
                send_one()
                batch = self._batch(visited)
                del visited  # its documents are not needed any more, while the rows are written
                yield batch
                del batch
        finally:
            turns.stop()
            pool.shutdown(wait=False, cancel_futures=True)


def _is_lost(batch: Batch) -> bool:
    """Whether nothing came of a visit, and the index may be to blame: not for a project that is too large."""
    large = all(isinstance(error, TooLargeError) for error in batch.failures.values())
    return bool(batch.failures) and not batch.changes and not large


class _Visited(Struct, frozen=True):
    """A project that was visited: what was known of it before, what was found, and when (UTC)."""

    due: ProjectTask
    result: FetchResult
    seen_at: datetime
