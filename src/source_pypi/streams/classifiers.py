"""``classifiers``: one classifier of a release."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Struct

from source_pypi.fields import describe
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams.stream import ONE_A_RELEASE, ProjectDocuments, Row, Stream

#: Separators in a classifier that are looked at; real ones have up to five.
_MOST_PARTS = 100


class Classifier(Struct, frozen=True, kw_only=True, gc=False):
    """A trove classifier, taken apart."""

    project: Annotated[str, describe("The project's normalised name (PEP 503).", source="the name asked for")]
    version: Annotated[str, describe("The release that has it, as the index has it.", source="info.version")]
    classifier: Annotated[str, describe("The classifier, as uploaded.", source="info.classifiers")]
    category: Annotated[str, describe("Its first part, e.g. Programming Language.", source="info.classifiers")]
    parts: Annotated[list[str], describe("Its further parts, e.g. Python, 3, 3.12.", source="info.classifiers")]


def classifiers_rows(visit: ProjectDocuments) -> Iterator[Row]:
    """The classifiers of each release that was read, each once."""
    if visit.project is None:
        return
    for release in visit.releases:
        for classifier in dict.fromkeys(release.content.info.classifiers or ()):
            category, *parts = (part.strip() for part in classifier.split("::", _MOST_PARTS))
            yield Classifier(
                project=visit.project,
                version=release.version,
                classifier=classifier,
                category=category,
                parts=parts,
            )


STREAM = Stream(
    name="classifiers",
    row="one classifier of a release",
    record=Classifier,
    key=("project", "version", "classifier"),
    documents=(DocumentKind.RELEASES,),
    cost=ONE_A_RELEASE,
    rows=classifiers_rows,
    required_key="info.classifiers",
)
