"""Project pages and the list of projects as HTML, read into the same types as the JSON pages.

A link is a file if the last segment of its URL ends like the name of a distribution file. Its text is not read: web
servers that list a folder cut long names there. The text of a link to a project is its name, if it is not cut.

Bounds
    The body is parsed in pieces, and an unfinished tag of more than ``LONGEST_TAG`` characters is an error: so the time
    grows with the size of the body, whatever it contains.

Reading on
    PEP 503 (links), PEP 592 (yanked), PEP 629 (version), PEP 658 and 714 (METADATA), PEP 792 (status).
"""

import codecs
import re
from collections.abc import Iterator
from contextlib import suppress
from html.parser import HTMLParser
from typing import Any, TypeVar
from urllib.parse import urljoin

from packaging.utils import canonicalize_name

from source_pypi.errors import DocumentError
from source_pypi.safety.limits import LONGEST_CACHED, LONGEST_URL
from source_pypi.services.index.documents.document import Document, check_values, excerpt, open_document
from source_pypi.services.index.documents.page import Listed, Listing, Meta, Page, PageFile, ProjectStatus
from source_pypi.standards.index_urls import is_on_disk
from source_pypi.standards.wheels import is_distribution, name_in_url

P = TypeVar("P", Page, Listing)

#: Characters of an unfinished tag or comment; real links have fewer than a thousand.
LONGEST_TAG = 32_768
_CHUNK = 8_192
#: Digests that a link's fragment may have: ``#sha256=HEX``; older versions of Gitea write ``#sha256-HEX``.
_DIGEST = re.compile(r"(md5|sha1|sha224|sha256|sha384|sha512|blake2b_256)[=-]([0-9a-fA-F]{32,128})")
#: What an empty page says of itself, in its title or heading.
_PAGE_TITLE = re.compile(r"links for|index of|directory listing|simple (?:index|repository)", re.IGNORECASE)
#: Where HTML states its encoding (HTML 12.2.3.2), within its first bytes.
_META_CHARSET = re.compile(rb"""<meta\s[^>]*?charset\s*=\s*["']?\s*([\w-]{1,40})""", re.IGNORECASE)
_CHARSET = re.compile(r""";\s*charset\s*=\s*["']?([\w-]{1,40})""", re.IGNORECASE)
_HEAD = 1024
#: The encodings of web pages. Python has others, some of which take quadratic time.
_ENCODINGS = re.compile(
    r"utf-?(?:8|16(?:le|be)?)|iso-?8859-?\d+|windows-?125\d|cp125\d|latin-?\d|(?:us-?)?ascii|koi8-?[ru]|shift-?jis|euc-?jp"
    r"|iso-?2022-?jp|euc-?kr|gb2312|gbk|gb18030|big5|macintosh|ibm866"
)
#: Names that pages use for what browsers read as windows-1252.
_WINDOWS = re.compile(r"(?:us-?)?ascii|iso-?8859-?1|latin-?1")
_SERIAL = re.compile(r"SERIAL (\d{1,18})")

_Attributes = dict[str, str | None]


