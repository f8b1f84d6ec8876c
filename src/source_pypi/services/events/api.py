"""The service ``events``: pages of the index's journal, each with the serial of its last event as the cursor.

Where a sync begins
    The first one begins at the journal's last event, or where the setting ``events_since`` says. Later ones continue
    after the last event that was written. If ``events_since`` is changed to an earlier point, or if the rows have other
    fields now, the journal is read again from there; rows with the same serial are replaced.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count
from math import inf
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from packaging.utils import canonicalize_name

from source_pypi.config import Config
from source_pypi.errors import StateError
from source_pypi.http.client import Client
from source_pypi.http.credentials import Credentials, credentials_for, origin
from source_pypi.http.request_log import RequestLog, RetryWait
from source_pypi.safety.redaction import without_credentials
from source_pypi.services.clients import open_client, service_errors
from source_pypi.services.events.beginning import Beginning, find_beginning, parse_since
from source_pypi.services.events.entries import JournalEntry, JournalPage
from source_pypi.services.events.journal import PAGE_SIZE, Journal
from source_pypi.services.index.locations import root_of
from source_pypi.services.index.on_disk import open_folder
from source_pypi.services.service import Portion, Request
from source_pypi.standards.index_urls import default_url, is_on_disk, same_index

#: The stream of this service.
EVENTS = "events"
#: The settings to check when it fails.
SETTINGS = "index_url, events_url and the credentials"
#: The journal's path below the root of an index.
PATH = "/pypi"
_OTHER_PATH = "/RPC2"
_OTHER_JOURNAL = (
    "correct index_url or events_url, or read this journal into another destination (in Airbyte: clear the data of the "
    "stream)"
)
#: Requests per second; the index asks clients of XML-RPC not to send more.
MOST_REQUESTS_PER_SECOND = 1.0


class EventsCursor(Struct, frozen=True):
    """Where a run ended.

    :ivar url: the journal.
    :ivar since: the setting ``events_since``.
    :ivar first: the serial after which events are read; ``last``: the one up to which they have been read.
    """

    url: str
    since: str | None
    first: int
    last: int


class Events:
    """The journal as a service.

    :param since: the setting ``events_since``.
    :param page_size: events of a full page; tests have smaller ones.
    :param until: the serial of the last event to read; None: the journal's last event.
    """

    def __init__(
        self, journal: Journal, since: str | None = None, page_size: int = PAGE_SIZE, *, until: int | None = None
    ) -> None:
        self._journal, self._since, self._page_size = journal, since, page_size
        self._until: float = inf if until is None else until

    @property
    def journal(self) -> Journal:
        """The journal."""
        return self._journal

    @property
    def url(self) -> str:
        """The journal's URL without credentials."""
        return self._journal.url

    def close(self) -> None:
        """As of ``Service``."""
        self._journal.close()

    def portions(self, request: Request) -> Iterator[Portion]:
        """Yield pages up to the journal's last event, oldest first; at least one, which may have no events.

        :raises StateError: when an earlier run read another journal.
        :raises SourceError: when a page cannot be read. What was yielded before stays.
        """
        with service_errors(SETTINGS):
            yield from self._portions(request)

    def _portions(self, request: Request) -> Iterator[Portion]:
        previous = self._previous(request)
        cursor, beginning = self._begin(previous, request.now())
        for number in count():
            page = beginning.page if not number else None
            if page is None:
                page = self._journal.since(cursor.last)
            is_last = bool(page) and page[-1].serial >= self._until
            page = [entry for entry in page if entry.serial <= self._until] if is_last else page
            warnings = self._warnings(cursor.last) if not page and previous is not None else ()
            cursor = replace(cursor, last=page[-1].serial if page else cursor.last)
            wanted = JournalPage(tuple(_wanted(page, request)))
            is_empty = not page
            del page  # it is large, and the next one is about to be requested
            yield Portion(wanted, {EVENTS: msgspec.json.encode(cursor)}, warnings=warnings)
            if is_last or is_empty or (self._until == inf and self._journal.ends_at(cursor.last)):
                return

    def _previous(self, request: Request) -> EventsCursor | None:
        """Where the last run ended; of rows with other fields, where the first one began. None: there was none."""
        found = request.cursors([""]).get("", {}).get(EVENTS)
        if found is None:
            return None
        try:
            cursor = msgspec.json.decode(found.value, type=EventsCursor)
        except msgspec.DecodeError as error:
            raise StateError(EVENTS, "its cursor is broken") from error
        if not _same_journal(cursor.url, self.url):
            what = f"it belongs to the journal {cursor.url}, and this run reads {self.url}"
            raise StateError(EVENTS, what, _OTHER_JOURNAL)
        cursor = replace(cursor, url=self.url)
        return cursor if found.comparable else replace(cursor, last=cursor.first)

    def _begin(self, previous: EventsCursor | None, now: float) -> tuple[EventsCursor, Beginning]:
        """Where this run begins, as a cursor, with the page after it if that has been read already."""
        if previous is not None and previous.since == self._since:
            return previous, Beginning(previous.last)
        if previous is not None and self._since is None:
            return replace(previous, since=None), Beginning(previous.last)
        found = self.beginning(now)
        if previous is not None and found.serial >= previous.first:
            return replace(previous, since=self._since), Beginning(previous.last)
        return EventsCursor(self.url, self._since, found.serial, found.serial), found

    def beginning(self, now: float) -> Beginning:
        """Return where a first run begins: at the journal's last event, or where ``events_since`` says.

        :param now: the time, in seconds since 1970.
        :raises SourceError: when the journal cannot be read.
        """
        since = None if self._since is None else parse_since(self._since)
        if isinstance(since, datetime):
            last_serial = self._journal.last_serial()
            return find_beginning(self._journal.since, last_serial, since, now, self._page_size)
        return Beginning(self._journal.last_serial(), []) if since is None else Beginning(since)

    def _warnings(self, last: int) -> tuple[str, ...]:
        """A warning if the journal ends before the last event that was read."""
        serial = self._journal.last_serial()
        if serial >= last:
            return ()
        return (
            f"the journal {self.url} ends at the event {serial:,}, but {last:,} has been read: an old copy answered, "
            "or the index has been set up anew; in that case reset the stream events",
        )


