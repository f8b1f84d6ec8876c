"""http/credentials.py: sources of credentials, the origin that gets them, and errors that do not quote them."""

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from source_pypi.config import make_config
from source_pypi.errors import ExtraMissingError, SettingError, SourceError
from source_pypi.http.client import Client
from source_pypi.http.credentials import Credentials, credentials_for, origin
from source_pypi.services.index.api import Index, open_index
from tests.fake_index import FakeIndex, World, faults

Connect = Callable[..., Index]
PATH = "/pypi/flask/json"
INDEX = "https://packages.example.com/root/simple/"
ORIGIN = ("https", "packages.example.com", 443)
ENTRY = "machine packages.example.com login ann password s3cret\n"


def given(**settings: Any) -> Credentials | None:
    """The credentials that these settings lead to."""
    config = make_config({"index_url": INDEX, **settings})
    return credentials_for(
        config.index_url or "", config.index_username, config.index_password, config.credentials_from
    )


@pytest.fixture
def netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Write a netrc file that the environment names."""

    def write(text: str) -> Path:
        path = tmp_path / "netrc"
        path.write_bytes(text.encode("latin-1"))
        monkeypatch.setenv("NETRC", str(path))
        return path

    return write


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, None),
        ({"index_url": "https://me:p%40ss@example.com/simple"}, (("https", "example.com", 443), "me", "p@ss")),
        ({"index_url": "http://token@example.com:81"}, (("http", "example.com", 81), "token", "")),
        (
            {"index_url": "https://me:old@example.com", "index_username": "you", "index_password": "new"},
            (("https", "example.com", 443), "you", "new"),
        ),
        ({"index_username": "you", "index_password": "new", "credentials_from": "netrc"}, (ORIGIN, "you", "new")),
        ({"credentials_from": "netrc"}, (ORIGIN, "ann", "s3cret")),
    ],
)
def test_sources_of_credentials(
    netrc: Callable[[str], Path], settings: dict[str, str], expected: tuple[Any, ...] | None
) -> None:
    """Credentials come from the settings, else from the URL, else from the source that a setting names."""
    netrc(ENTRY)
    assert given(**settings) == (None if expected is None else Credentials(*expected))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ENTRY, ("ann", "s3cret")),
        (f"machine other.test login x password y\n{ENTRY}", ("ann", "s3cret")),
        ("default login any password one\n", ("any", "one")),
        ("machine packages.example.com password token\n", ("", "token")),
        ('machine packages.example.com login "an n" password "s3 cret"\n', ("an n", "s3 cret")),
    ],
)
def test_netrc_entry(netrc: Callable[[str], Path], text: str, expected: tuple[str, str]) -> None:
    """The entry of the host counts, else the default entry."""
    netrc(text)
    assert given(credentials_from="netrc") == Credentials(ORIGIN, *expected)


def test_netrc_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without NETRC the file is ~/.netrc, and others must not be able to read it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / ".netrc"
    path.write_text(ENTRY)
    path.chmod(0o600)
    assert given(credentials_from="netrc") == Credentials(ORIGIN, "ann", "s3cret")
    path.chmod(0o644)
    with pytest.raises(SettingError, match=r"the netrc file ~/.netrc: others may read it \(chmod 600\)"):
        given(credentials_from="netrc")
    path.unlink()
    with pytest.raises(SettingError, match=r"the netrc file ~/.netrc cannot be read: No such file or directory"):
        given(credentials_from="netrc")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("machine packages.example.com login ann s3cret\n", ": syntax error in line 2 or before"),
        (f"{ENTRY}s3cret\n", ": syntax error in line 3 or before"),
        ("machine other.test login ann password s3cret\n", " has no entry for packages.example.com"),
        ("", " has no entry for packages.example.com"),
        ("machine packages.example.com password s3cr\xe9t\n", " is not text"),
    ],
)
def test_broken_netrc_is_not_quoted(netrc: Callable[[str], Path], text: str, reason: str) -> None:
    """The error of a file with no entry or a syntax error is one line that does not quote the file."""
    path = netrc(text)
    with pytest.raises(SettingError) as caught:
        given(credentials_from="netrc")
    assert str(caught.value) == f"setting 'credentials_from': the netrc file {path}{reason}"
    assert "s3cr" not in "".join(traceback.format_exception(caught.value)).replace(repr(text), "")


def _nothing(*_: object) -> None:
    """Do nothing."""


def backend(monkeypatch: pytest.MonkeyPatch, **methods: Callable[..., Any]) -> None:
    """Have keyring use a backend of ours."""
    import keyring
    from keyring.backend import KeyringBackend

    base: dict[str, Any] = {"priority": 1, "get_password": _nothing, "set_password": _nothing, **methods}
    monkeypatch.setattr(KeyringBackend, "_classes", set(KeyringBackend._classes))
    made: Any = type("Backend", (KeyringBackend,), base)
    before = keyring.get_keyring()
    monkeypatch.setattr("keyring.core._keyring_backend", made())
    assert keyring.get_keyring() is not before


KEPT = {
    "address": ({(INDEX, "ann"): "of the address", ("packages.example.com", "ann"): "of the host"}, "of the address"),
    "host": ({("packages.example.com", "ann"): "of the host"}, "of the host"),
}


@pytest.mark.parametrize("case", KEPT)
def test_keyring_lookup(monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    """The keyring is asked for the URL, else for the host, with the user name of the settings."""
    kept, expected = KEPT[case]
    backend(monkeypatch, get_password=lambda self, service, name: kept.get((service, name)))
    asked = {"credentials_from": "keyring", "index_username": "ann"}
    assert given(**asked) == Credentials(ORIGIN, "ann", expected)


def test_keyring_gives_the_user_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a user name in the settings, the keyring gives it."""
    from keyring.credentials import SimpleCredential

    backend(monkeypatch, get_credential=lambda self, service, name: SimpleCredential("ben", f"{name}"))
    assert given(credentials_from="keyring") == Credentials(ORIGIN, "ben", "None")


