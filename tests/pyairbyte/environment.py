"""PyAirbyte's environment, and a process in it that runs jobs."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Self

HERE = Path(__file__).parent


class PyAirbyteError(Exception):
    """An exception of PyAirbyte: its name and message."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(name, message)
        self.name, self.message = name, message


def executable(name: str) -> Path:
    """Return the path of an executable in the folder PYAIRBYTE_BIN, or in the environment that ``make`` sets up."""
    path = Path(os.environ.get("PYAIRBYTE_BIN") or HERE.parents[1] / ".venvs/pyairbyte/bin").absolute() / name
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: run make pyairbyte, or set PYAIRBYTE_BIN")
    return path


def variables(folder: Path) -> dict[str, str]:
    """Return the environment in which PyAirbyte sends no requests and writes only to the folder."""
    return {
        "PATH": os.defpath,
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "AIRBYTE_PROJECT_DIR": str(folder),
        "AIRBYTE_LOGGING_ROOT": str(folder / "logs"),
        "AIRBYTE_OFFLINE_MODE": "1",
        "DO_NOT_TRACK": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


class PyAirbyte:
    """A process with PyAirbyte, which takes seconds to import; a context manager.

    :param folder: its working folder; ``log.txt`` there has its standard error.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        """Start it."""
        self._log = (self._folder / "log.txt").open("wb")
        self._process = subprocess.Popen(
            [executable("python"), "-P", HERE / "inside.py"],  # -P: no modules from the script's folder
            cwd=self._folder,
            env=variables(self._folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._process.communicate(timeout=30)
        self._log.close()

    def do(self, job: str, **arguments: Any) -> Any:
        """Run a job and return its result.

        :raises PyAirbyteError: when PyAirbyte raised an exception.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": job, **arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, (self._folder / "log.txt").read_text()[-5000:]
        response = json.loads(line)
        if "error" in response:
            raise PyAirbyteError(response["error"], response["message"])
        return response["outcome"]
