"""PyAirbyte's environment: where it is, and a process in it that does jobs."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Self

HERE = Path(__file__).parent


class PyAirbyteError(Exception):
    """What PyAirbyte raised: the name of its exception, and what that said."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(name, message)
        self.name, self.message = name, message


def executable(name: str) -> Path:
    """An executable, from the folder that PYAIRBYTE_BIN names or the environment that ``make`` sets up."""
    path = Path(os.environ.get("PYAIRBYTE_BIN") or HERE.parents[1] / ".venvs/pyairbyte/bin").absolute() / name
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: make pyairbyte, or say in PYAIRBYTE_BIN where it is")
    return path


def surroundings(folder: Path) -> dict[str, str]:
    """The variables under which PyAirbyte asks nobody, tells nobody, and writes into the folder only."""
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

    :param folder: where it runs, and writes what it writes; ``log.txt`` has what it said.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        """Start it."""
        self._log = (self._folder / "log.txt").open("wb")
        self._process = subprocess.Popen(
            [executable("python"), "-P", HERE / "inside.py"],  # -P: not what lies beside it in place of a module
            cwd=self._folder,
            env=surroundings(self._folder),
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
        """Have a job done; its outcome.

        :raises PyAirbyteError: when PyAirbyte raised an exception.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": job, **arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, (self._folder / "log.txt").read_text()[-5000:]
        told = json.loads(line)
        if "error" in told:
            raise PyAirbyteError(told["error"], told["message"])
        return told["outcome"]
