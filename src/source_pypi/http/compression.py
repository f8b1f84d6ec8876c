"""Decompression of bodies, up to a limit."""

import gzip
import io
import zlib

from urllib3.exceptions import DecodeError

#: The largest accepted body, decompressed, in bytes.
LARGEST_ANSWER = 256 * 1024 * 1024


def unpack(packed: bytes, encoding: str) -> bytes:
    """Decompress a body; the result has at most one byte more than ``LARGEST_ANSWER``.

    urllib3 can decompress, but accepts a gzip stream that ends too early.

    :raises DecodeError: when the stream is broken or incomplete, or the encoding is not gzip.
    """
    if encoding in ("", "identity") or not packed:
        return packed
    if encoding not in ("gzip", "x-gzip"):
        raise DecodeError(f"unknown Content-Encoding {encoding!r}")
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
