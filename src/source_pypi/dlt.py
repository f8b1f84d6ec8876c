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

Destinations
    A destination that cannot merge or delete rows is refused before the first request, e.g. files without a table
    format in ``filesystem``: there, changed rows would be appended, and deleted rows would stay.

Limits
    Rows that the state does not know are not deleted when they disappear from the index: where the state was dropped
    and the tables were not, or where the same tables were loaded from another index before. Drop both
    (``refresh="drop_sources"``). On PostgreSQL leave the file format to dlt.

Further resource
    ``index_capabilities`` says which streams the index provides; it is loaded if ``with_resources`` names it.
"""

import logging
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import dlt
import msgspec
from dlt.common.configuration.container import Container
from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.destination.utils import resolve_merge_strategy
from dlt.extract.source import DltSource, SourceInjectableContext

from source_pypi.config import Config, config_of, environment_note, without_unknown
from source_pypi.errors import DestinationError, NoProjectsError
from source_pypi.fields import Field, fields_of
from source_pypi.opening import open_run
from source_pypi.schema import SEEN_AT, column_types, table_fields
from source_pypi.selection import select
from source_pypi.streams import STREAMS, choose_listed
from source_pypi.streams.stream import Row, Stream
from source_pypi.sync.batch import Batch, rows_of
from source_pypi.sync.run import needs_projects
from source_pypi.sync.state import WHOLE_INDEX, ProjectState, ProjectSummary, summary_for
from source_pypi.sync.state_codec import pack_text, unpack_text, with_time
from source_pypi.sync.summary import warnings_of

#: The column by which dlt deletes a row; it is always null in the table.
DELETED = "_deleted"
#: Where dlt's configuration has the settings: ``[sources.pypi]`` in a file, ``SOURCES__PYPI__INDEX_URL`` in the
#: environment.
SECTION = "sources.pypi"
_CREDENTIALS: Final = ("index_username", "index_password")
_LOG = logging.getLogger(__name__)


def pypi(projects: Iterable[str] | None = None, streams: Iterable[str] | None = None, **settings: Any) -> DltSource:
    """Return a source with a resource for each stream; ``with_resources`` selects any of them by name.

    Projects and settings that are not passed are taken from dlt's configuration (``SECTION``).

    :param projects: names, in any spelling, each optionally pinned (``requests==2.31.0``); None: as configured.
    :param streams: the streams that are selected, by name; None: those that are loaded by default.
    :param settings: any setting of the connector, by name (docs/settings.md); None: as configured.
    :raises UnknownStreamError: when a stream does not exist.
    :raises SettingError: when a setting does not exist, or is invalid, or a configured one is probably misspelt; also
        when ``projects`` or ``streams`` is no list.
    :raises SourceError: during extraction: when the index never answered, nothing could be read, no project exists, or
        a stream that is replaced could not be read.
    :raises DestinationError: during extraction: when the destination cannot merge or delete rows.
    """
    selected = choose_listed(streams)
    given = {name: value for name, value in settings.items() if value is not None}
    passed = given if projects is None else {**given, "projects": projects}
    merged = {**_configured(given), **passed}
    config = config_of(merged.pop("projects", ()), merged)
    try:
        selection_warnings = select(config).warnings
    except NoProjectsError:
        if needs_projects(selected) and not config.top:
            raise
        selection_warnings = ()
    for warning in filter(None, (environment_note(config), *selection_warnings)):
        _LOG.warning("%s", warning)

    def resources() -> Iterator[Any]:
        documents = dlt.resource(_batches, name="documents", selected=False)(config)
        yield documents
        for stream in STREAMS:
            yield _transformer(stream, documents, selected=stream in selected)
        yield _capabilities(documents)

    source: DltSource = dlt.source(resources, name="pypi", max_table_nesting=0)()
    return source


def _configured(passed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings in dlt's configuration, without its credentials if another index than its own is passed.

    Names are looked up in ``SECTION`` only, and not in the sections above, since the environment may have a VERSION.

    :raises SettingError: when a name there is close to that of a setting, so that it is probably misspelt.
    """
    without_unknown(dict.fromkeys(_configured_names()))
    found = {}
    for field in fields_of(Config):
        is_secret = field.name in _CREDENTIALS or field.keywords.get("airbyte_secret")
        places = dlt.secrets if is_secret else dlt.config
        kind = field.type if field.type in (bool, int, float) else str
        is_list = isinstance(field.default, tuple)
        value: Any = places.get(f"{SECTION}.{field.name}", list if is_list else kind)
        if value is not None:
            found[field.name] = value
    index_url = found.get("index_url")
    if index_url is not None and passed.get("index_url", index_url) != index_url:
        found = {name: value for name, value in found.items() if name not in _CREDENTIALS}
    return found


