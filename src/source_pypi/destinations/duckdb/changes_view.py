"""The view ``changes``: which rows each run added, changed and removed, from the histories that a file has.

Baseline
    The rows that a history begins with are no changes: those that were copied into it, and those that the runs read
    until the first of them finished. ``runs.new_histories`` names the run with which a history begins. The histories of
    a file that an older release wrote begin before the first row of ``runs``.

Pairs
    A state that ends when another one of the same key begins is a changed row. If the two differ in incidental columns
    only, nothing has changed.
"""

from collections.abc import Collection, Iterator, Mapping

import duckdb

from source_pypi.destinations.duckdb.tables import Catalog, quoted, text
from source_pypi.destinations.row_counts import compared_columns
from source_pypi.destinations.runs import CHANGES_VIEW, RUNS
from source_pypi.destinations.tables import OURS, VALID_FROM, VALID_TO, Table, history_name, known_tables
from source_pypi.streams import NAMES

ROW = (
    "a row that a run added, changed or removed, of a table with a history: its key, the columns that changed, and "
    "their values before and after. Of an added or removed row, the values of all columns but the key"
)


def make_changes_view(connection: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
    """Make the view over the histories that exist, of this run and of earlier ones; a view of the user's own stays."""
    histories = [name for name in NAMES if catalog.is_ours(history_name(name))]
    query = changes_query(known_tables(histories, histories=False), catalog.columns)
    if query is not None and catalog.is_ours(CHANGES_VIEW) is not False:
        connection.execute(f"CREATE OR REPLACE VIEW {CHANGES_VIEW} AS {query}")
        connection.execute(f"COMMENT ON VIEW {CHANGES_VIEW} IS {text(f'{OURS}{ROW}.')}")


def changes_query(tables: Collection[Table], columns: Mapping[str, Collection[str]]) -> str | None:
    """The view's SQL, over the histories that exist; None: there is none, or no table ``runs``.

    :param tables: the tables of streams.
    :param columns: the columns of each table that exists.
    """
    if not set(RUNS.names()) <= set(columns.get(RUNS.name, ())):
        return None
    queries = list(_queries(tables, columns))
    if not queries:
        return None
    every = " UNION ALL ".join(queries)
    return f"""
        SELECT run, table_name, key, kind, changed_columns, before, after, changed_at
        FROM ({every}) AS found ASOF LEFT JOIN (SELECT run, started_at FROM {RUNS.name}) AS runs
            ON found.changed_at >= runs.started_at
    """


def _queries(tables: Collection[Table], columns: Mapping[str, Collection[str]]) -> Iterator[str]:
    """The query of each table's changes."""
    for table in tables:
        there = columns.get(history_name(table.name), ())
        if table.key and {*table.key, VALID_FROM, VALID_TO} <= set(there):
            yield _changes_of(table, [name for name in compared_columns(table) if name in there])


def _changes_of(table: Table, compared: Collection[str]) -> str:
    """The query of one table's changes; old and new: the states that end and begin at the same time."""
    history, since = quoted(history_name(table.name)), _since(table)
    same_key = " AND ".join(f"old.{quoted(name)} IS NOT DISTINCT FROM new.{quoted(name)}" for name in table.key or ())
    key = ", ".join(f"{text(name)}: coalesce(new.{quoted(name)}, old.{quoted(name)})" for name in table.key or ())
    differing = ", ".join(
        f"CASE WHEN old.{quoted(name)} IS DISTINCT FROM new.{quoted(name)} THEN {text(name)} END" for name in compared
    )
    return f"""
        SELECT {text(table.name)} AS table_name, changed_at, key, kind,
            CASE WHEN kind = 'changed' THEN differing END AS changed_columns,
            CASE WHEN kind <> 'added' THEN {_values("old_values")} END AS before,
            CASE WHEN kind <> 'removed' THEN {_values("new_values")} END AS after
        FROM (
            SELECT coalesce(new.{VALID_FROM}, old.{VALID_TO}) AS changed_at, to_json({{{key}}}) AS key,
                CASE WHEN old.{VALID_TO} IS NULL THEN 'added' WHEN new.{VALID_FROM} IS NULL THEN 'removed'
                    ELSE 'changed' END AS kind,
                [one_column FOR one_column IN [{differing}]::VARCHAR[] IF one_column IS NOT NULL] AS differing,
                {_entries("old", compared)} AS old_values, {_entries("new", compared)} AS new_values
            FROM (SELECT * FROM {history} WHERE {VALID_TO} >= ({since})) AS old
                FULL JOIN (SELECT * FROM {history} WHERE {VALID_FROM} >= ({since})) AS new
                ON old.{VALID_TO} = new.{VALID_FROM} AND {same_key}
        )
        WHERE kind <> 'changed' OR len(differing) > 0
    """


def _since(table: Table) -> str:
    """The query of the time from which on states are changes: when the run after the baseline started."""
    begun = f"SELECT max(run) FROM {RUNS.name} WHERE list_contains(new_histories, {text(table.name)})"
    complete = f"SELECT min(run) FROM {RUNS.name} WHERE finished_at IS NOT NULL AND run >= ({begun})"
    return f"""
        SELECT min(started_at) FROM {RUNS.name}
        WHERE run > CASE WHEN ({begun}) IS NULL THEN 0 ELSE ({complete}) END
    """


def _entries(state: str, columns: Collection[str]) -> str:
    """The names and values of columns, as a list."""
    listed = ", ".join(f"{{'name': {text(name)}, 'value': to_json({state}.{quoted(name)})}}" for name in columns)
    return f"[{listed}]::STRUCT(name VARCHAR, value JSON)[]"


def _values(entries: str) -> str:
    """The entries that changed, or of a row that is new or gone all, as a JSON object."""
    return (
        f"to_json(map_from_entries([entry FOR entry IN {entries} "
        "IF kind <> 'changed' OR list_contains(differing, entry.name)]))"
    )
