"""Commands that fail, each way there is: no message, trace or traceback has a secret."""

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


def answered(status: int, content_type: str, body: str) -> Fault:
    """An answer in the place of the right one."""
    return Fault("answered", Answer(status, content_type, body.encode()))


FAULTS = {
    "refused": answered(401, "text/plain", "go away"),
    "html": faults.html(),
    "teapot": answered(418, "text/plain", "x"),
    "redirected to an address with credentials": faults.redirect(SIGNED),
    "redirected to no address": faults.redirect(SIGNED.replace("127.0.0.1:9", "[")),
    "redirected to no host": faults.redirect(SIGNED.replace("127.0.0.1:9", "x..y:99")),
    "redirected for ever": faults.redirect(f"/pypi/requests/json?token={OPTION}"),
}


def failing(place: Place, index: FakeIndex, given: Given, fault: Fault) -> Written:
    """A read of which every answer is this one."""
    index.fault("/pypi/*", fault, times=None)
    settings = given.settings(index.url) | {"projects": ["requests"], "request_timeout_seconds": 1}
    config = place.write("config.json", settings)
    catalog = place.write("catalog.json", CATALOG)
    return place.run("read", "--config", config, "--catalog", catalog)


@pytest.mark.parametrize("name", FAULTS)
def test_answers(place: Place, guarded: Guarded, name: str) -> None:
    """Whatever the index answers, though it redirects to an address with credentials: they are not told."""
    done = failing(place, guarded(), IN_SETTINGS, FAULTS[name])
    assert (done.status, done.user_errors, done.leaks()) == (1, b"", {})
    assert b'"type":"ERROR"' in done.output


@pytest.mark.parametrize("kind", [(403, "text/plain"), (200, "application/json"), (200, "text/html")])
def test_what_was_sent(place: Place, guarded: Guarded, given: Given, kind: tuple[int, str]) -> None:
    """An answer that repeats what was sent is not quoted."""
    sent = f"<p>you sent {given.username} and {given.password}: {given.settings('http://index.test')}"
    done = failing(place, guarded(given), given, answered(*kind, sent))
    assert (done.status, done.user_errors, done.leaks()) == (1, b"", {})
    assert b'"type":"ERROR"' in done.output


def test_nobody_there(place: Place) -> None:
    """An index that cannot be reached is named, without the credentials."""
    settings = WAYS["address"].settings("http://127.0.0.1:9") | {"request_timeout_seconds": 1}
    done = place.run("sync", "--config", place.write("config.json", settings))
    assert (done.status, done.leaks()) == (1, {})
    assert b"http://127.0.0.1:9" in done.user_errors


def test_a_proxy_that_is_not_there(place: Place) -> None:
    """Where the way leads through a proxy, its credentials are not told."""
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
def test_settings(place: Place, name: str) -> None:
    """A setting that is wrong is told without its value, where that may be a secret."""
    settings = IN_SETTINGS.settings("http://127.0.0.1:9") | {"project_name": None} | SETTINGS[name]
    config = place.write("config.json", settings)
    catalog = place.write("catalog.json", CATALOG)
    done = place.run("read", "--catalog", catalog, "--config", config)
    assert (done.status, done.user_errors, done.leaks()) == (1, b"", {})
    assert b'"failure_type":"config_error"' in done.output


@pytest.mark.parametrize("cut", [5, 60, 110])
def test_a_broken_configuration(place: Place, cut: int) -> None:
    """A configuration that is no JSON is not quoted."""
    config = place.write("config.json", json.dumps(IN_SETTINGS.settings("http://127.0.0.1:9"))[:-cut])
    for command in ("discover", "sync"):
        done = place.run(command, "--config", config)
        assert (done.status, done.leaks()) == (1, {})


def test_what_the_platform_hands_over(place: Place, guarded: Guarded) -> None:
    """A broken catalog or state is told without a secret."""
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
def test_slips(place: Place, arguments: list[str]) -> None:
    """What was mistyped is told without the secret in it."""
    done = place.run(*arguments)
    assert done.leaks() == {}
    assert b"FAILED" in done.output or done.status in (1, 2)


REQUIREMENTS = (
    f"--index-url https://ann:{TOKEN}@index.test/simple\n-e git+https://ann:{TOKEN}@code.test/x\n"
    f"https://ann:{TOKEN}@files.test/x.whl?sig={OPTION}\nflask @ https://ann:{TOKEN}@files.test/y.whl\n"
    f"https://${{SECRET}}@files.test/x.whl\n-r https://ann:{TOKEN}@files.test/r.txt\n"
)


@pytest.mark.parametrize("line", ["", "fl ask", f"x @ https://ann:{TOKEN}@files.test ; nope", "-r", "${SECRET} x"])
def test_requirement_files(place: Place, line: str) -> None:
    """What of a requirement file is passed over, or cannot be understood, is told without credentials and variables."""
    given = place.write("requirements.txt", f"{REQUIREMENTS}{line}\n")
    done = place.run("sync", "-r", given, SECRET=PASSWORD)
    assert (done.status, done.leaks()) == (1, {})


def test_proxies_that_are_none(place: Place) -> None:
    """A proxy's address that cannot be read is told without its credentials."""
    config = place.write("config.json", WAYS["token"].settings("http://index.test") | {"request_timeout_seconds": 1})
    for proxy in (f"http://ann:{OPTION}@[x", f"ann:{OPTION}@127.0.0.1:9", f"socks5://ann:{OPTION}@127.0.0.1:9"):
        done = place.run("check", "--config", config, HTTP_PROXY=proxy, http_proxy=proxy, NO_PROXY="")
        assert done.leaks() == {}
