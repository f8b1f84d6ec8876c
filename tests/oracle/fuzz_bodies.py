"""Bodies that are not what they should be: JSON with other keys and values, and bytes that are no JSON at all."""

import gzip
import json
import zlib
from collections.abc import Callable
from random import Random
from typing import Any

VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1.5,
    2**63,
    10**400,
    1e308,
    "",
    " ",
    "UNKNOWN",
    "text",
    "\x00",
    "\ud800",
    "\u202e\x1b[31m\r\n",
    "../../etc/passwd",
    "a" * 20_000,
    "9999-99-99T99:99:99Z",
    "0001-01-01T00:00:00-23:59",
    [],
    {},
    [None],
    [[]],
    [{}],
    {"": None},
    ["text", 5, None],
    {"seen_at": "2999-01-01T00:00:00Z"},
)
KEYS = (
    "seen_at",
    "_ab_cdc_deleted_at",
    "project",
    "version",
    "files",
    "info",
    "INFO",
    "",
    "\x00",
    "a" * 3000,
    "_dlt_id",
    "ключ",
)
Body = Callable[[Random, bytes], bytes]


def _places(document: Any) -> list[tuple[Any, Any]]:
    if isinstance(document, dict):
        return [(document, key) for key in document] + [
            place for value in document.values() for place in _places(value)
        ]
    if isinstance(document, list):
        return [(document, number) for number in range(len(document))] + [
            place for value in document for place in _places(value)
        ]
    return []


def _dumped(document: Any) -> bytes:
    return json.dumps(document).encode()


def _values(random: Random, body: bytes) -> bytes:
    """Other values in some places."""
    document = json.loads(body)
    for _ in range(random.choice((1, 1, 2, 5))):
        places = _places(document)
        if places:
            container, key = random.choice(places)
            container[key] = random.choice(VALUES)
    return _dumped(document)


def _keys(random: Random, body: bytes) -> bytes:
    """Keys dropped, added, renamed."""
    document = json.loads(body)
    for _ in range(random.choice((1, 1, 3))):
        places = [(container, key) for container, key in _places(document) if isinstance(container, dict)]
        if not places:
            break
        container, key = random.choice(places)
        value = container.pop(key)
        if random.random() < 0.6:
            container[random.choice(KEYS)] = value if random.random() < 0.5 else random.choice(VALUES)
    return _dumped(document)


def _more_keys(random: Random, body: bytes) -> bytes:
    """Keys at the top that the document should not have."""
    document = json.loads(body)
    for _ in range(random.randint(1, 3)):
        document[random.choice(KEYS)] = random.choice(VALUES)
    return _dumped(document)


def _nested(random: Random, body: bytes) -> bytes:
    """A value that is nested deep, or repeated often."""
    deep = random.choice((50, 200, 5000, 100_000))
    value = random.choice(
        (b"[" * deep + b"]" * deep, b'{"a":' * deep + b"1" + b"}" * deep, b"[" + b"0," * deep + b"0]")
    )
    return body.replace(
        random.choice((b'"info":', b'"urls":', b'"releases":', b"null", b"false")), b'"x":' + value + b',"info":', 1
    )


def _twice(random: Random, body: bytes) -> bytes:
    """A key that stands twice."""
    key = random.choice((b'"info":', b'"releases":', b'"name":', b'"version":', b'"urls":', b'"filename":'))
    value = random.choice((b"null", b"5", b'"text"', b"[]", b"{}"))
    return body.replace(key, key + value + b"," + key, 1)


def _flipped(random: Random, body: bytes) -> bytes:
    """Some bytes are other ones."""
    changed = bytearray(body)
    for _ in range(random.choice((1, 1, 3, 20))):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def _cut(random: Random, body: bytes) -> bytes:
    return body[: random.randrange(len(body))]


def _grown(random: Random, body: bytes) -> bytes:
    """Something behind the document, or before it."""
    more = random.choice((b"}", b"\n" * 1000, b"null", b"\x00" * 10, b"\xff\xfe", b"<!-- -->", body))
    return random.choice((body + more, more + body))


def _whole(random: Random, body: bytes) -> bytes:
    """Something else altogether."""
    others = (
        b"",
        b" ",
        b"null",
        b"[]",
        b"{}",
        b"5",
        b'"text"',
        b"NaN",
        b"<!DOCTYPE html><html><body>Sign in</body></html>",
        b'{"errors": [{"status": 404, "message": "Not Found"}]}',
        b'{"message": "Not Found"}',
        b'{"info": {}}',
        b'{"info": null, "releases": null}',
        b'{"files": [], "name": "other", "meta": {"api-version": "9.0"}}',
        body.decode("utf-8").encode("utf-16"),
        b"\xef\xbb\xbf" + body,
        gzip.compress(body),
        zlib.compress(body),
        b"\x1f\x8b\x08\x00" + bytes(40),
    )
    return random.choice(others)


BODIES: tuple[Body, ...] = (_values, _values, _keys, _more_keys, _nested, _twice, _flipped, _cut, _grown, _whole)
"""The ways to change a body."""
