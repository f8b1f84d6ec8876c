"""What a stream is: a named, keyed series of rows, made from documents by a pure function."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from msgspec import Struct, field

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

#: What streams cost, in requests.
ONE_A_PROJECT = "1 a project, shared by all streams that read its document"
ONE_A_RELEASE = (
    "none for the latest release, beyond the project document; 1 a pinned version; with `releases: all`, 1 a release, "
    "shared by all streams that read them"
)

#: A row: a record's instance, or for documents that are passed on whole, their keys and values.
Row = Struct | Mapping[str, object]


class ProjectDocuments(Struct, frozen=True, kw_only=True):
    """The documents that one visit brought, to a project or (``project`` is None) to the index as a whole.

    A document that no selected stream reads, that the index does not have, or that could not be had, is None or
    missing from its mapping. ``provenance`` and ``core_metadata`` are by file name. ``fill`` tells whether core
    metadata may say what the index does not.
    """

    project: str | None = None
    document: Document[Project] | None = None
    releases: tuple["ReleaseView", ...] = ()
    page: Document[Page] | None = None
    provenance: Mapping[str, Document[Provenance]] = field(default_factory=dict)
    core_metadata: Mapping[str, Document[CoreMetadata]] = field(default_factory=dict)
    statistics: Document[Statistics] | None = None
    listing: Document[Listing] | None = None
    recent_releases: Document[Feed] | None = None
    recent_projects: Document[Feed] | None = None
    use_core_metadata: bool = False

    def all(self) -> Iterator[Document[Any]]:
        """Every document that the visit brought, each once."""
        single = (self.document, self.page, self.statistics, self.listing, self.recent_releases, self.recent_projects)
        several = (view.document for view in self.releases if view.document is not self.document)
        for document in (*single, *several, *self.provenance.values(), *self.core_metadata.values()):
            if document is not None:
                yield document

    def required(self, release: "ReleaseView") -> tuple[Sequence[str], str]:
        """What a release requires, as uploaded, and who says so: ``index`` or ``core_metadata``."""
        listed = release.content.info.requires_dist
        if listed is None and self.use_core_metadata:
            for file in release.files():
                metadata = self.core_metadata.get(file.filename or "")
                if metadata is not None:
                    return metadata.content.raw.get("requires_dist", ()), "core_metadata"
        return listed or (), "index"


class ReleaseView(Struct, frozen=True):
    """One release, from its own document or, the latest one, from its project's.

    ``version`` as the index has it. ``content`` has the same keys either way. ``listed`` are the
    files that its project's document lists.
    """

    version: str
    content: Release
    document: Document[Project] | Document[Release]
    listed: tuple[File, ...] = ()

    def files(self) -> Sequence[File]:
        """The release's files: those that its project's document lists, or else its own."""
        return self.listed or self.content.urls or ()


class Stream(Struct, frozen=True, dict=True):
    """A stream.

    :ivar name: its name, and its table's.
    :ivar row: what a row is, in a few words.
    :ivar record: the type that describes its fields.
    :ivar key: the fields that tell rows apart; empty: there is one row at most.
    :ivar reads: the documents that its rows are made from.
    :ivar cost: what it costs, in requests.
    :ivar rows: makes the rows of a visit.
    :ivar made_from: the key of the project document without which an index does not offer it at all; None: any will do.
    :ivar require: raises ConfigError where the stream cannot be read at all, e.g. for want of a library; None: never.
    :ivar fills_from: documents that it reads as well where core metadata fills gaps.
    :ivar as_sent: whether its rows are documents as the index sent them, with keys that the record does not know.
    :ivar revision: to be raised when rows of the same fields come to hold something else: they are then read anew.
    """

    name: str
    row: str
    record: type[Struct]
    key: tuple[str, ...]
    documents: tuple[DocumentKind, ...]
    cost: str
    rows: Callable[[ProjectDocuments], Iterable[Row]]
    fallback_documents: tuple[DocumentKind, ...] = ()
    required_key: str | None = None
    require: Callable[[], None] | None = None
    raw: bool = False
    revision: int = 0

    @cached_property
    def of_project(self) -> bool:
        """Whether its rows belong to projects; otherwise they tell of the index as a whole."""
        return all(read.of_project for read in self.documents)

    @cached_property
    def incremental(self) -> bool:
        """Whether it can be read by what has changed; statistics and feeds tell of the moment only."""
        return not SNAPSHOT_DOCUMENTS & set(self.documents)

    @cached_property
    def required_documents(self) -> frozenset[DocumentKind]:
        """The documents that are asked for it: those that it reads, and the one that leads to them."""
        leading = {DocumentKind.PROJECT} if VIA_PROJECT & set(self.documents) else set()
        return frozenset({*self.documents, *leading})

    @cached_property
    def partition_kind(self) -> DocumentKind | None:
        """The documents of which each makes rows of its own; None: all rows are made from the project's documents."""
        return next((read for read in self.documents if read in _PARTS), None)

    @cached_property
    def partition_field(self) -> str | None:
        """The field that tells which of these documents a row is from; None: as above."""
        return None if self.partition_kind is None else _PARTS[self.partition_kind]


#: Documents of which a project has several, and the field that tells them apart.
_PARTS = {DocumentKind.RELEASES: "version", DocumentKind.PROVENANCE: "filename", DocumentKind.CORE_METADATA: "filename"}
