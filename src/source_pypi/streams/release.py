"""``release``: release documents as the index sends them; a stream of Airbyte's source-pypi 0.2.x."""

from collections.abc import Iterator
from typing import Annotated

from source_pypi.fields import describe
from source_pypi.services.index import documents
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams.stream import ONE_A_RELEASE, ProjectDocuments, Row, Stream


class Release(documents.Release, frozen=True, kw_only=True):
    """A release document, and which release it is of."""

    project: Annotated[str, describe("The project's normalised name (PEP 503).", source="the name asked for")]
    version: Annotated[str, describe("The version, as the index has it.", source="info.version")]


def release_rows(visit: ProjectDocuments) -> Iterator[Row]:
    """The documents with every key that the index sent; ``releases`` belongs to project documents only."""
    for release in visit.releases:
        sections = {name: value for name, value in release.document.sections.items() if name != "releases"}
        yield sections | {"project": visit.project, "version": release.version}


STREAM = Stream(
    name="release",
    row="a release document as the index sends it, nesting kept",
    record=Release,
    key=("project", "version"),
    documents=(DocumentKind.RELEASES,),
    cost=ONE_A_RELEASE,
    rows=release_rows,
    raw=True,
)
