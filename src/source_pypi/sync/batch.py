"""A batch: the rows of one project, or of the whole index, with what is to be kept in state and reported."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct, field

from source_pypi.errors import NotOfferedError, SourceError
from source_pypi.services.index.documents import plain
from source_pypi.services.index.documents.invalid_fields import InvalidField
from source_pypi.streams.stream import Stream
from source_pypi.sync.state import ProjectState


class Notice(Struct, frozen=True):
    """What is reported once a run, for all projects together (``notices.py``).

    :ivar kind: the text (``NoticeKind``).
    :ivar subject: the key of a document, or the kind of documents.
    :ivar count: the number of documents.
    """

    kind: str
    subject: str = ""
    count: int = 1


class Capability(Struct, frozen=True):
    """Whether the index, or the service that a stream reads, provides the stream.

    :ivar stream: the stream's name.
    :ivar available: whether it does; None: the run could not tell.
    :ivar reason: why not, or why the run could not tell; None: it is provided.
    :ivar checked_at: when the run found that out (UTC); None: it could not tell.
    """

    stream: str
    available: bool | None = None
    reason: str | None = None
    checked_at: datetime | None = None


class Change(Struct, frozen=True):
    """How a stream's rows of a project changed.

    :ivar state: the state to keep once the rows are written.
    :ivar count: the number of rows in new and changed partitions; None: nothing changed.
    :ivar lines: these rows as JSON lines, several at a time.
    :ivar unchanged_partitions: the partitions whose rows stay; the rows of all others are replaced by these.
    :ivar deleted_keys: the keys of deleted rows.
    :ivar unknown_partitions: unchanged partitions whose rows could not be made again, since a field is unknown.
    :ivar changed_partitions: the only partitions whose rows are replaced; None: all but ``unchanged_partitions``.
    :ivar lacks_key: whether a received document lacks the key that rows are made of, so that rows may be missing.
    :ivar only_time_changed: whether ``state`` differs from the previous state in the time only.
    """

    state: ProjectState
    count: int | None = None
    lines: tuple[bytes, ...] = ()
    unchanged_partitions: tuple[str, ...] = ()
    deleted_keys: list[dict[str, str | int]] = field(default_factory=list)
    only_time_changed: bool = False
    unknown_partitions: tuple[str, ...] = ()
    changed_partitions: tuple[str, ...] | None = None
    lacks_key: bool = False


class Batch(Struct, frozen=True):
    """What a run found of one project, or of the whole index.

    :ivar project: the project; None: the whole index.
    :ivar seen_at: when it was requested (UTC).
    :ivar changes: how the rows changed, by name of the stream, for every selected stream that could be read.
    :ivar failures: why the other streams could not be read, by name.
    :ivar missing: whether the user named a project that the index does not have, which is an error.
    :ivar missing_allowed: the same, if it is no error (``missing_projects``).
    :ivar user_errors: pinned releases that the index does not have.
    :ivar warnings: what else the user should know.
    :ivar invalid_fields: fields of a wrong type, which became null.
    :ivar notices: what is reported once for all projects.
    :ivar total_projects: the number of projects of the run, as far as it is known by now.
    :ivar provided: the streams of which the index has documents, whether or not they make rows.
    :ivar lacking: why the index has no documents for other streams that could be read, by name.
    :ivar capabilities: which streams the index provides; only in a run's last batch.
    :ivar service: the service that it is from; empty: the index.
    :ivar versions: the version that each requirement of the project selects, by pin or range, and by an empty text for
        one without versions; those that select none are missing, or None. None: as in the last run that read it, or
        no requirement names the project.
    """

    project: str | None
    seen_at: datetime
    changes: dict[str, Change] = field(default_factory=dict)
    failures: dict[str, SourceError] = field(default_factory=dict)
    missing: bool = False
    user_errors: tuple[SourceError, ...] = ()
    warnings: tuple[str, ...] = ()
    invalid_fields: tuple[InvalidField, ...] = ()
    notices: tuple[Notice, ...] = ()
    missing_allowed: bool = False
    total_projects: int = 0
    provided: frozenset[str] = frozenset()
    lacking: dict[str, NotOfferedError] = field(default_factory=dict)
    capabilities: tuple[Capability, ...] = ()
    service: str = ""
    versions: dict[str, str | None] | None = None

    @property
    def counts(self) -> dict[str, int]:
        """The number of rows to write, by name of the stream, for streams that changed; 0 if all rows are deleted."""
        return {name: change.count for name, change in self.changes.items() if change.count is not None}


def lines_of(stream: Stream, batch: Batch, *, begin: bytes = b"", end: bytes = b"") -> Iterator[bytes]:
    """Yield the rows to write as JSON lines, several at a time; rows of incremental streams have ``seen_at``.

    :param begin: written before each row, on its line; ``end``: written after it.
    """
    seen_at = b',"seen_at":%s' % msgspec.json.encode(batch.seen_at) if stream.incremental else b""
    end = seen_at + b"}" + end + b"\n"
    for lines in batch.changes[stream.name].lines:
        # a line break within a text is escaped: every line break ends a row
        if lines.find(b"\n") == len(lines) - 1:  # one row, which may be large: it is copied once
            yield b"".join((begin, memoryview(lines)[:-2], end))
            continue
        first, *rows = [row[:-1] for row in lines[:-1].split(b"\n")]
        yield (end + begin).join((begin + first, *rows[:-1], rows[-1] + end))


def rows_of(stream: Stream, change: Change) -> Iterator[Any]:
    """Yield the rows to write: instances of the stream's record, or dicts for documents that are passed on whole."""
    records = msgspec.json.Decoder(stream.record)
    for lines in change.lines:
        yield from map(plain, lines.splitlines()) if stream.raw else records.decode_lines(lines)
