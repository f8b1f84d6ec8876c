"""Decompression of bodies, up to a limit."""

import gzip
import io
import zlib

from urllib3.exceptions import DecodeError

#: The largest accepted body, decompressed, in bytes.
LARGEST_ANSWER = 256 * 1024 * 1024


#: Names of gzip, and names that servers send although nothing is compressed: ``aws-chunked`` is how an object was
#: uploaded to a bucket, and a charset is no coding.
_GZIP = frozenset({"gzip", "x-gzip"})
NOT_COMPRESSED = frozenset({"", "identity", "aws-chunked", "utf-8", "utf8"})
#: Codings of one body; a server applies one.
_MOST_CODINGS = 3


class UnknownCodingError(Exception):
    """A Content-Encoding that is not supported. ``coding`` is its name."""

    def __init__(self, coding: str) -> None:
        self.coding = coding
        super().__init__(coding)


def unpack(packed: bytes, encoding: str) -> bytes:
    """Decompress a body; the result has at most one byte more than ``LARGEST_ANSWER``.

    urllib3 can decompress, but accepts a gzip stream that ends too early.

    :param encoding: the header Content-Encoding: names of codings in any case, in the order of their application.
    :raises DecodeError: when the stream is broken or incomplete.
    :raises UnknownCodingError: when a coding is not gzip.
    """
    codings = [coding for text in encoding.split(",") if (coding := text.strip().lower()) not in NOT_COMPRESSED]
    unknown = next((coding for coding in codings if coding not in _GZIP), None)
    if unknown is not None or len(codings) > _MOST_CODINGS:
        raise UnknownCodingError(encoding.strip() if unknown is None else unknown)
    for _ in codings if packed else ():
        packed = _unzip(packed)
    return packed


def _unzip(packed: bytes) -> bytes:
    try:
        member = zlib.decompressobj(16 + zlib.MAX_WBITS)
        body = member.decompress(packed, LARGEST_ANSWER + 1)
        if len(body) > LARGEST_ANSWER:
            return body
        if not member.eof:
            raise EOFError
        if member.unused_data:  # a stream may have several members (RFC 1952, 2.2); most have one
            with gzip.GzipFile(fileobj=io.BytesIO(packed)) as members:
                body = members.read(LARGEST_ANSWER + 1)
    except EOFError as error:
        raise DecodeError("incomplete gzip") from error
    except (zlib.error, gzip.BadGzipFile) as error:
        raise DecodeError("broken gzip") from error
    return body
