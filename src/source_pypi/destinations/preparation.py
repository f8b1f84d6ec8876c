"""The beginning of a load: which tables a store has, whose they are, and which run this one continues."""

from collections.abc import Callable, Collection, Sequence
from collections.abc import Mapping as MappingOf

from msgspec import Struct
from msgspec.structs import replace

from source_pypi.destinations.runs import RUNS
from source_pypi.destinations.state import broken_run, forget
from source_pypi.destinations.store import RunRow, Store
from source_pypi.destinations.tables import (
    OLD_SELECTION,
    RUN,
    RUN_TABLES,
    STATE,
    Table,
    history_name,
    known_tables,
    table_of,
    with_histories,
)
from source_pypi.errors import DestinationError, StateError
from source_pypi.safety.redaction import without_credentials
from source_pypi.standards.index_urls import same_index
from source_pypi.streams import NAMES, choose_streams
from source_pypi.streams.stream import Stream
from source_pypi.sync.resume import resumable

#: The version of the state. Version 1 had other columns.
VERSION = 2


class LoadSettings(Struct, frozen=True):
    """What a run loads, and how.

    :ivar streams: the streams to load.
    :ivar root: the index's URL; empty: unknown.
    :ivar keep_history: begin to keep every state of a row; a history that was begun continues in any case.
    :ivar replace_index: replace the rows of another index.
    """

    streams: Sequence[Stream]
    root: str
    keep_history: bool
    replace_index: bool


class Prepared(Struct, frozen=True):
    """A store that a load can write to.

    :ivar run: the row of ``_run`` for this run.
    :ivar tables: the tables that are filled.
    :ivar made: these, those of their histories, and those of the state.
    :ivar to_clear: the tables with rows of another index, which are cleared once this one has answered; None: none is
        replaced.
    :ivar unfinished: when the run began that this one resumes, in seconds since 1970; None: it resumes none.
    :ivar warnings: what to say.
    :ivar new_histories: the tables whose history begins with this run.
    """

    run: RunRow
    tables: tuple[Table, ...]
    made: tuple[Table, ...]
    to_clear: tuple[Table, ...] | None = None
    unfinished: int | None = None
    warnings: tuple[str, ...] = ()
    new_histories: tuple[str, ...] = ()


def prepare(store: Store, settings: LoadSettings, now: Callable[[], float]) -> Prepared:
    """Make the tables that do not exist, and delete the state of streams whose table was lost.

    :param now: the time, in seconds since 1970.
    :raises DestinationError: when the store has other tables by these names, or holds rows of another index.
    :raises StateError: when a newer release wrote its state, or it is broken.
    """
    last = _last_run(store)
    recorded = set(last.tables) if last is not None else set[str]()
    every = [
        OLD_SELECTION,
        STATE,
        RUN,
        RUNS,
        *RUN_TABLES,
        *with_histories(table_of(s, history=True) for s in settings.streams),
    ]
    existing = store.existing(every, recorded)
    tables = _tables(store, settings, recorded, existing)
    made = (STATE, RUN, RUNS, *RUN_TABLES, *with_histories(tables))
    for table in made:
        if existing.get(table.name) is False:
            raise DestinationError(store.name, f"it has a table or view {table.name!r} that is not ours")
    names = tuple(sorted(recorded.union(table.name for table in made) - {OLD_SELECTION.name}))
    begun = tuple(table.name for table in tables if table.history is not None and table.history.name not in existing)
    prepared = Prepared(RunRow(VERSION, "", int(now()), names), (*tables, *RUN_TABLES), made, new_histories=begun)
    if last is not None and last.index and settings.root and not same_index(last.index, settings.root):
        return _replacing(store, settings, last, prepared)
    if last is not None:
        prepared = _continuing(store, last, prepared, now)
    lost = {table.name for table in tables if _is_lost(store, table, existing)}
    if last is not None:
        lost.update(store.incomplete([table for table in tables if table.name in existing]))
    if existing.get(OLD_SELECTION.name):
        store.drop(OLD_SELECTION)
    _make(store, settings, last, prepared, lost)
    return prepared


