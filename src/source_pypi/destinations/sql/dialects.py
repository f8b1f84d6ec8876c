"""What dlt must know of a destination: its factory, the format of its files, the types of its columns."""

import getpass
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from source_pypi.destinations.address import DestinationAddress
from source_pypi.destinations.tables import Table
from source_pypi.schema import BYTES, ColumnType

#: The name of the file with staged rows on connections to a SQLite file.
_ATTACHED = "source_pypi_staging"
#: Options with which dlt keeps the name of a schema, including its capital letters.
_AS_GIVEN = {"enable_dataset_name_normalization": False}
_CASE_SENSITIVE = {"naming_convention": "direct"}


@dataclass(frozen=True, slots=True)
class StagingFile:
    """A database in which rows are staged; each connection to the other one has attached it.

    :ivar factory: dlt's destination.
    :ivar dataset: its schema of the tables.
    :ivar attached: its name on connections to the other database.
    :ivar close: closes the connections to both.
    """

    factory: Any
    dataset: str
    attached: str
    close: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Destination:
    """A dlt destination.

    :ivar factory: dlt's own.
    :ivar dataset: the schema of the tables; None: the one that dlt's configuration names.
    :ivar staging: the database in which rows are staged; None: they are in a schema of the same database.
    :ivar file_format: the format of the files that are loaded; None: dlt's choice.
    :ivar json: whether nested values have a type of their own; otherwise they are text. dlt has a JSON type everywhere,
        but hands over JSON that is a text already as a text in JSON, or not at all.
    :ivar views: the dialect in which views are created; None: there are none.
    :ivar times_are_texts: whether times are texts in UTC.
    :ivar create_index: the statement that makes an index if it does not exist; None: not known to be understood.
    """

    factory: Any
    dataset: str | None
    file_format: str | None
    json: bool = False
    views: Literal["postgres", "sqlite"] | None = None
    times_are_texts: bool = False
    create_index: str | None = None
    staging: StagingFile | None = None

    def hints(self, table: Table, *, not_null: bool = False) -> dict[str, Any]:
        """Each column's type and description. Without them dlt makes no column that has only nulls.

        :param not_null: whether the columns of the key are NOT NULL.
        """
        return {
            column.name: {
                "name": column.name,
                "data_type": self._type(column.type),
                "nullable": not (not_null and column.name in (table.key or ())),
                "description": column.description,
            }
            for column in table.columns
        }

    def _type(self, type_: ColumnType) -> str:
        return "text" if type_ is BYTES or (type_.dlt == "json" and not self.json) else type_.dlt

    def schema_of(self, table: Table, *, is_new: bool = False) -> Any:
        """A table as dlt's schema has it after rows were loaded: dlt stores a schema that differs again each time.

        :param is_new: whether the table does not exist: the columns of its key are then NOT NULL, where that is tested.
            A database cannot add such a column to a table that has rows.
        """
        from dlt.common.schema.utils import new_table

        hints = self.hints(table, not_null=is_new and self.views is not None)
        made: dict[str, Any] = dict(new_table(table.name, write_disposition="append", columns=list(hints.values())))
        made |= {"description": table.comment, "x-normalizer": {"seen-data": True}}
        return made | ({"file_format": self.file_format} if self.file_format else {})

    def indexes(self, tables: Iterable[Table], name_of: Callable[[str], str]) -> Iterator[str]:
        """The statements that make an index by project: to replace a project then does not read all rows."""
        for table in tables:
            if self.create_index is not None and any(column.name == "project" for column in table.columns):
                yield self.create_index.format(name=table.name, table=name_of(table.name))


def destination_of(address: DestinationAddress, schema: str | None, folder: Path) -> Destination:
    """The destination at an address.

    :param schema: the schema of the tables; None: the default one.
    :param folder: where files may be, until the destination is closed.
    """
    import dlt

    if address.kind == "postgres":
        names = {} if schema is None else {**_AS_GIVEN, **_CASE_SENSITIVE}
        return _postgres(dlt.destinations.postgres(_credentials(address.address), **names), schema)
    if address.kind == "sqlalchemy":
        return _sqlalchemy(address, schema, folder)
    return _named(address.address, schema)


def _named(name: str, schema: str | None) -> Destination:
    """A destination that dlt's configuration describes."""
    from dlt.common.destination import Destination as Factory

    names = {} if schema is None else _AS_GIVEN
    factory: Any = Factory.from_reference(name, **names)
    if factory.destination_type.endswith(".postgres"):
        return _postgres(Factory.from_reference(name, **names, **(_CASE_SENSITIVE if names else {})), schema)
    formats = factory.capabilities().supported_loader_file_formats or ()
    return Destination(factory, schema, "parquet" if "parquet" in formats else None)


def _postgres(factory: Any, schema: str | None) -> Destination:
    create_index = 'CREATE INDEX IF NOT EXISTS "{name}_project" ON {table} ("project")'
    return Destination(factory, schema, "insert_values", json=True, views="postgres", create_index=create_index)


def _sqlalchemy(address: DestinationAddress, schema: str | None, folder: Path) -> Destination:
    """A database of SQLAlchemy's. In MySQL a schema is a database."""
    import dlt
    from sqlalchemy.engine import make_url

    url = make_url(address.address)
    if url.get_backend_name() == "sqlite":
        return _sqlite(address.address, folder / "staging.db")
    factory = dlt.destinations.sqlalchemy(address.address, **({} if schema is None else _AS_GIVEN))
    dataset = url.database if url.get_backend_name() in ("mysql", "mariadb") else None
    return Destination(factory, schema or dataset, "parquet")


def _sqlite(address: str, staging: Path) -> Destination:
    """A SQLite file, which has no schemas: rows are staged in another file, which all connections attach."""
    import dlt
    from sqlalchemy import create_engine, event

    def attach(connection: Any, _: Any) -> None:
        connection.execute(f"ATTACH DATABASE ? AS {_ATTACHED}", (str(staging),))

    engine, staging_engine = create_engine(address), create_engine(f"sqlite:///{staging}")
    event.listen(engine, "connect", attach)

    def close() -> None:
        engine.dispose()
        staging_engine.dispose()

    return Destination(
        dlt.destinations.sqlalchemy(engine),
        "main",
        "parquet",
        views="sqlite",
        times_are_texts=True,
        create_index='CREATE INDEX IF NOT EXISTS "main"."{name}_project" ON "{name}" ("project")',
        staging=StagingFile(dlt.destinations.sqlalchemy(staging_engine), "main", _ATTACHED, close),
    )


def _credentials(address: str) -> Any:
    """Credentials for dlt, which needs what libpq finds by itself: the user, the database, an empty password."""
    from dlt.destinations.impl.postgres.configuration import PostgresCredentials

    credentials = PostgresCredentials(address)
    credentials.username = credentials.username or getpass.getuser()
    credentials.database = credentials.database or credentials.username
    credentials.password = credentials.password or ""
    return credentials
