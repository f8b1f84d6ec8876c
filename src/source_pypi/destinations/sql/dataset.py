"""A schema of a database, as dlt reaches it: its tables and their columns, and statements on them."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import blake2b
from typing import Any

from source_pypi.destinations.address import STAGING
from source_pypi.destinations.sql.dialects import Destination
from source_pypi.destinations.sql.statements import BATCH_SIZE, Statement
from source_pypi.destinations.tables import RUN, Table

#: The name of the pipeline, and of the schema's versions.
PIPELINE = "source_pypi"
#: How the name of a schema ends in which rows are staged. Nobody else is likely to use it.
#: The tables in which dlt records what it does.
RECORDS = ("_dlt_version", "_dlt_loads", "_dlt_pipeline_state")


class Dataset:
    """A schema of a database, which is made with its first table.

    :param factory: dlt's destination.
    :param name: its name; dlt may spell it in another way, see ``name``.
    :param folder: where dlt may keep files.
    """

    def __init__(self, destination: Destination, factory: Any, name: str, folder: str) -> None:
        import dlt

        self._destination = destination
        self._pipeline = dlt.pipeline(PIPELINE, destination=factory, dataset_name=name, pipelines_dir=folder)
        self._pipeline.config.restore_from_destination = False
        with self._client() as client:
            self._qualified, self.column = client.make_qualified_table_name, client.escape_column_name
            self.name: str = client.dataset_name
            self.longest_name: int = client.capabilities.max_identifier_length

    def close(self) -> None:
        """Forget the pipeline."""
        with suppress(Exception):
            self._pipeline.deactivate()

    def table(self, name: str) -> str:
        """The name of a table in SQL, with that of the schema."""
        qualified: str = self._qualified(name)
        return qualified

    def columns(self, names: Iterable[str]) -> dict[str, set[str]]:
        """The tables among these that exist, and their columns."""
        with self._pipeline.destination_client() as client:
            if not client.sql_client.has_dataset():
                return {}
            found = client.get_storage_tables(list(names))
            return {name: {column.lower() for column in columns} for name, columns in found if columns}

    def make(self, tables: Sequence[Table]) -> None:
        """Make the schema, tables and columns that do not exist; nothing else stays of what dlt makes for it."""
        found = self.columns([*(table.name for table in tables), *RECORDS])
        if _have_all(found, tables):
            return
        self._declare(tables, found)
        self._synchronize(found)
        self._pipeline.abort_packages()  # what was declared
        self._forget_record(found)
        self.drop(name for name in RECORDS if name not in found)

    def drop(self, tables: Iterable[str]) -> None:
        """Drop tables, if they exist: another run may do the same."""
        with self._client() as client:
            client.drop_tables(*tables)

    def prepare(self, tables: Sequence[Table]) -> None:
        """Make tables and columns that do not exist, to which ``append`` adds rows."""
        found = self.columns([*(table.name for table in tables), *RECORDS])
        self._declare(tables, found)
        if not _have_all(found, tables):
            self._synchronize(found)
        self._pipeline.run()  # what was declared: nothing

    def append(self, contents: Iterable[tuple[Table, Any]]) -> None:
        """Add the rows of Arrow tables to tables."""
        import dlt

        if self._pipeline.has_pending_data:  # an interrupt left it
            self._pipeline.abort_packages()
        resources = [
            dlt.resource([rows], name=table.name, columns=self._destination.hints(table), write_disposition="append")
            for table, rows in contents
            if rows.num_rows
        ]
        self._pipeline.run(resources, loader_file_format=self._destination.file_format)

    def execute(self, statements: Iterable[Statement]) -> list[Sequence[Any]]:
        """Execute statements in one transaction: all of them or none, whatever ends it; return the rows of queries."""
        statements, found = list(statements), list[Sequence[Any]]()
        if not statements:
            return []
        with self._client() as client, client.begin_transaction():
            for statement in statements:
                rows = client.execute_sql(statement.sql, *statement.values) or ()
                found += rows if statement.sql.startswith("SELECT") else ()  # DuckDB returns counts of other statements
        return found

    def rows(self, statement: Statement) -> Iterator[Sequence[Any]]:
        """The rows of a query."""
        with self._client() as client, client.execute_query(statement.sql, *statement.values) as cursor:
            while rows := cursor.fetchmany(BATCH_SIZE):
                yield from rows

    @contextmanager
    def _client(self) -> Iterator[Any]:
        with self._pipeline.sql_client() as client:
            yield client

    def _declare(self, tables: Iterable[Table], found: Collection[str]) -> None:
        """Make tables those of the pipeline.

        :param found: the names of those that exist.
        """
        import dlt

        schema = dlt.Schema(PIPELINE)
        for table in tables:
            schema.update_table(self._destination.schema_of(table, is_new=table.name not in found))
        self._pipeline.extract(dlt.resource([], name=RUN.name), schema=schema)

    def _synchronize(self, found: Iterable[str]) -> None:
        """Make what was declared. dlt trusts its own record of it, so that must go first."""
        self._forget_record(found)
        self._pipeline.sync_schema()

    def _forget_record(self, found: Iterable[str]) -> None:
        """Delete dlt's record of the tables, if there is one among the tables that were found."""
        if RECORDS[0] in found:
            column = self.column("schema_name")
            self.execute([Statement(f"DELETE FROM {self.table(RECORDS[0])} WHERE {column} = %s", [PIPELINE])])


def staging_name(name: str, longest: int) -> str:
    """The name of the schema in which rows of another are staged.

    :param longest: the longest name in bytes; a longer one is cut, and ends in a digest of the other's name.
    """
    if len(f"{name}{STAGING}".encode()) <= longest:
        return f"{name}{STAGING}"
    digest = blake2b(name.encode(), digest_size=4).hexdigest()
    room = longest - len(f"_{digest}{STAGING}")
    return f"{name.encode()[:room].decode(errors='ignore')}_{digest}{STAGING}"


def _have_all(found: dict[str, set[str]], tables: Iterable[Table]) -> bool:
    return all(set(table.names()) <= found.get(table.name, set()) for table in tables)
