"""The wheel, built and installed: what the conformance tests run, rather than the sources beside them."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from tests.environments.pythons import build_wheel


def install_wheel(folder: Path) -> Path:
    """Build the wheel and install it in an environment of its own; return its executable ``source-pypi``.

    The environment has no other package: it finds the dependencies where this interpreter has them, installed from
    the lock, but not source-pypi, which is installed there editable.
    """
    venv.create(folder / "environment", with_pip=False)
    python = folder / "environment" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python", str(python)]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", str(build_wheel(folder))], check=True, timeout=300)
    (_site_packages(python) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    executable = python.with_name("source-pypi")
    assert executable.exists()
    return executable


def location(executable: Path) -> Path:
    """Return the folder of the package that an installed executable runs."""
    code = "import source_pypi; print(source_pypi.__path__[0])"
    command = [str(executable.with_name("python")), "-c", code]
    done = subprocess.run(command, env=environment(), cwd="/", capture_output=True, text=True, check=True)
    return Path(done.stdout.strip())


def environment() -> dict[str, str]:
    """Return the environment without PYTHONPATH, which may name the sources."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def _site_packages(python: Path) -> Path:
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return Path(subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip())
