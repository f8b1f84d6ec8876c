"""The SQL that reads and writes state, replaces rows and keeps history: portable, for DuckDB and other databases alike.

Scope
    ``_new_scope`` holds which rows a package replaces, and ``_new_state`` the state that it writes. Each row has the
    package's name in ``_load``: a database may still hold what a killed run staged, or what another run is staging.
    Their columns have names that no other table has, so a subquery needs no alias: some databases allow none in DELETE.

History
    A row of ``files_history`` is a state of a row from ``valid_from`` until ``valid_to``. Times are
    those of the visits. A digest of the row's columns, without ``seen_at``, tells whether its state changed. No time of
    a history is after the visit that writes it: later ones, of a clock that was ahead, become the time of that visit.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from msgspec import Struct

from source_pypi.destinations.row_counts import compared_columns
from source_pypi.destinations.runs import RUNS, RunRecord, record_values
from source_pypi.destinations.store import LoadPackage, RunRow, StagedRows
from source_pypi.destinations.tables import RUN, STATE, VALID_FROM, VALID_TO, Column, Table
from source_pypi.schema import SEEN_AT, TEXT, TIMESTAMP
from source_pypi.sync.state import WHOLE_INDEX, ProjectSummary
from source_pypi.sync.state_codec import PackedState

#: Rows that are fetched at once.
BATCH_SIZE = 10_000
#: A column that is null if the joined row does not exist.
_PRESENT = "is_present"
LOAD = "_load"
LOAD_COLUMN = Column(LOAD, TEXT, "The package that the row belongs to.")
SCOPE = Table(
    "_new_scope",
    (
        LOAD_COLUMN,
        Column("for_stream", TEXT),
        Column("for_project", TEXT, "The project whose rows are replaced. Empty: the index as a whole."),
        Column(
            "for_partition",
            TEXT,
            "A partition whose rows stay or, where a package names those, are replaced. Null: the row is about the "
            "project.",
        ),
        Column("visited", TIMESTAMP, "Time of the visit."),
    ),
    "what a package replaces, or a partition that it leaves",
)


class Statement(NamedTuple):
    """An SQL statement with a ``%s`` for each value."""

    sql: str
    values: Sequence[Any] = ()


class Dialect(Struct, frozen=True):
    """How a database writes the names of tables, with their schema, and those of columns."""

    table: Callable[[str], str]
    column: Callable[[str], str]

    def listed(self, columns: Iterable[str]) -> str:
        """Names of columns, separated by commas."""
        return ", ".join(map(self.column, columns))


def scope_rows(package: LoadPackage, load: str) -> list[tuple[Any, ...]]:
    """The rows of ``_new_scope``."""
    rows: list[tuple[Any, ...]] = []
    for staged in package.staged:
        name, scope = staged.table.name, staged.scope
        rows += [(load, name, project, None, visited) for project, visited in scope.projects.items()]
        rows += [
            (load, name, project, partition, None)
            for project, partitions in (*scope.unchanged_partitions.items(), *scope.changed_partitions.items())
            for partition in partitions
        ]
    return rows


class Statements:
    """The statements that write one package.

    :param load: the package's name.
    """

    def __init__(self, dialect: Dialect, load: str = "") -> None:
        self._table, self._column, self._listed = dialect.table, dialect.column, dialect.listed
        self._load = load

    def write_run(self, run: RunRow, *, first: bool = False) -> Statement:
        """Change the row of ``_run``, or insert it. As the first statement it makes simultaneous runs take turns."""
        table, values = self._table(RUN.name), [run.version, run.index, run.unfinished, " ".join(run.tables)]
        if first:
            return Statement(f"INSERT INTO {table} ({self._listed(RUN.names())}) VALUES (%s, %s, %s, %s)", values)
        pairs = ", ".join(f"{self._column(name)} = %s" for name in RUN.names())
        return Statement(f"UPDATE {table} SET {pairs} WHERE 1 = 1", values)

    def in_scope(self, staged: StagedRows) -> Statement:
        """The condition that a row of a table, or of its history, is replaced."""
        if staged.scope.whole:
            return Statement("1 = 1")
        if staged.scope.changed_partitions:
            return self._in_changed_partitions(staged)
        column, scope, name = self._column, self._table(SCOPE.name), staged.table.name
        of_stream = f"{column(LOAD)} = %s AND {column('for_stream')} = %s"
        condition = (
            f"{column('project')} IN (SELECT {column('for_project')} FROM {scope} "
            f"WHERE {of_stream} AND {column('for_partition')} IS NULL)"
        )
        partition_field = staged.table.partition_field
        if partition_field is None or not staged.scope.unchanged_partitions:
            return Statement(condition, [self._load, name])
        return Statement(
            f"{condition} AND NOT EXISTS (SELECT 1 FROM {scope} WHERE {of_stream} "
            f"AND {column('for_project')} = {column('project')} "
            f"AND {column('for_partition')} = {column(partition_field)})",
            [self._load, name, self._load, name],
        )

    def _in_changed_partitions(self, staged: StagedRows) -> Statement:
        """The condition that a row is in one of the partitions that are replaced."""
        assert staged.table.partition_field is not None
        column, scope, name = self._column, self._table(SCOPE.name), staged.table.name
        partition = f"CAST({column(staged.table.partition_field)} AS VARCHAR(255))"
        is_whole = WHOLE_INDEX in staged.scope.changed_partitions
        of_project = "" if is_whole else f" AND {column('for_project')} = {column('project')}"
        return Statement(
            f"EXISTS (SELECT 1 FROM {scope} WHERE {column(LOAD)} = %s AND {column('for_stream')} = %s "
            f"AND {column('for_partition')} = {partition}{of_project})",
            [self._load, name],
        )

    def delete(self, staged: StagedRows) -> Statement:
        """Delete the rows in scope."""
        condition = self.in_scope(staged)
        return Statement(f"DELETE FROM {self._table(staged.table.name)} WHERE {condition.sql}", condition.values)

    def insert(self, staged: StagedRows, rows: Statement) -> Statement:
        """Insert the rows of a query, whose columns are the table's."""
        table = self._table(staged.table.name)
        return Statement(f"INSERT INTO {table} ({self._listed(staged.table.names())}) {rows.sql}", rows.values)

    def replace(self, staged: StagedRows, rows: Statement | None) -> Iterator[Statement]:
        """Put the rows of a query, whose columns are the table's (None: no rows), in the place of those in scope."""
        yield self.delete(staged)
        if rows is not None:
            yield self.insert(staged, rows)

    def count_changes(self, staged: StagedRows, new: Statement | None) -> Statement:
        """Count the rows in scope, the new rows, those whose key is new, and those that differ from the old row.

        Its one row has the table's name and these four numbers. It must be executed before rows are replaced.

        :param new: what follows FROM in a query for the new rows; None: there are none.
        """
        table, column, condition = staged.table, self._column, self.in_scope(staged)
        old = f"{self._table(table.name)} WHERE {condition.sql}"
        counted = f"SELECT '{table.name}', (SELECT COUNT(*) FROM {old})"
        if new is None:
            return Statement(f"{counted}, 0, 0, 0", condition.values)
        key, compared = table.key or (), compared_columns(table)
        columns = self._listed([*key, *compared])
        same_key = " AND ".join(["1 = 1", *(f"o.{name} = n.{name}" for name in map(column, key))])
        same = " AND ".join(
            [
                "1 = 1",
                *(
                    f"(o.{name} = n.{name} OR (o.{name} IS NULL AND n.{name} IS NULL))"
                    for name in map(column, compared)
                ),
            ]
        )
        is_new, present = f"CASE WHEN o.{column(_PRESENT)} IS NULL THEN 1 ELSE 0 END", column(_PRESENT)
        differs = f"CASE WHEN o.{present} IS NULL OR ({same}) THEN 0 ELSE 1 END"
        return Statement(
            f"{counted}, COUNT(*), COALESCE(SUM({is_new}), 0), COALESCE(SUM({differs}), 0) "
            f"FROM (SELECT {columns} FROM {new.sql}) n "
            f"LEFT JOIN (SELECT {columns}, 1 AS {present} FROM {old}) o ON {same_key}",
            [*condition.values, *new.values, *condition.values],
        )

    def keep_history(
        self, staged: StagedRows, new: Statement, digest: str, further: Sequence[str] = ()
    ) -> Iterator[Statement]:
        """End the states that no new row has, and begin those that only a new row has; times in the future become now.

        :param new: what follows FROM in a query for the new rows.
        :param digest: the digest of a new row, and of a row of the history, in SQL.
        :param further: columns besides the table's that the new rows and the history have.
        """
        assert staged.table.history is not None
        history, column = self._table(staged.table.history.name), self._column
        condition = self.in_scope(staged)
        open_ = f"{column(VALID_TO)} IS NULL AND {condition.sql}"
        visited = self._visited(staged)
        for name in (column(VALID_FROM), column(VALID_TO)):
            yield Statement(
                f"UPDATE {history} SET {name} = ({visited.sql}) WHERE {name} > ({visited.sql}) AND {condition.sql}",
                [*visited.values, *visited.values, *condition.values],
            )
        yield Statement(
            f"UPDATE {history} SET {column(VALID_TO)} = ({visited.sql}) "
            f"WHERE {open_} AND {digest} NOT IN (SELECT {digest} FROM {new.sql})",
            [*visited.values, *condition.values, *new.values],
        )
        state = [name for name in staged.table.names() if name != SEEN_AT.name]
        yield Statement(
            f"INSERT INTO {history} ({self._listed([*state, VALID_FROM, *further])}) "
            f"SELECT {self._listed([*state, SEEN_AT.name, *further])} FROM {new.sql} "
            f"AND {digest} NOT IN (SELECT {digest} FROM {history} WHERE {open_})",
            [*new.values, *condition.values],
        )

    def _visited(self, staged: StagedRows) -> Statement:
        """The time of the visit to the project of a row."""
        column = self._column
        is_whole = staged.scope.whole or WHOLE_INDEX in staged.scope.projects
        of_row = "" if is_whole else f" AND {column('for_project')} = {column('project')}"
        return Statement(
            f"SELECT MAX({column('visited')}) FROM {self._table(SCOPE.name)} "
            f"WHERE {column(LOAD)} = %s AND {column('for_stream')} = %s{of_row}",
            [self._load, staged.table.name],
        )


