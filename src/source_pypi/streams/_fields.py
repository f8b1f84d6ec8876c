"""Fields that several records have: each is described once."""

from datetime import datetime
from typing import Annotated

from source_pypi.fields import Integer, describe

#: What null means where the index leaves a value out, or a file's own metadata does.
NOT_GIVEN = "not given"

ProjectName = Annotated[str, describe("The project's normalised name (PEP 503).", source="the requested name")]
ListedVersion = Annotated[str, describe("The version, as the index writes it.", source="releases")]
ReleaseVersion = Annotated[str, describe("The release's version, as the index writes it.", source="info.version")]

FirstUploadAt = Annotated[
    datetime | None,
    describe("Time of the earliest upload.", source="releases[].upload_time_iso_8601", null="no files"),
]
LastUploadAt = Annotated[
    datetime | None,
    describe("Time of the latest upload.", source="releases[].upload_time_iso_8601", null="no files"),
]
FirstSeenAt = Annotated[
    datetime | None,
    describe(
        "When a sync of this table first saw the file, where the index gives no upload time; of a version, the "
        "earliest of its files. It is no earlier than the upload: the first sync dates all files that are there.",
        source="the time of the sync",
        null="the index gives the upload time, or there are no files",
    ),
]
TotalSize = Annotated[
    Integer | None, describe("Total size of the files.", source="releases[].size", unit="bytes", null=NOT_GIVEN)
]
YankedReason = Annotated[
    str | None,
    describe("The reason given for yanking.", source="releases[].yanked_reason", null="not yanked, or no reason given"),
]
RowSource = Annotated[
    str,
    describe(
        "Where the row is from: 'document', or 'page' where the index has no project document, or one that does not "
        "list it.",
        source="the document that it was read from",
    ),
]

ReleaseSource = Annotated[
    str,
    describe(
        "Where the row is from: 'document' of the project or release, or 'metadata' (METADATA of a file) where the "
        "index has no such document.",
        source="the document that it was read from",
    ),
]

#: Fields of both feeds.
LinkedProject = Annotated[str, describe("The project's normalised name (PEP 503).", source="item.link")]
EntryTitle = Annotated[str | None, describe("The entry's title.", source="item.title", null=NOT_GIVEN)]
EntrySummary = Annotated[
    str | None, describe("One-line summary of the project.", source="item.description", null=NOT_GIVEN)
]
EntryAuthorEmail = Annotated[str | None, describe("The author's email address.", source="item.author", null=NOT_GIVEN)]
PublishedAt = Annotated[
    datetime | None,
    describe("Time of publication.", source="item.pubDate", null="the entry has no valid time"),
]
