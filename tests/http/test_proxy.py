"""http/proxy.py: which proxy the environment names, what is sent to it, and its errors."""

import base64
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from source_pypi.errors import ProxyError, SourceError, UnreachableError
from source_pypi.http.credentials import Credentials, origin
from source_pypi.http.proxy import Proxy, parse_proxy, proxy_for
from source_pypi.services.index.api import Index
from tests.fake_index import FakeIndex, World, faults
from tests.faults.authority import Authority, behind_tls
from tests.faults.forward import Proxying, proxy

Connect = Callable[..., Index]
PATH = "/pypi/flask/json"
SAID = b"Basic " + base64.b64encode(b"ann:s3cret/")
PLAIN, OTHER = Proxy("http://proxy.test:3128"), Proxy("http://other.test:8080")
HTTP, HTTPS = "http://index.test/simple/", "https://index.test:8443/simple/"


@pytest.fixture
def index(world: World) -> Iterator[FakeIndex]:
    """An index that has Flask and accepts repeated requests."""
    world.add("flask")
    with FakeIndex(world, strict=False) as index:
        yield index


@pytest.fixture
def forward() -> Iterator[Proxying]:
    """A proxy that forwards every request."""
    with proxy() as forward:
        yield forward


@pytest.mark.parametrize(
    ("variables", "url", "expected"),
    [
        ({}, HTTP, None),
        ({"HTTP_PROXY": "http://proxy.test:3128"}, HTTP, PLAIN),
        ({"http_proxy": "http://proxy.test:3128"}, HTTP, PLAIN),
        ({"HTTP_PROXY": "http://other.test:8080", "http_proxy": "http://proxy.test:3128"}, HTTP, PLAIN),
        ({"HTTP_PROXY": "http://proxy.test:3128"}, HTTPS, None),
        ({"HTTPS_PROXY": "http://proxy.test:3128"}, HTTPS, PLAIN),
        ({"ALL_PROXY": "http://proxy.test:3128"}, HTTPS, PLAIN),
        ({"ALL_PROXY": "http://proxy.test:3128", "HTTPS_PROXY": "http://other.test:8080"}, HTTPS, OTHER),
        ({"HTTPS_PROXY": "proxy.test:3128"}, HTTPS, PLAIN),
        ({"HTTPS_PROXY": ""}, HTTPS, None),
        ({"HTTPS_PROXY": "http://proxy.test:3128", "NO_PROXY": "index.test"}, HTTPS, None),
        ({"HTTPS_PROXY": "http://proxy.test:3128", "no_proxy": ".test"}, HTTPS, None),
        ({"HTTPS_PROXY": "http://proxy.test:3128", "NO_PROXY": "index.test:8443"}, HTTPS, None),
        ({"HTTPS_PROXY": "http://proxy.test:3128", "NO_PROXY": "index.test:443"}, HTTPS, PLAIN),
        ({"HTTPS_PROXY": "http://proxy.test:3128", "NO_PROXY": "*"}, HTTPS, None),
        ({"HTTP_PROXY": "http://proxy.test:3128", "NO_PROXY": "::1"}, "http://[::1]:80/", None),
        ({"HTTP_PROXY": "http://proxy.test:3128", "REQUEST_METHOD": "GET"}, HTTP, None),
    ],
)
def test_environment_names_a_proxy(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], url: str, expected: Proxy | None
) -> None:
    """The usual variables name a proxy, or exempt a host."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(url) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://ann:s3cret%2F@proxy.test:3128/", Proxy("http://proxy.test:3128", SAID.decode())),
        ("ann:s3cret%2F@proxy.test:3128", Proxy("http://proxy.test:3128", SAID.decode())),
        ("https://proxy.test", Proxy("https://proxy.test")),
    ],
)
def test_proxy_credentials_are_not_shown(text: str, expected: Proxy) -> None:
    """Credentials in the URL of a proxy become its header, and are not shown."""
    assert parse_proxy(text) == expected
    assert "s3cret" not in repr(parse_proxy(text))
    assert SAID.decode() not in repr(parse_proxy(text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "socks5://ann:s3cret@proxy.test",
            "socks5://proxy.test cannot be used: its scheme is socks5, not http or https",
        ),
        (
            "http://ann:s3cret@",
            "(HTTP_PROXY, HTTPS_PROXY or ALL_PROXY) is not a URL such as http://proxy.example.com:3128",
        ),
        (
            "http://ann:s3cret@x:no",
            "(HTTP_PROXY, HTTPS_PROXY or ALL_PROXY) is not a URL such as http://proxy.example.com:3128",
        ),
    ],
)
def test_invalid_proxy_is_an_error(text: str, said: str) -> None:
    """Anything but the URL of an HTTP proxy is an error without credentials."""
    with pytest.raises(ProxyError) as caught:
        parse_proxy(text)
    assert str(caught.value) == f"the environment's proxy {said}"


def test_http_through_a_proxy(index: FakeIndex, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request over http goes to the proxy; each credential reaches only its own server."""
    credentials = Credentials(origin(index.url), "ben", "other")
    with proxy(authorization=SAID) as forward:
        monkeypatch.setenv("HTTP_PROXY", forward.url.replace("http://", "http://ann:s3cret%2F@"))
        assert connect(index, credentials=credentials).client.get(index.url + PATH).status == 200
    (head,), (request,) = forward.heard, index.requests
    assert head.startswith(f"GET {index.url}{PATH} HTTP/1.1\r\n".encode())
    assert request.headers["authorization"] == credentials.basic
    assert "proxy-authorization" not in request.headers


