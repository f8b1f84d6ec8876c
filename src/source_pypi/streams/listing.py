"""``listing``: a project of the index's list."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Struct
from packaging.utils import canonicalize_name

from source_pypi.fields import Integer, describe
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.services.index.documents.page import serial_of
from source_pypi.streams.stream import ProjectDocuments, Row, Stream


class ListedProject(Struct, frozen=True, kw_only=True, gc=False):
    """A listed project. The list includes archived projects and those without releases, but no quarantined ones."""

    project: Annotated[str, describe("The project's normalised name (PEP 503).", source="projects[].name")]
    name: Annotated[str, describe("The name, as the index lists it.", source="projects[].name")]
    serial: Annotated[
        Integer | None,
        describe(
            "The index's serial at the project's last recorded change. The list may be half an hour old.",
            source="projects[]._last-serial",
            null="the index has no serials",
        ),
    ]


def listing_rows(documents: ProjectDocuments) -> Iterator[Row]:
    """A row for each listed project, each once."""
    if documents.listing is None:
        return
    seen: set[str] = set()
    for listed in documents.listing.content.projects:
        if listed.name:
            project = canonicalize_name(listed.name)
            if project not in seen:
                seen.add(project)
                yield ListedProject(project=project, name=listed.name, serial=serial_of(listed.last_serial))


STREAM = Stream(
    name="listing",
    row="a project that the index lists",
    record=ListedProject,
    key=("project",),
    documents=(DocumentKind.LISTING,),
    cost="1 in total (tens of megabytes on the public index)",
    rows=listing_rows,
)
