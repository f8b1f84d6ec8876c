"""``sync``, which loads projects into a database, and ``streams``, which lists what it can load."""

import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from source_pypi.cli.console import (
    INTERRUPTED,
    one_line_errors,
    print_error,
    print_report,
    progress,
    warn,
    warn_of_waits,
)
from source_pypi.cli.signals import exit_on_signal, interrupt

if TYPE_CHECKING:
    from source_pypi.config import Config
    from source_pypi.sync.run import Run

_file = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option(
    "--into",
    metavar="DESTINATION",
    default="pypi.duckdb",
    show_default=True,
    help="Where to load: a DuckDB file. With the extra dlt also a database (postgresql://..., sqlite:///...), a folder "
    "or bucket of Parquet files (warehouse/, s3://...), or the name of a dlt destination.",
)
@click.option(
    "--streams", metavar="A,B,...", help="Streams to load; 'all' for all.  [default: projects,versions,files]"
)
@click.option("--index-url", metavar="URL", help="The index to read.  [default: the public index]")
@click.option("--config", type=_file, help="Settings, a JSON file. NAMEs are added to its projects.")
@click.option(
    "-r",
    "--requirements",
    "files",
    type=_file,
    multiple=True,
    metavar="FILE",
    help="Also load the projects and pinned versions in a requirements.txt, pyproject.toml or lock file. Repeatable.",
)
@click.option(
    "--accept-deletions",
    is_flag=True,
    help="Delete the rows of projects that are no longer on the index, however many they are.",
)
@click.option("--history", is_flag=True, help="Keep earlier versions of each row, with their times, in *_history.")
def sync(
    *,
    names: tuple[str, ...],
    into: str,
    streams: str | None,
    index_url: str | None,
    config: Path | None,
    files: tuple[Path, ...],
    accept_deletions: bool,
    history: bool,
) -> None:
    """Load projects into a DuckDB file, or into any warehouse.

    NAME is a project's name, optionally pinned to a version: requests==2.31.0. A pin selects the release for the
    streams that read a single release.
    """
    from source_pypi.streams import choose_streams
    from source_pypi.sync.run import open_run

    signal.signal(signal.SIGTERM, interrupt)
    exit_on_signal(INTERRUPTED)
    with one_line_errors():
        settings = _settings(config, names, index_url, accept_deletions=accept_deletions)
        run = open_run(settings, choose_streams(_split(streams)), files=files, on_event=warn_of_waits)
        seconds = _load(run, into, history=history)
        if run.summary.projects or run.summary.rows:
            print_report(run.summary, run.index.client.stats, seconds, into)
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


def _settings(path: Path | None, names: tuple[str, ...], index_url: str | None, *, accept_deletions: bool) -> "Config":
    """Return the settings of the file, overridden by those of the command line."""
    from msgspec.structs import replace

    from source_pypi.config import make_config, read_config

    config = read_config(path) if path is not None else make_config({})
    given: dict[str, Any] = {"projects": (*config.projects, *names)}
    if accept_deletions:
        given["accept_deletions"] = True
    if index_url:
        given["index_url"] = make_config({"index_url": index_url}).index_url
    return replace(config, **given)


def _load(run: "Run", into: str, *, history: bool) -> float:
    """Load a run into the destination that ``--into`` names. Return the seconds that it took."""
    from source_pypi.destinations import open_destination
    from source_pypi.sync.summary import warnings_of

    for warning in run.selection.warnings:
        warn(warning)
    began = time.monotonic()
    opened = open_destination(into, run.streams, run.selection.projects, root=run.index.root, keep_history=history)
    with opened as destination, progress() as show:
        for warning in destination.warnings:
            warn(warning)
        for batch in run.batches(destination):
            destination.add(batch)
            for warning in warnings_of(batch):
                warn(warning)
            show(batch, run.summary)
            del batch  # it is large, and the next one is about to be made
        stopped = run.summary.stopped
        if stopped is not None and stopped.failure_type == "config_error" and not run.summary.projects:
            raise stopped
    return time.monotonic() - began


def _split(streams: str | None) -> list[str] | None:
    """Return the names in ``--streams``; None: the option was not given."""
    return None if streams is None else [name for name in map(str.strip, streams.split(",")) if name]
