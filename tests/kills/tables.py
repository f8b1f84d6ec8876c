"""The content of a DuckDB file, for comparison: rows by table and project, state, histories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from msgspec.structs import replace

from source_pypi.destinations.runs import RUNS
from source_pypi.destinations.tables import RUN_TABLES
from source_pypi.streams import STREAMS
from source_pypi.sync.state import ProjectState
from source_pypi.sync.state_codec import PackedState, unpack_row
from tests.databases import opened

#: Rows as text without the times of the run, by project (empty: rows without a project).
Rows = dict[str, Counter[str]]
#: By table.
Tables = dict[str, Rows]

#: Columns that depend on the time of the run, not on the index.
_OF_THE_RUN = ("seen_at", "valid_from", "valid_to")

#: Tables that every run fills anew.
OF_RUNS = {RUNS.name, *(table.name for table in RUN_TABLES)}


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a file.

    :ivar tables: the streams' rows, and their histories without times, but with whether a version is current.
    :ivar states: the state, by stream, then by project.
    :ivar unfinished: start of the unfinished run, in seconds since 1970; None: the last run was complete.
    :ivar wrong: what is wrong with a history.
    """

    tables: Tables = field(default_factory=dict)
    states: dict[str, dict[str, ProjectState]] = field(default_factory=dict)
    unfinished: int | None = None
    wrong: tuple[str, ...] = ()

    @property
    def timeless_states(self) -> dict[str, dict[str, ProjectState]]:
        """The states of projects without times; a resumed run stores no list, so the index's own state is left out."""
        return {
            stream: {p: replace(s, checked_at=0) for p, s in states.items() if p}
            for stream, states in self.states.items()
        }

    def completed(self, stream: str) -> set[str]:
        """The projects whose rows of a stream the unfinished run has committed."""
        if self.unfinished is None:
            return set()
        since, states = self.unfinished, self.states.get(stream, {})
        return {project for project, one in states.items() if one.existed and one.checked_at >= since}


def content_of(path: Path) -> Content:
    """Return the content of a file; no content if it does not exist."""
    if not path.exists():
        return Content()
    with opened(path) as connection:
        names = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        of_streams = [name for name in names if not name.startswith("_") and name not in OF_RUNS]
        tables = {name: _rows(connection, name) for name in of_streams}
        states: dict[str, dict[str, ProjectState]] = {}
        for row in map(PackedState._make, _all(connection, "SELECT * FROM _state", names)):
            for stream, one in unpack_row(row).items():
                assert row.project not in states.setdefault(stream, {}), "two states of one project"
                states[stream][row.project] = one
        runs = _all(connection, "SELECT unfinished FROM _run", names)
        wrong = tuple(line for name in sorted(names) for line in _wrong_history(connection, name))
    return Content(tables, states, runs[0][0] if runs else None, wrong)


def _all(connection: duckdb.DuckDBPyConnection, query: str, names: set[str]) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall() if {"_state", "_run"} <= names else []


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    query = "SELECT column_name FROM duckdb_columns() WHERE table_name = ? ORDER BY ALL"
    return [name for (name,) in connection.execute(query, [table]).fetchall()]


def _rows(connection: duckdb.DuckDBPyConnection, table: str) -> Rows:
    columns = _columns(connection, table)
    project = "project" if "project" in columns else "''"
    holds = "valid_to IS NULL" if "valid_to" in columns else "NULL"
    listed = ", ".join(f'"{name}"' for name in columns if name not in _OF_THE_RUN)
    rows: Rows = {}
    for of, *values in connection.execute(f'SELECT {project}, {holds}, {listed} FROM "{table}"').fetchall():
        rows.setdefault(of, Counter())[repr(values)] += 1
    return rows


def _wrong_history(connection: duckdb.DuckDBPyConnection, table: str) -> Iterator[str]:
    """Yield what is wrong with a history: its current versions must be the table's rows, and no two may overlap."""
    stream = next((stream for stream in STREAMS if table == f"{stream.name}_history"), None)
    if stream is None:
        return
    listed = ", ".join(f'"{name}"' for name in _columns(connection, table) if name not in _OF_THE_RUN)
    open_, now = f"SELECT {listed} FROM {table} WHERE valid_to IS NULL", f"SELECT {listed} FROM {stream.name}"
    for one, other in ((open_, now), (now, open_)):
        if row := connection.execute(f"{one} EXCEPT ALL {other} LIMIT 1").fetchone():
            yield f"{table}: current versions are not the table's rows, e.g. {row}"
    follows = f"lead(valid_from) OVER (PARTITION BY {', '.join(stream.key)} ORDER BY valid_from, valid_to)"
    query = (
        f"SELECT * FROM (SELECT *, {follows} AS follows FROM {table}) "
        "WHERE valid_to < valid_from OR follows < coalesce(valid_to, 'infinity'::TIMESTAMPTZ) LIMIT 1"
    )
    if row := connection.execute(query).fetchone():
        yield f"{table}: two versions at once, or one that ends before it begins: {row}"


def differences(ours: Mapping[str, Rows], expected: Mapping[str, Rows]) -> list[str]:
    """Return how tables differ: a line for each table, with an example."""
    found = []
    for table in sorted({*ours, *expected}):
        if table not in ours or table not in expected:
            found.append(f"{table}: {'missing' if table in expected else 'unexpected'}")
            continue
        one, other = ours[table], expected[table]
        projects = sorted(p for p in {*one, *other} if one.get(p, Counter()) != other.get(p, Counter()))
        for project in projects[:1]:
            extra = one.get(project, Counter()) - other.get(project, Counter())
            lacking = other.get(project, Counter()) - one.get(project, Counter())
            example = f"{extra.total()} too many, {lacking.total()} missing, e.g. {next(iter(extra or lacking))}"
            found.append(f"{table}: {len(projects)} projects differ; {project}: {example}")
    return found
