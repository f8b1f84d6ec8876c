"""Fields that are missing or invalid: unknown, so that rows made of them stay. Only an empty list means "none".

Each stream names the key of which its rows are made (``Stream.required_key``). Where a document has no value of the
right type there, ``changes.py`` keeps the rows that were loaded before.
"""

import enum
from collections.abc import Mapping
from itertools import chain
from typing import Any

from source_pypi.services.index.documents import ABSENT, Document, File
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.services.index.documents.project import Role, Vulnerability
from source_pypi.streams.stream import ProjectDocuments, ReleaseView, Stream
from source_pypi.sync.state import Partition, ProjectState

#: Stands in the state of a project's only partition: its rows were made of a document that lacks the required key.
INCOMPLETE = ABSENT
#: Keys whose null means "none": the public index writes null for a release without URLs (index-api.md 4.2).
_NULL_MEANS_NONE = frozenset({"info.project_urls"})
#: Keys that every document of the public index has, with a list. If one is missing or null, 0 rows are no answer.
_ALWAYS_LISTED = frozenset({"vulnerabilities", "info.classifiers", "ownership.roles"})


class Unknown(enum.Enum):
    """Why the value of a key is unknown."""

    MISSING = "missing"
    NULL = "null"
    INVALID = "of a wrong type"


def unknown_partitions(stream: Stream, documents: ProjectDocuments) -> dict[str, Unknown]:
    """Return the partitions of a stream whose rows cannot be made, by name: a document lacks the required key.

    Where a project page completes the document, rows are made of both, and nothing is unknown.
    """
    key, document = stream.required_key, documents.document
    if key is None or document is None or (stream.from_page and documents.completed):
        return {}
    if stream.partition_kind is None:
        reasons = {"": unknown(document, key)}
    elif stream.partition_kind is DocumentKind.RELEASES:
        reasons = {
            view.version: unknown(view.document, key)
            for view in documents.releases
            if not (stream.fallback_documents and _has_core_metadata(documents, view))
        }
    else:
        reasons = {}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def requirements_unknown(documents: ProjectDocuments, view: ReleaseView) -> bool:
    """Return whether nothing says what a release requires: its document has no list, and METADATA was not read."""
    if view.from_metadata or _has_core_metadata(documents, view):
        return False
    return unknown(view.document, "info.requires_dist") is not None


def lacks_list(stream: Stream, documents: ProjectDocuments) -> bool:
    """Return whether a document lacks a list that others have, so that even a first run cannot say that it is empty.

    A list of a wrong type is an invalid field, which the run reports in any case.
    """
    if stream.required_key not in _ALWAYS_LISTED:
        return False
    return not {Unknown.MISSING, Unknown.NULL}.isdisjoint(unknown_partitions(stream, documents).values())


def rows_are_unknown(stream: Stream, documents: ProjectDocuments, state: ProjectState | None) -> bool:
    """Return whether all rows of a project stay, since the field that they are made of is missing or invalid.

    :param state: what the stream read before; None: nothing.
    """
    if state is None:
        return False
    return hides_rows(stream, documents, unknown_partitions(stream, documents), state.partitions)


def hides_rows(
    stream: Stream, documents: ProjectDocuments, unknown: Mapping[str, Unknown], known: Mapping[str, Partition]
) -> bool:
    """Return whether no row of a project may change, since the document of its latest release lacks the key.

    A null in the document of a release means that its rows are unknown, not that rows of another release stay.

    :param known: the partitions that were loaded before.
    """
    if stream.partition_kind is None:
        return bool(unknown) and any(one.fingerprint != INCOMPLETE and one.has_rows for one in known.values())
    latest = {view.version for view in documents.releases if view.document is documents.document}
    reasons = {unknown[name] for name in latest & unknown.keys()}
    return bool(reasons - {Unknown.NULL}) and any(one.has_rows for one in known.values())


def unknown(document: Document[Any], key: str) -> Unknown | None:
    """Return why the value of a key, such as ``info.classifiers``, is unknown; None: it has the right type."""
    if any(_hides(invalid.path.removeprefix("$."), key) for invalid in document.invalid_fields):
        return Unknown.INVALID
    value = document.content
    for name in key.split("."):
        value = getattr(value, name, None)
    if value is None and not document.has(key):
        return Unknown.MISSING
    if value is None:
        return None if key in _NULL_MEANS_NONE else Unknown.NULL
    if key == "releases" and None in value.values():
        return Unknown.NULL  # a list of files that is null
    items = chain.from_iterable(value.values()) if key == "releases" else value
    return Unknown.NULL if any(map(_is_nameless, items)) else None


def _hides(path: str, key: str) -> bool:
    """Whether a value that became null hides that of a key: the value itself, what contains it, or an item within it.

    Nobody can tell which item was left out, and so which row would be missing.
    """
    is_item = path.startswith(f"{key}[") and path.endswith("]") and "]." not in path.removeprefix(key)
    return path == key or key.startswith(f"{path}.") or is_item


def _is_nameless(item: object) -> bool:
    """Whether an item lacks what its row is identified by, so that nobody can tell which row it is."""
    if isinstance(item, File):  # most items are files
        return item.filename is None and not item.name()
    if isinstance(item, Role):
        return not (item.role and item.user)
    return isinstance(item, Vulnerability) and item.name() is None


def _has_core_metadata(documents: ProjectDocuments, view: ReleaseView) -> bool:
    """Whether a release's core metadata was read, which has its requirements where the index does not list them."""
    return documents.use_core_metadata and any(file.filename in documents.core_metadata for file in view.files())
