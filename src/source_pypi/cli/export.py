"""``export``: tables and views as files."""

import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from source_pypi.cli.console import one_line_errors, print_error, print_note
from source_pypi.cli.query import needs_duckdb
from source_pypi.cli.signals import QUERY_SHUTDOWN_SECONDS, exit_on_signal, interrupt
from source_pypi.errors import QueryError
from source_pypi.safety.printable import printable
from source_pypi.safety.wording import counted, some_of

if TYPE_CHECKING:
    from source_pypi.answers.database import Database


@click.command()
@click.argument("tables", nargs=-1, metavar="TABLE...")
@click.option(
    "--all",
    "every",
    is_flag=True,
    help="Export all tables and views; as Parquet, with a datapackage.json that describes the files.",
)
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="FOLDER",
    help="The folder for the files, one for each table; it is created if it does not exist.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["parquet", "csv", "ndjson"]),
    default="parquet",
    show_default=True,
    help="The format of the files.",
)
@click.option(
    "--from",
    "source",
    metavar="PATH",
    default="pypi.duckdb",
    show_default=True,
    help="The DuckDB file, or the folder of Parquet, that sync loaded.",
)
@click.option("--schema", metavar="NAME", help="The schema of the tables in a DuckDB file.  [default: main]")
@click.option(
    "--for-spreadsheet",
    is_flag=True,
    help="Prefix texts that a spreadsheet would take for formulas with an apostrophe. Only with --format csv.",
)
def export(
    tables: tuple[str, ...],
    *,
    every: bool,
    folder: Path,
    form: str,
    source: str,
    schema: str | None,
    for_spreadsheet: bool,
) -> None:
    """Write tables and views of a loaded database to files.

    Existing files of the same names are replaced, each once its new content is complete.

    \b
    source-pypi export files versions --to files/ --format csv
    source-pypi export --all --to warehouse/
    """  # noqa: D301 - \b is click's
    if every == bool(tables):
        raise click.UsageError("name the tables and views to export, or give --all")
    if for_spreadsheet and form != "csv":
        raise click.UsageError("--for-spreadsheet needs --format csv")
    signal.signal(signal.SIGTERM, interrupt)
    exit_on_signal("interrupted", seconds=QUERY_SHUTDOWN_SECONDS)
    with one_line_errors(), needs_duckdb():
        _export(tables, folder, form, source, schema, for_spreadsheet=for_spreadsheet)


def _export(
    tables: tuple[str, ...], folder: Path, form: str, source: str, schema: str | None, *, for_spreadsheet: bool
) -> None:
    from source_pypi.answers.data_package import NAME, delete_data_package, write_data_package
    from source_pypi.answers.database import open_database
    from source_pypi.answers.export import check_writable, export, file_name

    with open_database(source, schema, write_to=folder) as database:
        chosen = _chosen(database, tables)
        check_writable(folder)
        before = delete_data_package(folder, [file_name(table, form) for table in chosen])
        failed, written = 0, dict[str, tuple[str, int]]()
        exported = export(database, chosen, folder, form, for_spreadsheet=for_spreadsheet)
        for table, (name, count) in zip(chosen, exported, strict=True):
            if isinstance(count, QueryError):
                print_error(str(count))
                failed += 1
                continue
            written[table] = name, count
            click.echo(f"{printable(str(folder / name))}: {counted(count, 'row')}")
        if not tables and form == "parquet":
            write_data_package(database, folder, written, datetime.now(UTC))
            click.echo(f"{printable(str(folder / NAME))}: {counted(len(written), 'table')}")
            _note_others(folder, sorted({*before} - {name for name, _ in written.values()}))
        elif before:
            print_note(f"{folder / NAME} described the files before, and was deleted; export --all writes it")
        if failed:
            sys.exit(1)


def _chosen(database: "Database", tables: tuple[str, ...]) -> list[str]:
    """The tables and views to export: those that are named, or all.

    :raises QueryError: when there is no such table or view.
    """
    from source_pypi.safety.wording import similar_names

    public = [name for name in database.relations if not name.startswith("_")]
    for name in tables:
        if name not in database.relations:
            similar = similar_names(name, public)
            meant = f" (did you mean {', '.join(similar)}?)" if similar else f" (there are {', '.join(public)})"
            raise QueryError(f"{database.source} has no table or view {name}{meant}")
    return list(dict.fromkeys(tables)) or public


def _note_others(folder: Path, names: list[str]) -> None:
    """Print a note about files of an earlier export that this one has not written."""
    if others := [name for name in names if (folder / name).exists()]:
        print_note(f"{folder} still has {counted(len(others), 'file')} of an earlier export: {some_of(others)}")
