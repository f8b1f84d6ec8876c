"""What was seen, beside the tables of a DuckDB file: the table ``_state``, and ``_run`` with what it is worth.

``_state`` has a row for each project (an empty name: the index as a whole), with what all streams have seen of it
(``state.Row``). ``_run`` has one row: of which index that is, and when the run began that did not come to
its end. Both are written in the transaction that writes the rows.
"""

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from source_pypi.destinations.duckdb.tables import Catalog, make_table
from source_pypi.errors import StateError
from source_pypi.sync.resume import resumable
from source_pypi.sync.state import WHOLE_INDEX, ProjectState, ProjectSummary, summary_for
from source_pypi.sync.state_codec import PackedState, pack_row, unpack_row

#: Rows that are fetched at once.
BATCH_SIZE = 10_000
#: The version of what is remembered.
VERSION = 1
_STATE = {
    "project": "VARCHAR",
    "terms": "VARCHAR",
    "asked": "BIGINT",
    "serial": "BIGINT",
    "absent": "BOOLEAN",
    "seen": "BLOB",
}
_RUN = {"version": "INTEGER", "index": "VARCHAR", "unfinished": "BIGINT"}


class Remembered:
    """The memory in a database; made in the transaction that makes the tables.

    :param root: the index's address.
    :param now: when the run began, in seconds since 1970.
    :param catalog: what tables there were before; None: that is asked for.
    :ivar notes: what should be said: that state of another index was set aside.
    :raises DestinationError: when there are other tables of these names.
    :raises StateError: when a newer release wrote it.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, path: Path, root: str, now: float, catalog: Catalog | None = None
    ) -> None:
        self._connection, self._path, self._root = connection, path, root
        self._noted: dict[str, dict[str, ProjectState]] = {}
        self.notes: list[str] = []
        make_table(
            connection, "_state", _STATE, "stream, a project, and what was last seen of it.", path, catalog=catalog
        )
        run = "run: the last one, and since when it is under way."
        make_table(connection, "_run", _RUN, run, path, catalog=catalog)
        self.unfinished = resumable(self._last_run(), now)
        self._began: int | None = self._begins(int(now)) if self.unfinished is None else self.unfinished
        if self.unfinished is not None:
            self.notes.append("the last run ended early: what it has loaded is not asked for again")
        self._write_run()

    def _begins(self, now: int) -> int:
        """From when on a visit is one of this run: not from now, if the run before visited in this very second."""
        (last,) = self._connection.execute("SELECT max(asked) FROM _state").fetchone() or (None,)
        return now + 1 if last is not None and last >= now else now

    def _last_run(self) -> int | None:
        """When the last run began, if it did not come to its end; what it saw of another index is forgotten."""
        told = self._connection.execute("SELECT version, index, unfinished FROM _run").fetchone()
        if told is None:
            return None
        version, index, unfinished = told
        if version > VERSION:
            raise StateError(str(self._path), "a newer release wrote it")
        if index == self._root:
            return None if unfinished is None else int(unfinished)
        self._connection.execute("DELETE FROM _state")
        self.notes.append(f"{self._path} was loaded from another index, {index}: everything is read anew")
        return None

    def forget(self, stream: str) -> None:
        """Forget what a stream has seen: its table is gone."""
        told = self._connection.execute("SELECT * FROM _state WHERE terms LIKE ?", [f"%{stream}:%"])
        while rows := told.fetchmany(BATCH_SIZE):
            for project, seen in self._unpacked(rows).items():
                if seen.pop(stream, None) is not None:
                    self._noted[project] = {name: one for name, one in seen.items() if name != stream}
        self._write_state(merged=False)

    def load(self, projects: Collection[str], streams: Sequence[str]) -> dict[str, dict[str, ProjectState]]:
        """What streams have seen of projects, by project, then by stream.

        :raises StateError: when it cannot be read.
        """
        wanted = set(streams)
        found = self._unpacked(self._rows(projects))
        return {p: {name: one for name, one in seen.items() if name in wanted} for p, seen in found.items()}

    def summaries(self, terms: Mapping[str, bytes]) -> Iterator[ProjectSummary]:
        """Every project that any of the streams in ``terms`` has seen."""
        told = self._connection.cursor()  # the connection itself may be asked for other things meanwhile
        exact = ",".join(f"{name}:{terms[name].hex()}" for name in sorted(terms))
        told.execute("SELECT project, serial, asked, absent FROM _state WHERE terms = ? AND project <> ''", [exact])
        while rows := told.fetchmany(BATCH_SIZE):
            yield from itertools.starmap(ProjectSummary, rows)
        others = " OR ".join(["contains(terms, ?)"] * len(terms))
        query = f"SELECT * FROM _state WHERE terms <> ? AND project <> '' AND ({others})"
        told.execute(query, [exact, *(f"{name}:" for name in terms)])
        while rows := told.fetchmany(BATCH_SIZE):
            summaries = (summary_for(project, seen, terms) for project, seen in self._unpacked(rows).items())
            yield from (summary for summary in summaries if summary is not None)

    def _rows(self, projects: Collection[str]) -> list[Any]:
        query = "SELECT * FROM _state WHERE project IN (SELECT unnest(?::VARCHAR[]))"
        return self._connection.execute(query, [list(projects)]).fetchall()

    def _unpacked(self, rows: Iterable[Any]) -> dict[str, dict[str, ProjectState]]:
        found = {}
        for row in map(PackedState._make, rows):
            try:
                found[row.project] = unpack_row(row)
            except ValueError as error:
                reason = f"what {self._path} says of {row.project or 'the index'} is broken"
                raise StateError("_state", reason) from error
        return found

    def save(self, stream: str, project: str | None, seen: ProjectState) -> None:
        """Remember what a stream has seen of a project, or (None) of the index, with the next ``write``."""
        self._noted.setdefault(project or WHOLE_INDEX, {})[stream] = seen

    def finish(self) -> None:
        """The run came to its end; it is written with the next ``write``."""
        self._began = None

    def write(self) -> None:
        """Write what was noted, in the transaction that is under way."""
        self._write_state(merged=True)
        self._write_run()

    def _write_state(self, *, merged: bool) -> None:
        """Replace the rows of what was noted; ``merged``: with what other streams have seen before."""
        noted, self._noted = self._noted, {}
        if not noted:
            return
        before = self._unpacked(self._rows(noted)) if merged else {}
        rows = [pack_row(project, before.get(project, {}) | seen) for project, seen in noted.items() if seen]
        listed = ", ".join(f"unnest(?::{type_}[]) AS {name}" for name, type_ in _STATE.items())
        columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in _STATE]
        self._connection.execute("DELETE FROM _state WHERE project IN (SELECT unnest(?::VARCHAR[]))", [list(noted)])
        self._connection.execute(f"INSERT INTO _state SELECT {listed}", columns)

    def _write_run(self) -> None:
        self._connection.execute("DELETE FROM _run")
        self._connection.execute("INSERT INTO _run VALUES (?, ?, ?)", [VERSION, self._root, self._began])
