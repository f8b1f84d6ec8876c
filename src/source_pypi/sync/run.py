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

from msgspec import Struct

from source_pypi.config import Config
from source_pypi.errors import (
    ConfigError,
    SourceError,
    StaleError,
    StoppedError,
    TooLargeError,
)
from source_pypi.selection import Selection
from source_pypi.services.index.api import Index
from source_pypi.services.index.documents import UNCHANGED, Document, Listing, Mark, Unchanged
from source_pypi.services.index.documents.kinds import OF_INDEX, Reads
from source_pypi.streams.stream import Stream
from source_pypi.sync.batch import Batch, batch_of
from source_pypi.sync.changes import Change
from source_pypi.sync.circuit_breaker import STOP_AFTER, CircuitBreaker
from source_pypi.sync.fetch import Plan, visit_index, visit_project
from source_pypi.sync.fetch_result import Findings
from source_pypi.sync.listing import PAYS_FROM, Agenda, make_agenda, serials_of, tells_serials
from source_pypi.sync.planner import Due, Recollection
from source_pypi.sync.queue import Frontier
from source_pypi.sync.state import Memory, NoMemory
from source_pypi.sync.turns import Turn, Turns


def of_projects(streams: Iterable[Stream]) -> bool:
    """Whether any of the streams needs projects to be chosen."""
    return any(stream.of_project for stream in streams)


