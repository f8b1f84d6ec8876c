"""Run mutmut in a copy of the tree, one module at a time, with the tests of that module."""

import json
import math
import random
import shutil
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.table import SLOW, TABLE

HERE = Path(__file__).parents[2]
_COPIED = ("src", "tests", "pyproject.toml", "README.md")
#: Exit codes of mutmut for a survivor: all tests passed, or no test runs the changed code.
_SURVIVED = frozenset({0, 5, 33})


@dataclass(frozen=True, slots=True)
class Count:
    """The result for a module.

    :ivar killed: the number of mutants that made a test fail or time out.
    :ivar survivors: the names of the others; ``mutmut show`` shows the change.
    """

    module: str
    killed: int
    survivors: list[str]


def run(module: str, into: Path, children: int, share: float = 1.0, seed: int = 0) -> Count:
    """Mutate one module in a copy of the tree, run its tests, and return the counts.

    :param share: share of the mutants to test, chosen at random from the seed.
    :raises RuntimeError: when mutmut has not tested every chosen mutant; the message has its output.
    """
    folder = into / module.replace("/", "-").removesuffix(".py")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in _COPIED:
        copy = shutil.copytree if (HERE / name).is_dir() else shutil.copy2
        copy(HERE / name, folder / name)
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as project:
        project.write(_settings(module))
    names = () if share >= 1 else _chosen(module, folder, share, seed)
    _mutmut(folder, "--max-children", str(children), *names)
    return _counted(module, folder, names)


def _mutmut(folder: Path, *options: str) -> None:
    with (folder / "mutmut.log").open("wb") as log:
        command = [sys.executable, "-m", "mutmut", "run", *options]
        subprocess.run(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT, check=False)


def _chosen(module: str, folder: Path, share: float, seed: int) -> tuple[str, ...]:
    """The names of the mutants to test. mutmut creates all and tests none if it is given an unknown name."""
    _mutmut(folder, "none")
    names = sorted(_codes(module, folder))
    return tuple(random.Random(f"{seed} {module}").sample(names, math.ceil(len(names) * share)))


def _codes(module: str, folder: Path) -> dict[str, int | None]:
    results = folder / "mutants" / "src" / "source_pypi" / f"{module}.meta"
    codes: dict[str, int | None] = json.loads(results.read_text())["exit_code_by_key"] if results.exists() else {}
    return codes


def _settings(module: str) -> str:
    settings = {
        "source_paths": ["src"],
        "only_mutate": [f"src/source_pypi/{module}"],
        "also_copy": ["README.md"],
        "pytest_add_cli_args_test_selection": list(TABLE[module]),
        "pytest_add_cli_args": [f"--deselect={name}" for name in SLOW],
    }
    lines = (
        f"{name} = {json.dumps(value)}" for name, value in settings.items()
    )  # a JSON list of strings is TOML as well
    return "\n[tool.mutmut]\n" + "\n".join(lines) + "\n"


def _counted(module: str, folder: Path, names: Collection[str]) -> Count:
    codes = {name: code for name, code in _codes(module, folder).items() if not names or name in names}
    if not codes or None in codes.values():
        log = (folder / "mutmut.log").read_text(errors="replace")
        raise RuntimeError(f"mutmut has not tested every mutant of {module}:\n{log[-2000:]}")
    survivors = [name for name, code in codes.items() if code in _SURVIVED]
    return Count(module, len(codes) - len(survivors), survivors)
