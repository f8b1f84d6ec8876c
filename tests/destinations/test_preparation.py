"""destinations/preparation.py: whose rows a store holds, which run is continued, and which tables were lost."""

from pathlib import Path

import duckdb
import pytest
from msgspec.structs import replace

from source_pypi.destinations.preparation import VERSION
from source_pypi.errors import DestinationError, StateError
from source_pypi.streams import choose_streams
from source_pypi.sync.resume import RESUME_WITHIN
from tests.batches import SEEN, batch_with
from tests.databases import rows
from tests.destinations.loading import (
    BAR,
    FOO,
    NOW,
    OTHER,
    ROOT,
    STATE,
    OpenLoader,
    change_state,
    changes,
    fill,
    into_duckdb,
    state_file,
    stored,
)

OTHER_ROOT = "http://other.test"


def test_lost_table_loses_its_state(open_loader: OpenLoader, tmp_path: Path) -> None:
    """The state of a stream whose table was lost is deleted; other streams keep theirs."""
    fill(open_loader(("files", "versions", "project")))
    if (tmp_path / "x").exists():
        (tmp_path / "x" / "files" / "files.parquet").unlink()
    else:
        with duckdb.connect(str(tmp_path / "x.duckdb")) as connection:
            connection.execute("DROP TABLE files")
    with open_loader() as loader:
        assert loader.load(["foo", "bar", ""]) == {"foo": {"versions": OTHER}}


@pytest.mark.parametrize("stream", ["files", "versions"])
def test_column_that_was_dropped_is_read_again(open_loader: OpenLoader, tmp_path: Path, stream: str) -> None:
    """If a column of a stream's table is gone, the state of the stream goes too: its rows are read in full."""
    with open_loader() as loader:
        loader.add(batch_with("foo", FOO))
        loader.finish()
    if (tmp_path / "x").exists():
        path = tmp_path / "x" / stream / f"{stream}.parquet"
        duckdb.execute(f"COPY (SELECT * EXCLUDE (version) FROM '{path}') TO '{path}.new' (FORMAT parquet)")
        path.with_name(f"{path.name}.new").replace(path)
    else:
        with duckdb.connect(str(tmp_path / "x.duckdb")) as connection:
            connection.execute(f"ALTER TABLE {stream} DROP COLUMN version")
    other = "versions" if stream == "files" else "files"
    with open_loader() as loader:
        assert loader.load(["foo"]) == {"foo": {other: SEEN}}


def test_finished_run_is_not_resumed(open_loader: OpenLoader) -> None:
    """After a run that finished, the next one resumes none."""
    fill(open_loader())
    with open_loader(now=NOW + 60) as loader:
        assert (loader.unfinished, loader.warnings) == (None, [])


def test_run_that_ended_early_is_resumed_for_an_hour(open_loader: OpenLoader) -> None:
    """A run that ended early is resumed within the hour of its beginning, however often, and a warning says so."""
    fill(open_loader(), finish=False)
    for seconds in (60, RESUME_WITHIN - 1):
        with open_loader(now=NOW + seconds) as loader:
            assert loader.unfinished == NOW
            assert loader.warnings == ["the last run ended early: this run continues it"]
    with open_loader(now=NOW + RESUME_WITHIN) as loader:
        assert (loader.unfinished, loader.warnings) == (None, [])
    with open_loader(now=NOW + RESUME_WITHIN + 60) as loader:
        assert loader.unfinished == NOW + RESUME_WITHIN


def test_run_begins_in_the_next_second(open_loader: OpenLoader) -> None:
    """A visit of the run before, in the second in which a run begins, does not belong to that run."""
    with open_loader() as loader:
        loader.add(batch_with("foo", changes=changes({"files": replace(STATE, checked_at=NOW + 5)})))
        loader.finish()
    with open_loader(now=NOW + 5.5):
        pass
    with open_loader(now=NOW + 8) as loader:
        assert loader.unfinished == NOW + 6


def test_rows_of_another_index_are_an_error(open_loader: OpenLoader, tmp_path: Path) -> None:
    """A store that holds rows of another index is an error that offers --replace-index, and stays as it is."""
    with open_loader() as loader:
        loader.add(batch_with("foo", FOO))
    before = stored(tmp_path)
    with pytest.raises(DestinationError) as caught, open_loader(root="http://ann:hush@other.test"):
        pass
    assert str(caught.value).endswith(
        f": it holds rows of the index {ROOT}, and this run reads {OTHER_ROOT}: check index_url, name "
        "another destination with --into, or delete these rows with sync --replace-index"
    )
    assert stored(tmp_path) == before


