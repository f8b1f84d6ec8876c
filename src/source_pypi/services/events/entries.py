"""An entry of the journal, as the index sends it (beyond-index.md 2.1)."""

import re
from typing import Any

from msgspec import Struct

from source_pypi.errors import DocumentError
from source_pypi.safety.limits import LONGEST_PARSED

#: The time of an event that has none; no calendar has it.
NO_TIME = -(2**62)
_EXPECTED = "a list of events (name, version, time, action, serial)"
#: A character that the index does not send in an action, as the reference that stands for it.
_REFERENCE = re.compile(r"&#([0-9]{1,7});")
_SURROGATES = range(0xD800, 0xE000)


class JournalEntry(Struct, frozen=True, gc=False):
    """An event.

    :ivar name: the project's name at the time; empty or ``user:NAME`` in a few events before 2018.
    :ivar version: the version; None: the event concerns the whole project.
    :ivar timestamp: seconds since 1970; ``NO_TIME``: the journal has none.
    :ivar action: what happened.
    :ivar serial: its number. Numbers have gaps.
    """

    name: str
    version: str | None
    timestamp: int
    action: str
    serial: int


class JournalPage(Struct, frozen=True):
    """Events in the order of their serials."""

    entries: tuple[JournalEntry, ...]


def entries_of(rows: Any, since: int, url: str) -> list[JournalEntry]:
    """Return the events of a response after a serial, each once, in the order of their serials.

    :raises DocumentError: when the response is no list of events, or none of its events is after the serial.
    """
    if not isinstance(rows, list):
        raise DocumentError(url, _EXPECTED, type(rows).__name__)
    entries = {entry.serial: entry for entry in (_entry(row, url) for row in rows) if entry.serial > since}
    if rows and not entries:  # the next page would be the same
        raise DocumentError(url, f"events after {since}", "only earlier events")
    return [entries[serial] for serial in sorted(entries)]


def _entry(row: Any, url: str) -> JournalEntry:
    if isinstance(row, list) and len(row) >= len(JournalEntry.__struct_fields__):
        name, version, timestamp, action, serial = row[: len(JournalEntry.__struct_fields__)]
        texts = all(isinstance(text, str | None) for text in (name, version, action))
        if texts and (timestamp is None or type(timestamp) is int) and type(serial) is int:
            time = NO_TIME if timestamp is None else timestamp
            return JournalEntry(name or "", version or None, time, unescaped(action or ""), serial)
    raise DocumentError(url, _EXPECTED, repr(row)[:60])


def unescaped(action: str) -> str:
    """Return an action with the characters that the index replaced by numeric references, resolved once."""
    if "&#" not in action or len(action) > LONGEST_PARSED:
        return action
    return _REFERENCE.sub(_character, action)


def _character(match: re.Match[str]) -> str:
    """The character of a reference; the reference itself if there is none."""
    number = int(match[1])
    is_character = 0 < number <= 0x10FFFF and number not in _SURROGATES
    return chr(number) if is_character else match[0]
