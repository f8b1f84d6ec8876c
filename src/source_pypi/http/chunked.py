"""Chunked bodies (RFC 9112, 7.1), read in bounded memory and time.

``http.client`` keeps a list of all chunks: a body in chunks of two bytes takes 70 times its size. It also accepts
negative sizes, and trailers without an end. This reader appends to one buffer and takes many small chunks from one
block of received bytes.
"""

import io
import re
from functools import lru_cache
from http.client import HTTPException, IncompleteRead
from typing import Any

#: Bytes of a chunk's size with its extensions, and of all trailers.
LONGEST_SIZE_LINE, LARGEST_TRAILER = 4096, 64 * 1024
#: Bytes besides the body: a chunk of one byte takes six; and as many again for all chunks.
MOST_FRAMING, FREE_FRAMING = 8, 1024 * 1024
#: Bytes that are received at a time.
_BLOCK = 64 * 1024
#: Bytes of a line whose size is cached.
_SHORT = 8

_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\n]*)?\r?\n")
#: A chunk of 1 to 15 bytes; its data is the group. Chunks that small cost most, so many are taken at a time.
_SMALL = rb"[1-9A-Fa-f]\r\n(%s)\r\n" % b"|".join(
    rb"(?<=[%x%X]\r\n)[\x00-\xff]{%d}" % (size, size, size) for size in range(1, 16)
)
_SMALL_CHUNK, _SMALL_CHUNKS = re.compile(_SMALL), re.compile(rb"(?:%s)++" % _SMALL)


class FramingError(HTTPException):
    """The chunks are malformed, or there is too much besides the body."""


class ChunkedBody:
    """The body in a stream.

    :ivar rest: the bytes that were received after the body; empty: none, or the body was not read to its end.
    :ivar complete: whether the body was read to its end.
    """

    def __init__(self, stream: "io.BufferedReader[Any]") -> None:
        self._stream = stream
        self._block, self._start = b"", 0
        self._received = self._passed = 0  # bytes from the stream; bytes of the body, of earlier calls
        self._left = 0  # of the current chunk
        self.rest, self.complete = b"", False

    def read(self, limit: int) -> bytes:
        """Return up to ``limit`` bytes of the body, fewer only at its end.

        :raises IncompleteRead: when the connection ends before the body.
        :raises FramingError: when the chunks are malformed.
        """
        body = io.BytesIO()
        while (room := limit - body.tell()) > 0 and not self.complete:
            if self._left:
                self._copy(min(self._left, room), body)
            elif not self._copy_small(room, body):
                self._left = self._next_size(body)
                if not self._left:
                    self._end()
        self._passed += body.tell()
        return body.getvalue()

    def _end(self) -> None:
        self._skip_trailer()
        self.rest, self.complete = self._block[self._start :], True

    def _copy_small(self, limit: int, body: io.BytesIO) -> int:
        """Append the data of the small chunks that come next and have arrived, and return its size."""
        if len(self._block) - self._start > limit:
            return 0  # one by one: what is matched here could not be used
        run = _SMALL_CHUNKS.match(self._block, self._start)
        if run is None:
            return 0
        self._start = run.end()
        return body.write(b"".join(_SMALL_CHUNK.findall(self._block, *run.span())))

    def _next_size(self, body: io.BytesIO) -> int:
        """The size of the next chunk; 0: it is the last."""
        end = self._block.find(b"\n", self._start) + 1
        while not end:
            if len(self._block) - self._start > LONGEST_SIZE_LINE:
                raise FramingError("the extensions of a chunk are too long")
            self._receive()
            self._check_framing(self._passed + body.tell())
            end = self._block.find(b"\n", self._start) + 1
        line = self._block[self._start : end]
        self._start = end
        return _size_of(line) if len(line) > _SHORT else _cached_size_of(line)

    def _check_framing(self, size: int) -> None:
        """Check that what was received besides the body is in proportion to it."""
        if self._received - size > FREE_FRAMING + MOST_FRAMING * size:
            raise FramingError("there is too much besides the body")

    def _copy(self, size: int, body: io.BytesIO) -> None:
        """Append data of the current chunk to the body; what has not arrived is received without a copy of a block."""
        self._left -= size
        available = min(size, len(self._block) - self._start)
        body.write(memoryview(self._block)[self._start : self._start + available])
        self._start += available
        missing = size - available
        while missing:
            data = self._stream.read1(min(missing, _BLOCK))
            if not data:
                raise IncompleteRead(b"", missing)
            self._received += len(data)
            body.write(data)
            missing -= len(data)
        if not self._left:
            self._skip_line_end()

    def _skip_line_end(self) -> None:
        """Skip the line end after a chunk's data."""
        while len(self._block) - self._start < 2:
            self._receive()
        if not self._block.startswith(b"\r\n", self._start):
            raise FramingError("a chunk is longer than its size")
        self._start += 2

    def _skip_trailer(self) -> None:
        """Skip the trailer fields and the empty line after them; some servers close the connection instead."""
        skipped = 0
        while True:
            end = self._block.find(b"\n", self._start) + 1
            if not end:
                if skipped + len(self._block) - self._start > LARGEST_TRAILER:
                    raise FramingError("the trailer is too large")
                if not self._receive(end_allowed=True):
                    return
                continue
            line = self._block[self._start : end]
            self._start, skipped = end, skipped + len(line)
            if line in (b"\r\n", b"\n"):
                return
            if skipped > LARGEST_TRAILER:
                raise FramingError("the trailer is too large")

    def _receive(self, *, end_allowed: bool = False) -> bool:
        """Receive the next bytes; False: the connection has ended, which raises an error unless it is allowed."""
        data = self._stream.read1(_BLOCK)
        if not data and not end_allowed:
            raise IncompleteRead(b"")
        self._received += len(data)
        self._block, self._start = self._block[self._start :] + data, 0
        return bool(data)


def _size_of(line: bytes) -> int:
    match = _SIZE_LINE.fullmatch(line)
    if match is None:
        raise FramingError("a chunk has no valid size")
    return int(match[1], 16)


_cached_size_of = lru_cache(maxsize=1024)(_size_of)
