"""One visit to a project feeds every selected stream.

Flow
    ``batches`` visits the selected projects one after another. A worker asks for the documents of the next project
    while the rows of the last one are being made and written, so that one request in flight is not idle. Each visit
    becomes one ``Batch``; fronts take batches and nothing else.

What fails
    A document that cannot be had costs the streams that read it the rows of this project, nothing more: the failure
    travels in the batch. Only what makes every further question pointless is raised: an index that never answered,
    refused credentials, or ``STOP_AFTER`` projects in a row that failed.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from source_pypi.config import Config
from source_pypi.documents import Document, Listing
from source_pypi.errors import ConfigError, NotOfferedError, SourceError, StoppedError, TransientError
from source_pypi.frontier import Frontier
from source_pypi.index import Index
from source_pypi.reads import OF_INDEX, Reads
from source_pypi.repair import Oddity
from source_pypi.selection import Selection, Target
from source_pypi.streams.stream import Row, Stream, Visit
from source_pypi.visit import Findings, Plan, visit_index, visit_project

#: Projects in a row that may fail before the run is stopped.
STOP_AFTER = 3


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything that one visit gave.

    :ivar project: the project visited; None: the index as a whole.
    :ivar rows: rows by stream, of every selected stream that could be read here, also where there are none.
    :ivar failures: why a stream could not be read here, by stream.
    :ivar missing: whether the index does not have the project, although the user named it.
    :ivar complaints: pinned releases that the index does not have.
    :ivar notes: what else should be said.
    :ivar oddities: fields of a wrong type, that were nulled.
    :ivar known: projects that are to be visited in all, as far as is known by now.
    """

    project: str | None
    rows: dict[str, list[Row]] = field(default_factory=dict)
    failures: dict[str, SourceError] = field(default_factory=dict)
    missing: bool = False
    complaints: tuple[SourceError, ...] = ()
    notes: tuple[str, ...] = ()
    oddities: tuple[Oddity, ...] = ()
    known: int = 0


def of_projects(streams: Iterable[Stream]) -> bool:
    """Whether any of the streams needs projects to be chosen."""
    return any(stream.of_project for stream in streams)


def batches(index: Index, selection: Selection, streams: Sequence[Stream], config: Config) -> Iterator[Batch]:
    """Visit the selected projects in their order, and the index as a whole, if a stream needs it.

    :raises UnreachableError: when the index never answered.
    :raises RefusedError: when it refuses the credentials (401).
    :raises StoppedError: when ``STOP_AFTER`` projects in a row failed.
    :raises SourceError: when the whole index was chosen and its list cannot be had.
    """
    streams, unable = _able(streams)
    if unable:
        yield Batch(None, failures=unable)
    chosen = [stream for stream in streams if stream.of_project]
    reads = _reads(streams, config)
    whole = _WholeIndex(index, reads, selection.whole_index and bool(chosen))
    if chosen:
        frontier = Frontier(selection, whole.names())
        filled = any(stream.fills_from for stream in chosen) or config.follow_dependencies > 0
        plan = Plan(frozenset(reads), config.releases, fill=config.core_metadata and filled)
        yield from _visit_all(index, frontier, plan, chosen, config.max_concurrency)
    if rest := [stream for stream in streams if not stream.of_project]:
        yield _batch(whole.findings(), rest)


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
    """The documents of the index as a whole, asked for once, whether streams or the choice of projects read them."""

    def __init__(self, index: Index, reads: Iterable[Reads], listed: bool) -> None:
        self._index = index
        self._reads = OF_INDEX & {*reads, *({Reads.LISTING} if listed else ())}
        self._listed = listed
        self._findings: Findings | None = None

    def findings(self) -> Findings:
        if self._findings is None:
            self._findings = visit_index(self._index, self._reads)
        return self._findings

    def names(self) -> list[str]:
        """The name of every listed project, if the whole index was chosen."""
        if not self._listed:
            return []
        findings = self.findings()
        if Reads.LISTING in findings.failures:
            raise findings.failures[Reads.LISTING]
        listing: Document[Listing] | None = findings.visit.listing
        assert listing is not None
        return [listed.name for listed in listing.content.projects if listed.name]