def _wanted(page: list[JournalEntry], request: Request) -> Iterator[JournalEntry]:
    """The events of selected projects."""
    if request.projects is None and request.excludes is None:
        yield from page
        return
    projects = None if request.projects is None else frozenset(request.projects)
    for entry in page:
        name = canonicalize_name(entry.name)
        if (projects is None or name in projects) and (request.excludes is None or not request.excludes(name)):
            yield entry


def _same_journal(one: str, other: str) -> bool:
    """Whether two URLs answer from the same journal: the index has it at ``/pypi``, ``/pypi/`` and ``/RPC2``."""
    return same_index(*(url.rstrip("/").removesuffix(_OTHER_PATH) for url in (one, other)))


def journal_url(config: Config) -> str:
    """The URL of the journal: the setting ``events_url``, or below the root of the index. It may have credentials."""
    return config.events_url or root_of(config.index_url or default_url()) + PATH


def open_journal(
    config: Config,
    on_event: Callable[[RetryWait | RequestLog], None] = lambda event: None,
) -> Journal:
    """Return the journal that a configuration names. Nothing is requested yet.

    :raises SettingError: when certificates or credentials that the configuration names cannot be read.
    :raises ExtraMissingError: when the library for its credentials is not installed.
    """
    if is_on_disk(url := journal_url(config)):
        client = Client(requests_per_second=0, transport=open_folder(root_of(str(config.index_url))), on_event=on_event)
        return Journal(client, url)
    per_second = min(config.requests_per_second or MOST_REQUESTS_PER_SECOND, MOST_REQUESTS_PER_SECOND)
    client = open_client(config, _credentials(config), on_event, requests_per_second=per_second)
    return Journal(client, without_credentials(journal_url(config)))


def _credentials(config: Config) -> Credentials | None:
    """Those in ``events_url``; those of the index, if it is set and the journal has the same origin; none else."""
    index_url, url = config.index_url, journal_url(config)
    if index_url is None or urlsplit(url).username is not None or origin(url) != origin(index_url):
        return credentials_for(url)
    return credentials_for(index_url, config.index_username, config.index_password, config.credentials_from)


def open_service(config: Config, on_event: Callable[[RetryWait | RequestLog], None]) -> Events:
    """Return the service. Nothing is requested yet.

    :raises SettingError, ExtraMissingError: as of ``open_journal``.
    """
    return Events(open_journal(config, on_event), config.events_since)
