"""``statuses``: the status of a requested project.

The project document does not say why it is missing, or whether the project is archived; the project page does
(index-api.md 3). A missing project has a row. An outage is an error, never a status.
"""

from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import Annotated

from msgspec import Struct

from source_pypi.fields import Integer, describe
from source_pypi.services.index.documents import Document, Page, Project
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.services.index.documents.page import serial_of
from source_pypi.streams._fields import ProjectName
from source_pypi.streams._values import text
from source_pypi.streams.stream import ProjectDocuments, Row, Stream

_NO_PAGE = "there is no page"
_NO_NAMESPACES = "the index does not publish namespaces, or there is no page"
#: The minor version of the format 1.x that brought statuses (PEP 792).
_STATUSES_SINCE = 4


class Status(Struct, frozen=True, kw_only=True, gc=False):
    """A project's status."""

    project: ProjectName
    status: Annotated[
        str,
        describe(
            "active; archived (no more releases are expected), deprecated or quarantined (PEP 792); empty (it has no "
            "releases); missing (the index does not have it).",
            source="page: project-status.status",
        ),
    ]
    reason: Annotated[
        str | None,
        describe("The reason, as the index gives it.", source="page: project-status.reason", null="no reason given"),
    ]
    has_status: Annotated[
        bool,
        describe(
            "Whether the index gives the status of this project. False: it may be archived or quarantined although it "
            "counts as active, since the index publishes no statuses.",
            source="page: project-status, or meta.api-version from 1.4 on",
        ),
    ]
    has_document: Annotated[
        bool,
        describe("Whether there is a project document. Empty and quarantined projects have none.", source="document"),
    ]
    has_page: Annotated[bool, describe("Whether there is a project page.", source="page")]
    file_count: Annotated[
        int | None, describe("Number of files that the page lists.", source="page: files", unit="files", null=_NO_PAGE)
    ]
    agree: Annotated[
        bool | None,
        describe(
            "Whether document and page list the same files.",
            source="document: releases; page: files",
            null="there is no page, no document of a project with files, or the document lists no releases",
        ),
    ]
    disagreement: Annotated[
        str | None,
        describe(
            "How document and page differ.",
            source="document: releases; page: files",
            null="they agree, or cannot be compared",
        ),
    ]
    serial: Annotated[
        Integer | None,
        describe(
            "The project's serial, as the page gives it.",
            source="page: meta._last-serial",
            null="there is no page, or it has none",
        ),
    ]
    namespaces: Annotated[
        list[str] | None,
        describe(
            "The namespaces that the project's name belongs to (PEP 752). Empty: none.",
            source="page: namespaces[].name",
            null=_NO_NAMESPACES,
        ),
    ]
    owned_namespaces: Annotated[
        list[str] | None,
        describe(
            "Those of the namespaces whose owner owns the project, too.",
            source="page: namespaces[].owned",
            null=_NO_NAMESPACES,
        ),
    ]


def statuses_rows(documents: ProjectDocuments) -> Iterator[Row]:
    """One row, from page and document, even if one or both are missing."""
    if documents.project is None:
        return
    page = None if documents.page is None else documents.page.content
    document = None if documents.document is None else documents.document.content
    disagreement = _disagreement(document, page)
    namespaces = None if documents.page is None else _namespaces(documents.page)
    comparable = page is not None and (not page.files if document is None else document.releases is not None)
    yield Status(
        project=documents.project,
        status=_status(document, page),
        reason=None if page is None or page.status is None else text(page.status.reason),
        has_status=documents.page is not None and _has_status(documents.page),
        has_document=document is not None,
        has_page=page is not None,
        file_count=None if page is None else len(page.files),
        agree=disagreement is None if comparable else None,
        disagreement=disagreement if comparable else None,
        serial=None if page is None or page.meta is None else serial_of(page.meta.last_serial),
        namespaces=None if namespaces is None else [name for name, _ in namespaces],
        owned_namespaces=None if namespaces is None else [name for name, owned in namespaces if owned],
    )


def _status(document: Project | None, page: Page | None) -> str:
    status = None if page is None or page.status is None else text(page.status.status)
    if status is not None and status != "active":
        return status
    if document is None:
        return "missing" if page is None else "active" if page.files else "empty"
    return "active"


def _has_status(document: Document[Page]) -> bool:
    """Whether a page gives the project's status; from version 1.4 on, a page without one means active (PEP 792)."""
    page = document.content
    if page.status is not None:
        return text(page.status.status) is not None
    if any(invalid.path.startswith("$.project-status") for invalid in document.invalid_fields):
        return False
    version = (page.meta and page.meta.api_version) or ""
    minor = version.removeprefix("1.")
    return minor != version and minor.isascii() and minor.isdigit() and int(minor[:9]) >= _STATUSES_SINCE


def _namespaces(document: Document[Page]) -> list[tuple[str, bool]] | None:
    """The namespaces of a page, and whether their owners own the project; None: the page does not speak of them.

    The key has the value null if there are none. Only pages as JSON have it: the HTML form gets no more keys (PEP 833).
    """
    found = document.content.namespaces
    if found is not None:
        return [(name, one.owned is True) for one in found if (name := text(one.name)) is not None]
    invalid = any(field.path.startswith("$.namespaces") for field in document.invalid_fields)
    is_json = document.body.lstrip(BOM_UTF8).lstrip().startswith(b"{")
    return [] if is_json and not invalid and document.has("namespaces") else None


def _disagreement(document: Project | None, page: Page | None) -> str | None:
    in_document = {file.name() for files in (document.listed() if document else {}).values() for file in files}
    on_page = {file.name() for file in page.files} if page is not None else set()
    differences = [
        f"{len(names)} files only {where}"
        for names, where in ((in_document - on_page, "in the document"), (on_page - in_document, "on the page"))
        if names
    ]
    return "; ".join(differences) or None


STREAM = Stream(
    name="statuses",
    row="the status of a requested project",
    record=Status,
    key=("project",),
    documents=(DocumentKind.PAGE, DocumentKind.PROJECT),
    cost="1 per project, its page, beyond the project document",
    rows=statuses_rows,
    revision=1,  # without a document, files are not compared
)
