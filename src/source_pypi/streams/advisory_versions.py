"""``advisory_versions``: a version that an advisory lists as affected."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Struct

from source_pypi.fields import describe
from source_pypi.services.advisories.documents import AdvisoryDocuments
from source_pypi.standards.versions import sort_key
from source_pypi.streams._advisories import COST, SERVICE, AdvisoryId, AdvisoryProject, ModifiedAt
from source_pypi.streams.stream import Row, Stream


class AdvisoryVersion(Struct, frozen=True, kw_only=True, gc=False):
    """A version that an advisory lists, whether or not it is in an interval of ``advisory_ranges``."""

    id: AdvisoryId
    project: AdvisoryProject
    version: Annotated[str, describe("The version, as the advisory writes it.", source="affected[].versions")]
    sort_key: Annotated[
        str,
        describe(
            "The version's sort key: that of versions.sort_key for the same version, however it is written.",
            source="affected[].versions",
        ),
    ]
    modified_at: ModifiedAt


def advisory_versions_rows(documents: AdvisoryDocuments) -> Iterator[Row]:
    """The listed versions of each advisory, each once."""
    for record in documents.records:
        listed = ((project, version) for project, affected in record.projects for version in affected.versions)
        for project, version in dict.fromkeys(listed):
            yield AdvisoryVersion(
                id=record.id,
                project=project,
                version=version,
                sort_key=sort_key(version),
                modified_at=record.modified,
            )


STREAM = Stream(
    name="advisory_versions",
    row="a version of a project that an advisory lists as affected",
    record=AdvisoryVersion,
    key=("id", "project", "version"),
    documents=(),
    cost=COST,
    rows=advisory_versions_rows,
    service=SERVICE,
    merged_by="id",
)
