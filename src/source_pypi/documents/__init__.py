"""What an index may answer, as it is on the wire, odd as it is; checked once, at the door (``document.py``)."""

from source_pypi.documents.core_metadata import CoreMetadata, open_core_metadata
from source_pypi.documents.document import (
    UNCHANGED,
    Document,
    Unchanged,
    one_line,
    open_document,
    plain,
    without_surrogates,
)
from source_pypi.documents.feed import Entry, Feed, open_feed
from source_pypi.documents.mark import ABSENT, UNKNOWN, Mark
from source_pypi.documents.moment import in_utc
from source_pypi.documents.page import Listed, Listing, Page, PageFile, ProjectStatus
from source_pypi.documents.project import (
    Digests,
    Downloads,
    File,
    Info,
    Ownership,
    Project,
    Release,
    Role,
    Vulnerability,
)
from source_pypi.documents.provenance import Provenance
from source_pypi.documents.statistics import PackageSize, Statistics

__all__ = [
    "ABSENT",
    "UNCHANGED",
    "UNKNOWN",
    "CoreMetadata",
    "Digests",
    "Document",
    "Downloads",
    "Entry",
    "Feed",
    "File",
    "Info",
    "Listed",
    "Listing",
    "Mark",
    "Ownership",
    "PackageSize",
    "Page",
    "PageFile",
    "Project",
    "ProjectStatus",
    "Provenance",
    "Release",
    "Role",
    "Statistics",
    "Unchanged",
    "Vulnerability",
    "in_utc",
    "one_line",
    "open_core_metadata",
    "open_document",
    "open_feed",
    "plain",
    "without_surrogates",
]
