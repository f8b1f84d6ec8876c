"""One visit to a project feeds every selected stream.

Flow
    ``batches`` visits the targets one after another. A worker asks for the documents of the next project while the rows
    of the last one are being made and written, so that one request in flight is not idle. Each visit becomes one
    ``Batch``; fronts take batches and nothing else.

What fails
    A document that cannot be had costs the streams that read it the rows of this project, nothing more: the failure
    travels in the batch. Only what makes every further question pointless is raised: an index that never answered,
    refused credentials, or ``STOP_AFTER`` projects in a row that failed.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from source_pypi.documents import Document, Project
from source_pypi.errors import (
    NotOfferedError,
    RefusedError,
    SourceError,
    StoppedError,
    UnknownReleaseError,
    UnreachableError,
)
from source_pypi.index import Index
from source_pypi.pep440 import same_version
from source_pypi.repair import Oddity
from source_pypi.selection import Target
from source_pypi.streams.stream import Reads, ReleaseView, Row, Stream, Visit

#: Projects in a row that may fail before the run is stopped.
STOP_AFTER = 3


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything that one visit gave.

    :ivar project: the project visited; None: the index as a whole.
    :ivar rows: rows by stream, of every selected stream that could be read here, also where there are none.
    :ivar failures: why a stream could not be read here, by stream.
    :ivar missing: whether the index does not have the project.
    :ivar complaints: pinned releases that the index does not have.
    :ivar notes: what else should be said.
    :ivar oddities: fields of a wrong type, that were nulled.
    """

    project: str | None
    rows: dict[str, list[Row]] = field(default_factory=dict)
    failures: dict[str, SourceError] = field(default_factory=dict)
    missing: bool = False
    complaints: tuple[SourceError, ...] = ()
    notes: tuple[str, ...] = ()
    oddities: tuple[Oddity, ...] = ()