def test_https_through_a_tunnel(
    index: FakeIndex, connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of a tunnel for https the proxy sees the host and its own credentials, nothing else."""
    authority = Authority(tmp_path)
    port = index.port
    with behind_tls(("127.0.0.1", port), authority.certificate()) as url, proxy(authorization=SAID) as forward:
        monkeypatch.setenv("HTTPS_PROXY", forward.url.replace("http://", "http://ann:s3cret%2F@"))
        credentials = Credentials(origin(url), "ben", "other")
        client = connect(index, credentials=credentials, ca_bundle=str(authority.bundle)).client
        assert client.get(url + PATH).status == 200
        client.close()
    (head,), (request,) = forward.heard, index.requests
    assert head.startswith(f"CONNECT {url.removeprefix('https://')} HTTP/1.".encode())
    assert b"\r\nAuthorization" not in head
    assert request.headers["authorization"] == credentials.basic
    assert "proxy-authorization" not in request.headers


def test_redirect_uses_the_proxy_of_its_target(
    world: World, index: FakeIndex, forward: Proxying, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A redirect is followed through the proxy of its target, or without one."""
    with FakeIndex(world) as other:
        index.fault("/away", faults.redirect(other.url + PATH))
        monkeypatch.setenv("HTTP_PROXY", forward.url)
        monkeypatch.setenv("NO_PROXY", f"127.0.0.1:{other.port}")
        assert connect(index).client.get(f"{index.url}/away").url == other.url + PATH
    assert [head.split(b"\r\n")[0] for head in forward.heard] == [f"GET {index.url}/away HTTP/1.1".encode()]


def told(connect: Connect, index: FakeIndex, url: str) -> SourceError:
    """What is said of an address."""
    with pytest.raises(SourceError) as caught:
        connect(index, clock=lambda: 0.0).client.get(url)
    return caught.value


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_proxy_that_requires_credentials(
    index: FakeIndex, connect: Connect, monkeypatch: pytest.MonkeyPatch, waits: list[float], scheme: str
) -> None:
    """407 is one error, at once, that names the proxy without its credentials."""
    with proxy(authorization=SAID) as forward:
        monkeypatch.setenv(f"{scheme}_proxy", forward.url.replace("http://", "http://ann:wr0ng@"))
        error = told(connect, index, index.url.replace("http", scheme) + PATH)
    assert (type(error), str(error), waits) == (
        ProxyError,
        f"the environment's proxy {forward.url} requires credentials (407): add them to its URL, as name:password@host",
        [],
    )


CONNECT: dict[int, tuple[type[SourceError], str]] = {
    403: (
        ProxyError,
        "the environment's proxy {proxy} refuses to connect to the index (403): check NO_PROXY and index_url",
    ),
    502: (
        UnreachableError,
        "{url} cannot be reached: its proxy {proxy}: status 502 (3 tries in 0.0 s); "
        "check index_url and the network, or try later",
    ),
}


@pytest.mark.parametrize("status", CONNECT)
def test_proxy_that_refuses_a_tunnel(
    index: FakeIndex, connect: Connect, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """A refused tunnel is an error at once; a failed tunnel is retried."""
    kind, said = CONNECT[status]
    with proxy(answer=b"HTTP/1.1 %d s3cret\r\nContent-Length: 0\r\n\r\n" % status) as forward:
        monkeypatch.setenv("HTTPS_PROXY", forward.url)
        error = told(connect, index, f"https://index.test{PATH}")
    expected = said.format(proxy=forward.url, url=f"https://index.test{PATH}")
    assert (type(error), str(error)) == (kind, expected)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_unreachable_proxy(index: FakeIndex, connect: Connect, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    """An unreachable proxy is distinguished from an unreachable index."""
    with proxy() as forward:
        pass
    monkeypatch.setenv(f"{scheme}_proxy", forward.url.replace("http://", "http://ann:s3cret@"))
    url = f"{scheme}://index.test{PATH}"
    error = told(connect, index, url)
    assert (type(error), str(error)) == (
        UnreachableError,
        f"{url} cannot be reached: its proxy {forward.url}: no connection can be made (3 tries in 0.0 s); "
        "check index_url and the network, or try later",
    )


def test_407_of_a_proxy(flask: FakeIndex, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """407 from a proxy is raised at once."""
    monkeypatch.setenv("HTTP_PROXY", flask.url)
    monkeypatch.setenv("NO_PROXY", "")
    client = connect(flask).client
    flask.world.override("/x", b"", status=407)
    with pytest.raises(ProxyError) as caught:
        client.get("http://index.example/x")
    assert caught.value.args[0] == flask.url
    assert "407" in str(caught.value)


def test_proxy_that_refuses_to_connect(
    flask: FakeIndex, connect: Connect, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that refuses to connect to the index is raised at once."""
    monkeypatch.setenv("HTTPS_PROXY", flask.url)
    with pytest.raises(ProxyError) as caught:
        connect(flask).client.get("https://index.example/x")
    assert caught.value.args == (flask.url, "refuses to connect to the index (405): check NO_PROXY and index_url")
    assert waits == []


def test_unreachable_proxy_is_named(flask: FakeIndex, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unreachable proxy is named as the cause."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        proxy = f"http://127.0.0.1:{server.getsockname()[1]}"
    monkeypatch.setenv("HTTP_PROXY", proxy)
    with pytest.raises(UnreachableError) as caught:
        connect(flask, clock=lambda: 1.0).client.get("http://index.example/x")
    assert caught.value.args == (
        "http://index.example/x",
        f"its proxy {proxy}: no connection can be made",
        3,
        0.0,
        False,
    )
