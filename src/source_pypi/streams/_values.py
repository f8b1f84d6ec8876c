"""Conversions from values as the index writes them to values of columns."""

from collections.abc import Iterable, Sequence
from urllib.parse import urljoin, urlsplit

from source_pypi.safety.limits import LONGEST_PARSED, LONGEST_URL


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
