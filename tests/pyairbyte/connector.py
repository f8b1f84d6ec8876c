"""Our executable, behind a script that keeps how it was called and what was handed to it."""

import re
import shlex
import sys
from pathlib import Path

#: The executable beside the interpreter that runs the tests.
SOURCE = Path(sys.executable).with_name("source-pypi")

_SCRIPT = """\
#!/bin/sh
printf '%s\\n' "$*" >> {folder}/calls
if [ "$1" = read ]; then cat "$5" > {folder}/catalog; cat "$7" > {folder}/state; fi
exec {source} "$@"
"""


class Connector:
    """The executable to hand to PyAirbyte."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder / "source-pypi"
        self.path.write_text(_SCRIPT.format(folder=shlex.quote(str(folder)), source=shlex.quote(str(SOURCE))))
        self.path.chmod(0o755)

    def calls(self) -> list[str]:
        """How it was called since this was asked last; of files their suffixes only."""
        calls = self._folder / "calls"
        told = re.sub(r"/\S+(\.\w+)", r"\1", calls.read_text())
        calls.unlink()
        return told.splitlines()

    def state(self) -> str:
        """The state that was handed to the last ``read``, as it was written."""
        return (self._folder / "state").read_text()

    def catalog(self) -> str:
        """The catalog that was handed to the last ``read``, as it was written."""
        return (self._folder / "catalog").read_text()
