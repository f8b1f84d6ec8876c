"""From an answer to its bytes: compression, ETag, conditional requests, headers. index-api.md 2.5, 2.7"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

from tests.fake_index.headers import COMMON, EDGE, Headers
from tests.fake_index.site import Answer

#: The headers of a 304 besides ETag. index-api.md 2.7; Vary: RFC 9110, 15.4.5
_ON_304 = ("cache-control", "x-pypi-last-serial", "access-control-", "vary")

#: The headers that a poor mirror sends besides Content-Type and Content-Length (index-api.md 0).
_POOR = ("location", "allow", "www-authenticate", "content-encoding")


@dataclass(frozen=True, slots=True)
class Prepared:
    """An answer ready to be sent, without Date, Connection and the blank line."""

    status: int
    head: bytes
    body: bytes
    etag: str | None = None
    #: Headers of the 304; None: the answer has no ETag.
    not_modified: bytes | None = None


@dataclass(frozen=True, slots=True)
class Style:
    """What this server adds to each answer."""

    edge: bool = True
    etags: bool = True
    poverty: bool = False

    def prepare(self, answer: Answer, *, gzip: bool) -> Prepared:
        """Compress the body if that makes it smaller, and add the ETag, which differs by coding. index-api.md 2.7"""
        body = answer.body
        fields: list[tuple[str, str]] = [("Content-Type", answer.content_type), *answer.headers]
        packed = compress(body) if gzip and answer.status == 200 and body else body
        if len(packed) < len(body):
            body = packed
            fields.append(("Content-Encoding", "gzip"))
        etag = None
        if answer.status == 200 and self.etags and not self.poverty:
            etag = etag_of(body)
            fields.append(("ETag", etag))
        whole = self.head(answer.status, fields, len(body))
        if etag is None:
            return Prepared(answer.status, whole, body)
        kept = [field for field in fields if field[0].lower().startswith((*_ON_304, "etag"))]
        return Prepared(answer.status, whole, body, etag, self.head(304, kept, None))

    def head(self, status: int, fields: Iterable[tuple[str, str]], length: int | None) -> bytes:
        """Status line and fields; a 304 has no length. index-api.md 2.7"""
        if self.poverty:
            every: Headers = tuple(field for field in fields if field[0].lower() in _POOR or field[0] == "Content-Type")
        elif status == 200 and self.edge:
            every = (*fields, *COMMON, *EDGE, ("Accept-Ranges", "bytes"))
        else:
            every = (*fields, *COMMON, *(EDGE if self.edge else ()))
        lines = [f"HTTP/1.1 {status} {_phrase(status)}", *(f"{key}: {value}" for key, value in every)]
        if length is not None:
            lines.append(f"Content-Length: {length}")
        return "\r\n".join([*lines, ""]).encode("latin-1")


def etag_of(body: bytes) -> str:
    """The ETag of these bytes, quotes included. index-api.md 2.7"""
    digest = hashlib.md5(body, usedforsecurity=False).digest()
    return f'"{base64.b64encode(digest).decode().rstrip("=")}"'


def compress(body: bytes) -> bytes:
    """Gzip without a time stamp, so that equal documents have equal bytes."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()


def matches(if_none_match: str, etag: str) -> bool:
    """Whether If-None-Match names this ETag, by weak comparison. index-api.md 2.7"""
    given = [part.strip().removeprefix("W/") for part in if_none_match.split(",")]
    return "*" in given or etag in given


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
