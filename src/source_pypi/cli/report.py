"""``report``: one HTML page of a loaded database."""

from pathlib import Path

import click

from source_pypi.cli.console import one_line_errors, print_note
from source_pypi.cli.query import needs_duckdb


@click.command()
@click.argument("database", default="pypi.duckdb", metavar="[FILE]")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default="report.html",
    show_default=True,
    metavar="FILE",
    help="Where to write the page.",
)
@click.option("--project", metavar="NAME", help="Report one project instead of the requirements.")
@click.option("--schema", metavar="NAME", help="The schema of the tables.  [default: main]")
@click.option("--open", "open_page", is_flag=True, help="Open the page in the browser.")
def report(*, database: str, output: Path, project: str | None, schema: str | None, open_page: bool) -> None:
    """Write one HTML page of a file that sync loaded.

    FILE is a DuckDB file, by default pypi.duckdb, or a folder of Parquet. The page shows up to 300 requirements one by
    one; more, or a whole index, as aggregates. It contains all that it shows, makes no requests, and can be read
    without a network.
    """
    with one_line_errors(), needs_duckdb():
        make_report(database, output, project=project, schema=schema)
    if open_page:
        import webbrowser

        webbrowser.open(output.absolute().as_uri())


def make_report(database: str, output: Path, *, project: str | None = None, schema: str | None = None) -> None:
    """Write the report of a database and print where it is.

    :raises QueryError: when the database cannot be read.
    :raises DestinationError: when the page cannot be written.
    """
    from source_pypi.errors import DestinationError
    from source_pypi.report import write_report

    try:
        written = write_report(database, output, project=project, schema=schema)
    except OSError as error:
        raise DestinationError(str(output), (error.strerror or "it cannot be written").lower()) from error
    click.echo(f"{written.path}: {written.page}, {written.size / 1000:,.0f} kB")
    if written.missing:
        print_note(f"without {', '.join(written.missing)}; the page says which streams they need")


def check_report(into: str) -> None:
    """Refuse ``sync --report`` where the destination is no DuckDB file or local folder.

    :raises SettingError: when it is a bucket or a database.
    """
    from source_pypi.destinations.into import local_path
    from source_pypi.errors import SettingError

    if local_path(into) is None:
        raise SettingError("", "--report needs a DuckDB file or a folder, such as --into pypi.duckdb")
