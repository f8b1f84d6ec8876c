"""How the fake serves: faults, the trap for repeated questions, poor mirrors, prefixes, credentials."""

from __future__ import annotations

import base64
import gzip
import http.client
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest

from tests.fake_index import FakeIndex, Fault, World, faults
from tests.fake_index.client import ask

PATH = "/pypi/foo/json"
V1 = "application/vnd.pypi.simple.v1+json"


def _world() -> World:
    world = World()
    world.add("foo", ["1.0"], description="word " * 2000)
    return world


@pytest.mark.parametrize(
    ("fault", "status", "headers", "body"),
    [
        (faults.too_many("1"), 429, {"retry-after": "1"}, b"Too Many Requests (429)"),
        (faults.too_many(), 429, {"retry-after": None}, b"Too Many Requests (429)"),
        (
            faults.unavailable(),
            503,
            {"retry-after": None, "content-type": "text/html; charset=UTF-8"},
            b"Service Unavailable (503)",
        ),
        (faults.server_error(502), 502, {}, b"Bad Gateway (502)"),
        (
            faults.forbidden(),
            403,
            {"content-type": "text/plain"},
            b"Your IP Address has been temporarily blocked.",
        ),
        (faults.html(), 200, {"content-type": "text/html", "etag": None}, b"<html>"),
        (faults.json({"a": [1]}), 200, {"content-type": "application/json"}, b'{"a":[1]}\n'),
        (faults.redirect("/x"), 302, {"location": "/x"}, b"moved"),
    ],
)
def test_faults_that_answer(fault: Fault, status: int, headers: dict[str, str | None], body: bytes) -> None:
    """A fault is sent in the answer's place as often as was said, is recorded, and counts as no answer."""
    with FakeIndex(_world()) as index:
        index.fault("/pypi/*/json", fault, times=2)
        for _ in range(2):
            reply = ask(index, PATH)
            assert (reply.status, {key: reply.headers.get(key) for key in headers}) == (status, headers)
            assert body in reply.body
        assert (ask(index, PATH).status, index.waiting_faults) == (200, [])
        assert [request.fault for request in index.requests] == [fault.name, fault.name, None]
        assert (index.counts, index.repeated) == ({PATH: 1}, [])


def test_truncated() -> None:
    """A truncated answer announces all of its bytes and ends before."""
    with FakeIndex(_world()) as index:
        index.fault(PATH, faults.truncated(after=100))
        with pytest.raises(http.client.IncompleteRead) as caught:
            ask(index, PATH)
        whole = ask(index, PATH)
        assert caught.value.partial == whole.body[:100]
        assert caught.value.expected == len(whole.body) - 100
        assert [request.body_bytes for request in index.requests] == [100, len(whole.body)]


def test_resets() -> None:
    """A reset connection is an error to the client, before any byte and inside the body."""
    with FakeIndex(_world()) as index:
        index.fault(PATH, faults.reset())
        index.fault(PATH, faults.reset_in_body(after=50))
        for _ in range(2):
            with pytest.raises(ConnectionResetError):
                ask(index, PATH)
        assert [(request.status, request.body_bytes) for request in index.requests] == [(0, 0), (200, 50)]
        assert ask(index, PATH).status == 200


def test_slow_and_drip() -> None:
    """A slow answer comes late, a dripping one in pieces; both are right in the end."""
    with FakeIndex(_world()) as index:
        right = ask(index, PATH).body
        index.fault(PATH, faults.slow(0.15))
        index.fault(PATH, faults.drip(len(right) / 0.2))
        for least in (0.15, 0.15):
            start = time.monotonic()
            assert ask(index, PATH).body == right
            assert time.monotonic() - start >= least


def test_stopping_does_not_wait_for_slow_answers() -> None:
    """The server stops at once although an answer is still being waited for."""
    with FakeIndex(_world()) as index:
        index.fault(PATH, faults.slow(60))
        connection = http.client.HTTPConnection("127.0.0.1", index.port)
        connection.request("GET", PATH)
        time.sleep(0.05)
        start = time.monotonic()
    assert time.monotonic() - start < 2
    connection.close()


def test_broken_gzip() -> None:
    """A broken gzip body has the right head and ETag, and cannot be unpacked."""
    with FakeIndex(_world()) as index:
        index.fault(PATH, faults.broken_gzip())
        broken, right = (ask(index, PATH, accept_encoding="gzip") for _ in range(2))
    assert (broken.status, broken.headers["content-encoding"]) == (200, "gzip")
    assert (broken.headers["etag"], len(broken.body)) == (right.headers["etag"], len(right.body))
    with pytest.raises((zlib.error, OSError, EOFError)):
        gzip.decompress(broken.body)


def test_stale() -> None:
    """A stale answer is what held before the last change, on the project's documents and on the list."""
    world = _world()
    with FakeIndex(world) as index:
        old = [ask(index, path, accept=V1) for path in (PATH, "/simple/foo/", "/simple/")]
        world.yank("foo", "1.0")
        index.fault("*", faults.stale(), times=3)
        stale = [ask(index, path, accept=V1) for path in (PATH, "/simple/foo/", "/simple/")]
        assert [reply.body for reply in stale] == [reply.body for reply in old]
        assert [reply.headers["etag"] for reply in stale] == [reply.headers["etag"] for reply in old]
        index.new_run()
        assert ask(index, PATH).json()["last_serial"] == 5


def test_a_new_project_is_stale_as_404() -> None:
    """Before its creation a project was not there."""
    with FakeIndex(_world()) as index:
        index.fault("*", faults.stale(), times=None)
        assert ask(index, PATH).status == 404
        assert ask(index, "/simple/", accept=V1).json()["projects"] == []


