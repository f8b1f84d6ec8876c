"""What was seen, and the last run, beside the files of a folder: an SQLite file, since it is looked up by project."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from source_pypi.destinations.parquet.folder import Folder
from source_pypi.destinations.store import RunRow, StateRow
from source_pypi.sync.state import ProjectSummary

NAME = "_state.sqlite"
_TABLES = """
CREATE TABLE IF NOT EXISTS _state (stream TEXT, project TEXT, terms TEXT, asked INTEGER, serial INTEGER,
    absent INTEGER, seen TEXT, PRIMARY KEY (project, stream)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS _run (version INTEGER, "index" TEXT, unfinished INTEGER, tables TEXT);
"""


class Ledger:
    """A copy of the folder's ledger on this machine, which is put back whole."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._path = folder.work / NAME
        if folder.has(NAME):
            folder.fetch(NAME, self._path)
        self._connection = sqlite3.connect(self._path, isolation_level=None)
        self._connection.executescript(_TABLES)

    def close(self) -> None:
        """Let go of the copy."""
        self._connection.close()

    def publish(self) -> None:
        """Put it into the folder."""
        copy = Path(f"{self._path}.new")
        copy.unlink(missing_ok=True)
        self._connection.execute("VACUUM INTO ?", [str(copy)])
        self._folder.put(copy, NAME)

    def last_run(self) -> RunRow | None:
        """What was noted of the last run; None: there was none."""
        row = self._connection.execute('SELECT "index", unfinished, tables, version FROM _run').fetchone()
        return None if row is None else RunRow(row[0], row[1], tuple(row[2].split()), row[3])

    def note_run(self, run: RunRow) -> None:
        """Note a run in the place of the last one."""
        self._connection.execute("DELETE FROM _run")
        values = [run.version, run.index, run.unfinished, " ".join(run.tables)]
        self._connection.execute("INSERT INTO _run VALUES (?, ?, ?, ?)", values)

    def load(self, projects: Collection[str], streams: Collection[str]) -> Iterable[tuple[str, str, str]]:
        """What was noted of projects: stream, project, and what was seen."""
        named, read = ", ".join("?" * len(projects)), ", ".join("?" * len(streams))
        query = f"SELECT stream, project, seen FROM _state WHERE project IN ({named}) AND stream IN ({read})"
        return self._connection.execute(query, [*projects, *streams]).fetchall()

    def summaries(self, terms: Mapping[str, str]) -> Iterator[ProjectSummary]:
        """Every project that any of these streams has seen."""
        rows = self._connection.execute(
            "SELECT project, CASE WHEN count(serial) = count(*) THEN min(serial) END, min(asked), min(absent), "
            f"sum((stream, terms) IN (VALUES {', '.join(['(?, ?)'] * len(terms))})) "
            f"FROM _state WHERE stream IN ({', '.join('?' * len(terms))}) AND project <> '' GROUP BY project",
            [*(value for pair in terms.items() for value in pair), *terms],
        )
        for project, serial, asked, absent, comparable in rows:
            yield ProjectSummary(project, serial, asked, bool(absent), comparable == len(terms))

    def forget(self, streams: Collection[str] | None) -> None:
        """Forget what streams have seen; None: all."""
        if streams is None:
            self._connection.execute("DELETE FROM _state")
        for stream in streams or ():
            self._connection.execute("DELETE FROM _state WHERE stream = ?", [stream])

    def drop(self, keys: Iterable[tuple[str, str]]) -> bool:
        """Forget what was seen by stream and project; whether there was anything."""
        before = self._connection.total_changes
        self._connection.execute("BEGIN")
        self._connection.executemany("DELETE FROM _state WHERE stream = ? AND project = ?", keys)
        self._connection.execute("COMMIT")
        return self._connection.total_changes > before

    def save(self, noted: dict[tuple[str, str], StateRow]) -> None:
        """Remember what was seen."""
        rows = [(*key, one.terms, one.asked, one.serial, one.absent, one.seen) for key, one in noted.items()]
        self._connection.execute("BEGIN")
        self._connection.executemany("INSERT OR REPLACE INTO _state VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        self._connection.execute("COMMIT")
