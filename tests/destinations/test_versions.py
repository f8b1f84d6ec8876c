"""Databases and folders that release 0.4.0 wrote, whose state was of version 1."""

import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb

from source_pypi.destinations.contents import read_contents
from source_pypi.streams import choose_streams
from tests.batches import batch_with
from tests.databases import rows
from tests.destinations.loading import ALIKE, NOW, OTHER, ROOT, STATE, changes, into_duckdb, into_folder

STREAMS = choose_streams(["files", "versions"])
DIGESTS = "files:7465726d,versions:7465726d"
#: Rows of ``_state`` that 0.4.0 wrote: the same document for both streams, and different ones.
SAME = "32cb4167cbf59d7d825f313948a28971fd646967657374646967657374"
DIFFERENT = "309292940007c381a16492c405226f6e6522ff9401c0c38092930081a093c406646967657374c09191a5612e77686cc0930180c0"


def test_duckdb_file_continues(tmp_path: Path) -> None:
    """Rows and state of a DuckDB file of 0.4.0 are read, and the run that it did not finish is resumed."""
    path = tmp_path / "x.duckdb"
    _write_older_file(path)
    with into_duckdb(path, STREAMS, root=ROOT, now=lambda: NOW + 60) as loader:
        assert loader.warnings == ["the last run ended early: this run continues it"]
        assert loader.unfinished == NOW
        assert loader.load(["foo", "bar"]) == {
            "foo": {"files": ALIKE, "versions": ALIKE},
            "bar": {"files": STATE, "versions": OTHER},
        }
        loader.finish()
    assert rows(path, "SELECT version, unfinished FROM _run") == [(2, None)]
    assert rows(path, "SELECT filename FROM files") == [("foo.whl",)]


def test_state_of_other_streams_stays(tmp_path: Path) -> None:
    """A run of one stream keeps the state that 0.4.0 wrote of the other, although it recorded no tables."""
    path = tmp_path / "x.duckdb"
    _write_older_file(path)
    with into_duckdb(path, choose_streams(["files"]), root=ROOT) as loader:
        loader.add(batch_with("foo", changes=changes({"files": OTHER})))
    with into_duckdb(path, STREAMS, root=ROOT) as loader:
        assert loader.load(["foo"]) == {"foo": {"files": OTHER, "versions": ALIKE}}
    assert rows(path, "SELECT version, tables LIKE '%versions%' FROM _run") == [(2, True)]


def test_duckdb_file_is_refreshed(tmp_path: Path) -> None:
    """Streams, projects and pins of a file of 0.4.0 are known without ``pins`` and a list of tables."""
    path = tmp_path / "x.duckdb"
    _write_older_file(path)
    contents = read_contents(str(path))
    assert (contents.index, contents.streams, contents.projects) == (ROOT, ("versions", "files"), ("bar", "foo"))
    assert [(one.project, one.pin) for one in contents.requested] == [("bar", None), ("foo", "1.0")]


def _write_older_file(path: Path) -> None:
    """Write a file with the state that 0.4.0 creates."""
    with into_duckdb(path, STREAMS, root=ROOT) as loader:
        loader.add(batch_with("foo", {"files": [{"project": "foo", "filename": "foo.whl"}]}))
    with duckdb.connect(str(path)) as connection:
        connection.execute("DROP TABLE pins")
        connection.execute("CREATE TABLE _selection (project VARCHAR, pin VARCHAR, sort_key VARCHAR)")
        connection.execute("INSERT INTO _selection VALUES ('bar', NULL, NULL), ('foo', '1.0', '1010')")
        connection.execute("DROP TABLE _state")
        connection.execute("DROP TABLE _run")
        connection.execute(
            "CREATE TABLE _state (project VARCHAR, terms VARCHAR, asked BIGINT, serial BIGINT, absent BOOLEAN, "
            "seen BLOB)"
        )
        connection.execute("COMMENT ON TABLE _state IS 'A row is stream, a project, and what was last seen of it.'")
        connection.execute("CREATE TABLE _run (version INTEGER, index VARCHAR, unfinished BIGINT)")
        connection.execute("COMMENT ON TABLE _run IS 'A row is run: the last one, and since when it is under way.'")
        connection.execute("INSERT INTO _run VALUES (1, ?, ?)", [ROOT, NOW])
        for project, serial, packed in (("foo", 7, SAME), ("bar", None, DIFFERENT)):
            values = [project, DIGESTS, NOW, serial, False, bytes.fromhex(packed)]
            connection.execute("INSERT INTO _state VALUES (?, ?, ?, ?, ?, ?)", values)


def test_folder_is_read_again(tmp_path: Path) -> None:
    """Tables of a folder of 0.4.0 stay; its state, an SQLite file, is replaced, and one warning says so."""
    with into_folder(tmp_path, STREAMS, root=ROOT) as loader:
        loader.add(batch_with("foo", {"files": [{"project": "foo", "filename": "foo.whl"}]}))
    (tmp_path / "_state.duckdb").unlink()
    with closing(sqlite3.connect(tmp_path / "_state.sqlite")) as connection:  # the state as 0.4.0 creates it
        connection.executescript(
            "CREATE TABLE _state (stream TEXT, project TEXT, terms TEXT, asked INTEGER, serial INTEGER, "
            "absent INTEGER, seen TEXT, PRIMARY KEY (project, stream)) WITHOUT ROWID;"
            'CREATE TABLE _run (version INTEGER, "index" TEXT, unfinished INTEGER, tables TEXT);'
        )
        connection.execute("INSERT INTO _run VALUES (1, ?, NULL, '_selection files versions')", [ROOT])
        connection.commit()
    with into_folder(tmp_path, STREAMS, root=ROOT) as loader:
        assert loader.warnings == [f"{tmp_path}/ was written by an older release: everything is read again"]
        assert loader.load(["foo"]) == {}
    with into_folder(tmp_path, STREAMS, root=ROOT, now=lambda: NOW) as loader:
        assert [warning for warning in loader.warnings if "older release" in warning] == []
    assert duckdb.execute(f"SELECT filename FROM '{tmp_path}/files/*.parquet'").fetchall() == [("foo.whl",)]
    assert not (tmp_path / "_state.sqlite").exists()
