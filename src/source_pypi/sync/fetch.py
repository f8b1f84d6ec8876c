"""Requests a project's documents: the project document, the project page, then what these lead to.

``fetch_plan.py`` says which documents are requested and on which condition; ``fetch_releases.py`` requests release
documents, core metadata and provenance; ``fetch_metadata.py`` requests core metadata where there are only pages. A
request that fails is recorded under the kind of the document, so that only the streams that read this kind lose the
project's rows.

Rows made of two documents
    When a document has changed whose rows need the project document as well, and that one has not changed, it is
    requested again, in full.

Absence
    A project document that is missing (404) does not say why. The project page does: an unknown project has none, a
    project without releases has an empty one, and a quarantined project's says so (index-api.md 3).
"""

from collections.abc import Collection, Iterable
from typing import Any, TypeVar

from source_pypi.errors import (
    NotOfferedError,
    ProxyError,
    SourceError,
    UnknownReleaseError,
    UnreachableError,
    UntrustedError,
)
from source_pypi.safety.limits import LONGEST_CACHED
from source_pypi.selection import SelectedProject
from source_pypi.services.index.api import Index
from source_pypi.services.index.documents import (
    ABSENT,
    UNCHANGED,
    Document,
    Fingerprint,
    Page,
    Project,
    Unchanged,
)
from source_pypi.services.index.documents.html_page import is_html
from source_pypi.services.index.documents.kinds import VIA_PROJECT, DocumentKind
from source_pypi.streams._pages import releases_of, unreadable_names, with_page
from source_pypi.streams.stream import ProjectDocuments
from source_pypi.sync.batch import Notice
from source_pypi.sync.fetch_metadata import MetadataFetch, requirements_of
from source_pypi.sync.fetch_plan import (
    FetchPlan,
    as_new_as,
    in_full,
    needs_core_metadata,
    needs_page,
    page_completes,
    page_condition,
    project_condition,
    satisfied_by,
    versions_to_check,
)
from source_pypi.sync.fetch_releases import ReleaseFetch
from source_pypi.sync.fetch_result import FetchResult
from source_pypi.sync.notices import NoticeKind, unknown_fields
from source_pypi.sync.planner import PreviousState
from source_pypi.sync.releases import is_pinned, is_range, selected_versions, wanted_versions
from source_pypi.sync.unconfirmed import with_unconfirmed
from source_pypi.sync.unknown import requirements_unknown, unknown

T = TypeVar("T")


_PAGE_ONLY = Notice(NoticeKind.PAGE_ONLY)
#: No stream has read the project.
NO_PREVIOUS_STATE = PreviousState()


def fetch_project(
    index: Index,
    project: SelectedProject,
    plan: FetchPlan,
    previous: PreviousState = NO_PREVIOUS_STATE,
    received: Document[Project] | Unchanged | None = None,
) -> FetchResult:
    """Request the documents of a project that a plan needs and that have changed since they were read.

    :param received: what the index has answered in this run for the project document; None: it was not requested yet.
    :raises UnreachableError, UntrustedError, ProxyError: when no connection could be made to the index in this run.
    :raises RefusedError: when it refuses the credentials (401), and has sent no document in this run.
    """
    fetch = _ProjectFetch(index, project, plan, previous)
    if plan.documents & VIA_PROJECT:
        fetch.request_project(received)
    if DocumentKind.PROJECT not in fetch.result.unusable:
        fetch.request_page()
        fetch.recheck_releases()
        fetch.request_dependents()
    return fetch.finish()


