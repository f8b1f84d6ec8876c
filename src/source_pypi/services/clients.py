"""What services other than the index share: a client by the settings, and the errors of ``http/`` in their words."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import msgspec

from source_pypi.config import Config
from source_pypi.errors import (
    DocumentError,
    RefusedError,
    ResponseError,
    ServiceDocumentError,
    ServiceError,
    ServiceRefusedError,
    SourceError,
    UnavailableError,
    UnreachableError,
    UntrustedError,
)
from source_pypi.safety.printable import printable
from source_pypi.safety.wording import tries_text

if TYPE_CHECKING:
    from source_pypi.http.client import Client
    from source_pypi.http.credentials import Credentials
    from source_pypi.http.request_log import RequestLog, RetryWait

T = TypeVar("T")


def open_client(
    config: Config,
    credentials: "Credentials | None",
    on_event: "Callable[[RetryWait | RequestLog], None]",
    *,
    requests_per_second: float,
) -> "Client":
    """Return a client for one service. Nothing is requested yet.

    :param credentials: those of the service; None: it needs none.
    :param on_event: called with each wait before it begins, and with each response.
    :param requests_per_second: the rate limit; 0: there is none.
    :raises SettingError: when the certificates that the configuration names cannot be read.
    """
    from source_pypi.http.client import Client
    from source_pypi.http.user_agent import user_agent

    return Client(
        user_agent=user_agent(config.contact),
        credentials=credentials,
        requests_per_second=requests_per_second,
        timeout=config.request_timeout_seconds,
        ca_bundle=config.ca_bundle,
        on_event=on_event,
    )


def decoded(decoder: "msgspec.json.Decoder[T]", body: bytes, url: str, expected: str) -> T:
    """What a JSON body contains.

    :raises DocumentError: when it is not JSON, of another type, or nested too deep.
    """
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DocumentError(url, expected, printable(str(error))[:200]) from error
    except RecursionError as error:
        raise DocumentError(url, expected, "JSON that is nested too deep") from error


@contextmanager
def service_errors(settings: str) -> Iterator[None]:
    """Raise errors that name the settings of a service instead of those of the index.

    :param settings: the settings to check.
    """
    try:
        yield
    except SourceError as error:
        if (made := of_service(error, settings)) is error:
            raise
        raise made from error


def of_service(error: SourceError, settings: str) -> SourceError:
    """Return an error that names the settings of a service instead of those of the index; others as they are.

    :param settings: the settings to check.
    """
    made: SourceError
    match error:
        case UnreachableError(url=url, cause=cause, tries=tries, seconds=seconds):
            made = ServiceError(url, f"cannot be reached: {cause} ({tries_text(tries, seconds)})", settings)
        case UnavailableError(url=url, status=status, tries=tries, seconds=seconds):
            made = ServiceError(url, f"answered {status} ({tries_text(tries, seconds)})", settings)
        case UntrustedError(url=url, reason=reason):
            reason = f"has a certificate that is not trusted ({reason})"
            made = ServiceRefusedError(url, reason, f"ca_bundle and {settings}")
        case RefusedError(url=url, status=status):
            made = ServiceRefusedError(url, f"answered {status}", settings)
        case DocumentError(url=url, expected=expected, found=found):
            made = ServiceDocumentError(url, expected, found, settings)
        case ResponseError(url=url, answer=answer):
            made = ServiceError(url, f"answered {answer}", settings)
        case _:
            made = error
    return made
