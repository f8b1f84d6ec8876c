"""The commands. Only this package prints or exits. A command imports only what it needs, when it runs."""

import errno
import os
import signal
import sys
from importlib import import_module

import click

from source_pypi._version import __version__
from source_pypi.cli.console import print_error
from source_pypi.cli.options import with_variables
from source_pypi.cli.signals import OutputError, open_missing_streams, open_output
from source_pypi.safety.printable import printable_lines
from source_pypi.safety.redaction import without_credentials

#: The commands, in the order of the help, and the module of this package that has each as a function of its name.
COMMANDS = {
    "sync": "sync",
    "audit": "audit",
    "report": "report",
    "query": "query",
    "export": "export",
    "streams": "streams",
    "spec": "airbyte",
    "check": "airbyte",
    "discover": "airbyte",
    "read": "airbyte",
    "manifest": "airbyte",
}
#: The sections of the help, in their order, and the commands in each.
_SECTIONS = {
    "Load": ("sync", "audit"),
    "Look": ("query", "export", "report", "streams"),
    "Airbyte": ("spec", "check", "discover", "read", "manifest"),
}
_EXAMPLES = """\b
Examples:
  source-pypi sync flask requests          load two projects into pypi.duckdb
  source-pypi sync -r requirements.txt     load what a file requires
  source-pypi sync                         refresh what pypi.duckdb contains
  source-pypi audit -r requirements.txt    find vulnerable, yanked and missing releases
  source-pypi COMMAND --help               options and examples of a command
"""


class _Commands(click.Group):
    """Imports the module of a command when the command is called; the help lists the commands in sections."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"{__name__}.{COMMANDS[cmd_name]}"), cmd_name)
        return with_variables(cmd_name, command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is named first.

        :raises UsageError: when there is no such command; the message has the most similar one.
        """
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            from difflib import get_close_matches

            similar = get_close_matches(name, COMMANDS, n=1)
            hint = f" Did you mean {similar[0]!r}?" if similar else ""
            raise click.UsageError(f"No such command {name!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, section by section; those that are in none come last."""
        listed = {name for names in _SECTIONS.values() for name in names}
        others = tuple(name for name in COMMANDS if name not in listed)
        width = max(map(len, COMMANDS))
        for title, names in [*_SECTIONS.items(), ("Other", others)]:
            known = [name for name in names if name in COMMANDS]
            commands = [(name.ljust(width), self.get_command(ctx, name)) for name in known]
            limit = formatter.width - width - 4
            rows = [(name, command.get_short_help_str(limit)) for name, command in commands if command is not None]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=_EXAMPLES)
@click.version_option(__version__, "-V", "--version", prog_name="source-pypi")
def cli() -> None:
    """Load what a Python package index publishes about projects into tables."""


def main() -> None:
    """Run the command line: the entry point of ``source-pypi``."""
    if os.getpid() == 1:  # the first process of a container, which no signal ends by default
        signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
    open_missing_streams()
    open_output()
    try:
        sys.exit(cli.main(prog_name="source-pypi", standalone_mode=False))
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        advice = f" (see {context.command_path} --help)" if context is not None else ""
        print_error(f"{error.format_message().strip()}{advice}")  # escaped: it quotes what was typed
        sys.exit(error.exit_code)
    except click.Abort:
        print_error("interrupted")
        sys.exit(130)
    except OutputError as error:
        if error.errno != errno.EPIPE:
            print_error(f"standard output cannot be written: {error.strerror}")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # so that the interpreter's last flush does not fail
        sys.exit(1)
    except Exception as error:
        import traceback

        trace = printable_lines("".join(traceback.format_exception(error)))
        click.echo(without_credentials(trace), err=True, nl=False)
        print_error("internal error in source-pypi; please report it, with the lines above")
        sys.exit(1)
