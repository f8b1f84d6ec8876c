"""Fixtures of the tests of ``sync/changes.py``."""

import pytest

from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams.stream import Stream
from tests.sync.changing import Piece, RowSource, stream_of


@pytest.fixture
def source() -> RowSource:
    """The source of the stream's rows."""
    return RowSource()


@pytest.fixture
def things(source: RowSource) -> Stream:
    """A stream of rows that are replaced by project."""
    return stream_of(source)


@pytest.fixture
def pieces(source: RowSource) -> Stream:
    """A stream of rows that are replaced by release."""
    return stream_of(source, "pieces", Piece, ("project", "version", "name"), (DocumentKind.RELEASES,))


@pytest.fixture
def listing(source: RowSource) -> Stream:
    """A stream of the index as a whole."""
    return stream_of(source, "listing", key=("project",), documents=(DocumentKind.LISTING,))
