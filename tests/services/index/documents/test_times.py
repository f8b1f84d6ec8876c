"""services/index/documents/times.py: times in UTC."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from source_pypi.services.index.documents import in_utc

EAST = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (datetime(2024, 1, 2, 3, 4, 5, 6), datetime(2024, 1, 2, 3, 4, 5, 6, UTC)),
        (datetime(2024, 1, 2, 3, 4, 5, 6, UTC), datetime(2024, 1, 2, 3, 4, 5, 6, UTC)),
        (datetime(2024, 1, 2, 1, 4, 5, 6, EAST), datetime(2024, 1, 1, 23, 4, 5, 6, UTC)),
        (datetime(1, 1, 1, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)),
        (datetime(1, 1, 1, tzinfo=EAST), None),
        (datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=2))), None),
    ],
)
def test_in_utc(value: datetime | None, expected: datetime | None) -> None:
    """A time is converted to UTC, which a time without zone has already; out of range, it is None."""
    found = in_utc(value)
    assert found == expected
    assert found is None or found.tzinfo is UTC
