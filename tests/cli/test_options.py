"""cli/options.py: options, their environment variables, and the settings that they make."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import click
import pytest

from source_pypi.cli import cli
from source_pypi.cli.options import make_settings
from source_pypi.cli.sync import sync
from source_pypi.config import Config, make_config
from source_pypi.errors import SettingError
from source_pypi.fields import fields_of
from tests.cli import Run
from tests.fake_index import FakeIndex, World

#: Settings that no option gives: names and files do, credentials come from the environment, and Airbyte's own ones.
WITHOUT_OPTION = {
    "projects",
    "project_name",
    "version",
    "requirements",
    "index_username",
    "index_password",
    "clickhouse_password",
    "track_removed",
    "max_deleted_share",
}


def options_of(command: click.Command) -> dict[str, click.Option]:
    """The options of a command, by parameter."""
    return {str(one.name): one for one in command.params if isinstance(one, click.Option)}


def test_every_setting_has_an_option() -> None:
    """Each setting has an option of its name, but for those that must not have one."""
    assert set(Config.__struct_fields__) - WITHOUT_OPTION == set(options_of(sync)) & set(Config.__struct_fields__)
    for name, one in options_of(sync).items():
        if name in Config.__struct_fields__:
            assert f"--{name.replace('_', '-')}" in one.opts


def test_help_has_the_defaults_of_the_settings() -> None:
    """The help of an option has the default of its setting, unless that is a URL, and the values that it may have."""
    options = options_of(sync)
    for field in fields_of(Config):
        if field.name not in options:
            continue
        values = field.default if isinstance(field.default, tuple) else (field.default,)
        stated = re.search(r"\[default: (.+)\]$", options[field.name].help or "")
        if stated is not None and values != (None,) and "://" not in str(field.default):
            assert stated[1] == ", ".join(map(str, values)), field.name
        kind = options[field.name].type
        choices = get_args(field.type) if get_origin(field.type) is Literal else None
        assert (tuple(kind.choices) if isinstance(kind, click.Choice) else None) == choices, field.name


def test_every_option_of_sync_has_a_variable() -> None:
    """The variable of an option has its name."""
    for one in options_of(sync).values():
        long = next(text for text in one.opts if text.startswith("--"))
        assert one.envvar == f"SOURCE_PYPI_{long[2:].replace('-', '_').upper()}"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--requests-per-second", "0"], {"requests_per_second": 0}),
        (["--max-concurrency", "3", "--releases", "all"], {"max_concurrency": 3, "releases": "all"}),
        (["--exclude", "a*", "--exclude", "b"], {"exclude": ["a*", "b"]}),
        (["--follow-dependencies", "0"], {"follow_dependencies": 0}),
        (["--ca-bundle", "x.pem", "--any-index"], {"ca_bundle": "x.pem", "any_index": True}),
    ],
)
def test_options_are_settings(arguments: list[str], expected: dict[str, Any]) -> None:
    """The value of an option is that of the setting."""
    context = sync.make_context("sync", ["flask", *arguments])
    options = {name: value for name, value in context.params.items() if name in Config.__struct_fields__}
    config, warnings = make_settings(None, ["flask"], options)
    assert (config, warnings) == (make_config({"projects": ["flask"], **expected}), [])


def test_option_before_variable_before_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An option comes before its variable, that before the file; lists and flags have variables, too."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"requests_per_second": 1, "max_concurrency": 1, "releases": "all", "projects": ["a"]}))
    for name, value in {
        "REQUESTS_PER_SECOND": "2",
        "MAX_CONCURRENCY": "2",
        "EXCLUDE": "b* c",
        "ANY_INDEX": "1",
    }.items():
        monkeypatch.setenv(f"SOURCE_PYPI_{name}", value)
    context = sync.make_context("sync", ["--requests-per-second", "3"])
    options = {name: value for name, value in context.params.items() if name in Config.__struct_fields__}
    config, _ = make_settings(path, [], options)
    given = (config.requests_per_second, config.max_concurrency, config.releases, config.exclude, config.any_index)
    assert given == (3, 2, "all", ("b*", "c"), True)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"USERNAME": "ann", "PASSWORD": "pw"}, ("ann", "pw")),
        ({"TOKEN": "tk"}, ("__token__", "tk")),
        ({"USERNAME": "ann", "TOKEN": "tk"}, ("ann", "tk")),
        ({"PASSWORD": "pw"}, ("of file", "pw")),
        ({"PASSWORD": ""}, ("of file", "of file")),
    ],
)
def test_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: tuple[str, str]
) -> None:
    """Credentials of the environment come before those of the file."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"index_username": "of file", "index_password": "of file"}))
    for name, value in variables.items():
        monkeypatch.setenv(f"SOURCE_PYPI_{name}", value)
    config, warnings = make_settings(path, [], {})
    assert (config.index_username, config.index_password, warnings) == (*expected, [])


