"""A checked document. Each document is checked once, here, when it arrives.

Flow
    ``open_document`` decodes a body into one of the types of this package in one typed pass. If that fails, the body is
    decoded without types, and fields of a wrong type become null and are reported (``invalid_fields.py``). A body that
    is another document raises ``DocumentError``. Later code does not check again.

Scope
    Keys that a type does not list stay in ``body`` and are absent from ``content``.
"""

import codecs
import enum
import json
import math
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec import Raw, Struct

from source_pypi.errors import DocumentError, TooLargeError
from source_pypi.safety.limits import DEEPEST, MOST_VALUES
from source_pypi.services.index.documents.fingerprint import Fingerprint, fingerprint_of
from source_pypi.services.index.documents.invalid_fields import InvalidField, null_invalid_fields
from source_pypi.services.index.documents.page import Listing, Page, serial_of
from source_pypi.services.index.documents.project import Project, Release
from source_pypi.services.index.documents.provenance import Provenance
from source_pypi.services.index.documents.statistics import Statistics

T = TypeVar("T")
S = TypeVar("S", bound=Struct)

#: The name of each type for messages, its required key, and the type of that key.
NAMES: dict[type[Struct], tuple[str, str, type]] = {
    Project: ("a project document (JSON with 'info')", "info", dict),
    Release: ("a release document (JSON with 'info')", "info", dict),
    Page: ("a project page as JSON (PEP 691, with 'files')", "files", list),
    Listing: ("the list of projects as JSON (PEP 691, with 'projects')", "projects", list),
    Provenance: ("a provenance document (JSON with 'attestation_bundles')", "attestation_bundles", list),
    Statistics: ("the index's statistics (JSON with 'top_packages')", "top_packages", dict),
}
#: Types whose content has untyped, nested values.
NESTED: frozenset[type[Struct]] = frozenset({Provenance})
#: Types whose body becomes part of rows.
PASSED_ON: frozenset[type[Struct]] = frozenset({Project, Release, Statistics})


class Document(Struct, Generic[T], frozen=True, dict=True):
    """A checked document.

    :ivar url: the URL that sent it.
    :ivar content: its typed content.
    :ivar body: its bytes; of a type in ``PASSED_ON``, one line of valid UTF-8 with invalid fields nulled.
    :ivar etag: the ETag; None: the index sent none.
    :ivar serial: the serial of the header; None: the index sent none.
    :ivar invalid_fields: the fields that were nulled.
    """

    url: str
    content: T
    body: bytes
    etag: str | None
    serial: int | None
    invalid_fields: tuple[InvalidField, ...]

    @property
    def fingerprint(self) -> Fingerprint:
        """Its fingerprint, for the next run."""
        return fingerprint_of(self.etag, self.body, self.best_serial)

    @property
    def best_serial(self) -> int | None:
        """The serial in the content, else that of the header; None: neither."""
        meta = getattr(self.content, "meta", None)
        serial = getattr(self.content, "last_serial", None) if meta is None else serial_of(meta.last_serial)
        return self.serial if serial is None else int(serial)

    @cached_property
    def sections(self) -> Mapping[str, Raw]:
        """All top-level keys of the document, each value as the JSON that the index sent.

        :raises TooLargeError: when the document is nested deeper than destinations accept.
        """
        check_nesting(self.body, self.url)
        sections: dict[str, Raw] = _SECTIONS.decode(self.body)
        return sections

    def has(self, path: str) -> bool:
        """Whether the document has a key, e.g. ``info.requires_dist``, even with the value null."""
        sections, *keys = _SECTIONS.decode(self.body), *path.split(".")
        for key in keys[:-1]:
            section = bytes(sections.get(key, b"{}"))
            sections = _SECTIONS.decode(section) if section.startswith(b"{") else {}
        return keys[-1] in sections


class Unchanged(enum.Enum):
    """The type of ``UNCHANGED``."""

    UNCHANGED = "unchanged"


#: The document has not changed since it was read before (304).
UNCHANGED: Final = Unchanged.UNCHANGED

#: Bytes that are decoded at a time.
_CHUNK = 64 * 1024
_UTF_8 = codecs.getincrementaldecoder("utf-8")
#: The most digits that Python converts to an integer.
_MOST_DIGITS = 4300
_SECTIONS = msgspec.json.Decoder(dict[str, Raw])
#: JSON with one space of indent per level contains this if it is too deep; strings contain no line break.
_TOO_DEEP = b"\n" + b" " * (DEEPEST + 1)
_DECODERS: dict[type[Struct], msgspec.json.Decoder[Any]] = {type_: msgspec.json.Decoder(type_) for type_ in NAMES}


