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
from source_pypi.selection import Target
from source_pypi.services.index.api import Index
from source_pypi.services.index.documents import (
    ABSENT,
    UNCHANGED,
    UNKNOWN,
    Document,
    Mark,
    Page,
    Project,
    Release,
    Unchanged,
)
from source_pypi.services.index.documents.kinds import BEHIND_PROJECT, OF_INDEX, Reads
from source_pypi.standards.versions import same_version
from source_pypi.streams.stream import ReleaseView, Visit
from source_pypi.sync.fetch_result import Findings
from source_pypi.sync.releases import (
    files_of,
    metadata_addresses,
    provenance_addresses,
    tells_of_core_metadata,
    wanted_versions,
)
from source_pypi.sync.state import Known

T = TypeVar("T")

#: What goes wrong before any answer: of an index that never answered, further questions would end the same way.
ON_THE_WAY = (UnreachableError, UntrustedError, ProxyError)

#: What a project document tells, that of its latest release included.
BEHIND_ONE = frozenset({Reads.PROJECT, Reads.RELEASES})

#: Nothing was seen before.
NOTHING_KNOWN = Known()


class Plan(Struct, frozen=True):
    """What visits ask for.

    ``reads``: the documents; ``releases``: of which releases; ``fill``: whether core metadata fills gaps; ``follow``:
    whether what a project needs is to be found out, by its pinned releases and, unless it is pinned, its latest one.
    """

    reads: frozenset[Reads]
    releases: Literal["latest", "all"] = "latest"
    fill: bool = False
    follow: bool = False

    def asks_once(self, target: Target) -> bool:
        """Whether a project document is all that is asked for of a project, if nothing is odd about it."""
        several = bool(target.pins) or self.releases == "all"
        return not (self.fill or self.reads - BEHIND_ONE or (several and (self.follow or Reads.RELEASES in self.reads)))


def visit_index(index: Index, reads: Iterable[Reads], known: Mark = UNKNOWN) -> Findings:
    """Ask for documents that tell of the index as a whole; ``known``: what the list was when it was last read."""
    asks: Mapping[Reads, tuple[str, Callable[[], object]]] = {
        Reads.STATISTICS: ("statistics", index.statistics),
        Reads.LISTING: ("listing", lambda: index.listing(known)),
        Reads.RECENT_RELEASES: ("recent_releases", index.recent_releases),
        Reads.RECENT_PROJECTS: ("recent_projects", index.recent_projects),
    }
    findings = Findings()
    brought: dict[str, Any] = {}
    for read in sorted(OF_INDEX & set(reads), key=lambda read: read.value):
        name, ask = asks[read]
        answer = findings.attempt([read], ask)
        if answer is None and findings.had(read):
            findings.failures[read] = NotOfferedError(read.value, index.address_of(read))
        elif answer is UNCHANGED:
            findings.marks[read] = known
        elif isinstance(answer, Document):
            findings.marks[read] = answer.mark
            brought[name] = answer
    findings.visit = Visit(**brought)
    return findings


def visit_project(
    index: Index,
    target: Target,
    plan: Plan,
    known: Known = NOTHING_KNOWN,
    answered: Arrived = unheard,
) -> Findings:
    """Ask for the documents of a project that a plan needs, and that have changed since they were seen.

    :param answered: told that the answer is in, where there is one question to ask.
    :raises UnreachableError, UntrustedError, ProxyError: when the index has never answered.
    :raises RefusedError: when it refuses the credentials.
    """
    return _ProjectVisit(index, target, plan, known, answered).findings


