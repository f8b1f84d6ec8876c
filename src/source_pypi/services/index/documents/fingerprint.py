"""Fingerprints of documents, with which the next run requests only what has changed.

Reading on
    index-api.md 2.7 (ETags), 12 (the serial, and what it misses).
"""

import base64
import re
from hashlib import blake2b

from msgspec import Struct

from source_pypi.safety.limits import LONGEST_ETAG

#: The public index's ETags: the MD5 of the body, 22 characters that 16 bytes can hold.
_MD5 = re.compile(r'"([A-Za-z0-9+/]{22})"')
#: The first byte of a tag that holds such an ETag, a digest, the absence of a document, or the digest that an index
#: lists of METADATA or its file; other ETags stay as sent.
MD5_TAG, _DIGEST, _ABSENT, _LISTED = b"~", b"#", b"-", b"*"


class Fingerprint(Struct, frozen=True, array_like=True, gc=False):
    """The identity of a document.

    :ivar tag: its ETag, packed; a digest of the body if the index sends no ETag; or a marker of its absence.
        Empty: unknown.
    :ivar serial: its serial; None: it has none.
    """

    tag: bytes = b""
    serial: int | None = None

    @property
    def etag(self) -> str | None:
        """The ETag as the index sent it; None: the index sent none."""
        if not self.tag or self.tag[:1] in (_DIGEST, _ABSENT, _LISTED):
            return None
        if self.tag[:1] == MD5_TAG:
            return f'"{base64.b64encode(self.tag[1:]).decode().rstrip("=")}"'
        return self.tag.decode("latin-1")

    @property
    def absent(self) -> bool:
        """Whether the index did not have the document."""
        return self.tag == _ABSENT

    @property
    def listed(self) -> bool:
        """Whether it identifies METADATA by what the index lists of its file (``listed_fingerprint``)."""
        return self.tag[:1] == _LISTED

    def same(self, other: "Fingerprint | None") -> bool:
        """Whether both identify the same document."""
        return other is not None and self.tag != b"" and self.tag == other.tag


#: No document was read before.
UNKNOWN = Fingerprint()
#: The index did not have the document.
ABSENT = Fingerprint(_ABSENT)
#: The index announces the document, but did not have it in two runs: it is requested again by full checks only.
ABSENT_AGAIN = Fingerprint(_ABSENT, 0)


def fingerprint_of(etag: str | None, body: bytes, serial: int | None) -> Fingerprint:
    """The fingerprint of a response; an ETag that is empty, too long or begins like the tags above is ignored."""
    if (
        not etag
        or len(etag) > LONGEST_ETAG
        or etag[0].encode("latin-1", "replace") in (MD5_TAG, _DIGEST, _ABSENT, _LISTED)
    ):
        return Fingerprint(_DIGEST + blake2b(body, digest_size=8).digest(), serial)
    if match := _MD5.fullmatch(etag):
        packed = base64.b64decode(f"{match[1]}==")
        # 16 bytes leave two bits for the last character; if it has more, packing would lose them
        if base64.b64encode(packed).decode().rstrip("=") == match[1]:
            return Fingerprint(MD5_TAG + packed, serial)
    return Fingerprint(etag.encode("latin-1", "replace"), serial)


def listed_fingerprint(filename: str, digest: str) -> Fingerprint:
    """The fingerprint of METADATA that has not been requested: of its file's name and a digest that the index lists."""
    return Fingerprint(_LISTED + blake2b(f"{filename}\n{digest.lower()}".encode(), digest_size=8).digest())
