"""What ``--into`` names, where it is no DuckDB file: a database, a folder or bucket, or a destination of dlt's."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, quote, unquote, urlsplit, urlunsplit

from source_pypi.errors import DestinationError
from source_pypi.safety.redaction import without_credentials

#: dlt's destinations that have tables and SQL, by the names that need no ``dlt:`` before them. A DuckDB file has its
#: own front.
NAMES = frozenset({
    "athena", "bigquery", "clickhouse", "databricks", "dremio", "fabric", "motherduck", "mssql", "postgres", "redshift",
    "snowflake", "synapse",
})  # fmt: skip
#: What comes before the name of any destination of dlt's, also of one that the user configured.
PREFIX = "dlt:"
#: Schemes of addresses that are folders.
BUCKETS = frozenset({"abfs", "abfss", "adl", "az", "file", "gcs", "gs", "memory", "oci", "r2", "s3", "s3a", "sftp"})
#: Where the tables are, unless dlt's configuration says it (``dataset_name``). Not ``pypi``: DuckDB cannot tell a
#: schema from a database of the same name (runtime.md 1.6).
DATASET = "pypi_data"
#: Letters of an option's value from which on it is taken for a secret: shorter ones are switches.
SHORTEST = 8
_PASSWORD = re.compile(r"[^:]+://[^:@/]*:(.*)@")
#: One letter is no scheme, but a drive (C://data).
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DestinationAddress:
    """Where rows go.

    :ivar kind: ``folder``: of Parquet files; ``postgres``, ``sqlalchemy``: a database by its address; ``name``: a
        destination that dlt's configuration describes.
    :ivar address: the folder, the database's address, or the name.
    :ivar shown: the same without credentials, for messages.
    :ivar secrets: what must not be in a message.
    """

    kind: Literal["folder", "postgres", "sqlalchemy", "name"]
    address: str = field(repr=False)
    shown: str
    secrets: tuple[str, ...] = field(default=(), repr=False)


def handles(into: str) -> bool:
    """Whether ``--into`` names something for this front; everything else is a DuckDB file."""
    return bool(
        _SCHEME.match(into)
        or into.startswith(PREFIX)
        or into in NAMES
        or into.endswith(("/", "\\"))
        or Path(into).is_dir()
    )


def parse_address(into: str) -> DestinationAddress:
    """What ``--into`` names, of all that ``takes`` takes.

    :raises DestinationError: when it is an address that cannot be read.
    """
    if into in NAMES or into.startswith(PREFIX):
        return DestinationAddress("name", into.removeprefix(PREFIX), without_credentials(into), _secrets(into))
    found = _SCHEME.match(into)
    scheme = found[1].lower() if found else "file"
    shown = without_credentials(into)
    try:
        parts = urlsplit(into)
    except ValueError:  # which may quote a part of the password
        raise DestinationError(_without_query(shown), "it is no address") from None
    if scheme in BUCKETS:
        if scheme != "sftp" and _PASSWORD.match(into):  # it would be taken for a part of the bucket's name, and logged
            raise DestinationError(
                _without_query(shown), "a bucket's address has no password; its library's settings do"
            )
        return DestinationAddress("folder", into, _without_query(shown), _secrets(into))
    kind: Literal["postgres", "sqlalchemy"] = "sqlalchemy"
    if scheme in ("postgres", "postgresql", "postgresql+psycopg2"):
        kind, into = "postgres", urlunsplit(parts._replace(scheme="postgresql"))
    return DestinationAddress(kind, into, _without_query(shown), _secrets(into))


def _secrets(address: str) -> tuple[str, ...]:
    """The password in an address and the values of its options, as they are written there and as they are meant."""
    found = _PASSWORD.match(address)
    options = [value for _, value in parse_qsl(address.partition("?")[2]) if len(value) >= SHORTEST]
    written = [*([found[1]] if found else []), *options]
    return tuple({form for one in written for form in (one, unquote(one), quote(one, safe=""))} - {""})


def _without_query(shown: str) -> str:
    """The address without its options, of which any may be a secret."""
    return shown.partition("?")[0]
