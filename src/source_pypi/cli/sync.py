"""``sync``, which loads projects into a destination."""

import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from source_pypi.cli.completion import complete_streams
from source_pypi.cli.console import INTERRUPTED, Level, Messages, level_of, one_line_errors
from source_pypi.cli.options import (
    DESTINATION,
    OUTPUT,
    SELECTION,
    VARIABLES,
    SectionedCommand,
    download_options,
    event_options,
    index_options,
    make_settings,
    option,
    output_options,
    refuse_files,
    selection_options,
)
from source_pypi.cli.progress import progress
from source_pypi.cli.report import check_report, make_report
from source_pypi.cli.signals import exit_on_signal, interrupt
from source_pypi.errors import SettingError
from source_pypi.safety.wording import counted, some_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from source_pypi.cli.summary import LoadedDestination
    from source_pypi.destinations.loader import Loader
    from source_pypi.sync.run import Run

#: The number of projects that a note of ``--prune`` names.
_MAX_KEPT = 5


@click.command(cls=SectionedCommand, epilog=VARIABLES)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@selection_options
@event_options
@option(
    "--streams",
    section=SELECTION,
    metavar="A,B,...",
    shell_complete=complete_streams,
    help="Streams to load; 'all' for all of the index, which leaves out downloads and the like.  "
    "[default: projects,versions,files]",
)
@option(
    "--into",
    section=DESTINATION,
    metavar="DESTINATION",
    default="pypi.duckdb",
    show_default=True,
    help="Where to load: a DuckDB file (.duckdb, .ddb, .db, or duckdb:PATH), or a folder of Parquet (warehouse/). "
    "With the extra dlt also a database (postgresql://..., sqlite:///...), a bucket (s3://...), or the name of a dlt "
    "destination.",
)
@option(
    "--schema",
    section=DESTINATION,
    metavar="NAME",
    help="The schema of the tables, in DuckDB and databases; it is created if it does not exist.  [default: main in "
    "DuckDB, pypi_data in databases]",
)
@option(
    "--history",
    section=DESTINATION,
    is_flag=True,
    help="Keep earlier versions of each row, with their times, in *_history.",
)
@option(
    "--prune",
    section=DESTINATION,
    is_flag=True,
    help="Afterwards delete the rows of projects that this run does not select, in all tables, and say how many.",
)
@option(
    "--accept-deletions",
    section=DESTINATION,
    is_flag=True,
    help="Delete the rows of projects that are no longer on the index, however many they are.",
)
@option(
    "--replace-index",
    section=DESTINATION,
    is_flag=True,
    help="If the destination holds rows of another index, delete all of them once this index has answered.",
)
@download_options
@index_options
@option(
    "--dry-run",
    section=OUTPUT,
    is_flag=True,
    help="Print what would be requested from where, and how long that takes; request nothing but the list of --top.",
)
@option(
    "--report",
    section=OUTPUT,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Afterwards write an HTML page of the DuckDB file, as the command report does.",
)
@output_options
def sync(
    names: tuple[str, ...],
    files: tuple[Path, ...],
    into: str,
    schema: str | None,
    streams: str | None,
    config: Path | None,
    report: Path | None,
    **options: Any,
) -> None:
    """Load projects into a DuckDB file, or into any warehouse.

    NAME is a project's name, optionally with versions: requests==2.31.0, 'flask>=2,<3'. They select the release for
    the streams that read a single release: the pinned one, or the highest that is admitted.

    Without NAMEs and files, what the destination contains is refreshed.

    \b
    Examples:
      source-pypi sync flask 'requests==2.31.0'
      source-pypi sync -r requirements.txt --streams all --into deps.duckdb
      source-pypi sync --into deps.duckdb
    """  # noqa: D301 - \b is click's
    from source_pypi.destinations.into import check_destination, check_schema

    messages = Messages(level_of(**{name: options.pop(name) for name in ("quiet", "verbose", "debug")}))
    own = {name: bool(options.pop(name)) for name in ("dry_run", "prune", "history", "replace_index")}
    signal.signal(signal.SIGTERM, interrupt)
    exit_on_signal(INTERRUPTED, messages.leave_bar)
    with one_line_errors():
        refuse_files(names)
        check_destination(into)
        if schema is not None:
            check_schema(into, schema)
        if report is not None:
            check_report(into)
        run = _open_run(names, files, into, schema, _split(streams), config, options, messages)
        _sync(run, into, schema, messages, report=report, **own)


def _sync(
    run: "Run",
    into: str,
    schema: str | None,
    messages: Messages,
    *,
    dry_run: bool,
    prune: bool,
    history: bool,
    replace_index: bool,
    report: Path | None,
) -> None:
    """Load a run, print its summary and its errors, and exit; or print what it would request."""
    from source_pypi.cli.plan import print_plan
    from source_pypi.cli.summary import print_summary
    from source_pypi.destinations.into import with_schema

    if prune and (run.selection.whole_index or not run.selection.projects):
        raise SettingError("", "--prune needs projects by name: without them, no project is left out")
    if dry_run:
        print_plan(run, with_schema(into, schema))
        return
    began = time.monotonic()
    loaded = _load(run, into, messages, prune=prune, schema=schema, keep_history=history, replace_index=replace_index)
    if messages.level > Level.QUIET:
        print_summary(run, loaded, time.monotonic() - began, messages.warnings)
    if report is not None:
        make_report(into, report, schema=schema)
    for line in run.summary.lines():
        messages.error(line)
    sys.exit(1 if run.summary.errors else 0)


