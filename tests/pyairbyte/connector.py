"""The executable behind a script that records its arguments, catalog and state."""

import re
import shlex
import sys
from pathlib import Path

#: The executable beside the interpreter that runs the tests, which runs the sources.
SOURCE = Path(sys.executable).with_name("source-pypi")

_SCRIPT = """\
#!/bin/sh
unset PYTHONPATH
printf '%s\\n' "$*" >> {folder}/calls
if [ "$1" = read ]; then cat "$5" > {folder}/catalog; cat "$7" > {folder}/state; fi
exec {source} "$@"
"""


class Connector:
    """The executable that PyAirbyte calls.

    :param source: the executable of the wheel.
    """

    def __init__(self, folder: Path, source: Path) -> None:
        self._folder = folder
        self.path = folder / "source-pypi"
        self.path.write_text(_SCRIPT.format(folder=shlex.quote(str(folder)), source=shlex.quote(str(source))))
        self.path.chmod(0o755)

    def calls(self) -> list[str]:
        """Return the calls since the last time, with files as their suffixes."""
        calls = self._folder / "calls"
        text = re.sub(r"/\S+(\.\w+)", r"\1", calls.read_text())
        calls.unlink()
        return text.splitlines()

    def state(self) -> str:
        """Return the text of the state file of the last ``read``."""
        return (self._folder / "state").read_text()

    def catalog(self) -> str:
        """Return the text of the catalog file of the last ``read``."""
        return (self._folder / "catalog").read_text()
