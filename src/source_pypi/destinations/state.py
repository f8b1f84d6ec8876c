"""The state in a store, whatever the store: rows of ``_state`` as the states of streams, and back."""

from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet

from source_pypi.destinations.store import LoadPackage, RunRow, Store
from source_pypi.destinations.tables import RUN, STATE, Table
from source_pypi.errors import StateError
from source_pypi.streams import NAMES, stream_named
from source_pypi.sync.state import WHOLE_INDEX, ProjectState, ProjectSummary, summary_for
from source_pypi.sync.state_codec import PackedState, pack_row, unpack_row


def states_of(store: Store, projects: Collection[str]) -> dict[str, dict[str, ProjectState]]:
    """Return the state of projects, by project, then by stream.

    :raises StateError: when it cannot be read.
    """
    return {row.project: _unpacked(store, row) for row in store.states(projects)}


def summaries_of(store: Store, settings_digests: Mapping[str, bytes]) -> Iterator[ProjectSummary]:
    """Yield every project of which one of these streams has state.

    :param settings_digests: of this run, by name of the stream.
    :raises StateError: when it cannot be read.
    """
    exact = ",".join(f"{name}:{settings_digests[name].hex()}" for name in sorted(settings_digests))
    for summary in store.summaries(exact):
        yield _checked(store, summary)
    for row in store.other_states(exact, list(settings_digests)):
        if not isinstance(row.project, str):
            raise broken_state(store, None)
        of_row = summary_for(row.project, _unpacked(store, row), settings_digests)
        if of_row is not None:
            yield of_row


def streams_of_projects(tables: Collection[str]) -> frozenset[str]:
    """Return the streams that have state of each project, among those of these tables."""
    streams = (stream_named(name) for name in NAMES if name in tables)
    return frozenset(one.name for one in streams if one.of_project and one.incremental)


def merged_state(
    store: Store, states: Mapping[str, Mapping[str, ProjectState]], known: AbstractSet[str], *, rows_change: bool
) -> dict[str, PackedState | None]:
    """Return the rows of ``_state`` to write: new state, with that of streams that did not run.

    The state of projects of which every stream was read is not loaded: nothing of it stays.

    Where rows change, it has the state of the index's list: a store without transactions deletes that until the rows
    are written. Otherwise the list would vouch for projects without state if the process ended in between.

    :param states: the new state, by project, then by stream.
    :param known: the streams that the store may have state of (``streams_of_projects``).
    """
    partly = {project for project, new in states.items() if project == WHOLE_INDEX or not new.keys() >= known}
    merged = states_of(store, partly | ({WHOLE_INDEX} if rows_change else set()))
    for project, new in states.items():
        merged[project] = {**merged.get(project, {}), **new}
    return {project: pack_row(project, one) for project, one in merged.items()}


def forget(store: Store, run: RunRow, streams: Collection[str]) -> None:
    """Delete the state of streams."""
    state: dict[str, PackedState | None] = {}
    for row in store.other_states("", streams):
        states = {name: one for name, one in _unpacked(store, row).items() if name not in streams}
        state[row.project] = pack_row(row.project, states) if states else None
    if state:
        store.make([STATE, RUN])
        store.write(LoadPackage(run, state=state))


def broken_state(store: Store, project: str | None) -> StateError:
    """The error about the row of ``_state`` of a project; empty: of the index as a whole; None: of no project."""
    of_whole = "the index as a whole"
    if project is None:
        return _broken(store, STATE, f"row of no project in {STATE.name}", of_whole, " WHERE project IS NULL")
    row = f"the project {project!r}" if project else of_whole
    condition = " WHERE project = '" + project.replace("'", "''") + "'"
    return _broken(store, STATE, f"row of {row} in {STATE.name}", row, condition)


def broken_run(store: Store) -> StateError:
    """The error about the row of ``_run``."""
    return _broken(store, RUN, f"row in {RUN.name}", "everything")


def _broken(store: Store, table: Table, row: str, read: str, condition: str = "") -> StateError:
    """The error about a row that this program did not write, with the statement that deletes it.

    :param row: the row, and ``read``: what the next run then reads, in words.
    :param condition: which rows the statement deletes.
    """
    name, database = store.state_table(table.name)
    statement = f"DELETE FROM {name}{condition}"  # noqa: S608 - it is shown, not executed
    remedy = f"delete it in {database}, and the next run reads {read} in full: {statement}"
    return StateError(store.name, f"the {row} was changed or is damaged", remedy)


def _checked(store: Store, summary: ProjectSummary) -> ProjectSummary:
    """A summary whose numbers are numbers, whatever a database returns for them."""
    if type(summary.checked_at) is int and (summary.serial is None or type(summary.serial) is int):
        return summary
    try:
        serial = None if summary.serial is None else int(summary.serial)
        return summary._replace(serial=serial, checked_at=int(summary.checked_at))
    except (TypeError, ValueError) as error:
        raise broken_state(store, summary.project) from error


def _unpacked(store: Store, row: PackedState) -> dict[str, ProjectState]:
    try:
        return unpack_row(row)
    except ValueError as error:
        raise broken_state(store, row.project) from error
