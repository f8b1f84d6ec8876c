"""Fields of both streams of downloads."""

from typing import Annotated

from source_pypi.fields import describe

Day = Annotated[
    str,
    describe("The day in UTC, as YYYY-MM-DD.", source="pypistats: data[].date; clickhouse: date"),
]
DownloadSource = Annotated[str, describe("Who counted: pypistats or clickhouse.", source="the setting downloads_from")]
Counting = Annotated[
    str,
    describe(
        "What counted as a download on this day: every-object (also metadata, signatures and installers; before "
        "2026-08-24) or artifacts (wheels and source distributions only; from then on). Do not compare across it.",
        source="the day",
    ),
]
Complete = Annotated[
    bool,
    describe(
        "False for the last two days that the source had when it was read: it may still add to them.",
        source="the time of the visit",
    ),
]
Slice = Annotated[
    str,
    describe(
        "Source, dimensions and day: rows of a project with the same value are replaced together.",
        source="the other columns",
    ),
]
