"""Loads a run into what ``--into`` names, with its progress and its warnings on standard error."""

from typing import TYPE_CHECKING, Any

from source_pypi.cli.console import Messages, counted
from source_pypi.cli.progress import progress
from source_pypi.cli.summary import LoadedDestination

if TYPE_CHECKING:
    from collections.abc import Collection

    from source_pypi.destinations.loader import Loader
    from source_pypi.sync.run import Run


def load(
    run: "Run", into: str, messages: Messages, *, schema: str | None = None, prune: bool = False, **options: Any
) -> LoadedDestination:
    """Load a run into the destination that ``--into`` names, and return what it holds then.

    :param prune: afterwards delete the rows of projects that are not selected.
    :param options: those of ``open_destination``.
    :raises SourceError: when the destination cannot be written, or the settings are wrong and nothing was read.
    """
    from source_pypi.destinations import open_destination
    from source_pypi.destinations.into import with_schema
    from source_pypi.safety.wording import similar_names

    opened = open_destination(into, run.streams, run.selection.requested, root=run.index.root, schema=schema, **options)
    with opened as destination:
        for warning in destination.warnings:
            messages.warn(warning)
        selected = _load_batches(run, destination, messages)
        stopped = run.summary.stopped
        if stopped is not None and stopped.failure_type == "config_error" and not run.summary.projects:
            raise stopped
        if prune:
            _prune(run, destination, selected, messages)
        if missing := run.summary.missing:
            known = set(destination.known_projects()).difference(missing)
            similar = [name for one in missing for name in similar_names(one, known)]
            run.summary.similar = list(dict.fromkeys(similar))
    for batch in destination.rejected:
        run.summary.add(batch)
    return LoadedDestination(
        with_schema(into, schema), _duckdb_file(into), opened.row_changes, opened.totals(), opened.table_in_query
    )


def _load_batches(run: "Run", destination: "Loader", messages: Messages) -> set[str]:
    """Load every batch; return the projects that the run selects."""
    from source_pypi.sync.summary import warnings_of

    selected: set[str] = {one.project for one in run.selection.projects}
    with progress(run, messages) as show:
        for batch in run.batches(destination):
            destination.add(batch)
            selected.update([batch.project] if batch.project else [])
            for warning in warnings_of(batch):
                messages.warn(warning)
            show()
            del batch  # it is large, and the next one is about to be made
    return selected


def _prune(run: "Run", destination: "Loader", selected: "Collection[str]", messages: Messages) -> None:
    """Delete the rows of projects that are not selected, if it is known which are."""
    summary = run.summary
    failed = bool(summary.failures or summary.capabilities.failures() or summary.user_errors)
    unknown = run.selection.follow and (failed or destination.unfinished is not None)
    if summary.stopped is not None or unknown:
        messages.warn("--prune deleted nothing: this run did not find out which projects are selected; repeat it")
        return
    projects, rows = destination.prune(selected)
    messages.note(
        f"--prune deleted {counted(rows, 'row')} of {counted(projects, 'project')} that this run does not select"
    )


def _duckdb_file(into: str) -> str | None:
    """The path of the DuckDB file that ``--into`` names; None: it names something else."""
    from source_pypi.destinations.address import is_database, is_folder
    from source_pypi.destinations.into import duckdb_path

    return None if is_folder(into) or is_database(into) else str(duckdb_path(into))