class _ProjectFetch:
    """The requests for one project, and what they have returned so far."""

    def __init__(self, index: Index, project: SelectedProject, plan: FetchPlan, previous: PreviousState) -> None:
        self._index, self._project, self._plan, self._previous = index, project, plan, previous
        self._name: str = project.project
        self.result = FetchResult(project)
        self._releases = ReleaseFetch(index, project, plan, previous, self.result)
        self._document: Document[Project] | Unchanged | None = None
        self._page: Document[Page] | Unchanged | None = None
        self._accepted_page: Document[Page] | None = None  # received to learn whether a lower serial is right
        self._dependents: dict[str, Any] = {}
        self._listing_page: Document[Page] | None = None  # received for the versions that it lists
        self._unlisted_ranges = False  # whether ranges select nothing because nothing lists the versions
        self._page_versions: tuple[str, ...] | None = None  # what the page lists, once a pin was looked up there
        self._selected: dict[str, str | None] = {}  # the version that each requirement selects
        self._missing_at = ""  # where the project document was requested

    # The project document ---------------------------------------------------------------------------------

    def request_project(self, received: Document[Project] | Unchanged | None = None) -> None:
        """Request the project document, unless the index has answered already what the plan needs."""
        result, versions = self.result, versions_to_check(self._plan, self._project)
        condition = project_condition(self._plan, self._previous, versions)
        self._missing_at = self._index.locations.project_url(self._name)
        with result.recording_failures(VIA_PROJECT):
            answered = received is not None and (received is not UNCHANGED or condition.tag)
            self._document = received if answered else self._index.project(self._name, condition)
        if DocumentKind.PROJECT in result.unusable and self._previous.accepts_lower_serials:
            self._accept_lower_serial(condition)
        error = result.failures.get(DocumentKind.PROJECT)
        if error is not None and _is_of_connection(error) and not self._index.client.answered:
            raise error
        if result.answered(DocumentKind.PROJECT):
            self._set_fingerprint(DocumentKind.PROJECT, self._document, condition)
        if self._document is UNCHANGED and (versions := versions_to_check(self._plan, self._project)):
            result.satisfied = satisfied_by(versions)  # otherwise the document would have been requested in full

    def _accept_lower_serial(self, condition: Fingerprint) -> None:
        """Accept a project document whose serial is lower than before, if the project page has a lower one, too."""
        document, serial = None, None
        with self.result.recording_failures(()):
            self._accepted_page = page = _received(self._index.page(self._name))
            serial = None if page is None else page.best_serial
            if serial is not None and condition.serial is not None and serial < condition.serial:
                document = self._index.project(self._name, Fingerprint(serial=serial))
        if document is not None:
            self._document = document
            self._previous = self._releases.previous = self._previous.without_serials()
            self.result.unusable.difference_update(VIA_PROJECT)
            self.result.warnings[-1] = (
                f"{self._name}: the serial of its documents went back from {condition.serial} to {serial}, "
                "and they are read as they are now"
            )

    def _request_project_in_full(self, kinds: Iterable[DocumentKind]) -> None:
        """Request the unchanged project document, which the rows made of these kinds of documents need as well."""
        result, condition = self.result, in_full(self.result.fingerprints[DocumentKind.PROJECT])
        document = None
        with result.recording_failures(kinds):
            document = self._index.project(self._name, condition)
        if document is None:
            result.unusable.update(kinds)  # it disappeared between two requests; the next run finds out what happened
            return
        self._document = document
        self._set_fingerprint(DocumentKind.PROJECT, document, condition)

    def _set_fingerprint(
        self, kind: DocumentKind, response: Document[Any] | Unchanged | None, condition: Fingerprint
    ) -> None:
        fingerprint = condition if response is UNCHANGED else ABSENT
        self.result.fingerprints[kind] = response.fingerprint if isinstance(response, Document) else fingerprint

    # The project page, and why a project document is missing ----------------------------------------------

    def request_page(self) -> None:
        """Request the page if a stream reads it, or if there is no project document, to learn why."""
        result, previous = self.result, self._previous
        requested = bool(self._plan.documents & VIA_PROJECT)
        absent = requested and self._document is None and result.answered(DocumentKind.PROJECT)
        completes = page_completes(self._plan, previous, self._document)
        if not needs_page(self._plan, absent=absent, has_document=self._document is not None, completes=completes):
            return
        self._request_page(absent=absent)
        if absent and isinstance(result.failures.get(DocumentKind.PROJECT), NotOfferedError):
            self._request_missing_project()
        self._complete_from_page()
        self._check_provenance()
        page = result.fingerprints.get(DocumentKind.PAGE)  # an absent page makes other rows, too
        readers = previous.readers(DocumentKind.PAGE)
        changed = page is not None and not previous.is_unchanged(DocumentKind.PAGE, page, readers)
        if changed and self._document is UNCHANGED and self._page is not UNCHANGED:
            self._request_project_in_full((DocumentKind.PAGE, DocumentKind.PROVENANCE))

    def _check_provenance(self) -> None:
        """Record that a page does not say which files have provenance: it has the key of no file, or an invalid one.

        A null says that a file has none, in JSON; so does a missing key beside files that have it (PEP 740).
        """
        page, result = _received(self._page), self.result
        if page is None or not page.content.files:
            return
        if any(invalid.path.endswith("].provenance") for invalid in page.invalid_fields):
            result.unusable.add(DocumentKind.PROVENANCE)
            result.notices += unknown_fields(["provenance"] if DocumentKind.PROVENANCE in self._plan.documents else [])
        elif not any(file.provenance for file in page.content.files) and (
            is_html(page.body) or b'"provenance"' not in page.body
        ):
            none = NotOfferedError("provenance documents", page.url, "names none", self._name)
            result.failures.setdefault(DocumentKind.PROVENANCE, none)

    def _complete_from_page(self) -> None:
        """Note whether the page supplies what the project document lacks; if it cannot be read, rows stay."""
        result = self.result
        if self._document is None or not page_completes(self._plan, self._previous, self._document):
            return
        result.page_completes = result.answered(DocumentKind.PAGE) and self._page is not None
        document, listed_before = self._document, self._previous.had_document and not self._previous.page_completed
        if result.page_completes and listed_before and isinstance(document, Document) and unknown(document, "releases"):
            result.notices.append(Notice(NoticeKind.FILELESS))
        absent = self._no_page()
        error = result.failures.get(DocumentKind.PAGE, absent)
        if not result.page_completes and (not isinstance(error, NotOfferedError) or self._previous.page_completed):
            result.page_failure = error

    def _request_page(self, *, absent: bool) -> None:
        """Request the page; ``absent``: it also says why there is no project document."""
        result, index, name = self.result, self._index, self._name
        project = result.fingerprints.get(DocumentKind.PROJECT)
        condition = as_new_as(page_condition(self._previous, project, absent=absent), project, self._previous)
        kinds = {DocumentKind.PAGE, DocumentKind.PROVENANCE} | (VIA_PROJECT if absent else set())
        url = index.locations.project_url(name)  # the response may show that this index keeps its documents elsewhere
        self._page = page = None
        with result.recording_failures(kinds):
            self._page = page = self._accepted_page or _without_nothing(index.page(name, condition))
        if DocumentKind.PAGE in result.unusable:
            return
        error = result.failures.get(DocumentKind.PAGE)
        if absent and (error is None or isinstance(error, NotOfferedError)):
            self._explain_absence(_received(page), url)
        elif page is None:
            result.failures.setdefault(DocumentKind.PROVENANCE, self._no_page())
        if result.answered(DocumentKind.PAGE):
            self._set_fingerprint(DocumentKind.PAGE, page, condition)

    def _explain_absence(self, page: Document[Page] | None, url: str) -> None:
        """Record why there is no project document at ``url``; if the index has none at all, the page stands for it."""
        result, name = self.result, self._name
        status = None if page is None or page.content.status is None else page.content.status.status
        if page is None and DocumentKind.PAGE not in result.failures:
            result.missing = True
            targets = [self._index.locations.redirect_of(one) for one in (url, self._index.locations.page_url(name))]
            if target := next((one for one in targets if one is not None), None):
                result.warnings.append(f"{name}: the index redirects to another host, {target}, which is not followed")
        elif page is not None and (status == "quarantined" or not page.content.files):
            what = f"{name} has no releases" if status in (None, "active") else f"{name} is {status}"
            result.warnings.append(f"{what}: the index has no project document of it")
        else:
            absence, had = self._index.locations.absence_at(url), self._previous.had_document
            error = NotOfferedError("project documents", url, absence, name, read_before=had)
            result.failures.update(dict.fromkeys(VIA_PROJECT, error))
            uses_pages = self._plan.pages or self._plan.metadata
            result.page_completes = page is not None and uses_pages and not self._previous.had_document
            if result.page_completes:
                result.notices.append(_PAGE_ONLY)

    def _no_page(self) -> NotOfferedError:
        had, url = self._previous.page_completed, self._index.locations.page_url(self._name)
        return NotOfferedError("project pages", url, project=self._name, read_before=had)

    def _request_missing_project(self) -> None:
        """Request the project document that is missing although the page lists files; if it is there, nothing failed.

        Where the index has documents of other projects, the 404 may belong to another request, and the document is
        requested again; else where other software keeps it.
        """
        document, index = None, self._index
        with self.result.recording_failures(VIA_PROJECT):
            again = index.has_documents
            document = (
                index.project_again(self._name) if again else index.project_elsewhere(self._name, self._missing_at)
            )
        if document is not None:
            self._document = document
            self._set_fingerprint(DocumentKind.PROJECT, document, document.fingerprint)
            self.result.page_completes = False
            for kind in VIA_PROJECT:
                self.result.failures.pop(kind, None)
            self.result.notices = [notice for notice in self.result.notices if notice != _PAGE_ONLY]

    # What the project document leads to -------------------------------------------------------------------

    def recheck_releases(self) -> None:
        """Request release documents that may have changed although the project document has not."""
        if self._document is not UNCHANGED:
            return
        responses = self._releases.recheck()
        if self._releases.any_changed(responses):
            before = self.result.fingerprints[DocumentKind.PROJECT]
            self._request_project_in_full((DocumentKind.RELEASES,))
            if self._page is UNCHANGED and not self.result.fingerprints[DocumentKind.PROJECT].same(before):
                self._request_page(absent=False)  # rows of the page need the project document, which changed meanwhile
        if self._document is UNCHANGED:
            self._releases.keep(responses)
        else:
            self._releases.forget_unchanged_pins(responses)

    def request_dependents(self) -> None:
        """Request what a received project document leads to: releases, core metadata, provenance."""
        self._select_versions()
        if self.result.page_only and self._plan.metadata:
            self._request_metadata()
        if not isinstance(self._document, Document):
            return
        document, result, plan = self._document, self.result, self._plan
        listed = self._documents().listed or document  # completed from the page
        wanted = wanted_versions(self._selected, listed.content, plan.releases)
        if (not wanted and not document.content.info.version) or self._unlisted_ranges:
            self._leave_releases()
            return
        result.pinned = frozenset(version for version, pinned in wanted.items() if pinned)
        result.releases_unknown = listed is document and unknown(document, "releases") is not None
        if document.content.releases is None and not result.page_completes:
            result.notices.append(Notice(NoticeKind.LATEST_ONLY))
        found: dict[str, Any] = {}
        if DocumentKind.RELEASES in plan.documents or plan.follow:
            latest = document.content.info.version
            all_read = DocumentKind.RELEASES in plan.documents
            versions = {v: pinned for v, pinned in wanted.items() if all_read or pinned or v == latest}
            with result.recording_failures([DocumentKind.RELEASES]):
                found["releases"] = self._releases.fetch(document, listed.content, versions, self._listed_versions)
        views = found.get("releases") or ()
        filled = {view.version for view in views if needs_core_metadata(plan, self._previous, view, document)}
        found["core_metadata"] = self._releases.core_metadata(listed, wanted, filled)
        found["metadata_releases"] = self._releases.described_pins(listed, found["core_metadata"])
        if DocumentKind.PROVENANCE in plan.documents and isinstance(self._page, Document):
            found["provenance"] = self._releases.provenance(listed, self._page, wanted)
        self._dependents = {name: value for name, value in found.items() if value is not None}

    def _listed_versions(self) -> Collection[str]:
        """The versions that the index lists: in the document, else on the page, which is requested if it was not."""
        listed = self._documents().listed
        if listed is not None and listed.content.releases is not None:
            return listed.content.releases
        if self._page_versions is None:
            page = self._whole_page()
            self._page_versions = () if page is None else tuple(releases_of(page, self._name))
        return self._page_versions

    def _whole_page(self) -> Document[Page] | None:
        """The page, which is requested if it was not received; None: there is none, or it cannot be read."""
        page = _received(self._page) or self._listing_page
        if page is None:
            with self.result.recording_failures(()):
                page = self._listing_page = _received(self._index.page(self._name))
        return page

    def _request_metadata(self) -> None:
        """Request core metadata, since the index has no documents of the project and its releases."""
        listed = self._documents().listed
        if listed is None:
            return
        wanted = wanted_versions(self._selected, listed.content, self._plan.releases)
        fetch = MetadataFetch(self._index, self._project, self._plan, self._previous, self.result, listed, wanted)
        self._dependents = fetch.fetch()
        self.result.pinned = frozenset(version for version, pinned in wanted.items() if pinned)

    def _leave_releases(self) -> None:
        """Leave rows of releases as they are: nothing says which release the document describes, or which there are."""
        kinds = (DocumentKind.RELEASES, DocumentKind.CORE_METADATA, DocumentKind.PROVENANCE)
        self.result.unusable.update(kinds)
        if not self._unlisted_ranges and self._plan.documents.intersection(kinds):
            self.result.notices += unknown_fields(["info.version"])

    def _select_versions(self) -> None:
        """Find out which version each requirement selects."""
        documents, result = self._documents(), self.result
        listed = documents.listed
        if listed is None:
            gone = result.fingerprints.get(DocumentKind.PROJECT)
            result.versions = {} if gone is not None and gone.absent and result.answered(DocumentKind.PROJECT) else None
            return
        content = self._with_all_versions(listed.content)
        self._selected = result.versions = selected_versions(self._project, listed.content, content)
        if not self._unlisted_ranges:
            self._check_versions(documents, listed)

    def _with_all_versions(self, content: Project) -> Project:
        """The project document with all versions that the index lists, if ranges need them and it leaves them out."""
        if content.releases is not None or not self._project.ranges:
            return content
        page = self._whole_page()
        if page is None:
            self._unlisted_ranges = True
            self.result.warnings.append(f"{self._name}: nothing lists its versions, so that ranges select none")
            return content
        return with_page(content, page, self._name)

    def _check_versions(self, documents: ProjectDocuments, document: Document[Project]) -> None:
        """Report pins and ranges that no listed release satisfies; the next run then reads the document again."""
        versions = versions_to_check(self._plan, self._project)
        if self.result.page_only:  # the page stands for it, and there are no release documents to find the pins in
            versions = (*self._project.pins, *self._project.ranges)
        listed, latest = tuple(document.content.releases or ()), document.content.info.version
        if not versions or not (listed or self._project.ranges):
            return
        if not documents.completed and listed and unknown(document, "releases") is not None:
            return
        known = [*listed, *([latest] if latest else [])]
        missing = [one for one in versions if not (self._selected[one] if is_range(one) else is_pinned(one, known))]
        self.result.user_errors += [
            UnknownReleaseError(self._name, text, document.url, listed, "lists none") for text in missing
        ]
        self._selected |= dict.fromkeys(missing)
        self.result.satisfied = None if missing else satisfied_by(versions)

    def finish(self) -> FetchResult:
        """Return the result, with the documents that were received."""
        self.result.documents = self._documents()
        if not self._project.named or self._leaves_rows_of_releases():
            self.result.versions = None
        self.result.requirements = self._requirements() if self._plan.follow else None
        self._warn_of_unreadable_names()
        return self.result

    def _leaves_rows_of_releases(self) -> bool:
        """Whether rows of releases stay as they are, which may be another release than the one that is selected now."""
        kinds = {DocumentKind.RELEASES} & self._plan.documents
        kinds |= {DocumentKind.CORE_METADATA} if kinds and self.result.page_only else set()
        errors = map(self.result.failures.get, kinds)
        failed = any(error is not None and not isinstance(error, NotOfferedError) for error in errors)
        return failed or bool(kinds & self.result.unusable)

    def _documents(self) -> ProjectDocuments:
        """The documents that were received so far."""
        return ProjectDocuments(
            project=self._name,
            document=_received(self._document),
            page=_received(self._page),
            page_completes=self.result.page_completes,
            use_core_metadata=self._plan.use_core_metadata,
            **self._dependents,
        )

    def _warn_of_unreadable_names(self) -> None:
        page = _received(self._page)
        names = unreadable_names(page.content, self._name) if page is not None and self.result.page_completes else []
        if names:
            shown = ", ".join(name[:LONGEST_CACHED] for name in names[:3]) + (", ..." if names[3:] else "")
            self.result.warnings.append(
                f"{self._name}: {len(names)} files are left out, because their names tell no version of it ({shown})"
            )

    def _requirements(self) -> tuple[str, ...] | None:
        """The requirements of the pinned releases and, unless the project is pinned, of the latest one."""
        documents = self.result.documents
        if self.result.page_only and documents.listed is not None:
            latest = documents.listed.content.info.version
            versions = [*self.result.pinned, *([latest] if latest is not None and self._project.unpinned else [])]
            return requirements_of(documents.metadata_releases, versions, self._previous)
        if documents.document is None:
            answered = self.result.answered(DocumentKind.PROJECT)
            return self._previous.requirements if self._document is UNCHANGED else () if answered else None
        latest = documents.document.content.info.version if self._project.unpinned else None
        views = [
            view
            for view in documents.described_releases
            if view.version in self.result.pinned or view.version == latest
        ]
        found = tuple(text for view in views for text in documents.required(view)[0])
        if any(requirements_unknown(documents, view) for view in views):
            return with_unconfirmed(found, self._previous.any_requirements)
        return found


def _is_of_connection(error: SourceError) -> bool:
    """Whether no connection was made: every further request would end the same way."""
    return isinstance(error, UntrustedError | ProxyError) or (
        isinstance(error, UnreachableError) and not error.connected
    )


def _without_nothing(page: Document[Page] | Unchanged | None) -> Document[Page] | Unchanged | None:
    """The page; None: it is HTML without files, with which some indexes answer for projects that they do not have."""
    if isinstance(page, Document) and not page.content.files and page.content.status is None and is_html(page.body):
        return None
    return page


def _received(response: Document[T] | Unchanged | None) -> Document[T] | None:
    """The document, if it was received in full; None: it is absent, unchanged, or could not be read."""
    return response if isinstance(response, Document) else None
