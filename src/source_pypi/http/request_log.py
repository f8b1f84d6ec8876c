"""What a client reports of its requests: each response, each wait, and totals."""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class TransferStats(Struct):
    """What was transferred so far: requests sent (each try and redirect counts), and compressed bytes of bodies.

    ``rate_limit_seconds`` is the time during which at least one request waited for the rate limit.
    """

    requests: int = 0
    bytes_received: int = 0
    rate_limit_seconds: float = 0.0


class RequestLog(Struct, frozen=True):
    """A request with its status, the compressed size of the body in bytes, and the duration in seconds.

    ``sent`` and ``received`` are the headers of request and response. What is secret in them is replaced by ``***``.
    """

    url: str
    status: int
    size: int
    seconds: float
    sent: Mapping[str, str] = _NO_HEADERS
    received: Mapping[str, str] = _NO_HEADERS

    def __str__(self) -> str:
        return f"{self.url}: status {self.status}, {self.size} bytes, {self.seconds:.3f} s"


class RetryWait(Struct, frozen=True):
    """A wait before a retry: the reason, its length in seconds, the tries so far, and whether Retry-After set it."""

    url: str
    reason: str
    seconds: float
    tries: int
    requested: bool = False

    def __str__(self) -> str:
        return f"{self.url}: {self.reason}; waiting {self.seconds:.1f} s before try {self.tries + 1}"
