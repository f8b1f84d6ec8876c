"""Which documents of a project are requested, and on which condition. Nothing in this file sends a request."""

from collections.abc import Collection, Iterable
from hashlib import blake2b
from typing import Literal

from msgspec import Struct

from source_pypi.config import Config
from source_pypi.selection import SelectedProject
from source_pypi.services.index.documents import Document, Fingerprint, Project, Release, Unchanged
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams._pages import needs_page as document_needs_page
from source_pypi.streams.stream import ReleaseView, Stream
from source_pypi.sync.planner import PreviousState
from source_pypi.sync.releases import is_pinned
from source_pypi.sync.state import VERSIONS_CODE


class FetchPlan(Struct, frozen=True):
    """What a run requests of each project.

    :ivar documents: kinds of documents.
    :ivar releases: which releases of projects that are not pinned.
    :ivar use_core_metadata: whether core metadata fills gaps in release documents.
    :ivar follow: whether requirements are needed: those of the pinned releases and, unless the project is pinned, those
        of the latest release.
    :ivar pages: whether a page can complete the project document, or stand for it, for one of the streams.
    :ivar in_full: whether the project document is requested in full, to learn which versions are selected.
    :ivar metadata: whether core metadata can stand for documents of releases that the index does not have.
    """

    documents: frozenset[DocumentKind]
    releases: Literal["latest", "all"] = "latest"
    use_core_metadata: bool = False
    follow: bool = False
    pages: bool = False
    metadata: bool = False
    in_full: bool = False

    def kinds_of(self, *, page_only: bool) -> frozenset[DocumentKind]:
        """Return the kinds of documents that a project takes.

        :param page_only: whether the index has a page of it, but no project document.
        """
        return self.documents | ({DocumentKind.CORE_METADATA} if page_only and self.metadata else frozenset())


def make_fetch_plan(streams: Iterable[Stream], config: Config) -> FetchPlan:
    """Return the plan for the projects of a run."""
    streams, follow = list(streams), config.follow_dependencies > 0
    kinds = {kind for stream in streams for kind in stream.documents}
    filled = follow or any(stream.fallback_documents for stream in streams)
    return FetchPlan(
        frozenset(kinds | {DocumentKind.PROJECT} if follow else kinds),
        config.releases,
        use_core_metadata=config.core_metadata and filled,
        pages=any(stream.from_listed for stream in streams),
        metadata=follow or any(stream.from_metadata for stream in streams),
    )


def in_full(condition: Fingerprint) -> Fingerprint:
    """Return the same condition without the ETag: the document comes in full, and still may not be an older copy."""
    return Fingerprint(serial=condition.serial)


def as_new_as(condition: Fingerprint, project: Fingerprint | None, previous: PreviousState) -> Fingerprint:
    """Return the same condition; a full check requires no serial above that of the project document of this run.

    :param project: the fingerprint of the project document; None: it was not received.
    """
    serial = None if project is None else project.serial
    if not previous.accepts_lower_serials or condition.serial is None or serial is None or serial >= condition.serial:
        return condition
    return Fingerprint(condition.tag, serial)


def versions_to_check(plan: FetchPlan, project: SelectedProject) -> tuple[str, ...]:
    """Return the pins and ranges that a listed release has to satisfy; pins are left to release documents, if read."""
    by_documents = DocumentKind.RELEASES in plan.documents or plan.follow
    return (*(() if by_documents else project.pins), *project.ranges)


def satisfied_by(versions: Iterable[str]) -> Fingerprint:
    """Return the fingerprint that stands in state for pins and ranges that are satisfied."""
    return Fingerprint(blake2b("\n".join(sorted(versions)).encode(), digest_size=6).digest())


def project_condition(plan: FetchPlan, previous: PreviousState, versions: Collection[str] = ()) -> Fingerprint:
    """Return the condition for the project document; in full where its content is needed although it is unchanged.

    Only the content tells the requirements, whether a release satisfies the pins and ranges (``versions``), and which
    files' documents a full check requests again.
    """
    condition = previous.condition(DocumentKind.PROJECT)
    checked = [state.fingerprints.get(VERSIONS_CODE) for state in previous.states.values()]
    unchecked = bool(versions) and any(one is None or not one.same(satisfied_by(versions)) for one in checked)
    unknown = plan.follow and previous.requirements is None
    return in_full(condition) if plan.in_full or unknown or unchecked or rechecks_files(plan, previous) else condition


def rechecks_files(plan: FetchPlan, previous: PreviousState) -> bool:
    """Return whether documents of files are requested again, whose URLs only other documents tell.

    A full check requests all of them, every run those that the index did not have in the last one.
    """
    kinds = plan.documents & {DocumentKind.PROVENANCE, DocumentKind.CORE_METADATA}
    again = previous.partition_fingerprints if previous.full_check else previous.awaited
    return any(again(kind) for kind in kinds)


