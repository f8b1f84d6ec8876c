"""Fixtures of the tests of ``sync/changes.py``."""

import pytest

from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams.stream import Stream
from tests.sync.changing import Piece, RowSource, Thing


@pytest.fixture
def source() -> RowSource:
    """The source of the stream's rows."""
    return RowSource()


@pytest.fixture
def things(source: RowSource) -> Stream:
    """A stream of rows that are replaced by project."""
    return Stream(
        name="things",
        row="a thing",
        record=Thing,
        key=("project", "name"),
        documents=(DocumentKind.PROJECT,),
        cost="",
        rows=source,
    )


@pytest.fixture
def pieces(source: RowSource) -> Stream:
    """A stream of rows that are replaced by release."""
    return Stream(
        name="pieces",
        row="a piece",
        record=Piece,
        key=("project", "version", "name"),
        documents=(DocumentKind.RELEASES,),
        cost="",
        rows=source,
    )
