"""How dlt is told of a destination: its factory, its file format, its types."""

import getpass
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from source_pypi.destinations.address import DestinationAddress
from source_pypi.destinations.tables import Table

_TYPES = {
    "VARCHAR": "text",
    "BIGINT": "bigint",
    "DOUBLE": "double",
    "BOOLEAN": "bool",
    "TIMESTAMPTZ": "timestamp",
    "JSON": "text",
    "VARCHAR[]": "text",
}
#: dlt has a JSON type everywhere, but hands over JSON that is a text already as a text in JSON, or not at all.
_JSON = {"JSON": "json", "VARCHAR[]": "json"}


@dataclass(frozen=True, slots=True)
class Destination:
    """A destination of dlt's.

    :ivar factory: dlt's own.
    :ivar dataset: where the tables are; None: where dlt's configuration says.
    :ivar file_format: of the files that are loaded; None: dlt's choice.
    :ivar json: whether what is nested has a type of its own; otherwise it is text.
    :ivar create_index: the statement that makes an index where there is none; None: not known to be understood.
    """

    factory: Any
    dataset: str | None
    file_format: str | None
    json: bool = False
    create_index: str | None = None

    def hints(self, table: Table) -> dict[str, Any]:
        """Each column's type and what it tells; without them dlt makes no column that has only nulls."""
        types = _TYPES | _JSON if self.json else _TYPES
        return {
            column.name: {
                "name": column.name,
                "data_type": types[column.kind],
                "nullable": True,
                "description": column.description,
            }
            for column in table.columns
        }

    def schema_of(self, table: Table) -> Any:
        """A table as dlt's schema has it once rows have been loaded: a schema that differs is stored anew each time."""
        from dlt.common.schema.utils import new_table

        made: dict[str, Any] = dict(
            new_table(table.name, write_disposition="append", columns=list(self.hints(table).values()))
        )
        made |= {"description": f"A row is {table.description}.", "x-normalizer": {"seen-data": True}}
        return made | ({"file_format": self.file_format} if self.file_format else {})

    def indexes(self, tables: Iterable[Table], name_of: Callable[[str], str]) -> Iterator[str]:
        """The statements that make an index of projects, so that replacing a project does not read all rows."""
        for table in tables:
            if self.create_index is not None and any(column.name == "project" for column in table.columns):
                yield self.create_index.format(name=table.name, table=name_of(table.name))


def destination_of(place: DestinationAddress) -> Destination:
    """The destination at a place."""
    import dlt
    from dlt.common.destination import Destination as Factory

    if place.kind == "postgres":
        return _postgres(dlt.destinations.postgres(_credentials(place.address)))
    if place.kind == "sqlalchemy":
        return _sqlalchemy(place)
    factory: Any = Factory.from_reference(place.address)
    if factory.destination_type.endswith(".postgres"):
        return _postgres(factory)
    formats = factory.capabilities().supported_loader_file_formats or ()
    return Destination(factory, None, "parquet" if "parquet" in formats else None)


def _postgres(factory: Any) -> Destination:
    create_index = 'CREATE INDEX IF NOT EXISTS "{name}_project" ON {table} ("project")'
    return Destination(factory, None, "insert_values", json=True, create_index=create_index)


def _sqlalchemy(place: DestinationAddress) -> Destination:
    """A database of SQLAlchemy's. SQLite's further schemas are files; MySQL's are databases."""
    import dlt
    from sqlalchemy.engine import make_url

    url = make_url(place.address)
    factory = dlt.destinations.sqlalchemy(place.address)
    if url.get_backend_name() == "sqlite":
        create_index = 'CREATE INDEX IF NOT EXISTS "main"."{name}_project" ON "{name}" ("project")'
        return Destination(factory, "main", "parquet", create_index=create_index)
    dataset = url.database if url.get_backend_name() in ("mysql", "mariadb") else None
    return Destination(factory, dataset, "parquet")


def _credentials(address: str) -> Any:
    """What libpq finds out by itself, dlt wants to be told: the user, the database, that there is no password."""
    from dlt.destinations.impl.postgres.configuration import PostgresCredentials

    credentials = PostgresCredentials(address)
    credentials.username = credentials.username or getpass.getuser()
    credentials.database = credentials.database or credentials.username
    credentials.password = credentials.password or ""
    return credentials
