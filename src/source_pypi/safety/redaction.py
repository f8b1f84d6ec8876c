"""Removal of credentials from text that is shown or written."""

import re
from functools import partial

#: User information in a URL (RFC 3986, 3.2.1), also after one slash, since ``Path`` collapses two. The scheme has at
#: least two letters: one letter is a drive.
_USERINFO = re.compile(r"(?<=[a-z0-9+.-]{2}:/)(/?)[^/?#\s]*@", re.IGNORECASE)
#: A password with a character that should be percent-encoded, up to the last ``@``. It does not match a host and port,
#: because a number follows the colon of a host.
_BROKEN_USERINFO = re.compile(r"(?<=[a-z0-9+.-]{2}:/)(/?)[^/?#\s:@\[]*:(?!\d*(?:[/?#\s]|$))\S*@", re.IGNORECASE)
#: What stands in place of a port and is no number: a password whose ``@`` is missing (``scheme://user:password``).
_NOT_A_PORT = re.compile(
    r"(?<=[a-z0-9+.-]{2}://)([^/?#\s:@\[\]]*+):(?!\d++(?![\w%~.-]))(?![/?#\s'\"),;]|$)[^/?#\s'\"]++", re.IGNORECASE
)
#: The part of a word that can contain user information; so each word is searched once, however many URLs it contains.
_UP_TO_AT = re.compile(r"(?<!\S)\S*@")
#: A query parameter with a secret name: ``?password=``, or the signature in a URL of a bucket. The lookahead
#: and the possessive quantifier keep the time linear.
_SECRET_PARAMETER = re.compile(
    r"([?&](?=[^?=&\s]*(?:pass|pwd|token|secret|key|sig|cred|auth))[^?=&\s]*+=)[^&#\s'\"]+", re.IGNORECASE
)


def without_credentials(text: str) -> str:
    """The text without the user information of its URLs.

    ``***`` stands for the values of secret query parameters, and for a port that is no number.
    """
    for pattern in (_USERINFO, _BROKEN_USERINFO):
        text = _UP_TO_AT.sub(partial(_without, pattern), text)
    text = _NOT_A_PORT.sub(r"\1:***", text)
    return _SECRET_PARAMETER.sub(r"\1***", text)


def _without(userinfo: re.Pattern[str], match: re.Match[str]) -> str:
    return userinfo.sub(r"\1", match[0])
