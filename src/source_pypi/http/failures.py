"""What the errors of urllib3 and the standard library mean: an error for the user, or a short cause for a retry."""

import http.client
import re
import ssl
from collections.abc import Iterator

from urllib3 import exceptions

from source_pypi.errors import ProxyError, UntrustedError
from source_pypi.http.proxy import Proxy

#: Causes by type of error; the first match counts.
_CAUSES: tuple[tuple[type[Exception], str], ...] = (
    (exceptions.NameResolutionError, "its host name cannot be resolved"),
    (exceptions.NewConnectionError, "no connection can be made"),
    (exceptions.ConnectTimeoutError, "no connection within the timeout"),
    (exceptions.ReadTimeoutError, "no response within the timeout"),
    (exceptions.DecodeError, "the response cannot be decompressed"),
    (exceptions.ProtocolError, "the connection broke"),
    (exceptions.InvalidHeader, "the response has invalid or contradictory headers"),
)
#: Errors that come before a connection to the service is made.
_UNCONNECTED = (
    exceptions.NameResolutionError,
    exceptions.NewConnectionError,
    exceptions.ConnectTimeoutError,
    exceptions.ProxyError,
    ssl.SSLError,
    ConnectionRefusedError,
)
#: OpenSSL's own words for a certificate (X509_V_ERR_*) are the clearest; anything but ASCII is removed from them.
_UNPRINTABLE = re.compile(r"[^ -~]+")


def cause_of(error: Exception, url: str, proxy: Proxy | None) -> str:
    """Why no response came from a URL, in a few words, where a retry may help.

    :raises UntrustedError: the certificate of the URL, or of its proxy, is not trusted.
    :raises ProxyError: its proxy refuses the connection.
    """
    chain = [*_chain(error)]
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            by_proxy = proxy is not None and proxy.scheme == "https" and _is_of_proxy(error)
            raise UntrustedError(proxy.url if proxy and by_proxy else url, _certificate_fault(cause)) from error
        status = _tunnel_status(cause)
        if proxy is not None and status is not None and 400 <= status < 500 and status not in (408, 429):
            raise proxy_refusal(proxy, status) from error
    if any(isinstance(cause, http.client.IncompleteRead) for cause in chain):
        return "the response was incomplete"
    status = next((status for cause in chain if (status := _tunnel_status(cause)) is not None), None)
    if proxy is None:
        return _words(chain)
    if status is not None or _is_of_proxy(error):
        return f"its proxy {proxy.url}: {f'status {status}' if status is not None else _words(chain[1:])}"
    return f"{_words(chain)}, through the proxy {proxy.url}"


def is_connected(error: Exception) -> bool:
    """Whether a request failed on a connection that had been made to the service itself, not to its proxy only."""
    return not any(isinstance(cause, _UNCONNECTED) for cause in _chain(error))


def proxy_refusal(proxy: Proxy, status: int) -> ProxyError:
    """The error for a proxy that refuses a request."""
    if status == 407:
        return ProxyError(proxy.url, "requires credentials (407): add them to its URL, as name:password@host")
    return ProxyError(proxy.url, f"refuses to connect to the index ({status}): check NO_PROXY and index_url")


def _words(chain: list[BaseException]) -> str:
    for error in chain:
        if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLZeroReturnError):
            reason = (error.reason or "no reason given").lower().replace("_", " ")
            return f"TLS failed ({reason})"
        for kind, cause in _CAUSES:
            if isinstance(error, kind) and not _wraps_tls(error):
                return cause
    return f"the request failed ({type(chain[0]).__name__})" if chain else "it cannot be reached"


def _wraps_tls(error: BaseException) -> bool:
    return any(isinstance(cause, ssl.SSLError) for cause in _chain(error))


def _is_of_proxy(error: Exception) -> bool:
    return isinstance(error, exceptions.ProxyError)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and the errors in its arguments, the outermost first."""
    yield error
    for inner in error.args:
        if isinstance(inner, BaseException):
            yield from _chain(inner)


def _tunnel_status(error: BaseException) -> int | None:
    """The status with which a proxy answered CONNECT; ``http.client`` gives it in the message only."""
    found = re.match(r"Tunnel connection failed: (\d{3})\b", str(error)) if isinstance(error, OSError) else None
    return int(found[1]) if found else None


def _certificate_fault(error: ssl.SSLCertVerificationError) -> str:
    return _UNPRINTABLE.sub(" ", error.verify_message or error.reason or "").strip().rstrip(".") or "no reason given"
