"""``project``: the project document as the index sends it, nested; a stream of Airbyte's source-pypi 0.2.x."""

from collections.abc import Iterator

from source_pypi.services.index import documents as wire
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams._fields import ProjectName
from source_pypi.streams._values import without_own_keys
from source_pypi.streams.stream import ONE_PER_PROJECT, ProjectDocuments, Row, Stream


class Project(wire.Project, frozen=True, kw_only=True):
    """A project document and the name of its project."""

    project: ProjectName


def project_rows(documents: ProjectDocuments) -> Iterator[Row]:
    """The document with every key that the index sent, including unknown ones, but for names of our own columns."""
    if documents.document is not None:
        yield without_own_keys(documents.document.sections, "project") | {"project": documents.project}


STREAM = Stream(
    name="project",
    row="a project document as the index sends it, nested",
    record=Project,
    key=("project",),
    documents=(DocumentKind.PROJECT,),
    cost=ONE_PER_PROJECT,
    rows=project_rows,
    raw=True,
)
