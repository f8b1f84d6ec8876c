"""http/tls.py: which certificates are trusted, and the errors of the others."""

import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from source_pypi.errors import ResponseError, SettingError, UnreachableError, UntrustedError
from source_pypi.http.credentials import Credentials, origin
from source_pypi.http.tls import tls_context
from source_pypi.services.index.api import Index
from tests.fake_index import FakeIndex, World, faults
from tests.faults.authority import Authority, behind_tls
from tests.faults.forward import proxy
from tests.faults.listening import Listener

Connect = Callable[..., Index]
PATH = "/pypi/flask/json"


@pytest.fixture
def index(world: World) -> Iterator[FakeIndex]:
    """An index that has Flask and accepts repeated requests."""
    world.add("flask")
    with FakeIndex(world, strict=False) as index:
        yield index


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A private CA."""
    return Authority(tmp_path_factory.mktemp("company"))


def secured(
    index: FakeIndex, authority: Authority, host: str = "127.0.0.1", days: float = 10
) -> AbstractContextManager[str]:
    """The index behind TLS, with a certificate for a host that is valid for ``days`` days."""
    return behind_tls(("127.0.0.1", index.port), authority.certificate(host, days))


def test_bundle_is_trusted(index: FakeIndex, authority: Authority, connect: Connect) -> None:
    """A certificate of a private CA is trusted if ca_bundle names the CA; one connection carries all requests."""
    client = connect(index, ca_bundle=str(authority.bundle)).client
    with secured(index, authority) as url:
        assert [client.get(url + PATH).status for _ in range(3)] == [200, 200, 200]
        client.close()


#: What a form makes of the line breaks of a text.
LINE_BREAKS = {"lines": "\n", "Windows": "\r\n", "spaces": " ", "escaped": "\\n"}


@pytest.mark.parametrize("name", LINE_BREAKS)
def test_text_of_a_bundle_is_trusted(name: str, index: FakeIndex, authority: Authority, connect: Connect) -> None:
    """The text of a PEM file is trusted as the file is, with a comment, and whatever became of its line breaks."""
    other = Authority(authority.bundle.parent, "other").bundle.read_text()
    text = f"# Größe\n{other}# ours\n{authority.bundle.read_text()}".replace("\n", LINE_BREAKS[name])
    client = connect(index, ca_bundle=text).client
    with secured(index, authority) as url:
        assert client.get(url + PATH).status == 200
        client.close()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----", "the text contains no certificates (PEM)"),
        ("-----BEGIN CERTIFICATE-----\nMIIB", "the text contains no certificates (PEM)"),
        (
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
            "the text has a certificate that cannot be decoded",
        ),
        (
            "-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----",
            "the text has a certificate that cannot be decoded",
        ),
    ],
    ids=["key", "cut", "broken", "no base64"],
)
def test_text_without_certificates(text: str, reason: str) -> None:
    """The error for a text without certificates, or with a broken one, does not repeat the text."""
    with pytest.raises(SettingError) as caught:
        tls_context(text)
    assert str(caught.value) == f"setting 'ca_bundle': {reason}"


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_environment_names_trusted_certificates(
    index: FakeIndex,
    authority: Authority,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    variable: str,
) -> None:
    """SSL_CERT_FILE and SSL_CERT_DIR name the trusted certificates, as with OpenSSL."""
    hashed = f"{ssl_hash(authority.bundle):08x}.0"
    (tmp_path / hashed).write_bytes(authority.bundle.read_bytes())
    monkeypatch.setenv(variable, str(authority.bundle if variable == "SSL_CERT_FILE" else tmp_path))
    client = connect(index).client
    with secured(index, authority) as url:
        assert client.get(url + PATH).status == 200
        client.close()


def ssl_hash(certificate: Path) -> int:
    """The number by which OpenSSL finds a certificate in a folder (X509_NAME_hash)."""
    command = ["openssl", "x509", "-noout", "-subject_hash", "-in", str(certificate)]
    try:
        return int(subprocess.run(command, check=True, capture_output=True).stdout, 16)
    except FileNotFoundError:
        pytest.skip("openssl, which knows the names of files in such a folder, is not installed")


UNTRUSTED = {
    "nobody's": ("127.0.0.1", 10, False, "unable to get local issuer certificate"),
    "over": ("127.0.0.1", -1, True, "certificate has expired"),
    "another host's": ("other.test", 10, True, "IP address mismatch, certificate is not valid for '127.0.0.1'"),
}


@pytest.mark.parametrize("case", UNTRUSTED)
def test_untrusted_certificate_is_raised_at_once(
    case: str, index: FakeIndex, authority: Authority, connect: Connect, waits: list[float]
) -> None:
    """An untrusted certificate is one error, at once, and no request is sent."""
    host, days, named, reason = UNTRUSTED[case]
    client = connect(
        index,
        ca_bundle=str(authority.bundle) if named else None,
        credentials=Credentials(origin(index.url), "ann", "secret"),
    ).client
    with secured(index, authority, host, days) as url, pytest.raises(UntrustedError) as caught:
        client.get(url + PATH)
    assert str(caught.value) == (
        f"{url}{PATH}: the certificate is not trusted ({reason}): if a private CA issued it, set ca_bundle to "
        "the PEM file of that CA; otherwise check index_url"
    )
    assert (waits, index.requests) == ([], [])


def test_certificates_are_checked_through_a_proxy(
    index: FakeIndex, authority: Authority, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Certificates are checked through a tunnel of a proxy as without one."""
    with secured(index, authority) as url, proxy() as forward:
        monkeypatch.setenv("HTTPS_PROXY", forward.url)
        trusting = connect(index, ca_bundle=str(authority.bundle)).client
        assert trusting.get(url + PATH).status == 200
        trusting.close()
        with pytest.raises(UntrustedError):
            connect(index).client.get(url + PATH)


