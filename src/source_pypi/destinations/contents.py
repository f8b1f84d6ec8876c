"""What a destination contains: what a run needs to know to refresh it.

Nothing is created: a file, folder or schema that does not exist is an error.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from packaging.utils import canonicalize_name

from source_pypi.destinations import store_of
from source_pypi.destinations.address import is_database, is_folder, scheme_of
from source_pypi.destinations.error_messages import destination_errors
from source_pypi.destinations.into import duckdb_path, with_schema
from source_pypi.destinations.pins import OR
from source_pypi.destinations.store import Store
from source_pypi.destinations.tables import OLD_SELECTION, PINS, STATE, UNNAMED, known_tables
from source_pypi.errors import SettingError
from source_pypi.selection import Requested
from source_pypi.selection.names import BY_COMMAND, NamedIndex, Origin, Unnamed
from source_pypi.streams import NAMES

_ADVICE = "give names (flask requests) or a file (-r requirements.txt), or refresh another destination (--into)"
#: How the names of what requires a project begin where no file does: the command line, and settings.
_NO_FILES = (BY_COMMAND, "setting ")


class Contents(Struct, frozen=True):
    """What a destination contains.

    :ivar index: the URL of the index whose rows it holds, without credentials; empty: all rows are of other services.
    :ivar streams: the names of the streams that have a table.
    :ivar requested: the requirements of the last run, as ``pins`` has them.
    :ivar unnamed: what files might have requested without a name in the last run.
    :ivar projects: all projects that were read and that the index had, by their normalised names.
    :ivar missing: the projects that were requested and that the index did not have.
    """

    index: str
    streams: tuple[str, ...]
    requested: tuple[Requested, ...]
    unnamed: tuple[Unnamed, ...]
    projects: tuple[str, ...]
    missing: frozenset[str] = frozenset()


def read_contents(into: str, schema: str | None = None) -> Contents:
    """Return what the destination that ``--into`` names contains.

    :raises SettingError: when it does not exist, or holds nothing that this package loaded.
    :raises ExtraMissingError, DestinationError: as of ``open_destination``, and when it cannot be read.
    """
    name = with_schema(into, schema)
    with destination_errors(name):
        exists = _exists(into)
    if not exists:
        raise SettingError("", f"no projects named, and {name} does not exist: {_ADVICE}")
    store, contents = store_of(into, schema), None
    with destination_errors(store.name, store.secrets):
        if _has_schema(into, schema):
            try:
                store.open()
                contents = _contents(store)
            finally:
                store.close()
    if contents is None:
        raise SettingError("", f"no projects named, and {name} holds nothing that source-pypi loaded: {_ADVICE}")
    return contents


def _contents(store: Store) -> Contents | None:
    """The contents of an open store; None: this package has loaded nothing."""
    last = store.last_run()
    if last is None:
        return None
    made = store.existing([STATE, PINS, UNNAMED], last.tables)
    pins = store.rows_of(PINS, PINS.names()) if made.get(PINS.name) else ()
    streams = store.existing(known_tables(NAMES, histories=False), last.tables)
    states = list(store.rows_of(STATE, ("project", "absent"))) if made.get(STATE.name) else []
    if not last.index and not states:
        return None
    rows = [dict(zip(PINS.names(), row, strict=True)) for row in pins]
    requested = tuple(_requested(row) for row in sorted(rows, key=lambda row: int(row["position"])))
    return Contents(
        last.index,
        tuple(name for name in NAMES if streams.get(name)),
        requested if PINS.name in made else _older_selection(store, last.tables),
        _unnamed(store) if made.get(UNNAMED.name) else (),
        tuple(sorted(project for project, absent in states if project and not absent)),
        frozenset(project for project, absent in states if project and absent),
    )


def _unnamed(store: Store) -> tuple[Unnamed, ...]:
    rows = sorted(store.rows_of(UNNAMED, UNNAMED.names()), key=lambda row: int(row[0]))
    return tuple(Unnamed(str(text), str(why)) for _, text, why in rows)


def _older_selection(store: Store, recorded: Sequence[str]) -> tuple[Requested, ...]:
    """The projects and pins of a destination that 0.4.0 wrote; it kept nothing else of what was required."""
    if OLD_SELECTION.name not in store.existing([OLD_SELECTION], recorded):
        return ()
    rows = store.rows_of(OLD_SELECTION, ["project", "pin"])
    return tuple(Requested(canonicalize_name(str(project)), pin, named_by=BY_COMMAND) for project, pin in rows)


def _requested(row: Mapping[str, Any]) -> Requested:
    """The requirement that a row of ``pins`` was made from."""
    named_by, pin, specifier = str(row["file"]), row["pinned_version"], row["specifier"]
    origin = None
    if not named_by.startswith(_NO_FILES):
        line = None if row["line"] is None else int(row["line"])
        titles = str(row["named_index"]).split(OR) if row["named_index"] else []
        origin = Origin(named_by, line, specifier, row["marker"], tuple(NamedIndex(one, one) for one in titles))
    return Requested(
        canonicalize_name(str(row["project"])),
        pin,
        frozenset(map(canonicalize_name, _texts(row["extras"]))),
        origin,
        "" if pin is not None or specifier is None else str(specifier),
        named_by=named_by,
        not_read=row["not_read"],
    )


def _texts(value: str | Sequence[str] | None) -> Iterable[str]:
    """A list of texts, which some databases store as JSON."""
    return json.loads(value) if isinstance(value, str) else value or ()


def _exists(into: str) -> bool:
    """Whether what ``--into`` names exists, as far as a path shows it; True for what is reached by a network."""
    scheme = scheme_of(into)
    if is_folder(into):
        return Path(into.removeprefix("file://")).is_dir() if scheme in ("", "file") else True
    if is_database(into):
        path = into.partition("?")[0].partition(":///")[2]
        return not scheme.startswith("sqlite") or not path or Path(path).exists()
    return duckdb_path(into).exists()


def _has_schema(into: str, schema: str | None) -> bool:
    """Whether a DuckDB file has a schema; True for other destinations, and without a schema."""
    if schema is None or is_folder(into) or is_database(into):
        return True
    import duckdb

    query = "SELECT count(*) FROM duckdb_schemas() WHERE database_name = current_database() AND lower(schema_name) = ?"
    with duckdb.connect(str(duckdb_path(into)), read_only=True) as connection:
        ((count,),) = connection.execute(query, [schema.lower()]).fetchall()
    return bool(count)
