"""services/events/xmlrpc.py: calls and responses, against the standard library's XML-RPC."""

import xmlrpc.client
from typing import Any

import pytest

from source_pypi.errors import DocumentError, TooLargeError
from source_pypi.safety.limits import MOST_VALUES
from source_pypi.services.events.xmlrpc import DEEPEST, Fault, parse_response, request_body

URL = "http://index.test/pypi"


def response(value: Any) -> bytes:
    """A response as the standard library writes it."""
    return xmlrpc.client.dumps((value,), methodresponse=True, allow_none=True).encode()


@pytest.mark.parametrize(
    "value",
    [
        0,
        -1,
        2**31 - 1,
        None,
        True,
        "",
        "  spaces stay ",
        "<&> \u2026 \U0001f600",
        [],
        {},
        [["Flask", None, 1725534675, "create", 24891358], ["x", "1.0", 0, "new release", 2]],
        {"flask": 1, "nested": {"a": [1, {"b": None}]}, "last": "z"},
        [[[[["deep"]]]], []],
    ],
    ids=repr,
)
def test_values(value: Any) -> None:
    """Every value that the standard library writes is read back."""
    assert parse_response(response(value), URL) == value


@pytest.mark.parametrize(
    ("xml", "value"),
    [
        ("<value>untyped</value>", "untyped"),
        ("<value/>", ""),
        ("<value><i8>5000000000</i8></value>", 5_000_000_000),
        ("<value><ex:nil/></value>", None),
        ("<value><double>1.5</double></value>", "1.5"),
        ("<value>\n <array>\n <data>\n <value>\n <int>1</int>\n </value>\n </data>\n </array>\n</value>", [1]),
    ],
)
def test_other_forms(xml: str, value: Any) -> None:
    """A value without a type is a text; large integers, extensions and space between elements are accepted."""
    body = f"<methodResponse xmlns:ex='e'><params><param>{xml}</param></params></methodResponse>"
    assert parse_response(body.encode(), URL) == value


def test_fault() -> None:
    """A fault is returned with its code and text."""
    body = xmlrpc.client.dumps(xmlrpc.client.Fault(-32500, "too many")).encode()
    assert parse_response(body, URL) == Fault(-32500, "too many")


def test_another_encoding() -> None:
    """The encoding that the XML declares is used."""
    body = response("h\u00e9").decode().replace("<?xml version='1.0'?>", "<?xml version='1.0' encoding='latin-1'?>")
    assert parse_response(body.encode("latin-1"), URL) == "h\u00e9"


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (b"1\x01\x1f", "1\ufffd\ufffd"),
        (b"\xff\xed\xa0\x80x", "\ufffd\ufffd\ufffd\ufffdx"),
        (b"\xef\xbf\xbe\xef\xbf\xbf", "\ufffd\ufffd"),
        (b"&#1;&#x0B;&#031;", "\ufffd\ufffd\ufffd"),
        (b"\x00 \xf0\x9f\x98\x80 &#9;&#x20;&amp;\xc2\x85", "\ufffd \U0001f600 \t &\x85"),
    ],
)
def test_characters_that_xml_does_not_allow(sent: bytes, text: str) -> None:
    """Characters that XML does not allow, which the index does not remove from names, become U+FFFD; others stay."""
    body = response(["HERE", "caf\u00e9"]).replace(b"HERE", sent)
    assert parse_response(body, URL) == [text, "caf\u00e9"]


DOCTYPE = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not xml",
        b"<html><body>Sorry</body></html>",
        b"<methodResponse></methodResponse>",
        b"<methodResponse><params></params></methodResponse>",
        b"<array><data></data></array>",
        b"<value><int>1</int></value>",
        response(1)[:-10],
        response(1).replace(b"1</int>", b"one</int>"),
        response(1).replace(b"1</int>", b"9" * 5000 + b"</int>"),
        response(1).replace(b"1</int>", b"9223372036854775808</int>"),
        response([1]).replace(b"<array>", DOCTYPE + b"<array>"),
        b"<?xml version='1.0'?>" + DOCTYPE + b"<methodResponse><params><param><value>&b;</value></param></params>",
        b"<?xml version='1.0' encoding='klingon'?>" + response(1)[21:],
        response(1).replace(b"<int>", b"<script/><int>"),
        b"<methodResponse><fault><value>text</value></fault></methodResponse>",
        b"<methodResponse><params>" + b"<value><array><data>" * (DEEPEST + 1) + b"</params></methodResponse>",
        b"<methodResponse><params><struct><value>nameless</value></struct></params></methodResponse>",
        b"\xff\xfe\x00",
    ],
    ids=range(19),
)
def test_anything_else_is_refused(body: bytes) -> None:
    """What is no response of XML-RPC, has a DOCTYPE, or is nested without end is an error with the URL."""
    with pytest.raises(DocumentError, match=r"^http://index\.test/pypi: expected a response of XML-RPC"):
        parse_response(body, URL)


def test_too_many_values() -> None:
    """A response with more elements than a document may have is refused before it is parsed."""
    with pytest.raises(TooLargeError):
        parse_response(b"<a/>" * (MOST_VALUES + 1), URL)


def test_request() -> None:
    """A call is read by the standard library."""
    body = request_body("changelog_since_serial", 24_891_358)
    assert xmlrpc.client.loads(body) == ((24_891_358,), "changelog_since_serial")
    assert xmlrpc.client.loads(request_body("changelog_last_serial")) == ((), "changelog_last_serial")
