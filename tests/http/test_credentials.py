"""credentials.py: where credentials come from, and that nothing of them is told when they cannot be had."""

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from source_pypi.config import make_config
from source_pypi.errors import ExtraMissingError, SettingError
from source_pypi.http.credentials import Credentials, credentials_for
from source_pypi.services.index.api import open_index
from tests.fake_index import FakeIndex, World, faults

INDEX = "https://packages.example.com/root/simple/"
ORIGIN = ("https", "packages.example.com", 443)
ENTRY = "machine packages.example.com login ann password s3cret\n"


def given(**settings: Any) -> Credentials | None:
    """The credentials that these settings lead to."""
    config = make_config({"index_url": INDEX, **settings})
    return credentials_for(config, config.index_url or "")


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
def test_where_from(netrc: Callable[[str], Path], settings: dict[str, str], expected: tuple[Any, ...] | None) -> None:
    """Credentials come from the settings, or else the address, or else from where it is asked for, and nowhere else."""
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
def test_netrc(netrc: Callable[[str], Path], text: str, expected: tuple[str, str]) -> None:
    """The entry of the index's host counts, or else the default one."""
    netrc(text)
    assert given(credentials_from="netrc") == Credentials(ORIGIN, *expected)


def test_the_file_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless the environment names another, the file is ~/.netrc, and others must not be able to read it."""
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
        ("machine packages.example.com login ann s3cret\n", ": not understood up to line 2"),
        (f"{ENTRY}s3cret\n", ": not understood up to line 3"),
        ("machine other.test login ann password s3cret\n", " has no entry for packages.example.com"),
        ("", " has no entry for packages.example.com"),
        ("machine packages.example.com password s3cr\xe9t\n", " is no text"),
    ],
)
def test_a_broken_netrc(netrc: Callable[[str], Path], text: str, reason: str) -> None:
    """A file without an entry, or that cannot be understood, is told in one line without what stands in it."""
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
def test_keyring(monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    """The keyring is asked for the index's address, or else for its host, and for the name that is set."""
    kept, expected = KEPT[case]
    backend(monkeypatch, get_password=lambda self, service, name: kept.get((service, name)))
    asked = {"credentials_from": "keyring", "index_username": "ann"}
    assert given(**asked) == Credentials(ORIGIN, "ann", expected)


def test_keyring_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no name is set, the keyring has that too."""
    from keyring.credentials import SimpleCredential

    backend(monkeypatch, get_credential=lambda self, service, name: SimpleCredential("ben", f"{name}"))
    assert given(credentials_from="keyring") == Credentials(ORIGIN, "ben", "None")


def _locked(*_: object) -> None:
    raise RuntimeError("s3cret")


@pytest.mark.parametrize(
    ("get", "reason"),
    [
        (lambda *_: None, f"the keyring has nothing for {INDEX} or packages.example.com"),
        (_locked, "the keyring cannot be read: RuntimeError"),
    ],
)
def test_a_keyring_of_no_use(monkeypatch: pytest.MonkeyPatch, get: Callable[..., Any], reason: str) -> None:
    """A keyring that has nothing, or cannot be opened, is told in one line without what it says."""
    backend(monkeypatch, get_credential=get)
    with pytest.raises(SettingError) as caught:
        given(credentials_from="keyring")
    assert str(caught.value) == f"setting 'credentials_from': {reason}"
    assert "s3cret" not in "".join(traceback.format_exception(caught.value)).replace('RuntimeError("s3cret")', "")


def test_no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library, the extra is named that has it."""
    import sys

    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ExtraMissingError) as caught:
        given(credentials_from="keyring")
    assert str(caught.value) == "credentials_from 'keyring' needs the extra: pip install 'source-pypi[keyring]'"


def test_for_the_index_only(world: World, netrc: Callable[[str], Path]) -> None:
    """What the netrc file has for the index's host goes to its own origin only, not to another port of that host."""
    world.add("flask")
    netrc("machine 127.0.0.1 login ann password s3cret\n")
    with FakeIndex(world, username="ann", password="s3cret") as index, FakeIndex(world) as other:
        index.fault("/pypi/flask/json", faults.redirect(f"{other.url}/pypi/flask/json"))
        opened = open_index(make_config({"index_url": index.url, "credentials_from": "netrc"}))
        assert opened.project("flask") is not None
        opened.client.close()
        assert [request.headers.get("authorization") is None for request in (*index.requests, *other.requests)] == [
            False,
            True,
        ]
