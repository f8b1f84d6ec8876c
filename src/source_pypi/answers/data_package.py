"""``datapackage.json``: which tables a folder of Parquet has, with columns, keys, sizes and digests, for programs.

It follows the Data Package standard, version 2 (datapackage.org).
"""

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from source_pypi.answers.database import OURS, Column, Database, Relation
from source_pypi.errors import QueryError
from source_pypi.safety.files import is_file, replacing
from source_pypi.safety.redaction import without_credentials
from source_pypi.schema import stream_schema
from source_pypi.standards.index_urls import is_on_disk
from source_pypi.streams import STREAMS

NAME = "datapackage.json"
_PROFILES = "https://datapackage.org/profiles/2.0/"
#: Types of the standard, by types of DuckDB.
_TYPES = {
    "VARCHAR": "string",
    "BOOLEAN": "boolean",
    "DOUBLE": "number",
    "FLOAT": "number",
    "DATE": "date",
    "TIMESTAMP": "datetime",
    "TIMESTAMP WITH TIME ZONE": "datetime",
}
_INTEGER = re.compile(r"U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?")
_OBJECT = re.compile(r"(?:STRUCT|MAP)\(.*\)", re.DOTALL)
_BLOCK = 1024 * 1024
#: The name of the package: a description with another one is not ours.
_PACKAGE = "source-pypi"


class _Listed(Struct):
    path: str


class _Package(Struct):
    name: str
    resources: list[_Listed]


def write_data_package(database: Database, folder: Path, written: Mapping[str, tuple[str, int]], at: datetime) -> None:
    """Write the description of the files of an export into their folder.

    :param written: the name of the file and the number of rows, by table or view.
    :param at: when they were exported (UTC).
    :raises QueryError: when it cannot be written.
    """
    sources = [{"title": "package index"} | ({} if is_on_disk(url) else {"path": url}) for url in _indexes(database)]
    package = {
        "$schema": f"{_PROFILES}datapackage.json",
        "name": _PACKAGE,
        "created": at.isoformat(timespec="seconds"),
        **({"sources": sources} if sources else {}),
        "resources": [
            _resource(database.relations[table], folder / file, rows) for table, (file, rows) in written.items()
        ],
    }
    _write(folder / NAME, msgspec.json.format(msgspec.json.encode(package), indent=2) + b"\n")


def delete_data_package(folder: Path, files: Collection[str]) -> list[str]:
    """Delete what describes an earlier export into a folder if that had one of these files, which are about to change.

    A file of that name that is not of this package stays.

    :return: the names of all files of that export; empty: nothing was deleted.
    :raises QueryError: when it cannot be deleted.
    """
    path = folder / NAME
    if not is_file(path):
        return []
    try:
        package = msgspec.json.decode(path.read_bytes(), type=_Package)
    except (OSError, msgspec.DecodeError):
        return []
    listed = [one.path for one in package.resources]
    if package.name != _PACKAGE or set(files).isdisjoint(listed):
        return []
    try:
        path.unlink()
    except OSError as error:
        raise QueryError(f"{path} cannot be written: {error.strerror}") from error
    return listed


def _write(path: Path, content: bytes) -> None:
    try:
        with replacing(path) as made:
            made.write_bytes(content)
    except OSError as error:
        raise QueryError(f"{path} cannot be written: {error.strerror}") from error


def _indexes(database: Database) -> list[str]:
    """The index of which the database has rows; empty: it does not say."""
    if "_run" not in database.relations:
        return []
    found = database.run('SELECT "index" FROM _run')
    return [without_credentials(str(url)) for (url,) in found if url]


def _resource(relation: Relation, path: Path, rows: int) -> dict[str, Any]:
    keys = {stream.name: stream.key for stream in STREAMS}
    key, json_types = keys.get(relation.name), _json_types(relation)
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
            "fields": [_field(column, json_types) for column in relation.columns],
            **({"primaryKey": list(key)} if key else {}),
        },
    }


def _field(column: Column, json_types: Mapping[str, str]) -> dict[str, str]:
    described = {"description": column.comment} if column.comment else {}
    type_ = json_types.get(column.name, "any") if column.type == "JSON" else _type(column.type)
    return {"name": column.name, "type": type_, **described}


def _json_types(relation: Relation) -> dict[str, str]:
    """The types of those columns of a table of ours, by name, that are JSON: arrays, objects, or ``any``: both.

    Those of other tables of ours than the streams' and their histories are objects.
    """
    streams = {name: stream for stream in STREAMS for name in (stream.name, f"{stream.name}_history")}
    if (stream := streams.get(relation.name)) is None:
        return {column.name: "object" for column in relation.columns} if relation.comment.startswith(OURS) else {}
    found: dict[str, str] = {}
    for name, field in stream_schema(stream)["properties"].items():
        types = {field["type"]} if isinstance(field["type"], str) else {*field["type"]} - {"null"}
        found[name] = types.pop() if len(types) == 1 else "any"
    return found


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
