"""``downloads_by``: the downloads of a project in a day by version, Python, system and the like.

The setting ``downloads_by`` says by what. A breakdown by several dimensions at once, such as ``version+country``, has
many rows.
"""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Struct

from source_pypi.fields import Integer, describe
from source_pypi.services.downloads.documents import DownloadCounts, counting_of
from source_pypi.streams._downloads import Complete, Counting, Day, DownloadSource, Slice
from source_pypi.streams._fields import ProjectName
from source_pypi.streams.stream import Row, Stream

_EMPTY = "Empty: unknown, or the breakdown is not by it."


class DownloadBy(Struct, frozen=True, kw_only=True, gc=False):
    """The downloads of a project in a day by some dimensions."""

    project: ProjectName
    day: Day
    source: DownloadSource
    dimensions: Annotated[
        str,
        describe(
            "What the row is by, such as python or version+country. Add up rows of one value only: each breakdown "
            "counts the same downloads.",
            source="the setting downloads_by",
        ),
    ]
    version: Annotated[str, describe(f"The version, as the index writes it. {_EMPTY}", source="clickhouse: version")]
    file_type: Annotated[
        str, describe(f"The kind of file, such as bdist_wheel or sdist. {_EMPTY}", source="clickhouse: type")
    ]
    python: Annotated[
        str,
        describe(
            f"The minor version of Python that downloaded it, such as 3.12. {_EMPTY}",
            source="pypistats: data[].category of python_minor; clickhouse: python_minor",
        ),
    ]
    system: Annotated[
        str,
        describe(
            f"The operating system that downloaded it: Linux, Windows, Darwin or another. {_EMPTY}",
            source="pypistats: data[].category of system; clickhouse: system",
        ),
    ]
    country: Annotated[
        str, describe(f"The country of the network address (ISO 3166). {_EMPTY}", source="clickhouse: country_code")
    ]
    installer: Annotated[
        str, describe(f"The program that downloaded it, such as pip or uv. {_EMPTY}", source="clickhouse: installer")
    ]
    downloads: Annotated[
        Integer,
        describe(
            "Number of downloads: of pypistats without mirrors, of clickhouse all.",
            source="pypistats: data[].downloads; clickhouse: count",
            unit="downloads",
        ),
    ]
    counting: Counting
    complete: Complete
    slice: Slice


def downloads_by_rows(counts: DownloadCounts) -> Iterator[Row]:
    """A row for each day and combination of values."""
    if not counts.dimensions:
        return
    for count in counts.counts:
        values = counts.values_of(count)
        yield DownloadBy(
            project=counts.project,
            day=str(count.day),
            source=counts.source,
            dimensions="+".join(counts.dimensions),
            version=values.get("version", ""),
            file_type=values.get("file_type", ""),
            python=values.get("python", ""),
            system=values.get("system", ""),
            country=values.get("country", ""),
            installer=values.get("installer", ""),
            downloads=count.downloads,
            counting=counting_of(count.day),
            complete=counts.is_complete(count.day),
            slice=counts.slice_of(count.day),
        )


STREAM = Stream(
    name="downloads_by",
    row="the downloads of a project in a day by version, Python, system and the like",
    record=DownloadBy,
    key=(
        "project",
        "day",
        "source",
        "dimensions",
        "version",
        "file_type",
        "python",
        "system",
        "country",
        "installer",
    ),
    documents=(),
    cost="pypistats: 1 per project and breakdown, at most once a day; clickhouse: 1 per 20 projects and breakdown",
    rows=downloads_by_rows,
    service="downloads",
    per_project=True,
    merged_by="slice",
)
