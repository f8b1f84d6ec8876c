"""The view ``changes``: which rows each run added, changed and removed, from the histories that a database has.

Baseline
    The rows that a history begins with are no changes: those that were copied into it, and those that the runs read
    until the first of them finished. ``runs.new_histories`` names the run with which a history begins. The histories of
    a database that an older release wrote begin before the first row of ``runs``.

Pairs
    A state that ends when another one of the same key begins is a changed row. If the two differ in incidental columns
    only, nothing has changed.

Databases
    The query is the same in all of them, except for lists and JSON. ``ChangesDialect`` has the SQL of these.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Protocol

from source_pypi.destinations.row_counts import compared_columns
from source_pypi.destinations.runs import RUNS
from source_pypi.destinations.tables import OURS, VALID_FROM, VALID_TO, Column, Table, history_name

#: The comment on the view.
COMMENT = (
    f"{OURS}a row that a run added, changed or removed, of a table with a history: its key, the columns that changed, "
    "and their values before and after. Of an added or removed row, the values of all columns but the key."
)


class ChangesDialect(Protocol):
    """What databases write in different ways. Arguments and results are SQL."""

    def table(self, name: str) -> str:
        """The name of a table."""

    def differ(self, one: str, other: str) -> str:
        """Whether two values differ; null is a value."""

    def pairs(self, history: str, old: str, new: str, same: str) -> str:
        """What follows FROM, to join each state of ``old_state`` to the one of ``new_state`` that replaces it.

        States of either that have no match are joined to nulls.

        :param old: the condition that a state is one of ``old_state``, and ``new`` likewise.
        :param same: the condition that joins them.
        """

    def contains(self, column: str, text: str) -> str:
        """Whether a list of texts contains a text."""

    def json_object(self, values: Collection[tuple[Column, str]]) -> str:
        """A JSON object of columns and their values."""

    def texts(self, values: Collection[str]) -> str:
        """The list of those among these texts that are not null."""

    def is_empty(self, texts: str) -> str:
        """Whether a list that ``texts`` made has no items."""

    def listed(self, texts: str) -> str:
        """A list that ``texts`` made, as the database stores lists."""

    def only(self, object_: str, texts: str) -> str:
        """The entries of a JSON object whose names are in a list that ``texts`` made."""


def changes_query(
    tables: Collection[Table], columns: Mapping[str, Collection[str]], dialect: ChangesDialect
) -> str | None:
    """The view's SQL, over the histories that exist; None: there is none, or no table ``runs``.

    :param tables: the tables of streams.
    :param columns: the columns of each table that exists.
    """
    if not set(RUNS.names()) <= set(columns.get(RUNS.name, ())):
        return None
    queries = list(_queries(tables, columns, dialect))
    if not queries:
        return None
    every = " UNION ALL ".join(queries)
    return f"""
        SELECT run, table_name, key, kind, changed_columns, before, after, changed_at
        FROM ({every}) AS found LEFT JOIN (
            SELECT run, started_at, lead(started_at) OVER (ORDER BY started_at, run) AS next_at
            FROM {dialect.table(RUNS.name)}
        ) AS runs ON changed_at >= started_at AND (next_at IS NULL OR changed_at < next_at)
    """


def _queries(
    tables: Collection[Table], columns: Mapping[str, Collection[str]], dialect: ChangesDialect
) -> Iterator[str]:
    """The query of each table's changes."""
    for table in tables:
        existing = columns.get(history_name(table.name), ())
        if table.key and {*table.key, VALID_FROM, VALID_TO} <= set(existing):
            yield _changes_of(table, [name for name in compared_columns(table) if name in existing], dialect)


def _changes_of(table: Table, compared: Collection[str], dialect: ChangesDialect) -> str:
    """The query of one table's changes; old and new: the states that end and begin at the same time."""
    history, since = dialect.table(history_name(table.name)), _since(table, dialect)
    by_name = {column.name: column for column in table.columns}
    keys = [by_name[name] for name in table.key or ()]
    same_key = " AND ".join(f"old_state.{_column(one)} = new_state.{_column(one)}" for one in keys)
    old_ones, new_ones = (f"{column} >= ({since})" for column in (VALID_TO, VALID_FROM))
    same = f"old_state.{VALID_TO} = new_state.{VALID_FROM} AND {same_key}"
    key = [(one, f"coalesce(new_state.{_column(one)}, old_state.{_column(one)})") for one in keys]
    old, new = ([(by_name[name], f'{state}."{name}"') for name in compared] for state in ("old_state", "new_state"))
    differing = [
        f"CASE WHEN {dialect.differ(before, after)} THEN '{column.name}' END"
        for (column, before), (_, after) in zip(old, new, strict=True)
    ]
    return f"""
        SELECT '{table.name}' AS table_name, changed_at, key, kind,
            CASE WHEN kind = 'changed' THEN {dialect.listed("differing")} END AS changed_columns,
            CASE kind WHEN 'changed' THEN {dialect.only("old_values", "differing")}
                WHEN 'removed' THEN old_values END AS before,
            CASE kind WHEN 'changed' THEN {dialect.only("new_values", "differing")}
                WHEN 'added' THEN new_values END AS after
        FROM (
            SELECT coalesce(new_state.{VALID_FROM}, old_state.{VALID_TO}) AS changed_at,
                {dialect.json_object(key)} AS key,
                CASE WHEN old_state.{VALID_TO} IS NULL THEN 'added' WHEN new_state.{VALID_FROM} IS NULL THEN 'removed'
                    ELSE 'changed' END AS kind,
                {dialect.texts(differing)} AS differing,
                {dialect.json_object(old)} AS old_values, {dialect.json_object(new)} AS new_values
            FROM {dialect.pairs(history, old_ones, new_ones, same)}
        ) AS paired
        WHERE kind <> 'changed' OR NOT {dialect.is_empty("differing")}
    """


def full_join(history: str, old: str, new: str, same: str) -> str:
    """``ChangesDialect.pairs`` in a database that has full joins."""
    olds, news = (f"(SELECT * FROM {history} WHERE {one})" for one in (old, new))
    return f"{olds} AS old_state FULL JOIN {news} AS new_state ON {same}"


def _column(column: Column) -> str:
    return f'"{column.name}"'


def _since(table: Table, dialect: ChangesDialect) -> str:
    """The query of the time from which on states are changes: when the run after the baseline started."""
    runs = dialect.table(RUNS.name)
    begun = f"SELECT max(run) FROM {runs} WHERE {dialect.contains('new_histories', table.name)}"
    complete = f"SELECT min(run) FROM {runs} WHERE finished_at IS NOT NULL AND run >= ({begun})"
    return f"SELECT min(started_at) FROM {runs} WHERE run > CASE WHEN ({begun}) IS NULL THEN 0 ELSE ({complete}) END"
