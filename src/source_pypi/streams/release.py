"""``release``: release documents as the index sends them, nested; a stream of Airbyte's source-pypi 0.2.x."""

from collections.abc import Iterator

from source_pypi.services.index import documents as wire
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams._fields import ProjectName, ReleaseVersion
from source_pypi.streams.stream import ONE_PER_RELEASE, ProjectDocuments, Row, Stream


class Release(wire.Release, frozen=True, kw_only=True):
    """A release document, with the name of its project and its version."""

    project: ProjectName
    version: ReleaseVersion


def release_rows(documents: ProjectDocuments) -> Iterator[Row]:
    """The documents with every key that the index sent, except ``releases``, which only project documents have."""
    for release in documents.releases:
        sections = {name: value for name, value in release.document.sections.items() if name != "releases"}
        yield sections | {"project": documents.project, "version": release.version}


STREAM = Stream(
    name="release",
    row="a release document as the index sends it, nested",
    record=Release,
    key=("project", "version"),
    documents=(DocumentKind.RELEASES,),
    cost=ONE_PER_RELEASE,
    rows=release_rows,
    raw=True,
)
