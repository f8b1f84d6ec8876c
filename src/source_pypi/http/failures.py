"""What the errors of the transport mean: one is the user's to mend and raised, the others are said in a few words."""

import http.client
import re
import ssl
from collections.abc import Iterator

from urllib3 import exceptions

from source_pypi.errors import ProxyError, SourceError, UntrustedError
from source_pypi.http.proxy import Proxy

#: What to call the errors of the transport; the first that fits counts.
_CAUSES: tuple[tuple[type[Exception], str], ...] = (
    (exceptions.NameResolutionError, "its host name is unknown"),
    (exceptions.NewConnectionError, "no connection can be made"),
    (exceptions.ConnectTimeoutError, "no connection within the timeout"),
    (exceptions.ReadTimeoutError, "no answer within the timeout"),
    (exceptions.DecodeError, "the answer's compression is broken"),
    (exceptions.ProtocolError, "the connection broke"),
)
#: Certificates that could not be checked (OpenSSL's X509_V_ERR_*) are told in its words, which are the clearest.
_WORDS = re.compile(r"[^ -~]+")


def fault_of_user(error: Exception, url: str, proxy: Proxy | None) -> SourceError | None:
    """The error to raise where trying again is no use: the certificate or the proxy; None: it may be over next time."""
    for cause in _chain(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            by_proxy = proxy is not None and proxy.scheme == "https" and _is_of_proxy(error)
            return UntrustedError(proxy.url if proxy and by_proxy else url, _verdict(cause))
        status = _tunnel_status(cause)
        if proxy is not None and status is not None and 400 <= status < 500 and status not in (408, 429):
            return refused_by_proxy(proxy, status)
    return None


def refused_by_proxy(proxy: Proxy, status: int) -> ProxyError:
    """The error for a proxy that does not let a request through."""
    if status == 407:
        return ProxyError(proxy.url, "requires credentials (407): add them to its URL, as name:password@host")
    return ProxyError(proxy.url, f"refuses to connect to the index ({status}): check NO_PROXY and index_url")


def cause_of(error: Exception, proxy: Proxy | None) -> str:
    """Why there was no answer, in a few words."""
    chain = [*_chain(error)]
    if any(isinstance(one, http.client.IncompleteRead) for one in chain):
        return "the answer was cut short"
    status = next((status for one in chain if (status := _tunnel_status(one)) is not None), None)
    if proxy is None:
        return _words(chain)
    if status is not None or _is_of_proxy(error):
        return f"its proxy {proxy.url}: {f'status {status}' if status is not None else _words(chain[1:])}"
    return f"{_words(chain)}, through the proxy {proxy.url}"


def _words(chain: list[BaseException]) -> str:
    for one in chain:
        if isinstance(one, ssl.SSLError) and not isinstance(one, ssl.SSLZeroReturnError):
            reason = (one.reason or "no reason given").lower().replace("_", " ")
            return f"TLS failed ({reason})"
        for kind, words in _CAUSES:
            if isinstance(one, kind) and not _wraps_tls(one):
                return words
    return type(chain[0]).__name__ if chain else "it cannot be reached"


def _wraps_tls(error: BaseException) -> bool:
    return any(isinstance(cause, ssl.SSLError) for cause in _chain(error))


def _is_of_proxy(error: Exception) -> bool:
    return isinstance(error, exceptions.ProxyError)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and those that it wraps, the outermost first."""
    yield error
    for inner in error.args:
        if isinstance(inner, BaseException):
            yield from _chain(inner)


def _tunnel_status(error: BaseException) -> int | None:
    """The status of a proxy's answer to CONNECT, which ``http.client`` tells in words only."""
    found = re.match(r"Tunnel connection failed: (\d{3})\b", str(error)) if isinstance(error, OSError) else None
    return int(found[1]) if found else None


def _verdict(error: ssl.SSLCertVerificationError) -> str:
    return _WORDS.sub(" ", error.verify_message or error.reason or "").strip().rstrip(".") or "no reason given"