def _configured_names() -> Iterator[str]:
    """Yield the name of each setting that dlt's configuration has in the section ``SECTION``.

    Subsections are skipped: dlt stores its settings of single resources there.
    """
    prefix = SECTION.replace(".", "__").upper() + "__"
    variables = (name.removeprefix(prefix).lower() for name in os.environ if name.startswith(prefix))
    yield from (name for name in variables if "__" not in name)
    outer, inner = SECTION.split(".")
    for provider in dlt.config.config_providers:
        values, _ = provider.get_value(inner, dict, None, outer)
        if isinstance(values, Mapping):
            yield from (name for name, value in values.items() if not isinstance(value, Mapping))


def _transformer(stream: Stream, documents: Any, *, selected: bool) -> Any:
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
        selected=selected,
        primary_key=stream.key,
        columns=columns,
        write_disposition="merge" if stream.incremental else "replace",
        max_table_nesting=0,
    )


def _capabilities(documents: Any) -> Any:
    """The resource ``index_capabilities``: which streams the index provides, as the last run has found."""

    def rows(batch: Batch) -> Iterator[list[dict[str, Any]]]:
        if batch.capabilities:
            yield msgspec.to_builtins([*batch.capabilities], builtin_types=(datetime,))

    types = {"stream": "text", "available": "bool", "reason": "text", "checked_at": "timestamp"}
    columns: dict[str, Any] = {
        name: {"data_type": type_, "nullable": name != "stream"} for name, type_ in types.items()
    }
    return dlt.transformer(
        rows,
        data_from=documents,
        name="index_capabilities",
        selected=False,
        primary_key="stream",
        columns=columns,
        write_disposition="replace",
    )


def _batches(config: Config) -> Iterator[Batch]:
    """The batches that the selected streams need."""
    source = Container()[SourceInjectableContext].source
    streams = [stream for stream in STREAMS if stream.name in source.selected_resources]
    _check_destination(source, streams)
    run = open_run(config, streams)
    store, loaded = _SourceState(dlt.current.source_state(), run.index.root), False
    for batch in run.batches(store):
        for warning in warnings_of(batch):
            _LOG.warning("%s", warning)
        yield batch
        store.save(batch, streams)
        loaded = loaded or bool(batch.changes)
    for line in run.summary.lines():
        _LOG.warning("%s", line)
    none_exists = bool(run.summary.missing) and not run.summary.projects
    if run.summary.errors and (not loaded or none_exists):
        raise run.summary.errors[0]


def _check_destination(source: DltSource, streams: Iterable[Stream]) -> None:
    """Check that the pipeline's destination merges and deletes rows. Without a pipeline there is nothing to check.

    Destinations of dlt that run SQL do both, which their ``delete-insert`` shows, and Delta tables do. Iceberg tables
    in files, and vector databases, merge rows, but dlt deletes none there.

    :raises DestinationError: when rows would be appended, or deleted rows would stay.
    """
    if DestinationCapabilitiesContext not in Container():
        return
    capabilities = Container()[DestinationCapabilitiesContext]
    for stream in streams:
        table: Any = source.resources[stream.name].compute_table_schema()
        strategy = resolve_merge_strategy({stream.name: table}, table, capabilities)
        by_sql = "delete-insert" in (capabilities.supported_merge_strategies or ())
        deletes = strategy is not None and (by_sql or table.get("table_format") == "delta")
        if table.get("write_disposition") == "merge" and not deletes:
            destination = dlt.current.pipeline().destination.destination_name
            changed = "changed rows would be appended, and " if strategy is None else ""
            hint = "use a database, or run the pipeline with table_format='delta' (pip install 'dlt[deltalake]')"
            raise DestinationError(destination, f"{changed}deleted rows of {stream.name} would stay: {hint}")


class _SourceState:
    """The state of projects, in the state of a dlt source.

    :param state: what dlt keeps; it is changed in place.
    :param root: the index's URL: state of another index is set aside, and replaced once this index has answered.
    """

    unfinished: int | None = None
    keys = True
    unresolved: Collection[str] = ()

    def __init__(self, state: dict[str, Any], root: str) -> None:
        self._state, self._root = state, root
        self._packed: dict[str, dict[str, str]] = state.get("seen", {}) if state.get("index") == root else {}

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
                if change.state.existed and self._state.get("index") != self._root:
                    self._state.clear()
                    self._state["index"], self._state["seen"] = self._root, self._packed
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
