"""``classifiers``: a trove classifier of a release."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Struct

from source_pypi.fields import describe
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams._fields import ProjectName, ReleaseSource, ReleaseVersion
from source_pypi.streams._metadata import METADATA
from source_pypi.streams._pages import DOCUMENT
from source_pypi.streams.stream import ONE_PER_RELEASE_OR_METADATA, ProjectDocuments, Row, Stream

#: Maximum number of separators that split a classifier; real ones have up to five.
_MAX_SEPARATORS = 100


class Classifier(Struct, frozen=True, kw_only=True, gc=False):
    """A trove classifier, whole and in parts."""

    project: ProjectName
    version: ReleaseVersion
    classifier: Annotated[str, describe("The classifier, as uploaded.", source="info.classifiers")]
    category: Annotated[str, describe("Its first part, e.g. Programming Language.", source="info.classifiers")]
    parts: Annotated[list[str], describe("Its other parts, e.g. Python, 3, 3.12.", source="info.classifiers")]
    source: ReleaseSource


def classifiers_rows(documents: ProjectDocuments) -> Iterator[Row]:
    """The classifiers of each selected release, each once."""
    if documents.project is None:
        return
    for release in documents.described_releases:
        for classifier in dict.fromkeys(release.content.info.classifiers or ()):
            category, *parts = (part.strip() for part in classifier.split("::", _MAX_SEPARATORS))
            yield Classifier(
                project=documents.project,
                version=release.version,
                classifier=classifier,
                category=category,
                parts=parts,
                source=METADATA if release.from_metadata else DOCUMENT,
            )


STREAM = Stream(
    name="classifiers",
    row="a classifier of a release",
    record=Classifier,
    key=("project", "version", "classifier"),
    documents=(DocumentKind.RELEASES,),
    cost=ONE_PER_RELEASE_OR_METADATA,
    rows=classifiers_rows,
    required_key="info.classifiers",
    from_metadata=True,
)
