"""What commands print for people: progress, the report, warnings and errors. Each is one line without secrets."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from source_pypi.errors import SourceError
from source_pypi.safety.printable import printable
from source_pypi.safety.redaction import without_credentials

if TYPE_CHECKING:
    from source_pypi.http.client import RequestLog, RetryWait
    from source_pypi.selection import Selection
    from source_pypi.sync.batch import Batch
    from source_pypi.sync.run import Run
    from source_pypi.sync.summary import RunSummary

INTERRUPTED = "interrupted; what was read before is kept"

#: Example queries. The report shows the first one whose tables were loaded.
_QUERIES = (
    (
        {"files"},
        "select project, count(*) as files, max(uploaded_at) as last_upload "
        "from {files} group by project order by files desc",
    ),
    ({"projects"}, "select project, latest_version, summary from {projects}"),
    ({"versions"}, "select project, version, first_upload_at from {versions} order by project, sort_key desc"),
)


@contextmanager
def progress() -> "Iterator[Callable[[Batch, RunSummary], None]]":
    """Yield a function that shows the progress of a run on a terminal; it does nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda batch, summary: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("projects, {task.fields[rows]:,} rows"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[project]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None, rows=0, project="")

        def show(batch: "Batch", summary: "RunSummary") -> None:
            progress.update(
                task,
                total=batch.total_projects or None,
                advance=batch.project is not None,
                rows=summary.rows.total(),
                project=batch.project or "index",
            )

        yield show


def print_report(run: "Run", seconds: float, destination: str, table_in_query: Callable[[str], str]) -> None:
    """Print the rows of each stream, the requests, bytes and seconds of the run, its index, and an example query.

    :param table_in_query: what a query reads a table from.
    """
    from source_pypi.streams import NAMES

    summary, stats = run.summary, run.index.client.stats
    unavailable = summary.capabilities.unavailable()
    shown = [name for name in NAMES if name in summary.rows or name in unavailable]
    width = max(map(len, shown), default=6)
    unchanged = f" ({summary.unchanged:,} unchanged)" if summary.unchanged else ""
    click.echo(f"{'stream':{width}}  {'rows':>10}")
    for name in shown:
        count = "not available" if name in unavailable else f"{summary.rows[name]:>10,}"
        click.echo(f"{name:{width}}  {count}")
    click.echo(
        f"{counted(summary.projects, 'project')}{unchanged}, {counted(stats.requests, 'request')}, "
        f"{_size(stats.bytes_received)}, {seconds:.1f} s, {_shown(summary.index)} -> {_shown(destination)}"
    )
    query = next((query for tables, query in _QUERIES if tables <= summary.rows.keys() - unavailable.keys()), None)
    if query:
        click.echo(f"try: {query.format_map({name: _shown(table_in_query(name)) for name in summary.rows})}")


def print_plan(run: "Run", destination: str) -> None:
    """Print what a run would request, from where, and how long that takes at the rate limit. Nothing is requested."""
    from source_pypi.sync.estimate import estimate_requests

    requests = estimate_requests(run.streams, run.selection, run.config)
    total = sum(one.requests for one in requests)
    least = "at least " if any(one.more for one in requests) else ""
    click.echo(f"index: {_shown(run.index.root)}")
    click.echo(f"projects: {_projects(run.selection)}")
    click.echo(f"streams: {', '.join(stream.name for stream in run.streams)}")
    for one in requests:
        more = f"{', and ' if one.requests else ''}{one.more}" if one.more else ""
        click.echo(f"requests, {one.kind}: {one.requests if one.requests else ''}{more}")
    rate = run.config.requests_per_second
    pace = f"{least}{total / rate:.1f} s at {rate:g} requests per second" if rate else "no rate limit"
    click.echo(f"requests in all: {least}{total:,} without earlier state; {pace}")
    click.echo(f"destination: {_shown(destination)}")
    click.echo("dry run: nothing was requested or written")


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
    listed = f"{len(named):,}: {_shown(', '.join(named))}" if named else ""
    follow = f" (and what they require, {counted(selection.follow, 'level')})" if selection.follow else ""
    return (", and ".join(filter(None, (listed, whole))) or "none") + follow


def counted(number: int, noun: str) -> str:
    """Return a number with its noun in the singular or plural."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _size(count: int) -> str:
    """Return a number of bytes in the largest unit of which there is at least one."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"


def _coloured(text: str, colour: str) -> str:
    return text if os.environ.get("NO_COLOR") else click.style(text, fg=colour)


def _shown(text: str) -> str:
    """Return a text that is safe to print. Escape first: a control character within credentials would hide them."""
    return without_credentials(printable(text))


def warn(line: str) -> None:
    """Print a warning as one line on standard error."""
    click.echo(f"{_coloured('warning:', 'yellow')} {_shown(line)}", err=True)


def print_note(line: str) -> None:
    """Print a note as one line on standard error."""
    click.echo(f"{_coloured('note:', 'cyan')} {_shown(line)}", err=True)


def warn_of_waits(event: "RetryWait | RequestLog") -> None:
    """Print a warning when the client waits; ignore other events."""
    from source_pypi.http.client import RetryWait

    if isinstance(event, RetryWait):
        warn(str(event))


def print_error(line: str) -> None:
    """Print an error as one line on standard error."""
    click.echo(f"{_coloured('error:', 'red')} {_shown(line)}", err=True)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Print an error of this package as one line on standard error, without a traceback, and exit with 1."""
    try:
        yield
    except SourceError as error:
        print_error(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        print_error(INTERRUPTED)
        sys.stderr.flush()
        os._exit(130)  # without waiting for the threads that still wait for a response
