"""Times as documents write them -> times in UTC."""

from datetime import UTC, datetime


def in_utc(value: datetime | None) -> datetime | None:
    """The time in UTC, which is what is meant where no zone is written; None for what UTC cannot express."""
    if value is None or value.tzinfo is UTC:
        return value
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        return None
