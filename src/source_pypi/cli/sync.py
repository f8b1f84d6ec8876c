"""``sync``, which loads projects into a database, and ``streams``, which lists what it can load."""

import re
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from source_pypi.cli.console import (
    INTERRUPTED,
    counted,
    one_line_errors,
    print_error,
    print_note,
    print_plan,
    print_report,
    progress,
    warn,
    warn_of_waits,
)
from source_pypi.cli.report import check_report, report_after_sync
from source_pypi.cli.signals import exit_on_signal, interrupt
from source_pypi.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Collection

    from source_pypi.config import Config
    from source_pypi.destinations.loader import Loader
    from source_pypi.sync.run import Run

#: What the name of a requirement file has: an ending, or a folder before it.
_FILE = re.compile(r"\.(?:txt|in|toml|lock|pip|cfg|ini|json|ya?ml|py)$|[/\\]", re.IGNORECASE)

_file = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option(
    "--into",
    metavar="DESTINATION",
    default="pypi.duckdb",
    show_default=True,
    help="Where to load: a DuckDB file (.duckdb, .ddb, .db, or duckdb:PATH), or a folder of Parquet (warehouse/). "
    "With the extra dlt also a database (postgresql://..., sqlite:///...), a bucket (s3://...), or the name of a dlt "
    "destination.",
)
@click.option(
    "--schema",
    metavar="NAME",
    help="The schema of the tables, in DuckDB and databases; it is created if it does not exist.  [default: main in "
    "DuckDB, pypi_data in databases]",
)
@click.option(
    "--streams", metavar="A,B,...", help="Streams to load; 'all' for all.  [default: projects,versions,files]"
)
@click.option("--index-url", metavar="URL", help="The index to read.  [default: the public index]")
@click.option(
    "--index-from",
    type=click.Choice(["settings", "environment"]),
    metavar="PLACE",
    help="'environment': read the index that PIP_INDEX_URL, UV_DEFAULT_INDEX, UV_INDEX, PIP_EXTRA_INDEX_URL or "
    "pip.conf names.  [default: settings]",
)
@click.option("--any-index", is_flag=True, help="Request projects also if their file names another index for them.")
@click.option("--config", type=_file, help="Settings, a JSON file. NAMEs are added to its projects.")
@click.option(
    "-r",
    "--requirements",
    "files",
    type=_file,
    multiple=True,
    metavar="FILE",
    help="Also load the projects and versions in a requirements.txt, pyproject.toml or lock file. Repeatable.",
)
@click.option("--dry-run", is_flag=True, help="Print what would be requested from where, and request nothing.")
@click.option(
    "--accept-deletions",
    is_flag=True,
    help="Delete the rows of projects that are no longer on the index, however many they are.",
)
@click.option("--history", is_flag=True, help="Keep earlier versions of each row, with their times, in *_history.")
@click.option(
    "--replace-index",
    is_flag=True,
    help="If the destination holds rows of another index, delete all of them once this index has answered.",
)
@click.option(
    "--prune",
    is_flag=True,
    help="Afterwards delete the rows of projects that this run does not select, in all tables, and say how many.",
)
@click.option(
    "--report",
    "report_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Afterwards write an HTML page of the DuckDB file, as the command report does.",
)
def sync(
    *,
    names: tuple[str, ...],
    into: str,
    schema: str | None,
    streams: str | None,
    index_url: str | None,
    index_from: str | None,
    any_index: bool,
    config: Path | None,
    files: tuple[Path, ...],
    dry_run: bool,
    accept_deletions: bool,
    history: bool,
    replace_index: bool,
    prune: bool,
    report_file: Path | None,
) -> None:
    """Load projects into a DuckDB file, or into any warehouse.

    NAME is a project's name, optionally with versions: requests==2.31.0, 'flask>=2,<3'. They select the release for
    the streams that read a single release: the pinned one, or the highest that is admitted.
    """
    from source_pypi.destinations.into import check_destination, check_schema, with_schema
    from source_pypi.streams import choose_streams
    from source_pypi.sync.run import open_run

    signal.signal(signal.SIGTERM, interrupt)
    exit_on_signal(INTERRUPTED)
    with one_line_errors():
        _refuse_files(names)
        check_destination(into)
        if schema is not None:
            check_schema(into, schema)
        if report_file is not None:
            check_report(into)
        options = {"index_url": index_url, "index_from": index_from, "any_index": any_index}
        settings = _settings(config, names, **options, accept_deletions=accept_deletions)
        chosen = choose_streams(_split(streams))
        run = open_run(settings, chosen, files=files, by_command=len(names), on_event=warn_of_waits)
        _warn_of_selection(run)
        if prune and (run.selection.whole_index or not run.selection.projects):
            raise SettingError("", "--prune needs projects by name: without them, no project is left out")
        if dry_run:
            print_plan(run, with_schema(into, schema))
            return
        began = time.monotonic()
        loader = _load(run, into, prune=prune, schema=schema, keep_history=history, replace_index=replace_index)
        if run.summary.projects or run.summary.rows or run.summary.capabilities.unavailable():
            seconds = time.monotonic() - began
            print_report(run, seconds, with_schema(into, schema), loader.table_in_query)
        if report_file is not None:
            report_after_sync(into, report_file, schema=schema)
        for line in run.summary.lines():
            print_error(line)
        sys.exit(1 if run.summary.errors else 0)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with every field.")
