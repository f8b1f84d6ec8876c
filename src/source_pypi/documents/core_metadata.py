"""A distribution's own metadata: ``<file>.metadata`` (PEP 658, PEP 714), in the e-mail form of core metadata."""

import re
from dataclasses import dataclass
from typing import Any

from source_pypi.documents.document import Document, sketch
from source_pypi.errors import DocumentError

_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n|\r\r")


@dataclass(frozen=True, slots=True)
class CoreMetadata:
    """What ``packaging.metadata`` reads: ``raw`` by its field names, ``unparsed`` by the headers' own names."""

    raw: dict[str, Any]
    unparsed: dict[str, list[str]]


def open_core_metadata(
    body: bytes, address: str, *, etag: str | None = None, serial: int | None = None
) -> Document[CoreMetadata]:
    """Check a METADATA file at the door, leniently: what does not parse is kept under its own key.

    :raises DocumentError: when it has not even a name and a version of its format.
    """
    from packaging.metadata import parse_email  # a fifth of all import time, and few runs read METADATA

    raw, unparsed = parse_email(body)
    headers = {*raw, *(key.lower() for key in unparsed)}
    if not headers & {"metadata_version", "metadata-version"} or "name" not in headers:
        raise DocumentError(address, "core metadata (with Metadata-Version and Name)", sketch(body))
    texts = {key: [_text(value, body) for value in values] for key, values in unparsed.items()}
    return Document(address, CoreMetadata(dict(raw), texts), body, etag, serial, ())


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
