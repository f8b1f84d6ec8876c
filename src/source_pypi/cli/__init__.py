"""The commands; only this package prints or exits. What a command does not need, it does not import.

``terminal.py`` has what is said to a user, ``ending.py`` how a run ends before its end.
"""

import errno
import io
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from source_pypi._version import __version__
from source_pypi.cli.console import progress, report, say_error, warn, warn_of_waits
from source_pypi.cli.signals import end_when_told, end_with_reader, hold_standard_streams, interrupt
from source_pypi.errors import SettingError, SourceError
from source_pypi.safety.printable import printable, printable_lines
from source_pypi.safety.redaction import without_credentials

if TYPE_CHECKING:
    from source_pypi.config import Config
    from source_pypi.http.client import TransferStats
    from source_pypi.sync.summary import RunSummary

_INTERRUPTED = "interrupted; what was read before is kept"

_file = click.Path(path_type=Path, dir_okay=False)
_config = click.option("--config", type=_file, required=True, help="The settings, a JSON file.")
_debug = click.option("--debug", is_flag=True, help="Log every request, as LOG_LEVEL=DEBUG in the environment does.")
#: What the CDK's commands take too; a connector that is no manifest has no use for it.
_of_manifests = click.option("--manifest-path", "--components-path", type=_file, hidden=True, expose_value=False)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="source-pypi")
def cli() -> None:
    """PyPI as tables: what a Python package index publishes about projects."""


@cli.command()
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option(
    "--into",
    metavar="PLACE",
    default="pypi.duckdb",
    show_default=True,
    help="What to load: a DuckDB file; with the extra dlt also a database (postgresql://..., sqlite:///...), a folder "
    "or bucket of Parquet (warehouse/, s3://...), or a destination of dlt's by its name.",
)
@click.option(
    "--streams", metavar="A,B,...", help="Streams to load; 'all' for all.  [default: projects,versions,files]"
)
@click.option("--index-url", metavar="URL", help="The index to read.  [default: the public index]")
@click.option("--config", type=_file, help="Settings, a JSON file; NAMEs are added to its projects.")
@click.option(
    "-r",
    "--requirements",
    "files",
    type=_file,
    multiple=True,
    metavar="FILE",
    help="Projects and pins of a requirements.txt, pyproject.toml or lock file, too; may be given several times.",
)
@click.option("--history", is_flag=True, help="Keep every state of a row, with its validity, in tables *_history.")
def sync(
    *,
    names: tuple[str, ...],
    into: str,
    streams: str | None,
    index_url: str | None,
    config: Path | None,
    files: tuple[Path, ...],
    history: bool,
) -> None:
    """Load projects into a DuckDB file, or any warehouse: name projects, get tables.

    A NAME may be pinned to a version (requests==2.31.0), which chooses the release that is read by
    the streams that read a release at a time.
    """
    from source_pypi.cli.memory import share_one_heap

    signal.signal(signal.SIGTERM, interrupt)
    end_when_told(_INTERRUPTED)
    share_one_heap()
    with _one_line_errors():
        settings = _settings(config, names, index_url)
        summary, stats, seconds = _load(settings, files, into, _named(streams), history=history)
        if summary.projects or summary.rows:
            report(summary, stats, seconds, into)
        for line in summary.lines():
            say_error(line)
        sys.exit(1 if summary.errors else 0)


@cli.command()
@_debug
def spec(debug: bool) -> None:  # noqa: ARG001 - all of the platform's commands may be given it
    """Print the connector's specification (Airbyte)."""
    from source_pypi import airbyte

    _write(airbyte.spec())


@cli.command()
@_config
@_debug
@_of_manifests
def check(config: Path, debug: bool) -> None:  # noqa: ARG001
    """Say whether the index answers with these settings (Airbyte)."""
    from source_pypi import airbyte
    from source_pypi.config import read_config

    with _traced_errors():
        try:
            settings = read_config(config)
        except SettingError as error:
            _write(airbyte.connection_failed(error))
            return
        _write(airbyte.check(settings))


@cli.command()
@_config
@_debug
@_of_manifests
def discover(config: Path, debug: bool) -> None:  # noqa: ARG001
    """Print the streams and their schemas (Airbyte)."""
    from source_pypi import airbyte
    from source_pypi.config import read_config

    with _traced_errors():
        read_config(config)
        _write(airbyte.discover())


@cli.command()
@_config
@_debug
@_of_manifests
@click.option("--catalog", type=_file, required=True, help="The configured catalog, a JSON file.")
@click.option("--state", type=click.Path(path_type=Path), help="The state of the last read, a JSON file.")
def read(config: Path, debug: bool, catalog: Path, state: Path | None) -> None:
    """Read the streams of a catalog (Airbyte)."""
    from source_pypi import airbyte
    from source_pypi.cli.memory import share_one_heap
    from source_pypi.config import read_config

    end_with_reader()
    end_when_told()
    share_one_heap()
    with _traced_errors():
        level = "DEBUG" if debug else os.environ.get("LOG_LEVEL", "INFO")
        if not airbyte.read(read_config(config), catalog, state, _write, level=level):
            sys.exit(1)


