"""What a document was when it was last read: enough to ask whether it has changed, and to see that it has.

Reading on
    index-api.md 2.7 (ETags), 12 (the serial, and what it misses).
"""

import base64
import re
from hashlib import blake2b

from msgspec import Struct

#: The public index's ETags: the MD5 of the body, 22 characters that 16 bytes can hold.
_MD5 = re.compile(r'"([A-Za-z0-9+/]{22})"')
#: How tags begin: of such an ETag, of a digest, of what is not there; other ETags stand as they are.
MD5_TAG, _DIGEST, _ABSENT = b"~", b"#", b"-"


class Fingerprint(Struct, frozen=True, array_like=True, gc=False):
    """What a document was.

    :ivar tag: its ETag, packed; where the index sends none, a digest of the body; or that there was no such document.
        Empty: nothing is known.
    :ivar serial: its serial; None: it had none.
    """

    tag: bytes = b""
    serial: int | None = None

    @property
    def etag(self) -> str | None:
        """The ETag as the index sent it; None: it sent none."""
        if not self.tag or self.tag[:1] in (_DIGEST, _ABSENT):
            return None
        if self.tag[:1] == MD5_TAG:
            return f'"{base64.b64encode(self.tag[1:]).decode().rstrip("=")}"'
        return self.tag.decode("latin-1")

    @property
    def absent(self) -> bool:
        """Whether there was no such document."""
        return self.tag == _ABSENT

    def same(self, other: "Fingerprint | None") -> bool:
        """Whether both are of one and the same answer."""
        return other is not None and self.tag != b"" and self.tag == other.tag


#: Nothing is known.
UNKNOWN = Fingerprint()
#: The index did not have the document.
ABSENT = Fingerprint(_ABSENT)


def fingerprint_of(etag: str | None, body: bytes, serial: int | None) -> Fingerprint:
    """The mark of an answer; an ETag that is empty, or could be taken for a tag of ours, is as good as none."""
    if not etag or etag[0].encode("latin-1", "replace") in (MD5_TAG, _DIGEST, _ABSENT):
        return Fingerprint(_DIGEST + blake2b(body, digest_size=8).digest(), serial)
    if found := _MD5.fullmatch(etag):
        packed = base64.b64decode(f"{found[1]}==")
        # the last character holds two bits; where it holds more, packing would lose them
        if base64.b64encode(packed).decode().rstrip("=") == found[1]:
            return Fingerprint(MD5_TAG + packed, serial)
    return Fingerprint(etag.encode("latin-1", "replace"), serial)