def test_server_without_tls(index: FakeIndex, connect: Connect, waits: list[float]) -> None:
    """A server without TLS is unreachable, not untrusted."""

    def answer(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    said = r"TLS failed \((wrong version number|record layer failure)\)"
    with Listener(answer) as plain, pytest.raises(UnreachableError, match=said):
        connect(index).client.get(f"https://127.0.0.1:{plain.port}{PATH}")
    assert waits == [1.0, 2.0]


def test_redirect_to_http_is_not_followed(index: FakeIndex, authority: Authority, connect: Connect) -> None:
    """A redirect from https to http is not followed."""
    index.fault("/away", faults.redirect(index.url + PATH))
    client = connect(index, ca_bundle=str(authority.bundle)).client
    with secured(index, authority) as url:
        with pytest.raises(ResponseError, match="a redirect from https to http"):
            client.get(f"{url}/away")
        client.close()
    assert [request.path for request in index.requests] == ["/away"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "contains no certificates (PEM)"), (b"no certificate", "contains no certificates (PEM)")],
    ids=["empty", "text"],
)
def test_bundle_without_certificates(tmp_path: Path, content: bytes, reason: str) -> None:
    """The error for a file without certificates names the file."""
    path = tmp_path / "bundle.pem"
    path.write_bytes(content)
    with pytest.raises(SettingError) as caught:
        tls_context(str(path))
    assert str(caught.value) == f"setting 'ca_bundle': {path} {reason}"


def test_unreadable_bundle(tmp_path: Path) -> None:
    """A bundle that cannot be read is an error."""
    for path, reason in ((str(tmp_path / "none"), "No such file or directory"), ("no\0path", "it is not a path")):
        with pytest.raises(SettingError) as caught:
            tls_context(path)
        assert str(caught.value).endswith(f"cannot be read: {reason}")


@pytest.mark.parametrize("named", [False, True])
def test_certificates_are_always_verified(authority: Authority, named: bool) -> None:
    """Certificates and host names are verified; a bundle is trusted in addition to the system."""
    system = tls_context(None)
    context = tls_context(str(authority.bundle)) if named else system
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.cert_store_stats()["x509_ca"] == system.cert_store_stats()["x509_ca"] + named


def test_untrusted_certificate_without_credentials(
    flask: FakeIndex, connect: Connect, waits: list[float], tmp_path: Path
) -> None:
    """The error of an untrusted certificate shows the URL without credentials."""
    certificate = Authority(tmp_path).certificate()
    with behind_tls(("127.0.0.1", flask.port), certificate) as url, pytest.raises(UntrustedError) as caught:
        connect(flask).client.get(url.replace("//", "//me:s3cret@") + PATH)
    assert caught.value.args == (url + PATH, "unable to get local issuer certificate")
    assert (waits, flask.requests) == ([], [])
