"""The examples of workflows, units, DAGs and assets: they can be parsed, and the commands in them run."""

import ast
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from source_pypi.config import Config
from source_pypi.fields import fields_of
from tests.docs.pages import REQUIREMENTS
from tests.docs.session import DOCS, Shell
from tests.docs.worlds import example_index
from tests.fake_index import FakeIndex

#: A step of a workflow: one line, or a block of lines that are indented further.
_STEP = re.compile(r"^ +(?:- )?run: (?:\|\n((?:(?: {10,}.*)?\n)+)|(.+)\n)", re.MULTILINE)


def blocks(page: str, language: str) -> list[str]:
    """The blocks of a language in a guide."""
    text = (DOCS / "how-to" / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the shell."""
    return tmp_path_factory.mktemp("folder")


@pytest.fixture(scope="module")
def shell(folder: Path) -> Iterator[Shell]:
    """A shell in a folder with a requirement file, and an index for it; all examples share it, to save requests."""
    folder.joinpath("requirements.txt").write_text(REQUIREMENTS.replace("company-lib==1.4.0\n", ""))
    with FakeIndex(example_index(), strict=False) as index:
        summary = {"GITHUB_STEP_SUMMARY": "summary.md", "SOURCE_PYPI_REQUESTS_PER_SECOND": "0"}
        opened = Shell(folder, index.url, summary)
        yield opened
        opened.close()


def run_step(shell: Shell, command: str) -> tuple[str, int]:
    """Run a step as the runner does: in a shell of its own, which ends at the first error."""
    return shell.run(f"bash -e << 'STEP'\n{command}\nSTEP")


def test_workflows_for_github(shell: Shell) -> None:
    """The steps of both workflows run: the audit fails for a vulnerable pin, after the report was written."""
    audit, packages = blocks("github-actions.md", "yaml")
    steps = [one or several for several, one in _STEP.findall(audit) + _STEP.findall(packages)]
    commands = [step for step in steps if not step.startswith("python -m pip install ")]
    assert len(steps) - len(commands) == 2
    assert [run_step(shell, command)[1] for command in commands] == [0, 1, 0, 0]
    summary, _ = shell.run("cat summary.md")
    assert "werkzeug" in summary
    assert "| run |" in summary
    assert shell.run("ls audit.sarif pypi.duckdb report.html")[1] == 0


def test_schedules(shell: Shell, folder: Path, tmp_path: Path) -> None:
    """The crontab's command and those of the service run, and systemd accepts both units."""
    (crontab, _), units = blocks("schedule.md", "text"), blocks("schedule.md", "ini")
    program = str(folder.with_name(f"{folder.name}-programs") / "source-pypi")
    (line,) = (line for line in crontab.splitlines() if not line.startswith("#"))
    commands = [line.split(maxsplit=5)[5].replace("/var/lib/source-pypi", ".")]
    commands += re.findall(r"^ExecStart\w*=-?(.+)$", units[0], re.MULTILINE)
    placed = [
        one.replace("/opt/source-pypi/bin/source-pypi", program).replace("/etc/source-pypi/", "") for one in commands
    ]
    assert [shell.run(command)[1] for command in placed] == [0, 0, 1]
    for name, unit in zip(("source-pypi.service", "source-pypi.timer"), units, strict=True):
        (tmp_path / name).write_text(unit.replace("/opt/source-pypi/bin/source-pypi", program))
    if (analyze := shutil.which("systemd-analyze")) is not None:
        verify = [
            analyze,
            "verify",
            "--man=no",
            str(tmp_path / "source-pypi.service"),
            str(tmp_path / "source-pypi.timer"),
        ]
        done = subprocess.run(verify, capture_output=True, text=True, check=False)
        ours = [line for line in done.stderr.splitlines() if "source-pypi" in line]
        assert ours == []


class _Task:
    """A task of Airflow's interface, as far as the DAG uses it: the command that it returns is noted."""

    def __init__(self, commands: list[str]) -> None:
        self.commands = commands

    def bash(self, **_: object) -> Callable[[Callable[[], str]], Callable[[], "_Task"]]:
        def decorate(function: Callable[[], str]) -> Callable[[], "_Task"]:
            def call() -> "_Task":
                self.commands.append(function())
                return self

            return call

        return decorate

    def __rshift__(self, other: "_Task") -> "_Task":
        return other


def test_commands_of_the_dag(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The DAG's tasks return commands that run, in this order: the sync works, the audit finds the vulnerable pin."""
    (code,) = blocks("airflow.md", "python")
    commands: list[str] = []
    interface = ModuleType("airflow.sdk")
    interface.__dict__.update(task=_Task(commands), dag=lambda **_: lambda function: function)
    monkeypatch.setitem(sys.modules, "airflow", ModuleType("airflow"))
    monkeypatch.setitem(sys.modules, "airflow.sdk", interface)
    exec(compile(code, "packages.py", "exec"), {})
    placed = [re.sub(r"/(?:var/lib|etc)/source-pypi/", "", command) for command in commands]
    assert [shell.run(command)[1] for command in placed] == [0, 1]


def test_commands_of_the_assets(shell: Shell) -> None:
    """The commands of the assets run, and print JSON with what the code takes from it."""
    (code,) = blocks("dagster.md", "python")
    tree = ast.parse(code)
    names = dict(re.findall(r'^([A-Z]+) = "(.+)"$', code, re.MULTILINE))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "source_pypi"]
    commands = [shlex.join(["source-pypi", *(eval(ast.unparse(one), names) for one in call.args)]) for call in calls]
    outputs = {command.split()[1]: shell.run(f"{command} 2> errors.txt") for command in sorted(commands, key=_order)}
    assert {name: status for name, (_, status) in outputs.items()} == {"sync": 0, "query": 0, "audit": 1}
    (run,) = json.loads(outputs["query"][0])
    assert (run["projects"], run["tables"]["files"]["rows"]) == (3, 18)
    report = json.loads(outputs["audit"][0])
    assert [f"{one['project']} {one['version']}" for one in report["findings"]] == ["werkzeug 2.2.1", "requests 2.32.1"]
    assert report["checked"] == 4  # click as well, which flask requires


def test_three_lines_for_pyairbyte() -> None:
    """The code can be compiled, and its configuration has settings only; tests/pyairbyte runs it."""
    (code,) = blocks("pyairbyte.md", "python")
    call = next(node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call) and len(node.keywords) == 3)
    config = ast.literal_eval(next(one.value for one in call.keywords if one.arg == "config"))
    assert set(config) <= {field.name for field in fields_of(Config)}


def _order(command: str) -> int:
    return ["sync", "query", "audit"].index(command.split()[1])
