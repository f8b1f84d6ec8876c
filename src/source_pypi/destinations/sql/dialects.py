"""What dlt must know of a destination: its factory, the format of its files, the types of its columns."""

import getpass
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from source_pypi.destinations.address import DestinationAddress
from source_pypi.destinations.tables import Table
from source_pypi.schema import BYTES, ColumnType


@dataclass(frozen=True, slots=True)
class Destination:
    """A dlt destination.

    :ivar factory: dlt's own.
    :ivar dataset: the schema of the tables; None: the one that dlt's configuration names.
    :ivar file_format: the format of the files that are loaded; None: dlt's choice.
    :ivar json: whether nested values have a type of their own; otherwise they are text. dlt has a JSON type everywhere,
        but hands over JSON that is a text already as a text in JSON, or not at all.
    :ivar create_index: the statement that makes an index if it does not exist; None: not known to be understood.
    """

    factory: Any
    dataset: str | None
    file_format: str | None
    json: bool = False
    create_index: str | None = None

    def hints(self, table: Table) -> dict[str, Any]:
        """Each column's type and description. Without them dlt makes no column that has only nulls."""
        return {
            column.name: {
                "name": column.name,
                "data_type": self._type(column.type),
                "nullable": True,
                "description": column.description,
            }
            for column in table.columns
        }

    def _type(self, type_: ColumnType) -> str:
        return "text" if type_ is BYTES or (type_.dlt == "json" and not self.json) else type_.dlt

    def schema_of(self, table: Table) -> Any:
        """A table as dlt's schema has it after rows were loaded: dlt stores a schema that differs again each time."""
        from dlt.common.schema.utils import new_table

        made: dict[str, Any] = dict(
            new_table(table.name, write_disposition="append", columns=list(self.hints(table).values()))
        )
        made |= {"description": table.comment, "x-normalizer": {"seen-data": True}}
        return made | ({"file_format": self.file_format} if self.file_format else {})

    def indexes(self, tables: Iterable[Table], name_of: Callable[[str], str]) -> Iterator[str]:
        """The statements that make an index by project: to replace a project then does not read all rows."""
        for table in tables:
            if self.create_index is not None and any(column.name == "project" for column in table.columns):
                yield self.create_index.format(name=table.name, table=name_of(table.name))


def destination_of(address: DestinationAddress) -> Destination:
    """The destination at an address."""
    import dlt
    from dlt.common.destination import Destination as Factory

    if address.kind == "postgres":
        return _postgres(dlt.destinations.postgres(_credentials(address.address)))
    if address.kind == "sqlalchemy":
        return _sqlalchemy(address)
    factory: Any = Factory.from_reference(address.address)
    if factory.destination_type.endswith(".postgres"):
        return _postgres(factory)
    formats = factory.capabilities().supported_loader_file_formats or ()
    return Destination(factory, None, "parquet" if "parquet" in formats else None)


def _postgres(factory: Any) -> Destination:
    create_index = 'CREATE INDEX IF NOT EXISTS "{name}_project" ON {table} ("project")'
    return Destination(factory, None, "insert_values", json=True, create_index=create_index)


def _sqlalchemy(address: DestinationAddress) -> Destination:
    """A database of SQLAlchemy's. In SQLite a further schema is a file; in MySQL it is a database."""
    import dlt
    from sqlalchemy.engine import make_url

    url = make_url(address.address)
    factory = dlt.destinations.sqlalchemy(address.address)
    if url.get_backend_name() == "sqlite":
        create_index = 'CREATE INDEX IF NOT EXISTS "main"."{name}_project" ON "{name}" ("project")'
        return Destination(factory, "main", "parquet", create_index=create_index)
    dataset = url.database if url.get_backend_name() in ("mysql", "mariadb") else None
    return Destination(factory, dataset, "parquet")


def _credentials(address: str) -> Any:
    """Credentials for dlt, which needs what libpq finds by itself: the user, the database, an empty password."""
    from dlt.destinations.impl.postgres.configuration import PostgresCredentials

    credentials = PostgresCredentials(address)
    credentials.username = credentials.username or getpass.getuser()
    credentials.database = credentials.database or credentials.username
    credentials.password = credentials.password or ""
    return credentials
