"""A visit: which documents of a project, or of the index, are asked for, and what became of each question.

Flow
    ``visit_project`` asks for the project document first, then for what else the plan needs: the page, release
    documents, core metadata, provenance. A question that fails is noted under the document that it was about, so that
    only the streams that read it lose this project's rows.

Absence
    A project document that is not there (404) does not say why. The project page does: a project that the index does
    not know has none, one without releases has an empty one, a quarantined one says so (index-api.md 3). So the page is
    asked for then, whatever else was planned.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from source_pypi.documents import Document, Page, Project
from source_pypi.errors import NotOfferedError, RefusedError, SourceError, UnknownReleaseError, UnreachableError
from source_pypi.index import Index
from source_pypi.reads import OF_INDEX, Reads
from source_pypi.releases import (
    files_of,
    metadata_addresses,
    provenance_addresses,
    tells_of_core_metadata,
    wanted_versions,
)
from source_pypi.selection import Target
from source_pypi.streams.stream import ReleaseView, Visit

T = TypeVar("T")

#: Documents that cannot be asked for without the project document, which lists versions and files.
BEHIND_PROJECT = frozenset({Reads.PROJECT, Reads.RELEASES, Reads.PROVENANCE, Reads.CORE_METADATA})


@dataclass(frozen=True, slots=True)
class Plan:
    """What visits ask for.

    ``reads``: the documents; ``releases``: of which releases; ``fill``: whether core metadata fills gaps; ``follow``:
    whether what a project needs is to be found out, by its pinned releases and, unless it is pinned, its latest one.
    """

    reads: frozenset[Reads]
    releases: Literal["latest", "all"] = "latest"
    fill: bool = False
    follow: bool = False


@dataclass(slots=True)
class Findings:
    """What a visit brought: documents, why others could not be had, and what should be said.

    ``missing``: the index does not know the project. ``pinned``: the pinned versions, as the index spells them.
    """

    target: Target | None = None
    visit: Visit = field(default_factory=Visit)
    failures: dict[Reads, SourceError] = field(default_factory=dict)
    complaints: list[SourceError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    missing: bool = False
    pinned: frozenset[str] = frozenset()

    def attempt(self, reads: Iterable[Reads], ask: Callable[[], T]) -> T | None:
        """Ask; a failure is noted under ``reads``, unless it makes all further questions pointless."""
        try:
            return ask()
        except RefusedError as error:
            if error.status == 401:
                raise
            self.failures.update(dict.fromkeys(reads, error))
        except SourceError as error:
            self.failures.update(dict.fromkeys(reads, error))
        return None


def visit_index(index: Index, reads: Iterable[Reads]) -> Findings:
    """Ask for documents that tell of the index as a whole."""
    asks: Mapping[Reads, tuple[str, Callable[[], object]]] = {
        Reads.STATISTICS: ("statistics", index.statistics),
        Reads.LISTING: ("listing", index.listing),
        Reads.RECENT_RELEASES: ("recent_releases", index.recent_releases),
        Reads.RECENT_PROJECTS: ("recent_projects", index.recent_projects),
    }
    findings = Findings()
    brought: dict[str, Any] = {}
    for read in sorted(OF_INDEX & set(reads), key=lambda read: read.value):
        name, ask = asks[read]
        brought[name] = findings.attempt([read], ask)
        if brought[name] is None and read not in findings.failures:
            findings.failures[read] = NotOfferedError(read.value, index.address_of(read))
    findings.visit = Visit(**brought)
    return findings


def visit_project(index: Index, target: Target, plan: Plan) -> Findings:
    """Ask for the documents of a project that a plan needs.

    :raises UnreachableError: when the index has never answered.
    :raises RefusedError: when it refuses the credentials.
    """
    findings = Findings(target)
    document = page = None
    if plan.reads & BEHIND_PROJECT:
        document = findings.attempt(BEHIND_PROJECT, lambda: index.project(target.project))
        unreachable = findings.failures.get(Reads.PROJECT)
        if isinstance(unreachable, UnreachableError) and not index.client.answered:
            raise unreachable
    behind_page = Reads.PROVENANCE in plan.reads and document is not None
    absent = bool(plan.reads & BEHIND_PROJECT) and document is None and Reads.PROJECT not in findings.failures
    if absent or behind_page or Reads.PAGE in plan.reads:
        page = _page(index, target.project, findings, absent=absent)
    if absent and isinstance(findings.failures.get(Reads.PROJECT), NotOfferedError):
        document = _elsewhere(index, target.project, findings)
    brought: dict[str, Any] = {"project": target.project, "document": document, "page": page, "fill": plan.fill}
    if document is not None:
        brought |= _behind(index, findings, plan, document, page)
    findings.visit = Visit(**brought)
    return findings


def _page(index: Index, project: str, findings: Findings, *, absent: bool) -> Document[Page] | None:
    """The project page; where the project document is absent, it also says why."""
    reads = {Reads.PAGE, Reads.PROVENANCE} | (BEHIND_PROJECT if absent else set())
    address = index.project_address(project)
    page = findings.attempt(reads, lambda: index.page(project))
    failed = findings.failures.get(Reads.PAGE)
    if absent and (failed is None or isinstance(failed, NotOfferedError)):
        _explain_absence(project, page, findings, address)
    elif page is None:
        error = NotOfferedError(f"project page of {project}", index.page_address(project))
        findings.failures.setdefault(Reads.PROVENANCE, error)
    return page


def _elsewhere(index: Index, project: str, findings: Findings) -> Document[Project] | None:
    """The project document where other software keeps it; then nothing has failed after all."""
    document = findings.attempt(BEHIND_PROJECT, lambda: index.project_elsewhere(project))
    if document is not None:
        for read in BEHIND_PROJECT:
            findings.failures.pop(read, None)
    return document


def _explain_absence(project: str, page: Document[Page] | None, findings: Findings, address: str) -> None:
    """Say why there is no project document at ``address``, from the page; a page as HTML only says that it is there."""
    status = None if page is None or page.content.status is None else page.content.status.status
    if page is None and Reads.PAGE not in findings.failures:
        findings.missing = True
    elif page is not None and status not in (None, "active"):
        findings.notes.append(f"{project} is {status}: the index gives no document of it")
    elif page is not None and not page.content.files:
        findings.notes.append(f"{project} has no releases: the index gives no document of it")
    else:
        error = NotOfferedError(f"project document of {project}, although it has the project", address)
        findings.failures.update(dict.fromkeys(BEHIND_PROJECT, error))


def _behind(
    index: Index, findings: Findings, plan: Plan, document: Document[Project], page: Document[Page] | None
) -> dict[str, Any]:
    """What the project document leads to: releases, core metadata, provenance."""
    assert findings.target is not None
    brought: dict[str, Any] = {}
    wanted = wanted_versions(findings.target, document.content, plan.releases)
    findings.pinned = frozenset(version for version, pinned in wanted.items() if pinned)
    if document.content.releases is None:
        findings.notes.append(f"{findings.target.project}: the index lists no releases; only the latest one is read")
    if Reads.RELEASES in plan.reads or plan.follow:
        latest = document.content.info.version
        followed = {version: pinned for version, pinned in wanted.items() if pinned or version == latest}
        meant = wanted if Reads.RELEASES in plan.reads else followed
        views = findings.attempt([Reads.RELEASES], lambda: _releases(index, findings, document, meant))
        brought["releases"] = views or ()
    silent = {view.version for view in brought.get("releases", ()) if view.content.info.requires_dist is None}
    speaking = [v for v in wanted if Reads.CORE_METADATA in plan.reads or (plan.fill and v in silent)]
    if speaking:
        files = metadata_addresses(document, speaking)
        brought["core_metadata"] = findings.attempt([Reads.CORE_METADATA], lambda: _each(index.core_metadata, files))
        if not tells_of_core_metadata(document.content):
            error = NotOfferedError(f"core metadata of {findings.target.project}", document.address, "tells of none")
            findings.failures.setdefault(Reads.CORE_METADATA, error)
    if Reads.PROVENANCE in plan.reads and page is not None:
        claimed = provenance_addresses(document.content, page, wanted)
        brought["provenance"] = findings.attempt([Reads.PROVENANCE], lambda: _each(index.provenance, claimed))
    return {name: value for name, value in brought.items() if value is not None}


def _each(ask: Callable[[str], Document[Any] | None], addresses: Mapping[str, str]) -> dict[str, Document[Any]]:
    """The documents of several files, by file name; those that are gone are left out."""
    answers = {filename: ask(address) for filename, address in addresses.items()}
    return {filename: answer for filename, answer in answers.items() if answer is not None}


def _releases(
    index: Index, findings: Findings, document: Document[Project], wanted: Mapping[str, bool]
) -> tuple[ReleaseView, ...]:
    """The wanted releases, each once; the latest one needs no request."""
    assert findings.target is not None
    project = findings.target.project
    latest = document.content.info.version
    views: dict[str, ReleaseView] = {}
    unread: list[str] = []
    for version, pinned in wanted.items():
        if version == latest:
            views[version] = ReleaseView(
                version, document.content, document, tuple(files_of(document.content, version))
            )
            continue
        release = index.release(project, version)
        if release is not None:
            listed = version in (document.content.releases or {})
            stored = version if listed else release.content.info.version or version
            views[stored] = ReleaseView(stored, release.content, release, tuple(files_of(document.content, version)))
            findings.pinned |= {stored} if pinned else set()
        elif pinned:
            address = index.release_address(project, version)
            findings.complaints.append(UnknownReleaseError(project, version, address))
        else:
            unread.append(version)
    if unread:
        shown = ", ".join(unread[:5]) + (", ..." if len(unread) > 5 else "")
        findings.notes.append(
            f"{project}: the index has no release documents of {len(unread)} versions ({shown}); "
            f"{len(views)} could be read"
        )
    return tuple(views.values())
