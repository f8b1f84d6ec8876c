"""Every state that a row of a DuckDB file has had, with its validity: ``files_history`` beside ``files``.

A row of the history is the state of a row from ``valid_from`` until ``valid_to`` (null: it still holds). Times are
those of the visits that found the row new, changed or gone. Once begun, a history goes on with every sync.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb

from source_pypi.destinations.duckdb.tables import Catalog, ReplaceScope, in_scope, make_table, quoted, text
from source_pypi.schema import SEEN_AT, duckdb_columns, table_fields
from source_pypi.streams.stream import Stream

_VALIDITY = {
    "valid_from": "Time of the visit that found the row like this.",
    "valid_to": "Time of the visit that found it changed or gone. Null: it still holds.",
}


def table_of(stream: Stream) -> str:
    """The name of the table that holds a stream's history."""
    return f"{stream.name}_history"


def kept(catalog: Catalog, streams: Iterable[Stream]) -> frozenset[str]:
    """The streams whose history has been begun; what tells of the moment only has none."""
    return frozenset(stream.name for stream in streams if stream.incremental and catalog.ours.get(table_of(stream)))


def begin(connection: duckdb.DuckDBPyConnection, stream: Stream, path: Path, catalog: Catalog | None = None) -> None:
    """Make the table of a stream's history, which begins with the rows that are there.

    :raises DestinationError: when there is another table or view of that name.
    """
    columns = duckdb_columns(stream)
    state = {name: type_ for name, type_ in columns.items() if name != SEEN_AT.name}
    validity = dict.fromkeys(_VALIDITY, "TIMESTAMPTZ")
    comment = f"state that a row of {stream.name} had for a time."
    described = {column.name: column.description for column in table_fields(stream) if column.name in state}
    if make_table(
        connection,
        table_of(stream),
        state | validity,
        comment,
        path,
        described=described | _VALIDITY,
        catalog=catalog,
    ):
        listed = _listed(state)
        connection.execute(
            f"INSERT INTO {quoted(table_of(stream))} ({listed}, valid_from) "
            f"SELECT {listed}, {SEEN_AT.name} FROM {quoted(stream.name)}"
        )


def go_on(connection: duckdb.DuckDBPyConnection, stream: Stream, scope: ReplaceScope) -> None:
    """Take in what a sync has changed, once the stream's own table holds it: ``make_scope`` holds what was replaced."""
    history, table, columns = quoted(table_of(stream)), quoted(stream.name), _state(stream)
    at = "(SELECT visited FROM _scope WHERE _scope.project = _before.project)"
    if scope.whole:
        at = "(SELECT visited FROM _scope)"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE _before AS SELECT rowid AS place, *, {_print(columns)} AS print FROM {history} "
        f"WHERE valid_to IS NULL AND {in_scope(scope)}"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE _after AS SELECT *, {_print(columns)} AS print FROM {table} "
        f"WHERE {in_scope(scope)}"
    )
    connection.execute(
        f"UPDATE {history} SET valid_to = _ended.ended FROM (SELECT place, {at} AS ended FROM _before "
        f"WHERE print NOT IN (SELECT print FROM _after)) AS _ended WHERE {history}.rowid = _ended.place"
    )
    listed = _listed(columns)
    connection.execute(
        f"INSERT INTO {history} ({listed}, valid_from) SELECT {listed}, {SEEN_AT.name} FROM _after "
        "WHERE print NOT IN (SELECT print FROM _before)"
    )
    connection.execute("DROP TABLE _before")
    connection.execute("DROP TABLE _after")


def _state(stream: Stream) -> Mapping[str, str]:
    """The columns that make up the state of a row: when it was seen does not."""
    return {name: type_ for name, type_ in duckdb_columns(stream).items() if name != SEEN_AT.name}


def _print(columns: Mapping[str, str]) -> str:
    """What tells two states of a row apart, whatever they hold."""
    return f"sha256(to_json({{{', '.join(f'{text(name)}: {quoted(name)}' for name in columns)}}})::VARCHAR)"


def _listed(columns: Mapping[str, str]) -> str:
    return ", ".join(quoted(name) for name in columns)
