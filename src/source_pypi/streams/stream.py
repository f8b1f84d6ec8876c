"""What a stream is: a named table with a key, whose rows a pure function makes from documents."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from source_pypi.services.index.documents import (
    CoreMetadata,
    Document,
    Feed,
    File,
    Listing,
    Page,
    Project,
    Provenance,
    Release,
    Statistics,
)
from source_pypi.services.index.documents.kinds import SNAPSHOT_DOCUMENTS, VIA_PROJECT, DocumentKind
from source_pypi.streams._metadata import info_of
from source_pypi.streams._pages import ListedProject, from_page, with_page

#: The requests that streams take.
ONE_PER_PROJECT = "1 per project, shared by all streams that read the project document"
ONE_PER_RELEASE = (
    "the latest release: none beyond the project document; 1 per pin or range; with `releases: all`, 1 per release, "
    "shared by all streams that read releases"
)
#: The same, of streams that METADATA can stand for.
ONE_PER_RELEASE_OR_METADATA = (
    f"{ONE_PER_RELEASE}; on an index with pages only, 1 per selected release, its METADATA, instead"
)

#: A row: an instance of the stream's record, or the keys and values of a raw document.
Row = Struct | Mapping[str, object]


class ProjectDocuments(Struct, frozen=True, kw_only=True, dict=True):
    """The documents that were fetched for one project or, if ``project`` is None, for the index as a whole.

    A document that no selected stream reads, that the index does not have, or that could not be fetched is None or
    missing from its mapping.

    :ivar project: the project's normalised name.
    :ivar document: its project document.
    :ivar releases: the selected releases that the index has documents of.
    :ivar metadata_releases: the other selected releases, read from the METADATA of a file.
    :ivar page: its project page.
    :ivar page_completes: whether the page supplies what the project document lacks, or stands for a document that the
        index does not have.
    :ivar provenance: provenance documents by file name.
    :ivar core_metadata: core metadata by file name.
    :ivar latest_metadata: core metadata of the latest release, if the page stands for the project document.
    :ivar first_seen: when a sync first saw each file of ``undated`` (UTC), by file name.
    :ivar metadata_unknown: whether the page lists core metadata of the latest release that could not be read.
    :ivar use_core_metadata: whether core metadata supplies dependencies that the index does not list.
    """

    project: str | None = None
    document: Document[Project] | None = None
    releases: tuple["ReleaseView", ...] = ()
    metadata_releases: tuple["ReleaseView", ...] = ()
    page: Document[Page] | None = None
    page_completes: bool = False
    provenance: Mapping[str, Document[Provenance]] = field(default_factory=dict)
    core_metadata: Mapping[str, Document[CoreMetadata]] = field(default_factory=dict)
    latest_metadata: Document[CoreMetadata] | None = None
    metadata_unknown: bool = False
    first_seen: Mapping[str, datetime] = field(default_factory=dict)
    statistics: Document[Statistics] | None = None
    listing: Document[Listing] | None = None
    recent_releases: Document[Feed] | None = None
    recent_projects: Document[Feed] | None = None
    use_core_metadata: bool = False

    @property
    def completed(self) -> bool:
        """Whether the page was received, and supplies what the project document lacks or stands for it."""
        return self.page_completes and self.page is not None and self.project is not None

    @cached_property
    def listed(self) -> Document[Project] | None:
        """The project document, completed from the page where the index leaves that to the page.

        Without a project document it is made from the page: a ``ListedProject``. None: there is neither.
        """
        if self.page is None or self.project is None or not self.page_completes:
            return self.document
        if self.document is None:
            page = self.page
            return Document(page.url, from_page(page, self.project), page.body, page.etag, page.serial, ())
        return replace(self.document, content=with_page(self.document.content, self.page, self.project))

    @property
    def file_names(self) -> tuple[str, ...]:
        """The names of all files that the index lists, each once."""
        if self.listed is None:
            return ()
        names = (file.name() for files in self.listed.content.listed().values() for file in files)
        return tuple(dict.fromkeys(name for name in names if name))

    @cached_property
    def undated(self) -> tuple[str, ...]:
        """The names of the files of which the index gives no upload time, each once."""
        if self.listed is None:
            return ()
        every = (file for files in self.listed.content.listed().values() for file in files)
        undated = (file.name() for file in every if file.upload_time_iso_8601 is None and file.upload_time is None)
        return tuple(dict.fromkeys(name for name in undated if name))

    @cached_property
    def described(self) -> Document[Project] | None:
        """``listed``, with the core metadata of the latest release if the index has no project document."""
        listed, metadata = self.listed, self.latest_metadata
        if listed is None or metadata is None or not isinstance(listed.content, ListedProject):
            return listed
        of_page = listed.content.info  # METADATA knows of no yank
        yanked = {"yanked": of_page.yanked, "yanked_reason": of_page.yanked_reason}
        info = replace(info_of(metadata.content), version=of_page.version, **yanked)
        return replace(listed, content=replace(listed.content, info=info, has_metadata=True))

    @property
    def described_releases(self) -> tuple["ReleaseView", ...]:
        """The selected releases: those that the index has documents of, and those that METADATA describes."""
        return (*self.releases, *self.metadata_releases)

    def all(self) -> Iterator[Document[Any]]:
        """Every document, each once."""
        single = (self.document, self.page, self.statistics, self.listing, self.recent_releases, self.recent_projects)
        several = (view.document for view in self.releases if view.document is not self.document)
        for document in (*single, *several, *self.provenance.values(), *self.core_metadata.values()):
            if document is not None:
                yield document

    def required(self, release: "ReleaseView") -> tuple[Sequence[str], str]:
        """The requirements of a release, as uploaded, and their source: ``index`` or ``core_metadata``."""
        listed = release.content.info.requires_dist
        if release.from_metadata:
            return listed or (), "core_metadata"
        if listed is None and self.use_core_metadata:
            for file in release.files():
                metadata = self.core_metadata.get(file.filename or "")
                if metadata is not None:
                    return metadata.content.raw.get("requires_dist", ()), "core_metadata"
        return listed or (), "index"


class ReleaseView(Struct, frozen=True):
    """One release, read from its release document or, for the latest release, from the project document.

    Where the index has neither, it is read from the METADATA of one of its files.

    :ivar version: its version, as the index writes it.
    :ivar content: the keys that both kinds of document have.
    :ivar document: the document that it was read from.
    :ivar listed: its files, as the project document lists them.
    """

    version: str
    content: Release
    document: Document[Project] | Document[Release] | Document[CoreMetadata]
    listed: tuple[File, ...] = ()

    @property
    def from_metadata(self) -> bool:
        """Whether it was read from METADATA."""
        return isinstance(self.document.content, CoreMetadata)

    def files(self) -> Sequence[File]:
        """The release's files, from the project document, or from its own document if that lists none."""
        return self.listed or self.content.urls or ()


