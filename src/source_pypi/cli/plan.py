"""What ``sync --dry-run`` prints: what a run would request, from where, and how long that takes."""

from typing import TYPE_CHECKING

import click

from source_pypi.cli.console import shown
from source_pypi.safety.redaction import without_credentials
from source_pypi.safety.wording import counted, some_of

if TYPE_CHECKING:
    from source_pypi.config import Config
    from source_pypi.selection import Selection
    from source_pypi.sync.run import Run

#: How many projects are named.
_MAX_NAMED = 100
#: Seconds from which on a time is shown in minutes, and in hours.
_MINUTES, _HOURS = 120, 7200


def print_plan(run: "Run", destination: str) -> None:
    """Print what a run would request, from where, and how long that takes at the rate limit. Nothing is requested.

    The selection has been made: if the setting ``top`` is set, the list of the most downloaded projects was requested.
    """
    from source_pypi.sync.estimate import estimate_requests

    requests = estimate_requests(run.streams, run.selection, run.config)
    total = sum(one.requests for one in requests)
    least = "at least " if any(one.more for one in requests) else ""
    click.echo(f"index: {shown(run.index.root)}")
    click.echo(f"projects: {_projects(run.selection)}")
    click.echo(f"streams: {', '.join(stream.name for stream in run.streams)}")
    for one in requests:
        more = f"{', and ' if one.requests else ''}{one.more}" if one.more else ""
        click.echo(f"requests, {one.kind}: {f'{one.requests:,}' if one.requests else ''}{more}")
    click.echo(f"requests in all: {least}{total:,} without earlier state")
    click.echo(f"estimated time: {_time(total, run.config.requests_per_second, least)}")
    click.echo(f"destination: {shown(destination)}")
    click.echo(f"dry run: {_requested(run.config)}")


def _requested(config: "Config") -> str:
    """What the dry run itself has requested."""
    if not config.top:
        return "nothing was requested or written"
    url = shown(without_credentials(config.top_url))
    return f"only the list of the most downloaded projects was requested ({url}); nothing was written"


def _time(requests: int, rate: float, least: str) -> str:
    """The time that requests take at a rate per second; 0: no limit."""
    if not rate:
        return "as long as the index takes to answer; no rate limit"
    seconds = requests / rate
    if seconds < _MINUTES:
        text = f"{seconds:.1f} seconds"
    else:
        text = f"{seconds / 60:.0f} minutes" if seconds < _HOURS else f"{seconds / 3600:.1f} hours"
    return f"{least}{text} at {rate:g} {'request' if rate == 1 else 'requests'} per second"


def _projects(selection: "Selection") -> str:
    """Return the selected projects with their versions."""
    named = [
        ", ".join(
            [
                *([one.project] if one.unpinned else []),
                *(f"{one.project}=={pin}" for pin in one.pins),
                *(f"{one.project}{versions}" for versions in one.ranges),
            ]
        )
        for one in selection.projects
    ]
    whole = "every project that the index lists" if selection.whole_index else ""
    listed = f"{len(named):,}: {shown(some_of(named, _MAX_NAMED))}" if named else ""
    follow = f" (and what they require, {counted(selection.follow, 'level')})" if selection.follow else ""
    return (", and ".join(filter(None, (listed, whole))) or "none") + follow
