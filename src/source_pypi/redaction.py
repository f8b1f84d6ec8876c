"""Keeping credentials out of whatever is shown or written."""

import re

_USERINFO = re.compile(r"(?<=://)[^/?#\s]*@")


def without_credentials(text: str) -> str:
    """The text with the user information of every address in it removed."""
    return _USERINFO.sub("", text)