def needs_page(plan: FetchPlan, *, absent: bool, has_document: bool, completes: bool = False) -> bool:
    """Return whether the project page is requested.

    :param absent: whether the index has no project document: only the page can say why (index-api.md 3).
    :param completes: whether the project document leaves releases or digests to the page.
    """
    leads_to_provenance = DocumentKind.PROVENANCE in plan.documents and has_document
    return absent or completes or leads_to_provenance or DocumentKind.PAGE in plan.documents


def page_completes(plan: FetchPlan, previous: PreviousState, document: Document[Project] | Unchanged | None) -> bool:
    """Return whether the page supplies versions and files that the project document does not list, or their digests.

    :param document: the response; an unchanged document leaves to the page what it left to it before.
    """
    if not plan.pages:
        return False
    return document_needs_page(document.content) if isinstance(document, Document) else previous.page_completed


def page_condition(previous: PreviousState, project: Fingerprint | None, *, absent: bool) -> Fingerprint:
    """Return the condition for the project page; in full when the project document, of which rows are made, changed.

    :param project: of the project document; None: it was not requested.
    """
    condition = previous.condition(DocumentKind.PAGE)
    readers = previous.readers(DocumentKind.PAGE)
    again = previous.partition_fingerprints if previous.full_check else previous.awaited
    rechecks_page = bool(again(DocumentKind.PROVENANCE))
    changed = project is not None and not previous.is_unchanged(DocumentKind.PROJECT, project, readers)
    return in_full(condition) if absent or changed or rechecks_page else condition


def releases_to_recheck(plan: FetchPlan, previous: PreviousState, pins: tuple[str, ...]) -> list[str]:
    """Return the releases whose documents are requested although the project document has not changed.

    An advisory changes a release document only. So pinned releases are requested in every run, and all releases when a
    full check is due. So are those that the index did not have in the last run.
    """
    if DocumentKind.RELEASES not in plan.documents:
        return []
    known = previous.partition_fingerprints(DocumentKind.RELEASES)
    awaited = previous.awaited(DocumentKind.RELEASES)
    rechecked = [
        version
        for version, fingerprint in known.items()
        if fingerprint is not None and (previous.full_check or version in awaited or is_pinned(version, pins))
    ]
    return rechecked + [pin for pin in pins if not is_pinned(pin, known)]


def release_changed(previous: PreviousState, version: str, response: Document[Release] | Unchanged | None) -> bool:
    """Return whether a release document is another version than the one that some stream has read."""
    readers = previous.readers(DocumentKind.RELEASES)
    return isinstance(response, Document) and not previous.is_unchanged(
        DocumentKind.RELEASES, response.fingerprint, readers, version
    )


def releases_unchanged(previous: PreviousState, document: Document[Project]) -> bool:
    """Return whether releases that are not pinned need no request: no full check is due, the project is unchanged."""
    readers = previous.readers(DocumentKind.RELEASES)
    return not previous.full_check and previous.is_unchanged(DocumentKind.PROJECT, document.fingerprint, readers)


def needs_core_metadata(
    plan: FetchPlan, previous: PreviousState, view: ReleaseView, document: Document[Project]
) -> bool:
    """Return whether core metadata fills in a release's requirements: it has none itself, and rows are made of it."""
    if not plan.use_core_metadata or view.content.info.requires_dist is not None:
        return False
    if plan.follow or DocumentKind.RELEASES not in plan.documents:
        return True
    readers = previous.readers(DocumentKind.RELEASES)
    if view.document is document:
        return not previous.is_unchanged(DocumentKind.PROJECT, document.fingerprint, readers)
    return not previous.is_unchanged(DocumentKind.RELEASES, view.document.fingerprint, readers, view.version)


def file_conditions(
    kind: DocumentKind,
    filenames: Iterable[str],
    previous: PreviousState,
    *,
    unchanged: bool,
    needed_in_full: Collection[str] = (),
) -> dict[str, Fingerprint | None]:
    """Return on which condition the documents of files are requested, by file name.

    None: the document was read before, and is taken as unchanged. A file that is missing here is not requested either.

    :param unchanged: whether the documents that lead to the files have not changed, and no full check is due.
    :param needed_in_full: the files whose documents are needed even if they have not changed.
    """
    known, awaited = previous.partition_fingerprints(kind), previous.awaited(kind)
    conditions: dict[str, Fingerprint | None] = {}
    for filename in filenames:
        if filename in needed_in_full:
            conditions[filename] = in_full(previous.condition(kind, filename))
        elif not unchanged or filename in awaited or (filename not in known and previous.full_check):
            conditions[filename] = previous.condition(kind, filename)
        elif filename in known:
            conditions[filename] = None
    return conditions
