"""Which rows of a table change, counted by DuckDB: the rows in scope before and after, compared by key and digest.

Cost
    A condition that is a join may make DuckDB read all columns of all rows. So a subquery finds the old rows by what
    the condition needs, and their columns are read by row id. A statement takes 2 to 5 ms of CPU, mostly to plan it,
    however few rows it reads: so there is one statement for the old rows and one for the comparison, and the packages
    of a DuckDB file have 200 projects. docs/performance.md has what counting costs.
"""

import duckdb

from source_pypi.destinations.duckdb.tables import quoted
from source_pypi.destinations.row_counts import RowChanges, changes_of, compared_columns
from source_pypi.destinations.sql.statements import Statement
from source_pypi.destinations.tables import Table

_OLD, _ID, _DIGEST = "_old_rows", "_id", "_digest"


class RowComparison:
    """How rows of a table are compared: by their key, and by a digest of the other columns."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: Table) -> None:
        self._connection, self._key = connection, table.key or ()
        compared = ", ".join(["0", *map(quoted, compared_columns(table))])
        self._columns = ", ".join([*map(quoted, self._key), f"hash({compared}) AS {_DIGEST}"])

    def hold(self, rows: Statement, *further: str) -> int:
        """Hold the keys and digests of the old rows in a temporary table, and return their number.

        :param rows: what follows FROM in a query for these rows.
        :param further: what else of each row is held.
        """
        columns = ", ".join([self._columns, *further])
        sql = f"CREATE OR REPLACE TEMP TABLE {_OLD} AS SELECT {columns} FROM {rows.sql}"
        return _count(self._connection, Statement(sql, rows.values))

    def changes_to(self, rows: Statement, old: int, new: int) -> RowChanges:
        """How the old rows, which are held, have changed.

        :param rows: what follows FROM in a query for the rows that replaced them.
        :param old: the number of old rows, and ``new``: that of the new ones.
        """
        if not old or not new:
            return RowChanges(added=new, removed=old)
        same_key = " AND ".join(
            ["true", *(f"old.{quoted(name)} IS NOT DISTINCT FROM new.{quoted(name)}" for name in self._key)]
        )
        query = f"SELECT {self._columns} FROM {rows.sql.replace('%s', '?')}"
        ((added, changed),) = self._connection.execute(
            f"SELECT count(*) FILTER (old.{_DIGEST} IS NULL), count(*) FILTER (old.{_DIGEST} <> new.{_DIGEST}) "
            f"FROM ({query}) AS new LEFT JOIN {_OLD} AS old ON {same_key}",
            list(rows.values),
        ).fetchall()
        return changes_of(old, new, added, changed)


class CountedReplacement:
    """Replaces rows of a table in the file, and counts what changes; in the transaction that is under way.

    :ivar old: the number of rows that were in scope.
    :ivar new_rows: what follows FROM in a query for the new rows: those with higher ids than all that there were.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: Table) -> None:
        self._connection, self._name = connection, quoted(table.name)
        self._comparison = RowComparison(connection, table)
        self.old = 0
        ((last,),) = connection.execute(f"SELECT coalesce(max(rowid), -1) FROM {self._name}").fetchall()
        self.new_rows = Statement(f"{self._name} WHERE rowid > {last}")

    def run(self, condition: Statement, insert: Statement | None) -> RowChanges:
        """Delete the rows in scope, and insert others; if there are none in scope, nothing is compared.

        :param condition: that a row is in scope.
        :param insert: the statement that inserts the new rows; None: there are none.
        """
        in_scope = f"{self._name} WHERE rowid IN (SELECT rowid FROM {self._name} WHERE {condition.sql})"
        self.old = self._comparison.hold(Statement(in_scope, condition.values), f"rowid AS {_ID}")
        if self.old:
            self._connection.execute(f"DELETE FROM {self._name} WHERE rowid IN (SELECT {_ID} FROM {_OLD})")
        new = 0 if insert is None else _count(self._connection, insert)
        return self._comparison.changes_to(self.new_rows, self.old, new)


def _count(connection: duckdb.DuckDBPyConnection, statement: Statement) -> int:
    """Execute a statement that writes rows, and return their number."""
    ((count,),) = connection.execute(statement.sql.replace("%s", "?"), list(statement.values)).fetchall()
    return int(count)
