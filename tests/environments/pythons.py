"""The installed Pythons, each with the wheel in a clean environment."""

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.connector import ROOT

#: The versions to test, as far as they are installed.
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
_INSTALL = ("-m", "pip", "--disable-pip-version-check", "--quiet", "install")


@cache
def python(version: str) -> str | None:
    """Return the path of a Python of a version, from pyenv or PATH; None: it is not installed."""
    managed = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
    on_path = shutil.which(f"python{version}")
    for one in [*map(str, managed), *([on_path] if on_path else [])]:
        code = "import sys; print('%d.%d' % sys.version_info[:2])"
        done = subprocess.run([one, "-c", code], capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip() == version:
            return one
    return None


def build_wheel(folder: Path) -> Path:
    """Build the wheel without a network, because the environment has hatchling; return its path."""
    code = "import sys, hatchling.build; print(hatchling.build.build_wheel(sys.argv[1]))"
    command = [sys.executable, "-c", code, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return folder / done.stdout.split()[-1]


def install(version: str, wheel: Path, folder: Path) -> str:
    """Install the wheel, and the runtime lock by its hashes, in a new environment; return its Python."""
    base = python(version)
    assert base is not None
    subprocess.run([base, "-m", "venv", str(folder)], check=True)
    made = str(folder / "bin" / "python")
    lock = str(ROOT / "requirements" / "runtime.txt")
    subprocess.run([made, *_INSTALL, "--require-hashes", "-r", lock], check=True)
    subprocess.run([made, *_INSTALL, "--no-deps", str(wheel)], check=True)
    return made
