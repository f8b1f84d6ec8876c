"""A checked answer. Documents are checked once, here, at the door.

Flow
    ``open_document`` decodes an answer's body into one of the types of this package in a single typed pass. Where that
    fails, the body is decoded without types and mended (``repair.py``): a field of a wrong type becomes null and is
    noted, and what is no such document at all raises ``DocumentError``. Behind the door nothing is checked again.

Scope
    Keys that a type does not list are kept in the body and ignored in the content.
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

#: What each type is called in a message, the key without which an answer is not that document, and that key's type.
NAMES: dict[type[Struct], tuple[str, str, type]] = {
    Project: ("a project document (JSON with 'info')", "info", dict),
    Release: ("a release document (JSON with 'info')", "info", dict),
    Page: ("a project page as JSON (PEP 691, with 'files')", "files", list),
    Listing: ("the list of projects as JSON (PEP 691, with 'projects')", "projects", list),
    Provenance: ("a provenance document (JSON with 'attestation_bundles')", "attestation_bundles", list),
    Statistics: ("the index's statistics (JSON with 'top_packages')", "top_packages", dict),
}
#: Documents of which we read what is nested as it comes.
NESTED: frozenset[type[Struct]] = frozenset({Provenance})
#: Documents that rows pass on whole.
PASSED_ON: frozenset[type[Struct]] = frozenset({Project, Release, Statistics})


class Document(Struct, Generic[T], frozen=True, dict=True):
    """A checked answer.

    ``url`` it came from, ``content`` typed, ``body`` the same as JSON (of documents that rows pass on whole: one
    object on one line, valid UTF-8, wrong fields nulled), ``etag`` and ``serial`` as the index sent them (None: it does
    not), ``invalid_fields`` what was mended.
    """

    url: str
    content: T
    body: bytes
    etag: str | None
    serial: int | None
    invalid_fields: tuple[InvalidField, ...]

    @property
    def fingerprint(self) -> Fingerprint:
        """What to remember of it, so as to see whether it has changed."""
        return fingerprint_of(self.etag, self.body, self.best_serial)

    @property
    def best_serial(self) -> int | None:
        """The serial that stands in it, or else the one that the index sent with it; None: neither."""
        meta = getattr(self.content, "meta", None)
        stands = getattr(self.content, "last_serial", None) if meta is None else serial_of(meta.last_serial)
        return self.serial if stands is None else int(stands)

    @cached_property
    def sections(self) -> Mapping[str, Raw]:
        """The document's top-level keys, each value as the JSON that the index sent, known to us or not.

        :raises TooLargeError: when something is nested deeper than destinations take.
        """
        check_nesting(self.body, self.url)
        sections: dict[str, Raw] = _SECTIONS.decode(self.body)
        return sections

    def has(self, path: str) -> bool:
        """Whether the document has a key, e.g. ``info.requires_dist``, whatever its value."""
        sections, *keys = _SECTIONS.decode(self.body), *path.split(".")
        for key in keys[:-1]:
            sections = _SECTIONS.decode(sections[key]) if key in sections else {}
        return keys[-1] in sections


class Unchanged(enum.Enum):
    """An answer without a document: it is the one that was read before (304)."""

    UNCHANGED = "unchanged"


#: It is the document that was read before.
UNCHANGED: Final = Unchanged.UNCHANGED

#: Bytes that are looked at as text at a time.
_PIECE = 64 * 1024
_UTF_8 = codecs.getincrementaldecoder("utf-8")
#: Digits beyond which Python refuses to convert a text to a number.
_MOST_DIGITS = 4300
_SECTIONS = msgspec.json.Decoder(dict[str, Raw])
#: What stands in JSON that is written a level an indent, if it has too many; a text has no line break in it.
_TOO_DEEP = b"\n" + b" " * (DEEPEST + 1)
_DECODERS: dict[type[Struct], msgspec.json.Decoder[Any]] = {type_: msgspec.json.Decoder(type_) for type_ in NAMES}


def open_document(
    body: bytes, type_: type[S], url: str, *, etag: str | None = None, serial: int | None = None
) -> Document[S]:
    """Check an answer's body at the door.

    :raises DocumentError: when it is not JSON, or not such a document.
    :raises TooLargeError: when it exceeds a bound.
    """
    check_values(body, b",", url)
    try:
        content: S = _DECODERS[type_].decode(body)
        if type_ in NESTED:
            check_nesting(body, url)
        if type_ in PASSED_ON:
            check_text(body)  # keys that the types do not know reach the rows too, so they must be UTF-8 as well
            body = one_line(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _mended(body, type_, url, etag, serial)
    return Document(url, content, body, etag, serial, ())


def check_text(body: bytes) -> None:
    """See that all of a body is UTF-8; some of it at a time, since as text it may take four times the room.

    :raises UnicodeDecodeError: when it is not.
    """
    decoder = _UTF_8()
    for start in range(0, 0 if body.isascii() else len(body), _PIECE):
        decoder.decode(body[start : start + _PIECE])
    decoder.decode(b"", final=True)


def check_values(body: bytes, separator: bytes, url: str) -> None:
    """See that a document has not more values than can be held; each but the first has a separator before it.

    :raises TooLargeError: when it has.
    """
    if len(body) > 2 * MOST_VALUES and (count := body.count(separator)) > MOST_VALUES:
        raise TooLargeError(url, f"{count + 1:,} values", f"{MOST_VALUES:,}")


def _mended(body: bytes, type_: type[S], url: str, etag: str | None, serial: int | None) -> Document[S]:
    expected, essential, kind = NAMES[type_]
    tree = _loaded(body, expected, url)
    if not isinstance(tree, dict) or not isinstance(tree.get(essential), kind):
        raise DocumentError(url, expected, sketch(body))
    mended, invalid_fields = null_invalid_fields(tree, type_)
    encoded = msgspec.json.encode(mended)
    if type_ in NESTED:
        check_nesting(encoded, url)
    return Document(url, msgspec.convert(mended, type_), encoded, etag, serial, tuple(invalid_fields))


def _loaded(body: bytes, expected: str, url: str) -> Any:
    """What JSON says, read without types; what UTF-8 cannot hold is replaced, a number out of range is infinite.

    :raises DocumentError: when it is no JSON.
    """
    try:
        return without_surrogates(json.loads(body.decode("utf-8-sig", "replace"), parse_int=_whole))
    except (ValueError, RecursionError) as error:
        raise DocumentError(url, expected, sketch(body)) from error


def check_nesting(body: bytes, url: str) -> None:
    """See that nothing in JSON is nested deeper than every destination can take.

    :raises TooLargeError: when it is.
    """
    try:
        too_deep = _TOO_DEEP in msgspec.json.format(body, indent=1)
    except RecursionError:
        too_deep = True
    if too_deep:
        raise TooLargeError(url, f"{DEEPEST + 1} or more levels of nesting", f"{DEEPEST}")


def plain(value: bytes | Raw) -> Any:
    """What a section says, as plain values; a number that no double can hold is None."""
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        return msgspec.json.decode(msgspec.json.encode(json.loads(bytes(value), parse_int=_whole)))


def one_line(body: bytes) -> bytes:
    """The same JSON on one line: a mirror may serve it pretty-printed, and a row is a line."""
    body = body.strip()
    return msgspec.json.format(body, indent=-1) if b"\n" in body or b"\r" in body else body


def without_surrogates(value: Any) -> Any:
    """Replace what JSON can escape but UTF-8 cannot hold (half a surrogate pair) by U+FFFD, in texts and keys."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {without_surrogates(key): without_surrogates(item) for key, item in value.items()}
    return value


def _whole(digits: str) -> int | float:
    """A whole number; one of more digits than Python converts is out of every range."""
    return int(digits) if len(digits) <= _MOST_DIGITS else math.inf


def sketch(body: bytes) -> str:
    """The beginning of an answer, printable, to tell the user what came instead."""
    text = re.sub(r"[^ -~]+", " ", body[:200].decode("utf-8", "replace")).strip()
    if not text:
        return "bytes that are no text" if body.strip() else "an empty body"
    return repr(text[:60])
