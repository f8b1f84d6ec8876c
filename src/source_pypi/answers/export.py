"""Tables and views as files: Parquet, CSV or newline-delimited JSON, written by DuckDB row group by row group."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from source_pypi.answers.database import Database, Relation, quoted, sql_errors, text
from source_pypi.errors import QueryError
from source_pypi.safety.duckdb_messages import NO_SPACE
from source_pypi.safety.files import work_folder
from source_pypi.safety.spreadsheet import FORMULA_STARTS, without_formula

#: The options of DuckDB's COPY for each format. Names of files end in the format.
FORMATS = {
    "parquet": "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 50000",
    "csv": "FORMAT csv, HEADER true",
    "ndjson": "FORMAT json, ARRAY false",
}
_NESTED = re.compile(r".*\]|(?:STRUCT|MAP|UNION)\(.*", re.DOTALL)
#: Names that stand for devices on Windows, whatever their ending.
_DEVICE = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)")


def file_name(table: str, form: str) -> str:
    """The name of a table's file: its own with all but letters, digits, ``_`` and ``-`` percent-encoded."""
    name = quote(table, safe="").replace(".", "%2E").replace("~", "%7E")
    return f"{'%' + format(ord(name[0]), '02X') + name[1:] if _DEVICE.fullmatch(name) else name}.{form}"


def export(
    database: Database, tables: list[str], folder: Path, form: str, *, for_spreadsheet: bool = False
) -> Iterator[tuple[str, int | QueryError]]:
    """Write tables and views, each to a file that replaces the old one once it is complete.

    :param folder: an existing folder, to which the database may write.
    :param form: a key of ``FORMATS``.
    :param for_spreadsheet: prefix texts that a spreadsheet would take for formulas with an apostrophe (CSV).
    :return: the name of each file, and its number of rows, or why it was not written.
    :raises QueryError: when the disk is full, or the folder cannot be written.
    """
    with work_folder(folder) as work:
        for table in tables:
            relation, name = database.relations[table], file_name(table, form)
            made = work / f"made.{form}"
            query = f"SELECT {_columns(relation, form, for_spreadsheet)} FROM {quoted(table)}"
            options = FORMATS[form] + (_metadata(relation) if form == "parquet" else "")
            statement = f"COPY ({query}) TO {text(str(made.absolute()))} ({options})"
            try:
                with sql_errors(query):
                    ((count,),) = database.run(statement)
                made.replace(folder / name)
            except OSError as error:
                yield name, QueryError(f"{folder / name} cannot be written: {error.strerror}")
            except QueryError as error:
                if NO_SPACE in str(error):
                    raise QueryError(f"{folder / name} cannot be written: {NO_SPACE}") from error
                yield name, QueryError(f"{table} cannot be read: {error}")
            else:
                yield name, int(str(count))


def _columns(relation: Relation, form: str, for_spreadsheet: bool) -> str:
    """The columns of a query for a table, as the format can hold them."""
    columns = []
    for column in relation.columns:
        name = column.name
        value = quoted(name)
        if form != "parquet" and column.type == "TIMESTAMP WITH TIME ZONE":
            value = f"replace(({value} AT TIME ZONE 'UTC')::VARCHAR, ' ', 'T') || 'Z'"
        elif form == "ndjson" and column.type in ("DOUBLE", "FLOAT"):
            value = f"CASE WHEN isfinite({value}) THEN {value} END"  # JSON has no other numbers
        elif form == "csv" and _NESTED.fullmatch(column.type):
            value = f"to_json({value})::VARCHAR"
        elif for_spreadsheet and column.type in ("VARCHAR", "JSON"):
            value = _as_text(f"{value}::VARCHAR")
        shown = without_formula(name) if for_spreadsheet else name
        columns.append(f"{value} AS {quoted(shown)}")
    return ", ".join(columns)


def _as_text(value: str) -> str:
    """What ``without_formula`` returns, as an expression in SQL."""
    starts = ", ".join(f"chr({ord(start)})" for start in FORMULA_STARTS)
    return f"CASE WHEN left(ltrim({value}, ' '), 1) IN ({starts}) THEN '''' || {value} ELSE {value} END"


def _metadata(relation: Relation) -> str:
    """The comments on the table and its columns, as ``sync`` writes them into Parquet."""
    comments = json.dumps({column.name: column.comment for column in relation.columns})
    return f", KV_METADATA {{description: {text(relation.comment)}, columns: {text(comments)}}}"


def check_writable(folder: Path) -> None:
    """Make a folder if it does not exist.

    :raises QueryError: when it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with work_folder(folder):
            pass
    except OSError as error:
        raise QueryError(f"{folder} cannot be written: {error.strerror}") from error
