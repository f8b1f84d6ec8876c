"""Documents of services other than the index, of which their streams make rows, by service."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from source_pypi.config import DIMENSIONS
from source_pypi.services.advisories.documents import AdvisoryDocuments
from source_pypi.services.advisories.records import parse_record
from source_pypi.services.downloads.documents import Count, DownloadCounts
from source_pypi.services.events.entries import JournalEntry, JournalPage
from tests.fake_advisories import random_records


def _downloads() -> Sequence[DownloadCounts]:
    """Counts of days on both sides of the change, by nothing and by everything, and none."""
    today, old, new = date(2026, 8, 26), date(2026, 8, 23), date(2026, 8, 24)
    plain = Count(old, 2**62, category="with_mirrors"), Count(new, 0, category="without_mirrors")
    by_all = Count(old, 3, ("1.0", "sdist", "3.12", "Linux", "DE", "pip")), Count(new, 4, ("",) * len(DIMENSIONS))
    return (
        DownloadCounts("foo", "pypistats", (), today, plain),
        DownloadCounts("foo", "clickhouse", DIMENSIONS, today, by_all),
        DownloadCounts("foo", "pypistats", ("system",), today, (Count(new, 1, ("Linux",)), Count(new, 2, ("",)))),
        DownloadCounts("bar", "pypistats", (), today, ()),
    )


def _journal() -> Sequence[JournalPage]:
    """Pages of the journal: with every field, without events."""
    entries = (
        JournalEntry("Foo", "1.0", 1_725_534_675, "add py3 file foo-1.0-py3-none-any.whl", 5),
        JournalEntry("Foo", None, 1_725_534_675, "add Owner alice", 7),
        JournalEntry("", None, -1, "something else", 8),
        JournalEntry("user:bob", None, 2**62, "nuke user", 9),
    )
    return JournalPage(entries), JournalPage(())


def _advisories() -> Sequence[AdvisoryDocuments]:
    """Advisories with everything, with fields of wrong types, and none; removed ones."""
    records = [parse_record(json.dumps(one).encode())[0] for one in random_records(60, 5)]
    odd = (
        b'{"id": "X", "modified": "2026-01-01T00:00:00Z", "summary": 1, "affected": [1, {"package": 7}], "aliases": {}}'
    )
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return (
        AdvisoryDocuments(tuple(records), {"A": at, "B": None}),
        AdvisoryDocuments((parse_record(odd)[0],)),
        AdvisoryDocuments(),
    )


#: What the function ``rows`` of the streams of each service takes.
DOCUMENTS: dict[str, Callable[[], Sequence[Any]]] = {
    "advisories": _advisories,
    "downloads": _downloads,
    "events": _journal,
}
