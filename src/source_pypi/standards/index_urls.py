"""URLs of package indexes: which of them are the same index, and which is the public one."""

import os
import re
from functools import cache, lru_cache
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from source_pypi.safety.redaction import without_credentials

#: Endings of an index's URL that name one of its interfaces, not its root.
INTERFACES = ("/+simple", "/simple", "/pypi")
#: The ports of http and https. Both schemes of a host are one index.
_DEFAULT_PORTS = (None, 80, 443)
_PUBLIC = "the public index"
#: A URL of a file on this computer, up to its path.
_FILE_URL = re.compile(r"file:(?://(?:localhost)?(?=/))?(?!//)(?=.)")


def default_url() -> str:
    """The URL of the public index, from the library that defines it."""
    from distlib.index import DEFAULT_INDEX

    return str(DEFAULT_INDEX)


def folder_url(text: str) -> str | None:
    """The ``file:`` URL of the folder that a path or URL names; None: it names no folder.

    A path begins with ``/``, ``./``, ``../`` or ``~/``. Links are not followed.
    """
    if found := _FILE_URL.match(text):
        path = unquote(text[found.end() :])
    elif text in (".", "..") or text.startswith(("/", "./", "../", "~/")):
        path = str(Path(text).expanduser())
    else:
        return None
    return Path(os.path.abspath(path)).as_uri()  # noqa: PTH100  # absolute() would leave ".." in it


def is_on_disk(url: str) -> bool:
    """Whether the URL of an index names a folder."""
    return url.startswith("file:")


def same_index(one: str, other: str) -> bool:
    """Whether two URLs name the same index.

    Scheme, credentials, query, upper case of the host, default port, final slashes and the name of an interface
    (``/simple``) make no difference. A folder is the same by its path and by its URL. Any other text equals only
    itself.
    """
    return _key(one) == _key(other)


def is_public(url: str) -> bool:
    """Whether a URL names the public index, by any of its host names."""
    return _key(url) == _key(default_url())


def index_title(url: str) -> str:
    """An index as messages name it: its URL without credentials, or "the public index"."""
    return _PUBLIC if is_public(url) else without_credentials(url)


def host_of(url: str) -> str | None:
    """The host of a URL of http or https in lower case, with its port unless it is the default; None: another text."""
    parsed = _parsed(url)
    return None if parsed is None else parsed[0]


def _parsed(url: str) -> tuple[str, str] | None:
    """Host and path of a URL of http or https; the host with its port unless it is the default. None: another text."""
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or not host:
        return None
    return host if port in _DEFAULT_PORTS else f"{host}:{port}", parts.path


@lru_cache(1024)
def _key(url: str) -> str:
    """What all URLs of an index have in common: host, port and path. A text that is not a URL stays as it is."""
    parsed = _parsed(url)
    if parsed is None:
        return folder_url(url.strip()) or url.strip()
    host, path = parsed
    path = quote(unquote(re.sub(r"//+", "/", path)), safe="/+!~").rstrip("/")
    while interface := next((one for one in INTERFACES if path.endswith(one)), ""):
        path = path.removesuffix(interface).rstrip("/")
    if not path and host in _public_hosts():
        host = _public_host()
    return f"index://{host}{path}"


@cache
def _public_host() -> str:
    return urlsplit(default_url()).hostname or ""


@cache
def _public_hosts() -> frozenset[str]:
    """The public index's hosts: today's, with www, and the one below python.org that old lock files name."""
    host = _public_host()
    return frozenset({host, f"www.{host}", f"{host.partition('.')[0]}.python.org"})