@pytest.mark.parametrize("root", ["https://index.test", "http://INDEX.test/simple/", "http://ann:hush@index.test:80"])
def test_same_index_in_another_spelling(open_loader: OpenLoader, root: str) -> None:
    """Another scheme, spelling or credentials of the same index continue its state."""
    fill(open_loader())
    with open_loader(root=root) as loader:
        assert loader.warnings == []
        assert loader.load(["bar"]) == {"bar": {"files": OTHER}}


def test_history_of_another_index_is_deleted(tmp_path: Path) -> None:
    """The history of a replaced index is deleted as well."""
    streams = choose_streams(["files"])
    with into_duckdb(tmp_path / "x.duckdb", streams, root=ROOT, keep_history=True) as loader:
        loader.add(batch_with("foo", {"files": FOO["files"]}))
    with into_duckdb(tmp_path / "x.duckdb", streams, root=OTHER_ROOT, replace_index=True) as loader:
        loader.add(batch_with("bar", BAR))
    assert rows(tmp_path / "x.duckdb", "SELECT project FROM files_history") == [("bar",)]


def test_index_that_never_answered_is_not_remembered(open_loader: OpenLoader, tmp_path: Path) -> None:
    """A new store that no index has answered for takes the rows of any other."""
    with open_loader(root="http://indx.test") as loader:
        loader.add(replace(batch_with("foo", {"files": []}), missing=True))
    with open_loader() as loader:
        assert loader.load(["foo"]) == {}
        loader.add(batch_with("bar", BAR))
    assert stored(tmp_path) == [("files", "bar"), ("index", ROOT), ("state", "bar")]


def test_newer_state_is_an_error(open_loader: OpenLoader, tmp_path: Path) -> None:
    """State that a newer release wrote is an error that says what to do, and stays."""
    fill(open_loader())
    change_state(tmp_path, f"UPDATE _run SET version = {VERSION + 1}")
    with pytest.raises(StateError, match="wrote it; upgrade source-pypi, or name another --into"), open_loader():
        pass
    assert rows(state_file(tmp_path), "SELECT count(*) FROM _state") == [(3,)]


@pytest.mark.parametrize("name", ["_state", "_run"])
def test_foreign_state_table_stays(open_loader: OpenLoader, tmp_path: Path, name: str) -> None:
    """A table by the name of ours that somebody else made is never changed."""
    with open_loader():
        pass
    path = state_file(tmp_path)
    path.unlink()
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE TABLE {name} (x INTEGER)")
    with pytest.raises(DestinationError, match="that is not ours"), open_loader():
        pass
    assert rows(path, f"SELECT * FROM {name}") == []


def test_broken_run_is_an_error(open_loader: OpenLoader, tmp_path: Path) -> None:
    """A broken row of ``_run`` is an error with the statement that deletes it; all state is then gone, too."""
    fill(open_loader())
    change_state(tmp_path, "UPDATE _run SET version = NULL")
    with pytest.raises(StateError) as caught, open_loader():
        pass
    assert str(caught.value).endswith(
        "the row in _run was changed or is damaged; "
        f"delete it in {state_file(tmp_path)}, and the next run reads everything in full: DELETE FROM _run"
    )
    change_state(tmp_path, str(caught.value).rpartition(": ")[2])
    with open_loader() as loader:
        assert loader.load(["foo", "bar"]) == {}


@pytest.mark.parametrize(
    ("change", "warnings"),
    [
        ("DROP TABLE _state", ["has no complete table _state: everything is read again"]),
        ("ALTER TABLE _state DROP COLUMN serial", ["has no complete table _state: everything is read again"]),
        ("ALTER TABLE _state DROP COLUMN checked_at", ["has no complete table _state: everything is read again"]),
        ("DROP TABLE _run", []),
        ("ALTER TABLE _run DROP COLUMN unfinished", []),
        ("ALTER TABLE _run DROP COLUMN tables", []),
        ("DROP TABLE pins", []),
    ],
)
def test_incomplete_state_is_made_again(
    open_loader: OpenLoader, tmp_path: Path, change: str, warnings: list[str]
) -> None:
    """If a table of the state, or a column of it, is gone, everything is read again, and the state is complete."""
    fill(open_loader())
    if "TABLE pins" in change and (tmp_path / "x").exists():
        (tmp_path / "x" / "pins" / "pins.parquet").unlink()
    else:
        change_state(tmp_path, change)
    kept = ["foo"] if "TABLE pins" in change else []
    with open_loader() as loader:
        assert list(loader.load(["foo"])) == kept
        assert [warning.partition(" has ")[1:] for warning in loader.warnings] == [
            (" has ", warning.removeprefix("has ")) for warning in warnings
        ]
        loader.add(batch_with("foo", FOO))
        loader.finish()
    with open_loader() as loader:
        assert loader.load(["foo"]) == {"foo": {"files": SEEN, "versions": SEEN}}
        assert loader.warnings == []
