"""What ``sync`` says on a terminal: progress, the report, warnings and errors, each in one line and without secrets."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from source_pypi.safety.printable import printable
from source_pypi.safety.redaction import without_credentials

if TYPE_CHECKING:
    from source_pypi.http.client import RequestLog, RetryWait, TransferStats
    from source_pypi.sync.batch import Batch
    from source_pypi.sync.summary import RunSummary

#: Queries worth trying first: the first whose tables were loaded is shown.
_QUERIES = (
    (
        {"files"},
        "select project, count(*) as files, max(uploaded_at) as last_upload "
        "from files group by project order by files desc",
    ),
    ({"projects"}, "select project, latest_version, summary from projects"),
    ({"versions"}, "select project, version, first_upload_at from versions order by project, sort_key desc"),
)


@contextmanager
def progress() -> "Iterator[Callable[[Batch, RunSummary], None]]":
    """Show how far a run is, on a terminal; elsewhere nothing."""
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


def report(summary: "RunSummary", stats: "TransferStats", seconds: float, into: str) -> None:
    """What was loaded, a line a stream; what it took; what to try."""
    width = max((len(name) for name in summary.rows), default=6)
    place = _shown(into.partition("?")[0] if "://" in into else into)  # an address's options may be secrets
    unchanged = f" ({summary.unchanged:,} unchanged)" if summary.unchanged else ""
    click.echo(f"{'stream':{width}}  {'rows':>10}")
    for name, count in summary.rows.items():
        click.echo(f"{name:{width}}  {count:>10,}")
    click.echo(
        f"{_count(summary.projects, 'project')}{unchanged}, {_count(stats.requests, 'request')}, "
        f"{_size(stats.bytes_received)}, {seconds:.1f} s -> {place}"
    )
    query = next((query for tables, query in _QUERIES if tables <= summary.rows.keys()), None)
    if query:
        click.echo(f"try: {query}")


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _size(count: int) -> str:
    """Bytes, in the largest unit that leaves a whole number before the point."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"


def _coloured(text: str, colour: str) -> str:
    return text if os.environ.get("NO_COLOR") else click.style(text, fg=colour)


def _shown(text: str) -> str:
    """A text as it may be printed: printable first, since an escape within credentials would hide them."""
    return without_credentials(printable(text))


def warn(line: str) -> None:
    """Say what the user should know, in a line on standard error."""
    click.echo(f"{_coloured('warning:', 'yellow')} {_shown(line)}", err=True)


def warn_of_waits(event: "RetryWait | RequestLog") -> None:
    """Say why nothing seems to happen; answers go without saying."""
    from source_pypi.http.client import RetryWait

    if isinstance(event, RetryWait):
        warn(str(event))


def say_error(line: str) -> None:
    """Say what went wrong, in a line on standard error."""
    click.echo(f"{_coloured('error:', 'red')} {_shown(line)}", err=True)
