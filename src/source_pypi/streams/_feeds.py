"""Values of the entries of both feeds (index-api.md 10)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from source_pypi.services.index.documents import Entry
from source_pypi.streams._values import text


def summary(entry: Entry) -> str | None:
    """The summary; None if it is missing, which the index writes as the text ``None``."""
    description = text(entry.description)
    return None if description == "None" else description


def published_at(entry: Entry) -> datetime | None:
    """The time of publication in UTC, from RFC 822 format; None if the entry has no valid time."""
    try:
        parsed = parsedate_to_datetime(entry.published or "")
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
