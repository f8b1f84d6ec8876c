"""Documents of services other than the index, of which their streams make rows, by service."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from source_pypi.config import DIMENSIONS
from source_pypi.services.downloads.documents import Count, DownloadCounts
from source_pypi.services.events.entries import JournalEntry, JournalPage


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


#: What the function ``rows`` of the streams of each service takes.
DOCUMENTS: dict[str, Callable[[], Sequence[Any]]] = {"downloads": _downloads, "events": _journal}
