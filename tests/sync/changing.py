"""Streams of made-up rows, and their changes: for the tests of ``sync/changes.py``."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Struct

from source_pypi.fields import describe
from source_pypi.services.index.documents import Fingerprint
from source_pypi.services.index.documents.fingerprint import fingerprint_of
from source_pypi.services.index.documents.kinds import DocumentKind
from source_pypi.streams.stream import ProjectDocuments, Row, Stream
from source_pypi.sync.batch import Change
from source_pypi.sync.changes import change_of
from source_pypi.sync.fetch_result import FetchResult
from source_pypi.sync.planner import PreviousState
from source_pypi.sync.state import ProjectState

NOW = 1_795_332_577
DIGEST = b"term"
A, B = fingerprint_of('"a"', b"", 5), fingerprint_of('"b"', b"", 6)


class Thing(Struct):
    """A row of a project."""

    project: Annotated[str, describe("The project.", source="-")]
    name: Annotated[str, describe("A name.", source="-")]
    value: Annotated[int, describe("A value.", source="-")] = 0


class Piece(Struct):
    """A row of a release."""

    project: Annotated[str, describe("The project.", source="-")]
    version: Annotated[str, describe("The release.", source="-")]
    name: Annotated[str, describe("A name.", source="-")]


class RowSource:
    """The rows that a stream makes, as the test sets them, and how often it made them."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.calls = 0

    def __call__(self, _: ProjectDocuments) -> Iterable[Row]:
        """Return the rows."""
        self.calls += 1
        return self.rows


def stream_of(
    rows: RowSource,
    name: str = "things",
    record: type[Struct] = Thing,
    key: tuple[str, ...] = ("project", "name"),
    documents: tuple[DocumentKind, ...] = (DocumentKind.PROJECT,),
) -> Stream:
    """Return a stream of made-up rows."""
    return Stream(name=name, row="one", record=record, key=key, documents=documents, cost="", rows=rows)


def found(
    fingerprint: Fingerprint | None = A,
    partitions: Mapping[str, Fingerprint | None] | None = None,
    *,
    missing: bool = False,
    **more: Any,
) -> FetchResult:
    """Return the result of a fetch of foo."""
    result = FetchResult(documents=ProjectDocuments(project="foo"), missing=missing, **more)
    if fingerprint is not None:
        result.fingerprints[DocumentKind.PROJECT] = fingerprint
    if partitions is not None:
        result.partitions[DocumentKind.RELEASES] = dict(partitions)
    return result


def listed(fingerprint: Fingerprint) -> FetchResult:
    """Return the result of a fetch of the index's list."""
    result = FetchResult()
    result.fingerprints[DocumentKind.LISTING] = fingerprint
    return result


def change(
    stream: Stream,
    result: FetchResult,
    state: ProjectState | None = None,
    *,
    comparable: bool = True,
    keys: bool = True,
) -> Change:
    """Return the change since this state."""
    before = {} if state is None else {stream.name: state}
    previous = PreviousState((stream,), before, frozenset(before if comparable else ()))
    return change_of(stream, result, previous, DIGEST, NOW, keys=keys)


def written(change: Change, record: type[Struct] = Thing) -> list[Any] | None:
    """Return the rows to write, as many as ``count`` says; None: nothing has changed."""
    if change.count is None:
        assert change.lines == ()
        return None
    rows = msgspec.json.Decoder(record).decode_lines(b"".join(change.lines))
    assert len(rows) == change.count
    return rows


def thing(*names: str, value: int = 0) -> list[Row]:
    """Rows of these names."""
    return [Thing("foo", name, value) for name in names]


def piece(version: str, *names: str) -> list[Row]:
    """Rows of a release."""
    return [Piece("foo", version, name) for name in names]