class Stream(Struct, frozen=True, dict=True):
    """A stream.

    :ivar name: the name of the stream and of its table.
    :ivar row: what a row is, in a few words.
    :ivar record: the type that describes its fields.
    :ivar key: the fields of its primary key; empty: there is at most one row.
    :ivar documents: the kinds of documents that its rows are made from.
    :ivar cost: the requests that it takes, in words.
    :ivar rows: makes the rows from the documents of a project.
    :ivar fallback_documents: kinds that it also reads if the setting ``core_metadata`` is on.
    :ivar required_key: a key of the project document, as a path; an index that leaves it out does not offer the stream.
        None: no key is required.
    :ivar from_page: whether its rows can be made from the page alone if the index has no project documents.
    :ivar from_metadata: whether its rows can be made from core metadata if the index has no project documents, or no
        release document of a pinned version.
    :ivar says_first_seen: whether its rows say when a sync first saw files without upload time.
    :ivar require: raises ConfigError if the stream cannot be read, e.g. because a library is missing. None: it always
        can.
    :ivar service: the folder in ``services/`` of the service that it reads; empty: the index.
    :ivar by_index: of another service than the index: whether it is one of the index itself, as its journal is.
    :ivar per_project: of another service than the index: whether it is requested for each project.
    :ivar merged_by: of another service than the index: the field whose values identify the rows that are replaced
        together. New rows replace those with the same value; all others stay.
    :ivar raw: whether its rows are documents as the index sent them, including keys that the record lacks.
    :ivar revision: increase it when the same fields get other values: all rows are then read again.
    """

    name: str
    row: str
    record: type[Struct]
    key: tuple[str, ...]
    documents: tuple[DocumentKind, ...]
    cost: str
    rows: Callable[[Any], Iterable[Row]]
    fallback_documents: tuple[DocumentKind, ...] = ()
    required_key: str | None = None
    from_page: bool = False
    from_metadata: bool = False
    says_first_seen: bool = False
    require: Callable[[], None] | None = None
    service: str = ""
    by_index: bool = False
    per_project: bool = False
    merged_by: str | None = None
    raw: bool = False
    revision: int = 0

    @cached_property
    def of_project(self) -> bool:
        """Whether its rows belong to projects; otherwise they describe the index as a whole."""
        return self.per_project if self.service else all(kind.of_project for kind in self.documents)

    @property
    def of_index(self) -> bool:
        """Whether its rows are those of one index; otherwise they are the same whatever index is read."""
        return not self.service or self.by_index

    @cached_property
    def incremental(self) -> bool:
        """Whether it can be read incrementally; statistics and feeds are snapshots."""
        return not SNAPSHOT_DOCUMENTS & set(self.documents)

    @cached_property
    def required_documents(self) -> frozenset[DocumentKind]:
        """The kinds of documents to request: those that it reads, and the project document if they depend on it."""
        parent = {DocumentKind.PROJECT} if VIA_PROJECT & set(self.documents) else set()
        return frozenset({*self.documents, *parent})

    @cached_property
    def from_listed(self) -> bool:
        """Whether a page completes the files and versions that it is made from, where the project document lacks them.

        So ``core_metadata`` learns from pages which files have METADATA.
        """
        return self.from_page or DocumentKind.CORE_METADATA in self.documents

    @cached_property
    def partition_kind(self) -> DocumentKind | None:
        """The kind of document that partitions its rows; None: a project's rows are one partition.

        A project has several documents of this kind, and each row is made from one of them.
        """
        return next((kind for kind in self.documents if kind in _PARTITION_FIELDS), None)

    @cached_property
    def partition_field(self) -> str | None:
        """The field that identifies the document of ``partition_kind``; None: a project's rows are one partition."""
        if self.merged_by is not None:
            return self.merged_by
        return None if self.partition_kind is None else _PARTITION_FIELDS[self.partition_kind]


#: Kinds of documents that a project has several of, and the field that identifies the document of a row.
_PARTITION_FIELDS = {
    DocumentKind.RELEASES: "version",
    DocumentKind.PROVENANCE: "filename",
    DocumentKind.CORE_METADATA: "filename",
}
