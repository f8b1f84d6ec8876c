"""The SQL that puts staged rows in their places: of the kind that every database speaks.

Staged
    Rows of a load are staged in ``_new_files`` for ``files``, and so on; ``_new_state`` has what was seen, and which
    projects' rows give way; ``_new_kept`` the parts of them that do not. Each row bears its load's name in ``_load``,
    so that what a killed run staged, or another one is staging, is never taken for this load's. The columns of the
    latter two are called as no other table's, so that a subquery needs no alias: some databases have none in DELETE.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from source_pypi.destinations.store import LoadPackage, RunRow
from source_pypi.destinations.tables import DIGEST, VALID_FROM, VALID_TO, Column, Table
from source_pypi.schema import SEEN_AT

#: A statement with a ``%s`` for each value.
Statement = tuple[str, Sequence[Any]]
LOAD = "_load"
_LOAD = Column(LOAD, "VARCHAR", "The load that the row is of.")

STATE = Table(
    "_state",
    (
        Column("stream", "VARCHAR", "The stream."),
        Column("project", "VARCHAR", "The project. Empty: the index as a whole."),
        Column("terms", "VARCHAR", "Digest of what its rows depend on besides documents."),
        Column("asked", "BIGINT", "Time of the visit, in seconds since 1970."),
        Column("serial", "BIGINT", "The highest serial that the index told of it."),
        Column("absent", "BIGINT", "1: there was no project document."),
        Column("seen", "VARCHAR", "What was seen of it, packed."),
    ),
    "a stream, a project, and what was last seen of it",
)
RUN = Table(
    "_run",
    (
        Column("version", "BIGINT", "The version of what is remembered."),
        Column("index", "VARCHAR", "The address of the index that the state is of."),
        Column("unfinished", "BIGINT", "When the run began that has not come to its end, in seconds since 1970."),
        Column("tables", "VARCHAR", "The tables that are ours."),
    ),
    "the last run, and since when it is under way",
)
NEW_STATE = Table(
    "_new_state",
    (
        _LOAD,
        Column("for_stream", "VARCHAR"),
        Column("for_project", "VARCHAR"),
        Column("new_terms", "VARCHAR"),
        Column("new_asked", "BIGINT"),
        Column("new_serial", "BIGINT"),
        Column("new_absent", "BIGINT"),
        Column("new_seen", "VARCHAR", "Null: nothing is remembered."),
        Column("visited", "TIMESTAMPTZ", "Null: its rows stay."),
    ),
    "what a load is about",
)
NEW_KEPT = Table(
    "_new_kept",
    (_LOAD, Column("of_stream", "VARCHAR"), Column("of_project", "VARCHAR"), Column("of_part", "VARCHAR")),
    "a part whose rows stay",
)
BOOKS = (STATE, RUN, NEW_STATE, NEW_KEPT)


def staged_name(name: str) -> str:
    """The name of the table in which rows of another are staged; dlt makes one of two underscores."""
    return f"_new_{name.lstrip('_')}"


def staged(table: Table) -> Table:
    """The table in which the rows of another are staged."""
    columns = (*table.columns, Column(DIGEST, "VARCHAR"), _LOAD)
    return Table(staged_name(table.name), columns, f"a row of {table.name} that is being loaded")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a database wants names to be written: those of tables with their schema, those of columns."""

    table: Callable[[str], str]
    column: Callable[[str], str]


