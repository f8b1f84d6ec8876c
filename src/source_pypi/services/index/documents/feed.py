"""The feeds of recent releases and projects: ``/rss/updates.xml`` and ``/rss/packages.xml`` (index-api.md 10)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from source_pypi.errors import DocumentError
from source_pypi.services.index.documents.document import Document, check_values, excerpt

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

#: The media type of feeds.
FEED = "application/rss+xml, text/xml;q=0.9"
_EXPECTED = "a feed (RSS 2.0)"


class Entry(Struct, frozen=True):
    """An entry of a feed; None: the element is missing or empty."""

    title: str | None
    link: str | None
    description: str | None
    author: str | None
    published: str | None


class Feed(Struct, frozen=True):
    """A feed's entries, newest first."""

    entries: tuple[Entry, ...]


def open_feed(body: bytes, url: str, *, etag: str | None = None, serial: int | None = None) -> Document[Feed]:
    """Parse a feed.

    :raises DocumentError: when it is not RSS in UTF-8, or has a DOCTYPE, which could declare entities that expand
        without limit.
    :raises TooLargeError: when it exceeds a limit.
    """
    from xml.etree import ElementTree as ET  # few runs read feeds

    check_values(body, b"<", url)
    try:
        text = body.decode("utf-8-sig")
        if "<!DOCTYPE" in text:  # XML cannot declare entities without one
            raise DocumentError(url, _EXPECTED, excerpt(body))
        root = ET.fromstring(text)  # noqa: S314 (no entities: see above)
    except (UnicodeDecodeError, ET.ParseError) as error:
        raise DocumentError(url, _EXPECTED, excerpt(body)) from error
    channel = root.find("channel")
    if root.tag != "rss" or channel is None:
        raise DocumentError(url, _EXPECTED, excerpt(body))
    entries = tuple(_entry(item) for item in channel.iter("item"))
    return Document(url, Feed(entries), body, etag, serial, ())


def project_path(entry: Entry) -> Sequence[str]:
    """The parts of an entry's link after ``/project/``: the project's name and, of a release, its version."""
    try:
        path = urlsplit(entry.link or "").path
    except ValueError:
        return []
    return [unquote(part) for part in path.partition("/project/")[2].split("/") if part]


def _entry(item: "Element") -> Entry:
    def text(tag: str) -> str | None:
        return (item.findtext(tag) or "").strip() or None

    return Entry(text("title"), text("link"), text("description"), text("author"), text("pubDate"))
