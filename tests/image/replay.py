"""Run the steps of stages: COPY into folders, RUN in virtual environments."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from tests.connector import ROOT
from tests.image.dockerfile import Stage, ignored


class Replayed:
    """A stage that was replayed, with a folder as its file system and a virtual environment as its Python.

    :param earlier: the stages before it, by name.
    :param arguments: values of ARG, as ``--build-arg`` gives them.
    """

    def __init__(self, stage: Stage, folder: Path, earlier: dict[str, "Replayed"], **arguments: str) -> None:
        self.stage, self._earlier = stage, earlier
        self._variables = stage.variables | arguments
        self._root, self._work = folder / "root", folder / "root"
        self._bin = folder / "python" / "bin"
        venv.create(folder / "python", with_pip=True)
        for word, argument in stage.steps:
            if word == "WORKDIR":
                self._work = self._inside(argument)
                self._work.mkdir(parents=True)
            elif word == "COPY":
                self._copy(argument.split())
            elif word == "RUN":
                self.run(["sh", "-c", argument])

    def run(
        self, command: list[str], timeout: int = 300, folder: Path | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command in the stage, in its last folder or in another one."""
        variables = {name: os.environ[name] for name in os.environ if name.startswith(("PIP_", "SSL_", "HTTP"))}
        variables |= {"PATH": f"{self._bin}:{os.defpath}", "HOME": str(self._root)} | self._variables
        done = subprocess.run(
            command,
            cwd=folder or self._work,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done

    def size(self) -> int:
        """Return the size of the installed packages, in bytes."""
        packages = self._bin.parent / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
        files = [file for file in packages.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
        return sum(file.stat().st_size for file in files if file.relative_to(packages).parts[0] != "pip")

    def _inside(self, path: str) -> Path:
        return self._root / path.removeprefix("/") if path.startswith("/") else self._work / path

    def _copy(self, words: list[str]) -> None:
        """COPY files that .dockerignore does not exclude, or files of an earlier stage."""
        stage = self._earlier[words.pop(0).removeprefix("--from=")] if words[0].startswith("--from=") else None
        *sources, target = words
        for source in sources:
            # of a folder the content is copied; a file goes into the folder
            found = stage._inside(source) if stage is not None else ROOT / source
            destination = self._inside(target)
            if found.is_dir():
                for file in (file for file in found.rglob("*") if file.is_file()):
                    if stage is not None or not _ignored(file):
                        _copy_file(file, destination / file.relative_to(found))
            else:
                assert stage is not None or not _ignored(found), f"{source} is ignored"
                _copy_file(found, destination / found.name if target.endswith("/") else destination)


def _ignored(file: Path) -> bool:
    rules = (ROOT / ".dockerignore").read_text().split()
    return ignored(str(file.relative_to(ROOT)), rules)


def _copy_file(file: Path, destination: Path) -> None:
    destination.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, destination)
