"""What the entries of the two feeds have in common (index-api.md 10)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import unquote, urlsplit

from source_pypi.services.index.documents import Entry
from source_pypi.streams._values import text


def project_path(entry: Entry) -> Sequence[str]:
    """The parts of an entry's address behind ``/project/``: a normalised name, perhaps a version."""
    try:
        path = urlsplit(entry.link or "").path
    except ValueError:
        return []
    return [unquote(part) for part in path.partition("/project/")[2].split("/") if part]


def summary(entry: Entry) -> str | None:
    """The description; the index writes a missing one as the text ``None``."""
    given = text(entry.description)
    return None if given == "None" else given


def published_at(entry: Entry) -> datetime | None:
    """The time of publication, which stands there as RFC 822 has it; None for what is no time."""
    try:
        parsed = parsedate_to_datetime(entry.published or "")
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
