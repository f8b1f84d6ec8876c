"""services/index/documents/feed.py: feeds."""

import pytest

from source_pypi.errors import DocumentError, TooLargeError
from source_pypi.services.index.documents import Document, Entry, Feed, document, open_feed
from tests.fake_index import World, feeds

ADDRESS = "http://index.test/rss/updates.xml"


def opened(items: str) -> tuple[Entry, ...]:
    """The entries of a feed with these items."""
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>x</title>{items}</channel></rss>'
    )
    return open_feed(body.encode(), ADDRESS).content.entries


def test_entries_keep_their_order() -> None:
    """Entries keep their order and texts; the values of the headers stay with the document."""
    world = World()
    world.release("Foo", "1.0", {"summary": "a < b & c", "author_email": "Zoe <zoe@example.com>, al@example.com"})
    body = feeds.updates(world.projects.values(), "http://index.test")
    document = open_feed(body, ADDRESS, etag='"abc"', serial=7)
    (entry,) = document.content.entries
    expected = Entry(
        title="Foo 1.0",
        link="http://index.test/project/foo/1.0/",
        description="a < b & c",
        author="zoe@example.com, al@example.com",
        published=entry.published,
    )
    assert document == Document(ADDRESS, Feed((expected,)), body, '"abc"', 7, ())
    assert (entry.published or "").endswith("GMT")


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("<item/>", Entry(None, None, None, None, None)),
        ("<item><title/><link> </link></item>", Entry(None, None, None, None, None)),
        ("<item><title>\n a \n</title></item>", Entry("a", None, None, None, None)),
        ("<item><title>a</title><title>b</title></item>", Entry("a", None, None, None, None)),
        ("<item><description><![CDATA[<b>]]></description></item>", Entry(None, None, "<b>", None, None)),
        ("<item><description>&lt;!DOCTYPE&gt;</description></item>", Entry(None, None, "<!DOCTYPE>", None, None)),
        ("<item><description>&#233;\U0001f40d</description></item>", Entry(None, None, "\u00e9\U0001f40d", None, None)),
        ("<item><guid>x</guid><author>a@example.com</author></item>", Entry(None, None, None, "a@example.com", None)),
    ],
)
def test_missing_elements_are_none(item: str, expected: Entry) -> None:
    """A missing or empty element is None; white space around a text is removed."""
    assert opened(item) == (expected,)


def test_feed_without_entries() -> None:
    """A feed without entries is valid."""
    assert opened("") == ()


@pytest.mark.parametrize("declared", ["", '<?xml version="1.0"?>', '<?xml version="1.0" encoding="nonsense"?>'])
@pytest.mark.parametrize("fingerprint", [b"", b"\xef\xbb\xbf"])
def test_feed_is_utf_8(declared: str, fingerprint: bytes) -> None:
    """A feed is UTF-8 whatever it declares, and may begin with a byte order mark."""
    body = f"{declared}<rss><channel><item><title>\u00e9</title></item></channel></rss>".encode()
    assert open_feed(fingerprint + body, ADDRESS).content.entries == (Entry("\u00e9", None, None, None, None),)


NO_FEED = {
    "nothing": b"",
    "text": b"404 Not Found",
    "JSON": b'{"message": "Not Found"}',
    "HTML": b"<!DOCTYPE html>\n<html><body>Sign in.</body></html>",
    "XHTML": b"<html><body/></html>",
    "Atom": b'<feed xmlns="http://www.w3.org/2005/Atom"/>',
    "no channel": b"<rss/>",
    "cut short": b"<rss><channel><item>",
    "two roots": b"<rss><channel/></rss><rss/>",
    "a NUL": b"<rss><channel>\x00</channel></rss>",
    "broken UTF-8": b"<rss><channel><title>\xff</title></channel></rss>",
    "another encoding": '<?xml version="1.0" encoding="shift_jis"?><rss><channel>\u3042</channel></rss>'.encode("sjis"),
    "UTF-16": "<rss><channel/></rss>".encode("utf-16"),
    "a type without entities": b"<!DOCTYPE rss><rss><channel/></rss>",
    "a type that lies elsewhere": b'<!DOCTYPE rss SYSTEM "http://a/rss.dtd"><rss><channel/></rss>',
    "an unknown entity": b"<rss><channel>&a;</channel></rss>",
    "an entity": b'<!DOCTYPE rss [<!ENTITY a "b">]><rss><channel><item><title>&a;</title></item></channel></rss>',
    "an entity in UTF-16": (
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE rss [<!ENTITY a "b">]>'
        "<rss><channel><item><title>&a;</title></item></channel></rss>"
    ).encode("utf-16"),
}


@pytest.mark.parametrize("body", NO_FEED.values(), ids=NO_FEED.keys())
def test_other_xml_and_doctypes_are_refused(body: bytes) -> None:
    """XML that is not RSS, and any DOCTYPE, is refused."""
    with pytest.raises(DocumentError) as caught:
        open_feed(body, ADDRESS)
    assert (caught.value.url, caught.value.expected) == (ADDRESS, "a feed (RSS 2.0)")


def test_deep_nesting_is_read() -> None:
    """A feed of any depth is read."""
    assert opened("<a>" * 100_000 + "</a>" * 100_000) == ()


def test_too_many_elements_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A feed with too many elements is refused before it is parsed."""
    monkeypatch.setattr(document, "MOST_VALUES", 1000)
    with pytest.raises(TooLargeError) as caught:
        opened("<a/>" * 1000)
    assert str(caught.value).startswith(f"{ADDRESS}: 1,008 values exceed the limit of 1,000; ")


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"<!DOCTYPE html><html/>", "'<!DOCTYPE html><html/>'"),
        (b"<!ENTITY x>", "'<!ENTITY x>'"),
        (b"<rss>", "'<rss>'"),
        (b"<feed/>", "'<feed/>'"),
        (b"<rss/>", "'<rss/>'"),
    ],
)
def test_error_quotes_the_beginning(body: bytes, found: str) -> None:
    """The error for a body that is not a feed quotes its beginning."""
    with pytest.raises(DocumentError) as caught:
        open_feed(body, ADDRESS)
    assert caught.value.args == (ADDRESS, "a feed (RSS 2.0)", found)
