"""Values as a page shows them, and as a table for spreadsheets."""

import csv
import io
from base64 import b64encode
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from source_pypi.safety.redaction import without_credentials
from source_pypi.safety.spreadsheet import without_formula

#: The most characters of a text that a page shows, and the most entries of a list.
LONGEST_TEXT, LONGEST_LIST = 240, 12
#: The most bytes of a table that a page carries for download.
LARGEST_CSV = 100_000


def shown(value: Any) -> str:  # noqa: PLR0911 - one for each type
    """A value as text: dates without time, numbers with thousands, lists with commas; cut if it is long."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.1f}"
        case datetime():
            return f"{value:%Y-%m-%d}"
        case date():
            return value.isoformat()
        case list() | tuple():
            more = f" and {len(value) - LONGEST_LIST:,} more" if len(value) > LONGEST_LIST else ""
            return cut(", ".join(shown(one) for one in value[:LONGEST_LIST])) + more
        case _:
            return cut(str(value))


def cut(text: str) -> str:
    """A text of at most ``LONGEST_TEXT`` characters, without the characters that reverse or hide text."""
    text = "".join(char if char.isprintable() else " " for char in text[: LONGEST_TEXT + 1])
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"


def sort_value(value: Any) -> str:
    """What a column is sorted by, where its text does not sort: numbers and times as plain numbers."""
    match value:
        case bool():
            return str(int(value))
        case int() | float():
            return f"{value}"
        case datetime():
            return f"{value.timestamp():.0f}"
        case list() | tuple():
            return str(len(value))
        case _:
            return ""


def link(value: Any) -> str | None:
    """A URL that a page may link to: http or https, with a host, without credentials, of moderate length.

    :returns: None for everything else, which a page shows as text.
    """
    if not isinstance(value, str) or not value.isprintable() or len(value) > 2000 or any(map(str.isspace, value)):
        return None
    try:
        parts = urlsplit(value)
        valid = parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return None
    return without_credentials(value) if valid else None


def size(count: Any) -> str:
    """A number of bytes in the largest unit of which there is at least one; anything else as ``shown`` has it."""
    if not isinstance(count, int):
        return shown(count)
    for unit, least in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= least:
            return f"{count / least:.1f} {unit}"
    return f"{count} B"


def csv_url(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> tuple[str, int]:
    """A table as a URL that holds it: CSV in UTF-8.

    Texts that a spreadsheet would take for a formula begin with an apostrophe.

    :returns: the URL, and the number of rows in it, at most as many as ``LARGEST_CSV`` has room for.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    count, end = 0, text.tell()
    for row in rows:
        writer.writerow([cell(value) for value in row])
        if text.tell() > LARGEST_CSV:
            break
        count, end = count + 1, text.tell()
    content = text.getvalue()[:end].encode("utf-8", "replace")
    return f"data:text/csv;charset=utf-8;base64,{b64encode(content).decode()}", count


def cell(value: Any) -> str:
    """A value as a cell of CSV that a spreadsheet does not take for a formula."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case datetime() | date():
            return value.isoformat().replace("+00:00", "Z")
        case list() | tuple():
            return cell("; ".join("" if one is None else str(one) for one in value))
        case _:
            return without_formula(str(value))
