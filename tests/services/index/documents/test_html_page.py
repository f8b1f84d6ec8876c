"""services/index/documents/html_page.py: project pages and the list of projects as HTML."""

import contextlib
import time

import pytest

from source_pypi.errors import DocumentError
from source_pypi.services.index.documents import Listed, Page, PageFile, ProjectStatus, open_document
from source_pypi.services.index.documents.html_page import is_html, open_html_listing, open_html_page, utf8_html
from source_pypi.services.index.documents.page import Meta
from tests.fake_index import World
from tests.fake_index.documents import View, page_html, page_json

URL = "http://index.test/simple/foo/"
SHA256 = "ab" * 32


def files_in(links: str) -> list[PageFile]:
    """The files of a page with these links."""
    return open_html_page(f"<!DOCTYPE html><html><body>{links}</body></html>".encode(), URL).content.files


def file(name: str, url: str, **values: object) -> PageFile:
    """A file of which an HTML page says only this."""
    return PageFile(**{"filename": name, "url": url, "hashes": {}, "yanked": False} | values)  # type: ignore[arg-type]


HTML = '<!DOCTYPE html><html><head>{}<title>Links for foo</title></head><body><a href="foo-1.0.tar.gz">{}</a></body>'


@pytest.mark.parametrize(
    ("encoding", "content_type", "head"),
    [
        ("utf-8", None, ""),
        ("utf-8", "text/html", ""),
        ("utf-8", "text/html; charset=UTF-8", ""),
        ("utf-8", "text/html; charset=unknown-1", ""),
        ("utf-8", "text/html; charset=punycode", ""),
        ("utf-8", "text/html", '<meta charset="utf-16">'),
        ("utf-8-sig", "text/html; charset=iso-8859-1", ""),
        ("iso-8859-1", "text/html;charset=iso-8859-1", ""),
        ("windows-1252", 'Text/HTML; boundary=x; Charset="ISO-8859-1"', ""),
        ("windows-1252", "text/html; charset=us-ascii", ""),
        ("iso-8859-1", "text/html; charset=latin_1", '<meta charset="utf-8">'),
        ("koi8-r", "application/vnd.pypi.simple.v1+html; charset=koi8-r", ""),
        ("koi8-r", "text/html", "<meta charset=koi8-r>"),
        ("shift_jis", None, '<META http-equiv="Content-Type" content="text/html; charset=Shift_JIS">'),
        ("utf-16", None, ""),
        ("utf-16-le", "text/html; charset=utf-16le", ""),
    ],
)
def test_encoding_of_html(encoding: str, content_type: str | None, head: str) -> None:
    """A byte order mark, the Content-Type, or a ``meta`` element say what the encoding is; else it is UTF-8."""
    text = {"koi8-r": "\u043f\u043b\u043e\u0445\u043e", "shift_jis": "\u58ca\u308c\u305f"}.get(encoding, "cass\u00e9")
    html = utf8_html(HTML.format(head, text).encode(encoding), content_type)
    assert html.decode("utf-8-sig") == HTML.format(head, text)


@pytest.mark.parametrize("body", [b'{"a":"\xe9"}', b"\xff\xfe\x00", b""])
def test_body_that_is_not_html_stays(body: bytes) -> None:
    """JSON and other bodies keep their bytes, whatever the Content-Type says."""
    assert utf8_html(body, "text/html; charset=iso-8859-1") == body


