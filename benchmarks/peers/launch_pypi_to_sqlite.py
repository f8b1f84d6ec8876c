"""``pypi-to-sqlite``, asking another index: it has the public one's address in its code, and no setting for it.

Usage: ``launch_pypi_to_sqlite.py INDEX DATABASE NAMES``; NAMES is a file with a project name a line.

Nothing else of it is changed: the path of a question stays, its host becomes the index's. ``--delay 0`` takes away the
second that it waits after each project.
"""

import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from pypi_to_sqlite import cli


class _Elsewhere:
    """Takes the place of ``httpx`` in its module."""

    def __init__(self, index: str) -> None:
        self._index = index

    def get(self, url: str) -> Any:
        """Ask the index in place of the one in the address."""
        return httpx.get(self._index + urlsplit(url).path)


def main() -> None:
    """Load the projects."""
    index, database, names = sys.argv[1], sys.argv[2], Path(sys.argv[3]).read_text().split()
    cli.httpx = _Elsewhere(index)
    cli.cli(["--delay", "0", database, *names], standalone_mode=False)


if __name__ == "__main__":
    main()
