"""One run: which projects are due (``planner.py``), their documents (``fetch.py``), a batch of rows for each.

Flow
    Streams that cannot be read are reported first. ``planner.py`` and ``listing.py`` decide which projects are due.
    ``_ProjectReader`` reads them: worker threads, as many as ``max_concurrency``, request and decode the documents of
    projects in their order, while rows of an earlier project are made and written: a request is under way nearly all
    the time. At most twice as many projects are requested ahead of the one that is written, so that few documents are
    in memory.

Failures
    A document that cannot be read costs the streams that read it the rows of this project; the batch says so. The run
    ends early only if every further request would fail: no connection can be made, it refuses the credentials, or
    ``STOP_AFTER`` projects in a row failed and so does a document that was received before (``health.py``).

Deletions
    Batches that delete a whole project come last, and only if the index is healthy (``deletions.py``).
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime

from msgspec.structs import replace

from source_pypi.config import Config
from source_pypi.errors import (
    ConfigError,
    DestinationError,
    SourceError,
    StoppedError,
    TooLargeError,
)
from source_pypi.safety.wording import counted
from source_pypi.selection import Selection
from source_pypi.services.index.api import Index
from source_pypi.services.index.documents import Document, Project, Unchanged
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.services.service import Service
from source_pypi.streams.stream import Stream
from source_pypi.sync.batch import Batch
from source_pypi.sync.changes import batch_of
from source_pypi.sync.circuit_breaker import STOP_AFTER, CircuitBreaker
from source_pypi.sync.deletions import Deletions, without_short_list
from source_pypi.sync.fetch import fetch_project
from source_pypi.sync.fetch_index import IndexDocuments
from source_pypi.sync.fetch_plan import FetchPlan, make_fetch_plan
from source_pypi.sync.fetch_result import FetchResult
from source_pypi.sync.health import IndexHealth
from source_pypi.sync.listing import visit_list
from source_pypi.sync.listing_warnings import visit_warnings
from source_pypi.sync.notices import SUBJECTS, NoticeKind, Notices
from source_pypi.sync.planner import Planner, ProjectTask
from source_pypi.sync.progress import RunProgress
from source_pypi.sync.project_journal import EventSource
from source_pypi.sync.queue import ProjectQueue
from source_pypi.sync.services import service_batches
from source_pypi.sync.state import NoState, StateStore
from source_pypi.sync.summary import RunSummary
from source_pypi.sync.workers import Workers


def needs_projects(streams: Iterable[Stream]) -> bool:
    """Return whether any of the streams has rows of projects, so that projects have to be selected."""
    return any(stream.of_project for stream in streams)


class Run:
    """One run: ``for batch in run.batches(store): store.add(batch)``.

    :param index: the index to read; nothing is requested before the first batch is taken.
    :param selection: the projects to read.
    :param streams: the streams to read.
    :param now: returns the time, in seconds since 1970.
    :param services: the other services that the streams read, by name.
    :param open_journal: as of ``batches``.
    :ivar summary: counts and errors of the run so far; complete once ``batches`` has ended.
    :ivar progress: how far the run is.
    """

    def __init__(
        self,
        index: Index,
        selection: Selection,
        streams: Sequence[Stream],
        config: Config,
        now: Callable[[], float] = time.time,
        services: Mapping[str, Service] | None = None,
        open_journal: Callable[[], EventSource] | None = None,
    ) -> None:
        self.index, self.selection, self.streams, self.config, self.now = index, selection, streams, config, now
        self.services, self._open_journal = services or {}, open_journal
        self.summary, self.progress = RunSummary(index.root), RunProgress()
        self._workers: Workers | None = None

    @property
    def index_root(self) -> str:
        """The URL of the index that rows are read from; empty: all streams read other services."""
        return self.index.root if any(stream.of_index for stream in self.streams) else ""

    def batches(self, store: StateStore | None = None) -> Iterator[Batch]:
        """Yield a batch for each project, and one for the index as a whole, counted in ``summary``.

        The last batch has no rows: it has warnings that concern many projects (``notices.py``), and which streams the
        index provides (``capabilities.py``).

        An error that ends the run early ends the iteration and is in the summary; ``store.finish`` is called only when
        the run came to its end.

        :param store: the states of earlier runs; None: every project is read in full.
        :raises DestinationError: when the store cannot be read.
        """
        notices = Notices()
        self._workers = Workers(self.config.max_concurrency)
        try:
            for batch in self._batches(store, self._workers):
                self.summary.add(batch)
                notices.add(batch)
                yield batch
                del batch  # it is large, and the next one is about to be made
        except DestinationError:
            raise
        except SourceError as error:
            self.summary.stop(error, tuple(stream.name for stream in self.streams if not stream.service))
        else:
            if store is not None:
                store.finish()
        announced = {kind: notices.line(NoticeKind.ANNOUNCED, subject) for kind, subject in SUBJECTS.items()}
        capabilities = self.summary.capabilities.rows([stream.name for stream in self.streams], announced)
        yield Batch(None, _utc(self.now()), warnings=tuple(notices.lines()), capabilities=capabilities)

    def close(self) -> None:
        """End the run, also while another thread takes its batches: no request is sent any more, and no wait goes on.

        Who waits for a batch gets ``concurrent.futures.CancelledError``.
        """
        if self._workers is not None:
            self._workers.close()
        self.index.client.close()
        for service in self.services.values():
            service.close()

    def _batches(self, store: StateStore | None, workers: Workers) -> Iterator[Batch]:
        """The batches of the index, then those of the other services. If the index stops the run, these come first."""
        of_index = [stream for stream in self.streams if not stream.service]
        stopped: SourceError | None = None
        try:
            yield from batches(
                self.index,
                self.selection,
                of_index,
                self.config,
                store,
                self.now,
                self.progress,
                self._open_journal,
                workers,
            )
        except DestinationError:
            raise
        except SourceError as error:
            stopped = error
        followed = self.progress.followed if self.selection.follow else ()
        yield from service_batches(self.services, self.streams, self.selection, store or NoState(), self.now, followed)
        if stopped is not None:
            raise stopped


def batches(
    index: Index,
    selection: Selection,
    streams: Sequence[Stream],
    config: Config,
    store: StateStore | None = None,
    now: Callable[[], float] = time.time,
    progress: RunProgress | None = None,
    open_journal: Callable[[], EventSource] | None = None,
    workers: Workers | None = None,
) -> Iterator[Batch]:
    """Yield a batch for each selected project in order, then one for the whole index, if a stream describes it.

    :param store: the states of earlier runs; None: every project is read in full.
    :param now: returns the time, in seconds since 1970.
    :param progress: what is updated while the run goes on; None: nothing.
    :param open_journal: returns the journal of the index, which may take the place of its list; None: there is none.
    :param workers: the threads that request projects; closed at the end. None: ``max_concurrency`` new ones.
    :raises UnreachableError, UntrustedError, ProxyError: when no connection could be made to the index.
    :raises RefusedError: when it refuses the credentials (401), also for what it sent before.
    :raises StoppedError: when ``STOP_AFTER`` projects in a row failed, and the index is failing.
    :raises SourceError: when the whole index is selected and its list cannot be read.
    """
    streams, unreadable = _readable(streams)
    if unreadable:
        yield Batch(None, _utc(now()), failures=unreadable)
    now = _not_backwards(now)
    planner = Planner(store or NoState(), streams, config, now())
    index_state, index_digests = planner.index_state()
    documents = IndexDocuments(index, index_state)
    if planner.project_streams:
        workers = workers or Workers(config.max_concurrency)
        yield from _project_batches(
            index, selection, config, planner, documents, now, progress or RunProgress(), open_journal, workers
        )
    if planner.index_streams:
        seen_at = _utc(index_state.seen_at(now()))
        batch = batch_of(documents.result(), index_state, index_digests, seen_at, keys=planner.keys)
        yield without_short_list(batch, index_state, config, index.root)


def _project_batches(
    index: Index,
    selection: Selection,
    config: Config,
    planner: Planner,
    documents: IndexDocuments,
    now: Callable[[], float],
    progress: RunProgress,
    open_journal: Callable[[], EventSource] | None,
    workers: Workers,
) -> Iterator[Batch]:
    """Yield a batch for each project that is due, those that delete projects last, and then the next cursor."""
    visits = visit_list(selection, planner, documents, index, open_journal)
    for warning in visit_warnings(visits):
        yield Batch(None, _utc(now()), warnings=(warning,))
    queue = ProjectQueue(visits.selection, visits.listed)
    plan = make_fetch_plan(planner.project_streams, config)
    health = IndexHealth(index, documents, visits.unlisted)
    deletions = Deletions(config, index.root, health, visits.known)
    reader = _ProjectReader(
        index, queue, plan, planner, now, health, deletions, config, visits.received, progress, workers
    )
    for batch in reader.batches():
        if visits.tracker is not None:
            visits.tracker.add(batch)
        yield batch
        del batch  # it is large, and the next one is about to be made
    deleted, error = deletions.decide()
    yield from deleted
    if error is not None:
        yield Batch(None, _utc(now()), failures={stream.name: error for stream in planner.project_streams})
    elif visits.tracker is not None:
        noted = visits.tracker.batch(planner.journal_digests, now())
        if noted is not None:
            yield noted


def _not_backwards(now: Callable[[], float]) -> Callable[[], float]:
    """The same clock; while it is set back, it stands still."""
    latest = [now()]

    def later() -> float:
        latest[0] = max(latest[0], now())
        return latest[0]

    return later


def _readable(streams: Sequence[Stream]) -> tuple[list[Stream], dict[str, SourceError]]:
    """The streams that can be read, and why the others cannot."""
    readable, unreadable = [], dict[str, SourceError]()
    for stream in streams:
        try:
            if stream.require is not None:
                stream.require()
            readable.append(stream)
        except ConfigError as error:
            unreadable[stream.name] = error
    return readable, unreadable


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


# Projects -------------------------------------------------------------------------------------------------------------

#: A project's task, what was found, and when the requests began (UTC).
_Fetched = tuple[ProjectTask, FetchResult, datetime]


class _ProjectReader:
    """Reads the projects of a run.

    :param plan: which documents to request of each project.
    :param now: the time, in seconds since 1970.
    :param received: what the index has answered for project documents that the run has requested already, by project.
    """

    def __init__(
        self,
        index: Index,
        queue: ProjectQueue,
        plan: FetchPlan,
        planner: Planner,
        now: Callable[[], float],
        health: IndexHealth,
        deletions: Deletions,
        config: Config,
        received: Mapping[str, Document[Project] | Unchanged],
        progress: RunProgress,
        workers: Workers,
    ) -> None:
        self._received, self._progress, self._workers = received, progress, workers
        self._index, self._queue, self._plan, self._planner, self._now = index, queue, plan, planner, now
        self._health, self._deletions, self._config = health, deletions, config
        self._circuit_breaker = CircuitBreaker()
        self._pending: deque[tuple[str, Future[_Fetched]]] = deque()

    def batches(self) -> Iterator[Batch]:
        """Yield a batch for each project, in order, but those that delete a project: ``deletions`` holds them.

        :raises StoppedError: when ``STOP_AFTER`` projects in a row failed, the index fails, and there are more.
        """
        failed = 0
        try:
            self._submit()
            while self._pending:
                task, result, seen_at = self._next_fetched()
                self._queue.add_requirements(task.project, result.requirements)
                self._submit()
                self._health.add(result)
                batch = self._batch(task, result, seen_at)
                held = self._deletions.holds(result, task.previous, batch)
                del task, result  # the documents are not needed any more while the rows are written
                self._progress.done += 1
                failed = failed + 1 if _has_failed(batch) else 0
                if not held:
                    yield batch
                del batch  # it is large, and the next one is about to be made
                if failed and failed % STOP_AFTER == 0 and self._left() and self._health.is_failing(failed):
                    raise StoppedError(failed, self._left())
        finally:
            self._workers.close()
            if self._pending:  # the run ends early, but their requests would go on
                self._index.client.close()
        if already_read := self._progress.already_read:
            yield Batch(None, _utc(self._now()), warnings=(_already_read_warning(already_read),))

    def _next_fetched(self) -> _Fetched:
        """The next project, for which the run waits if its documents have not come yet."""
        self._progress.waiting_for, fetched = self._pending.popleft()
        try:
            return fetched.result()
        finally:
            self._progress.waiting_for = ""

    def _left(self) -> int:
        """How many projects the run has not finished yet, as far as it is known by now."""
        return self._queue.total - self._progress.already_read - self._progress.done

    def _batch(self, task: ProjectTask, result: FetchResult, seen_at: datetime) -> Batch:
        keys, total = self._planner.keys, self._queue.total
        missing_projects = self._config.missing_projects
        return batch_of(
            result,
            task.previous,
            task.settings_digests,
            seen_at,
            keys=keys,
            total_projects=total,
            missing_projects=missing_projects,
        )

    def _submit(self) -> None:
        """Submit the projects that come next, until twice as many are pending as there are threads."""
        most = 2 * self._config.max_concurrency
        while len(self._pending) < most and (task := self._next_task()) is not None:
            self._pending.append((task.project.project, self._workers.submit(self._fetch, task)))
        self._progress.total = self._queue.total

    def _next_task(self) -> ProjectTask | None:
        """The next project that is due; None: there is none now."""
        while (project := self._queue.take()) is not None:
            if self._config.follow_dependencies:
                self._progress.followed.add(project.project)
            decision = self._planner.decide(project, self._queue.upcoming)
            if isinstance(decision, ProjectTask):
                return decision
            self._progress.already_read += 1
            self._deletions.add_known()
            self._queue.add_requirements(project, decision.requirements)
        return None

    def _fetch(self, task: ProjectTask) -> _Fetched:
        """Request a project's documents; runs in a worker thread."""
        seen_at = _utc(task.previous.seen_at(self._now()))
        plan = self._circuit_breaker.without_failing(self._plan)
        if self._queue.follows(task.project):
            plan = replace(plan, follow=True)
        if task.project.project in self._planner.unresolved:
            plan = replace(plan, in_full=True)
        received = self._received.get(task.project.project)
        result = fetch_project(self._index, task.project, plan, task.previous, received)
        self._circuit_breaker.add(result, self._plan.kinds_of(page_only=result.page_only))
        releases = result.failures.get(DocumentKind.RELEASES)
        only_followed = DocumentKind.RELEASES not in self._plan.documents
        if releases is not None and only_followed and DocumentKind.PROJECT not in result.failures:
            result.user_errors.append(releases)  # no stream reports it
        return task, result, seen_at


def _has_failed(batch: Batch) -> bool:
    """Whether no stream could be read, possibly because of the index: not if the project is too large."""
    too_large = all(isinstance(error, TooLargeError) for error in batch.failures.values())
    return bool(batch.failures) and not batch.changes and not too_large


def _already_read_warning(count: int) -> str:
    return f"{counted(count, 'project')} skipped: the run that ended early had read them"
