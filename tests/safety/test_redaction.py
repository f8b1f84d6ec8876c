"""safety/redaction.py: removal of credentials."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from source_pypi.safety.redaction import without_credentials


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://alice:secret@example.com/simple/", "https://example.com/simple/"),
        ("https://alice@example.com/simple/", "https://example.com/simple/"),
        ("https://:token@example.com", "https://example.com"),
        ("https://alice:se@cret@example.com:8080/", "https://example.com:8080/"),
        (
            "http://a:b@one.example.com and http://c:d@two.example.com.",
            "http://one.example.com and http://two.example.com.",
        ),
        ("'http://a:b@index.test/pypi/flask/json' answered 500", "'http://index.test/pypi/flask/json' answered 500"),
        ("http://a:b@[::1]:80/x", "http://[::1]:80/x"),
        ("HTTPS://A:B@EXAMPLE.COM", "HTTPS://EXAMPLE.COM"),
        ("cannot write postgresql:/a:b@host/x: no", "cannot write postgresql:/host/x: no"),
        ("https://alice:se/cr?et#x@example.com/y", "https://example.com/y"),
        ("http://a.example.com/x?n=1&X-Amz-Signature=abc&z=2", "http://a.example.com/x?n=1&X-Amz-Signature=***&z=2"),
        ("to 'http://user:secret'", "to 'http://user:***'"),
        ("http://127.0.0.1:secret/x: no", "http://127.0.0.1:***/x: no"),
        ("http://127.0.0.1:8080secret, again", "http://127.0.0.1:*** again"),
        ("http://a.example.com/?access_token=abc, again", "http://a.example.com/?access_token=*** again"),
    ],
)
def test_credentials_are_removed(text: str, expected: str) -> None:
    """The user information and the secret parameters of every URL are removed, and nothing else."""
    assert without_credentials(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "http://index.test/simple/",
        "http://index.test/@scope/x",
        "http://index.test?mail=a@example.com",
        "http://index.test#a@example.com",
        "write to data-team@example.com",
        "see http://index.test or write to a@example.com",
        "flask @ http://index.test/flask.whl",
        "http://index.test:8080/feed@local/simple/",
        "C:/Users/ann@home/pypi.duckdb",
        "http://index.test:8080: status 500",
        "http://index.test: status 500",
        "'http://index.test:99999999/' (http://[::1]:80), file:///C:/x",
        "http://index.test:/simple",
    ],
)
def test_other_text_stays(text: str) -> None:
    """An @ outside of user information stays."""
    assert without_credentials(text) == text


#: The first draw may take long on a busy machine.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
SECRETS = st.text(st.characters(exclude_characters="/?#", exclude_categories=["Z", "C"]), min_size=4)


@CALM
@given(SECRETS.filter(lambda secret: secret not in "before https://alice:index.test/simple/ behind"))
def test_any_password_is_removed(secret: str) -> None:
    """Any password is removed completely."""
    text = f"before https://alice:{secret}@index.test/simple/ behind"
    assert without_credentials(text) == "before https://index.test/simple/ behind"


HOSTILE = ["a?b#c" * 20_000, "?" * 100_000, "?key" * 20_000, "aa://" * 20_000, "aa://a:b" * 12_000]


@pytest.mark.parametrize("text", [*HOSTILE, "aa://a:" + "1" * 100_000])
def test_hostile_texts_take_little_time(text: str) -> None:
    """A hostile text takes little time."""
    began = time.process_time()
    for hostile in (text, f"@{text}", f"{text}@"):
        assert len(without_credentials(hostile)) <= 2 * len(text)
    assert time.process_time() - began < 2