@cli.command()
@click.option("--index-url", metavar="URL", help="The index that is to be read.  [default: the public index]")
def manifest(index_url: str | None) -> None:
    """Print a manifest for Airbyte's Connector Builder; what it cannot carry is told on standard error."""
    from source_pypi.airbyte.manifest import left_out, print_manifest
    from source_pypi.config import make_config
    from source_pypi.services.index.api import default_url, root_of

    with _one_line_errors():
        url = make_config({"index_url": index_url}).index_url or default_url()
        _write(print_manifest(root_of(url)).encode())
        for name, why in left_out():
            warn(f"{name} is left out: {why}")


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON, with every field.")
def streams(as_json: bool) -> None:
    """List the streams: what a row is, key, cursor, what it costs in requests."""
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


def main() -> None:
    """The entry point of ``source-pypi``."""
    if os.getpid() == 1:  # of a container: there, the system has no default action for a signal
        signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
    hold_standard_streams()
    try:
        sys.exit(cli.main(prog_name="source-pypi", standalone_mode=False))
    except click.ClickException as error:  # it quotes what was typed
        said = io.StringIO()
        error.show(said)
        told = said.getvalue().replace(error.message, printable(error.message))
        click.echo(without_credentials(printable_lines(told)), err=True, nl=False)
        sys.exit(error.exit_code)
    except click.Abort:
        say_error("interrupted")
        sys.exit(130)
    except OSError as error:  # of standard output: all other errors are told where they happen
        if not isinstance(error, BrokenPipeError):
            say_error(f"standard output cannot be written: {error.strerror}")
        # so that the interpreter does not complain at exit, there is nothing left to flush
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(1)
    except Exception as error:
        import traceback

        said_of_it = printable_lines("".join(traceback.format_exception(error)))
        click.echo(without_credentials(said_of_it), err=True, nl=False)
        say_error("something went wrong in source-pypi; please report it, with the lines above")
        sys.exit(1)


def _settings(path: Path | None, names: tuple[str, ...], index_url: str | None) -> "Config":
    """The settings of the file, and those of the command line over them."""
    from msgspec.structs import replace

    from source_pypi.config import make_config, read_config

    config = read_config(path) if path is not None else make_config({})
    given: dict[str, Any] = {"projects": (*config.projects, *names)}
    if index_url:
        given["index_url"] = make_config({"index_url": index_url}).index_url
    return replace(config, **given)


def _load(
    config: "Config", files: tuple[Path, ...], into: str, names: list[str] | None, *, history: bool
) -> "tuple[RunSummary, TransferStats, float]":
    """Read the streams into what ``--into`` names; what came of it, and how long it took."""
    from source_pypi.destinations import open_destination
    from source_pypi.streams import choose_streams
    from source_pypi.sync.run import open_run
    from source_pypi.sync.summary import warnings_of

    run = open_run(config, choose_streams(names), files=files, on_event=warn_of_waits)
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
        stopped = run.summary.stopped
        if stopped is not None and stopped.failure_type == "config_error" and not run.summary.projects:
            raise stopped
    return run.summary, run.index.client.stats, time.monotonic() - began


def _write(lines: bytes) -> None:
    """Whole lines of the protocol, at once: the reader may be waiting for them."""
    if sys.stdout is None:  # closed
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    sys.stdout.buffer.write(lines)
    sys.stdout.buffer.flush()


def _named(streams: str | None) -> list[str] | None:
    """The streams of ``--streams``; None: it was not given."""
    return None if streams is None else [name for name in map(str.strip, streams.split(",")) if name]


@contextmanager
def _one_line_errors() -> "Iterator[None]":
    """An error of ours is one line on stderr and exit status 1, never a traceback."""
    try:
        yield
    except SourceError as error:
        say_error(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        say_error(_INTERRUPTED)
        sys.stderr.flush()
        os._exit(130)  # a worker may still be waiting for an answer, and nobody waits for it


@contextmanager
def _traced_errors() -> "Iterator[None]":
    """An error is an ERROR trace on stdout, which is where Airbyte looks, and exit status 1."""
    from source_pypi import airbyte

    try:
        yield
    except OSError:
        raise
    except KeyboardInterrupt:
        os._exit(130)  # a worker may still be waiting for an answer, and nobody waits for it
    except Exception as error:
        _write(airbyte.error_trace(error, time.time()))
        sys.exit(1)
