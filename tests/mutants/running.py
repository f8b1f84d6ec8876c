"""Running mutmut: in a copy of the tree, a module at a time, with the tests that concern it."""

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
#: What mutmut notes of a mutant that no test has seen: all passed, or there is none that comes there.
_UNSEEN = frozenset({0, 5, 33})


@dataclass(frozen=True, slots=True)
class Count:
    """What became of a module's mutants.

    :ivar killed: how many were seen by a test; one that takes too long is, too.
    :ivar survivors: the names of the others; ``mutmut show`` tells what they are.
    """

    module: str
    killed: int
    survivors: list[str]


def run(module: str, into: Path, children: int, share: float = 1.0, seed: int = 0) -> Count:
    """Mutate one module in a copy of the tree, and count what its tests have seen.

    :param share: of the mutants that are tested, chosen by chance from the seed.
    :raises RuntimeError: when mutmut tells nothing of a mutant, or of none: its own output says why.
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
    """The names of the mutants to test; mutmut makes them all, and tests none, where it is asked for one unknown."""
    _mutmut(folder, "none")
    names = sorted(_codes(module, folder))
    return tuple(random.Random(f"{seed} {module}").sample(names, math.ceil(len(names) * share)))


def _codes(module: str, folder: Path) -> dict[str, int | None]:
    told = folder / "mutants" / "src" / "source_pypi" / f"{module}.meta"
    codes: dict[str, int | None] = json.loads(told.read_text())["exit_code_by_key"] if told.exists() else {}
    return codes


def _settings(module: str) -> str:
    settings = {
        "source_paths": ["src"],
        "only_mutate": [f"src/source_pypi/{module}"],
        "also_copy": ["README.md"],
        "pytest_add_cli_args_test_selection": list(TABLE[module]),
        "pytest_add_cli_args": [f"--deselect={name}" for name in SLOW],
    }
    lines = (f"{name} = {json.dumps(value)}" for name, value in settings.items())  # lists of texts are TOML, too
    return "\n[tool.mutmut]\n" + "\n".join(lines) + "\n"


def _counted(module: str, folder: Path, names: Collection[str]) -> Count:
    codes = {name: code for name, code in _codes(module, folder).items() if not names or name in names}
    if not codes or None in codes.values():
        log = (folder / "mutmut.log").read_text(errors="replace")
        raise RuntimeError(f"mutmut has not tested every mutant of {module}:\n{log[-2000:]}")
    survivors = [name for name, code in codes.items() if code in _UNSEEN]
    return Count(module, len(codes) - len(survivors), survivors)