@dataclass(slots=True)
class _Findings:
    """What a visit has brought so far."""

    visit: Visit
    failures: dict[Reads, SourceError] = field(default_factory=dict)
    complaints: list[SourceError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    missing: bool = False


def batches(
    index: Index,
    targets: Sequence[Target],
    streams: Sequence[Stream],
    *,
    releases: Literal["latest", "all"] = "latest",
    concurrency: int = 1,
) -> Iterator[Batch]:
    """Visit the targets in their order, then the index as a whole if a stream needs it.

    :raises UnreachableError: when the index never answered.
    :raises RefusedError: when it refuses the credentials (401).
    :raises StoppedError: when ``STOP_AFTER`` projects in a row failed.
    """
    reads = {stream.reads for stream in streams}
    if any(read.of_project for read in reads):
        visits = _ahead(lambda target: _visit(index, target, reads, releases), targets, concurrency)
        yield from _until_hopeless(visits, streams, len(targets))
    if any(not read.of_project for read in reads):
        yield _batch(_visit_index(index), [stream for stream in streams if not stream.reads.of_project])


def _ahead(visit: Callable[[Target], _Findings], targets: Sequence[Target], concurrency: int) -> Iterator[_Findings]:
    """Visit in threads, in order, never more than ``concurrency`` + 1 visits ahead of what was taken."""
    pool = ThreadPoolExecutor(concurrency, thread_name_prefix="visit")
    waiting: deque[Future[_Findings]] = deque()
    try:
        rest = iter(targets)
        waiting.extend(pool.submit(visit, target) for target in islice(rest, concurrency + 1))
        while waiting:
            findings = waiting.popleft().result()
            waiting.extend(pool.submit(visit, target) for target in islice(rest, 1))
            yield findings
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _until_hopeless(visits: Iterator[_Findings], streams: Sequence[Stream], total: int) -> Iterator[Batch]:
    """Batches, until so many projects in a row failed that the index is not well."""
    of_projects = [stream for stream in streams if stream.reads.of_project]
    failed = 0
    for done, findings in enumerate(visits, start=1):
        yield _batch(findings, of_projects)
        failed = failed + 1 if findings.failures else 0
        if failed == STOP_AFTER and done < total:
            raise StoppedError(failed, total - done)


def _batch(findings: _Findings, streams: Sequence[Stream]) -> Batch:
    visit = findings.visit
    failures = {s.name: findings.failures[s.reads] for s in streams if s.reads in findings.failures}
    documents = [visit.document, visit.statistics, *(release.document for release in visit.releases)]
    opened = {id(document): document for document in documents if document is not None}
    return Batch(
        project=visit.project,
        rows={} if findings.missing else {s.name: list(s.rows(visit)) for s in streams if s.name not in failures},
        failures=failures,
        missing=findings.missing,
        complaints=tuple(findings.complaints),
        notes=tuple(findings.notes),
        oddities=tuple(oddity for document in opened.values() for oddity in document.oddities),
    )


def _visit(index: Index, target: Target, reads: Collection[Reads], releases: Literal["latest", "all"]) -> _Findings:
    """Ask for the documents of a project that the selected streams read."""
    findings = _Findings(Visit(target.project))
    try:
        document = index.project(target.project)
    except SourceError as error:
        if isinstance(error, UnreachableError) and not index.client.answered:
            raise
        if isinstance(error, RefusedError) and error.status == 401:
            raise
        findings.failures = {read: error for read in reads if read.of_project}
        return findings
    if document is None:
        findings.missing = True
        return findings
    views: tuple[ReleaseView, ...] = ()
    if Reads.RELEASES in reads:
        try:
            views = _releases(index, target, document, releases, findings)
        except SourceError as error:
            findings.failures[Reads.RELEASES] = error
    findings.visit = Visit(target.project, document, views)
    return findings


def _releases(
    index: Index,
    target: Target,
    document: Document[Project],
    releases: Literal["latest", "all"],
    findings: _Findings,
) -> tuple[ReleaseView, ...]:
    """The releases that a target asks for, each once; the latest one needs no request."""
    latest = document.content.info.version
    views: dict[str, ReleaseView] = {}
    unread: list[str] = []
    for version, pinned in _wanted(target, document.content, releases).items():
        if latest is not None and same_version(version, latest):
            views[latest] = ReleaseView(latest, document.content, document)
            continue
        release = index.release(target.project, version)
        if release is not None:
            stored = release.content.info.version or version
            views[stored] = ReleaseView(stored, release.content, release)
        elif pinned:
            address = index.release_address(target.project, version)
            findings.complaints.append(UnknownReleaseError(target.project, version, address))
        else:
            unread.append(version)
    if unread:
        findings.notes.append(_note_unread(target.project, unread, len(views)))
    return tuple(views.values())


def _wanted(target: Target, document: Project, releases: Literal["latest", "all"]) -> dict[str, bool]:
    """Versions to read, in the index's spelling where it has one, and whether each was pinned."""
    listed = list(document.releases or {})
    wanted: dict[str, bool] = {}
    for pin in target.pins:
        exact = pin if pin in listed else None
        wanted[exact or next((version for version in listed if same_version(version, pin)), pin)] = True
    if target.unpinned:
        latest = [] if document.info.version is None else [document.info.version]
        for version in latest + (listed if releases == "all" else []):
            wanted.setdefault(version, False)
    return wanted


def _note_unread(project: str, versions: list[str], read: int) -> str:
    shown = ", ".join(versions[:5]) + (", ..." if len(versions) > 5 else "")
    return (
        f"release: the index has no release documents of {len(versions)} versions of {project} ({shown}); "
        f"{read} could be read"
    )


def _visit_index(index: Index) -> _Findings:
    """Ask for the documents that tell of the index as a whole."""
    try:
        statistics = index.statistics()
    except SourceError as error:
        return _Findings(Visit(None), {Reads.STATISTICS: error})
    if statistics is None:
        missing = NotOfferedError("statistics", index.statistics_address)
        return _Findings(Visit(None), {Reads.STATISTICS: missing})
    return _Findings(Visit(None, statistics=statistics))