def is_html(body: bytes) -> bool:
    """Whether a body is HTML: its first character is ``<``, which no JSON begins with."""
    return body[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def utf8_html(body: bytes, content_type: str | None) -> bytes:
    """Return HTML in UTF-8: a byte order mark, the Content-Type or a ``meta`` element say what its encoding is.

    A body that is not HTML, and one of an unknown encoding, is returned as it is. Invalid bytes become U+FFFD.
    """
    encoding = _encoding(body, content_type)
    if encoding is None or encoding == "utf-8":
        return body
    text = body.decode(encoding, "replace")
    html = text.removeprefix("\ufeff").encode(errors="replace")
    return html if is_html(html) else body


def _encoding(body: bytes, content_type: str | None) -> str | None:
    """The encoding of HTML; None: it is not stated, or not one of web pages."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if body.startswith(b"\xef\xbb\xbf"):
        return None
    stated = None
    if content_type is not None and "html" in content_type.lower():
        stated = _CHARSET.search(content_type)
    name = stated[1].lower() if stated else ""
    if not name and is_html(body):
        meta = _META_CHARSET.search(body[:_HEAD])
        name = meta[1].decode().lower() if meta else ""
        name = "" if name.startswith("utf") else name  # a page whose ASCII can be read is not UTF-16
    name = name.replace("_", "-")
    if not _ENCODINGS.fullmatch(name):
        return None
    with suppress(LookupError):
        return codecs.lookup("windows-1252" if _WINDOWS.fullmatch(name) else name).name
    return None


def open_page(
    body: bytes, type_: type[P], url: str, *, etag: str | None = None, serial: int | None = None
) -> Document[P]:
    """Read a project page or the list of projects, as JSON or HTML, whichever came.

    :raises DocumentError: when it is another document.
    :raises TooLargeError: when it exceeds a limit.
    """
    if not is_html(body):
        return open_document(body, type_, url, etag=etag, serial=serial)
    read = open_html_page if type_ is Page else open_html_listing
    opened: Document[Any] = read(body, url, etag=etag, serial=serial)
    return opened


def open_html_page(body: bytes, url: str, *, etag: str | None = None, serial: int | None = None) -> Document[Page]:
    """Read a project page.

    :raises DocumentError: when it is another HTML document: it has no file and does not say that it is a page.
    :raises TooLargeError: when it exceeds a limit.
    """
    parsed = _parse(body, url, "a project page")
    files = [file for link in parsed.links if (file := _file(parsed.base, link)) is not None]
    if not files and not parsed.is_page:
        raise DocumentError(url, "a project page (PEP 503, with links to files)", excerpt(body))
    status = None if parsed.status is None else ProjectStatus(parsed.status, parsed.reason)
    return Document(url, Page(files, parsed.meta, status=status), body, etag, serial, ())


def open_html_listing(
    body: bytes, url: str, *, etag: str | None = None, serial: int | None = None
) -> Document[Listing]:
    """Read the list of projects: the text of each link is a project's name, else the last segment of its URL.

    :raises DocumentError: when it is another HTML document, or a saved one whose links all lead elsewhere.
    :raises TooLargeError: when it exceeds a limit.
    """
    parsed = _parse(body, url, "the list of projects")
    found = zip(parsed.links, parsed.texts, strict=True)
    names = dict.fromkeys(_spelled(name, text) for link, text in found if (name := _project(parsed.base, link, url)))
    if not names and (not parsed.is_page or (parsed.links and is_on_disk(url))):
        raise DocumentError(url, "the list of projects (PEP 503, with links to pages)", excerpt(body))
    return Document(url, Listing([Listed(name) for name in names], parsed.meta), body, etag, serial, ())


class _Parser(HTMLParser):
    """Collects links and what the document says of itself."""

    def __init__(self, url: str) -> None:
        super().__init__(convert_charrefs=True)
        self.base, self._has_base = url, False
        self.links: list[_Attributes] = []
        self.texts: list[str] = []  # of the links
        self.version: str | None = None
        self.serial: str | None = None
        self.status: str | None = None
        self.reason: str | None = None
        self._in_title, self._titled, self._in_link = False, False, False

    @property
    def meta(self) -> Meta:
        """The page's own metadata."""
        return Meta(self.version, self.serial)

    @property
    def is_page(self) -> bool:
        """Whether the document says that it is a page of a package index, or a list of a folder."""
        return self.version is not None or self._titled

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what a tag says."""
        attributes: _Attributes = dict(reversed(attrs))  # of an attribute that is given twice, the first counts
        if tag == "a":
            self.links.append(attributes)
            self.texts.append("")
        elif tag == "base" and not self._has_base and attributes.get("href"):
            self._has_base = True
            self.base = _joined(self.base, attributes["href"] or "") or self.base
        elif tag == "meta":
            self._add_meta(attributes.get("name") or "", attributes.get("content"))
        self._in_title = tag in ("title", "h1")
        self._in_link = self._in_link or tag == "a"

    def _add_meta(self, name: str, content: str | None) -> None:
        if name == "pypi:repository-version":
            self.version = content
        elif name == "pypi:project-status":
            self.status = content
        elif name == "pypi:project-status-reason":
            self.reason = content

    def handle_data(self, data: str) -> None:
        """Note a title that only pages have, and the text of a link."""
        if self._in_link and len(self.texts[-1]) < LONGEST_CACHED:
            self.texts[-1] += data[:LONGEST_CACHED]
        if self._in_title and _PAGE_TITLE.search(data[:200]):
            self._titled = True

    def handle_endtag(self, tag: str) -> None:
        """Note the end of a link."""
        self._in_link = self._in_link and tag != "a"

    def handle_comment(self, data: str) -> None:
        """Keep the serial, which bandersnatch writes as a comment."""
        if match := _SERIAL.fullmatch(data.strip()[:40]):
            self.serial = match[1]


def _parse(body: bytes, url: str, what: str) -> _Parser:
    check_values(body, b"<", url)
    parser = _Parser(url)
    text = body.decode("utf-8-sig", "replace")
    for start in range(0, len(text), _CHUNK):
        try:
            parser.feed(text[start : start + _CHUNK])
        except AssertionError as error:  # how html.parser rejects a malformed declaration
            raise DocumentError(url, what, excerpt(body)) from error
        if len(parser.rawdata) > LONGEST_TAG:
            if parser.cdata_elem is None:
                raise DocumentError(url, what, f"an unfinished tag of more than {LONGEST_TAG:,} characters")
            parser.rawdata = parser.rawdata[-len("</script >") :]  # a script, of which only the end counts
    return parser


def _file(base: str, link: _Attributes) -> PageFile | None:
    """The file that a link leads to; None: it leads to something else."""
    href = (link.get("href") or "").strip()
    url, _, fragment = href.partition("#")
    filename = name_in_url(url)
    if filename is None or not is_distribution(filename):
        return None
    metadata = link.get("data-core-metadata", link.get("data-dist-info-metadata"))
    described = "data-core-metadata" in link or "data-dist-info-metadata" in link
    return PageFile(
        filename=filename,
        url=_joined(base, url),
        hashes=dict(_digests(fragment)),
        requires_python=link.get("data-requires-python"),
        yanked=(link["data-yanked"] or True) if "data-yanked" in link else False,
        core_metadata=_core_metadata(metadata) if described else None,
        gpg_sig={"true": True, "false": False}.get((link.get("data-gpg-sig") or "").lower()),
        provenance=link.get("data-provenance"),
    )


def _digests(fragment: str) -> Iterator[tuple[str, str]]:
    for part in fragment[:1000].split("&"):
        if match := _DIGEST.fullmatch(part):
            yield match[1], match[2].lower()


def _core_metadata(value: str | None) -> bool | dict[str, str | None]:
    """Whether there is METADATA, or its digests; an attribute without a value means yes."""
    digests: dict[str, str | None] = dict(_digests(value or ""))
    return digests or (value or "").strip().lower() != "false"


def _project(base: str, link: _Attributes, url: str) -> str | None:
    """The project whose page a link leads to, one level below the list; None: it leads elsewhere."""
    target = _joined(base, (link.get("href") or "").strip().partition("#")[0].partition("?")[0])
    if target is None:
        return None
    parent, _, _ = target.removesuffix("index.html").rstrip("/").rpartition("/")
    above, below = _path(url.partition("?")[0]), _path(parent)
    # a list that was saved from a server leads to the path that it had there
    inside = above.endswith(below) if is_on_disk(url) and below != "/" else above == below
    return name_in_url(target.removesuffix("index.html").rstrip("/")) if inside else None


def _spelled(name: str, text: str) -> str:
    """The name of a project as the text of its link spells it; as its URL does, if the text is another one."""
    written = text.strip()
    return written if canonicalize_name(written) == canonicalize_name(name) else name


def _path(url: str) -> str:
    """The path of a URL, without slashes at its end: a proxy may write another host."""
    return "/" + url.partition("://")[2].partition("/")[2].rstrip("/")


def _joined(base: str, href: str) -> str | None:
    """The absolute URL; None: it is too long, or invalid."""
    if not href or len(href) > LONGEST_URL:
        return None
    if "://" in href.partition("?")[0][:10]:  # absolute already, as many are
        return href
    try:
        return urljoin(base, href)
    except ValueError:
        return None
