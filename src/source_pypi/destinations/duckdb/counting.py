"""Which rows of a table change, counted by DuckDB: the rows in scope before and after, compared by key and digest."""

import duckdb

from source_pypi.destinations.duckdb.tables import quoted
from source_pypi.destinations.row_counts import RowChanges, changes_of, compared_columns
from source_pypi.destinations.sql.statements import Statement
from source_pypi.destinations.tables import Table

_OLD, _DIGEST = "_old_rows", "_digest"


class OldRows:
    """The keys and digests of the rows that a package replaces, in a temporary table.

    :param rows: what follows FROM in a query for these rows.
    :ivar count: their number.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: Table, rows: Statement) -> None:
        self._connection, self._key = connection, table.key or ()
        compared = ", ".join(["0", *map(quoted, compared_columns(table))])
        self._columns = ", ".join([*map(quoted, self._key), f"hash({compared}) AS {_DIGEST}"])
        sql = f"CREATE OR REPLACE TEMP TABLE {_OLD} AS SELECT {self._columns} FROM {rows.sql}"
        ((self.count,),) = connection.execute(sql.replace("%s", "?"), list(rows.values)).fetchall()

    def changes_to(self, rows: Statement, count: int) -> RowChanges:
        """How these rows have changed.

        :param rows: what follows FROM in a query for the rows that replaced them, and ``count``: their number.
        """
        if not self.count or not count:
            return RowChanges(added=count, removed=self.count)
        same_key = " AND ".join(
            ["true", *(f"old.{quoted(name)} IS NOT DISTINCT FROM new.{quoted(name)}" for name in self._key)]
        )
        new = f"SELECT {self._columns} FROM {rows.sql.replace('%s', '?')}"
        ((added, changed),) = self._connection.execute(
            f"SELECT count(*) FILTER (old.{_DIGEST} IS NULL), count(*) FILTER (old.{_DIGEST} <> new.{_DIGEST}) "
            f"FROM ({new}) AS new LEFT JOIN {_OLD} AS old ON {same_key}",
            list(rows.values),
        ).fetchall()
        return changes_of(self.count, count, added, changed)
