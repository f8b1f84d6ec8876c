"""What ``--into`` names: a folder or bucket, a database, a dlt destination, or (everything else) a DuckDB file."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, quote, unquote, urlsplit, urlunsplit

from source_pypi.errors import DestinationError
from source_pypi.safety.redaction import without_credentials

#: dlt's destinations that have tables and SQL, by the names that need no ``dlt:`` before them.
NAMES = frozenset({
    "athena", "bigquery", "clickhouse", "databricks", "dremio", "fabric", "motherduck", "mssql", "postgres", "redshift",
    "snowflake", "synapse",
})  # fmt: skip
#: What comes before the name of any dlt destination, also of one that the user configured.
PREFIX = "dlt:"
#: Schemes of addresses that are folders.
BUCKETS = frozenset({"abfs", "abfss", "adl", "az", "file", "gcs", "gs", "memory", "oci", "r2", "s3", "s3a", "sftp"})
#: The schema of the tables, unless dlt's configuration names one (``dataset_name``). Not ``pypi``: DuckDB cannot tell a
#: schema from a database of the same name.
DATASET = "pypi_data"
#: How the name of a schema ends in which rows of another one are staged.
STAGING = "_source_pypi_staging"
#: The length from which on an option's value counts as a secret: shorter ones are switches.
SHORTEST = 8
_PASSWORD = re.compile(r"[^:]+://[^:@/]*:(.*)@")
#: One letter is no scheme, but a drive (C://data).
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DestinationAddress:
    """An address.

    :ivar kind: ``folder``: of Parquet files; ``postgres``, ``sqlalchemy``: a database by its address; ``name``: a
        destination that dlt's configuration describes.
    :ivar address: the folder, the database's address, or the name.
    :ivar shown: the same without credentials, for messages.
    :ivar secrets: what no message may contain.
    """

    kind: Literal["folder", "postgres", "sqlalchemy", "name"]
    address: str = field(repr=False)
    shown: str
    secrets: tuple[str, ...] = field(default=(), repr=False)


def is_folder(into: str) -> bool:
    """Whether ``--into`` names a folder or a bucket."""
    scheme = scheme_of(into)
    return scheme in BUCKETS if scheme else into.endswith(("/", "\\")) or Path(into).is_dir()


def is_database(into: str) -> bool:
    """Whether ``--into`` names a database, or a dlt destination."""
    return into in NAMES or into.startswith(PREFIX) or (bool(scheme_of(into)) and not is_folder(into))


def parse_address(into: str) -> DestinationAddress:
    """Return what ``--into`` names, of all that ``is_folder`` or ``is_database``.

    :raises DestinationError: when it is an address that cannot be read.
    """
    if into in NAMES or into.startswith(PREFIX):
        return DestinationAddress("name", into.removeprefix(PREFIX), without_credentials(into), _secrets(into))
    scheme, shown = scheme_of(into) or "file", without_query(into)
    try:
        parts = urlsplit(into)
    except ValueError:  # which may quote a part of the password
        raise DestinationError(shown, "it is no address") from None
    if scheme in BUCKETS:
        if scheme != "sftp" and _PASSWORD.match(into):  # it would be taken for a part of the bucket's name, and logged
            raise DestinationError(shown, "a bucket's address has no password; its library's settings do")
        return DestinationAddress("folder", into, shown, _secrets(into))
    kind: Literal["postgres", "sqlalchemy"] = "sqlalchemy"
    if scheme in ("postgres", "postgresql", "postgresql+psycopg2"):
        kind, into = "postgres", urlunsplit(parts._replace(scheme="postgresql"))
    return DestinationAddress(kind, into, shown, _secrets(into))


def without_query(into: str) -> str:
    """An address without credentials and options, of which any may be a secret."""
    return without_credentials(into).partition("?")[0]


def scheme_of(into: str) -> str:
    """The scheme of an address in lower case; empty: there is none."""
    found = _SCHEME.match(into)
    return found[1].lower() if found else ""


def _secrets(address: str) -> tuple[str, ...]:
    """The password in an address and the values of its options, quoted, unquoted, and as they were given."""
    found = _PASSWORD.match(address)
    options = [value for _, value in parse_qsl(address.partition("?")[2]) if len(value) >= SHORTEST]
    given = [*([found[1]] if found else []), *options]
    return tuple({form for one in given for form in (one, unquote(one), quote(one, safe=""))} - {""})
