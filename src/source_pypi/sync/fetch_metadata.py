"""Requests METADATA of files (PEP 658) on an index that has project pages, but no project documents.

One METADATA describes a release. It is requested again only if it may have changed: the digest that the index lists of
it, or of its file, is another one; without digests, if the page has changed, and then on condition. A row for each
project is made of page and METADATA; for it, METADATA is requested again whenever the page has changed.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from source_pypi.errors import NotOfferedError
from source_pypi.selection import SelectedProject
from source_pypi.services.index.api import Index
from source_pypi.services.index.documents import (
    ABSENT,
    ABSENT_AGAIN,
    UNCHANGED,
    UNKNOWN,
    CoreMetadata,
    Document,
    Fingerprint,
    Project,
    Release,
)
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams._metadata import info_of, versions_of_files
from source_pypi.streams.stream import ReleaseView, Stream
from source_pypi.sync.batch import Notice
from source_pypi.sync.fetch_plan import FetchPlan
from source_pypi.sync.fetch_result import FetchResult
from source_pypi.sync.notices import SUBJECTS, NoticeKind
from source_pypi.sync.planner import PreviousState
from source_pypi.sync.releases import MetadataSource, files_of, metadata_sources

_METADATA = DocumentKind.CORE_METADATA


class MetadataFetch:
    """Requests the METADATA of one project's releases, each at most once.

    :param listed: what the page says in place of a project document.
    :param wanted: the selected versions, and whether each is pinned.
    """

    def __init__(
        self,
        index: Index,
        project: SelectedProject,
        plan: FetchPlan,
        previous: PreviousState,
        result: FetchResult,
        listed: Document[Project],
        wanted: Mapping[str, bool],
    ) -> None:
        self._index, self._project, self._previous, self._result, self._listed = (
            index,
            project,
            previous,
            result,
            listed,
        )
        self._page = result.fingerprints[DocumentKind.PAGE]
        self._latest = listed.content.info.version or ""
        self._of_project = next((s for s in previous.streams if s.from_metadata and s.partition_kind is None), None)
        self._of_releases = [s for s in previous.streams if s.from_metadata and s.partition_kind is not None]
        self._followed = {v for v, pinned in wanted.items() if pinned or v == self._latest} if plan.follow else set()
        on_page = [version for version in wanted if version in listed.content.listed()]
        self._chosen = on_page if self._of_releases else [version for version in on_page if version in self._followed]
        latest = [self._latest] if self._of_project is not None else []
        self._sources = metadata_sources(listed, dict.fromkeys([*latest, *self._chosen]))
        self._received: dict[str, Document[CoreMetadata]] = {}
        self._unchanged: dict[str, Fingerprint] = {}
        self._absent: set[str] = set()  # in this run
        self._missing: set[str] = set()  # in earlier runs, and not requested again

    def fetch(self) -> dict[str, Any]:
        """Request the METADATA that may have changed; return the fields of ``ProjectDocuments``."""
        result = self._result
        del result.failures[_METADATA]
        with result.recording_failures([_METADATA]):
            for version, source in self._sources.items():
                self._request_if_needed(version, source)
            self._note_releases()
        if self._absent:
            result.notices.append(Notice(NoticeKind.ANNOUNCED, SUBJECTS[_METADATA], len(self._absent)))
            url = self._sources[min(self._absent)].url.partition("#")[0].partition("?")[0]
            lacking = NotOfferedError(_METADATA.value, url)
            result.lacking |= {_METADATA: lacking, DocumentKind.RELEASES: lacking}
        error = result.failures.get(_METADATA)
        if error is not None and not self._of_releases:  # no stream reports it
            result.warnings.append(str(error))
        self._note_latest()
        return {
            "metadata_releases": tuple(self._views()),
            "core_metadata": {self._sources[version].filename: one for version, one in self._received.items()},
            "latest_metadata": self._received.get(self._latest),
            "metadata_unknown": self._loses_metadata(),
        }

    # What is requested ------------------------------------------------------------------------------------------

    def _request_if_needed(self, version: str, source: MetadataSource) -> None:
        readers = self._readers(version)
        if not self._needs_requirements(version) and all(self._is_read(one, version, source) for one in readers):
            self._unchanged[version] = UNKNOWN
            if any(self._known(one, version, source).absent for one in readers):
                self._missing.add(version)
            return
        condition = self._condition(version, source, readers)
        response = self._index.core_metadata(source.url, condition, project=self._project.project, version=version)
        if response is UNCHANGED:
            self._unchanged[version] = condition
        elif isinstance(response, Document):
            self._received[version] = response
        else:
            self._absent.add(version)

    def _readers(self, version: str) -> list[Stream]:
        """The streams that read the METADATA of a version."""
        of_releases = self._of_releases if version in self._chosen else []
        return [*of_releases, *([self._of_project] if self._of_project is not None and version == self._latest else [])]

    def _needs_requirements(self, version: str) -> bool:
        """Whether the requirements of a version are followed, and may have changed since they were read."""
        readers = self._previous.readers(DocumentKind.PAGE)
        unchanged = self._previous.is_unchanged(DocumentKind.PAGE, self._page, readers)
        known = self._previous.requirements is not None and unchanged and not self._previous.full_check
        return version in self._followed and not known

    def _is_read(self, stream: Stream, version: str, source: MetadataSource) -> bool:
        """Whether a stream has read this METADATA, and needs it no more.

        METADATA that the index lists but does not have is requested as other documents are (``planner.py``), and when
        the page changes.
        """
        known, same_page = self._known(stream, version, source), self._has_same_page(stream)
        if known.absent:
            return same_page and known == ABSENT_AGAIN and not self._previous.full_check
        if stream is self._of_project:
            read = bool(known.tag) and same_page
        elif source.fingerprint.tag and known.tag:
            read = source.fingerprint.same(known)
        else:
            read = same_page
        return read and (source.verified or not self._previous.full_check)

    def _condition(self, version: str, source: MetadataSource, readers: Iterable[Stream]) -> Fingerprint:
        """On which condition METADATA is requested; in full where its content is needed although it is unchanged."""
        known = {self._known(stream, version, source) for stream in readers}
        in_full = self._needs_requirements(version) or any(
            stream is self._of_project and not self._has_same_page(stream) for stream in readers
        )
        return known.pop() if len(known) == 1 and not in_full else UNKNOWN

    def _known(self, stream: Stream, version: str, source: MetadataSource) -> Fingerprint:
        """The METADATA of a version that a stream has read with the settings of this run; ``UNKNOWN``: none."""
        if stream.name not in self._previous.comparable:
            return UNKNOWN
        state = self._previous.states[stream.name]
        if stream.partition_kind is None:
            return state.fingerprint(_METADATA)
        return state.fingerprint(
            stream.partition_kind, source.filename if stream.partition_kind is _METADATA else version
        )

    def _has_same_page(self, stream: Stream) -> bool:
        return self._previous.is_unchanged(DocumentKind.PAGE, self._page, [stream])

    # What was found ---------------------------------------------------------------------------------------------

    def _note_releases(self) -> None:
        """Record what the streams that read releases have; if no METADATA can be read, their rows stay."""
        result, listed = self._result, [version for version in self._chosen if version in self._sources]
        if self._chosen and not listed:
            found, name = "announces none for the selected releases", self._project.project
            result.failures[_METADATA] = NotOfferedError(_METADATA.value, self._listed.url, found, name)
            return
        result.partitions[DocumentKind.RELEASES] = {
            **self._kept(DocumentKind.RELEASES, self._listed.content.listed()),
            **{version: self._fingerprint(version, DocumentKind.RELEASES, version) for version in self._chosen},
        }
        filenames = {self._sources[version].filename: version for version in listed}
        result.partitions[_METADATA] = {
            **self._kept(_METADATA, versions_of_files(self._listed.content)),
            **{name: self._fingerprint(version, _METADATA, name) for name, version in filenames.items()},
        }
        if lacking := len(self._chosen) - len(listed):
            result.notices.append(Notice(NoticeKind.UNDESCRIBED, count=lacking))

    def _kept(self, kind: DocumentKind, on_page: Collection[str]) -> dict[str, Fingerprint]:
        """The partitions that stay since the index has none of the METADATA that it lists: those still on the page."""
        if not (self._absent | self._missing).issuperset(set(self._chosen) & self._sources.keys()):
            return {}
        return {name: UNKNOWN for name in self._previous.partition_fingerprints(kind) if name in on_page}

    def _note_latest(self) -> None:
        """Record the METADATA of the latest release, which the row of the project is made of."""
        if self._of_project is None:
            return
        if self._latest not in self._sources:
            if _is_there(self._stated_before()):
                self._result.notices.append(Notice(NoticeKind.UNSTATED))
            return
        known = self._known(self._of_project, self._latest, self._sources[self._latest])
        fingerprint = self._fingerprint(self._latest)
        if self._latest in self._absent:
            fingerprint = ABSENT_AGAIN if known.absent else ABSENT
        elif self._latest in self._unchanged and not fingerprint.tag:
            fingerprint = known
        if fingerprint.tag:
            self._result.fingerprints[_METADATA] = fingerprint

    def _loses_metadata(self) -> bool:
        """Whether METADATA of the latest release cannot be read, although the project's row was made of METADATA."""
        now = self._result.fingerprints.get(_METADATA, UNKNOWN)
        return self._latest in self._sources and _is_there(self._stated_before()) and not _is_there(now)

    def _stated_before(self) -> Fingerprint:
        """The METADATA that the row of the project was made of; ``UNKNOWN``: none."""
        state = None if self._of_project is None else self._previous.states.get(self._of_project.name)
        return UNKNOWN if state is None else state.fingerprint(_METADATA)

    def _fingerprint(self, version: str, kind: DocumentKind = _METADATA, name: str = "") -> Fingerprint:
        """What stands in state of a version's METADATA; ``UNKNOWN``: rows of earlier runs stay.

        :param kind: the partitions' kind, and ``name`` the name of one; empty: the METADATA of the latest release.
        """
        if version in self._received:
            listed = self._sources[version].fingerprint
            return listed if listed.tag else Fingerprint(self._received[version].fingerprint.tag)
        if version in self._absent and name:
            return self._previous.not_there(kind, name)
        return self._unchanged.get(version, UNKNOWN)

    def _views(self) -> Iterable[ReleaseView]:
        for version in self._chosen:
            if version in self._received:
                yield metadata_view(version, self._received[version], self._listed)


def _is_there(fingerprint: Fingerprint) -> bool:
    return bool(fingerprint.tag) and not fingerprint.absent


def metadata_view(version: str, metadata: Document[CoreMetadata], listed: Document[Project]) -> ReleaseView:
    """Return a release as the METADATA of one of its files describes it.

    :param listed: the document that lists its files.
    """
    return ReleaseView(version, Release(info_of(metadata.content)), metadata, tuple(files_of(listed.content, version)))


def requirements_of(
    views: Iterable[ReleaseView], versions: Collection[str], previous: PreviousState
) -> tuple[str, ...] | None:
    """Return the requirements of these versions, if METADATA of each was received; else those of the last run."""
    found = {view.version: view.content.info.requires_dist or () for view in views}
    if not all(version in found for version in versions):
        return previous.requirements
    return tuple(text for version in versions for text in found[version])