def _last_run(store: Store) -> RunRow | None:
    """The row of ``_run``; its version is 0 if the table of the state is gone, or lacks a column.

    :raises StateError: when a newer release wrote it, or it is broken.
    """
    last = store.last_run()
    if last is None:
        return None
    try:
        unfinished = None if last.unfinished is None else int(last.unfinished)
        last = replace(last, version=int(last.version), unfinished=unfinished)
    except (TypeError, ValueError) as error:
        raise broken_run(store) from error
    if last.version > VERSION:
        raise StateError(store.name, "a newer release wrote it", "upgrade source-pypi, or name another --into")
    is_complete = last.version < VERSION or STATE.name not in store.incomplete([STATE])
    return last if is_complete else replace(last, version=0)


def _tables(
    store: Store, settings: LoadSettings, recorded: Collection[str], existing: MappingOf[str, bool]
) -> list[Table]:
    """The tables of the streams; with a history where one was begun, or begins.

    :raises DestinationError: when a history is to begin where none can be kept.
    """
    names = [history_name(stream.name) for stream in settings.streams]
    kept = {name for name in names if settings.keep_history or name in recorded or existing.get(name)}
    if kept and settings.keep_history and store.history == "none":
        raise DestinationError(store.name, "a history (--history) needs a database")
    return [table_of(stream, history=history_name(stream.name) in kept) for stream in settings.streams]


def _replacing(store: Store, settings: LoadSettings, last: RunRow, prepared: Prepared) -> Prepared:
    """Begin to replace the rows of another index; nothing is written before this one has answered.

    :raises DestinationError: when the user did not ask for that.
    """
    other, this = without_credentials(last.index), without_credentials(settings.root)
    if not settings.replace_index:
        raise DestinationError(
            store.name,
            f"it holds rows of the index {other}, and this run reads {this}: check index_url, name another "
            "destination with --into, or delete these rows with sync --replace-index",
        )
    known = known_tables(last.tables)
    existing = store.existing(known, last.tables)
    return replace(
        prepared,
        run=replace(prepared.run, index=settings.root),
        to_clear=tuple(table for table in known if existing.get(table.name)),
        warnings=(f"{store.name} holds rows of {other}: they are deleted once {this} has answered",),
    )


def _continuing(store: Store, last: RunRow, prepared: Prepared, now: Callable[[], float]) -> Prepared:
    """Continue from the last run, which this one resumes if it ended early and not long ago."""
    run = replace(prepared.run, index=last.index)
    if last.version < VERSION:
        reason = "was written by an older release" if last.version else f"has no complete table {STATE.name}"
        warning = f"{store.name} {reason}: everything is read again"
        return replace(prepared, run=run, warnings=(warning,))
    unfinished = resumable(last.unfinished, now())
    if unfinished is not None:
        warning = "the last run ended early: this run continues it"
        return replace(prepared, run=replace(run, unfinished=unfinished), unfinished=unfinished, warnings=(warning,))
    began, latest = int(now()), store.latest_check()
    began += latest is not None and latest >= began  # a visit in this second is the last run's
    return replace(prepared, run=replace(run, unfinished=began))


def _is_lost(store: Store, table: Table, existing: MappingOf[str, bool]) -> bool:
    """Whether a stream must be read from its beginning: its table is new, or its history begins that way."""
    reread = table.history is not None and store.history == "reread" and table.history.name not in existing
    return table.name not in existing or reread


def _make(store: Store, settings: LoadSettings, last: RunRow | None, prepared: Prepared, lost: Collection[str]) -> None:
    """Delete state that no rows stand behind, before the tables exist again; then make the tables."""
    if last is None or last.version < VERSION:
        store.make(prepared.made)
        store.begin(prepared.run, clear_state=True)
        return
    forgotten = set(lost)
    if settings.root and not last.index:  # no index has answered: what state there is of one, is of any
        forgotten.update(stream.name for stream in choose_streams(NAMES) if stream.of_index)
    if forgotten:
        forget(store, prepared.run, forgotten)
    store.begin(prepared.run, clear_state=False)
    store.make(prepared.made)
