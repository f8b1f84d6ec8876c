"""``stats``: the index's statistics as it sends them; a stream of Airbyte's source-pypi 0.2.x."""

from collections.abc import Iterator

from source_pypi.services.index import documents as wire
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams._values import without_own_keys
from source_pypi.streams.stream import ProjectDocuments, Row, Stream


class Stats(wire.Statistics, frozen=True):
    """The index's statistics."""


def stats_rows(documents: ProjectDocuments) -> Iterator[Row]:
    """The document with every key that the index sent, but for names of our own columns."""
    if documents.statistics is not None:
        yield without_own_keys(documents.statistics.sections)


STREAM = Stream(
    name="stats",
    row="the index's statistics as it sends them",
    record=Stats,
    key=(),
    documents=(DocumentKind.STATISTICS,),
    cost="1 in total",
    rows=stats_rows,
    raw=True,
)
