"""``pypi-to-sqlite`` with another index: the URL of the public one is in its code, and it has no setting for it.

Usage: ``launch_pypi_to_sqlite.py INDEX DATABASE NAMES``; NAMES is a file with one project name per line.

Nothing else is changed: the path of a URL stays, its host becomes the index's. ``--delay 0`` removes the pause of one
second after each project.
"""

import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from pypi_to_sqlite import cli


class _Elsewhere:
    """Replaces ``httpx`` in its module."""

    def __init__(self, index: str) -> None:
        self._index = index

    def get(self, url: str) -> Any:
        """Send the request to the index instead of the host in the URL."""
        return httpx.get(self._index + urlsplit(url).path)


def main() -> None:
    """Load the projects."""
    index, database, names = sys.argv[1], sys.argv[2], Path(sys.argv[3]).read_text().split()
    cli.httpx = _Elsewhere(index)
    cli.cli(["--delay", "0", database, *names], standalone_mode=False)


if __name__ == "__main__":
    main()
