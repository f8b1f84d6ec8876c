"""What ``sync`` prints at its end: how the rows of each table changed, what the run cost, and what to do next."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from source_pypi.cli.console import shown, size_text
from source_pypi.safety.wording import counted, shell_quoted

if TYPE_CHECKING:
    from source_pypi.destinations.row_counts import RowChanges
    from source_pypi.sync.run import Run

#: Example queries. The summary shows the first one whose tables were loaded.
_QUERIES = (
    (
        {"files"},
        "select project, count(*) as files, max(coalesce(uploaded_at, first_seen_at)) as latest_file "
        "from {files} group by project order by files desc",
    ),
    ({"projects"}, "select project, latest_version, summary from {projects}"),
    (
        {"versions"},
        "select project, version, coalesce(first_upload_at, first_seen_at) as released_at "
        "from {versions} order by project, sort_key desc",
    ),
)
#: The file that ``query`` and ``report`` read unless another one is named.
_DEFAULT_FILE = "pypi.duckdb"


class LoadedDestination(Struct, frozen=True):
    """A destination after a run.

    :ivar shown: what messages call it.
    :ivar path: the path of the DuckDB file or folder that ``query`` reads; None: it is of another kind.
    :ivar schema: the schema of the tables; None: the default one.
    :ivar changes: how the rows of each table changed.
    :ivar totals: the number of rows in each table.
    :ivar table_in_query: returns what a query reads a table from.
    """

    shown: str
    path: str | None
    schema: str | None
    changes: Mapping[str, "RowChanges"]
    totals: Mapping[str, int]
    table_in_query: Callable[[str], str]


def print_summary(run: "Run", loaded: LoadedDestination, seconds: float, warnings: int) -> None:
    """Print a line for each table, the cost of the run, its index and destination, and what to do next.

    If nothing was read, print only which streams the index does not provide.

    :param seconds: the duration of the run.
    :param warnings: how many warnings were printed.
    """
    from source_pypi.destinations.row_counts import RowChanges

    summary = run.summary
    unavailable = summary.capabilities.unavailable()
    changed = any(one != RowChanges() for one in loaded.changes.values())
    if not (summary.projects or summary.rows.total() or changed or run.progress.already_read):
        for name in unavailable:
            click.echo(f"{name}: not available")
        return
    for line in _table(loaded, unavailable):
        click.echo(line)
    click.echo()
    click.echo(_cost(run, seconds, warnings))
    click.echo(f"index: {shown(summary.index)}")
    click.echo(f"destination: {shown(loaded.shown)}")
    for line in _next_commands(loaded):
        click.echo(f"try: {line}")


def _table(loaded: LoadedDestination, unavailable: Mapping[str, object]) -> list[str]:
    """The lines of the table: added, changed and removed rows, and all rows, of each table."""
    from source_pypi.streams import NAMES

    names = [name for name in NAMES if name in loaded.changes or name in unavailable]
    width = max(map(len, names), default=0)
    lines = [f"{'table':{width}}{'added':>11}{'changed':>11}{'removed':>11}{'in all':>11}"]
    for name in names:
        if name in unavailable:
            lines.append(f"{name:{width}}  not available")
            continue
        one = loaded.changes[name]
        total = f"{loaded.totals[name]:,}" if name in loaded.totals else ""
        lines.append(f"{name:{width}}{one.added:>11,}{one.changed:>11,}{one.removed:>11,}{total:>11}".rstrip())
    return lines


def _cost(run: "Run", seconds: float, warnings: int) -> str:
    """Projects, requests, bytes, seconds and warnings of a run."""
    summary, stats = run.summary, run.index.client.stats
    unchanged = f" ({summary.unchanged:,} unchanged)" if summary.unchanged else ""
    wait = f"{stats.rate_limit_seconds:.1f}"
    waited = f" ({wait} s waiting for the rate limit)" if wait != "0.0" else ""
    parts = [
        f"{counted(summary.projects, 'project')}{unchanged}",
        counted(stats.requests, "request"),
        size_text(stats.bytes_received),
        f"{seconds:.1f} s{waited}",
        *([counted(warnings, "warning")] if warnings else []),
    ]
    return ", ".join(parts)


def _next_commands(loaded: LoadedDestination) -> list[str]:
    """Commands for the user's shell, or a query for destinations that these cannot read; none: no table has rows."""
    tables = [name for name, count in loaded.totals.items() if count]
    if not tables:
        return []
    query = next((query for needed, query in _QUERIES if needed <= set(tables)), f"select * from {{{tables[0]}}}")  # noqa: S608
    if loaded.path is None:
        return [shown(query.format_map({name: loaded.table_in_query(name) for name in tables}))]
    path = "" if loaded.path == _DEFAULT_FILE else f" {shell_quoted(shown(loaded.path))}"
    schema = "" if loaded.schema is None else f" --schema {shell_quoted(shown(loaded.schema))}"
    sql = query.format_map({name: name for name in tables})
    source = f" --from{path}" if path else ""
    return [f"source-pypi query {shell_quoted(sql)}{source}{schema}", f"source-pypi report{path}{schema}"]
