"""The documents of an index as it sends them: their types, and the checks on arrival (``document.py``)."""

from source_pypi.services.index.documents.core_metadata import CoreMetadata, open_core_metadata
from source_pypi.services.index.documents.document import (
    UNCHANGED,
    Document,
    Unchanged,
    one_line,
    open_document,
    plain,
    without_surrogates,
)
from source_pypi.services.index.documents.feed import Entry, Feed, open_feed
from source_pypi.services.index.documents.fingerprint import ABSENT, ABSENT_AGAIN, UNKNOWN, Fingerprint
from source_pypi.services.index.documents.page import Listed, Listing, Page, PageFile, ProjectStatus
from source_pypi.services.index.documents.project import (
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
from source_pypi.services.index.documents.provenance import Provenance
from source_pypi.services.index.documents.statistics import PackageSize, Statistics
from source_pypi.services.index.documents.times import in_utc

__all__ = [
    "ABSENT",
    "ABSENT_AGAIN",
    "UNCHANGED",
    "UNKNOWN",
    "CoreMetadata",
    "Digests",
    "Document",
    "Downloads",
    "Entry",
    "Feed",
    "File",
    "Fingerprint",
    "Info",
    "Listed",
    "Listing",
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