def streams(as_json: bool) -> None:
    """List the streams: row, key, cursor, and number of requests."""
    from source_pypi.schema import describe_streams
    from source_pypi.streams import STREAMS

    described = describe_streams(STREAMS)
    if as_json:
        import json

        click.echo(json.dumps(described, indent=2))
        return
    for stream in described:
        click.echo(f"{click.style(stream['name'], bold=True)}: {stream['row']}")
        click.echo(f"    key: {', '.join(stream['key']) or 'none'}; cursor: {stream['cursor'] or 'none'}")
        click.echo(f"    requests: {stream['cost']}")


def _settings(path: Path | None, names: tuple[str, ...], **options: Any) -> "Config":
    """Return the settings of the file, overridden by the options that are given; names are added to the projects."""
    from source_pypi.config import make_config, read_settings

    settings = read_settings(path) if path is not None else {}
    given = {name: value for name, value in options.items() if value}
    if given.get("index_from") == "environment" and "index_url" not in given:
        settings["index_url"] = None
    if names and isinstance(listed := settings.get("projects") or [], list):
        given["projects"] = [*listed, *names]
    return make_config(settings | given)


def _refuse_files(names: tuple[str, ...]) -> None:
    """Refuse a requirement file that is given as a name: the index would be asked for a project of that name.

    :raises SettingError: when a name is that of an existing file.
    """
    for name in names:
        if _FILE.search(name) and Path(name).is_file():
            raise SettingError("", f"{name} is a file; to load the projects in it, write -r {name}")


def _warn_of_selection(run: "Run") -> None:
    """Print which requested projects are left out, and whether the environment names another index."""
    from source_pypi.config import environment_note

    if (line := environment_note(run.config)) is not None:
        print_note(line)
    for warning in run.selection.warnings:
        warn(warning)


def _load(run: "Run", into: str, *, prune: bool, **options: Any) -> "Loader":
    """Load a run into the destination that ``--into`` names; the options are those of ``open_destination``."""
    from source_pypi.destinations import open_destination
    from source_pypi.sync.summary import warnings_of

    opened = open_destination(into, run.streams, run.selection.requested, root=run.index_root, **options)
    with opened as destination, progress() as show:
        for warning in destination.warnings:
            warn(warning)
        selected: set[str] = {one.project for one in run.selection.projects}
        for batch in run.batches(destination):
            destination.add(batch)
            selected.update([batch.project] if batch.project else [])
            for warning in warnings_of(batch):
                warn(warning)
            show(batch, run.summary)
            del batch  # it is large, and the next one is about to be made
        stopped = run.summary.stopped
        if stopped is not None and stopped.failure_type == "config_error" and not run.summary.projects:
            raise stopped
        if prune:
            _prune(run, destination, selected)
    for batch in destination.rejected:
        run.summary.add(batch)
    return opened


def _prune(run: "Run", destination: "Loader", selected: "Collection[str]") -> None:
    """Delete the rows of projects that are not selected, if it is known which are."""
    summary = run.summary
    failed = bool(summary.failures or summary.capabilities.failures() or summary.user_errors)
    unknown = run.selection.follow and (failed or destination.unfinished is not None)
    if summary.stopped is not None or unknown:
        warn("--prune deleted nothing: this run did not find out which projects are selected; repeat it")
        return
    projects, rows = destination.prune(selected)
    print_note(
        f"--prune deleted {counted(rows, 'row')} of {counted(projects, 'project')} that this run does not select"
    )


def _split(streams: str | None) -> list[str] | None:
    """Return the names in ``--streams``; None: the option was not given.

    :raises SettingError: when it has no name, for instance because a variable is empty.
    """
    from source_pypi.streams import ALL, NAMES

    if streams is None:
        return None
    names = [name for name in map(str.strip, streams.split(",")) if name]
    if not names:
        raise SettingError("", f"--streams names no stream (available: {', '.join([*NAMES, ALL])})")
    return names
