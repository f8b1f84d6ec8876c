"""The commands. Only this package prints or exits. A command imports only what it needs, when it runs."""

import io
import os
import signal
import sys
from importlib import import_module

import click

from source_pypi._version import __version__
from source_pypi.cli.console import print_error
from source_pypi.cli.signals import open_missing_streams
from source_pypi.safety.printable import printable, printable_lines
from source_pypi.safety.redaction import without_credentials

#: The commands, in the order of the help, and the module of this package that has each as a function of its name.
_COMMANDS = {
    "sync": "sync",
    "report": "report",
    "streams": "sync",
    "spec": "airbyte",
    "check": "airbyte",
    "discover": "airbyte",
    "read": "airbyte",
    "manifest": "airbyte",
}


class _Commands(click.Group):
    """Imports the module of a command when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"{__name__}.{_COMMANDS[cmd_name]}"), cmd_name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="source-pypi")
def cli() -> None:
    """Load what a Python package index publishes about projects into tables."""


def main() -> None:
    """Run the command line: the entry point of ``source-pypi``."""
    if os.getpid() == 1:  # the first process of a container, which no signal ends by default
        signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
    open_missing_streams()
    try:
        sys.exit(cli.main(prog_name="source-pypi", standalone_mode=False))
    except click.ClickException as error:
        message = io.StringIO()
        error.show(message)
        # the message quotes what was typed, which may hold control characters and passwords
        shown = message.getvalue().replace(error.message, printable(error.message))
        click.echo(without_credentials(printable_lines(shown)), err=True, nl=False)
        sys.exit(error.exit_code)
    except click.Abort:
        print_error("interrupted")
        sys.exit(130)
    except OSError as error:  # from standard output; commands report all other errors themselves
        if not isinstance(error, BrokenPipeError):
            print_error(f"standard output cannot be written: {error.strerror}")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # so that the interpreter's last flush does not fail
        sys.exit(1)
    except Exception as error:
        import traceback

        trace = printable_lines("".join(traceback.format_exception(error)))
        click.echo(without_credentials(trace), err=True, nl=False)
        print_error("internal error in source-pypi; please report it, with the lines above")
        sys.exit(1)