def batches(
    index: Index,
    selection: Selection,
    streams: Sequence[Stream],
    config: Config,
    memory: Memory | None = None,
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
        yield Batch(None, _moment(now()), failures=unable)
    recollection = Recollection(memory or NoMemory(), streams, config, now(), selection)
    chosen = [stream for stream in streams if stream.of_project]
    reads = _reads(streams, config)
    whole = _WholeIndex(index, reads, recollection)
    if chosen:
        agenda = whole.agenda(selection)
        if agenda.spared:
            yield Batch(None, _moment(now()), notes=(_spared(agenda.spared),))
        filled = any(stream.fills_from for stream in chosen) or config.follow_dependencies > 0
        plan = Plan(frozenset(reads), config.releases, fill=config.core_metadata and filled)
        frontier = Frontier(agenda.selection, agenda.listed)
        visits = _Visits(index, frontier, plan, recollection, now, agenda.serials)
        if forgotten := recollection.without_list():
            yield Batch(None, _moment(now()), {name: Change(one) for name, one in forgotten.items()})
        yield from visits.batches(config.max_concurrency)
        if memory is not None and visits.clean and whole.list_mark is not None:
            seen = recollection.of_list(whole.list_mark)
            yield Batch(None, _moment(now()), {name: Change(one) for name, one in seen.items()})
    if any(not stream.of_project for stream in streams):
        known, terms = recollection.of_index()
        yield batch_of(whole.findings(), known, terms, _moment(now()), keys=recollection.keys)


def _spared(count: int) -> str:
    are = "project has" if count == 1 else "projects have"
    return f"{count:,} {are} not changed, as the index's list tells: not asked for one by one"


def _moment(seconds: float) -> datetime:
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


def _reads(streams: Iterable[Stream], config: Config) -> set[Reads]:
    """The documents that the streams and the choice of projects need."""
    reads = {read for stream in streams for read in stream.reads}
    return reads | ({Reads.PROJECT} if config.follow_dependencies and of_projects(streams) else set())


class _WholeIndex:
    """The documents of the index as a whole, asked for once, whether streams or the choice of projects read them.

    :ivar list_mark: of the list, where it told which projects to visit.
    """

    def __init__(self, index: Index, reads: Iterable[Reads], recollection: Recollection) -> None:
        self._index, self._recollection = index, recollection
        self._reads = OF_INDEX & set(reads)
        self._findings: Findings | None = None
        self.list_mark: Mark | None = None

    def findings(self) -> Findings:
        """What was found; it is asked for when it is needed first."""
        if self._findings is None:
            mark = self._recollection.list_mark(of_projects=False)
            self._findings = visit_index(self._index, self._reads, mark)
        return self._findings

    def agenda(self, selection: Selection) -> Agenda:
        """What to visit: what was named or is listed, without what is known not to have changed.

        :raises SourceError: when the whole index was chosen and its list cannot be had.
        """
        glances = self._recollection.glance()
        if not selection.whole_index:
            named = {target.project for target in selection.targets if not target.pins}
            if len(named) < PAYS_FROM or selection.follow:
                return Agenda(selection, [])
            glances = [glance for glance in glances if glance.settled and glance.project in named]
            if len(glances) < PAYS_FROM:
                return Agenda(selection, [])
        findings, listing = self._listing()
        if isinstance(listing, SourceError):
            if selection.whole_index:
                raise listing
            return Agenda(selection, [])
        if listing is UNCHANGED or tells_serials(listing.content):
            self.list_mark = findings.marks[Reads.LISTING]
        serials = None if listing is UNCHANGED else serials_of(listing.content)
        del listing, findings  # tens of megabytes that nobody needs any more, unless a stream reads them
        return make_agenda(selection, serials, glances, self._recollection.is_due)

    def _listing(self) -> tuple[Findings, Document[Listing] | Unchanged | SourceError]:
        """The list, or why it cannot be had; with the other documents, where a stream reads it too."""
        mark = self._recollection.list_mark(of_projects=True)
        if Reads.LISTING in self._reads:
            findings = self._findings = visit_index(self._index, self._reads, mark)
        else:
            findings = visit_index(self._index, {Reads.LISTING}, mark)
        if Reads.LISTING in findings.failures:
            return findings, findings.failures[Reads.LISTING]
        if Reads.LISTING in findings.left:
            return findings, StaleError(self._index.address_of(Reads.LISTING), None, mark.serial)
        return findings, findings.visit.listing or UNCHANGED


class _Visits:
    """Visits to projects, one after another.

    :param listed: the serials that the list tells.
    :ivar clean: whether all streams could be read of all projects so far, from copies as new as the list; not where a
        run is taken up again: what that one had visited may have changed before the list was asked for.
    """

    def __init__(
        self,
        index: Index,
        frontier: Frontier,
        plan: Plan,
        recollection: Recollection,
        now: Callable[[], float],
        listed: Mapping[str, int | None],
    ) -> None:
        self._index, self._frontier, self._plan = index, frontier, plan
        self._recollection, self._now, self._listed = recollection, now, listed
        self._unwell = CircuitBreaker()
        self.clean = not recollection.resumes

    def batches(self, concurrency: int) -> Iterator[Batch]:
        """Batches, until so many projects in a row failed that the index is not well."""
        failed = done = 0
        for batch in self._ahead(concurrency):
            done += 1  # noqa: SIM113 - enumerate would hold the batch
            failed = failed + 1 if _is_lost(batch) else 0
            yield batch
            if failed == STOP_AFTER and done < self._frontier.known:
                raise StoppedError(failed, self._frontier.known - done)
            del batch  # it is large, and the next one is about to be made

    def _batch(self, visited: "_Visited") -> Batch:
        known = visited.due.known
        batch = batch_of(
            visited.findings,
            known,
            visited.due.terms,
            visited.seen_at,
            keys=self._recollection.keys,
            of=self._frontier.known,
        )
        self.clean = self.clean and len(batch.changes) == len(known.streams) and self._is_new(batch)
        return batch

    def _is_new(self, batch: Batch) -> bool:
        """Whether what was read is no older than the list."""
        told = self._listed.get(batch.project or "")
        return told is None or all((change.seen.serial or 0) >= told for change in batch.changes.values())

    def _visit(self, due: Due, turn: Turn) -> "_Visited":
        target, plan = due.target, self._plan
        with turn:
            seen_at = _moment(self._now())
            asked = self._frontier.plan(target, self._unwell.spare(plan))
            findings = visit_project(self._index, target, asked, due.known, turn.answered)
            self._unwell.learn(findings, plan.reads)
        if Reads.RELEASES not in plan.reads and Reads.PROJECT not in findings.failures:  # read only to be followed
            findings.complaints += [e for read, e in findings.failures.items() if read is Reads.RELEASES]
        return _Visited(due, findings, seen_at)

    def _ahead(self, concurrency: int) -> Iterator[Batch]:
        """Visit in threads, in order, never more than twice ``concurrency`` ahead of what was taken.

        One slow answer then keeps few threads waiting, and few documents are held.
        """
        ahead = 2 * concurrency
        pool, turns = ThreadPoolExecutor(ahead, thread_name_prefix="visit"), Turns(concurrency)
        waiting: deque[tuple[Turn, Future[_Visited]]] = deque()

        def send_one() -> bool:
            due = self._recollection.take(self._frontier)
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
                self._frontier.learn(visited.findings)
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

    due: Due
    findings: Findings
    seen_at: datetime