def open_document(
    body: bytes, type_: type[S], url: str, *, etag: str | None = None, serial: int | None = None
) -> Document[S]:
    """Check and decode a body.

    :raises DocumentError: when it is not JSON, or another document.
    :raises TooLargeError: when it exceeds a limit.
    """
    check_values(body, b",", url)
    try:
        content: S = _DECODERS[type_].decode(body)
        if type_ in NESTED:
            check_nesting(body, url)
        if type_ in PASSED_ON:
            check_text(body)  # keys that the type lacks reach the rows too
            body = one_line(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _open_leniently(body, type_, url, etag, serial)
    return Document(url, content, body, etag, serial, ())


def check_text(body: bytes) -> None:
    """Check that a body is UTF-8, chunk by chunk, since a decoded text may take four times the memory.

    :raises UnicodeDecodeError: when it is not.
    """
    decoder = _UTF_8()
    for start in range(0, 0 if body.isascii() else len(body), _CHUNK):
        decoder.decode(body[start : start + _CHUNK])
    decoder.decode(b"", final=True)


def check_values(body: bytes, separator: bytes, url: str) -> None:
    """Check that a document has at most ``MOST_VALUES`` values, by counting the separators between them.

    :raises TooLargeError: when it has more.
    """
    if len(body) > 2 * MOST_VALUES and (count := body.count(separator)) > MOST_VALUES:
        raise TooLargeError(url, f"{count + 1:,} values", f"{MOST_VALUES:,}")


def _open_leniently(body: bytes, type_: type[S], url: str, etag: str | None, serial: int | None) -> Document[S]:
    expected, required_key, kind = NAMES[type_]
    tree = _load_json(body, expected, url)
    if not isinstance(tree, dict) or not isinstance(tree.get(required_key), kind):
        raise DocumentError(url, expected, excerpt(body))
    repaired, invalid_fields = null_invalid_fields(tree, type_)
    encoded = msgspec.json.encode(repaired)
    if type_ in NESTED:
        check_nesting(encoded, url)
    return Document(url, msgspec.convert(repaired, type_), encoded, etag, serial, tuple(invalid_fields))


def _load_json(body: bytes, expected: str, url: str) -> Any:
    """JSON without types; invalid UTF-8 becomes U+FFFD, an integer that is too long becomes infinity.

    :raises DocumentError: when it is not JSON.
    """
    try:
        return without_surrogates(json.loads(body.decode("utf-8-sig", "replace"), parse_int=_integer))
    except (ValueError, RecursionError) as error:
        raise DocumentError(url, expected, excerpt(body)) from error


def check_nesting(body: bytes, url: str) -> None:
    """Check that JSON is not nested deeper than every destination accepts.

    :raises TooLargeError: when it is.
    """
    try:
        too_deep = _TOO_DEEP in msgspec.json.format(body, indent=1)
    except RecursionError:
        too_deep = True
    if too_deep:
        raise TooLargeError(url, f"{DEEPEST + 1} or more levels of nesting", f"{DEEPEST}")


def plain(value: bytes | Raw) -> Any:
    """A section as Python values; a number that a double cannot hold is None."""
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        return msgspec.json.decode(msgspec.json.encode(json.loads(bytes(value), parse_int=_integer)))


def one_line(body: bytes) -> bytes:
    """The same JSON on one line, since a mirror may send it indented and a row is one line."""
    body = body.strip()
    return msgspec.json.format(body, indent=-1) if b"\n" in body or b"\r" in body else body


def without_surrogates(value: Any) -> Any:
    """Replace unpaired surrogates, which JSON can escape but UTF-8 cannot encode, by U+FFFD, in texts and keys."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {without_surrogates(key): without_surrogates(item) for key, item in value.items()}
    return value


def _integer(digits: str) -> int | float:
    """An integer; infinity if it has more digits than Python converts."""
    return int(digits) if len(digits) <= _MOST_DIGITS else math.inf


def excerpt(body: bytes) -> str:
    """The beginning of a body, printable, for an error, and where it ends to be UTF-8."""
    text = re.sub(r"[^ -~]+", " ", body[:200].decode("utf-8", "replace")).strip()
    if not text:
        return "bytes that are not text" if body.strip() else "an empty body"
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return f"{text[:60]!r}, which is not UTF-8 from byte {error.start + 1:,} on"
    return repr(text[:60])
