"""The commands of the Airbyte protocol, and the manifest for Airbyte's Connector Builder."""

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from source_pypi.cli.console import one_line_errors, warn
from source_pypi.cli.signals import OutputError, exit_on_signal, exit_when_stdout_closes
from source_pypi.errors import SettingError

if TYPE_CHECKING:
    from source_pypi.config import Config

_file = click.Path(path_type=Path, dir_okay=False)
_config = click.option("--config", type=_file, required=True, help="Settings, a JSON file.")
#: Every command of the platform accepts ``--debug``; only ``read`` uses it.
_debug = partial(
    click.option, "--debug", is_flag=True, help="Log every request, like LOG_LEVEL=DEBUG in the environment."
)
#: Connectors of Airbyte's CDK accept these options; this one has no use for them.
_ignored_options = click.option("--manifest-path", "--components-path", type=_file, hidden=True, expose_value=False)


@click.command()
@_debug(expose_value=False)
def spec() -> None:
    """Print the settings that the connector accepts (Airbyte)."""
    from source_pypi.airbyte.commands import spec

    _write(spec())


@click.command()
@_config
@_debug(expose_value=False)
@_ignored_options
def check(config: Path) -> None:
    """Check the settings and the connection to the index (Airbyte)."""
    from source_pypi import airbyte

    with _error_traces():
        try:
            settings = _settings(config)
        except SettingError as error:
            _write(airbyte.connection_failed(error))
            return
        _write(airbyte.check(settings))


@click.command()
@_config
@_debug(expose_value=False)
@_ignored_options
def discover(config: Path) -> None:
    """Print the streams and their schemas (Airbyte)."""
    from source_pypi import airbyte

    with _error_traces():
        _settings(config)
        _write(airbyte.discover())


@click.command()
@_config
@_debug()
@_ignored_options
@click.option("--catalog", type=_file, required=True, help="The configured catalog, a JSON file.")
@click.option("--state", type=click.Path(path_type=Path), help="The state of the last read, a JSON file.")
def read(config: Path, debug: bool, catalog: Path, state: Path | None) -> None:
    """Print the rows of the streams in a catalog (Airbyte)."""
    from source_pypi import airbyte

    exit_when_stdout_closes()
    exit_on_signal()
    with _error_traces():
        level = "DEBUG" if debug else os.environ.get("LOG_LEVEL", "INFO")
        if not airbyte.read(_settings(config), catalog, state, _write, level=level):
            sys.exit(1)


@click.command()
@click.option("--index-url", metavar="URL", help="The index to read.  [default: the public index]")
def manifest(index_url: str | None) -> None:
    """Print a manifest for Airbyte's Connector Builder.

    A manifest carries only some of the streams. Standard error lists what it leaves out, and which version of
    Airbyte's CDK it needs.
    """
    from source_pypi.airbyte.manifest import differences, manifest_text, needed_cdk
    from source_pypi.config import make_config
    from source_pypi.services.index.locations import root_of
    from source_pypi.standards.index_urls import default_url, is_on_disk

    with one_line_errors():
        url = make_config({"index_url": index_url}).index_url or default_url()
        if is_on_disk(url):
            raise SettingError("index_url", "is a folder, and the Builder reads an index over HTTP only")
        _write(manifest_text(root_of(url)).encode())
        for line in (needed_cdk(), *differences()):
            warn(line)


def _settings(path: Path) -> "Config":
    """Return the settings in a file. Unknown ones, which configurations of 0.2.x may have, are logged and ignored."""
    from source_pypi import airbyte
    from source_pypi.config import make_config, read_settings, without_unknown

    settings, unknown = without_unknown(read_settings(path))
    config = make_config(settings)
    for name in unknown:
        _write(airbyte.log("WARN", f"setting {name!r}: there is no such setting; it is ignored"))
    return config


def _write(lines: bytes) -> None:
    """Write whole lines to standard output at once: the platform may be waiting for them."""
    if sys.stdout is None:  # closed
        raise OutputError(errno.EBADF, os.strerror(errno.EBADF))
    try:
        sys.stdout.buffer.write(lines)
        sys.stdout.buffer.flush()
    except OSError as error:
        raise OutputError(error.errno, error.strerror) from error


@contextmanager
def _error_traces() -> Iterator[None]:
    """Write an error as an ERROR trace to standard output, where Airbyte looks for it, and exit with 1."""
    from source_pypi import airbyte

    try:
        yield
    except OutputError:
        raise
    except KeyboardInterrupt:
        os._exit(130)  # without waiting for the threads that still wait for a response
    except Exception as error:
        _write(airbyte.error_trace(error, time.time()))
        sys.exit(1)
