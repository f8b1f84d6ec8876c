"""The fake index against the reference: what all other tests stand on. Sections are those of index-api.md."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from typing import Any

import pytest

from tests.fake_index import FakeIndex, World
from tests.fake_index.client import ask

V1 = "application/vnd.pypi.simple.v1+json"
V1_HTML = "application/vnd.pypi.simple.v1+html"
CORS = {
    "access-control-allow-headers": ("Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Unmodified-Since"),
    "access-control-allow-methods": "GET",
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "X-PyPI-Last-Serial",
    "access-control-max-age": "86400",
}


def flask() -> World:
    """One project with two releases of two files each: serials 1 to 8, and the owner's."""
    world = World()
    world.add("Flask", ["1.0", "2.0"], summary="A framework", owner="alice", requires_python=">=3.9")
    return world


_METADATA = b"Metadata-Version: 2.1\nName: Foo\nVersion: 1.0\n"


def _file_document(base: str) -> dict[str, Any]:
    """The one file of the next test, key for key (4.3)."""
    name = b"foo-1.0-py3-none-any.whl"
    digests = {kind: hashlib.new(kind, name).hexdigest() for kind in ("md5", "sha256")}
    blake = hashlib.blake2b(name, digest_size=32).hexdigest()
    return {
        "comment_text": "",
        "core-metadata": {"sha256": hashlib.sha256(_METADATA).hexdigest()},
        "digests": {"blake2b_256": blake, **digests},
        "downloads": -1,
        "filename": name.decode(),
        "has_sig": False,
        "md5_digest": digests["md5"],
        "packagetype": "bdist_wheel",
        "python_version": "py3",
        "requires_python": None,
        "size": 5,
        "upload_time": "2024-01-02T03:04:05",
        "upload_time_iso_8601": "2024-01-02T03:04:05Z",
        "url": f"{base}/packages/{blake[:2]}/{blake[2:4]}/{blake[4:]}/{name.decode()}",
        "yanked": False,
        "yanked_reason": None,
    }


