"""``release``: release documents as the index sends them, nested; a stream of Airbyte's source-pypi 0.2.x."""

from collections.abc import Iterator

from source_pypi.services.index import documents as wire
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams._fields import ProjectName, ReleaseVersion
from source_pypi.streams._values import without_own_keys
from source_pypi.streams.stream import ONE_PER_RELEASE, ProjectDocuments, Row, Stream


class Release(wire.Release, frozen=True, kw_only=True):
    """A release document, with the name of its project and its version."""

    project: ProjectName
    version: ReleaseVersion


def release_rows(documents: ProjectDocuments) -> Iterator[Row]:
    """The documents with every key that the index sent, but for names of our own columns.

    ``releases`` is left out, too: only project documents have it.
    """
    for release in documents.releases:
        sections = without_own_keys(release.document.sections, "project", "version", "releases")
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
