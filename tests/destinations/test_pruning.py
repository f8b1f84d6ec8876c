"""destinations/pruning.py: rows and state of projects that are no longer selected."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb

from source_pypi.destinations.pruning import PRUNED_AT_ONCE
from source_pypi.streams import choose_streams
from source_pypi.sync.state import WHOLE_INDEX
from tests.batches import SEEN, batch_with
from tests.databases import rows
from tests.destinations.loading import (
    BAR,
    FOO,
    NOW,
    OTHER,
    ROOT,
    OpenLoader,
    changes,
    contents,
    fill,
    into_duckdb,
    stored,
)


def test_prune_deletes_projects_that_are_not_selected(open_loader: OpenLoader, tmp_path: Path) -> None:
    """Rows and state of other projects are deleted in all tables, also of streams that did not run."""
    with open_loader(("files", "versions", "stats")) as loader:
        loader.add(batch_with("foo", FOO))
        loader.add(batch_with("bar", BAR))
        loader.add(batch_with("gone", changes=changes({"files": OTHER})))
        loader.add(batch_with(None, {"stats": [{"top_packages": {}, "total_packages_size": 7}]}))
        loader.finish()
    with open_loader(("files",)) as loader:
        loader.add(batch_with("bar", changes=changes({"files": OTHER})))
        assert loader.prune({"bar"}) == (1, 2)
        assert loader.prune({"bar"}) == (0, 0)
        loader.finish()
    assert stored(tmp_path) == [("files", "bar"), ("index", ROOT), ("state", "bar")]
    assert contents(tmp_path, "versions", "*") == []
    assert contents(tmp_path, "stats", "total_packages_size") == [(7,)]


def test_prune_keeps_the_state_of_the_list(open_loader: OpenLoader) -> None:
    """The state of the index's list belongs to no project: it stays."""
    fill(open_loader())
    with open_loader() as loader:
        assert loader.prune(()) == (0, 0)
        assert loader.load(["foo", "bar", WHOLE_INDEX]) == {WHOLE_INDEX: {"files": OTHER}}


def test_prune_ends_the_history(tmp_path: Path) -> None:
    """The states of deleted rows end now, in the history of each table."""
    path = tmp_path / "x.duckdb"
    with into_duckdb(path, choose_streams(["files", "versions"]), root=ROOT, keep_history=True) as loader:
        loader.add(batch_with("foo", FOO))
        loader.finish()
    with into_duckdb(path, choose_streams(["files"]), root=ROOT, now=lambda: NOW + 60) as loader:
        assert loader.prune(()) == (1, 2)
    ended = [(datetime.fromtimestamp(NOW + 60, UTC),)]
    assert rows(path, "SELECT valid_to FROM files_history") == ended
    assert rows(path, "SELECT valid_to FROM versions_history") == ended


def test_prune_deletes_any_number_of_projects(tmp_path: Path) -> None:
    """More projects than are deleted at once are all deleted; those that are selected stay."""
    path, count = tmp_path / "x.duckdb", PRUNED_AT_ONCE + 2
    with into_duckdb(path, choose_streams(["files"]), root=ROOT) as loader:
        loader.add(batch_with("p0", {"files": [{"project": "p0", "filename": "p0.whl"}]}))
        for number in range(1, count):
            loader.add(batch_with(f"p{number}", changes=changes({"files": OTHER})))
        loader.add(batch_with("zoo", {"files": [{"project": "zoo", "filename": "zoo.whl"}]}))
        assert loader.prune({"zoo"}) == (1, 1)
    assert rows(path, "SELECT project FROM _state UNION ALL SELECT project FROM files") == [("zoo",), ("zoo",)]


def test_prune_adds_columns_that_were_dropped(tmp_path: Path) -> None:
    """A table of another stream that lacks a column gets it back empty, and the stream is read in full."""
    path = tmp_path / "x.duckdb"
    with into_duckdb(path, choose_streams(["files", "versions"]), root=ROOT) as loader:
        loader.add(batch_with("foo", FOO))
        loader.add(batch_with("bar", {**BAR, "versions": [{"project": "bar", "version": "1"}]}))
        loader.finish()
    with duckdb.connect(str(path)) as connection:
        connection.execute("ALTER TABLE versions DROP COLUMN version")
    with into_duckdb(path, choose_streams(["files"]), root=ROOT) as loader:
        assert loader.prune({"bar"}) == (1, 2)
        loader.finish()
    assert rows(path, "SELECT project, version FROM versions") == [("bar", None)]
    with into_duckdb(path, choose_streams(["files", "versions"]), root=ROOT) as loader:
        assert loader.load(["bar"]) == {"bar": {"files": SEEN}}
