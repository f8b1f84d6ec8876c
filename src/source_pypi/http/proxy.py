"""The HTTP proxy that the environment names, as the standard library finds it.

It reads ``HTTP_PROXY``, ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` in upper and lower case; on macOS and Windows
also the system's settings. Credentials in the URL of a proxy are sent to the proxy only, and never shown.
"""

import base64
import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from source_pypi.errors import ProxyError


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy: its URL without credentials, and the Proxy-Authorization header; None: it needs no credentials."""

    url: str
    authorization: str | None = field(default=None, repr=False)

    @property
    def scheme(self) -> str:
        """``http`` or ``https``."""
        return urlsplit(self.url).scheme

    @property
    def headers(self) -> dict[str, str]:
        """The headers that are sent to the proxy only."""
        return {} if self.authorization is None else {"Proxy-Authorization": self.authorization}


def proxy_for(url: str) -> Proxy | None:
    """The proxy that the environment names for a URL; None: it names none, or exempts this host.

    :raises ProxyError: when the environment names something that is not the URL of an HTTP proxy.
    """
    parts = urlsplit(url)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    hosts = parts.netloc.rpartition("@")[2], parts.hostname or ""
    if not proxy or any(proxy_bypass(host) for host in hosts):
        return None
    return parse_proxy(proxy)


def parse_proxy(text: str) -> Proxy:
    """Parse the URL of a proxy; it may contain credentials and omit ``http://``.

    :raises ProxyError: when it is not the URL of an HTTP proxy.
    """
    text = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(text)
        host, port, username = parts.hostname, parts.port, parts.username
    except ValueError:
        raise ProxyError("", "is not a URL such as http://proxy.example.com:3128") from None
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    if not host or port == 0 or re.search(r"[\s\x00-\x1f]", text):
        raise ProxyError("", "is not a URL such as http://proxy.example.com:3128")
    if parts.scheme not in ("http", "https"):
        raise ProxyError(shown, f"cannot be used: its scheme is {parts.scheme}, not http or https")
    if username is None:
        return Proxy(shown)
    token = base64.b64encode(f"{unquote(username)}:{unquote(parts.password or '')}".encode())
    return Proxy(shown, f"Basic {token.decode()}")
