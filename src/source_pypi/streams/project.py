"""``project``: the project document as the index sends it, nesting kept; a stream of Airbyte's source-pypi 0.2.x."""

from collections.abc import Iterator
from typing import Annotated

from source_pypi.fields import describe
from source_pypi.services.index import documents
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams.stream import ONE_A_PROJECT, ProjectDocuments, Row, Stream


class Project(documents.Project, frozen=True, kw_only=True):
    """A project document, and whose it is."""

    project: Annotated[str, describe("The project's normalised name (PEP 503).", source="the name asked for")]


def project_rows(visit: ProjectDocuments) -> Iterator[Row]:
    """The document with every key that the index sent, known or not."""
    if visit.document is not None:
        yield {**visit.document.sections} | {"project": visit.project}


STREAM = Stream(
    name="project",
    row="a project document as the index sends it, nesting kept",
    record=Project,
    key=("project",),
    documents=(DocumentKind.PROJECT,),
    cost=ONE_A_PROJECT,
    rows=project_rows,
    raw=True,
)
