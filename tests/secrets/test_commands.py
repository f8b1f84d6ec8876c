"""Commands that succeed with secrets in their environment write none of them."""

import json
from collections.abc import Callable

import pytest

from source_pypi.streams import choose_streams
from tests.fake_index import FakeIndex
from tests.secrets.command import Place
from tests.secrets.conftest import WAYS, Given
from tests.secrets.hidden import NETRC

Guarded = Callable[..., FakeIndex]
CATALOG = {
    "streams": [
        {"stream": {"name": stream.name}, "sync_mode": "incremental", "destination_sync_mode": "append"}
        for stream in choose_streams(["all"])
    ]
}


@pytest.mark.parametrize("command", ["spec", "check", "discover"])
def test_airbyte_commands_write_no_secret(place: Place, guarded: Guarded, given: Given, command: str) -> None:
    """Airbyte commands write no secret, also with --debug."""
    arguments = (
        [] if command == "spec" else ["--config", place.write("config.json", given.settings(guarded(given).url))]
    )
    done = place.run(command, "--debug", *arguments)
    assert (done.status, done.user_errors, done.leaks()) == (0, b"", {})
    assert b'"FAILED"' not in done.output


def test_read_writes_no_secret(place: Place, guarded: Guarded, given: Given) -> None:
    """A read of every stream, and a second one from its states, writes no secret."""
    config = place.write("config.json", given.settings(guarded(given).url))
    catalog = place.write("catalog.json", CATALOG)
    first = place.run("read", "--debug", "--config", config, "--catalog", catalog)
    assert (first.status, first.user_errors, first.leaks()) == (0, b"", {})
    assert b'"level":"DEBUG"' in first.output
    states = [json.loads(line)["state"] for line in first.output.splitlines() if b'"type":"STATE"' in line]
    state = place.write("state.json", states)
    second = place.run("read", "--debug", "--config", config, "--catalog", catalog, "--state", state)
    assert (second.status, second.leaks()) == (0, {})


def test_sync_writes_no_secret(place: Place, guarded: Guarded, given: Given) -> None:
    """Sync writes no secret to the database file, its tables or its state, and leaves no other file."""
    config = place.write("config.json", given.settings(guarded(given).url))
    for _ in range(2):
        done = place.run("sync", "--config", config, "--streams", "all", "--history")
        assert (done.status, done.leaks()) == (0, {})
        warnings = done.user_errors.splitlines()
        assert all(line.startswith(b"warning: core metadata (METADATA): ") for line in warnings), warnings
    assert {path.name for path in place.folder.iterdir()} == {"config.json", ".netrc", "pypi.duckdb"}


def test_debug_writes_no_secret(place: Place, guarded: Guarded, given: Given) -> None:
    """Sync with --debug writes the headers of requests, and no secret."""
    config = place.write("config.json", given.settings(guarded(given).url))
    done = place.run("sync", "--config", config, "--debug")
    assert (done.status, done.leaks()) == (0, {})
    assert b"Authorization: ***" in done.user_errors


def test_variables_with_credentials(place: Place, guarded: Guarded) -> None:
    """Credentials in the environment are used, and not written; a refresh uses them, too."""
    given = WAYS["settings"]
    variables = {"SOURCE_PYPI_USERNAME": given.username, "SOURCE_PYPI_PASSWORD": given.password}
    index = guarded(given)
    for arguments in (["requests", "--index-url", index.url], [], ["--help"]):
        done = place.run("sync", *arguments, **variables)
        assert (done.status, done.leaks()) == (0, {})


def test_credentials_on_the_command_line(place: Place, guarded: Guarded) -> None:
    """Credentials in a URL on the command line are used, and not written."""
    given = WAYS["address"]
    done = place.run("sync", "requests", "--index-url", given.url(guarded(given).url))
    assert (done.status, done.user_errors, done.leaks()) == (0, b"", {})


def test_manifest_has_no_credentials(place: Place, guarded: Guarded, given: Given) -> None:
    """The manifest for an index with credentials has its URL without them."""
    index = guarded(given)
    done = place.run("manifest", "--index-url", given.url(index.url))
    assert (done.status, done.leaks()) == (0, {})
    assert index.url.encode() in done.output


def test_netrc_credentials_are_not_written(place: Place, guarded: Guarded) -> None:
    """Credentials from a netrc file are used, and not written."""
    index = guarded(Given("someone", NETRC, in_address=False))
    settings = {"projects": ["requests"], "index_url": index.url, "credentials_from": "netrc"}
    config = place.write("config.json", settings)
    for arguments in (["check"], ["sync", "--streams", "all"]):
        done = place.run(*arguments, "--config", config)
        assert (done.status, done.leaks()) == (0, {})
        assert all(line.startswith(b"warning: core metadata (METADATA): ") for line in done.user_errors.splitlines())
    assert all("authorization" in request.headers for request in index.requests)


@pytest.mark.parametrize("broken", ["machine 127.0.0.1 {0}", "{0} x", "machine {0} login a password {0} {0}"])
def test_broken_netrc_is_not_quoted(place: Place, guarded: Guarded, broken: str) -> None:
    """A netrc file with an error is not quoted."""
    settings = {"projects": ["requests"], "index_url": guarded().url, "credentials_from": "netrc"}
    catalog, config = place.write("catalog.json", CATALOG), place.write("config.json", settings)
    path = place.folder / "netrc"
    path.write_text(broken.format(NETRC))
    path.chmod(0o600)
    done = place.run("read", "--config", config, "--catalog", catalog, NETRC=str(path))
    path.unlink()
    assert (done.status, done.leaks()) == (1, {})
