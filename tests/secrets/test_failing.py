"""Commands that fail, in each possible way, show no secret in messages, traces and tracebacks."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from tests.fake_index import FakeIndex, faults
from tests.fake_index.faults import Fault
from tests.fake_index.site import Answer
from tests.secrets.command import Place, Written
from tests.secrets.conftest import IN_SETTINGS, WAYS, Given
from tests.secrets.hidden import DATABASE, FILE, OPTION, PASSWORD, TOKEN

Guarded = Callable[..., FakeIndex]
CATALOG = {"streams": [{"stream": {"name": name}} for name in ("files", "core_metadata")]}
AT_DATABASE = quote(DATABASE, safe="")
#: Addresses of files and of redirects, with credentials and with a signature.
SIGNED = f"http://ann:{FILE}@127.0.0.1:9/x?X-Amz-Signature={OPTION}"


def answer(status: int, content_type: str, body: str) -> Fault:
    """A fault that answers with this status and body."""
    return Fault("answered", Answer(status, content_type, body.encode()))


FAULTS = {
    "refused": answer(401, "text/plain", "go away"),
    "html": faults.html(),
    "teapot": answer(418, "text/plain", "x"),
    "redirected to an address with credentials": faults.redirect(SIGNED),
    "redirected to no address": faults.redirect(SIGNED.replace("127.0.0.1:9", "[")),
    "redirected to no host": faults.redirect(SIGNED.replace("127.0.0.1:9", "x..y:99")),
    "redirected for ever": faults.redirect(f"/pypi/requests/json?token={OPTION}"),
}


def failing(place: Place, index: FakeIndex, given: Given, fault: Fault) -> Written:
    """A read in which each response is this fault."""
    index.fault("*", fault, times=None)
    settings = given.settings(index.url) | {"projects": ["requests"], "request_timeout_seconds": 1}
    config = place.write("config.json", settings)
    catalog = place.write("catalog.json", CATALOG)
    return place.run("read", "--config", config, "--catalog", catalog)


@pytest.mark.parametrize("name", FAULTS)
def test_error_responses_show_no_secret(place: Place, guarded: Guarded, name: str) -> None:
    """No response shows a secret, also a redirect to a URL with credentials."""
    done = failing(place, guarded(), IN_SETTINGS, FAULTS[name])
    assert (done.status, done.user_errors, done.leaks()) == (1, b"", {})
    assert b'"type":"ERROR"' in done.output


@pytest.mark.parametrize("kind", [(403, "text/plain"), (200, "application/json"), (200, "text/html")])
def test_echoed_credentials_are_not_quoted(place: Place, guarded: Guarded, given: Given, kind: tuple[int, str]) -> None:
    """A response that repeats the credentials is not quoted."""
    sent = f"<p>you sent {given.username} and {given.password}: {given.settings('http://index.test')}"
    done = failing(place, guarded(given), given, answer(*kind, sent))
    assert (done.status, done.user_errors, done.leaks()) == (1, b"", {})
    assert b'"type":"ERROR"' in done.output


def test_unreachable_index_shows_no_secret(place: Place) -> None:
    """An unreachable index is named without credentials."""
    settings = WAYS["address"].settings("http://127.0.0.1:9") | {"request_timeout_seconds": 1}
    done = place.run("sync", "--config", place.write("config.json", settings))
    assert (done.status, done.leaks()) == (1, {})
    assert b"http://127.0.0.1:9" in done.user_errors


def test_unreachable_proxy_shows_no_secret(place: Place) -> None:
    """An unreachable proxy is named without credentials."""
    settings = IN_SETTINGS.settings("http://index.test") | {"request_timeout_seconds": 1}
    config = place.write("config.json", settings)
    done = place.run("check", "--config", config, NO_PROXY="")
    assert (done.status, done.leaks()) == (0, {})
    assert b'"FAILED"' in done.output


SETTINGS: dict[str, dict[str, Any]] = {
    "a number": {"index_password": 12345678},
    "no name": {"index_username": None},
    "no address": {"index_url": f"ann:{quote(PASSWORD, safe='')}@index.test"},
    "a slash in a password": {"index_url": f"https://ann:{PASSWORD}@index.test"},
    "a port that is none": {"index_url": f"https://index.test:{PASSWORD}/"},
    "a question mark in a password": {"index_url": f"https://ann:1?{PASSWORD[11:]}@index.test"},
    "no host": {"index_url": f"https://ann:{TOKEN}@[index.test"},
    "an address as a project": {"projects": [f"https://ann:{TOKEN}@index.test/flask.whl"]},
    "an address as a requirement": {"requirements": f"flask @ https://ann:{TOKEN}@index.test/x?token={OPTION} ; nope"},
    "an address as a wrong requirement": {"requirements": f"fl ask https://ann:{TOKEN}@index.test/\n"},
    "an address as a pattern": {"releases": f"https://ann:{TOKEN}@index.test"},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_invalid_setting_is_not_quoted(place: Place, name: str) -> None:
    """The error of an invalid setting does not quote a value that may be secret."""
    settings = IN_SETTINGS.settings("http://127.0.0.1:9") | {"project_name": None} | SETTINGS[name]
    config = place.write("config.json", settings)
    catalog = place.write("catalog.json", CATALOG)
    done = place.run("read", "--catalog", catalog, "--config", config)
    assert (done.status, done.user_errors, done.leaks()) == (1, b"", {})
    assert b'"failure_type":"config_error"' in done.output


@pytest.mark.parametrize("cut", [5, 60, 110])
def test_invalid_configuration_is_not_quoted(place: Place, cut: int) -> None:
    """A configuration that is not JSON is not quoted."""
    config = place.write("config.json", json.dumps(IN_SETTINGS.settings("http://127.0.0.1:9"))[:-cut])
    for command in ("discover", "sync"):
        done = place.run(command, "--config", config)
        assert (done.status, done.leaks()) == (1, {})


def test_invalid_catalog_and_state_show_no_secret(place: Place, guarded: Guarded) -> None:
    """The error of an invalid catalog or state shows no secret."""
    config = place.write("config.json", IN_SETTINGS.settings(guarded().url))
    broken = place.write("catalog.json", json.dumps({"streams": [TOKEN]})[:-1])
    assert place.run("read", "--config", config, "--catalog", broken).leaks() == {}
    told = {"version": 1, "index": f"http://ann:{TOKEN}@other.test", "projects": {"requests": "!!"}}
    for state in (told, told | {"index": guarded().url}):
        descriptor = {"stream_descriptor": {"name": "files"}, "stream_state": state}
        handed = place.write("state.json", [{"type": "STREAM", "stream": descriptor}])
        catalog = place.write("catalog.json", CATALOG)
        done = place.run("read", "--config", config, "--catalog", catalog, "--state", handed)
        assert done.leaks() == {}


TYPED = [
    ["sync", "requests", "--into", f"postgresql:/ann:{AT_DATABASE}@host/db"],
    ["sync", "requests", "--into", f"postgresql//ann:{AT_DATABASE}@host/db"],
    ["sync", "requests", "--into", f"postgresql:ann:{DATABASE}@host/db"],
    ["sync", "requests", "--into", f"ann:{DATABASE}@host/db"],
    ["sync", "requests", "--into", f"postgresql://ann:{DATABASE}/x@[host/db"],
    ["sync", "requests", "--into", f"postgresql://host:port/db?password={OPTION}"],
    ["sync", "requests", "--into", f"nosuch://ann:{AT_DATABASE}@host/db?x={OPTION}"],
    ["sync", f"https://ann:{TOKEN}@index.test/flask.whl"],
    ["sync", "requests", "--config", f"https://ann:{TOKEN}@index.test/config.json"],
    ["sync", "-r", f"https://ann:{TOKEN}@index.test/requirements.txt"],
    ["sync", "requests", f"--index-uri=https://ann:{TOKEN}@index.test"],
    ["sync", "requests", "--index-url", f"https:/ann:{TOKEN}@index.test"],
    ["manifest", f"https://ann:{TOKEN}@index.test"],
    ["manifest", "--index-url", f"ann:{TOKEN}@index.test"],
    ["check", "--config", f"https://ann:{TOKEN}@index.test/config.json"],
    ["spec", f"https://ann:{TOKEN}@index.test"],
    [f"https://ann:{TOKEN}@index.test"],
]


@pytest.mark.parametrize("arguments", TYPED, ids=lambda arguments: " ".join(arguments)[:40])
def test_mistyped_arguments_show_no_secret(place: Place, arguments: list[str]) -> None:
    """The error of a mistyped argument shows no secret."""
    done = place.run(*arguments)
    assert done.leaks() == {}
    assert b"FAILED" in done.output or done.status in (1, 2)


REQUIREMENTS = (
    f"--index-url https://ann:{TOKEN}@index.test/simple\n-e git+https://ann:{TOKEN}@code.test/x\n"
    f"https://ann:{TOKEN}@files.test/x.whl?sig={OPTION}\nflask @ https://ann:{TOKEN}@files.test/y.whl\n"
    f"https://${{SECRET}}@files.test/x.whl\n-r https://ann:{TOKEN}@files.test/r.txt\n"
)


@pytest.mark.parametrize("line", ["", "fl ask", f"x @ https://ann:{TOKEN}@files.test ; nope", "-r", "${SECRET} x"])
def test_requirement_files_show_no_secret(place: Place, line: str) -> None:
    """Warnings and errors about requirement files show no credentials and variables."""
    given = place.write("requirements.txt", f"{REQUIREMENTS}{line}\n")
    done = place.run("sync", "-r", given, SECRET=PASSWORD)
    assert (done.status, done.leaks()) == (1, {})


def test_invalid_proxy_shows_no_secret(place: Place) -> None:
    """The error of an invalid proxy URL shows no credentials."""
    config = place.write("config.json", WAYS["token"].settings("http://index.test") | {"request_timeout_seconds": 1})
    for proxy in (f"http://ann:{OPTION}@[x", f"ann:{OPTION}@127.0.0.1:9", f"socks5://ann:{OPTION}@127.0.0.1:9"):
        done = place.run("check", "--config", config, HTTP_PROXY=proxy, http_proxy=proxy, NO_PROXY="")
        assert done.leaks() == {}
