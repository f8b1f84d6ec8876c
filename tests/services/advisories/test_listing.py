"""services/advisories/listing.py: the list of modified advisories."""

from datetime import UTC, datetime

from source_pypi.services.advisories.listing import Listing, microseconds, parse_listing

TIME = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_lines() -> None:
    """A line has a time and an identifier, with or without the ecosystem; of several, the newest counts."""
    text = "2026-01-02T03:04:05Z,A\r\n2026-01-01T00:00:00Z,A\n\n2026-01-02T04:04:05+01:00,PyPI/B\n"
    assert parse_listing(text.encode()) == Listing(dict.fromkeys("AB", microseconds(TIME)))


def test_other_lines_are_counted() -> None:
    """Lines of another format are counted; only a line feed ends a line, whatever else Unicode regards as an end."""
    lines = [
        "<html>",
        "2026-13-01T00:00:00Z,A",
        "2026-01-01T00:00:00Z,",
        "2026-01-02T03:04:05Z,\u2028B",
        "a\u2028b\x85c",
    ]
    content = "\n".join(lines).encode() + b"\n\xff,A\n1969-01-01T00:00:00Z,OLD"
    assert parse_listing(content) == Listing({"OLD": 0}, 6)
