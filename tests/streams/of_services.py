"""Documents of services other than the index, of which their streams make rows, by service."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from source_pypi.config import DIMENSIONS
from source_pypi.services.downloads.documents import Count, DownloadCounts


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


#: What the function ``rows`` of the streams of each service takes.
DOCUMENTS: dict[str, Callable[[], Sequence[Any]]] = {"downloads": _downloads}
