"""In Python: representations, logs, errors and pickles have no secret, except a pickled ``Config``."""

import logging
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

import source_pypi
from source_pypi.config import Config, make_config
from source_pypi.errors import SourceError
from source_pypi.services.index.api import open_index
from tests.fake_index import FakeIndex, faults
from tests.secrets.conftest import IN_SETTINGS, Given
from tests.secrets.hidden import PASSWORD, TOKEN, found

Guarded = Callable[..., FakeIndex]


def texts_of(error: BaseException) -> list[bytes]:
    """All texts of an error and its causes, and the error itself pickled."""
    shown = [str(error), repr(error), repr(error.args), repr(vars(error))]
    shown += traceback.format_exception(error)
    return [*(text.encode("utf-8", "backslashreplace") for text in shown), pickle.dumps(error)]


def test_debug_logs_have_no_secret(guarded: Guarded, given: Given, caplog: pytest.LogCaptureFixture) -> None:
    """The DEBUG logs of all libraries during a read have no secret."""
    caplog.set_level(logging.DEBUG)
    settings = given.settings(guarded(given).url)
    rows = list(source_pypi.read("files", settings.pop("projects"), **settings))
    assert len(rows) > 3
    assert "urllib3" in caplog.text
    assert found([caplog.text.encode(), repr(rows).encode()]) == {}


@pytest.mark.parametrize("fault", [faults.html(), faults.forbidden(), faults.redirect("http://ann:x@[")])
def test_errors_have_no_secret(guarded: Guarded, given: Given, fault: faults.Fault) -> None:
    """An error has no secret in its message, representation, traceback or pickle."""
    index = guarded(given)
    index.fault("/pypi/*", fault, times=None)
    settings = given.settings(index.url) | {"projects": ["requests"]}
    with pytest.raises(SourceError) as caught:
        list(source_pypi.read("files", settings.pop("projects"), **settings))
    assert found(texts_of(caught.value)) == {}


def test_refused_setting_is_not_in_the_error(given: Given) -> None:
    """The error of a refused setting does not contain its value."""
    for wrong in ({"index_password": [PASSWORD]}, {"index_url": f"ftp://ann:{TOKEN}@index.test"}, {"contact": "é"}):
        with pytest.raises(SourceError) as caught:
            make_config(given.settings("http://index.test") | wrong)
        assert found(texts_of(caught.value)) == {}


def test_representations_have_no_secret(given: Given) -> None:
    """The representations of a configuration, its index and its credentials have no secret."""
    config = make_config(given.settings("http://index.test") | {"requirements": f"-i http://ann:{TOKEN}@x.test/"})
    index = open_index(config)
    secret = given.username if given.password == "" else given.password
    parts = [repr(config), str(config), repr(config.__rich_repr__()), repr(index), repr(vars(index.client))]
    assert found([part.encode() for part in parts], [secret, TOKEN]) == {}
    assert repr(make_config(IN_SETTINGS.settings("http://index.test"))) == (
        "Config(projects=('requests', 'sampleproject==4.0.0'), index_url='http://index.test', "
        f"index_username={IN_SETTINGS.username!r}, index_password='***', requests_per_second=0.0)"
    )


def test_pickled_configuration_is_complete() -> None:
    """A pickled configuration is complete, with its secrets, for use in another process."""
    config = make_config(IN_SETTINGS.settings("http://index.test"))
    travelled = pickle.loads(pickle.dumps(config))
    assert (travelled, type(travelled)) == (config, Config)


CRASH = """
import sys
import source_pypi.http.client as client
def crash(self, *arguments, **options):
    raise {error}
client.Client.get = crash
from source_pypi.cli import main
main()
"""
CRASHES = {
    "with an address": 'RuntimeError("no luck with http://ann:" + {token!r} + "@index.test/?token=" + {token!r})',
    "with a text that cannot be encoded": '("" + {token!r} + chr(0xdc80)).encode()',
    "with an error behind it": 'RuntimeError("no luck") from ValueError("https://" + {token!r} + "@index.test")',
}


@pytest.mark.parametrize("name", CRASHES)
@pytest.mark.parametrize("command", ["sync", "read", "check"])
def test_crash_shows_no_secret(tmp_path: Any, name: str, command: str) -> None:
    """An unexpected error with secrets in it is shown without them."""
    from tests.secrets.command import Place, Written
    from tests.secrets.test_failing import CATALOG

    place = Place(tmp_path)
    settings = IN_SETTINGS.settings(f"http://ann:{quote(TOKEN)}@index.test")
    arguments = [command, "--config", place.write("config.json", settings)]
    if command == "read":
        arguments += ["--catalog", place.write("catalog.json", CATALOG)]
    code = CRASH.format(error=CRASHES[name].format(token=TOKEN))
    done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 1
    assert Written(done.returncode, done.stdout, done.stderr.replace(code.encode(), b""), tmp_path).leaks() == {}
    told = b'"failure_type":"system_error"' if command != "sync" else b"please report it"
    assert told in done.stdout + done.stderr
