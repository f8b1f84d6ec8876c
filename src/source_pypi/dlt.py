"""PyPI as a dlt source, for your own pipelines (extra ``dlt``).

::

    import dlt
    from source_pypi.dlt import pypi

    pipeline = dlt.pipeline("packages", destination="postgres", dataset_name="packages")
    pipeline.run(pypi(["flask", "requests"]).with_resources("files", "vulnerabilities"))

Flow
    ``documents`` reads the projects, one after another, and is not loaded itself; each stream is a transformer of it.
    However many streams are selected, a project costs one request; a stream that is not selected costs none.

What is loaded
    New and changed rows, merged by their keys. Of a deleted row, the key with ``_deleted``, by which dlt deletes it. A
    stream without state (statistics, feeds) is replaced. State is kept in the source's state, which dlt writes with the
    rows. It holds the keys of all rows in one piece, so it serves some thousands of projects. For more projects, and
    for ``--history``, use ``source-pypi sync --into``, which keeps state in a table.

Limits
    Rows that the state does not know are not deleted when they disappear from the index: where the state was dropped
    and the tables were not, or where the same tables were loaded from another index before. Drop both
    (``refresh="drop_sources"``). On PostgreSQL leave the file format to dlt.
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
from source_pypi.schema import SEEN_AT, column_types, table_fields
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
_LOG = logging.getLogger(__name__)


def pypi(projects: Iterable[str] = (), streams: Iterable[str] | None = None, **settings: Any) -> DltSource:
    """Return a source with a resource for each stream.

    :param projects: names, in any spelling, each optionally pinned (``requests==2.31.0``).
    :param streams: the streams to choose from, by name; None: the default streams.
    :param settings: any setting of the connector, by name (docs/settings.md).
    :raises UnknownStreamError: when there is no such stream.
    :raises SettingError: when a setting does not exist, or breaks the specification.
    :raises SourceError: while it is extracted: when the index never answered, when nothing could be read, or when a
        stream without state could not be read.
    """
    chosen = choose_streams(streams)
    config = config_of(projects, settings)
    selection = select(config) if needs_projects(chosen) else Selection()
    for warning in filter(None, (environment_note(config), *selection.warnings)):
        _LOG.warning("%s", warning)

    def resources() -> Iterator[Any]:
        documents = dlt.resource(_batches, name="documents", selected=False)(chosen, config, selection)
        yield documents
        for stream in chosen:
            yield _transformer(stream, documents)

    source: DltSource = dlt.source(resources, name="pypi", max_table_nesting=0)()
    return source


def _transformer(stream: Stream, documents: Any) -> Any:
    """The resource of a stream."""

    def rows(batch: Batch) -> Iterator[list[dict[str, Any]]]:
        """The rows of a batch that changed."""
        change = batch.changes.get(stream.name)
        if stream.name in batch.failures and not stream.incremental:  # without rows dlt would empty the table
            raise batch.failures[stream.name]
        if change is not None:
            yield dlt.mark.materialize_table_schema()  # so that the table exists even if it never has a row
            yield [_plain(row, fields, batch.seen_at) for row in rows_of(stream, change)]
            yield [{**key, DELETED: True} for key in change.deleted_keys]

    fields = table_fields(stream)
    columns: dict[str, Any] = {
        name: {"data_type": type_.dlt, "nullable": name not in stream.key}
        for name, type_ in column_types(stream).items()
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


def _batches(chosen: Sequence[Stream], config: Config, selection: Selection) -> Iterator[Batch]:
    """The batches that the selected streams need."""
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
    """The state of projects, in the state of a dlt source.

    :param state: what dlt keeps; it is changed in place.
    :param root: the index's URL: state of another index is deleted.
    """

    unfinished: int | None = None
    keys = True

    def __init__(self, state: dict[str, Any], root: str) -> None:
        if state.get("index") != root:
            state.clear()
            state["index"] = root
        self._packed: dict[str, dict[str, str]] = state.setdefault("seen", {})

    def load(self, projects: Collection[str]) -> dict[str, dict[str, ProjectState]]:
        """The streams' state of these projects, by project, then by stream."""
        return {project: self._states(project, self._packed) for project in projects}

    def summaries(self, settings_digests: Mapping[str, bytes]) -> Iterator[ProjectSummary]:
        """Every project of which one of these streams has state."""
        packed = {stream: self._packed.get(stream, {}) for stream in settings_digests}
        for project in set().union(*packed.values()):
            if (summary := summary_for(project, self._states(project, packed), settings_digests)) is not None:
                yield summary

    @staticmethod
    def _states(project: str, packed: Mapping[str, Mapping[str, str]]) -> dict[str, ProjectState]:
        return {stream: unpack_text(states[project]) for stream, states in packed.items() if project in states}

    def finish(self) -> None:
        """Do nothing: dlt loads all of a run, or nothing."""

    def save(self, batch: Batch, streams: Iterable[Stream]) -> None:
        """Keep the state of a batch."""
        for stream in streams:
            if stream.incremental and stream.name in batch.changes:
                change, name = batch.changes[stream.name], batch.project or WHOLE_INDEX
                packed = self._packed.setdefault(stream.name, {})
                packed[name] = (
                    with_time(packed[name], change.state.checked_at)
                    if change.only_time_changed
                    else pack_text(change.state)
                )


def _plain(row: Row, fields: Sequence[Field], seen_at: datetime) -> dict[str, Any]:
    """A row as dlt takes it: nested values as lists and dicts, times as times."""
    values: Mapping[str, Any] = msgspec.to_builtins(row, builtin_types=(datetime,))
    return {field.name: seen_at if field is SEEN_AT else values.get(field.name) for field in fields}
