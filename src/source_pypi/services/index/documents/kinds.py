"""The kinds of documents."""

import enum


class DocumentKind(enum.StrEnum):
    """A kind of document: one for each project, or one for the whole index, which is requested once a run."""

    PROJECT = "project document"
    RELEASES = "release documents"
    PAGE = "project page"
    PROVENANCE = "provenance documents"
    CORE_METADATA = "core metadata"
    STATISTICS = "statistics"
    LISTING = "list of projects"
    RECENT_RELEASES = "feed of recent releases"
    RECENT_PROJECTS = "feed of recent projects"

    @property
    def of_project(self) -> bool:
        """Whether each project has its own."""
        return self not in INDEX_DOCUMENTS


#: Documents about the whole index: one request each, however many projects are read.
INDEX_DOCUMENTS = frozenset(
    {DocumentKind.STATISTICS, DocumentKind.LISTING, DocumentKind.RECENT_RELEASES, DocumentKind.RECENT_PROJECTS}
)
#: The project document, and documents whose requests need it because it lists versions and files.
VIA_PROJECT = frozenset(
    {DocumentKind.PROJECT, DocumentKind.RELEASES, DocumentKind.PROVENANCE, DocumentKind.CORE_METADATA}
)
#: Documents that show the current state only; the index no longer has what they showed before.
SNAPSHOT_DOCUMENTS = frozenset({DocumentKind.STATISTICS, DocumentKind.RECENT_RELEASES, DocumentKind.RECENT_PROJECTS})
