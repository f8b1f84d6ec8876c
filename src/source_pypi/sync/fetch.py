"""A visit: which documents of a project, or of the index, are asked for, and what became of each question.

Flow
    ``visit_project`` asks for the project document first, then for what else the plan needs: the page, release
    documents, core metadata, provenance. A question that fails is noted under the document that it was about, so that
    only the streams that read it lose this project's rows.

What is known already
    A document that every stream that needs it has seen is asked for on condition that it has changed. Where the project
    document has not changed, neither has the list of releases: only pinned releases are asked for then (an advisory
    changes nothing but the release document), and all of them in a deep visit. Where a document has changed whose
    rows take the project document as well, that one is asked for once more, without condition.

Absence
    A project document that is not there (404) does not say why. The project page does: a project that the index does
    not know has none, one without releases has an empty one, a quarantined one says so (index-api.md 3). So the page is
    asked for then, whatever else was planned.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Literal, TypeVar

from msgspec import Struct

from source_pypi.errors import (
    NotOfferedError,
    ProxyError,
    UnknownReleaseError,
    UnreachableError,
    UntrustedError,
)
from source_pypi.http.client import Arrived, unheard
from source_pypi.safety.limits import LONGEST_VERSION
from source_pypi.selection import SelectedProject
from source_pypi.services.index.api import Index
from source_pypi.services.index.documents import (
    ABSENT,
    UNCHANGED,
    UNKNOWN,
    Document,
    Fingerprint,
    Page,
    Project,
    Release,
    Unchanged,
)
from source_pypi.services.index.documents.kinds import INDEX_DOCUMENTS, VIA_PROJECT, DocumentKind
from source_pypi.standards.versions import same_version
from source_pypi.streams.stream import ProjectDocuments, ReleaseView
from source_pypi.sync.fetch_result import FetchResult
from source_pypi.sync.releases import (
    files_of,
    metadata_urls,
    provenance_urls,
    tells_of_core_metadata,
    wanted_versions,
)
from source_pypi.sync.state import PreviousState

T = TypeVar("T")

#: What goes wrong before any answer: of an index that never answered, further questions would end the same way.
ON_THE_WAY = (UnreachableError, UntrustedError, ProxyError)

#: What a project document tells, that of its latest release included.
BEHIND_ONE = frozenset({DocumentKind.PROJECT, DocumentKind.RELEASES})

#: Nothing was seen before.
NOTHING_KNOWN = PreviousState()


class FetchPlan(Struct, frozen=True):
    """What visits ask for.

    ``reads``: the documents; ``releases``: of which releases; ``fill``: whether core metadata fills gaps; ``follow``:
    whether what a project needs is to be found out, by its pinned releases and, unless it is pinned, its latest one.
    """

    documents: frozenset[DocumentKind]
    releases: Literal["latest", "all"] = "latest"
    use_core_metadata: bool = False
    follow: bool = False

    def asks_once(self, target: SelectedProject) -> bool:
        """Whether a project document is all that is asked for of a project, if nothing is odd about it."""
        several = bool(target.pins) or self.releases == "all"
        return not (
            self.use_core_metadata
            or self.documents - BEHIND_ONE
            or (several and (self.follow or DocumentKind.RELEASES in self.documents))
        )


def fetch_index(index: Index, reads: Iterable[DocumentKind], known: Fingerprint = UNKNOWN) -> FetchResult:
    """Ask for documents that tell of the index as a whole; ``known``: what the list was when it was last read."""
    asks: Mapping[DocumentKind, tuple[str, Callable[[], object]]] = {
        DocumentKind.STATISTICS: ("statistics", index.statistics),
        DocumentKind.LISTING: ("listing", lambda: index.listing(known)),
        DocumentKind.RECENT_RELEASES: ("recent_releases", index.recent_releases),
        DocumentKind.RECENT_PROJECTS: ("recent_projects", index.recent_projects),
    }
    result = FetchResult()
    brought: dict[str, Any] = {}
    for read in sorted(INDEX_DOCUMENTS & set(reads), key=lambda read: read.value):
        name, ask = asks[read]
        answer = result.attempt([read], ask)
        if answer is None and result.answered(read):
            result.failures[read] = NotOfferedError(read.value, index.url_of(read))
        elif answer is UNCHANGED:
            result.fingerprints[read] = known
        elif isinstance(answer, Document):
            result.fingerprints[read] = answer.fingerprint
            brought[name] = answer
    result.documents = ProjectDocuments(**brought)
    return result


def fetch_project(
    index: Index,
    target: SelectedProject,
    plan: FetchPlan,
    known: PreviousState = NOTHING_KNOWN,
    answered: Arrived = unheard,
) -> FetchResult:
    """Ask for the documents of a project that a plan needs, and that have changed since they were seen.

    :param answered: told that the answer is in, where there is one question to ask.
    :raises UnreachableError, UntrustedError, ProxyError: when the index has never answered.
    :raises RefusedError: when it refuses the credentials.
    """
    return _ProjectVisit(index, target, plan, known, answered).result


class _ProjectVisit:
    """One visit to a project: the documents it has brought so far."""

    def __init__(
        self, index: Index, target: SelectedProject, plan: FetchPlan, known: PreviousState, answered: Arrived
    ) -> None:
        self._index, self._target, self._plan, self._known = index, target, plan, known
        self._name: str = target.project
        self.result = FetchResult(target)
        self._document: Document[Project] | Unchanged | None = None
        self._page: Document[Page] | Unchanged | None = None
        self._releases: dict[str, Document[Release] | Unchanged | None] = {}
        brought: dict[str, Any] = {}
        if plan.documents & VIA_PROJECT:
            self._ask_project(answered)
        if DocumentKind.PROJECT not in self.result.stale:
            self._ask_page()
            brought = self._ask_behind()
        self.result.documents = ProjectDocuments(
            project=self._name,
            document=_whole(self._document),
            page=_whole(self._page),
            use_core_metadata=plan.use_core_metadata,
            **brought,
        )
        self.result.requirements = self._requirements() if plan.follow else None

    # The project's own documents --------------------------------------------------------------------------

    def _ask_project(self, answered: Arrived) -> None:
        result, fingerprint = self.result, self._known.fingerprint(DocumentKind.PROJECT)
        if self._plan.follow and self._known.requirements is None:
            fingerprint = Fingerprint(serial=fingerprint.serial)  # what the project needs stands in the document only
        arrived = answered if self._plan.asks_once(self._target) else unheard
        self._document = result.attempt(VIA_PROJECT, lambda: self._index.project(self._name, fingerprint, arrived))
        unreachable = result.failures.get(DocumentKind.PROJECT)
        if isinstance(unreachable, ON_THE_WAY) and not self._index.client.answered:
            raise unreachable
        if result.answered(DocumentKind.PROJECT):
            self._note_fingerprint(DocumentKind.PROJECT, self._document, fingerprint)

    def _ask_page(self) -> None:
        """The page, where it is read, or where only it can say why there is no project document."""
        reads, result = self._plan.documents, self.result
        absent = bool(reads & VIA_PROJECT) and self._document is None and result.answered(DocumentKind.PROJECT)
        behind = DocumentKind.PROVENANCE in reads and self._document is not None
        if not (absent or behind or DocumentKind.PAGE in reads):
            return
        fingerprint = self._known.fingerprint(DocumentKind.PAGE)
        project = result.fingerprints.get(DocumentKind.PROJECT)
        if absent or (
            project
            and not self._known.is_unchanged(DocumentKind.PROJECT, project, self._known.readers(DocumentKind.PAGE))
        ):
            fingerprint = Fingerprint(
                serial=fingerprint.serial
            )  # the rows have to be made anew, whether the page has changed or not
        self._page = self._page_or_why_not(fingerprint, absent=absent)
        if result.answered(DocumentKind.PAGE):
            self._note_fingerprint(DocumentKind.PAGE, self._page, fingerprint)
        if absent and isinstance(result.failures.get(DocumentKind.PROJECT), NotOfferedError):
            self._look_elsewhere()
        told = result.fingerprints.get(DocumentKind.PAGE)  # also that there is none: that makes other rows too
        made_anew = told and not self._known.is_unchanged(
            DocumentKind.PAGE, told, self._known.readers(DocumentKind.PAGE)
        )
        if made_anew and self._document is UNCHANGED and self._page is not UNCHANGED:
            self._ask_project_whole({DocumentKind.PAGE, DocumentKind.PROVENANCE})

    def _page_or_why_not(self, fingerprint: Fingerprint, *, absent: bool) -> Document[Page] | Unchanged | None:
        """The project page; where the project document is absent, it also says why."""
        result, index, name = self.result, self._index, self._name
        reads = {DocumentKind.PAGE, DocumentKind.PROVENANCE} | (VIA_PROJECT if absent else set())
        url = index.project_url(name)
        page = result.attempt(reads, lambda: index.page(name, fingerprint))
        failed = result.failures.get(DocumentKind.PAGE)
        if DocumentKind.PAGE in result.stale:
            return None
        if absent and (failed is None or isinstance(failed, NotOfferedError)):
            self._explain_absence(_whole(page), url)
        elif page is None:
            error = NotOfferedError(f"project page of {name}", index.page_url(name))
            result.failures.setdefault(DocumentKind.PROVENANCE, error)
        return page

    def _explain_absence(self, page: Document[Page] | None, url: str) -> None:
        """Say why there is no project document at ``url``: a page as HTML only says that it is there."""
        result, name = self.result, self._name
        status = None if page is None or page.content.status is None else page.content.status.status
        if page is None and DocumentKind.PAGE not in result.failures:
            result.missing = True
        elif page is not None and status not in (None, "active"):
            result.warnings.append(f"{name} is {status}: the index gives no document of it")
        elif page is not None and not page.content.files:
            result.warnings.append(f"{name} has no releases: the index gives no document of it")
        else:
            error = NotOfferedError(f"project document of {name}, although it has the project", url)
            result.failures.update(dict.fromkeys(VIA_PROJECT, error))

    def _look_elsewhere(self) -> None:
        """The project document where other software keeps it; then nothing has failed after all."""
        document = self.result.attempt(VIA_PROJECT, lambda: self._index.project_elsewhere(self._name))
        if document is not None:
            self._document = document
            self._note_fingerprint(DocumentKind.PROJECT, document, document.fingerprint)
            for read in VIA_PROJECT:
                self.result.failures.pop(read, None)

    def _ask_project_whole(self, reads: set[DocumentKind]) -> None:
        """The project document that has not changed, for what ``reads`` bring: their rows are made from both."""
        before = self.result.fingerprints[DocumentKind.PROJECT]
        fingerprint = Fingerprint(serial=before.serial)
        document = self.result.attempt(reads, lambda: self._index.project(self._name, fingerprint))
        if document is None:
            self.result.stale |= reads  # it went between two questions: the next run will see what became of it
            return
        self._document = document
        self._note_fingerprint(DocumentKind.PROJECT, document, fingerprint)
        if self._page is UNCHANGED and not self.result.fingerprints[DocumentKind.PROJECT].same(before):
            self._ask_page()  # it changed between two questions, and other rows are made from it and the page

    def _note_fingerprint(
        self, read: DocumentKind, answer: Document[Any] | Unchanged | None, asked: Fingerprint
    ) -> None:
        fingerprint = asked if answer is UNCHANGED else ABSENT
        self.result.fingerprints[read] = answer.fingerprint if isinstance(answer, Document) else fingerprint

    # What lies behind them --------------------------------------------------------------------------------

    def _ask_behind(self) -> dict[str, Any]:
        """What the project document leads to: releases, core metadata, provenance."""
        if self._document is UNCHANGED:
            self._ask_releases_again()
        return self._ask_behind_document(self._document) if isinstance(self._document, Document) else {}

    def _ask_releases_again(self) -> None:
        """Pinned releases, or all, of a project that has not changed; where one has, the document is needed whole."""
        if DocumentKind.RELEASES not in self._plan.documents:
            return
        kept = self._known.fingerprints_of(DocumentKind.RELEASES)
        asked = [
            name
            for name, fingerprint in kept.items()
            if fingerprint and (self._known.full_check or self._is_pinned(name))
        ]
        asked += [pin for pin in self._target.pins if not any(same_version(pin, name) for name in kept)]
        answers = self.result.attempt([DocumentKind.RELEASES], lambda: {name: self._release(name) for name in asked})
        if not answers:
            return
        if any(self._is_fresh(name, answer) for name, answer in answers.items()):
            self._ask_project_whole({DocumentKind.RELEASES})
        if self._document is UNCHANGED:
            unknown = [name for name, answer in answers.items() if answer is None and self._is_pinned(name)]
            told: dict[str, Fingerprint | None] = dict.fromkeys(kept, UNKNOWN)
            told |= {
                name: ABSENT if answers[name] is None else fingerprint
                for name, fingerprint in kept.items()
                if name in answers
            }
            self.result.partitions[DocumentKind.RELEASES] = {
                name: fingerprint for name, fingerprint in told.items() if name not in unknown
            }
            self.result.user_errors += [self._unknown(name) for name in unknown]
        elif self._plan.follow:  # what the unchanged ones need stands in their documents only
            pinned = {name for name, answer in answers.items() if answer is UNCHANGED and self._is_pinned(name)}
            self._releases = {name: answer for name, answer in self._releases.items() if name not in pinned}

    def _is_pinned(self, version: str) -> bool:
        return any(same_version(version, pin) for pin in self._target.pins)

    def _is_fresh(self, version: str, answer: Document[Release] | Unchanged | None) -> bool:
        """Whether a release document is another one than some stream has seen."""
        readers = self._known.readers(DocumentKind.RELEASES)
        return isinstance(answer, Document) and not self._known.is_unchanged(
            DocumentKind.RELEASES, answer.fingerprint, readers, version
        )

    def _release(self, version: str) -> Document[Release] | Unchanged | None:
        """A release document, asked for once in a visit."""
        if version not in self._releases:
            fingerprint = self._known.fingerprint(DocumentKind.RELEASES, version)
            if self._plan.follow and self._is_pinned(version) and self._document is not UNCHANGED:
                fingerprint = Fingerprint(serial=fingerprint.serial)  # what it needs stands in the document only
            self._releases[version] = self._index.release(self._name, version, fingerprint)
        return self._releases[version]

    def _unknown(self, version: str) -> UnknownReleaseError:
        url = self._index.release_url(self._name, version)
        document = _whole(self._document)
        listed = () if document is None else tuple(document.content.releases or ())
        return UnknownReleaseError(self._name, version, url, listed)

    def _ask_behind_document(self, document: Document[Project]) -> dict[str, Any]:
        """What a project document leads to that has changed, or that is new to a stream."""
        result, reads, content = self.result, self._plan.documents, document.content
        brought: dict[str, Any] = {}
        wanted = wanted_versions(self._target, content, self._plan.releases)
        result.pinned = frozenset(version for version, pinned in wanted.items() if pinned)
        if content.releases is None:
            result.warnings.append(f"{self._name}: the index lists no releases; only the latest one is read")
        if DocumentKind.RELEASES in reads or self._plan.follow:
            followed = {v: pinned for v, pinned in wanted.items() if pinned or v == content.info.version}
            meant = wanted if DocumentKind.RELEASES in reads else followed
            brought["releases"] = result.attempt([DocumentKind.RELEASES], lambda: self._ask_releases(document, meant))
        views: tuple[ReleaseView, ...] = brought.get("releases") or ()
        silent = (
            {view.version for view in views if self._lacks_requirements(view)}
            if self._plan.use_core_metadata
            else set()
        )
        if DocumentKind.CORE_METADATA in reads:
            result.partitions[DocumentKind.CORE_METADATA] = {}
        if speaking := [v for v in wanted if DocumentKind.CORE_METADATA in reads or v in silent]:
            ask = partial(self._ask_core_metadata, document, speaking, silent)
            brought["core_metadata"] = result.attempt([DocumentKind.CORE_METADATA], ask)
        page = self._page
        if DocumentKind.PROVENANCE in reads and isinstance(page, Document):
            brought["provenance"] = result.attempt(
                [DocumentKind.PROVENANCE], lambda: self._ask_provenance(document, page, wanted)
            )
        return {name: value for name, value in brought.items() if value is not None}

    def _ask_releases(self, document: Document[Project], wanted: Mapping[str, bool]) -> tuple[ReleaseView, ...]:
        """The wanted releases that have changed, each once; the latest one needs no request."""
        result, latest = self.result, document.content.info.version
        readers, kept = self._known.readers(DocumentKind.RELEASES), self._known.fingerprints_of(DocumentKind.RELEASES)
        stands = not self._known.full_check
        stands = stands and self._known.is_unchanged(DocumentKind.PROJECT, document.fingerprint, readers)
        parts: dict[str, Fingerprint | None] = {}
        views: dict[str, ReleaseView] = {}
        unread: list[str] = []
        for version, pinned in wanted.items():
            listed = tuple(files_of(document.content, version))
            if version == latest:
                parts[version] = None
                views[version] = ReleaseView(version, document.content, document, listed)
            elif stands and not pinned and version not in self._releases:
                parts |= {version: UNKNOWN} if version in kept else {}
            elif (answer := self._release(version)) is UNCHANGED:
                parts[version] = self._known.fingerprint(DocumentKind.RELEASES, version)
            elif isinstance(answer, Document):
                stored = version if version in (document.content.releases or {}) else answer.content.info.version
                stored = stored or version
                parts[stored] = answer.fingerprint
                views[stored] = ReleaseView(stored, answer.content, answer, listed)
                result.pinned |= {stored} if pinned else set()
            elif pinned:
                result.user_errors.append(self._unknown(version))
            else:
                unread.append(version)
        self._note_unread(unread, len(parts))
        # the index lists them: what is not there now may be there at the next deep visit, whatever else has changed
        result.partitions[DocumentKind.RELEASES] = parts | dict.fromkeys(unread, ABSENT)
        return tuple(views.values())

    def _note_unread(self, unread: list[str], read: int) -> None:
        if unread:
            told = [version[:LONGEST_VERSION] for version in unread[:5]]
            shown = ", ".join(told) + (", ..." if len(unread) > 5 else "")
            self.result.warnings.append(
                f"{self._name}: the index has no release documents of {len(unread)} versions ({shown}); "
                f"{read} could be read"
            )

    def _lacks_requirements(self, view: ReleaseView) -> bool:
        """Whether rows have to be made of a release that says nothing of its requirements."""
        if view.content.info.requires_dist is not None:
            return False
        if self._plan.follow or DocumentKind.RELEASES not in self._plan.documents:
            return True
        readers = self._known.readers(DocumentKind.RELEASES)
        if view.document is self._document and isinstance(self._document, Document):
            return not self._known.is_unchanged(DocumentKind.PROJECT, self._document.fingerprint, readers)
        return not self._known.is_unchanged(DocumentKind.RELEASES, view.document.fingerprint, readers, view.version)

    def _ask_core_metadata(
        self, document: Document[Project], versions: Iterable[str], silent: set[str]
    ) -> dict[str, Document[Any]]:
        """The METADATA of the versions; that of ``silent`` ones whole, since it fills their gaps."""
        readers = self._known.readers(DocumentKind.CORE_METADATA)
        stands = self._known.is_unchanged(DocumentKind.PROJECT, document.fingerprint, readers)
        if not tells_of_core_metadata(document.content):
            error = NotOfferedError(f"core metadata of {self._name}", document.url, "tells of none")
            self.result.failures.setdefault(DocumentKind.CORE_METADATA, error)
        return self._each(
            DocumentKind.CORE_METADATA,
            {
                filename: (url, version in silent)
                for version in versions
                for filename, url in metadata_urls(document, [version]).items()
            },
            stands=stands,
            ask=self._index.core_metadata,
        )

    def _ask_provenance(
        self, document: Document[Project], page: Document[Page], wanted: Iterable[str]
    ) -> dict[str, Document[Any]]:
        known, readers = self._known, self._known.readers(DocumentKind.PROVENANCE)
        stands = known.is_unchanged(DocumentKind.PROJECT, document.fingerprint, readers) and known.is_unchanged(
            DocumentKind.PAGE, page.fingerprint, readers
        )
        urls = provenance_urls(document.content, page, wanted)
        return self._each(
            DocumentKind.PROVENANCE,
            {filename: (url, False) for filename, url in urls.items()},
            stands=stands,
            ask=self._index.provenance,
        )

    def _each(
        self,
        kind: DocumentKind,
        urls: Mapping[str, tuple[str, bool]],
        *,
        stands: bool,
        ask: Callable[[str, Fingerprint], Document[Any] | Unchanged | None],
    ) -> dict[str, Document[Any]]:
        """The documents of several files that have changed, by file name; those that are gone are left out.

        ``urls`` tells of each file where its document is, and whether it is needed whole.
        """
        kept, parts = self._known.fingerprints_of(kind), dict[str, Fingerprint | None]()
        documents: dict[str, Document[Any]] = {}
        for filename, (url, whole) in urls.items():
            if stands and not whole and (filename in kept or not self._known.full_check):
                parts |= {filename: UNKNOWN} if filename in kept else {}
                continue
            fingerprint = self._known.fingerprint(kind, filename)
            answer = ask(url, Fingerprint(serial=fingerprint.serial) if whole else fingerprint)
            if answer is UNCHANGED:
                parts[filename] = fingerprint
            elif isinstance(answer, Document):
                parts[filename] = answer.fingerprint
                documents[filename] = answer
        self.result.partitions[kind] = parts
        return documents

    def _requirements(self) -> tuple[str, ...] | None:
        """What the pinned releases and, if it was asked for without a pin, the latest one ask for."""
        visit = self.result.documents
        if visit.document is None:
            asked = self.result.answered(DocumentKind.PROJECT)
            return self._known.requirements if self._document is UNCHANGED else () if asked else None
        latest = visit.document.content.info.version if self._target.unpinned else None
        meant = [r for r in visit.releases if r.version in self.result.pinned or r.version == latest]
        return tuple(text for release in meant for text in visit.required(release)[0])


def _whole(document: Document[T] | Unchanged | None) -> Document[T] | None:
    """A document that came; None: it did not, or it is unchanged."""
    return document if isinstance(document, Document) else None