class Statements:
    """The statements of one load, in their order.

    :param load: the name of the load.
    """

    def __init__(self, dialect: Dialect, load: str) -> None:
        self._table, self._column, self._load = dialect.table, dialect.column, load

    def of(self, load: LoadPackage, run: RunRow, tables: dict[str, Table]) -> Iterator[Statement]:
        """All of them: state goes first, and comes back last."""
        yield self.note_run(run)
        for stream in sorted({stream for stream, _ in load.noted}):
            yield self._forget(stream)
        for name, scope in load.scopes.items():
            table = tables[name]
            yield self._delete(table, whole=scope.whole, kept=bool(scope.unchanged_partitions))
            if scope.rows:
                yield self._insert(table)
            for history in list(table.with_history())[1:]:
                yield self._retire(table, history, whole=scope.whole, kept=bool(scope.unchanged_partitions))
                if scope.rows:
                    yield self._succeed(table, history)
        if load.noted:
            yield self._remember()
        for name in (NEW_STATE.name, NEW_KEPT.name, *map(staged_name, load.scopes)):
            yield f"DELETE FROM {self._table(name)} WHERE {self._column(LOAD)} = %s", [self._load]

    def note_run(self, run: RunRow) -> Statement:
        """Note the run. Being the first statement, it also makes runs that write at the same time take turns."""
        names = ", ".join(f"{self._column(name)} = %s" for name in ("version", "index", "unfinished", "tables"))
        values = [run.version, run.index, run.unfinished, " ".join(run.tables)]
        return f"UPDATE {self._table(RUN.name)} SET {names} WHERE 1 = 1", values

    def summaries(self, terms: Mapping[str, str]) -> Statement:
        """The projects that any of these streams has seen: what a ``Glance`` has, but two counts."""
        column = self._column
        one = f"({column('stream')} = %s AND {column('terms')} = %s)"
        serial, project = column("serial"), column("project")
        return (
            f"SELECT {project}, MIN({serial}), MIN({column('asked')}), MIN({column('absent')}), COUNT({serial}), "
            f"SUM(CASE WHEN {' OR '.join([one] * len(terms))} THEN 1 ELSE 0 END) "
            f"FROM {self._table(STATE.name)} WHERE {project} <> '' "
            f"AND {column('stream')} IN ({', '.join(['%s'] * len(terms))}) GROUP BY {project}",
            [*(value for pair in terms.items() for value in pair), *terms],
        )

    def _forget(self, stream: str) -> Statement:
        column = self._column
        return (
            f"DELETE FROM {self._table(STATE.name)} WHERE {column('stream')} = %s AND {column('project')} IN "
            f"(SELECT {column('for_project')} FROM {self._table(NEW_STATE.name)} WHERE {column(LOAD)} = %s "
            f"AND {column('for_stream')} = %s AND {column('new_seen')} IS NOT NULL)",
            [stream, self._load, stream],
        )

    def _remember(self) -> Statement:
        new = ("for_stream", "for_project", "new_terms", "new_asked", "new_serial", "new_absent", "new_seen")
        return (
            f"INSERT INTO {self._table(STATE.name)} ({self._listed(column.name for column in STATE.columns)}) "
            f"SELECT {self._listed(new)} FROM {self._table(NEW_STATE.name)} WHERE {self._column(LOAD)} = %s "
            f"AND {self._column('new_seen')} IS NOT NULL",
            [self._load],
        )

    def _delete(self, table: Table, *, whole: bool, kept: bool) -> Statement:
        condition, values = self._in_scope(table, whole=whole, kept=kept)
        return f"DELETE FROM {self._table(table.name)} WHERE {condition}", values

    def _insert(self, table: Table) -> Statement:
        listed = self._listed(column.name for column in table.columns)
        return (
            f"INSERT INTO {self._table(table.name)} ({listed}) SELECT {listed} FROM {self._new(table)} "
            f"WHERE {self._column(LOAD)} = %s",
            [self._load],
        )

    def _retire(self, table: Table, history: Table, *, whole: bool, kept: bool) -> Statement:
        """End the states that are not there any more, at the time of the visit that found it."""
        column = self._column
        condition, values = self._in_scope(table, whole=whole, kept=kept)
        its = "" if whole else f" AND {column('for_project')} = {column('project')}"
        visited = (
            f"SELECT MAX({column('visited')}) FROM {self._table(NEW_STATE.name)} "
            f"WHERE {column(LOAD)} = %s AND {column('for_stream')} = %s{its}"
        )
        return (
            f"UPDATE {self._table(history.name)} SET {column(VALID_TO)} = ({visited}) "
            f"WHERE {column(VALID_TO)} IS NULL AND {condition} AND {column(DIGEST)} NOT IN "
            f"(SELECT {column(DIGEST)} FROM {self._new(table)} WHERE {column(LOAD)} = %s)",
            [self._load, table.name, *values, self._load],
        )

    def _succeed(self, table: Table, history: Table) -> Statement:
        """Begin the states that were not there before."""
        column = self._column
        state = [c.name for c in table.columns if c.name != SEEN_AT.name]
        return (
            f"INSERT INTO {self._table(history.name)} ({self._listed([*state, VALID_FROM, DIGEST])}) "
            f"SELECT {self._listed([*state, SEEN_AT.name, DIGEST])} FROM {self._new(table)} "
            f"WHERE {column(LOAD)} = %s AND {column(DIGEST)} NOT IN "
            f"(SELECT {column(DIGEST)} FROM {self._table(history.name)} WHERE {column(VALID_TO)} IS NULL)",
            [self._load],
        )

    def _in_scope(self, table: Table, *, whole: bool, kept: bool) -> Statement:
        """The condition that a row gives way."""
        column = self._column
        if whole:
            return "1 = 1", []
        condition = (
            f"{column('project')} IN (SELECT {column('for_project')} FROM {self._table(NEW_STATE.name)} "
            f"WHERE {column(LOAD)} = %s AND {column('for_stream')} = %s AND {column('visited')} IS NOT NULL)"
        )
        values = [self._load, table.name]
        if kept and table.part is not None:
            condition += (
                f" AND NOT EXISTS (SELECT 1 FROM {self._table(NEW_KEPT.name)} WHERE {column(LOAD)} = %s "
                f"AND {column('of_stream')} = %s AND {column('of_project')} = {column('project')} "
                f"AND {column('of_part')} = {column(table.part)})"
            )
            values += [self._load, table.name]
        return condition, values

    def _new(self, table: Table) -> str:
        return self._table(staged_name(table.name))

    def _listed(self, names: Iterator[str] | Sequence[str]) -> str:
        return ", ".join(map(self._column, names))
