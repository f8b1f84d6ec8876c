"""Core metadata of a file: ``<file>.metadata`` (PEP 658, PEP 714), in the format of e-mail headers."""

import hashlib
import re
from typing import Any

from msgspec import Struct

from source_pypi.errors import DamagedError, DocumentError, TooLargeError
from source_pypi.safety.limits import MOST_HEADERS
from source_pypi.services.index.documents.document import Document, check_values, excerpt

_EXPECTED = "core metadata (with Metadata-Version and Name)"
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n|\r\r")
_HEADER = re.compile(rb"^[^\s:]+(?=:)", re.MULTILINE)


class CoreMetadata(Struct, frozen=True):
    """The result of ``packaging.metadata``: ``raw`` by its field names, ``unparsed`` by the names of headers."""

    raw: dict[str, Any]
    unparsed: dict[str, list[str]]


def open_core_metadata(
    body: bytes, url: str, *, etag: str | None = None, serial: int | None = None, sha256: str | None = None
) -> Document[CoreMetadata]:
    """Parse a METADATA file leniently: headers that do not parse are kept in ``unparsed``.

    :param sha256: the digest that the index lists (PEP 658), without which a cut file would go unnoticed; None: none.
    :raises DocumentError: when Metadata-Version or Name is missing.
    :raises DamagedError: when the digest differs.
    :raises TooLargeError: when it exceeds a limit: the parser takes time by the square of the number of headers.
    """
    from packaging.metadata import parse_email  # a fifth of the import time, and few runs read METADATA

    if sha256 is not None and (found := hashlib.sha256(body).hexdigest()) != sha256:
        raise DamagedError(url, sha256, found)
    check_values(body, b"\n", url)
    names = set(_HEADER.findall(_END_OF_HEADERS.split(body, maxsplit=1)[0]))
    if (count := len(names)) > MOST_HEADERS:
        raise TooLargeError(url, f"{count:,} different headers", f"{MOST_HEADERS:,}")
    try:
        raw, unparsed = parse_email(body)
    except RecursionError as error:  # deeply nested messages
        raise DocumentError(url, _EXPECTED, excerpt(body)) from error
    headers = {*raw, *(key.lower() for key in unparsed)}
    if not headers & {"metadata_version", "metadata-version"} or "name" not in headers:
        raise DocumentError(url, _EXPECTED, excerpt(body))
    texts = {key: [_text(value, body) for value in values] for key, values in unparsed.items()}
    return Document(url, CoreMetadata(dict(raw), texts), body, etag, serial, ())


def _text(value: object, body: bytes) -> str:
    """An unparsed value as text.

    Headers are text already. Contrary to the types of ``packaging``, a description that is not UTF-8 is bytes, and
    that of a multipart message is None: then the description is the body below the headers.
    """
    if isinstance(value, str):
        return value
    if not isinstance(value, bytes):
        value = _END_OF_HEADERS.split(body, maxsplit=1)[-1]
    return value.decode("latin-1")
