"""``modified_id.csv``: the advisories of an export and when each was modified, newest first."""

import re
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

#: Lines that are read; the public export has some 30,000.
MOST_LINES = 2_000_000
_LINE = re.compile(r"([0-9T:.Z+-]{10,40}),(?:[A-Za-z]+/)?([^\s,/]{1,200})")


class Listing(Struct, frozen=True):
    """A list of advisories.

    :ivar modified: when each was modified, in microseconds since 1970, by identifier.
    :ivar invalid: the number of lines that are not in the format.
    """

    modified: dict[str, int]
    invalid: int = 0


def parse_listing(content: bytes) -> Listing:
    """Return the list that a CSV file has; of an identifier with several lines, the newest."""
    modified, invalid = dict[str, int](), 0
    for line in content.decode("utf-8", "replace").split("\n", MOST_LINES)[:MOST_LINES]:
        match = _LINE.fullmatch(line.strip())
        time = None if match is None else _time(match[1])
        if match is None or time is None:
            invalid += bool(line.strip())
        else:
            modified[match[2]] = max(time, modified.get(match[2], 0))
    return Listing(modified, invalid)


def microseconds(time: datetime) -> int:
    """A time in microseconds since 1970; 0 for an earlier one."""
    since = time - datetime(1970, 1, 1, tzinfo=UTC)
    return max(0, (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


def _time(text: str) -> int | None:
    try:
        time = msgspec.convert(text, datetime)
        return microseconds(time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC))
    except (msgspec.ValidationError, OverflowError):
        return None
