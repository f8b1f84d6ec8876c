"""``removed_advisories``: an advisory that OSV's export no longer has."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from msgspec import Struct

from source_pypi.fields import describe
from source_pypi.services.advisories.documents import REMOVED, AdvisoryDocuments
from source_pypi.streams._advisories import COST, SERVICE, AdvisoryId
from source_pypi.streams.stream import Row, Stream


class RemovedAdvisory(Struct, frozen=True, kw_only=True, gc=False):
    """An advisory that was read, and that the export no longer has. Its rows in the other streams stay.

    A withdrawn advisory is not removed: it stays in the export.
    """

    id: AdvisoryId
    removed_at: Annotated[
        datetime | None,
        describe("Time of the run that noticed it.", source="the time of the run", null="the export has it again"),
    ]


def removed_advisories_rows(documents: AdvisoryDocuments) -> Iterator[Row]:
    """A row for each advisory that is no longer there, or there again."""
    return (RemovedAdvisory(id=id_, removed_at=at) for id_, at in documents.removed.items())


STREAM = Stream(
    name=REMOVED,
    row="an advisory that was read, and that OSV's export no longer has",
    record=RemovedAdvisory,
    key=("id",),
    documents=(),
    cost=COST,
    rows=removed_advisories_rows,
    service=SERVICE,
    merged_by="id",
)
