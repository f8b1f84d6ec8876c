"""XML-RPC: the body of a request, and what a response contains.

Responses are parsed by expat without a DOCTYPE, in which XML declares entities that expand without limit; the standard
library's ``xmlrpc.client`` accepts one. Faults have the status 200, too.

The index writes names and versions as they are, also with characters that XML does not allow. These become U+FFFD: a
page that is refused for one of them would end the stream for good.
"""

import math
import re
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape

from msgspec import Struct

from source_pypi.errors import DocumentError
from source_pypi.services.index.documents.document import check_values, excerpt

#: The media type of requests and responses.
XML = "text/xml"
#: Levels of arrays and structs; a list of events has two.
DEEPEST = 20
#: Bytes that are parsed at a time.
_CHUNK = 64 * 1024
_EXPECTED = "a response of XML-RPC"
_INTEGERS = frozenset({"int", "i4", "i8"})
_TEXTS = frozenset({"string", "double", "dateTime.iso8601", "base64"})
_OTHERS = frozenset(
    {"methodResponse", "params", "param", "value", "fault", "array", "data", "struct", "member", "name"}
)
_KNOWN = _INTEGERS | _TEXTS | _OTHERS | {"boolean", "nil", "ex:nil"}
_LARGEST = 2**63
_ENCODING = re.compile(rb"""\s*<\?xml[^>]{0,200}?\bencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})""")
#: Characters that XML 1.0 does not allow, and references to them.
_NOT_ALLOWED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|x0*(?:[0-8bcBCeEfF]|1[0-9a-fA-F]));"
)


class Fault(Struct, frozen=True):
    """What a server answers if it does not answer the question: a code and a text."""

    code: int
    text: str


def request_body(method: str, *arguments: int) -> bytes:
    """Return the body of a call with integers."""
    values = "".join(f"<param><value><int>{argument}</int></value></param>" for argument in arguments)
    call = f"<methodName>{escape(method)}</methodName><params>{values}</params>"
    return f'<?xml version="1.0"?>\n<methodCall>{call}</methodCall>'.encode()


def parse_response(body: bytes, url: str) -> Any:
    """Return the value of a response, or its ``Fault``.

    Arrays are lists, structs dicts, nil None; integers and booleans are those of Python. Values of all other types stay
    texts.

    :raises DocumentError: when the body is no response of XML-RPC, or has a DOCTYPE.
    :raises TooLargeError: when it exceeds a limit.
    """
    check_values(body, b"<", url)
    try:
        try:
            return _parsed(body)
        except expat.ExpatError:
            if (allowed := _with_allowed_characters(body)) == body:
                raise
            return _parsed(allowed)
    except (expat.ExpatError, ValueError, LookupError, UnicodeError) as error:
        raise DocumentError(url, _EXPECTED, excerpt(body)) from error


def _parsed(body: bytes) -> Any:
    reader = _Reader()
    for start in range(0, len(body), _CHUNK):
        reader.parser.Parse(body[start : start + _CHUNK], False)
    reader.parser.Parse(b"", True)
    return reader.result()


def _with_allowed_characters(body: bytes) -> bytes:
    """A body in UTF-8 with U+FFFD for each character that XML does not allow; one in another encoding as it is."""
    declared = _ENCODING.match(body)
    if declared is not None and declared[1].lower() not in (b"utf-8", b"utf8", b"us-ascii"):
        return body
    return _NOT_ALLOWED.sub("\ufffd", body.decode(errors="replace")).encode()


class _Reader:
    """Builds the values of a response from its elements. Its methods raise ValueError for anything else."""

    def __init__(self) -> None:
        self.parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = self._characters, self._doctype
        self._containers: list[Any] = [[]]
        self._names: list[str] = []
        self._texts: list[str] = []
        self._value: Any = None
        self._has_value = self._is_fault = self._is_response = False

    def result(self) -> Any:
        """The only value of the response, or its fault."""
        values = self._containers[0]
        if not self._is_response or len(self._containers) != 1 or len(values) != 1:
            raise ValueError("not one value")
        if not self._is_fault:
            return values[0]
        fault = values[0]
        if not isinstance(fault, dict) or not isinstance(fault.get("faultCode"), int):
            raise ValueError("not a fault")
        return Fault(fault["faultCode"], str(fault.get("faultString", "")))

    def _doctype(self, *declared: object) -> None:
        raise ValueError(f"a DOCTYPE of {len(declared)} parts")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        del attributes
        if tag not in _KNOWN:
            raise ValueError(tag)
        self._texts.clear()
        if tag == "value":
            self._has_value = False
        elif tag in ("array", "struct"):
            if len(self._containers) > DEEPEST:
                raise ValueError("too deep")
            self._containers.append([] if tag == "array" else {})
        elif tag == "fault":
            self._is_fault = True
        elif tag == "methodResponse":
            self._is_response = True

    def _characters(self, text: str) -> None:
        self._texts.append(text)

    def _end(self, tag: str) -> None:
        if tag == "value":
            self._add(self._value if self._has_value else "".join(self._texts))
            self._has_value = False
        elif tag in ("array", "struct"):
            self._set(self._containers.pop())
        elif tag in _INTEGERS:
            self._set(_integer("".join(self._texts)))
        elif tag in _TEXTS:
            self._set("".join(self._texts))
        elif tag == "boolean":
            self._set("".join(self._texts).strip() == "1")
        elif tag in ("nil", "ex:nil"):
            self._set(None)
        elif tag == "name":
            self._names.append("".join(self._texts))
        self._texts.clear()

    def _set(self, value: Any) -> None:
        self._value, self._has_value = value, True

    def _add(self, value: Any) -> None:
        """Put a value into the array or struct that it belongs to."""
        container = self._containers[-1]
        if isinstance(container, dict):
            container[self._names.pop()] = value
        else:
            container.append(value)


def _integer(text: str) -> int:
    """An integer of 64 bits."""
    number = int(text) if len(text) <= math.ceil(math.log10(_LARGEST)) + 1 else _LARGEST
    if not -_LARGEST <= number < _LARGEST:
        raise ValueError("more than 64 bits")
    return number
