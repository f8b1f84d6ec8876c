"""The errors of ``http/`` in the words of a service other than the index."""

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
from source_pypi.safety.wording import tries_text


def of_service(error: SourceError, settings: str) -> SourceError:
    """The same error, which names the settings of the service instead of those of the index.

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
            made = ServiceDocumentError(url, "a document", answer, settings)
        case _:
            made = error
    return made
