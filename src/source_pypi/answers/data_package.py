"""``datapackage.json``: which tables a folder of Parquet has, with columns, keys, sizes and digests, for programs.

It follows the Data Package standard, version 2 (datapackage.org).
"""

import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from source_pypi.answers.database import Column, Database, Relation
from source_pypi.safety.files import replacing
from source_pypi.safety.redaction import without_credentials
from source_pypi.streams import STREAMS

NAME = "datapackage.json"
_PROFILES = "https://datapackage.org/profiles/2.0/"
#: Types of the standard, by types of DuckDB.
_TYPES = {"VARCHAR": "string", "BOOLEAN": "boolean", "DOUBLE": "number", "FLOAT": "number", "JSON": "object"} | {
    "DATE": "date",
    "TIMESTAMP": "datetime",
    "TIMESTAMP WITH TIME ZONE": "datetime",
}
_INTEGER = re.compile(r"U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?")
_OBJECT = re.compile(r"(?:STRUCT|MAP)\(.*\)", re.DOTALL)
_BLOCK = 1024 * 1024


def write_data_package(database: Database, folder: Path, written: Mapping[str, tuple[str, int]], at: datetime) -> None:
    """Write the description of the files of an export into their folder.

    :param written: the name of the file and the number of rows, by table or view.
    :param at: when they were exported (UTC).
    """
    sources = [{"title": "package index", "path": url} for url in _indexes(database)]
    package = {
        "$schema": f"{_PROFILES}datapackage.json",
        "name": "source-pypi",
        "created": at.isoformat(timespec="seconds"),
        **({"sources": sources} if sources else {}),
        "resources": [
            _resource(database.relations[table], folder / file, rows) for table, (file, rows) in written.items()
        ],
    }
    with replacing(folder / NAME) as made:
        made.write_bytes(msgspec.json.format(msgspec.json.encode(package), indent=2) + b"\n")


def _indexes(database: Database) -> list[str]:
    """The index of which the database has rows; empty: it does not say."""
    if "_run" not in database.relations:
        return []
    found = database.run('SELECT "index" FROM _run')
    return [without_credentials(str(url)) for (url,) in found if url]


def _resource(relation: Relation, path: Path, rows: int) -> dict[str, Any]:
    keys = {stream.name: stream.key for stream in STREAMS}
    key = keys.get(relation.name)
    return {
        "name": relation.name,
        "path": path.name,
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "description": relation.comment,
        "bytes": path.stat().st_size,
        "hash": f"sha256:{_digest(path)}",
        "rows": rows,
        "schema": {
            "$schema": f"{_PROFILES}tableschema.json",
            "fields": [_field(column) for column in relation.columns],
            **({"primaryKey": list(key)} if key else {}),
        },
    }


def _field(column: Column) -> dict[str, str]:
    described = {"description": column.comment} if column.comment else {}
    return {"name": column.name, "type": _type(column.type), **described}


def _type(duckdb: str) -> str:
    """The type of the standard for a type of DuckDB; ``any``: it has none."""
    if duckdb.endswith("]"):
        return "array"
    if _OBJECT.fullmatch(duckdb):
        return "object"
    return "integer" if _INTEGER.fullmatch(duckdb) else _TYPES.get(duckdb, "any")


def _digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