class _ProjectVisit:
    """One visit to a project: the documents it has brought so far."""

    def __init__(self, index: Index, target: Target, plan: Plan, known: Known, answered: Arrived) -> None:
        self._index, self._target, self._plan, self._known = index, target, plan, known
        self._name: str = target.project
        self.findings = Findings(target)
        self._document: Document[Project] | Unchanged | None = None
        self._page: Document[Page] | Unchanged | None = None
        self._releases: dict[str, Document[Release] | Unchanged | None] = {}
        brought: dict[str, Any] = {}
        if plan.reads & BEHIND_PROJECT:
            self._ask_project(answered)
        if Reads.PROJECT not in self.findings.left:
            self._ask_page()
            brought = self._ask_behind()
        self.findings.visit = Visit(
            project=self._name, document=_whole(self._document), page=_whole(self._page), fill=plan.fill, **brought
        )
        self.findings.needs = self._requirements() if plan.follow else None

    # The project's own documents --------------------------------------------------------------------------

    def _ask_project(self, answered: Arrived) -> None:
        findings, mark = self.findings, self._known.mark(Reads.PROJECT)
        if self._plan.follow and self._known.needs is None:
            mark = Mark(serial=mark.serial)  # what the project needs stands in the document only
        arrived = answered if self._plan.asks_once(self._target) else unheard
        self._document = findings.attempt(BEHIND_PROJECT, lambda: self._index.project(self._name, mark, arrived))
        unreachable = findings.failures.get(Reads.PROJECT)
        if isinstance(unreachable, ON_THE_WAY) and not self._index.client.answered:
            raise unreachable
        if findings.had(Reads.PROJECT):
            self._note_mark(Reads.PROJECT, self._document, mark)

    def _ask_page(self) -> None:
        """The page, where it is read, or where only it can say why there is no project document."""
        reads, findings = self._plan.reads, self.findings
        absent = bool(reads & BEHIND_PROJECT) and self._document is None and findings.had(Reads.PROJECT)
        behind = Reads.PROVENANCE in reads and self._document is not None
        if not (absent or behind or Reads.PAGE in reads):
            return
        mark = self._known.mark(Reads.PAGE)
        project = findings.marks.get(Reads.PROJECT)
        if absent or (project and not self._known.stands(Reads.PROJECT, project, self._known.readers(Reads.PAGE))):
            mark = Mark(serial=mark.serial)  # the rows have to be made anew, whether the page has changed or not
        self._page = self._page_or_why_not(mark, absent=absent)
        if findings.had(Reads.PAGE):
            self._note_mark(Reads.PAGE, self._page, mark)
        if absent and isinstance(findings.failures.get(Reads.PROJECT), NotOfferedError):
            self._look_elsewhere()
        told = findings.marks.get(Reads.PAGE)  # also that there is none: that makes other rows too
        made_anew = told and not self._known.stands(Reads.PAGE, told, self._known.readers(Reads.PAGE))
        if made_anew and self._document is UNCHANGED and self._page is not UNCHANGED:
            self._ask_project_whole({Reads.PAGE, Reads.PROVENANCE})

    def _page_or_why_not(self, mark: Mark, *, absent: bool) -> Document[Page] | Unchanged | None:
        """The project page; where the project document is absent, it also says why."""
        findings, index, name = self.findings, self._index, self._name
        reads = {Reads.PAGE, Reads.PROVENANCE} | (BEHIND_PROJECT if absent else set())
        address = index.project_address(name)
        page = findings.attempt(reads, lambda: index.page(name, mark))
        failed = findings.failures.get(Reads.PAGE)
        if Reads.PAGE in findings.left:
            return None
        if absent and (failed is None or isinstance(failed, NotOfferedError)):
            self._explain_absence(_whole(page), address)
        elif page is None:
            error = NotOfferedError(f"project page of {name}", index.page_address(name))
            findings.failures.setdefault(Reads.PROVENANCE, error)
        return page

    def _explain_absence(self, page: Document[Page] | None, address: str) -> None:
        """Say why there is no project document at ``address``: a page as HTML only says that it is there."""
        findings, name = self.findings, self._name
        status = None if page is None or page.content.status is None else page.content.status.status
        if page is None and Reads.PAGE not in findings.failures:
            findings.missing = True
        elif page is not None and status not in (None, "active"):
            findings.notes.append(f"{name} is {status}: the index gives no document of it")
        elif page is not None and not page.content.files:
            findings.notes.append(f"{name} has no releases: the index gives no document of it")
        else:
            error = NotOfferedError(f"project document of {name}, although it has the project", address)
            findings.failures.update(dict.fromkeys(BEHIND_PROJECT, error))

    def _look_elsewhere(self) -> None:
        """The project document where other software keeps it; then nothing has failed after all."""
        document = self.findings.attempt(BEHIND_PROJECT, lambda: self._index.project_elsewhere(self._name))
        if document is not None:
            self._document = document
            self._note_mark(Reads.PROJECT, document, document.mark)
            for read in BEHIND_PROJECT:
                self.findings.failures.pop(read, None)

    def _ask_project_whole(self, reads: set[Reads]) -> None:
        """The project document that has not changed, for what ``reads`` bring: their rows are made from both."""
        before = self.findings.marks[Reads.PROJECT]
        mark = Mark(serial=before.serial)
        document = self.findings.attempt(reads, lambda: self._index.project(self._name, mark))
        if document is None:
            self.findings.left |= reads  # it went between two questions: the next run will see what became of it
            return
        self._document = document
        self._note_mark(Reads.PROJECT, document, mark)
        if self._page is UNCHANGED and not self.findings.marks[Reads.PROJECT].same(before):
            self._ask_page()  # it changed between two questions, and other rows are made from it and the page

    def _note_mark(self, read: Reads, answer: Document[Any] | Unchanged | None, asked: Mark) -> None:
        mark = asked if answer is UNCHANGED else ABSENT
        self.findings.marks[read] = answer.mark if isinstance(answer, Document) else mark

    # What lies behind them --------------------------------------------------------------------------------

    def _ask_behind(self) -> dict[str, Any]:
        """What the project document leads to: releases, core metadata, provenance."""
        if self._document is UNCHANGED:
            self._ask_releases_again()
        return self._ask_behind_document(self._document) if isinstance(self._document, Document) else {}

    def _ask_releases_again(self) -> None:
        """Pinned releases, or all, of a project that has not changed; where one has, the document is needed whole."""
        if Reads.RELEASES not in self._plan.reads:
            return
        kept = self._known.parts(Reads.RELEASES)
        asked = [name for name, mark in kept.items() if mark and (self._known.deep or self._is_pinned(name))]
        asked += [pin for pin in self._target.pins if not any(same_version(pin, name) for name in kept)]
        answers = self.findings.attempt([Reads.RELEASES], lambda: {name: self._release(name) for name in asked})
        if not answers:
            return
        if any(self._is_fresh(name, answer) for name, answer in answers.items()):
            self._ask_project_whole({Reads.RELEASES})
        if self._document is UNCHANGED:
            unknown = [name for name, answer in answers.items() if answer is None and self._is_pinned(name)]
            told: dict[str, Mark | None] = dict.fromkeys(kept, UNKNOWN)
            told |= {name: ABSENT if answers[name] is None else mark for name, mark in kept.items() if name in answers}
            self.findings.parts[Reads.RELEASES] = {name: mark for name, mark in told.items() if name not in unknown}
            self.findings.complaints += [self._unknown(name) for name in unknown]
        elif self._plan.follow:  # what the unchanged ones need stands in their documents only
            pinned = {name for name, answer in answers.items() if answer is UNCHANGED and self._is_pinned(name)}
            self._releases = {name: answer for name, answer in self._releases.items() if name not in pinned}

    def _is_pinned(self, version: str) -> bool:
        return any(same_version(version, pin) for pin in self._target.pins)

    def _is_fresh(self, version: str, answer: Document[Release] | Unchanged | None) -> bool:
        """Whether a release document is another one than some stream has seen."""
        readers = self._known.readers(Reads.RELEASES)
        return isinstance(answer, Document) and not self._known.stands(Reads.RELEASES, answer.mark, readers, version)

    def _release(self, version: str) -> Document[Release] | Unchanged | None:
        """A release document, asked for once in a visit."""
        if version not in self._releases:
            mark = self._known.mark(Reads.RELEASES, version)
            if self._plan.follow and self._is_pinned(version) and self._document is not UNCHANGED:
                mark = Mark(serial=mark.serial)  # what it needs stands in the document only
            self._releases[version] = self._index.release(self._name, version, mark)
        return self._releases[version]

    def _unknown(self, version: str) -> UnknownReleaseError:
        address = self._index.release_address(self._name, version)
        document = _whole(self._document)
        listed = () if document is None else tuple(document.content.releases or ())
        return UnknownReleaseError(self._name, version, address, listed)

    def _ask_behind_document(self, document: Document[Project]) -> dict[str, Any]:
        """What a project document leads to that has changed, or that is new to a stream."""
        findings, reads, content = self.findings, self._plan.reads, document.content
        brought: dict[str, Any] = {}
        wanted = wanted_versions(self._target, content, self._plan.releases)
        findings.pinned = frozenset(version for version, pinned in wanted.items() if pinned)
        if content.releases is None:
            findings.notes.append(f"{self._name}: the index lists no releases; only the latest one is read")
        if Reads.RELEASES in reads or self._plan.follow:
            followed = {v: pinned for v, pinned in wanted.items() if pinned or v == content.info.version}
            meant = wanted if Reads.RELEASES in reads else followed
            brought["releases"] = findings.attempt([Reads.RELEASES], lambda: self._ask_releases(document, meant))
        views: tuple[ReleaseView, ...] = brought.get("releases") or ()
        silent = {view.version for view in views if self._lacks_requirements(view)} if self._plan.fill else set()
        if Reads.CORE_METADATA in reads:
            findings.parts[Reads.CORE_METADATA] = {}
        if speaking := [v for v in wanted if Reads.CORE_METADATA in reads or v in silent]:
            ask = partial(self._ask_core_metadata, document, speaking, silent)
            brought["core_metadata"] = findings.attempt([Reads.CORE_METADATA], ask)
        page = self._page
        if Reads.PROVENANCE in reads and isinstance(page, Document):
            brought["provenance"] = findings.attempt(
                [Reads.PROVENANCE], lambda: self._ask_provenance(document, page, wanted)
            )
        return {name: value for name, value in brought.items() if value is not None}

    def _ask_releases(self, document: Document[Project], wanted: Mapping[str, bool]) -> tuple[ReleaseView, ...]:
        """The wanted releases that have changed, each once; the latest one needs no request."""
        findings, latest = self.findings, document.content.info.version
        readers, kept = self._known.readers(Reads.RELEASES), self._known.parts(Reads.RELEASES)
        stands = not self._known.deep
        stands = stands and self._known.stands(Reads.PROJECT, document.mark, readers)
        parts: dict[str, Mark | None] = {}
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
                parts[version] = self._known.mark(Reads.RELEASES, version)
            elif isinstance(answer, Document):
                stored = version if version in (document.content.releases or {}) else answer.content.info.version
                stored = stored or version
                parts[stored] = answer.mark
                views[stored] = ReleaseView(stored, answer.content, answer, listed)
                findings.pinned |= {stored} if pinned else set()
            elif pinned:
                findings.complaints.append(self._unknown(version))
            else:
                unread.append(version)
        self._note_unread(unread, len(parts))
        # the index lists them: what is not there now may be there at the next deep visit, whatever else has changed
        findings.parts[Reads.RELEASES] = parts | dict.fromkeys(unread, ABSENT)
        return tuple(views.values())

    def _note_unread(self, unread: list[str], read: int) -> None:
        if unread:
            told = [version[:LONGEST_VERSION] for version in unread[:5]]
            shown = ", ".join(told) + (", ..." if len(unread) > 5 else "")
            self.findings.notes.append(
                f"{self._name}: the index has no release documents of {len(unread)} versions ({shown}); "
                f"{read} could be read"
            )

    def _lacks_requirements(self, view: ReleaseView) -> bool:
        """Whether rows have to be made of a release that says nothing of its requirements."""
        if view.content.info.requires_dist is not None:
            return False
        if self._plan.follow or Reads.RELEASES not in self._plan.reads:
            return True
        readers = self._known.readers(Reads.RELEASES)
        if view.document is self._document and isinstance(self._document, Document):
            return not self._known.stands(Reads.PROJECT, self._document.mark, readers)
        return not self._known.stands(Reads.RELEASES, view.document.mark, readers, view.version)

    def _ask_core_metadata(
        self, document: Document[Project], versions: Iterable[str], silent: set[str]
    ) -> dict[str, Document[Any]]:
        """The METADATA of the versions; that of ``silent`` ones whole, since it fills their gaps."""
        readers = self._known.readers(Reads.CORE_METADATA)
        stands = self._known.stands(Reads.PROJECT, document.mark, readers)
        if not tells_of_core_metadata(document.content):
            error = NotOfferedError(f"core metadata of {self._name}", document.address, "tells of none")
            self.findings.failures.setdefault(Reads.CORE_METADATA, error)
        return self._each(
            Reads.CORE_METADATA,
            {
                filename: (address, version in silent)
                for version in versions
                for filename, address in metadata_addresses(document, [version]).items()
            },
            stands=stands,
            ask=self._index.core_metadata,
        )

    def _ask_provenance(
        self, document: Document[Project], page: Document[Page], wanted: Iterable[str]
    ) -> dict[str, Document[Any]]:
        known, readers = self._known, self._known.readers(Reads.PROVENANCE)
        stands = known.stands(Reads.PROJECT, document.mark, readers) and known.stands(Reads.PAGE, page.mark, readers)
        addresses = provenance_addresses(document.content, page, wanted)
        return self._each(
            Reads.PROVENANCE,
            {filename: (address, False) for filename, address in addresses.items()},
            stands=stands,
            ask=self._index.provenance,
        )

    def _each(
        self,
        kind: Reads,
        addresses: Mapping[str, tuple[str, bool]],
        *,
        stands: bool,
        ask: Callable[[str, Mark], Document[Any] | Unchanged | None],
    ) -> dict[str, Document[Any]]:
        """The documents of several files that have changed, by file name; those that are gone are left out.

        ``addresses`` tells of each file where its document is, and whether it is needed whole.
        """
        kept, parts = self._known.parts(kind), dict[str, Mark | None]()
        documents: dict[str, Document[Any]] = {}
        for filename, (address, whole) in addresses.items():
            if stands and not whole and (filename in kept or not self._known.deep):
                parts |= {filename: UNKNOWN} if filename in kept else {}
                continue
            mark = self._known.mark(kind, filename)
            answer = ask(address, Mark(serial=mark.serial) if whole else mark)
            if answer is UNCHANGED:
                parts[filename] = mark
            elif isinstance(answer, Document):
                parts[filename] = answer.mark
                documents[filename] = answer
        self.findings.parts[kind] = parts
        return documents

    def _requirements(self) -> tuple[str, ...] | None:
        """What the pinned releases and, if it was asked for without a pin, the latest one ask for."""
        visit = self.findings.visit
        if visit.document is None:
            asked = self.findings.had(Reads.PROJECT)
            return self._known.needs if self._document is UNCHANGED else () if asked else None
        latest = visit.document.content.info.version if self._target.unpinned else None
        meant = [r for r in visit.releases if r.version in self.findings.pinned or r.version == latest]
        return tuple(text for release in meant for text in visit.required(release)[0])


def _whole(document: Document[T] | Unchanged | None) -> Document[T] | None:
    """A document that came; None: it did not, or it is unchanged."""
    return document if isinstance(document, Document) else None
