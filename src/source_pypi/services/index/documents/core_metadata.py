"""A distribution's own metadata: ``<file>.metadata`` (PEP 658, PEP 714), in the e-mail form of core metadata."""

import hashlib
import re
from typing import Any

from msgspec import Struct

from source_pypi.errors import DamagedError, DocumentError, TooLargeError
from source_pypi.safety.limits import MOST_HEADERS
from source_pypi.services.index.documents.document import Document, check_values, sketch

_EXPECTED = "core metadata (with Metadata-Version and Name)"
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n|\r\r")
_HEADER = re.compile(rb"^[^\s:]+(?=:)", re.MULTILINE)


class CoreMetadata(Struct, frozen=True):
    """What ``packaging.metadata`` reads: ``raw`` by its field names, ``unparsed`` by the headers' own names."""

    raw: dict[str, Any]
    unparsed: dict[str, list[str]]


def open_core_metadata(
    body: bytes, url: str, *, etag: str | None = None, serial: int | None = None, sha256: str | None = None
) -> Document[CoreMetadata]:
    """Check a METADATA file at the door, leniently: what does not parse is kept under its own key.

    :param sha256: its digest, as the index tells it (PEP 658): a text that is cut short is a text, too. None: not told.
    :raises DocumentError: when it has not even a name and a version of its format.
    :raises DamagedError: when it has another digest.
    :raises TooLargeError: when it exceeds a bound: the parser's time grows with the square of the number of headers.
    """
    from packaging.metadata import parse_email  # a fifth of all import time, and few runs read METADATA

    if sha256 is not None and (found := hashlib.sha256(body).hexdigest()) != sha256:
        raise DamagedError(url, sha256, found)
    check_values(body, b"\n", url)
    different = set(_HEADER.findall(_END_OF_HEADERS.split(body, maxsplit=1)[0]))
    if (count := len(different)) > MOST_HEADERS:
        raise TooLargeError(url, f"{count:,} different headers", f"{MOST_HEADERS:,}")
    try:
        raw, unparsed = parse_email(body)
    except RecursionError as error:  # a message within a message within a message
        raise DocumentError(url, _EXPECTED, sketch(body)) from error
    headers = {*raw, *(key.lower() for key in unparsed)}
    if not headers & {"metadata_version", "metadata-version"} or "name" not in headers:
        raise DocumentError(url, _EXPECTED, sketch(body))
    texts = {key: [_text(value, body) for value in values] for key, values in unparsed.items()}
    return Document(url, CoreMetadata(dict(raw), texts), body, etag, serial, ())


def _text(value: object, body: bytes) -> str:
    """A value that was not read, as text.

    Headers are texts already. Whatever the types of ``packaging`` say, a description that is not UTF-8 comes as bytes,
    and as nothing where a header says that it has several parts: then it is what stands below the headers.
    """
    if isinstance(value, str):
        return value
    if not isinstance(value, bytes):
        value = _END_OF_HEADERS.split(body, maxsplit=1)[-1]
    return value.decode("latin-1")
