"""Keeping credentials out of whatever is shown or written."""

import re
from functools import partial

#: User information in an address (RFC 3986, 3.2.1); with one slash too, since a ``Path`` makes one of two. The letters
#: before the colon are two at least: one is a drive.
_USERINFO = re.compile(r"(?<=[a-z0-9+.-]{2}:/)(/?)[^/?#\s]*@", re.IGNORECASE)
#: A password with a character that would have to be percent-encoded, up to the last ``@``; what follows the colon of a
#: host is a number, and this is none.
_BROKEN_USERINFO = re.compile(r"(?<=[a-z0-9+.-]{2}:/)(/?)[^/?#\s:@\[]*:(?!\d*(?:[/?#\s]|$))\S*@", re.IGNORECASE)
#: What can have user information in it: so each word is looked through once, however many addresses it seems to have.
_UP_TO_AT = re.compile(r"(?<!\S)\S*@")
#: An option of an address that is a secret by its name: ``?password=``, and what a bucket signs addresses with.
#: Looked for ahead, and possessive: a long text takes no longer than it is.
_OPTION = re.compile(
    r"([?&](?=[^?=&\s]*(?:pass|pwd|token|secret|key|sig|cred|auth))[^?=&\s]*+=)[^&#\s'\"]+", re.IGNORECASE
)


def without_credentials(text: str) -> str:
    """The text with the user information of every address in it removed, and secret options of addresses hidden."""
    for pattern in (_USERINFO, _BROKEN_USERINFO):
        text = _UP_TO_AT.sub(partial(_without, pattern), text)
    return _OPTION.sub(r"\1***", text)


def _without(userinfo: re.Pattern[str], found: re.Match[str]) -> str:
    return userinfo.sub(r"\1", found[0])
