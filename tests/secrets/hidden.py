"""The secrets, each unlike the others and unlike anything else, and what finds them again, however they are written."""

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

#: As much of a secret as must not be found anywhere.
PIECE = 6
#: The name and the password of the index, and a token that is a name without a password.
USERNAME, PASSWORD, TOKEN = "kq4zWv81hTn", "Zx9/Qk@7#Wm?Vb é:Jt%Lp+8", "tQ7w9E3r5T1yU2"
#: Of the address of an index, of the proxies, of a database, of a file's address, of netrc.
IN_ADDRESS, HTTP_PROXY, HTTPS_PROXY = "Ru5;Xc&2=Yd!Ns(6)", "pHx2RvLq8sKd", "pSx4GnMz6wTb"
DATABASE, OPTION, FILE, NETRC = "dB7*Hc,3$Wq~Fk1", "oPt5VxKc9ZrQ", "fIl3NbYw7GjM", "nRc8TdPz4XhS"
SECRETS = (USERNAME, PASSWORD, TOKEN, IN_ADDRESS, HTTP_PROXY, HTTPS_PROXY, DATABASE, OPTION, FILE, NETRC)


def forms(secret: str) -> Iterator[tuple[str, int]]:
    """The ways in which a secret may be written, each with the length that ``PIECE`` characters of it take."""
    encoded = (secret, quote(secret), quote(secret, safe=""), quote_plus(secret))
    lower = (one.replace("%2F", "%2f").replace("%3F", "%3f") for one in encoded)
    escaped = (json.dumps(secret)[1:-1], repr(secret)[1:-1], repr(secret.encode())[2:-1], html.escape(secret))
    yield from ((form, PIECE) for form in (*encoded, *lower, *escaped))
    for plain in {one.encode() for one in encoded}:
        yield plain.hex(), 2 * PIECE
        yield from ((form, PIECE * 4 // 3) for form in _in_base64(plain))


def _in_base64(plain: bytes) -> Iterator[str]:
    """In base64, at each of the places where it can begin; without what its neighbours would change."""
    for before in range(3):
        written = base64.b64encode(bytes(before) + plain).decode().rstrip("=")
        inner = written[0 if before == 0 else 2 if before == 1 else 3 :]
        inner = inner if (before + len(plain)) % 3 == 0 else inner[:-1]
        yield from (inner, inner.replace("+", "-").replace("/", "_"))


#: Escapes and nothing else, cut at either end: digits as they stand in any digest that is escaped.
_ESCAPES = re.compile(rb"x?[0-9a-fA-F]{0,2}(?:(?:\\x|%)[0-9a-fA-F]{2})*(?:(?:\\x?|%)[0-9a-fA-F]?)?")


def pieces(secret: str) -> set[bytes]:
    """What must not be found: every piece of every form, but for those that are escapes and nothing else."""
    written = {(form.encode(), length) for form, length in forms(secret)}
    cut = {form[at : at + length] for form, length in written for at in range(len(form) - length + 1)}
    return {p for p in cut if max(p.count(b"\\"), p.count(b"%")) < 2 and not _ESCAPES.fullmatch(p)}


#: What a database's file mostly consists of.
_NOTHING = re.compile(rb"\x00{8,}|\xff{8,}")
PIECES = {secret: frozenset(pieces(secret)) for secret in SECRETS}


def found(texts: Iterable[bytes], secrets: Iterable[str] = SECRETS) -> dict[str, bytes]:
    """The secrets that are in texts, each with what stands around it."""
    told = {}
    for text in (_NOTHING.sub(b"\0", text) for text in texts):
        for secret in secrets:
            for piece in PIECES[secret]:
                at = text.find(piece)
                if at >= 0:
                    told[secret] = text[max(at - 60, 0) : at + 60]
    return told
