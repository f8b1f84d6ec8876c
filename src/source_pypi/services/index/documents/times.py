"""Times of documents, in UTC."""

from datetime import UTC, datetime


def in_utc(value: datetime | None) -> datetime | None:
    """The time in UTC; a time without zone is in UTC already. None: absent, or out of range in UTC."""
    if value is None or value.tzinfo is UTC:
        return value
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        return None
