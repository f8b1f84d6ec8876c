"""A run that refreshes what a destination contains: ``sync`` without names."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from source_pypi.cli.console import Messages
from source_pypi.cli.options import make_settings
from source_pypi.safety.wording import counted

if TYPE_CHECKING:
    from source_pypi.config import Config
    from source_pypi.sync.run import Run

#: How many streams the note names.
_MAX_NAMED = 4


def selects_projects(config: "Config", files: Sequence[Path]) -> bool:
    """Whether settings or files select projects, so that nothing is refreshed."""
    return bool(
        files or config.projects or config.project_name or config.requirements or config.whole_index or config.top
    )


def open_refreshing_run(
    into: str,
    schema: str | None,
    streams: Sequence[str] | None,
    path: Path | None,
    options: Mapping[str, Any],
    messages: Messages,
) -> "Run":
    """Return a run over the projects that a destination contains, and say in a note what it refreshes.

    The requirements are those of the last run, as the table ``pins`` has them, with their versions. The index is that
    of its rows, unless the settings name one.

    :param streams: the names of the streams to refresh; None: those that the destination has.
    :param path: the file of ``--config``; None: there is none.
    :param options: the settings that options give.
    :raises SettingError: when there is nothing to refresh, or a setting is invalid.
    :raises DestinationError: when the destination cannot be read.
    """
    from source_pypi.destinations.contents import read_contents
    from source_pypi.destinations.into import with_schema
    from source_pypi.opening import run_of
    from source_pypi.selection import select_again
    from source_pypi.standards.index_urls import index_title, is_public
    from source_pypi.streams import choose_streams

    contents = read_contents(into, schema)
    config, warnings = make_settings(path, (), options)
    if config.index_url is None and not is_public(contents.index):
        config, warnings = make_settings(path, (), {**options, "index_url": contents.index})
    for warning in warnings:
        messages.warn(warning)
    chosen = choose_streams(contents.streams if streams is None else streams)
    selection = select_again(
        config, contents.requested, contents.projects, missing=contents.missing, unnamed=contents.unnamed
    )
    run = run_of(selection, chosen, config, messages.on_event)
    messages.print_note(f"refreshing {with_schema(into, schema)}: {_what(run)}, from {index_title(run.index.root)}")
    return run


def _what(run: "Run") -> str:
    """The projects and streams of a run, in words."""
    names = [stream.name for stream in run.streams]
    listed = ", ".join(names) if len(names) <= _MAX_NAMED else counted(len(names), "stream")
    return f"{counted(len(run.selection.projects), 'project')}, {listed}"
