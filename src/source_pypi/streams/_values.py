"""Conversions from values as the index writes them to values of columns."""

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urljoin, urlsplit

from source_pypi.safety.limits import LONGEST_PARSED, LONGEST_URL

#: The columns that a sync adds to rows (``schema.SyncColumns``).
SYNC_COLUMNS = ("seen_at", "_ab_cdc_deleted_at")


def text(value: str | None) -> str | None:
    """The text; None if it is empty, white space or the ``UNKNOWN`` of old tools (index-api.md 20.8)."""
    return None if not value or value == "UNKNOWN" or value.isspace() else value


def texts(values: Iterable[str] | None) -> list[str] | None:
    """A list; None if the index sends none. An empty list states that there are no values, and stays empty."""
    return None if values is None else list(values)


def total(sizes: Sequence[int | None]) -> int | None:
    """The sum; None if no size is known, or if the sum does not fit a 64-bit column."""
    known = [size for size in sizes if size is not None]
    summed = sum(known)
    return summed if (known or not sizes) and -(2**63) <= summed < 2**63 else None


def keywords(value: str | None) -> list[str] | None:
    """Keywords, split at commas or, if there are none, at white space. A very long text is one keyword."""
    stripped = text(value)
    if stripped is None or len(stripped) > LONGEST_PARSED:
        return None if stripped is None else [stripped]
    parts = stripped.split(",") if "," in stripped else stripped.split()
    return [part.strip() for part in parts if part.strip()]


def own_keys(document: Mapping[str, object], columns: Iterable[str]) -> list[str]:
    """The keys of a document that stand for columns of our own, in any case: some databases ignore case."""
    own = {name.lower() for name in (*SYNC_COLUMNS, *columns)}
    return [key for key in document if key.lower() in own]


def without_own_keys(document: Mapping[str, object], *columns: str) -> dict[str, object]:
    """A document that becomes a row, without keys that would set columns of our own.

    :param columns: those that the stream adds, besides ``SYNC_COLUMNS``.
    """
    dropped = own_keys(document, columns)
    return {key: value for key, value in document.items() if key not in dropped}


def is_url(value: str) -> bool:
    """Whether a text is an HTTP or HTTPS URL that can be requested."""
    if len(value) > LONGEST_URL:
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def absolute(value: str | None, base: str) -> str | None:
    """An absolute URL; some mirrors write file URLs relative to the document (index-api.md 0)."""
    if value is not None and "://" in value:  # nearly all are absolute already
        return value
    relative = text(value)
    if relative is None or len(relative) > LONGEST_URL:
        return relative
    try:
        return urljoin(base, relative)
    except ValueError:
        return relative
