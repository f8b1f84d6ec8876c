"""The search itself: what is hidden is found, and what is not there is not."""

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
def test_found(text: bytes) -> None:
    """A secret is found in whatever form it is written, and in pieces."""
    assert PASSWORD in found([b"before " + text + b" behind"])


@pytest.mark.parametrize("secret", SECRETS)
def test_every_secret_is_looked_for(secret: str) -> None:
    """Each secret is found, and not taken for another one."""
    assert set(found([f"http://ann:{quote(secret, safe='')}@index.test".encode()])) == {secret}


def test_in_a_database(tmp_path: Path) -> None:
    """A secret in a database is found, though the file has it compressed."""
    with duckdb.connect(str(tmp_path / "x.duckdb")) as connection:
        connection.execute("CREATE TABLE t AS SELECT ? || i AS a FROM range(10000) AS r(i)", [PASSWORD])
        connection.execute("CREATE TABLE _state (a VARCHAR, b VARCHAR, c BIGINT, d BIGINT, e BOOLEAN, f BLOB)")
    assert PASSWORD in Written(0, b"", b"", tmp_path).leaks()


def test_nothing_is_found(tmp_path: Path) -> None:
    """What the program says of itself has nothing in it that looks like a secret."""
    done = Place(tmp_path).run("--help")
    assert (done.status, done.leaks()) == (0, {})


@pytest.mark.parametrize("digest", [b"\xc3\xacE\x9e", b"\x15\xc3\xa9\xeb"])
def test_an_escaped_digest(digest: bytes) -> None:
    """Bytes of a digest that are those of one letter of a secret, escaped, are not taken for a piece of it."""
    assert found([repr(digest).encode()]) == {}