def test_project_document_has_all_keys_in_order() -> None:
    """The project document has the keys of 4.1 to 4.4, sorted, compact, with a newline at its end."""
    world = World()
    name, time_of = "foo-1.0-py3-none-any.whl", "2024-01-02T03:04:05Z"
    world.upload("Foo", "1.0", filename=name, size=5, uploaded_at=time_of)
    world.add_role("foo", "bob", "Maintainer")
    world.add_role("foo", "zoe", "Owner")
    with FakeIndex(world) as index:
        reply = ask(index, "/pypi/foo/json")
    file = _file_document(index.url)
    nulls = (
        "author author_email bugtrack_url description_content_type docs_url download_url dynamic home_page"
        " keywords license license_expression license_files maintainer maintainer_email platform project_urls"
        " provides_extra requires_dist requires_python summary yanked_reason"
    )
    expected = {
        "info": {
            **dict.fromkeys(nulls.split()),
            "classifiers": [],
            "description": "",
            "downloads": {"last_day": -1, "last_month": -1, "last_week": -1},
            "name": "Foo",
            "package_url": f"{index.url}/project/Foo/",
            "project_url": f"{index.url}/project/Foo/",
            "release_url": f"{index.url}/project/Foo/1.0/",
            "version": "1.0",
            "yanked": False,
        },
        "last_serial": 5,
        "ownership": {
            "organization": None,
            "roles": [{"role": "Owner", "user": "zoe"}, {"role": "Maintainer", "user": "bob"}],
        },
        "releases": {"1.0": [file]},
        "urls": [file],
        "vulnerabilities": [],
    }
    text = json.dumps(expected, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
    assert reply.body.decode() == text
    assert len(reply.json()["info"]) == 30


def test_project_page_json() -> None:
    """The project page has the keys of 7.1: files by version and name, yank reason, provenance address."""
    world = flask()
    world.yank("flask", "1.0", "broken")
    world.backfill("flask-2.0.tar.gz", provenance={"version": 1})
    with FakeIndex(world) as index:
        page = ask(index, "/simple/flask/", accept=V1).json()
        proof = page["files"][3]["provenance"]
        assert ask(index, proof.removeprefix(index.url)).body == b'{"version":1}'
    assert list(page) == ["files", "meta", "name", "project-status", "versions"]
    assert page["meta"] == {"_last-serial": 9, "api-version": "1.4"}
    assert page["versions"] == ["1.0", "2.0"]
    assert [(file["filename"], file["yanked"], file["core-metadata"] is False) for file in page["files"]] == [
        ("flask-1.0-py3-none-any.whl", "broken", False),
        ("flask-1.0.tar.gz", "broken", True),
        ("flask-2.0-py3-none-any.whl", False, False),
        ("flask-2.0.tar.gz", False, True),
    ]
    assert page["files"][0]["requires-python"] == ">=3.9"
    assert proof == f"{index.url}/integrity/flask/2.0/flask-2.0.tar.gz/provenance"


def test_project_page_html() -> None:
    """The HTML page is the template of 7.3, escaped, with the serial in its last comment."""
    world = World()
    file = world.upload("Foo", "1.0", filename="foo-1.0.tar.gz")
    world.yank("foo", "1.0", 'a "b"')
    world.archive("foo")
    with FakeIndex(world) as index:
        reply = ask(index, "/simple/foo/")
    assert reply.headers["content-type"] == "text/html"
    assert reply.body.decode() == (
        '<!DOCTYPE html>\n<html lang="en">\n  <head>\n'
        '    <meta name="pypi:repository-version" content="1.4">\n'
        '<meta name="pypi:project-status" content="archived">    <title>Links for foo</title>\n  </head>\n'
        f'  <body>\n    <h1>Links for foo</h1>\n<a href="{index.url}/{file.path()}'
        f'#sha256={file.all_digests()["sha256"]}" data-yanked="a &quot;b&quot;">foo-1.0.tar.gz</a><br />\n'
        "</body>\n</html>\n<!--SERIAL 4-->"
    )


@pytest.mark.parametrize(
    ("accept", "origin"),
    [
        (None, "text/html; charset=UTF-8"),
        ("*/*", "text/html; charset=UTF-8"),
        ("text/html", "text/html; charset=UTF-8"),
        ("application/json", "text/html; charset=UTF-8"),
        ("text/plain", "text/html; charset=UTF-8"),
        ("application/*", V1_HTML),
        (V1, V1),
        (f"{V1}, {V1_HTML};q=0.2, text/html;q=0.01", V1),
        (f"text/html, {V1}", "text/html; charset=UTF-8"),
        ("application/vnd.pypi.simple.latest+json", "text/html; charset=UTF-8"),
    ],
)
def test_negotiation_at_the_origin(accept: str | None, origin: str) -> None:
    """Each row of the table of 7.2 gets its content type, never a 406; the edge knows `latest` too."""
    headers = {} if accept is None else {"accept": accept}
    with FakeIndex(flask(), mode="origin") as index:
        assert ask(index, "/simple/flask/", **headers).headers["content-type"] == origin
    edge = V1 if accept == "application/vnd.pypi.simple.latest+json" else origin.partition(";")[0]
    with FakeIndex(flask()) as index:
        assert ask(index, "/simple/", **headers).headers["content-type"] == edge


def test_format_in_the_query_wins_at_the_edge_only() -> None:
    """`?format=` overrides Accept at the edge and means nothing at the origin (7.2)."""
    path = f"/simple/flask/?format={V1}"
    with FakeIndex(flask()) as index:
        assert ask(index, path, accept="text/html").headers["content-type"] == V1
    with FakeIndex(flask(), mode="origin") as index:
        assert ask(index, path).headers["content-type"] == "text/html; charset=UTF-8"


@pytest.mark.parametrize(
    ("path", "edge", "origin"),
    [
        ("/pypi/FLASK/json", (200, None), (301, "{url}/pypi/flask/json")),
        ("/pypi/FLASK/1.0/json", (200, None), (301, "{url}/pypi/flask/1.0/json")),
        ("/pypi/Flask/json/", (301, "/pypi/flask/json"), (301, "{url}/pypi/flask/json")),
        ("/pypi/flask/json/", (301, "/pypi/flask/json"), (200, None)),
        ("/pypi/flask/1.0.0/json", (200, None), (200, None)),
        ("/simple/Flask/", (301, "{url}/simple/flask/"), (301, "{url}/simple/flask/")),
        ("/simple/Flask", (301, "{url}/simple/Flask/"), (301, "{url}/simple/Flask/")),
        ("/simple", (301, "{url}/simple/"), (301, "{url}/simple/")),
        ("/stats", (301, "{url}/stats/"), (301, "{url}/stats/")),
        ("/pypi/flask/", (301, "{url}/project/flask/"), (301, "{url}/project/flask/")),
        ("/rss/project/FLASK/releases.xml", (200, None), (200, None)),
    ],
)
def test_redirects(path: str, edge: tuple[int, str | None], origin: tuple[int, str | None]) -> None:
    """Each row of 2.6, at both layers: who redirects, to where, absolute or not; no serial, no ETag on it."""
    for mode, (status, location) in (("edge", edge), ("origin", origin)):
        with FakeIndex(flask(), mode="edge" if mode == "edge" else "origin") as index:
            reply = ask(index, path)
            expected = None if location is None else location.format(url=index.url)
            assert (reply.status, reply.headers.get("location")) == (status, expected)
            assert status == 200 or not {"x-pypi-last-serial", "etag"} & set(reply.headers)


@pytest.mark.parametrize(
    ("path", "cache_control", "vary", "serial", "cors"),
    [
        ("/pypi/flask/json", "max-age=900, public", "Accept-Encoding", "7", CORS),
        ("/pypi/flask/1.0/json", "max-age=900, public", "Accept-Encoding", "7", CORS),
        ("/simple/", "max-age=600, public", "Accept, Accept-Encoding", "7", CORS),
        ("/simple/flask/", "max-age=600, public", "Accept, Accept-Encoding", "7", CORS),
        ("/stats/", "max-age=86400, public", "Accept, Accept-Encoding", None, {}),
        ("/rss/updates.xml", None, "Accept-Encoding", None, CORS),
    ],
)
def test_headers(path: str, cache_control: str | None, vary: str, serial: str | None, cors: dict[str, str]) -> None:
    """Cache-Control, Vary, serial and CORS are those of 2.5 and 2.8, on HEAD as well, never Last-Modified."""
    world = World()
    world.add("Flask", ["1.0", "2.0"])
    with FakeIndex(world) as index:
        whole, head = ask(index, path), ask(index, path, "HEAD")
    found = {key: value for key, value in whole.headers.items() if key.startswith("access-control")}
    assert found == cors
    assert whole.headers.get("cache-control") == cache_control
    assert (whole.headers["vary"], whole.headers.get("x-pypi-last-serial")) == (vary, serial)
    assert "last-modified" not in whole.headers
    assert head.body == b""
    assert head.headers | {"date": ""} == whole.headers | {"date": ""}
    assert whole.headers["content-length"] == str(len(whole.body))


def test_etag_is_md5_of_the_bytes_sent() -> None:
    """The ETag is md5 of the body as sent, so gzip has another; it gives 304, also weakly and by `*` (2.7)."""
    world = World()
    world.add("Flask", ["1.0"], description="word " * 500)
    with FakeIndex(world, strict=False) as index:
        plain = ask(index, "/pypi/flask/json")
        packed = ask(index, "/pypi/flask/json", accept_encoding="gzip, deflate")
        assert "content-encoding" not in plain.headers
        assert packed.headers["content-encoding"] == "gzip"
        assert gzip.decompress(packed.body) == plain.body
        for reply in (plain, packed):
            digest = base64.b64encode(hashlib.md5(reply.body).digest()).decode().rstrip("=")
            assert reply.headers["etag"] == f'"{digest}"'
        etag = plain.headers["etag"]
        for condition in (etag, f"W/{etag}", "*", f'"x", {etag}'):
            same = ask(index, "/pypi/flask/json", if_none_match=condition)
            assert (same.status, same.body) == (304, b"")
            assert not {"content-type", "content-length"} & set(same.headers)
            kept = ("etag", "cache-control", "x-pypi-last-serial", *CORS)
            assert {k: same.headers[k] for k in kept} == {k: plain.headers[k] for k in kept}
        assert ask(index, "/pypi/flask/json", if_none_match=packed.headers["etag"]).status == 200
        world.archive("flask")  # nothing in this document
        assert ask(index, "/pypi/flask/json", if_none_match=etag).status == 304
        world.add_advisory("flask", "1.0", "PYSEC-1")
        changed = ask(index, "/pypi/flask/json", if_none_match=etag)
        assert (changed.status, changed.json()["last_serial"]) == (200, plain.json()["last_serial"])


def test_small_bodies_are_not_compressed_and_etags_can_be_off() -> None:
    """Gzip is kept only when smaller; `etags=False` sends none and ignores conditions."""
    world = World()
    with FakeIndex(world, etags=False) as index:
        reply = ask(index, "/simple/", accept=V1, accept_encoding="gzip", if_none_match="*")
    assert (reply.status, "content-encoding" in reply.headers, "etag" in reply.headers) == (200, False, False)
    assert reply.body == b'{"meta":{"_last-serial":0,"api-version":"1.4"},"projects":[]}\n'


@pytest.mark.parametrize(
    ("path", "accept", "status", "content_type", "body"),
    [
        ("/pypi/nope/json", "*/*", 404, "application/json", b'{"message": "Not Found"}'),
        ("/pypi/flask/9/json", "*/*", 404, "application/json", b'{"message": "Not Found"}'),
        ("/simple/nope/", V1, 404, "text/plain; charset=UTF-8", b"404 Not Found"),
        (
            "/integrity/flask/1.0/flask-1.0.tar.gz/provenance",
            "application/json",
            404,
            "application/json",
            b'{"message":"No provenance available for flask-1.0.tar.gz"}',
        ),
        (
            "/integrity/flask/1.0/flask-1.0.tar.gz/provenance",
            "text/html",
            406,
            "application/json",
            b'{"message":"Request not acceptable"}',
        ),
        ("/integrity/flask/1.0/x/provenance", "*/*", 404, "text/html; charset=UTF-8", None),
        ("/rss/project/nope/releases.xml", "*/*", 404, "text/html; charset=UTF-8", None),
        ("/stats/", "image/png", 404, "text/html; charset=UTF-8", None),
        ("/packages/ab/cd/ef/flask-1.0.tar.gz", "*/*", 404, "text/html; charset=UTF-8", None),
    ],
)
def test_errors(path: str, accept: str, status: int, content_type: str, body: bytes | None) -> None:
    """Each missing thing has the status, type and body of 2.9, with CORS, without serial, ETag or caching."""
    with FakeIndex(flask()) as index:
        reply = ask(index, path, accept=accept)
    assert (reply.status, reply.headers["content-type"]) == (status, content_type)
    assert body is None or reply.body == body
    assert reply.headers["access-control-allow-origin"] == "*"
    assert not {"x-pypi-last-serial", "etag", "cache-control"} & set(reply.headers)


def test_other_methods_are_not_allowed() -> None:
    """POST is answered 405 with Allow, and HEAD of a provenance as well (2.3)."""
    with FakeIndex(flask()) as index:
        post = ask(index, "/pypi/flask/json", "POST")
        head = ask(index, "/integrity/flask/1.0/flask-1.0.tar.gz/provenance", "HEAD")
    assert (post.status, post.headers["allow"], head.status) == (405, "GET, HEAD, OPTIONS", 405)
