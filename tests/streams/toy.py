"""``toy``: the length of a project's summary."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Struct

from source_pypi.fields import describe
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams._fields import ProjectName
from source_pypi.streams.stream import ONE_PER_PROJECT, ProjectDocuments, Row, Stream


class Toy(Struct, frozen=True, kw_only=True, gc=False):
    """The length of a summary."""

    project: ProjectName
    length: Annotated[int | None, describe("Length of the summary.", source="info.summary", null="no summary")]


def toy_rows(documents: ProjectDocuments) -> Iterator[Row]:
    """One row, from the project document."""
    if documents.project is not None and documents.document is not None:
        summary = documents.document.content.info.summary
        yield Toy(project=documents.project, length=None if summary is None else len(summary))


STREAM = Stream(
    name="toy",
    row="a project's summary",
    record=Toy,
    key=("project",),
    documents=(DocumentKind.PROJECT,),
    cost=ONE_PER_PROJECT,
    rows=toy_rows,
)