def test_empty_variable_is_not_the_public_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An index that is empty on the command line or in the environment is an error, unless another source names one."""
    with pytest.raises(SettingError, match=r"^setting 'index_url': is empty; name an index, or leave it out to read"):
        make_settings(None, ["flask"], {"index_url": ""})
    monkeypatch.setenv("SOURCE_PYPI_INDEX_URL", "")
    with pytest.raises(SettingError, match=r"the public index \(the variable SOURCE_PYPI_INDEX_URL\)$"):
        make_settings(None, ["flask"], {"index_url": None})
    path = tmp_path / "config.json"
    path.write_text('{"index_url": null}')
    with pytest.raises(SettingError, match=r"the public index \(the variable SOURCE_PYPI_INDEX_URL\)$"):
        make_settings(path, ["flask"], {"index_url": None})
    path.write_text('{"index_url": "http://index.test"}')
    monkeypatch.setenv("PIP_INDEX_URL", "http://index.test")
    for config, _ in (
        make_settings(None, ["flask"], {"index_from": "environment"}),
        make_settings(path, ["flask"], {"index_url": None}),
        make_settings(None, ["flask"], {"index_url": "http://index.test"}),
    ):
        assert config.index_url == "http://index.test"


def test_two_secrets_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password and a token at once are an error that shows neither."""
    monkeypatch.setenv("SOURCE_PYPI_PASSWORD", "hunter2")
    monkeypatch.setenv("SOURCE_PYPI_TOKEN", "hunter3")
    with pytest.raises(SettingError) as caught:
        make_settings(None, [], {})
    assert str(caught.value) == "SOURCE_PYPI_TOKEN and SOURCE_PYPI_PASSWORD are both set; unset one of them"


def test_credentials_of_another_index_are_not_sent(world: World, serve: Callable[..., FakeIndex], run: Run) -> None:
    """Credentials beside SOURCE_PYPI_INDEX_URL are sent to that index only; a warning says if another one is read."""
    world.add("flask")
    own, other = serve(), serve()
    variables = {"SOURCE_PYPI_INDEX_URL": own.url, "SOURCE_PYPI_USERNAME": "ann", "SOURCE_PYPI_PASSWORD": "hunter2"}
    done = run("sync", "flask", **variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert [request.headers["authorization"] for request in own.requests] == ["Basic YW5uOmh1bnRlcjI="]
    done = run("sync", "flask", "--index-url", other.url, "--into", "b.duckdb", **variables)
    warning = f"warning: the credentials in SOURCE_PYPI_* belong to {own.url}, and are not sent to {other.url}\n"
    assert (done.returncode, done.stderr) == (0, warning)
    assert ["authorization" in request.headers for request in other.requests] == [False]


def test_help_shows_no_value(run: Run) -> None:
    """The help names variables, and never the value of one."""
    done = run("sync", "--help", SOURCE_PYPI_CONTACT="hunter2", SOURCE_PYPI_PASSWORD="hunter3")
    assert "SOURCE_PYPI_INDEX_URL" in done.stdout
    assert "hunter" not in done.stdout + done.stderr


def test_other_commands_have_variables(tmp_path: Path, run: Run) -> None:
    """The variable of another command's own option has the command's name in it."""
    (tmp_path / "config.json").write_text("{}")
    done = run("discover", SOURCE_PYPI_DISCOVER_CONFIG="config.json")
    assert done.returncode == 0
    assert '"type":"CATALOG"' in done.stdout
    for name in cli.list_commands(click.Context(cli)):
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        assert [one.name for one in options_of(command).values() if not one.hidden and one.envvar is None] == []
