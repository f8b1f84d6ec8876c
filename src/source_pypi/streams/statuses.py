"""``statuses``: what became of a project that was asked for.

The project document does not tell why it is absent, and says nothing of archived projects; the project page does
(index-api.md 3). Absence is told here as a row, never as a gap; an outage is an error, never a status.
"""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Struct

from source_pypi.fields import Integer, describe
from source_pypi.services.index.documents import Page, Project
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.services.index.documents.page import serial_of
from source_pypi.streams._values import text
from source_pypi.streams.stream import ProjectDocuments, Row, Stream

_NO_PAGE = "there is no page"


class Status(Struct, frozen=True, kw_only=True, gc=False):
    """A project's status."""

    project: Annotated[str, describe("The project's normalised name (PEP 503).", source="the name asked for")]
    status: Annotated[
        str,
        describe(
            "active; archived (no releases are to be expected), deprecated, or quarantined (PEP 792); empty (the index "
            "has it, without releases); missing (the index does not have it).",
            source="page: project-status.status",
        ),
    ]
    reason: Annotated[
        str | None,
        describe("Why, as the index says it.", source="page: project-status.reason", null="no reason given"),
    ]
    has_document: Annotated[
        bool,
        describe(
            "Whether there is a project document; there is none of empty and quarantined projects.", source="document"
        ),
    ]
    has_page: Annotated[bool, describe("Whether there is a project page.", source="page")]
    file_count: Annotated[
        int | None, describe("Files that the page lists.", source="page: files", unit="files", null=_NO_PAGE)
    ]
    agree: Annotated[
        bool | None,
        describe(
            "Whether document and page list the same files, or are both without any.",
            source="document: releases; page: files",
            null="there is no page, or the document lists no releases",
        ),
    ]
    disagreement: Annotated[
        str | None,
        describe(
            "How they differ.", source="document: releases; page: files", null="they agree, or cannot be compared"
        ),
    ]
    serial: Annotated[
        Integer | None,
        describe("The page's serial.", source="page: meta._last-serial", null="there is no page, or it has none"),
    ]


def statuses_rows(visit: ProjectDocuments) -> Iterator[Row]:
    """One row, from page and document, whether they are there or not."""
    if visit.project is None:
        return
    page = None if visit.page is None else visit.page.content
    document = None if visit.document is None else visit.document.content
    disagreement = _disagreement(document, page)
    comparable = page is not None and (document is None or document.releases is not None)
    yield Status(
        project=visit.project,
        status=_status(document, page),
        reason=None if page is None or page.status is None else text(page.status.reason),
        has_document=document is not None,
        has_page=page is not None,
        file_count=None if page is None else len(page.files),
        agree=disagreement is None if comparable else None,
        disagreement=disagreement if comparable else None,
        serial=None if page is None or page.meta is None else serial_of(page.meta.last_serial),
    )


def _status(document: Project | None, page: Page | None) -> str:
    told = None if page is None or page.status is None else text(page.status.status)
    if told is not None and told != "active":
        return told
    if document is None:
        return "missing" if page is None else "active" if page.files else "empty"
    return "active"


def _disagreement(document: Project | None, page: Page | None) -> str | None:
    listed = {file.name() for files in (document.listed() if document else {}).values() for file in files}
    paged = {file.filename for file in page.files} if page is not None else set()
    told = [
        f"{len(names)} files only {where}"
        for names, where in ((listed - paged, "in the document"), (paged - listed, "on the page"))
        if names
    ]
    return "; ".join(told) or None


STREAM = Stream(
    name="statuses",
    row="what became of a project that was asked for",
    record=Status,
    key=("project",),
    documents=(DocumentKind.PAGE, DocumentKind.PROJECT),
    cost="1 a project, its page, beyond the project document",
    rows=statuses_rows,
)