def _visit_all(
    index: Index, frontier: Frontier, plan: Plan, streams: Sequence[Stream], concurrency: int
) -> Iterator[Batch]:
    """Batches, until so many projects in a row failed that the index is not well."""
    failed = 0
    unwell = _Unwell()

    def visit(target: Target) -> Findings:
        findings = visit_project(index, target, frontier.plan(target, unwell.spare(plan)))
        unwell.learn(findings)
        if Reads.RELEASES not in plan.reads and Reads.PROJECT not in findings.failures:  # read only to be followed
            findings.complaints += [e for read, e in findings.failures.items() if read is Reads.RELEASES]
        return findings

    for done, findings in enumerate(_ahead(visit, frontier, concurrency), start=1):
        batch = _batch(findings, streams, known=frontier.known)
        failed = failed + 1 if batch.failures and not batch.rows else 0
        yield batch
        if failed == STOP_AFTER and done < frontier.known:
            raise StoppedError(failed, frontier.known - done)


class _Unwell:
    """Kinds of documents that failed for ``STOP_AFTER`` projects in a row: they are not asked for any more in this run.

    Each question costs a minute of patience; the other documents may be well.
    """

    def __init__(self) -> None:
        self._failed: Counter[Reads] = Counter()
        self._errors: dict[Reads, SourceError] = {}

    def spare(self, plan: Plan) -> Plan:
        """The plan without the documents that are given up."""
        return replace(plan, reads=plan.reads - self._errors.keys()) if self._errors else plan

    def learn(self, findings: Findings) -> None:
        """Take in what failed; what was not asked for has failed as it did before."""
        if Reads.PROJECT in findings.failures:  # what lies behind it was not asked for, and may be well
            return
        findings.failures.update({r: e for r, e in self._errors.items() if r not in findings.failures})
        for read in set(Reads) - {Reads.PROJECT}:
            error = findings.failures.get(read)
            self._failed[read] = self._failed[read] + 1 if isinstance(error, TransientError) else 0
            if self._failed[read] == STOP_AFTER and error is not None:
                self._errors[read] = error


def _ahead(visit: Callable[[Target], Findings], frontier: Frontier, concurrency: int) -> Iterator[Findings]:
    """Visit in threads, in order, never more than ``concurrency`` + 1 visits ahead of what was taken."""
    pool = ThreadPoolExecutor(concurrency, thread_name_prefix="visit")
    waiting: deque[Future[Findings]] = deque()
    try:
        while True:
            while len(waiting) <= concurrency and (target := frontier.take()) is not None:
                waiting.append(pool.submit(visit, target))
            if not waiting:
                return
            findings = waiting.popleft().result()
            frontier.learn(findings)
            if len(waiting) <= concurrency and (target := frontier.take()) is not None:
                waiting.append(pool.submit(visit, target))
            yield findings
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _batch(findings: Findings, streams: Sequence[Stream], known: int = 0) -> Batch:
    visit = findings.visit
    failures = {s.name: error for s in streams if (error := _failure(s, findings)) is not None}
    rows = {s.name: list(s.rows(visit)) for s in streams if s.name not in failures}
    for stream in streams:
        if rows.get(stream.name) == [] and (error := _lacking(stream, visit)) is not None:
            failures[stream.name] = error
            del rows[stream.name]
    if findings.missing or findings.complaints:  # a slip of the user's: what was loaded stays where nothing new came
        rows = {name: made for name, made in rows.items() if made}
    named = findings.target is None or findings.target.named
    absent = [f"{visit.project} is listed or needed, and the index does not have it"] if findings.missing else []
    return Batch(
        project=visit.project,
        rows=rows,
        failures=failures,
        missing=findings.missing and named,
        complaints=tuple(findings.complaints),
        notes=(*findings.notes, *(() if named else absent)),
        oddities=tuple(oddity for document in visit.documents() for oddity in document.oddities),
        known=known,
    )


def _failure(stream: Stream, findings: Findings) -> SourceError | None:
    """Why a stream cannot be read here, if so: a document that it reads could not be had.

    A stream that reads the page tells of projects without documents, and a gap that cannot be filled stays one.
    """
    told = Reads.PAGE in stream.reads
    for read in stream.reads:
        error = findings.failures.get(read)
        if error is not None and not (told and read is Reads.PROJECT and isinstance(error, NotOfferedError)):
            return error
    filling = (findings.failures.get(read) for read in stream.fills_from if findings.visit.fill)
    return next((error for error in filling if error is not None and not isinstance(error, NotOfferedError)), None)


def _lacking(stream: Stream, visit: Visit) -> SourceError | None:
    """Why a stream has no rows here, if it is because the document has not even the key that they are made from."""
    document = visit.document
    if document is None or stream.made_from is None or document.has(stream.made_from):
        return None
    if visit.fill and visit.core_metadata and stream.fills_from:
        return None
    return NotOfferedError(f"{stream.made_from} of {visit.project}", document.address, "lacks it")
