"""The secrets, which resemble nothing else, and the search for them in any form."""

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

#: The length of the pieces of a secret that must not appear.
PIECE = 6
#: The user name and password of the index, and a token, which is a user name without a password.
USERNAME, PASSWORD, TOKEN = "kq4zWv81hTn", "Zx9/Qk@7#Wm?Vb é:Jt%Lp+8", "tQ7w9E3r5T1yU2"
#: In the URLs of an index, of proxies, of a database and of a file, and in netrc.
IN_ADDRESS, HTTP_PROXY, HTTPS_PROXY = "Ru5;Xc&2=Yd!Ns(6)", "pHx2RvLq8sKd", "pSx4GnMz6wTb"
DATABASE, OPTION, FILE, NETRC = "dB7*Hc,3$Wq~Fk1", "oPt5VxKc9ZrQ", "fIl3NbYw7GjM", "nRc8TdPz4XhS"
#: In the URLs of the other services, and the user name and password for ClickHouse.
ADVISORIES, EVENTS, DOWNLOADS, TOP = "aDv6/Wk+3QzLs", "eVt9;Gx4&HmPc", "dOw2NsYr5;KbJ", "tOp8MfXq3VhZ"
CLICKHOUSE_USER, CLICKHOUSE = "cHu7RgBw1LnS", "cHp4 Ty%9XdKv"
OF_SERVICES = (ADVISORIES, EVENTS, DOWNLOADS, TOP, CLICKHOUSE_USER, CLICKHOUSE)
SECRETS = (
    *(USERNAME, PASSWORD, TOKEN, IN_ADDRESS, HTTP_PROXY, HTTPS_PROXY, DATABASE, OPTION, FILE, NETRC),
    *OF_SERVICES,
)


def forms(secret: str) -> Iterator[tuple[str, int]]:
    """The forms of a secret, each with the encoded length of ``PIECE`` characters."""
    encoded = (secret, quote(secret), quote(secret, safe=""), quote_plus(secret))
    lower = (one.replace("%2F", "%2f").replace("%3F", "%3f") for one in encoded)
    escaped = (json.dumps(secret)[1:-1], repr(secret)[1:-1], repr(secret.encode())[2:-1], html.escape(secret))
    yield from ((form, PIECE) for form in (*encoded, *lower, *escaped))
    for plain in {one.encode() for one in encoded}:
        yield plain.hex(), 2 * PIECE
        yield from ((form, PIECE * 4 // 3) for form in _in_base64(plain))


def _in_base64(plain: bytes) -> Iterator[str]:
    """The base64 forms at each of three offsets, without the characters that depend on the neighbours."""
    for before in range(3):
        written = base64.b64encode(bytes(before) + plain).decode().rstrip("=")
        inner = written[0 if before == 0 else 2 if before == 1 else 3 :]
        inner = inner if (before + len(plain)) % 3 == 0 else inner[:-1]
        yield from (inner, inner.replace("+", "-").replace("/", "_"))


#: Only escapes, possibly cut at either end, as in any escaped digest.
_ESCAPES = re.compile(rb"x?[0-9a-fA-F]{0,2}(?:(?:\\x|%)[0-9a-fA-F]{2})*(?:(?:\\x?|%)[0-9a-fA-F]?)?")


def pieces(secret: str) -> set[bytes]:
    """All pieces of all forms, except those that consist of escapes."""
    written = {(form.encode(), length) for form, length in forms(secret)}
    cut = {form[at : at + length] for form, length in written for at in range(len(form) - length + 1)}
    return {p for p in cut if max(p.count(b"\\"), p.count(b"%")) < 2 and not _ESCAPES.fullmatch(p)}


#: Filler in the file of a database.
_FILLER = re.compile(rb"\x00{8,}|\xff{8,}")
PIECES = {secret: frozenset(pieces(secret)) for secret in SECRETS}


def found(texts: Iterable[bytes], secrets: Iterable[str] = SECRETS) -> dict[str, bytes]:
    """The secrets in texts, each with its surroundings."""
    context = {}
    for text in (_FILLER.sub(b"\0", text) for text in texts):
        for secret in secrets:
            for piece in PIECES[secret]:
                at = text.find(piece)
                if at >= 0:
                    context[secret] = text[max(at - 60, 0) : at + 60]
    return context
