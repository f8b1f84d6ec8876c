"""``advisory_ranges``: an interval of versions that an advisory affects."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Struct

from source_pypi.fields import describe
from source_pypi.services.advisories.documents import AdvisoryDocuments
from source_pypi.services.advisories.ranges import intervals, key_of_introduced
from source_pypi.services.advisories.records import Record
from source_pypi.standards.versions import sort_key
from source_pypi.streams._advisories import COST, SERVICE, AdvisoryId, AdvisoryProject, ModifiedAt
from source_pypi.streams.stream import Row, Stream

_EVENTS = "affected[].ranges[].events[]"


class AdvisoryRange(Struct, frozen=True, kw_only=True, gc=False):
    """Affected versions from ``introduced`` on: below ``fixed``, or up to and including ``last_affected``.

    An interval begins at an event ``introduced`` of the advisory and ends at the next ``fixed`` or ``last_affected``.
    """

    id: AdvisoryId
    position: Annotated[int, describe("The interval's position in the advisory, from 0.", source="affected[].ranges")]
    project: AdvisoryProject
    introduced: Annotated[
        str | None,
        describe("The first affected version.", source=f"{_EVENTS}.introduced", null="all versions from the first on"),
    ]
    introduced_sort_key: Annotated[
        str,
        describe(
            "The sort key of introduced, which compares with versions.sort_key. Empty, so below all others, if "
            "introduced is null.",
            source=f"{_EVENTS}.introduced",
        ),
    ]
    fixed: Annotated[
        str | None,
        describe(
            "The version with the fix, which is not affected.",
            source=f"{_EVENTS}.fixed",
            null="last_affected says the end, or nothing does",
        ),
    ]
    fixed_sort_key: Annotated[
        str | None, describe("The sort key of fixed.", source=f"{_EVENTS}.fixed", null="fixed is null")
    ]
    last_affected: Annotated[
        str | None,
        describe(
            "The last affected version.",
            source=f"{_EVENTS}.last_affected",
            null="fixed says the end, or nothing does",
        ),
    ]
    last_affected_sort_key: Annotated[
        str | None,
        describe("The sort key of last_affected.", source=f"{_EVENTS}.last_affected", null="last_affected is null"),
    ]
    limit_version: Annotated[
        str | None,
        describe(
            "The version below which the interval holds; nothing is said of later ones.",
            source=f"{_EVENTS}.limit",
            null="there is no limit",
        ),
    ]
    limit_sort_key: Annotated[
        str | None, describe("The sort key of limit_version.", source=f"{_EVENTS}.limit", null="limit_version is null")
    ]
    modified_at: ModifiedAt


def advisory_ranges_rows(documents: AdvisoryDocuments) -> Iterator[Row]:
    """The intervals of each advisory."""
    for record in documents.records:
        yield from _rows(record)


def _rows(record: Record) -> Iterator[AdvisoryRange]:
    every = ((project, one) for project, affected in record.projects for one in intervals(affected.ranges))
    for position, (project, one) in enumerate(every):
        yield AdvisoryRange(
            id=record.id,
            position=position,
            project=project,
            introduced=one.introduced,
            introduced_sort_key=key_of_introduced(one.introduced),
            fixed=one.fixed,
            fixed_sort_key=_key(one.fixed),
            last_affected=one.last_affected,
            last_affected_sort_key=_key(one.last_affected),
            limit_version=one.limit,
            limit_sort_key=_key(one.limit),
            modified_at=record.modified,
        )


def _key(version: str | None) -> str | None:
    return None if version is None else sort_key(version)


STREAM = Stream(
    name="advisory_ranges",
    row="an interval of versions of a project that an advisory affects",
    record=AdvisoryRange,
    key=("id", "position"),
    documents=(),
    cost=COST,
    rows=advisory_ranges_rows,
    service=SERVICE,
    merged_by="id",
)
