"""``downloads``: the downloads of a project in a day.

The rows of the last three days are read again, since sources are still filling them; older rows stay, also when the
source no longer has them. Days without downloads have no row: the view ``downloads_daily`` has them.
"""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Struct

from source_pypi.fields import Integer, describe
from source_pypi.services.downloads.documents import DownloadCounts, counting_of
from source_pypi.streams._downloads import Complete, Counting, Day, DownloadSource, Slice
from source_pypi.streams._fields import ProjectName
from source_pypi.streams.stream import Row, Stream


class Download(Struct, frozen=True, kw_only=True, gc=False):
    """The downloads of a project in a day."""

    project: ProjectName
    day: Day
    source: DownloadSource
    category: Annotated[
        str,
        describe(
            "What is counted: with_mirrors (all downloads) or without_mirrors (without those of programs that copy an "
            "index, and of unknown programs).",
            source="pypistats: data[].category; clickhouse: installer",
        ),
    ]
    downloads: Annotated[
        Integer,
        describe("Number of downloads.", source="pypistats: data[].downloads; clickhouse: count", unit="downloads"),
    ]
    counting: Counting
    complete: Complete
    slice: Slice


def downloads_rows(counts: DownloadCounts) -> Iterator[Row]:
    """A row for each day and category."""
    if counts.dimensions:
        return
    for count in counts.counts:
        yield Download(
            project=counts.project,
            day=str(count.day),
            source=counts.source,
            category=count.category,
            downloads=count.downloads,
            counting=counting_of(count.day),
            complete=counts.is_complete(count.day),
            slice=counts.slice_of(count.day),
        )


STREAM = Stream(
    name="downloads",
    row="the downloads of a project in a day",
    record=Download,
    key=("project", "day", "source", "category"),
    documents=(),
    cost="pypistats: 1 per project, at most once a day; clickhouse: 1 per 200 projects",
    rows=downloads_rows,
    service="downloads",
    per_project=True,
    merged_by="slice",
)
