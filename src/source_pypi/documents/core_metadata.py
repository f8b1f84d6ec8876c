"""A distribution's own metadata: ``<file>.metadata`` (PEP 658, PEP 714), in the e-mail form of core metadata."""

from dataclasses import dataclass
from typing import Any

from source_pypi.documents.document import Document, sketch
from source_pypi.errors import DocumentError


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
    return Document(address, CoreMetadata(dict(raw), dict(unparsed)), body, etag, serial, ())
