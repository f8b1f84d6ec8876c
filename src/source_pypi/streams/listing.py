"""``listing``: a project that the index has."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Struct
from packaging.utils import canonicalize_name

from source_pypi.fields import Integer, about
from source_pypi.services.index.documents.kinds import Reads
from source_pypi.services.index.documents.page import serial_of
from source_pypi.streams.stream import Row, Stream, Visit


class Listing(Struct, frozen=True, kw_only=True, gc=False):
    """A listed project: archived ones and those without releases are listed, quarantined ones are not."""

    project: Annotated[str, about("The project's normalised name (PEP 503).", source="projects[].name")]
    name: Annotated[str, about("The name as the index lists it.", source="projects[].name")]
    serial: Annotated[
        Integer | None,
        about(
            "The index's counter at the last change of the project that it journals; the list may be half an hour old.",
            source="projects[]._last-serial",
            null="the index has none",
        ),
    ]


def listing_rows(visit: Visit) -> Iterator[Row]:
    """A row for each listed project, each once."""
    if visit.listing is None:
        return
    seen: set[str] = set()
    for listed in visit.listing.content.projects:
        if listed.name:
            project = canonicalize_name(listed.name)
            if project not in seen:
                seen.add(project)
                yield Listing(project=project, name=listed.name, serial=serial_of(listed.last_serial))


STREAM = Stream(
    name="listing",
    row="a project that the index has",
    record=Listing,
    key=("project",),
    reads=(Reads.LISTING,),
    cost="1 in all (tens of megabytes on the public index)",
    rows=listing_rows,
)
