"""Completion of arguments in shells. docs/cli.md says how a shell loads it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem


def complete_streams(ctx: "click.Context", param: "click.Parameter", incomplete: str) -> "list[CompletionItem]":  # noqa: ARG001
    """Complete the last name in a list of streams that is separated by commas; a stream is offered once."""
    from click.shell_completion import CompletionItem

    from source_pypi.streams import ALL, NAMES

    before, comma, begun = incomplete.rpartition(",")
    given = before.split(",")
    names = [name for name in (*NAMES, ALL) if name.startswith(begun) and name not in given]
    return [CompletionItem(f"{before}{comma}{name}") for name in names]
