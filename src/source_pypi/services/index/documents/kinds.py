"""Which documents there are to read."""

import enum


class DocumentKind(enum.StrEnum):
    """A document that rows are made from. Those of a project come with a visit to it, the others once a run."""

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
        """Whether there is one for each project."""
        return self not in OF_INDEX


#: Documents that tell of the index as a whole: one request each, however many projects are read.
OF_INDEX = frozenset(
    {DocumentKind.STATISTICS, DocumentKind.LISTING, DocumentKind.RECENT_RELEASES, DocumentKind.RECENT_PROJECTS}
)
#: Documents that cannot be asked for without the project document, which lists versions and files.
BEHIND_PROJECT = frozenset(
    {DocumentKind.PROJECT, DocumentKind.RELEASES, DocumentKind.PROVENANCE, DocumentKind.CORE_METADATA}
)
#: Documents that tell what is new just now: what they told before is not on the index any more.
MOMENTARY = frozenset({DocumentKind.STATISTICS, DocumentKind.RECENT_RELEASES, DocumentKind.RECENT_PROJECTS})