def _open_run(
    names: tuple[str, ...],
    files: tuple[Path, ...],
    into: str,
    schema: str | None,
    streams: list[str] | None,
    config: Path | None,
    options: dict[str, Any],
    messages: Messages,
) -> "Run":
    """Return the run that the arguments describe; without any project, one that refreshes what the destination has.

    Print warnings, which requested projects are left out, and whether the environment names another index.
    """
    from source_pypi.cli.refresh import open_refreshing_run, selects_projects
    from source_pypi.config import environment_note
    from source_pypi.opening import open_run
    from source_pypi.streams import choose_streams
    from source_pypi.sync.run import needs_projects

    settings, warnings = make_settings(config, names, options)
    chosen = choose_streams(streams)
    if not selects_projects(settings, files) and needs_projects(chosen):
        run = open_refreshing_run(into, schema, streams, config, options, messages)
    else:
        run = open_run(settings, chosen, files=files, by_command=len(names), on_event=messages.on_event)
        for warning in warnings:
            messages.warn(warning)
    if (line := environment_note(run.config)) is not None:
        messages.print_note(line)
    for warning in run.selection.warnings:
        messages.warn(warning)
    return run


def _load(
    run: "Run", into: str, messages: Messages, *, schema: str | None = None, prune: bool = False, **options: Any
) -> "LoadedDestination":
    """Load a run into the destination that ``--into`` names, and return what it holds then.

    :param prune: afterwards delete the rows of projects that are not selected.
    :param options: those of ``open_destination``.
    :raises SourceError: when the destination cannot be written, or the settings are wrong and nothing was read.
    """
    from source_pypi.cli.summary import LoadedDestination
    from source_pypi.destinations import open_destination
    from source_pypi.destinations.into import local_path, with_schema
    from source_pypi.safety.wording import similar_names

    selection = run.selection
    options |= {"unnamed": selection.unnamed, "root": run.index_root, "schema": schema}
    opened = open_destination(into, run.streams, selection.requested, **options)
    with opened as destination:
        for warning in destination.warnings:
            messages.warn(warning)
        selected = _load_batches(run, destination, messages)
        stopped = run.summary.stopped
        if stopped is not None and stopped.failure_type == "config_error" and not run.summary.projects:
            raise stopped
        if prune:
            _prune(run, destination, selected, messages)
        if missing := run.summary.missing:
            known = set(destination.known_projects()).difference(missing)
            similar = [name for one in missing for name in similar_names(one, known)]
            run.summary.similar = list(dict.fromkeys(similar))
    for batch in destination.rejected:
        run.summary.add(batch)
    return LoadedDestination(
        with_schema(into, schema), local_path(into), schema, opened.row_changes, opened.totals(), opened.table_in_query
    )


def _load_batches(run: "Run", destination: "Loader", messages: Messages) -> set[str]:
    """Load every batch; return the projects that the run selects."""
    from source_pypi.sync.summary import warnings_of

    selected: set[str] = {one.project for one in run.selection.projects}
    with progress(run, messages) as show:
        for batch in run.batches(destination):
            destination.count_requests(run.index.client.stats.requests)
            destination.add(batch)
            selected.update([batch.project] if batch.project else [])
            for warning in warnings_of(batch):
                messages.warn(warning)
            show()
            del batch  # it is large, and the next one is about to be made
    destination.count_requests(run.index.client.stats.requests)
    return selected


def _prune(run: "Run", destination: "Loader", selected: "Collection[str]", messages: Messages) -> None:
    """Delete the rows of projects that are not selected, if it is known which are."""
    summary = run.summary
    failed = bool(summary.failures or summary.capabilities.failures() or summary.user_errors)
    unknown = run.selection.follow and (failed or destination.unfinished is not None)
    if summary.stopped is not None or unknown:
        messages.warn("--prune deleted nothing: this run did not find out which projects are selected; repeat it")
        return
    possible = destination.may_be_required(selected) if run.selection.follow else set()
    unknown_required = {one for one in possible if not run.selection.excludes(one)} - run.selection.elsewhere
    projects, rows = destination.prune({*selected, *unknown_required})
    messages.print_note(
        f"--prune deleted {counted(rows, 'row')} of {counted(projects, 'project')} that this run does not select"
        if rows
        else "--prune deleted nothing: there are no rows of projects that this run does not select"
    )
    if unknown_required:
        shown = some_of(sorted(unknown_required), _MAX_KEPT)
        messages.print_note(
            f"--prune kept {counted(len(unknown_required), 'project')} ({shown}): selected projects required them, and "
            "the index no longer says what these require"
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
