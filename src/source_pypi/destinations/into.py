"""Whether ``--into`` names a destination: everything that does not clearly name one is refused before it is opened."""

import os
import re
from pathlib import Path

from source_pypi.destinations.address import (
    BUCKETS,
    NAMES,
    PREFIX,
    STAGING,
    is_database,
    is_folder,
    scheme_of,
    without_query,
)
from source_pypi.destinations.parquet.contents import folder_path, foreign_entries, foreign_reason
from source_pypi.errors import DestinationError, SettingError

#: What may come before the path of a DuckDB file, whatever its name.
DUCKDB = "duckdb:"
#: How the name of a new DuckDB file ends, unless ``duckdb:`` comes before it.
ENDINGS = (".duckdb", ".ddb", ".db")
FORMS = (
    "valid are: a DuckDB file (pypi.duckdb, or duckdb:PATH), a folder or bucket of Parquet files (warehouse/, "
    "s3://bucket/folder), a database (postgresql://user@host/database, sqlite:///pypi.db), the name of a dlt "
    f"destination ({', '.join(sorted(NAMES))}, or dlt:NAME)"
)
#: Databases that SQLAlchemy reads without a further package, and PostgreSQL, which dlt reads.
_DATABASES = frozenset({"mariadb", "mssql", "mysql", "oracle", "postgres", "postgresql", "sqlite"})
#: The name of a schema that dlt can address: it does not quote other characters everywhere.
_SCHEMA = re.compile(r"[\w-]+")
#: Schemas that are not the user's.
_OF_DATABASES = frozenset({"information_schema", "pg_catalog"})
#: The longest name of a file or folder in bytes; DuckDB adds ``.wal`` to that of its file, SQLite ``-journal``.
_LONGEST = 255
#: What a message may quote: no credentials, no options.
_HARMLESS = re.compile(r"[^:@?=&;]*")
_SHOWN = 80
_PASSWORD = re.compile(r"..:[^@]*@")
_BEFORE_COLON = re.compile(r"([A-Za-z][A-Za-z0-9_+.-]+):")


def check_destination(into: str) -> None:
    """Raise an error if ``--into`` does not clearly name a destination. Nothing is created or changed.

    :raises SettingError: for a text that names none, or for a new DuckDB file without one of ``ENDINGS``.
    :raises DestinationError: for an existing file that is not a DuckDB file.
    """
    try:
        _check_lengths(into)
        if into.strip() and is_folder(into):
            _check_folder(into)
            return
        if is_database(into):
            _check_database(into)
        else:
            _check_file(into)
    except OSError as error:
        raise DestinationError(_quoted(into), (error.strerror or "it cannot be read").lower()) from error


def check_schema(into: str, schema: str) -> None:
    """Raise an error if ``--schema`` cannot name a schema of what ``--into`` names.

    :raises SettingError: for a destination without schemas, or a name that it cannot take.
    """
    if is_folder(into):
        raise _invalid_schema(schema, "a folder of Parquet has no schemas; name another folder with --into")
    if scheme_of(into).partition("+")[0] == "sqlite":
        raise _invalid_schema(schema, "SQLite has no schemas; name another file with --into")
    if not schema or not schema.isprintable() or schema != schema.strip():
        raise _invalid_schema(
            schema, "a name has at least one character, no control characters, and no space at either end"
        )
    if schema.lower() in _OF_DATABASES:
        raise _invalid_schema(schema, "databases keep this schema for themselves; give another name")
    if is_database(into) and schema.lower().endswith(STAGING):
        raise _invalid_schema(
            schema, f"schemas whose names end in {STAGING} hold rows in the making; give another name"
        )
    if is_database(into) and not _SCHEMA.fullmatch(schema):
        raise _invalid_schema(schema, "only letters, digits, _ and - are allowed in this destination")


def with_schema(into: str, schema: str | None) -> str:
    """What messages call a schema of a destination, without the options of a URL; None: the default schema."""
    shown = into.partition("?")[0] if "://" in into else into
    return shown if schema is None else f"{shown}, schema {_cut(schema)}"


def duckdb_path(into: str) -> Path:
    """The path of the DuckDB file that ``--into`` names."""
    return Path(into.removeprefix(DUCKDB))


def local_path(into: str) -> str | None:
    """The path of the DuckDB file or folder that ``--into`` names, which ``query`` reads; None: it is of another kind.

    A folder that is named by a URL (``file://``) counts as another kind.
    """
    if is_folder(into):
        return None if scheme_of(into) else into
    return None if is_database(into) else str(duckdb_path(into))


