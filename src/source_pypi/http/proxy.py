"""The proxies that the environment names, as the standard library finds them.

``HTTP_PROXY``, ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``, lower case too; on macOS and Windows also the system's
settings. Credentials in a proxy's address go to the proxy, and are never shown.
"""

import base64
import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from source_pypi.errors import ProxyError


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy: its address, without credentials, and what is said to it and nobody else."""

    url: str
    authorization: str | None = field(default=None, repr=False)

    @property
    def scheme(self) -> str:
        """How it is spoken to: http or https."""
        return urlsplit(self.url).scheme

    @property
    def headers(self) -> dict[str, str]:
        """The headers for the proxy itself."""
        return {} if self.authorization is None else {"Proxy-Authorization": self.authorization}


def proxy_for(url: str) -> Proxy | None:
    """The proxy that the environment names for an address; None: it names none, or an exception for this host.

    :raises ProxyError: when what it names is no address of an HTTP proxy.
    """
    parts = urlsplit(url)
    named = getproxies()
    proxy = named.get(parts.scheme) or named.get("all")
    hosts = parts.netloc.rpartition("@")[2], parts.hostname or ""
    if not proxy or any(proxy_bypass(host) for host in hosts):
        return None
    return read_proxy(proxy)


def read_proxy(text: str) -> Proxy:
    """A proxy from an address, which may have credentials, and may lack ``http://``, as it often does.

    :raises ProxyError: when it is no address of an HTTP proxy.
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