def _broken(*_: object) -> None:
    raise RuntimeError("s3cret")


def _locked(*_: object) -> None:
    from keyring.errors import KeyringLocked

    raise KeyringLocked("s3cret")


@pytest.mark.parametrize(
    ("get", "reason"),
    [
        (lambda *_: None, f"the keyring has nothing for {INDEX} or packages.example.com"),
        (_broken, "the keyring cannot be read: it failed (RuntimeError)"),
        (_locked, "the keyring cannot be read: it is locked"),
    ],
)
def test_empty_or_locked_keyring_is_not_quoted(
    monkeypatch: pytest.MonkeyPatch, get: Callable[..., Any], reason: str
) -> None:
    """The error of a keyring without an entry, or that cannot be opened, is one line that does not quote it."""
    backend(monkeypatch, get_credential=get)
    with pytest.raises(SettingError) as caught:
        given(credentials_from="keyring")
    assert str(caught.value) == f"setting 'credentials_from': {reason}"
    assert "s3cret" not in "".join(traceback.format_exception(caught.value)).replace('RuntimeError("s3cret")', "")


def test_missing_keyring_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library, the error names the extra."""
    import sys

    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ExtraMissingError) as caught:
        given(credentials_from="keyring")
    assert str(caught.value) == "credentials_from 'keyring' needs the extra: pip install 'source-pypi[keyring]'"


def test_netrc_credentials_stay_with_the_origin(world: World, netrc: Callable[[str], Path]) -> None:
    """Credentials from the netrc file go to the origin of the index, not to another port of the host."""
    world.add("flask")
    netrc("machine 127.0.0.1 login ann password s3cret\n")
    with FakeIndex(world, username="ann", password="s3cret") as index, FakeIndex(world) as other:
        index.fault("/pypi/flask/json", faults.redirect(f"{other.url}/pypi/flask/json"))
        opened = open_index(make_config({"index_url": index.url, "credentials_from": "netrc"}))
        assert opened.client.get(f"{index.url}/pypi/flask/json").status == 200
        opened.client.close()
        assert [request.headers.get("authorization") is None for request in (*index.requests, *other.requests)] == [
            False,
            True,
        ]


def test_credentials_stay_with_the_origin(world: World, serve: Callable[..., FakeIndex], connect: Connect) -> None:
    """Credentials are sent to the origin of the index, and not to where it redirects."""
    world.add("flask")
    other = serve()
    index = serve(username="me", password="sécret")
    index.fault("/pypi/away/json", faults.redirect(f"{other.url}{PATH}"))
    client = connect(index, credentials=Credentials(origin(index.url), "me", "sécret")).client
    assert client.get(index.url + PATH).status == 200
    assert client.get(f"{index.url}/pypi/away/json").status == 200
    assert [request.headers.get("authorization") for request in index.requests] == ["Basic bWU6c8OpY3JldA=="] * 2
    assert [request.headers.get("authorization") for request in other.requests] == [None]


def test_password_is_never_shown(world: World, serve: Callable[..., FakeIndex], connect: Connect) -> None:
    """Neither an error nor the representation of credentials shows a password."""
    index = serve(username="me", password="s3cret")
    url = f"http://me:s3cret@127.0.0.1:{index.port}{PATH}"
    with pytest.raises(SourceError) as caught:
        connect(index).client.get(url)
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in repr(caught.value)
    assert "s3cret" not in repr(Credentials(origin(url), "me", "s3cret"))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Index.example/simple/", ("https", "index.example", 443)),
        ("http://me:s3cret@index.example", ("http", "index.example", 80)),
        ("https://index.example:8443/", ("https", "index.example", 8443)),
        ("nothing", ("", "", 80)),
    ],
)
def test_origin_of_a_url(url: str, expected: tuple[str, str, int]) -> None:
    """An origin is scheme, host and port; the default port where the URL has none."""
    assert origin(url) == expected


@pytest.mark.parametrize(
    ("username", "password", "text", "repeated"),
    [
        ("me", "s3/cret", b"s3/cret", True),
        ("me", "s3/cre t", b"s3/cre%20t", True),
        ("me", "s3/cret", b"s3%2Fcret", True),
        ("me", "s3/cret", b"bWU6czMvY3JldA==", True),
        ("t0ken", "", b"it is t0ken.", True),
        ("me", "s3/cret", b"me", False),
        ("", "", b"anything", False),
        ("me", "s3cret", b" " * 4090 + b"s3cret", True),
        ("me", "s3cret", b" " * 4091 + b"s3cret", False),
    ],
)
def test_body_that_repeats_credentials(username: str, password: str, text: bytes, repeated: bool) -> None:
    """The first 4,096 bytes of a body are searched for the secret in all its forms."""
    client = Client(credentials=Credentials(("http", "a", 80), username, password))
    assert client.repeats_credentials(text) is repeated
    client.close()


def test_no_credentials_are_never_repeated(connect: Connect, flask: FakeIndex) -> None:
    """Without credentials no body repeats them."""
    assert connect(flask).client.repeats_credentials(b"me") is False
