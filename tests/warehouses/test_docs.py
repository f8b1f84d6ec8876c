"""docs/how-to/warehouses.md: the command for SQLite runs."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.docs.session import DOCS, Shell
from tests.docs.worlds import example_index
from tests.fake_index import FakeIndex

pytestmark = pytest.mark.warehouses


def test_sqlite(tmp_path: Path) -> None:
    """The command loads the tables into the file that it names."""
    page = (DOCS / "how-to" / "warehouses.md").read_text(encoding="utf-8")
    (command,) = (line for line in page.splitlines() if line.endswith("--into sqlite:///pypi.db"))
    with FakeIndex(example_index()) as index:
        shell = Shell(tmp_path, index.url, {"SOURCE_PYPI_REQUESTS_PER_SECOND": "0"})
        output, status = shell.run(command)
        shell.close()
    assert status == 0, output
    with closing(sqlite3.connect(tmp_path / "pypi.db")) as database:
        assert database.execute("select count(*) from files").fetchall() == [(12,)]
