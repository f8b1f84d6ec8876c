"""A batch of the Python library: the rows of one project, or of the whole index, in one or more streams."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from source_pypi.errors import UnknownStreamError
from source_pypi.results.row_types import Document, record_type
from source_pypi.schema import SEEN_AT
from source_pypi.services.index.documents import plain
from source_pypi.streams.stream import Stream
from source_pypi.sync import batch as sync


class Batch:
    """The rows of one project, or of the whole index.

    :ivar project: the project's normalised name; None: the rows describe the whole index, or other services.
    :ivar seen_at: when the project was requested (UTC).
    :ivar changed: the streams whose rows are new or changed, or were deleted. Without state: all that were read.
    """

    def __init__(self, batch: sync.Batch, streams: Sequence[Stream]) -> None:
        self.project, self.seen_at = batch.project, batch.seen_at
        self.changed = tuple(batch.counts)
        self._streams = {stream.name: stream for stream in streams}
        self._lines = {name: tuple(sync.lines_of(self._streams[name], batch)) for name in batch.changes}
        self._deleted = {name: change.deleted_keys for name, change in batch.changes.items()}

    def __repr__(self) -> str:
        return f"Batch(project={self.project!r}, seen_at={self.seen_at!r}, changed={self.changed!r})"

    def __getitem__(self, stream: Any) -> list[Any]:
        """Return the rows of a stream that are new or changed.

        :raises UnknownStreamError: when the stream is not read.
        """
        return list(self.rows(stream))

    def rows(self, stream: Any) -> Iterator[Any]:
        """Yield the rows of a stream that are new or changed.

        :raises UnknownStreamError: when the stream is not read.
        """
        return _rows(self._checked(stream), self._lines.get(stream, ()), self.seen_at)

    def deleted(self, stream: Any) -> list[dict[str, str | int]]:
        """Return the keys of the rows that the index no longer has, compared with the state.

        :raises UnknownStreamError: when the stream is not read.
        """
        return list(self._deleted.get(self._checked(stream).name, ()))

    def size(self, stream: Any) -> int:
        """Return the size of a stream's rows as JSON, in bytes.

        :raises UnknownStreamError: when the stream is not read.
        """
        return sum(map(len, self._lines.get(self._checked(stream).name, ())))

    def _checked(self, stream: object) -> Stream:
        return stream_of(self._streams, stream)


def stream_of(streams: Mapping[str, Stream], name: object) -> Stream:
    """Return the stream of a name.

    :param streams: those that are read, by name.
    :raises UnknownStreamError: when it is the name of none of them.
    """
    if not isinstance(name, str) or name not in streams:
        raise UnknownStreamError([str(name)], list(streams))
    return streams[name]


def _rows(stream: Stream, lines: Sequence[bytes], seen_at: datetime) -> Iterator[Any]:
    if stream.raw:
        seen = {SEEN_AT.name: seen_at} if stream.incremental else {}
        for several in lines:
            yield from (Document(plain(line) | seen) for line in several.splitlines())
        return
    decoder = msgspec.json.Decoder(record_type(stream))
    for several in lines:
        yield from decoder.decode_lines(several)
