"""The journal of a fake index as a service, without waiting, and what a run reads of it."""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from source_pypi.http.client import Client
from source_pypi.http.request_log import RequestLog, RetryWait
from source_pypi.services.events.api import PATH, Events
from source_pypi.services.events.entries import JournalEntry
from source_pypi.services.events.journal import PAGE_SIZE, Journal
from source_pypi.services.service import Cursor, Portion, Request
from tests.fake_index import FakeIndex

NOW = 1_795_332_577


class Opened(NamedTuple):
    """A journal, the waits of its client in seconds, and what it reported."""

    journal: Journal
    waits: list[float]
    log: list[RetryWait | RequestLog]


def open_journal(index: FakeIndex, url: str | None = None) -> Opened:
    """The journal of an index; it does not wait."""
    waits, log = list[float](), list[RetryWait | RequestLog]()
    client = Client(requests_per_second=0, sleep=waits.append, jitter=lambda: 0, on_event=log.append)
    return Opened(Journal(client, url or index.url + PATH, clock=lambda: 0.0), waits, log)


def service(
    index: FakeIndex, since: str | None = None, page_size: int = PAGE_SIZE, *, until: int | None = None
) -> Events:
    """The journal of an index as a service; it does not wait."""
    if index.xmlrpc is not None:
        index.xmlrpc.page_size = page_size
    return Events(open_journal(index).journal, since, page_size, until=until)


def request(cursor: bytes | None = None, projects: list[str] | None = None, *, comparable: bool = True) -> Request:
    """What a run wants: all events after a cursor, or those of some projects."""

    def cursors(names: Collection[str]) -> Mapping[str, Mapping[str, Cursor]]:
        return {"": {"events": Cursor(cursor, comparable, NOW)}} if cursor is not None and "" in names else {}

    return Request({"events"}, projects, cursors, lambda: NOW)


def read(portions: Iterator[Portion]) -> tuple[list[JournalEntry], bytes]:
    """The events of a run, and its last cursor."""
    entries, cursor = list[JournalEntry](), b""
    for portion in portions:
        entries += portion.documents.entries
        cursor = portion.cursors["events"]
    return entries, cursor