class SqlState(ABC):
    """How ``_state`` and ``_run`` are read, and how a run begins; stores that keep them in a database inherit it."""

    @property
    @abstractmethod
    def dialect(self) -> Dialect:
        """How the database writes names."""

    @abstractmethod
    def _rows(self, statement: Statement) -> Iterator[Sequence[Any]]:
        """The rows of a query. Other statements may run before the last one is fetched."""

    @abstractmethod
    def _execute_all(self, statements: Iterable[Statement]) -> None:
        """Execute statements in one transaction."""

    def parameter(self, value: object) -> object:
        """A value of ``runs`` as a statement takes it: lists are JSON."""
        return json.dumps(value) if isinstance(value, tuple) else value

    def _state(self, row: Sequence[Any]) -> PackedState:
        """State, from a row of ``_state``."""
        return PackedState._make(row)

    def _select(self, columns: str, table: Table, condition: str = "1 = 1", values: Sequence[Any] = ()) -> Any:
        name = self.dialect.table(table.name)
        return self._rows(Statement(f"SELECT {columns} FROM {name} WHERE {condition}", values))

    def _last_run(self) -> RunRow | None:
        """The row of ``_run``, whose table exists."""
        rows = list(self._select(self.dialect.listed(RUN.names()), RUN))
        if not rows:
            return None
        version, index, unfinished, tables = rows[0]
        return RunRow(version, index, unfinished, tuple(str(tables or "").split()))

    def row_counts(self, table: Table) -> Iterable[tuple[str, int]]:
        """Each project of a table that exists, and its number of rows."""
        name, project = self.dialect.table(table.name), self.dialect.column("project")
        rows = self._rows(Statement(f"SELECT {project}, COUNT(*) FROM {name} GROUP BY {project}"))
        return [(project, int(count)) for project, count in rows if project is not None]

    def row_count(self, table: Table) -> int:
        """The number of rows of a table that exists."""
        ((count,),) = self._select("COUNT(*)", table)
        return int(count)

    def rows_of(self, table: Table, columns: Sequence[str]) -> Iterable[Sequence[Any]]:
        """The values of some columns, which hold texts, numbers or booleans, in the rows of a table that exists."""
        return list(self._select(self.dialect.listed(columns), table))

    def latest_check(self) -> int | None:
        """The highest ``checked_at`` of all state, in seconds since 1970; None: there is no state."""
        ((latest,),) = self._select(f"MAX({self.dialect.column('checked_at')})", STATE)
        with suppress(ValueError):  # whoever reads the row that was changed says so
            return None if latest is None else int(latest)
        return None

    def begin(self, run: RunRow, *, clear_state: bool, clear: Sequence[Table] = ()) -> None:
        """Write the row of ``_run``; before it, delete all state if ``clear_state``, and all rows of some tables."""
        cleared = [*([STATE.name] if clear_state else []), *(table.name for table in clear)]
        deleting = [Statement(f"DELETE FROM {self.dialect.table(name)} WHERE 1 = 1") for name in cleared]
        writing = [Statements(self.dialect).write_run(run, first=self._last_run() is None)]
        # where there is no transaction, the run must not name the new index before the old rows are gone
        self._execute_all(deleting + writing if clear else writing + deleting)

    def last_run_number(self) -> int:
        """The highest number in ``runs``, which exists; 0: it is empty."""
        ((last,),) = self._select(f"MAX({self.dialect.column('run')})", RUNS)
        return int(last or 0)

    def record_run(self, record: RunRecord) -> None:
        """Write a row of ``runs`` in the place of the one with its number."""
        table, values = self.dialect.table(RUNS.name), [*map(self.parameter, record_values(record))]
        same = " AND ".join(f"{self.dialect.column(name)} = %s" for name in ("run", "started_at"))
        places = ", ".join(["%s"] * len(values))
        self._execute_all(
            [
                Statement(f"DELETE FROM {table} WHERE {same}", [record.run, self.parameter(record.started_at)]),
                Statement(f"INSERT INTO {table} ({self.dialect.listed(RUNS.names())}) VALUES ({places})", values),
            ]
        )

    def states(self, projects: Collection[str]) -> Iterable[PackedState]:
        """The state of these projects."""
        if not projects:
            return []
        condition = f"{self.dialect.column('project')} IN ({', '.join(['%s'] * len(projects))})"
        columns = self.dialect.listed(STATE.names())
        return [self._state(row) for row in self._select(columns, STATE, condition, [*projects])]

    def summaries(self, settings_digests: str) -> Iterator[ProjectSummary]:
        """All projects whose ``settings_digests`` are these."""
        column = self.dialect.column
        columns = self.dialect.listed(("project", "serial", "checked_at", "absent"))
        condition = f"{column('settings_digests')} = %s AND {column('project')} <> ''"
        for project, serial, checked_at, absent in self._select(columns, STATE, condition, [settings_digests]):
            yield ProjectSummary(project, serial, checked_at, bool(absent))

    def other_states(self, settings_digests: str, streams: Collection[str]) -> Iterator[PackedState]:
        """All state with other ``settings_digests`` that has one of these streams, and perhaps more."""
        digests = self.dialect.column("settings_digests")
        condition = f"{digests} <> %s AND ({' OR '.join([f'{digests} LIKE %s'] * len(streams))})"
        values = [settings_digests, *(f"%{stream}:%" for stream in streams)]
        return map(self._state, self._select(self.dialect.listed(STATE.names()), STATE, condition, values))
