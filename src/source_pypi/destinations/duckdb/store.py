"""Tables in a DuckDB file: rows go from the staged files straight into them, in one transaction with their state.

Tables have no PRIMARY KEY: with it, to insert and replace 200,000 files takes 3.4 times the CPU, and the file is half
as large again (DuckDB 2.0). Rows are replaced by project, which keeps them unique as well. NOT NULL costs nothing that
can be measured: the key's columns have it, but not in tables that exist.
"""

from collections.abc import Collection, Sequence
from typing import Literal

from source_pypi.destinations.duckdb.changes_view import make_changes_view
from source_pypi.destinations.duckdb.counting import CountedReplacement
from source_pypi.destinations.duckdb.state import StateFile
from source_pypi.destinations.duckdb.tables import make_table, make_views, quoted, rows_in, schema_in_query, text
from source_pypi.destinations.into import duckdb_path, with_schema
from source_pypi.destinations.row_counts import RowChanges
from source_pypi.destinations.sql.statements import Statements
from source_pypi.destinations.store import Limits, LoadPackage, StagedRows
from source_pypi.destinations.tables import VALID_FROM, VALID_TO, Table
from source_pypi.schema import SEEN_AT

#: Projects whose rows are replaced until a checkpoint is made, counted once for each table. DuckDB remembers deleted
#: rows in memory: up to 16 KB for each 2,048 rows of a table, if one of them was deleted. The checkpoint ends that.
#: Without it, a sync of 16,000 changed projects among 750,000 failed: "failed to pin block" (docs/whole-index.md).
MOST_REPLACED = 2_000
#: The limit of DuckDB's memory in bytes while it writes a small package. It fills all that it may, with blocks that it
#: has read or written. With twice that, a sync of small projects takes as long (docs/whole-index.md).
MEMORY_FOR_SMALL = 128_000_000


class DuckdbStore(StateFile):
    """A DuckDB file.

    :param into: its path, perhaps with ``duckdb:`` before it.
    :param schema: the schema of the tables; None: ``main``.
    """

    #: A transaction costs CPU however small it is: 200 projects in each instead of 100 take a fifth off a `sync` of
    #: small projects (docs/whole-index.md). A run that ends early loses no more than 5 seconds. DuckDB parses JSON into
    #: up to twenty times its size.
    limits = Limits(projects=200, unchanged_projects=500, size=64 * 1024 * 1024, json_size=8 * 1024 * 1024)
    history: Literal["copied"] = "copied"
    exclusive = True
    secrets: Collection[str] = ()

    def __init__(self, into: str, schema: str | None = None) -> None:
        super().__init__(duckdb_path(into), schema)
        self.name = with_schema(into, schema)
        self._replaced = 0

    def open(self) -> None:
        """Open the file, and find out how a query names the schema."""
        super().open()
        self._before_table = schema_in_query(self.connection)

    def table_in_query(self, table: str) -> str:
        """The name of a table, with the schema unless that is ``main``."""
        return self._before_table + table

    def state_table(self, name: str) -> tuple[str, str]:
        """What a statement of the user calls ``_state`` or ``_run``, and the database in which it is executed."""
        return self.table_in_query(name), str(self.path)

    def existing(self, tables: Sequence[Table], recorded: Collection[str]) -> dict[str, bool]:  # noqa: ARG002
        """Which of these tables exist, and whether source-pypi made them: their comments tell."""
        found = {table.name: self.catalog.is_ours(table.name) for table in tables}
        return {name: ours for name, ours in found.items() if ours is not None}

    def incomplete(self, tables: Sequence[Table]) -> set[str]:
        """The names of those among these tables, which exist, that lack a column."""
        columns = self.catalog.columns
        return {table.name for table in tables if not set(table.names()) <= columns.get(table.name, {}).keys()}

    def make(self, tables: Sequence[Table]) -> None:
        """Create the tables that do not exist, and the columns that they lack."""
        with self.transaction():
            created = {table.name for table in tables if make_table(self.connection, table, self.catalog)}
            for table in tables:
                if table.history is not None and table.history.name in created:
                    self._begin_history(table, table.history)

    def make_views(self) -> Sequence[str]:
        """Create the views whose tables all exist."""
        failed = make_changes_view(self.connection, self.catalog)
        return [*failed, *make_views(self.connection, self.catalog)]

    def _begin_history(self, table: Table, history: Table) -> None:
        """Copy the rows into their history."""
        state = ", ".join(quoted(name) for name in history.names() if name not in (VALID_FROM, VALID_TO))
        self.connection.execute(
            f"INSERT INTO {quoted(history.name)} ({state}, {VALID_FROM}) "
            f"SELECT {state}, {SEEN_AT.name} FROM {quoted(table.name)}"
        )

    def write(self, package: LoadPackage) -> dict[str, RowChanges]:
        """Replace rows and write state in one transaction."""
        changes = {}
        with self.memory_for(package, MEMORY_FOR_SMALL):
            with self.transaction():
                if package.staged:
                    self.hold_scope(package)
                for staged in package.staged:
                    if staged.table.key is None:
                        self._replace_uncounted(staged)
                    else:
                        changes[staged.table.name] = self._replace(staged)
                self.write_state(package)
            self._forget_replaced()
        return changes

    def _forget_replaced(self) -> None:
        """Make a checkpoint once the rows of many projects were replaced."""
        if self._replaced >= MOST_REPLACED:
            self.connection.execute("CHECKPOINT")
            self._replaced = 0

    def _replace_uncounted(self, staged: StagedRows) -> None:
        for statement in Statements(self.dialect).replace(staged, rows_in(staged) if staged.size else None):
            self.execute(statement)

    def _replace(self, staged: StagedRows) -> RowChanges:
        statements, table = Statements(self.dialect), staged.table
        condition = statements.in_scope(staged)
        insert = statements.insert(staged, rows_in(staged)) if staged.size else None
        replacement = CountedReplacement(self.connection, table)
        changes = replacement.run(condition, insert)
        self._replaced += len(staged.scope.projects) if replacement.old else 0
        if table.history is not None:
            for statement in statements.keep_history(staged, replacement.new_rows, _digest(table)):
                self.execute(statement)
        return changes


def _digest(table: Table) -> str:
    """The SQL of a digest of a row without ``seen_at``. Two states of a row have different digests."""
    state = ", ".join(f"{text(name)}: {quoted(name)}" for name in table.names() if name != SEEN_AT.name)
    return f"sha256(to_json({{{state}}})::VARCHAR)"
