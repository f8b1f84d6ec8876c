"""The search finds hidden secrets, and nothing else."""

import base64
import json
from pathlib import Path
from urllib.parse import quote

import duckdb
import pytest

from tests.secrets.command import Place, Written
from tests.secrets.hidden import PASSWORD, SECRETS, USERNAME, found

WRITTEN = [
    PASSWORD.encode(),
    PASSWORD[3:9].encode(),
    quote(PASSWORD, safe="").encode(),
    json.dumps({"a": [PASSWORD]}).encode(),
    repr(PASSWORD).encode(),
    base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()),
    *(base64.urlsafe_b64encode(bytes(before) + PASSWORD.encode() + b"more") for before in range(4)),
    PASSWORD.encode().hex().encode(),
]


@pytest.mark.parametrize("text", WRITTEN)
def test_secret_is_found_in_every_form(text: bytes) -> None:
    """A secret is found in each form, and in pieces."""
    assert PASSWORD in found([b"before " + text + b" behind"])


@pytest.mark.parametrize("secret", SECRETS)
def test_each_secret_is_found(secret: str) -> None:
    """Each secret is found, and not confused with another."""
    assert set(found([f"http://ann:{quote(secret, safe='')}@index.test".encode()])) == {secret}


def test_secret_in_a_database_is_found(tmp_path: Path) -> None:
    """A secret in a database is found, although the file is compressed."""
    with duckdb.connect(str(tmp_path / "x.duckdb")) as connection:
        connection.execute("CREATE TABLE t AS SELECT ? || i AS a FROM range(10000) AS r(i)", [PASSWORD])
        connection.execute("CREATE TABLE _state (a VARCHAR, b VARCHAR, c BIGINT, d BIGINT, e BOOLEAN, f BLOB)")
    assert PASSWORD in Written(0, b"", b"", tmp_path).leaks()


def test_help_has_no_secret(tmp_path: Path) -> None:
    """The help of the program has no piece of a secret."""
    done = Place(tmp_path).run("--help")
    assert (done.status, done.leaks()) == (0, {})


@pytest.mark.parametrize("digest", [b"\xc3\xacE\x9e", b"\x15\xc3\xa9\xeb"])
def test_escaped_digest_is_no_secret(digest: bytes) -> None:
    """Escaped bytes of a digest are not mistaken for a piece of a secret."""
    assert found([repr(digest).encode()]) == {}
