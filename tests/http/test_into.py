"""http/client.py, ``get(into=...)``: a body goes into a file, in bounded memory, from its beginning at each try."""

import io
import socket
import tracemalloc
from collections.abc import Iterator

import pytest

from source_pypi.errors import DestinationError, ResponseError
from source_pypi.http import client as client_module
from source_pypi.http import compression
from source_pypi.http.client import Client
from tests.fake_advisories import Database, FakeAdvisories, Fault
from tests.faults.listening import Listener, read_head


@pytest.fixture
def fake() -> Iterator[FakeAdvisories]:
    """A bucket with a file of five megabytes."""
    database = Database()
    database.zip = bytes(range(256)) * 20_000
    with FakeAdvisories(database) as made:
        yield made


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client that does not wait."""
    return Client(requests_per_second=0, sleep=lambda seconds: None)


def test_body_goes_into_the_file(fake: FakeAdvisories, client: Client) -> None:
    """The file has the body; the response has none, and the request asks for no compression."""
    file = io.BytesIO(b"an older and longer content" * 1_000_000)
    response = client.get(f"{fake.url}/PyPI/all.zip", into=file)
    assert (response.status, response.body, file.getvalue()) == (200, b"", fake.database.zip)
    assert fake.answers[0].headers["accept-encoding"] == "identity"
    assert client.stats.bytes_received == len(fake.database.zip)


@pytest.mark.parametrize("size", [16, 4096, 1024 * 1024, 8 * 1024 * 1024])
@pytest.mark.parametrize("length", [1024 * 1024 - 1, 1024 * 1024, 3 * 1024 * 1024 + 99])
def test_a_body_in_chunks_goes_into_the_file(client: Client, size: int, length: int) -> None:
    """A body in chunks is complete in the file, whatever its size and theirs."""
    body = (bytes(range(251)) * (length // 251 + 1))[:length]
    parts = [body[start : start + size] for start in range(0, length, size)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)

    def serve(sock: socket.socket) -> None:
        if read_head(sock):
            sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")

    file = io.BytesIO()
    with Listener(serve) as listener:
        client.get(f"http://127.0.0.1:{listener.port}/x", into=file)
    assert file.getvalue() == body


def test_unchanged_body(fake: FakeAdvisories, client: Client) -> None:
    """A response without a body leaves the file."""
    etag = client.get(f"{fake.url}/PyPI/all.zip", into=io.BytesIO()).etag
    file = io.BytesIO(b"old")
    assert client.get(f"{fake.url}/PyPI/all.zip", etag=etag, into=file).status == 304
    assert client.get(f"{fake.url}/PyPI/none.json", into=file).status == 404
    assert file.getvalue() == b"old"


def test_a_body_that_is_cut_off_is_received_again(fake: FakeAdvisories, client: Client) -> None:
    """A retry writes the file from its beginning."""
    fake.fault("all.zip", Fault(cut=4_000_000))
    file = io.BytesIO()
    client.get(f"{fake.url}/PyPI/all.zip", into=file)
    assert (file.getvalue(), len(fake.answers)) == (fake.database.zip, 2)


def test_too_large_body(fake: FakeAdvisories, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body above the limit is refused, at most one block later."""
    monkeypatch.setattr(compression, "LARGEST_ANSWER", 2 * 1024 * 1024)
    file = io.BytesIO()
    with pytest.raises(ResponseError, match="more than 2 MB"):
        client.get(f"{fake.url}/PyPI/all.zip", into=file)
    assert len(file.getvalue()) <= 3 * 1024 * 1024
    assert client.get(f"{fake.url}/PyPI/none.json", into=file).status == 404


def test_compressed_body(fake: FakeAdvisories, client: Client) -> None:
    """A body that is compressed all the same is refused."""
    fake.fault("all.zip", Fault(headers={"Content-Encoding": "gzip"}))
    with pytest.raises(ResponseError, match="Content-Encoding 'gzip'"):
        client.get(f"{fake.url}/PyPI/all.zip", into=io.BytesIO())


def test_full_disk(fake: FakeAdvisories, client: Client) -> None:
    """An error of the file is no error of the network: it is not retried."""

    class Full(io.BytesIO):
        def write(self, content: object) -> int:  # noqa: ARG002 - of the base class
            raise OSError(28, "No space left on device")

    with pytest.raises(DestinationError, match="No space left on device"):
        client.get(f"{fake.url}/PyPI/all.zip", into=Full())
    assert len(fake.answers) == 1


def test_memory_is_bounded(fake: FakeAdvisories, client: Client, tmp_path: object) -> None:
    """Not more than a few blocks of a large body are in memory."""
    import tempfile

    fake.database.zip = bytes(64 * 1024 * 1024)
    with tempfile.TemporaryFile() as file:
        tracemalloc.start()
        try:
            client.get(f"{fake.url}/PyPI/all.zip", into=file)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 8 * client_module._BLOCK
