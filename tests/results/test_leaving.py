"""A program that leaves a run early ends at once, and requests nothing more, whatever the index does."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest

import source_pypi
from source_pypi.errors import RowsMissingError
from tests.faults.listening import Listener, read_head

#: Seconds within which a program ends; the index would keep it for minutes.
SOON = 10
WAIT = b"HTTP/1.1 503 Unavailable\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n"
BEGIN = "import asyncio, source_pypi\nsettings = {'index_url': %r, 'requests_per_second': 0}\n"
BREAK = "rows = source_pypi.read('projects', ['aa', 'bb', 'cc'], **settings)\nprint(next(rows).project)\n"
FAIL = BREAK + "raise SystemExit\n"
CLOSE = (
    "with source_pypi.open(['aa', 'bb'], streams=['projects'], **settings) as reader:\n"
    "    print(next(iter(reader)).project)\n"
)
#: The task that takes the second row is cancelled while the index does not answer.
CANCEL = """
async def read():
    rows = aiter(source_pypi.read('projects', ['aa', 'bb'], **settings))
    print((await anext(rows)).project)
    try:
        await asyncio.wait_for(anext(rows), 0.2)
    except TimeoutError:
        return

asyncio.run(read())
"""


class FailingIndex:
    """An index that has the project ``aa``, and fails for all others.

    :param answer: what it sends for these; empty: nothing, ever.
    :param first: what it sends for ``aa``; empty: its document.
    :ivar requests: the paths that were requested.
    """

    def __init__(self, answer: bytes, first: bytes = b"") -> None:
        self._answer, self._first = answer, first or _document("aa")
        self.requests, self.asked = list[str](), Event()
        self.listener = Listener(self._serve)

    @property
    def url(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self.listener.port}"

    def _serve(self, sock: socket.socket) -> None:
        while head := read_head(sock):
            path = head.split()[1].decode()
            self.requests.append(path)
            if path == "/pypi/aa/json":
                sock.sendall(self._first)
                continue
            self.asked.set()
            sock.sendall(self._answer)
            if not self._answer:
                self.listener.stopping.wait()


def _document(project: str) -> bytes:
    """A response with a project's document."""
    document = {"info": {"name": project, "version": "1"}, "releases": {"1": []}, "urls": [], "last_serial": 1}
    body = json.dumps(document).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


@pytest.fixture(params=["asks to wait", "is silent"])
def index(request: pytest.FixtureRequest) -> Iterator[FailingIndex]:
    """An index that asks to wait for a minute, or does not answer at all."""
    failing = FailingIndex(WAIT if request.param == "asks to wait" else b"")
    with failing.listener:
        yield failing


@pytest.mark.parametrize("program", [BREAK, FAIL, CLOSE, CANCEL], ids=["break", "fail", "close", "cancel"])
def test_program_ends(index: FailingIndex, program: str) -> None:
    """A program that needs no more rows ends, by whichever way it leaves."""
    start = time.monotonic()
    arguments = [sys.executable, "-c", BEGIN % index.url + program]
    done = subprocess.run(arguments, check=False, capture_output=True, text=True, timeout=3 * SOON)
    assert (done.stdout, done.stderr) == ("aa\n", "")
    assert time.monotonic() - start < SOON
    assert index.requests.count("/pypi/bb/json") <= 1


def test_other_thread_closes(index: FailingIndex) -> None:
    """A thread that waits for a batch gets ``RowsMissingError`` when another one closes the reader."""
    reader = source_pypi.open(["aa", "bb"], streams=["projects"], index_url=index.url, requests_per_second=0)
    with ThreadPoolExecutor(1) as pool:
        names = pool.submit(lambda: [batch.project for batch in reader])
        assert index.asked.wait(SOON)
        time.sleep(0.05)
        start = time.monotonic()
        reader.close()
        with pytest.raises(RowsMissingError, match="the reader is closed"):
            names.result(SOON)
    assert time.monotonic() - start < SOON


@pytest.mark.parametrize(
    ("stream", "projects", "setting"),
    [("events", [], "events_url"), ("downloads", ["aa"], "downloads_url"), ("advisories", [], "advisories_url")],
)
def test_closing_ends_a_wait_for_a_service(stream: Any, projects: list[str], setting: str) -> None:
    """So does a thread that waits for another service, which is not requested again."""
    service = FailingIndex(WAIT)
    with service.listener, ThreadPoolExecutor(1) as pool:
        settings: dict[str, Any] = {setting: f"{service.url}/x", "index_url": service.url, "requests_per_second": 0}
        reader = source_pypi.open(projects, streams=[stream], **settings)
        taken = pool.submit(lambda: list(reader))
        assert service.asked.wait(SOON)
        time.sleep(0.05)
        start = time.monotonic()
        reader.close()
        with pytest.raises(RowsMissingError, match="the reader is closed"):
            taken.result(SOON)
        assert time.monotonic() - start < SOON
        assert len(service.requests) == 1


def test_sync_that_stops_ends(tmp_path: Path) -> None:
    """``sync`` that an index refuses ends at once, and does not wait for what it had requested ahead."""
    refusing = FailingIndex(b"", first=b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
    with refusing.listener:
        settings = {"projects": ["aa", "bb"], "index_url": refusing.url, "max_concurrency": 2}
        (tmp_path / "config.json").write_text(json.dumps(settings))
        start = time.monotonic()
        arguments = ["sync", "--config", str(tmp_path / "config.json"), "--into", str(tmp_path / "x.duckdb")]
        done = subprocess.run(
            [sys.executable, "-m", "source_pypi", *arguments],
            check=False,
            capture_output=True,
            text=True,
            timeout=3 * SOON,
        )
    assert time.monotonic() - start < SOON
    assert done.returncode != 0
    assert "answered 401" in done.stderr
