"""PyPI as a source of dlt's, for pipelines of your own (extra ``dlt``).

::

    import dlt
    from source_pypi.dlt import pypi

    pipeline = dlt.pipeline("packages", destination="postgres", dataset_name="packages")
    pipeline.run(pypi(["flask", "requests"]).with_resources("files", "vulnerabilities"))

Flow
    ``documents`` visits the projects, one after another, and is not loaded itself; each stream is a transformer of it.
    However many streams are selected, a project costs one request, and streams that are not cost none.

What is loaded
    The rows that are new or have changed, merged by their keys; of rows that are gone, the key with ``_deleted``, by
    which dlt deletes them. What tells of the moment only (statistics, feeds) is replaced. What was seen is kept in the
    source's state, which dlt writes with the rows: it holds the keys of all rows, in one piece, so it serves some
    thousands of projects. For more, and for ``--history``, there is ``source-pypi sync --into``, which keeps it in
    a table.

Limits
    Rows of which the state knows nothing are not deleted when they go: where the state was dropped and the tables were
    not, or where the same tables were loaded from another index before. Drop both (``refresh="drop_sources"``). On
    PostgreSQL leave the file format to dlt.
"""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import dlt
import msgspec
from dlt.common.configuration.container import Container
from dlt.extract.source import DltSource, SourceInjectableContext

from source_pypi.config import Config, config_of, environment_note
from source_pypi.fields import Field
from source_pypi.schema import SEEN_AT, duckdb_columns, table_fields
from source_pypi.selection import Selection, select
from source_pypi.services.index.api import open_index
from source_pypi.streams import choose_streams
from source_pypi.streams.stream import Row, Stream
from source_pypi.sync.batch import Batch, rows_of
from source_pypi.sync.run import Run, needs_projects
from source_pypi.sync.state import WHOLE_INDEX, ProjectState, ProjectSummary, summary_for
from source_pypi.sync.state_codec import pack_text, unpack_text, with_time
from source_pypi.sync.summary import warnings_of

#: The column by which dlt deletes a row; it is always null in the table.
DELETED = "_deleted"
_TYPES = {"VARCHAR": "text", "BIGINT": "bigint", "DOUBLE": "double", "BOOLEAN": "bool", "TIMESTAMPTZ": "timestamp"}
_LOG = logging.getLogger(__name__)


def pypi(projects: Iterable[str] = (), streams: Iterable[str] | None = None, **settings: Any) -> DltSource:
    """A source with a resource for each stream.

    :param projects: names, in any spelling, each optionally pinned (``requests==2.31.0``).
    :param streams: the streams there are to select from, by name; None: those that are loaded by default.
    :param settings: any setting of the connector, by name (docs/settings.md).
    :raises UnknownStreamError: when there is no such stream.
    :raises SettingError: when a setting does not exist, or breaks the specification.
    :raises SourceError: while it is extracted: when the index never answered, when nothing could be read, or when what
        is replaced could not be.
    """
    chosen = choose_streams(streams)
    config = config_of(projects, settings)
    selection = select(config) if needs_projects(chosen) else Selection()
    for warning in filter(None, (environment_note(config), *selection.warnings)):
        _LOG.warning("%s", warning)

    def resources() -> Iterator[Any]:
        documents = dlt.resource(_visits, name="documents", selected=False)(chosen, config, selection)
        yield documents
        for stream in chosen:
            yield _transformer(stream, documents)

    source: DltSource = dlt.source(resources, name="pypi", max_table_nesting=0)()
    return source


def _transformer(stream: Stream, documents: Any) -> Any:
    """The resource of a stream."""

    def rows(batch: Batch) -> Iterator[list[dict[str, Any]]]:
        """What a visit changed."""
        change = batch.changes.get(stream.name)
        if stream.name in batch.failures and not stream.incremental:  # nothing to load would empty the table
            raise batch.failures[stream.name]
        if change is not None:
            yield dlt.mark.materialize_table_schema()  # so that there is a table also where there is never a row
            yield [_plain(row, fields, batch.seen_at) for row in rows_of(stream, change)]
            yield [{**key, DELETED: True} for key in change.deleted_keys]

    fields = table_fields(stream)
    columns: dict[str, Any] = {
        name: {"data_type": _TYPES.get(kind, "json"), "nullable": name not in stream.key}
        for name, kind in duckdb_columns(stream).items()
    }
    for field in fields:
        columns[field.name]["description"] = field.description
    if stream.incremental:
        columns[DELETED] = {"data_type": "bool", "nullable": True, "hard_delete": True}
    return dlt.transformer(
        rows,
        data_from=documents,
        name=stream.name,
        primary_key=stream.key,
        columns=columns,
        write_disposition="merge" if stream.incremental else "replace",
        max_table_nesting=0,
    )


def _visits(chosen: Sequence[Stream], config: Config, selection: Selection) -> Iterator[Batch]:
    """The visits that the selected streams need."""
    selected = Container()[SourceInjectableContext].source.selected_resources
    streams = [stream for stream in chosen if stream.name in selected]
    run = Run(open_index(config), selection, streams, config)
    store, loaded = _SourceState(dlt.current.source_state(), run.index.root), False
    for batch in run.batches(store):
        for warning in warnings_of(batch):
            _LOG.warning("%s", warning)
        yield batch
        store.save(batch, streams)
        loaded = loaded or bool(batch.changes)
    for line in run.summary.lines():
        _LOG.warning("%s", line)
    if run.summary.errors and not loaded:
        raise run.summary.errors[0]


class _SourceState:
    """What was seen, in the state of a source of dlt's.

    :param state: as dlt keeps it; it is changed in place.
    :param root: the index's address: state of another index is set aside.
    """

    unfinished: int | None = None
    keys = True

    def __init__(self, state: dict[str, Any], root: str) -> None:
        if state.get("index") != root:
            state.clear()
            state["index"] = root
        self._seen: dict[str, dict[str, str]] = state.setdefault("seen", {})

    def load(self, projects: Collection[str]) -> dict[str, dict[str, ProjectState]]:
        """What the streams have seen of these projects: by project, then by stream."""
        return {
            project: {stream: _unpacked(seen[project]) for stream, seen in self._seen.items() if project in seen}
            for project in projects
        }

    def summaries(self, terms: Mapping[str, bytes]) -> Iterator[ProjectSummary]:
        """Every project that any of the streams in ``terms`` has seen."""
        told = {stream: self._seen.get(stream, {}) for stream in terms}
        for project in set().union(*told.values()):
            seen = {stream: _unpacked(one[project]) for stream, one in told.items() if project in one}
            if (summary := summary_for(project, seen, terms)) is not None:
                yield summary

    def finish(self) -> None:
        """Do nothing: dlt loads all of a run, or nothing."""

    def save(self, batch: Batch, streams: Iterable[Stream]) -> None:
        """Remember what a visit has seen."""
        for stream in streams:
            if stream.incremental and stream.name in batch.changes:
                change, name = batch.changes[stream.name], batch.project or WHOLE_INDEX
                told = self._seen.setdefault(stream.name, {})
                told[name] = (
                    with_time(told[name], change.state.checked_at)
                    if change.only_time_changed
                    else pack_text(change.state)
                )


def _unpacked(text: str) -> ProjectState:
    return unpack_text(text)


def _plain(row: Row, fields: Sequence[Field], seen_at: datetime) -> dict[str, Any]:
    """A row as dlt takes it: what is nested as lists and dicts, times as times."""
    given: Mapping[str, Any] = msgspec.to_builtins(row, builtin_types=(datetime,))
    return {field.name: seen_at if field is SEEN_AT else given.get(field.name) for field in fields}
