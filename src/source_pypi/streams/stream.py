"""What a stream is: a named, keyed series of rows, made from documents by a pure function."""

import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from msgspec import Struct

from source_pypi.documents import Document, Project, Release, Statistics

#: A row: a record's instance, or for documents that are passed on whole, their keys and values.
Row = Struct | Mapping[str, object]


class Reads(enum.Enum):
    """A document that a stream needs, and what it costs."""

    PROJECT = "project document"
    RELEASES = "release documents"
    STATISTICS = "statistics"

    @property
    def of_project(self) -> bool:
        """Whether there is one for each project; the others are asked for once a run."""
        return self is not Reads.STATISTICS


@dataclass(frozen=True, slots=True)
class Visit:
    """The documents that one visit brought, to a project or (``project`` is None) to the index as a whole.

    A document that no selected stream reads, that the index does not have, or that could not be had, is None or empty.
    """

    project: str | None
    document: Document[Project] | None = None
    releases: tuple["ReleaseView", ...] = ()
    statistics: Document[Statistics] | None = None


@dataclass(frozen=True, slots=True)
class ReleaseView:
    """One release, from its own document or, the latest one, from its project's.

    ``version`` as the index has it. ``content`` has the same keys either way.
    """

    version: str
    content: Release
    document: Document[Project] | Document[Release]


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream.

    :ivar name: its name, and its table's.
    :ivar row: what a row is, in a few words.
    :ivar record: the type that describes its fields.
    :ivar key: the fields that tell rows apart; empty: there is one row at most.
    :ivar reads: the document that its rows are made from.
    :ivar cost: what it costs, in requests.
    :ivar rows: makes the rows of a visit.
    :ivar flat: whether its fields are plain values, so that it is loaded when no stream is named.
    """

    name: str
    row: str
    record: type[Struct]
    key: tuple[str, ...]
    reads: Reads
    cost: str
    rows: Callable[[Visit], Iterable[Row]]
    flat: bool = True
