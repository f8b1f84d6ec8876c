"""Databases count the changes of a run, and record it in ``runs``."""

from datetime import UTC, datetime
from typing import Any

import pytest

from source_pypi.destinations import open_destination
from source_pypi.destinations.row_counts import RowChanges
from source_pypi.streams import choose_streams
from tests.batches import batch_with
from tests.warehouses.places import Place, plain

pytestmark = pytest.mark.warehouses

#: The rows that a project has in each run: with lists and documents, a moved serial, and a table without rows.
RUNS: list[dict[str, list[dict[str, Any]]]] = [
    {
        "files": [{"project": "foo", "filename": name, "size": 1, "python_tags": ["py3"]} for name in "ab"],
        "release": [{"project": "foo", "version": "1", "info": {"summary": None, "x": [1]}}],
        "projects": [{"project": "foo", "serial": 1, "summary": None}],
        "classifiers": [{"project": "foo", "version": "1", "classifier": "a"}],
    },
    {
        "files": [{"project": "foo", "filename": name, "size": None, "python_tags": ["py3"]} for name in "bcd"],
        "release": [{"project": "foo", "version": "1", "info": {"summary": "", "x": [1]}}],
        "projects": [{"project": "foo", "serial": 2, "summary": None}],
        "classifiers": [{"project": "foo", "version": "1", "classifier": "a"}],
    },
    {"files": [], "release": [], "projects": [{"project": "foo", "serial": 2, "summary": "x"}], "classifiers": []},
]
EXPECTED = [
    {
        "files": RowChanges(added=2),
        "release": RowChanges(added=1),
        "projects": RowChanges(added=1),
        "classifiers": RowChanges(added=1),
    },
    {
        "files": RowChanges(added=2, changed=1, removed=1),
        "release": RowChanges(changed=1),
        "projects": RowChanges(),
        "classifiers": RowChanges(),
    },
    {
        "files": RowChanges(removed=3),
        "release": RowChanges(removed=1),
        "projects": RowChanges(changed=1),
        "classifiers": RowChanges(removed=1),
    },
]
NOW = 1_795_332_577.5


def test_runs_are_counted_and_recorded(database: Place) -> None:
    """Each run counts the rows that it adds, changes and removes, and has a row in ``runs``."""
    streams = choose_streams(["files", "release", "projects", "classifiers"])
    for number, (content, expected) in enumerate(zip(RUNS, EXPECTED, strict=True)):
        with open_destination(database.into, streams, root="http://index.test", now=lambda: NOW) as loader:
            loader.add(batch_with("foo", content))
            loader.finish()
        assert dict(loader.row_changes) == expected, number
        assert loader.totals() == {stream.name: len(content[stream.name]) for stream in streams}
    recorded = sorted(database.select("runs"), key=lambda row: int(row["run"]))
    assert [row["run"] for row in recorded] == [1, 2, 3]
    assert [plain(row["tables"], "JSON")["files"] for row in recorded] == [
        {"added": 2, "changed": 0, "removed": 0, "rows": 2},
        {"added": 2, "changed": 1, "removed": 1, "rows": 3},
        {"added": 0, "changed": 0, "removed": 3, "rows": 0},
    ]
    at = datetime.fromtimestamp(NOW, UTC)
    times = [plain(row[name], "TIMESTAMPTZ") for row in recorded for name in ("started_at", "finished_at")]
    assert times == [at] * 6
    assert plain(recorded[0]["streams"], "VARCHAR[]") == [stream.name for stream in streams]
