"""Requests what a project document leads to: release documents, core metadata, provenance documents."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from source_pypi.errors import NotOfferedError, UnknownReleaseError
from source_pypi.selection import SelectedProject
from source_pypi.services.index.api import Index
from source_pypi.services.index.documents import (
    UNCHANGED,
    UNKNOWN,
    Document,
    Fingerprint,
    Page,
    Project,
    Release,
    Unchanged,
)
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams.stream import ReleaseView
from source_pypi.sync.batch import Notice
from source_pypi.sync.fetch_metadata import metadata_view
from source_pypi.sync.fetch_plan import (
    FetchPlan,
    as_new_as,
    file_conditions,
    in_full,
    release_changed,
    releases_to_recheck,
    releases_unchanged,
)
from source_pypi.sync.fetch_result import FetchResult
from source_pypi.sync.notices import SUBJECTS, NoticeKind
from source_pypi.sync.planner import PreviousState
from source_pypi.sync.releases import (
    MetadataSource,
    declares_core_metadata,
    files_of,
    highest_admitted,
    is_pinned,
    metadata_sources,
    metadata_urls,
    provenance_urls,
)

#: What the index returned for a release document; None: it has none.
_Response = Document[Release] | Unchanged | None


class ReleaseFetch:
    """Requests the release documents of one project, each at most once, and the documents of the releases' files.

    :ivar previous: what the streams read of the project in earlier runs.
    """

    def __init__(
        self, index: Index, project: SelectedProject, plan: FetchPlan, previous: PreviousState, result: FetchResult
    ) -> None:
        self._index, self._project, self._plan, self.previous = index, project, plan, previous
        self._result = result
        self._responses: dict[str, _Response] = {}
        self._absent_pins: list[str] = []
        self._pins: tuple[str, ...] = project.pins  # and what ranges select

    def recheck(self) -> dict[str, _Response]:
        """Request the releases that may have changed although the project document has not; return the responses."""
        known = self.previous.partition_fingerprints(DocumentKind.RELEASES)
        of_ranges = (highest_admitted(versions, known) for versions in self._project.ranges)
        self._pins = (*self._project.pins, *(version for version in of_ranges if version is not None))
        versions = releases_to_recheck(self._plan, self.previous, self._pins)
        with self._result.recording_failures([DocumentKind.RELEASES]):
            return self._request_all(versions)
        return {}

    def any_changed(self, responses: Mapping[str, _Response]) -> bool:
        """Return whether a release document has changed, so that its rows have to be made anew."""
        return any(release_changed(self.previous, version, response) for version, response in responses.items())

    def keep(self, responses: Mapping[str, _Response]) -> None:
        """Record the releases of a project whose documents have not changed, and pins that the index does not have."""
        if not responses:
            return
        known = self.previous.partition_fingerprints(DocumentKind.RELEASES)
        partitions: dict[str, Fingerprint | None] = {}
        for version, fingerprint in known.items():
            if version not in responses:
                partitions[version] = UNKNOWN
            elif responses[version] is not None or (fingerprint is not None and fingerprint.listed):
                partitions[version] = UNKNOWN if responses[version] is None else fingerprint
            else:
                partitions[version] = self.previous.not_there(DocumentKind.RELEASES, version)
        self._result.partitions[DocumentKind.RELEASES] = partitions
        absent = [version for version, response in responses.items() if response is None]
        described = {version for version, one in known.items() if one is not None and one.listed}
        self._absent_pins = [version for version in absent if version in known and self._is_pinned(version)]
        self._record_absent([version for version in absent if version in known])
        self._report_absent_pins(described.intersection(absent))
        self._count_absent(version for version in absent if version in known and not self._is_pinned(version))
        self._result.user_errors += [self._unknown_release(v) for v in absent if v not in known]

    def forget_unchanged_pins(self, responses: Mapping[str, _Response]) -> None:
        """Let ``fetch`` request unchanged pinned releases again, in full, if their requirements are needed."""
        if self._plan.follow:
            for version, response in responses.items():
                if response is UNCHANGED and self._is_pinned(version):
                    del self._responses[version]

    def fetch(
        self,
        document: Document[Project],
        content: Project,
        wanted: Mapping[str, bool],
        announced: Callable[[], Collection[str]],
    ) -> tuple[ReleaseView, ...]:
        """Request the wanted releases that may have changed; the latest one is in the project document.

        :param content: of the document, completed from the page.
        :param wanted: the versions, and whether each is pinned.
        :param announced: returns the versions that the index lists; called if a pinned release has no document.
        """
        result, latest = self._result, document.content.info.version
        self._pins = (*self._pins, *(version for version, pinned in wanted.items() if pinned))
        known = self.previous.partition_fingerprints(DocumentKind.RELEASES)
        unchanged = releases_unchanged(self.previous, document)
        partitions = self._kept(DocumentKind.RELEASES) if self._plan.releases == "all" else {}
        views: dict[str, ReleaseView] = {}
        absent: list[str] = []
        for version, pinned in wanted.items():
            listed = tuple(files_of(content, version))
            if version == latest:
                partitions[version] = None
                views[version] = ReleaseView(version, document.content, document, listed)
            elif unchanged and not pinned and version not in self._responses:
                partitions |= {version: UNKNOWN} if version in known else {}
            elif (response := self._request(version, pins_in_full=self._plan.follow)) is UNCHANGED:
                partitions[version] = self.previous.condition(DocumentKind.RELEASES, version)
            elif isinstance(response, Document):
                spelling = _spelling(version, document.content, response.content)
                partitions[spelling] = response.fingerprint
                views[spelling] = ReleaseView(spelling, response.content, response, listed)
                result.pinned |= {spelling} if pinned else set()
            elif not is_pinned(version, announced()):
                result.user_errors.append(self._unknown_release(version, document))
                result.versions = {one: None if v == version else v for one, v in (result.versions or {}).items()}
            else:
                absent.append(version)
        self._absent_pins = [version for version in absent if wanted[version]]
        self._record_absent(absent)
        self._count_absent(version for version in absent if not wanted[version])
        kind = DocumentKind.RELEASES
        result.partitions[kind] = partitions | {one: self.previous.not_there(kind, one) for one in absent}
        return tuple(views.values())

    def _kept(self, kind: DocumentKind) -> dict[str, Fingerprint | None]:
        """The documents of this kind that stay as they are if it is unknown which releases or files there are."""
        return dict.fromkeys(self.previous.partition_names(kind) if self._result.releases_unknown else (), UNKNOWN)

    def _request_all(self, versions: Iterable[str]) -> dict[str, _Response]:
        return {version: self._request(version) for version in versions}

    def _request(self, version: str, *, pins_in_full: bool = False) -> _Response:
        """The release document; ``pins_in_full``: the requirements of pinned releases are needed."""
        if version not in self._responses:
            project = self._result.fingerprints.get(DocumentKind.PROJECT)
            condition = self.previous.condition(DocumentKind.RELEASES, version)
            condition = as_new_as(condition, project, self.previous)
            if pins_in_full and self._is_pinned(version):
                condition = in_full(condition)
            self._responses[version] = self._index.release(self._project.project, version, condition)
        return self._responses[version]

    def _is_pinned(self, version: str) -> bool:
        return is_pinned(version, self._pins)

    def _unknown_release(self, version: str, document: Document[Project] | None = None) -> UnknownReleaseError:
        name = self._project.project
        listed = () if document is None else tuple(document.content.releases or ())
        return UnknownReleaseError(name, version, self._index.locations.release_url(name, version), listed)

    def _record_absent(self, versions: Sequence[str]) -> None:
        """Record that the index lists releases, but has no release documents of them."""
        if versions:
            url = self._index.locations.release_url(self._project.project, versions[0])
            self._result.lacking[DocumentKind.RELEASES] = NotOfferedError("release documents", url)

    def _report_absent_pins(self, described: Collection[str]) -> None:
        """Report pinned releases that the index lists, but of which it has no release documents.

        :param described: those that METADATA describes, which is enough for streams that can be made from it.
        """
        readers = self.previous.readers(DocumentKind.RELEASES)
        enough = all(stream.from_metadata for stream in readers)
        lacking = [version for version in self._absent_pins if not enough or version not in described]
        if lacking:
            url = self._index.locations.release_url(self._project.project, lacking[0])
            self._result.user_errors.append(NotOfferedError("release documents", url))
        if described:
            self._result.notices.append(Notice(NoticeKind.PINS, count=len(described)))

    def _count_absent(self, versions: Iterable[str]) -> None:
        """Count listed releases without release documents, which no pin names."""
        if count := sum(1 for _ in versions):
            self._result.notices.append(Notice(NoticeKind.UNREAD, count=count))

    # Pinned releases without documents --------------------------------------------------------------------------

    def described_pins(
        self, document: Document[Project], metadata: Mapping[str, Document[Any]] | None
    ) -> tuple[ReleaseView, ...]:
        """Return the pinned releases without documents that METADATA describes, and report the others.

        :param metadata: what ``core_metadata`` returned.
        """
        sources, result = self._pin_sources(document), self._result
        views = [
            metadata_view(version, metadata[source.filename], document)
            for version, source in sources.items()
            if metadata is not None and source.filename in metadata
        ]
        unchanged = [version for version, source in sources.items() if self._is_described(version, source)]
        partitions = {view.version: sources[view.version].fingerprint for view in views}
        known = self.previous.partition_fingerprints(DocumentKind.RELEASES)
        kept = [version for version in self._absent_pins if (known.get(version) or UNKNOWN).listed]
        if partitions or kept:
            result.partitions[DocumentKind.RELEASES] |= dict.fromkeys(kept, UNKNOWN) | partitions
        self._report_absent_pins({*partitions, *unchanged})
        error = result.failures.get(DocumentKind.CORE_METADATA)
        if sources and error is not None and DocumentKind.CORE_METADATA not in self._plan.documents:
            result.warnings.append(str(error))  # no stream reports it
        return tuple(views)

    def _pin_sources(self, document: Document[Project]) -> dict[str, MetadataSource]:
        """Where the METADATA of pinned releases without documents is.

        It is used only if the index lists a digest of it or of its file, and if no rows were made of the release's
        document, which the index has had then.
        """
        sources = metadata_sources(document, self._absent_pins if self._plan.metadata else ())
        return {v: one for v, one in sources.items() if one.fingerprint.tag and not self._has_document_rows(v)}

    def _has_document_rows(self, version: str) -> bool:
        states = (self.previous.states.get(s.name) for s in self.previous.readers(DocumentKind.RELEASES))
        partitions = (state.partitions.get(version) for state in states if state is not None)
        return any(one is not None and one.has_rows and not (one.fingerprint or UNKNOWN).listed for one in partitions)

    def _is_described(self, version: str, source: MetadataSource) -> bool:
        """Whether each stream that can be made from METADATA has read this one."""
        readers = [one for one in self.previous.readers(DocumentKind.RELEASES) if one.from_metadata]
        return self.previous.is_unchanged(DocumentKind.RELEASES, source.fingerprint, readers, version)

    # Documents of files -----------------------------------------------------------------------------------

    def core_metadata(
        self, document: Document[Project], wanted: Iterable[str], filled: Collection[str]
    ) -> dict[str, Document[Any]] | None:
        """Request the METADATA of the wanted versions, by file name; None: of none of them.

        :param filled: versions whose requirements it fills in: their METADATA is needed even if it has not changed.
        """
        kind, result, previous = DocumentKind.CORE_METADATA, self._result, self.previous
        read = kind in self._plan.documents
        if read:
            result.partitions[kind] = {}
        pins = {v for v, source in self._pin_sources(document).items() if not self._is_described(v, source)}
        filled = {*filled, *pins}
        versions = [version for version in wanted if read or version in filled]
        if not versions:
            return None
        if not declares_core_metadata(document.content):
            none = NotOfferedError("core metadata", document.url, "announces none", self._project.project)
            result.failures.setdefault(kind, none)
        unchanged = previous.is_unchanged(DocumentKind.PROJECT, document.fingerprint, previous.readers(kind))
        unchanged = unchanged and not previous.full_check
        urls, in_full_for = metadata_urls(document, versions), metadata_urls(document, filled)
        conditions = file_conditions(kind, urls, previous, unchanged=unchanged, needed_in_full=in_full_for)
        pinned = {source.url: version for version, source in metadata_sources(document, pins).items()}

        def request(url: str, condition: Fingerprint) -> Document[Any] | Unchanged | None:
            return self._index.core_metadata(url, condition, project=self._project.project, version=pinned.get(url))

        with result.recording_failures([kind]):
            return self._request_files(kind, urls, conditions, request)
        return None

    def provenance(
        self, document: Document[Project], page: Document[Page], wanted: Iterable[str]
    ) -> dict[str, Document[Any]] | None:
        """Request the provenance documents of the wanted versions' files, by file name; None: that failed."""
        kind, previous = DocumentKind.PROVENANCE, self.previous
        readers = previous.readers(kind)
        unchanged = previous.is_unchanged(DocumentKind.PROJECT, document.fingerprint, readers)
        unchanged = unchanged and previous.is_unchanged(DocumentKind.PAGE, page.fingerprint, readers)
        unchanged = unchanged and not previous.full_check
        urls = provenance_urls(document.content, page, wanted)
        conditions = file_conditions(kind, urls, previous, unchanged=unchanged)
        filenames = {url: filename for filename, url in urls.items()}

        def request(url: str, condition: Fingerprint) -> Document[Any] | Unchanged | None:
            return self._index.provenance(url, condition, filename=filenames[url])

        with self._result.recording_failures([kind]):
            return self._request_files(kind, urls, conditions, request)
        return None

    def _request_files(
        self,
        kind: DocumentKind,
        urls: Mapping[str, str],
        conditions: Mapping[str, Fingerprint | None],
        request: Callable[[str, Fingerprint], Document[Any] | Unchanged | None],
    ) -> dict[str, Document[Any]]:
        """Request documents of several files; return those that were received, by file name."""
        partitions = self._kept(kind)
        documents: dict[str, Document[Any]] = {}
        absent = list[str]()
        for filename, condition in conditions.items():
            if condition is None:
                partitions[filename] = UNKNOWN
                continue
            response = request(urls[filename], condition)
            if response is UNCHANGED:
                partitions[filename] = condition
            elif isinstance(response, Document):
                partitions[filename] = response.fingerprint
                documents[filename] = response
            else:
                absent.append(urls[filename])
                partitions[filename] = self.previous.not_there(kind, filename)
        if absent:
            self._result.notices.append(Notice(NoticeKind.ANNOUNCED, SUBJECTS[kind], len(absent)))
            url = absent[0].partition("#")[0].partition("?")[0]
            self._result.lacking[kind] = NotOfferedError(kind.value, url)
        self._result.partitions[kind] = partitions
        return documents


def _spelling(version: str, project: Project, release: Release) -> str:
    """The version as the index spells it: as listed, else as the release document has it."""
    return version if version in (project.releases or {}) else release.info.version or version
