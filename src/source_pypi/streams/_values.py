"""Values as the index writes them -> values as tables want them."""

from collections.abc import Iterable, Sequence
from urllib.parse import urljoin, urlsplit

from source_pypi.safety.limits import LONGEST_PARSED, LONGEST_URL


def text(value: str | None) -> str | None:
    """None for what means nothing: an empty text, or the ``UNKNOWN`` of old tools (index-api.md 20.8)."""
    return None if not value or value == "UNKNOWN" or value.isspace() else value


def texts(values: Iterable[str] | None) -> list[str] | None:
    """A list, or None where the index sends none; an empty list says that there is nothing, and stays."""
    return None if values is None else list(values)


def total(sizes: Sequence[int | None]) -> int | None:
    """The sum; None where none of them is known, or where it does not fit a column of 64 bits."""
    known = [size for size in sizes if size is not None]
    summed = sum(known)
    return summed if (known or not sizes) and -(2**63) <= summed < 2**63 else None


def keywords(value: str | None) -> list[str] | None:
    """Keywords one by one: split at commas, or, as old tools wrote them, at white space; a very long text is one."""
    given = text(value)
    if given is None or len(given) > LONGEST_PARSED:
        return None if given is None else [given]
    parts = given.split(",") if "," in given else given.split()
    return [part.strip() for part in parts if part.strip()]


def is_url(value: str) -> bool:
    """Whether a text is an address that can be asked for."""
    if len(value) > LONGEST_URL:
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def absolute(value: str | None, base: str) -> str | None:
    """An absolute address; some mirrors write file addresses relative to the document (index-api.md, top)."""
    if value is not None and "://" in value:  # so are nearly all
        return value
    given = text(value)
    if given is None or len(given) > LONGEST_URL:
        return given
    try:
        return urljoin(base, given)
    except ValueError:
        return given
