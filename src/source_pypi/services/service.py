"""What a service other than the index is to a run: portions of documents, each with a cursor.

A folder of ``services/`` whose streams name it (``Stream.service``) has a module ``api`` with a function
``open_service(config, on_event)``, which returns a ``Service``. Nothing is requested before ``portions`` is iterated.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct, field

from source_pypi.config import Config

if TYPE_CHECKING:
    from source_pypi.http.request_log import RequestLog, RetryWait


class Cursor(Struct, frozen=True):
    """Where an earlier run of a stream ended.

    :ivar value: what the service returned as ``Portion.cursors``.
    :ivar comparable: whether the rows have the same fields and meaning now; if not, rows that the service can still
        provide should be read again.
    :ivar checked_at: when that run read the service, in seconds since 1970.
    """

    value: bytes
    comparable: bool
    checked_at: int


class Request(Struct, frozen=True):
    """What a run wants from a service.

    :ivar streams: the names of the selected streams of this service.
    :ivar projects: the normalised names of the selected projects; None: every project.
    :ivar cursors: returns the cursors of projects, by project, then by stream. The empty name stands for a stream that
        is read as a whole. What has no cursor is read from its beginning.
    :ivar now: the time, in seconds since 1970.
    :ivar excludes: whether the user leaves out the project with a normalised name; None: none is left out.
    """

    streams: Collection[str]
    projects: Sequence[str] | None
    cursors: Callable[[Collection[str]], Mapping[str, Mapping[str, Cursor]]]
    now: Callable[[], float]
    excludes: Callable[[str], bool] | None = None


class Portion(Struct, frozen=True):
    """Documents of a service whose rows are written together, in one transaction with the cursors.

    Rows of a stream replace the rows with the same value in the stream's ``merged_by`` field; all other rows stay.

    :ivar documents: what the function ``rows`` of each stream takes.
    :ivar cursors: where the next run continues, by name of the stream; a stream without a cursor has no rows here, and
        keeps those that it had.
    :ivar project: the project that the rows belong to; None: the streams are read as a whole.
    :ivar partitions: further values of ``merged_by`` whose rows are replaced, also if no new row has them.
    :ivar warnings: what the user should know, a line each.
    :ivar gap: why rows of any project may be missing or out of date although the service answered; empty: none is.
    """

    documents: Any
    cursors: Mapping[str, bytes]
    project: str | None = None
    partitions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=())
    gap: str = ""


class Service(Protocol):
    """A service other than the index: a URL, a rate limit, credentials, and portions of documents."""

    @property
    def url(self) -> str:
        """Its URL without credentials, for messages."""
        ...

    def close(self) -> None:
        """Send nothing more, and end all waits, also those of another thread."""
        ...

    def portions(self, request: Request) -> Iterator[Portion]:
        """Yield portions; each is requested when the one before it has been taken.

        :raises SourceError: when a document cannot be read. What was yielded before stays.
        """
        ...


def open_services(
    names: Collection[str], config: Config, on_event: "Callable[[RetryWait | RequestLog], None]"
) -> dict[str, Service]:
    """Return services by name; nothing is requested yet.

    :param on_event: called with each wait before it begins, and with each response.
    """
    opened = {}
    for name in sorted(names):
        service: Service = import_module(f"source_pypi.services.{name}.api").open_service(config, on_event)
        opened[name] = service
    return opened