def test_html_has_the_files_of_the_json_page() -> None:
    """Both forms of a page have the same files; HTML has no sizes and no times."""
    world = World()
    world.add("Foo", ["1.0", "2.0"])
    world.yank("Foo", "1.0", 'broken on <py3.9> & "others"')
    world.release("Foo", "3.0", {"requires_python": ">=3.9,<4"})
    world.upload("Foo", "3.0", filename="foo-3.0-py3-none-any.whl", core_metadata=SHA256)
    project, view = world.projects["foo"], View("http://index.test")
    as_json = open_document(page_json(project, view), Page, URL).content.files
    as_html = open_html_page(page_html(project, view), URL).content.files
    known = ("filename", "url", "hashes", "requires_python", "yanked")
    assert [[getattr(one, name) for name in known] for one in as_html] == [
        [getattr(one, name) for name in known] for one in as_json
    ]
    assert [one.core_metadata or False for one in as_html] == [one.core_metadata for one in as_json]


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ('<a href="foo-1.0.tar.gz">x</a>', file("foo-1.0.tar.gz", f"{URL}foo-1.0.tar.gz")),
        ('<A HREF="../../f/foo-1.0.zip">x</A>', file("foo-1.0.zip", "http://index.test/f/foo-1.0.zip")),
        ("<a href=/f/foo-1.0.tgz>x", file("foo-1.0.tgz", "http://index.test/f/foo-1.0.tgz")),
        (
            f'<a href="foo-1.0.tar.gz#sha256={SHA256.upper()}">x</a>',
            file("foo-1.0.tar.gz", f"{URL}foo-1.0.tar.gz", hashes={"sha256": SHA256}),
        ),
        (
            f'<a href="foo-1.0.tar.gz#sha256-{SHA256}">x</a>',
            file("foo-1.0.tar.gz", f"{URL}foo-1.0.tar.gz", hashes={"sha256": SHA256}),
        ),
        (
            f'<a href="foo-1.0.tar.gz#egg=foo&amp;md5={SHA256[:32]}">x</a>',
            file("foo-1.0.tar.gz", f"{URL}foo-1.0.tar.gz", hashes={"md5": SHA256[:32]}),
        ),
        ('<a href="foo-1.0.tar.gz#sha256=">x</a>', file("foo-1.0.tar.gz", f"{URL}foo-1.0.tar.gz")),
        (
            '<a href="https://b.test/a%2Fb/foo-1.0%2Bcu118-py3-none-any.whl?Signature=a%2Fb.zip&amp;x=1">x</a>',
            file(
                "foo-1.0+cu118-py3-none-any.whl",
                "https://b.test/a%2Fb/foo-1.0%2Bcu118-py3-none-any.whl?Signature=a%2Fb.zip&x=1",
            ),
        ),
        (
            '<a href="foo-1.0.zip" data-requires-python="&gt;=3.8">x</a>',
            file("foo-1.0.zip", f"{URL}foo-1.0.zip", requires_python=">=3.8"),
        ),
        (
            '<a href="foo-1.0.zip" data-requires-python=">=3.8">x</a>',
            file("foo-1.0.zip", f"{URL}foo-1.0.zip", requires_python=">=3.8"),
        ),
        ('<a href="foo-1.0.zip" data-yanked>x</a>', file("foo-1.0.zip", f"{URL}foo-1.0.zip", yanked=True)),
        ('<a href="foo-1.0.zip" data-yanked="">x</a>', file("foo-1.0.zip", f"{URL}foo-1.0.zip", yanked=True)),
        ('<a href="foo-1.0.zip" data-yanked="bad">x</a>', file("foo-1.0.zip", f"{URL}foo-1.0.zip", yanked="bad")),
        (
            '<a href="foo-1.0.zip" data-dist-info-metadata="true">x</a>',
            file("foo-1.0.zip", f"{URL}foo-1.0.zip", core_metadata=True),
        ),
        (
            f'<a href="foo-1.0.zip" data-core-metadata="sha256={SHA256}" data-dist-info-metadata="false">x</a>',
            file("foo-1.0.zip", f"{URL}foo-1.0.zip", core_metadata={"sha256": SHA256}),
        ),
        (
            '<a href="foo-1.0.zip" data-core-metadata="false" data-gpg-sig="true" data-provenance="p">x</a>',
            file("foo-1.0.zip", f"{URL}foo-1.0.zip", core_metadata=False, gpg_sig=True, provenance="p"),
        ),
        (
            '<base href="/mirror/"><base href="/other/"><a href="foo-1.0.zip">x</a>',
            file("foo-1.0.zip", "http://index.test/mirror/foo-1.0.zip"),
        ),
        (
            '<!-- <a href="foo-0.1.zip">old</a> --><a href="foo-1.0.zip">foo-1..&gt;</a><a href="../">up</a>',
            file("foo-1.0.zip", f"{URL}foo-1.0.zip"),
        ),
    ],
)
def test_link(link: str, expected: PageFile) -> None:
    """A link to a file has the name at the end of its URL, and what its attributes say."""
    assert files_in(link) == [expected]


def test_links_that_are_no_files() -> None:
    """Links to folders, signatures, METADATA and nothing are no files."""
    others = ["../", "", "foo-1.0.tar.gz.asc", "foo-1.0-py3-none-any.whl.metadata", "foo-1.0.tar.gz/", "?C=N;O=D"]
    links = "".join(f'<a href="{href}">x</a>' for href in others)
    assert files_in(f'{links}<a name="x">x</a><a href="foo-1.0.zip">x</a>') == [
        file("foo-1.0.zip", f"{URL}foo-1.0.zip")
    ]


def test_page_says_its_version_serial_and_status() -> None:
    """A page without files is one if it has the version of the interface; it may have a serial and a status."""
    body = (
        b'<html><head><meta name="pypi:repository-version" content="1.4"><meta name="pypi:project-status" '
        b'content="archived"><meta name="pypi:project-status-reason" content="see bar"></head></html><!--SERIAL 119-->'
    )
    document = open_html_page(body, URL, etag='"x"')
    assert document.content == Page([], Meta("1.4", "119"), status=ProjectStatus("archived", "see bar"))
    assert (document.best_serial, document.etag) == (119, '"x"')


