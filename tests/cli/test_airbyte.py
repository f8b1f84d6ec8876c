"""cli/airbyte.py: the commands of the Airbyte protocol, as processes."""

import json
from pathlib import Path

import pytest

from tests.cli import Run
from tests.fake_index import FakeIndex, World


def test_messages_on_standard_output(world: World, settings: Path, run: Run, tmp_path: Path) -> None:
    """spec, check and discover write one message to standard output, and nothing to standard error."""
    world.add("flask")
    (tmp_path / "catalog.json").write_text('{"streams": [{"stream": {"name": "files"}}]}')
    (tmp_path / "state.json").write_text("")
    commands: dict[str, list[object]] = {
        "SPEC": ["spec"],
        "CONNECTION_STATUS": ["check", "--config", settings],
        "CATALOG": ["discover", "--config", settings],
    }
    for kind, arguments in commands.items():
        done = run(*arguments)
        assert (done.returncode, done.stderr) == (0, "")
        assert [json.loads(line)["type"] for line in done.stdout.splitlines()] == [kind]


def test_read_writes_records(world: World, settings: Path, run: Run, tmp_path: Path) -> None:
    """Read writes records to standard output and exits with 0."""
    world.add("flask")
    (tmp_path / "catalog.json").write_text('{"streams": [{"stream": {"name": "files"}}]}')
    (tmp_path / "state.json").write_text("")
    done = run("read", "--config", settings, "--catalog", "catalog.json", "--state", "state.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert sum('"RECORD"' in line for line in done.stdout.splitlines()) == 2


def test_incomplete_read_exits_with_1(world: World, settings: Path, run: Run, tmp_path: Path) -> None:
    """Read exits with 1 if a stream is incomplete."""
    (tmp_path / "catalog.json").write_text('{"streams": [{"stream": {"name": "files"}}]}')
    assert run("read", "--config", settings, "--catalog", "catalog.json").returncode == 1


@pytest.mark.parametrize("content", ["{", "[]", '{"releases": "some"}'])
def test_invalid_configuration(run: Run, tmp_path: Path, content: str) -> None:
    """An invalid configuration fails check with a message, and is an ERROR trace of the other commands."""
    (tmp_path / "config.json").write_text(content)
    (tmp_path / "catalog.json").write_text('{"streams": []}')
    checked = run("check", "--config", "config.json")
    assert checked.returncode == 0
    assert json.loads(checked.stdout)["connectionStatus"]["status"] == "FAILED"
    for arguments in (["discover"], ["read", "--catalog", "catalog.json"]):
        done = run(*arguments, "--config", "config.json")
        assert (done.returncode, done.stderr) == (1, "")
        assert json.loads(done.stdout)["trace"]["error"]["failure_type"] == "config_error"


@pytest.mark.parametrize("command", ["check", "discover", "read"])
def test_options_of_the_cdk_are_accepted(world: World, settings: Path, run: Run, tmp_path: Path, command: str) -> None:
    """The options that only connectors of the CDK use are accepted and ignored."""
    world.add("flask")
    (tmp_path / "catalog.json").write_text('{"streams": [{"stream": {"name": "files"}}]}')
    catalog = ["--catalog", "catalog.json"] if command == "read" else []
    more = ["--manifest-path", "manifest.yaml", "--components-path", "components.py"]
    done = run(command, "--config", settings, *catalog, *more)
    assert (done.returncode, done.stderr) == (0, "")


def test_unknown_settings_are_logged(world: World, fake: FakeIndex, settings: Path, run: Run, tmp_path: Path) -> None:
    """Settings that do not exist, as configurations of 0.2.x may have, are logged as warnings and ignored."""
    world.add("flask")
    content = json.loads(settings.read_text()) | {"start_date": "2020-01-01", "__injected": {}}
    settings.write_text(json.dumps(content))
    (tmp_path / "catalog.json").write_text('{"streams": [{"stream": {"name": "files"}}]}')
    for arguments in (["check"], ["discover"], ["read", "--catalog", "catalog.json"]):
        fake.new_run()
        done = run(*arguments, "--config", settings)
        assert (done.returncode, done.stderr) == (0, "")
        messages = [json.loads(line) for line in done.stdout.splitlines()]
        assert [message["log"] for message in messages[:2]] == [
            {"level": "WARN", "message": f"setting {name!r}: there is no such setting; it is ignored"}
            for name in ("start_date", "__injected")
        ]


@pytest.mark.parametrize("name", ["index_ur", "indexUrl", "url"])
def test_misspelt_setting_is_refused(settings: Path, run: Run, tmp_path: Path, name: str) -> None:
    """A setting that is like one of ours is an error: without it, names could be asked for on the public index."""
    settings.write_text(json.dumps({"projects": ["secret-lib"], name: "http://127.0.0.1:9"}))
    (tmp_path / "catalog.json").write_text('{"streams": [{"stream": {"name": "files"}}]}')
    message = f"setting {name!r}: there is no such setting; did you mean 'index_url'?"
    (status,) = map(json.loads, run("check", "--config", settings).stdout.splitlines())
    assert status["connectionStatus"] == {"status": "FAILED", "message": message}
    for arguments in (["discover"], ["read", "--catalog", "catalog.json"]):
        done = run(*arguments, "--config", settings)
        assert done.returncode == 1
        assert json.loads(done.stdout)["trace"]["error"]["message"] == message
