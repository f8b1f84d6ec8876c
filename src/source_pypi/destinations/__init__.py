"""Where ``--into`` writes: one loader, and a kind of store for each kind of place."""

import time
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from msgspec import Struct

from source_pypi.destinations.address import is_database, is_folder, without_query
from source_pypi.destinations.into import check_destination, check_schema
from source_pypi.errors import ExtraMissingError, SettingError
from source_pypi.selection import Requested
from source_pypi.selection.names import Unnamed
from source_pypi.streams.stream import Stream

if TYPE_CHECKING:
    from source_pypi.destinations.loader import Loader
    from source_pypi.destinations.store import Store


class Kind(Struct, frozen=True):
    """A kind of store.

    :ivar handles: whether ``--into`` names one.
    :ivar store: its class, as ``module:class``, which takes what ``--into`` names, and perhaps the schema.
    :ivar extra: the extra that it needs.
    :ivar schemas: whether it has schemas.
    """

    handles: Callable[[str], bool]
    store: str
    extra: str
    schemas: bool = False


#: The first kind that handles what ``--into`` names is used.
KINDS = (
    Kind(is_folder, "source_pypi.destinations.parquet.store:ParquetStore", "duckdb"),
    Kind(is_database, "source_pypi.destinations.sql.store:SqlStore", "dlt", schemas=True),
    Kind(lambda into: True, "source_pypi.destinations.duckdb.store:DuckdbStore", "duckdb", schemas=True),
)


def open_destination(
    into: str,
    streams: Sequence[Stream],
    requested: Sequence[Requested] = (),
    *,
    unnamed: Sequence[Unnamed] = (),
    root: str,
    schema: str | None = None,
    keep_history: bool = False,
    replace_index: bool = False,
    now: Callable[[], float] = time.time,
    kinds: Sequence[Kind] = KINDS,
) -> "Loader":
    """The loader into what ``--into`` names, as a context manager.

    :param requested: the requirements that select projects.
    :param unnamed: what files may request without a name.
    :param root: the index's URL.
    :param schema: the schema of the tables; None: ``main`` in DuckDB, elsewhere ``pypi_data``, or what dlt's
        configuration names.
    :param replace_index: if it holds rows of another index, delete them once this index has answered.
    :param now: the time, in seconds since 1970.
    :raises ExtraMissingError: when the extra that it needs is not installed.
    :raises SettingError: when it names no destination, or the destination cannot have such a schema.
    :raises DestinationError: when it names a file that is not a DuckDB file.
    """
    store = store_of(into, schema, kinds)
    from source_pypi.destinations.loader import Loader

    return Loader(
        store,
        streams,
        requested,
        unnamed=unnamed,
        root=root,
        keep_history=keep_history,
        replace_index=replace_index,
        now=now,
    )


def store_of(into: str, schema: str | None = None, kinds: Sequence[Kind] = KINDS) -> "Store":
    """The store that ``--into`` names; it is not open.

    :raises ExtraMissingError, SettingError, DestinationError: as of ``open_destination``.
    """
    kind = _kind_of(into, schema, kinds)
    module, _, name = kind.store.partition(":")
    try:
        store: Store = getattr(import_module(module), name)(into, *([] if schema is None else [schema]))
    except ModuleNotFoundError as error:
        raise ExtraMissingError(kind.extra, f"--into {without_query(into)}") from error
    return store


def _kind_of(into: str, schema: str | None, kinds: Sequence[Kind]) -> Kind:
    """The kind of store that ``--into`` names; one that is not in ``KINDS`` decides by itself what it handles.

    :raises SettingError: when there is none, or it cannot have such a schema.
    """
    kind = next((kind for kind in kinds if kind not in KINDS and kind.handles(into)), None)
    if kind is None:
        check_destination(into)
        kind = next(kind for kind in kinds if kind.handles(into))
    if schema is not None:
        check_schema(into, schema)
        if not kind.schemas:
            raise SettingError("", f"--schema {schema!r}: {without_query(into)} has no schemas")
    return kind