def test_asked_twice() -> None:
    """A question that was answered gets 500 the next time, 404s and conditional ones too, until a new run."""
    with FakeIndex(_world()) as index:
        etag = ask(index, PATH).headers["etag"]
        twice = ask(index, PATH, if_none_match=etag)
        assert (twice.status, twice.body) == (500, f"asked twice: {PATH}".encode())
        assert [ask(index, "/pypi/nope/json").status for _ in range(2)] == [404, 500]
        assert ask(index, "/simple/foo/", accept=V1).status == 200
        assert ask(index, "/simple/foo/", accept="text/html").status == 200  # another question
        assert index.repeated == [PATH, "/pypi/nope/json"]
        assert index.counts[PATH] == 2
        index.new_run()
        assert (index.requests, index.counts, index.repeated) == ([], {}, [])
        assert ask(index, PATH, if_none_match=etag).status == 304
        assert ask(index, PATH, if_none_match=etag).status == 500


def test_repetition_is_only_noted_when_not_strict() -> None:
    """With strict=False a repeated question is answered, and still listed."""
    with FakeIndex(_world(), strict=False) as index:
        assert [ask(index, PATH).status for _ in range(2)] == [200, 200]
        assert index.repeated == [PATH]


def test_requests_are_recorded() -> None:
    """A recorded request has what was asked and what was sent."""
    with FakeIndex(_world()) as index:
        reply = ask(index, f"{PATH}?x=1", User_Agent="me/1")
    (request,) = index.requests
    assert (request.method, request.path, request.status) == ("GET", f"{PATH}?x=1", 200)
    assert (request.headers["user-agent"], request.body_bytes) == ("me/1", len(reply.body))
    assert index.counts == {PATH: 1}


def test_poor_mirror() -> None:
    """A poor mirror has two endpoints and the list, and none of the extras (index-api.md 0)."""
    world = _world()
    world.add_advisory("foo", "1.0", "PYSEC-1")
    with FakeIndex(world, poverty=True) as index:
        document, page = ask(index, PATH), ask(index, "/simple/foo/", accept="text/html")
        others = [
            ask(index, path)
            for path in (
                "/pypi/foo/1.0/json",
                "/stats/",
                "/rss/updates.xml",
                "/pypi/nope/json",
                "/integrity/foo/1.0/foo-1.0.tar.gz/provenance",
            )
        ]
    for reply, kind in ((document, "application/json"), (page, V1)):
        assert sorted(reply.headers) == ["content-length", "content-type", "date"]
        assert reply.headers["content-type"] == kind
    assert document.json()["vulnerabilities"] == []
    for file in [*document.json()["urls"], *page.json()["files"]]:
        assert file["url"].startswith("../../packages/")
        assert file["core-metadata"] is False
    assert [(reply.status, reply.body) for reply in others] == [(404, b"")] * 5


def test_prefix() -> None:
    """Below a prefix everything is found, addresses carry it, and beside it there is nothing."""
    with FakeIndex(_world(), prefix="/root/mirror") as index:
        assert index.url == f"http://127.0.0.1:{index.port}/root/mirror"
        reply = ask(index, f"/root/mirror{PATH}")
        assert reply.json()["urls"][0]["url"].startswith(f"{index.url}/packages/")
        assert ask(index, "/root/mirror/simple/foo").headers["location"] == f"{index.url}/simple/foo/"
        assert ask(index, PATH).status == 404


def test_credentials() -> None:
    """Without the right credentials every question is answered 401 with a challenge."""
    with FakeIndex(_world(), username="u", password="p") as index:
        refused = ask(index, PATH)
        given = base64.b64encode(b"u:p").decode()
        assert (refused.status, refused.headers["www-authenticate"]) == (401, 'Basic realm="index"')
        assert ask(index, PATH, Authorization=f"Basic {given}").status == 200


def test_overrides_and_files() -> None:
    """An override is answered as it is; a file is there when its bytes were given."""
    world = World()
    world.override("/pypi/odd/json", {"info": None})
    world.override("/simple/odd/", b"\xff", content_type="text/html", status=202)
    file = world.upload("foo", "1", filename="foo-1-py3-none-any.whl", content=b"zip", metadata=b"Name: foo")
    with FakeIndex(world) as index:
        assert ask(index, "/pypi/odd/json").body == b'{"info":null}\n'
        odd = ask(index, "/simple/odd/")
        assert (odd.status, odd.headers["content-type"], odd.body) == (202, "text/html", b"\xff")
        assert ask(index, f"/{file.path()}").body == b"zip"
        assert ask(index, f"/{file.path()}.metadata").body == b"Name: foo"


def test_keep_alive_and_pipelining() -> None:
    """One connection carries many requests, of either kind, and ends when the client says so."""
    with FakeIndex(_world(), strict=False) as index:
        connection = http.client.HTTPConnection("127.0.0.1", index.port)
        for method in ("GET", "HEAD", "GET", "POST"):
            connection.request(method, PATH, body=b"x" * 10 if method == "POST" else None)
            answer = connection.getresponse()
            assert (answer.status, answer.will_close) == (405 if method == "POST" else 200, False)
            answer.read()
        connection.request("GET", PATH, headers={"Connection": "close"})
        assert connection.getresponse().will_close
        connection.close()


def test_process_of_its_own() -> None:
    """`python -m tests.fake_index` prints its address first, serves a generated world, ends on SIGTERM."""
    command = [sys.executable, "-m", "tests.fake_index", "--projects", "2", "--files", "5", "--warm"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip().removeprefix("http://")
        connection = http.client.HTTPConnection(url, timeout=10)
        connection.request("GET", "/pypi/project-0001/json")
        answer = connection.getresponse()
        assert (answer.status, len(answer.read()) > 10_000) == (200, True)
        connection.close()
        process.terminate()
        assert process.wait(10) == 0