def _check_database(into: str) -> None:
    """The scheme must be that of a database; the name of a dlt destination must not be empty."""
    from importlib.metadata import entry_points

    if into.startswith(PREFIX):
        if not into.removeprefix(PREFIX).strip():
            raise _invalid(into)
        return
    if into in NAMES:
        return
    name = scheme_of(into).partition("+")[0]
    if name in _DATABASES:
        return
    if name not in {one.name.partition(".")[0] for one in entry_points(group="sqlalchemy.dialects")}:
        raise _invalid(into)


def _check_lengths(into: str) -> None:
    """A file system refuses names that are too long, and libraries do not say why."""
    scheme = scheme_of(into).partition("+")[0]
    if scheme not in ("", "file", "sqlite"):
        return
    path = Path(into.partition("?")[0].partition("://")[2]) if scheme else duckdb_path(into)
    longest = max((len(os.fsencode(part)) for part in path.parts), default=0)
    added = ""
    if longest <= _LONGEST and scheme != "file" and not into.endswith(("/", "\\")) and not path.is_dir():
        longest, added = len(os.fsencode(path.name)), "-journal" if scheme else ".wal"
    if longest + len(added) > _LONGEST:
        reason = f"the name of a file or folder in it is longer than {_LONGEST - len(added)} bytes; give a shorter one"
        raise DestinationError(_quoted(into), reason)


def _check_folder(into: str) -> None:
    """An existing folder on this machine must be empty or hold our tables; a new one must not look like a DuckDB file.

    :raises SettingError: for a new folder whose name ends like that of a DuckDB file.
    :raises DestinationError: for a folder that holds anything else.
    """
    if scheme_of(into) not in ("", "file"):
        return
    path = folder_path(into)
    if not path.exists() and path.name.lower().endswith(ENDINGS):
        reason = (
            f"ends with {path.suffix} and a slash; leave out the slash for a DuckDB file, or name the folder otherwise"
        )
        raise SettingError("", f"--into {_quoted(into)} {reason}")
    if path.is_dir() and (foreign := foreign_entries(entry.name for entry in path.iterdir())):
        raise DestinationError(_quoted(into), foreign_reason(foreign))


def _check_file(into: str) -> None:
    """An existing file must be a DuckDB file; a new one must be recognisable as such."""
    path = duckdb_path(into)
    if not into.removeprefix(DUCKDB).strip() or path.is_dir():
        raise _invalid(into)
    if path.exists():
        _check_contents(into, path)
        return
    prefix = _BEFORE_COLON.match(into)
    password = _PASSWORD.search(into)
    if not into.startswith(DUCKDB) and (prefix or password or not path.name.lower().endswith(ENDINGS)):
        raise _invalid(into)


def _check_contents(into: str, path: Path) -> None:
    """Compare the first bytes: DuckDB opens some other files as a database in memory, and would lose what is loaded."""
    head = b""
    if path.is_file():
        with path.open("rb") as file:
            head = file.read(16)
        if not head and path.name.lower().endswith(ENDINGS):
            raise DestinationError(_quoted(into), "it is an empty file; delete it, or name another file with --into")
    if head.startswith(b"SQLite format 3\0"):
        raise DestinationError(_quoted(into), f"it is a SQLite file; write sqlite:///{path}")
    if head[8:12] != b"DUCK":
        raise DestinationError(_quoted(into), "it is no DuckDB file; name another file with --into")


def _invalid(into: str) -> SettingError:
    return SettingError("", f"--into {_quoted(into)} names no destination; {FORMS}")


def _quoted(into: str) -> str:
    """What a message shows: of an address, nothing that may be secret; of ``md:NAME?token``, only ``md:...``."""
    if scheme := scheme_of(into):
        return _cut(without_query(into)) if scheme in BUCKETS else f"{scheme}://..."
    if not into.startswith(DUCKDB) and (prefix := _BEFORE_COLON.match(into)):
        return f"{prefix[1]}:..."
    text = into.removeprefix(DUCKDB)
    if not into or not _HARMLESS.fullmatch(text):
        return "..." if into else '""'
    return _cut(into)


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _invalid_schema(schema: str, reason: str) -> SettingError:
    return SettingError("", f"--schema {_cut(schema)!r}: {reason}")