@pytest.mark.parametrize("title", ["Links for foo", "Index of /simple/foo/"])
def test_empty_page_that_has_a_title_of_pages(title: str) -> None:
    """A page without files is one if its title says so."""
    assert open_html_page(f"<html><title>{title}</title><h1>{title}</h1>".encode(), URL).content.files == []


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><a href='/login'>Sign in.</a></body></html>",
        b"<html></html>",
        b"<a href='" + b"x" * 200_000,
    ],
)
def test_other_html_is_an_error(body: bytes) -> None:
    """HTML that has no file and does not say that it is a page is an error, so that rows do not disappear."""
    with pytest.raises(DocumentError):
        open_html_page(body, URL)
    with pytest.raises(DocumentError):
        open_html_listing(body, "http://index.test/simple/")


@pytest.mark.parametrize(
    "body",
    [
        b"<a " * 1_000_000,
        b"<a" + b" " * 3_000_000,
        b"<a" + b" x" * 1_500_000,
        b"<!--" * 1_000_000,
        b"<![" * 1_000_000,
        b"<script>" + b"</" * 1_500_000,
        b"</" * 1_500_000,
        b"&" * 3_000_000,
        b'<a href="' * 400_000,
        b"<a href='x.zip'>" * 50_000,
    ],
    ids=lambda body: repr(body[:9]),
)
def test_time_grows_with_the_size_only(body: bytes) -> None:
    """A hostile body of three megabytes is read, or refused, in seconds."""
    began = time.process_time()
    with contextlib.suppress(DocumentError):
        assert len(open_html_page(b"<title>Links for</title>" + body, URL).content.files) in (0, 50_000)
    assert time.process_time() - began < 20


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ('<a href="foo/">Foo</a><a href="Bar">Bar</a>', ["Foo", "Bar"]),
        ('<a href="foo-bar/"> Foo.<b>Bar</b>\n</a>, <a href="baz/">baz-long..&gt;</a>', ["Foo.Bar", "baz"]),
        (f'<a href="foo/">{"foo" * 1000}</a><a href="bar/"></a>', ["foo", "bar"]),
        ('<a href="/simple/foo/">x</a><a href="/simple/foo/">again</a>', ["foo"]),
        ('<a href="http://proxied.test/simple/foo/">x</a><a href="foo.bar/index.html">y</a>', ["foo", "foo.bar"]),
        ('<a href="foo/">x</a><a href="../">x</a><a href="/login">x</a><a href="./">x</a><a href="">x</a>', ["foo"]),
    ],
)
def test_list_of_projects(links: str, expected: list[str]) -> None:
    """The names in the list are the texts of links one level below it, or the ends of their URLs if these differ."""
    document = open_html_listing(f"<html>{links}</html>".encode(), "http://index.test/simple/")
    assert document.content.projects == [Listed(name) for name in expected]


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ('<a href="foo/">x</a><a href="bar/index.html">x</a>', ["foo", "bar"]),
        ('<a href="/simple/foo/">x</a><a href="/">x</a>', ["foo"]),
        ('<a href="http://host.test/simple/foo/">x</a><a href="/other/bar/">x</a>', ["foo"]),
        ("", []),
    ],
)
def test_list_that_was_saved(links: str, expected: list[str]) -> None:
    """The links of a saved list may lead to the path that the list had on its server."""
    body = f"<html><title>Simple index</title>{links}</html>".encode()
    document = open_html_listing(body, "file:///srv/mirror/simple/")
    assert document.content.projects == [Listed(name) for name in expected]


@pytest.mark.parametrize("link", ["/foo/", "/root/pypi/+simple/foo/", "http://host.test/foo/"])
def test_saved_list_whose_links_lead_elsewhere(link: str) -> None:
    """A saved list of which no link is understood is an error: it is not an index without projects."""
    body = f'<html><title>Simple index</title><a href="{link}">foo</a></html>'.encode()
    with pytest.raises(DocumentError, match="expected the list of projects"):
        open_html_listing(body, "file:///srv/mirror/simple/")


@pytest.mark.parametrize(
    ("body", "expected"), [(b" \n<p>", True), (b"\xef\xbb\xbf<p>", True), (b'{"files":[]}', False), (b"", False)]
)
def test_form_of_a_body(body: bytes, expected: bool) -> None:
    """HTML begins with a tag, which JSON never does."""
    assert is_html(body) is expected
